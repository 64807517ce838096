"""Who says what in an article, in what office and for whom, and where that isn't said again."""

from pathlib import Path

import pytest

from service.domain.statements import Mode
from tests.corpus.articles import read_text, words

REPLY = """India, Pakistan spar at rights council

Staff Reporter | New Delhi | Updated: March 2, 2021 18:30 IST

India on Tuesday rejected Pakistan's remarks at the Human Rights Council, calling them "baseless".

Exercising its right of reply, India's First Secretary in Geneva, Pawan Mehta, said: "Pakistan has \
misused this platform. It should look at itself."

Mr. Mehta said India did not need lessons.

Pakistan's Foreign Office said the allegations were a "smokescreen". Its spokesperson, Zahra Khan, \
told reporters in Islamabad that New Delhi must answer for its record.

The two countries have fought three wars since 1947.
"""


def test_reply_and_counter_reply(tmp_path: Path) -> None:
    found = read_text(tmp_path, REPLY)
    india, pakistan = found["IND Pawan Mehta"], found["PAK Zahra Khan"]
    assert words(india) == [
        'rejected Pakistan\'s remarks at the Human Rights Council, calling them "baseless".',
        "Pakistan has misused this platform.",
        "It should look at itself.",
        "India did not need lessons.",
    ]
    assert (str(india.date), india.date.inferred) == ("2021-03-02", True)
    assert india.office == "First Secretary in Geneva"
    assert words(pakistan) == [
        'the allegations were a "smokescreen".',
        "New Delhi must answer for its record.",
    ]
    assert pakistan.forum is None


REPORTED = """PORT LOUIS, June 9 (Island Press) -- Ambassador Ravi Appanah, Permanent \
Representative of Mauritius to the United Nations, said at the third round table of coastal \
cities on the 9th that the oceans are the heritage of all.

Appanah said that warming waters threaten whole peoples.

Although some funds have been promised, little of it has arrived.

We must share research, train crews and {fragment}

At the same time, every fleet must show its catch. It is hoped that the ports will follow.

The round table was held in the old harbour. Founded in 1998, the group meets once a year.

Fleets should be counted from space.

He added that "ghost nets" kill without end, {ending} (End)
"""


def test_passage_goes_on_without_repeating_the_attribution(tmp_path: Path) -> None:
    text = REPORTED.format(fragment="mend nets.", ending="and that they must go. away.")
    (statement,) = read_text(tmp_path, text, date="2020-06-09").values()
    assert (statement.state, statement.speaker) == ("MUS", "Ravi Appanah")
    assert statement.office == "Permanent Representative to the United Nations"
    assert statement.source == "Island Press"
    assert words(statement) == [
        "the oceans are the heritage of all.",
        "warming waters threaten whole peoples.",
        "Although some funds have been promised, little of it has arrived.",
        "We must share research, train crews and mend nets.",
        "At the same time, every fleet must show its catch.",
        "It is hoped that the ports will follow.",
        '"ghost nets" kill without end, and that they must go. away.',
    ]
    assert {claim.mode for claim in statement.claims} == {Mode.REPORTED}


def test_fragments_after_the_lead_are_the_correspondents(tmp_path: Path) -> None:
    lead, rest = REPORTED.split("\n\n", 1)
    lead += " New nets brought by new looms, fostering a sense of care, and protecting reefs."
    text = f"{lead}\n\n{rest}".format(fragment="mend nets.", ending="and must go.")
    (statement,) = read_text(tmp_path, text, date="2020-06-09").values()
    assert statement.speaker == "Ravi Appanah"
    assert words(statement)[:2] == [
        "the oceans are the heritage of all.",
        "warming waters threaten whole peoples.",
    ]


@pytest.mark.parametrize(
    ("sentence", "groups"),
    [
        ("The representative of Cuba, speaking on behalf of the Group of 77 and China, said debts "
         "must fall.", ("g77",)),
        ("Cuba's envoy, Ana Rojas, said debts must fall. Speaking for the Non-Aligned Movement, "
         "she said that peace is a right.", ("non-aligned-movement",)),
        ("On behalf of the European Union and of ASEAN, Cuba's delegate urged restraint.",
         ("eu", "asean")),
        ("Cuba's delegate thanked those who spoke on behalf of the European Union.", ()),
        ("Cuba's delegate told the European Union that debts must fall.", ()),
        ("Cuba's delegate said on behalf of the people of Cuba that debts must fall.", ()),
    ],
)  # fmt: skip
def test_for_whom(tmp_path: Path, sentence: str, groups: tuple[str, ...]) -> None:
    (statement,) = read_text(tmp_path, sentence, date="2020-06-09").values()
    assert statement.on_behalf_of == groups


# What each sentence gives to whom, in articles that an outsider read.
OUTSIDER = {
    # A person whom the report names as a hearer or a counterpart speaks later, by surname.
    "introduced": (
        "AMMAN, 2 May 2023 (Petra) - Jordan's Foreign Minister Ayman Haddad met his Spanish "
        "counterpart, Luis Navarro, and said that wells must be shared.\n\nBoth ministers urged "
        "calm. They said that pumps should rest.\n\nNavarro, in turn, thanked Jordan for its tea. "
        "The Spanish minister has promised to dig.",
        {
            "JOR Ayman Haddad": ["wells must be shared.", "urged calm.", "pumps should rest."],
            "ESP Luis Navarro": [
                "urged calm.", "pumps should rest.", "thanked Jordan for its tea.",
                "promised to dig.",
            ],
        },
    ),
    "introduced in a list": (
        "SEOUL, 9 April 2024 (Yonhap) - South Korea's Vice Minister Han Jae-won said that tea is "
        "late, after talks with his U.S. and Japanese counterparts, Deputy Secretary Ellen Ward "
        "and Vice Minister Takumi Ono.\n\nWard said that cups are few. Ono voiced sorrow over the "
        "spoons.",
        {
            "KOR Han Jae-won": [
                "tea is late, after talks with his U.S. and Japanese counterparts, Deputy "
                "Secretary Ellen Ward and Vice Minister Takumi Ono.",
            ],
            "USA Ellen Ward": ["cups are few."],
            "JPN Takumi Ono": ["voiced sorrow over the spoons."],
        },
    ),
    # Two persons as one subject: each keeps his own state.
    "two as one subject": (
        "Egyptian Foreign Minister Adel Mansour and his Saudi counterpart Faisal Al-Harbi said "
        "that guns must rest. The representatives of France and Slovenia welcomed the call.",
        {
            "EGY Adel Mansour": ["guns must rest."], "SAU Faisal Al-Harbi": ["guns must rest."],
            "FRA Representative": ["welcomed the call."],
            "SVN Representative": ["welcomed the call."],
        },
    ),
    "two of three": (
        "Chile's minister, Ana Rojas, said that whales sing. Norway's minister, Liv Dahl, said "
        "that fish are friends. Kenya's minister, Joseph Otieno, said that nets rot. Both "
        "ministers urged patience.",
        {
            "CHL Ana Rojas": ["whales sing."], "NOR Liv Dahl": ["fish are friends."],
            "KEN Joseph Otieno": ["nets rot."],
        },
    ),
    "another in the same sentence": (
        "Chile's envoy, Ana Rojas, appealed for quiet, while the Norwegian representative insisted "
        "that boats hum. Rojas said Peru had lied, while Cuba had slept.",
        {
            "CHL Ana Rojas": ["appealed for quiet", "Peru had lied, while Cuba had slept."],
            "NOR Representative": ["boats hum."],
        },
    ),
    # The country opens the sentence, its spokesperson ends it.
    "trailing attribution": (
        "BEIJING, 2 May 2023 (Xinhua) -- China hopes the parties will talk soon, Foreign "
        "Ministry spokesperson Luo Qian said "
        "Thursday.\n\nKenya will cut the power, its energy minister said on Monday.",
        {
            "CHN Luo Qian": ["China hopes the parties will talk soon"],
            "KEN Energy minister": ["Kenya will cut the power"],
        },
    ),
    # A list that is announced belongs to whoever put it forward; "Last year" is no item of it.
    "list": (
        "Chile's envoy, Ana Rojas, said that whales sing.\n\nShe made the following proposals:\n\n"
        "1. Nets should be dyed.\n\n2. Boats must be counted by hand\n\nThe envoy put forward two "
        "steps. First, ports open earlier. Second, crews are paid.\n\nLast year, ten boats sank.",
        {
            "CHL Ana Rojas": [
                "whales sing.", "Nets should be dyed.", "Boats must be counted by hand",
                "First, ports open earlier.", "Second, crews are paid.",
            ],
        },
    ),
    # The office first and the name with the next quotation; not so an organisation.
    "named after the office": (
        "The Estonian foreign minister said that ships must turn.\n\n\"Half is nothing,\" Kadri "
        "Tamm said.\n\nGermany's Chancellor Uwe Brandt said that ships may wait.\n\nTamm "
        "laughed at the idea. She said that time is short.",
        {
            "EST Kadri Tamm": ["ships must turn.", "Half is nothing", "time is short."],
            "DEU Uwe Brandt": ["ships may wait."],
        },
    ),
    "not named after the office": (
        "The Estonian foreign minister said that ships must turn.\n\n\"It is late,\" Ocean Rescue "
        "said. Ocean Rescue said that ships burn.",
        {"EST Foreign minister": ["ships must turn."]},
    ),
    "country of the paragraph before": (
        "Somalia's government declared the deal void.\n\n\"No inch is for sale,\" Prime Minister "
        "Yusuf Warsame told parliament.",
        {"SOM Yusuf Warsame": ["declared the deal void.", "No inch is for sale"]},
    ),
    "mission and ministry": (
        "Ethiopia's permanent mission to the United Nations said that wheat came. The mission "
        "added that trucks went. \"They lie,\" it said.",
        {"ETH": ["wheat came.", "trucks went.", "They lie"]},
    ),
    "later and without a known verb": (
        "Chile's envoy, Ana Rojas, opened the fair and said that whales sing. Peru did not block "
        "the text but voiced doubts. \"Talk is best,\" its representative said.",
        {
            "CHL Ana Rojas": ["whales sing."],
            "PER Representative": ["voiced doubts.", "Talk is best"],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDER)
def test_who_says_it(tmp_path: Path, name: str) -> None:
    text, expected = OUTSIDER[name]
    found = read_text(tmp_path, text, date="2023")
    assert {key: words(statement) for key, statement in found.items()} == expected


@pytest.mark.parametrize(
    ("sentence", "speaker", "office"),
    [
        ("Pakistani Ambassador Imran Sheikh said whales sing.", "Imran Sheikh", "Ambassador"),
        ("Pakistan's embassy in Tokyo said whales sing.", None, "Embassy in Tokyo"),
        ("HE Prime Minister Sheikh Omar Zahid of Pakistan said whales sing.", "Omar Zahid",
         "Prime Minister"),
        ("Ana Rojas, head of the Pakistani mission in Geneva, said whales sing.", "Ana Rojas",
         "Head of the mission in Geneva"),
        ("Pakistan's Permanent Representative to the UN Ambassador Ana Rojas said whales sing.",
         "Ana Rojas", "Permanent Representative to the UN"),
    ],
)  # fmt: skip
def test_names_and_offices(tmp_path: Path, sentence: str, speaker: str | None, office: str) -> None:
    (statement,) = read_text(tmp_path, sentence, date="2020").values()
    assert (statement.state, statement.speaker, statement.office) == ("PAK", speaker, office)
