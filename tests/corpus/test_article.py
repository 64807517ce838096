"""Articles in the styles of several agencies; every word of them is invented."""

from pathlib import Path

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.catalogue import load_blocs, load_states
from service.corpus.article import read_article
from service.corpus.claims import ClaimMaker
from service.corpus.report import ImportReport, Outcome
from service.corpus.text import clean
from service.domain.statements import Kind, Mode, Statement
from service.errors import InvalidInput
from tests.corpus.test_documents import pdf

PROJECT = Path(__file__).parents[2]
SEED = Path(__file__).parents[3] / "shared/seeds/counter-terrorism-article.txt"
STATES = load_states(PROJECT / "data")
BLOCS = load_blocs(PROJECT / "data")


class Plain:
    """Kinds and topics are tested elsewhere."""

    def kind(self, text: str) -> Kind:
        return Kind.POSITION

    def tags(self, text: str) -> tuple[str, ...]:
        return ()


MAKER = ClaimMaker(Plain(), Plain())  # type: ignore[arg-type]


def read(path: Path, **given: str) -> tuple[dict[str, Statement], ImportReport]:
    """Statements by state and speaker."""
    report = ImportReport()
    statements = read_article(
        path, states=STATES, blocs=BLOCS, maker=MAKER, report=report, **given,  # type: ignore[arg-type]
    )  # fmt: skip
    for statement in statements:
        spans = [(claim.start, claim.end) for claim in statement.claims]
        assert spans == sorted(set(spans))
        for claim in statement.claims:
            assert claim.statement_id == statement.id
            assert clean(statement.text[claim.start : claim.end]) == claim.text
    assert len({statement.id for statement in statements}) == len(statements)
    assert report.read == len(statements)
    return {f"{s.state} {s.speaker or s.office or ''}".strip(): s for s in statements}, report


def read_text(tmp_path: Path, text: str, **given: str) -> dict[str, Statement]:
    path = tmp_path / "story.txt"
    path.write_text(text, encoding="utf-8")
    return read(path, **given)[0]


def words(statement: Statement, mode: Mode | None = None) -> list[str]:
    return [claim.text for claim in statement.claims if mode in (None, claim.mode)]


WIRE = """Envoys trade barbs over river dam

By Maria Sandoval and Tom Achebe

UNITED NATIONS, March 4 (Reuters) - Egypt's ambassador to the United Nations, Hala Mansour, told \
the Security Council on Monday that no upstream state may fill a reservoir without the consent of \
its neighbours.

"A river is not private property," she said. "We will defend every drop that our farmers depend on."

The 15-member council met at the request of three African states. The dam, begun in 2011, has cost \
more than $4 billion.

Kenya's envoy, Joseph Otieno, urged both sides to return to the table without preconditions.

"Nobody gains from a quarrel that drags on," Otieno told reporters after the session, adding that \
Nairobi stood ready to host the talks.

U.N. Secretary-General Bertil Aamodt said the parties should show flexibility. He added that the \
world body would send experts.

"Water must unite us," he said.

The French ambassador rejected the idea of sanctions. Pressure of that kind, he said, would only \
harden positions.

Analysts say a deal remains distant.

Published: March 4, 2024

(Reporting by Maria Sandoval; Editing by Jo Lund)
"""


def test_wire_story_with_three_states(tmp_path: Path) -> None:
    found = read_text(tmp_path, WIRE)
    assert set(found) == {"EGY Hala Mansour", "KEN Joseph Otieno", "FRA Ambassador"}
    egypt, kenya = found["EGY Hala Mansour"], found["KEN Joseph Otieno"]
    assert words(egypt, Mode.REPORTED) == [
        "no upstream state may fill a reservoir without the consent of its neighbours."
    ]
    assert words(egypt, Mode.QUOTED) == [
        "A river is not private property",
        "We will defend every drop that our farmers depend on.",
    ]
    assert egypt.office == "Ambassador to the United Nations"
    assert (egypt.source, egypt.forum) == ("Reuters", "Security Council")
    assert (str(egypt.date), egypt.date.inferred) == ("2024-03-04", True)
    assert words(kenya) == [
        "urged both sides to return to the table without preconditions.",
        "Nobody gains from a quarrel that drags on",
        "Nairobi stood ready to host the talks.",
    ]
    assert kenya.office == "Envoy"
    assert words(found["FRA Ambassador"]) == [
        "rejected the idea of sanctions.",
        "Pressure of that kind, he said, would only harden positions.",
    ]
    assert found["FRA Ambassador"].speaker is None


def test_what_is_left_out_is_reported_by_line(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text(WIRE)
    _, report = read(path)
    reasons = {(e.line, e.reason.split(":")[0]) for e in report.entries}
    assert (1, "frame") in reasons
    assert (3, "frame") in reasons
    assert (9, "the correspondent's own words") in reasons
    assert (15, "not a state's representative") in reasons
    assert (21, "not a state's representative") in reasons
    assert any("Bertil Aamodt" in entry.reason for entry in report.entries)


NATIONAL = """MOSCOW, May 12. /TASS/. Russia considers the new export rules illegal, Foreign \
Ministry spokeswoman Irina Belova said at a news briefing on Wednesday, 12 May 2021.

"These rules violate every norm of the trade organisation. We shall answer in kind," the diplomat \
stressed.

According to Belova, the restrictions were drafted in haste. The spokeswoman also noted that \
Moscow had never closed the door to dialogue.

Germany, for its part, accused Russia of hypocrisy. German Foreign Minister Karin Vogel said that \
"trust has been lost" and that only deeds could restore it.
"""


def test_agency_that_leaves_its_own_country_unsaid(tmp_path: Path) -> None:
    found = read_text(tmp_path, NATIONAL)
    assert set(found) == {"RUS Irina Belova", "DEU Karin Vogel"}
    assert words(found["RUS Irina Belova"]) == [
        "Russia considers the new export rules illegal",
        "These rules violate every norm of the trade organisation.",
        "We shall answer in kind",
        "the restrictions were drafted in haste.",
        "Moscow had never closed the door to dialogue.",
    ]
    assert words(found["RUS Irina Belova"], Mode.QUOTED) == words(found["RUS Irina Belova"])[1:3]
    assert words(found["DEU Karin Vogel"], Mode.REPORTED) == [
        "accused Russia of hypocrisy.",
        '"trust has been lost" and that only deeds could restore it.',
    ]
    assert found["RUS Irina Belova"].office == "Foreign Ministry spokeswoman"
    assert found["RUS Irina Belova"].source == "TASS"
    assert str(found["RUS Irina Belova"].date) == "2021-05-12"


CAPITALS = """GENEVA (AFP) — France and Germany said in a joint statement on Tuesday that the \
ceasefire in Sudan must be respected by all sides.

Brasília rejected the accusations. Brazil "has never sold these weapons", Foreign Minister Paulo \
Teixeira said in an interview with a local newspaper.

“We want peace,” said Teixeira, “and we will work for it with anyone.”

« La paix est urgente », a French diplomat said.

The meeting was held behind closed doors. Founded in 1961, the committee has 24 members.

Human Rights Watch said the talks had failed.

The campaigners must be heard, the group said.

"It is our duty to act", Japan's Deputy Foreign Minister Kenji Mori wrote on X.
"""


def test_capitals_joint_statements_and_inverted_clauses(tmp_path: Path) -> None:
    found = read_text(tmp_path, CAPITALS, date="2024-03-05")
    joint = "the ceasefire in Sudan must be respected by all sides."
    assert words(found["FRA"]) == words(found["DEU"]) == [joint]
    assert words(found["BRA Paulo Teixeira"]) == [
        "rejected the accusations.",
        'Brazil "has never sold these weapons"',
        "We want peace",
        "and we will work for it with anyone.",
    ]
    assert words(found["FRA Diplomat"], Mode.QUOTED) == ["La paix est urgente"]
    assert words(found["JPN Kenji Mori"], Mode.QUOTED) == ["It is our duty to act"]
    assert found["JPN Kenji Mori"].office == "Deputy Foreign Minister"
    assert set(found) == {"FRA", "DEU", "BRA Paulo Teixeira", "FRA Diplomat", "JPN Kenji Mori"}


COVERAGE = """ANNA KELLER (Germany), noting that hunger was on the rise, said that rich countries \
could no longer look away. The pledges of the past year were insufficient. She called for a \
binding calendar of payments.

KWAME BOATENG (Ghana) said that small producers needed fair prices. Subsidies in the North \
distorted markets and had to end. "We do not ask for charity," he stressed.

The representative of Norway said her delegation would vote in favour of the draft. She regretted \
that no consensus had been found.

The Committee then adopted the draft resolution by a recorded vote of 120 in favour to 3 against.

MARTA RUIZ, Director of the Food Institute, said research showed the opposite.
"""


def test_meeting_coverage_names_the_country_in_brackets(tmp_path: Path) -> None:
    found = read_text(tmp_path, COVERAGE, date="2024-03-05", forum="Food Committee")
    assert words(found["DEU ANNA KELLER"]) == [
        "rich countries could no longer look away.",
        "The pledges of the past year were insufficient.",
        "called for a binding calendar of payments.",
    ]
    assert words(found["GHA KWAME BOATENG"]) == [
        "small producers needed fair prices.",
        "Subsidies in the North distorted markets and had to end.",
        "We do not ask for charity",
    ]
    assert words(found["NOR Representative"]) == [
        "her delegation would vote in favour of the draft.",
        "regretted that no consensus had been found.",
    ]
    assert len(found) == 3
    assert {statement.forum for statement in found.values()} == {"Food Committee"}


SPOKESPERSON = """BEIJING, Sept. 3, 2022 (Xinhua) -- A Chinese foreign ministry spokesperson on \
Saturday urged the United States to lift its tariffs at once.

Spokesperson Li Hong made the remarks at a regular press briefing when asked to comment on a new \
report.

The tariffs harm consumers in both countries, Li said, adding that trade wars have no winners.

China is firmly opposed to the politicisation of commerce, the spokesperson stressed.

"Dialogue is the only way out," said Li.

Countries should open their markets instead of building walls. Protectionism leads nowhere. Enditem
"""


def test_spokesperson_named_in_the_second_paragraph(tmp_path: Path) -> None:
    (statement,) = read_text(tmp_path, SPOKESPERSON).values()
    assert (statement.state, statement.speaker) == ("CHN", "Li Hong")
    assert (str(statement.date), statement.date.inferred) == ("2022-09-03", False)
    assert statement.forum is None
    assert words(statement) == [
        "urged the United States to lift its tariffs at once.",
        "The tariffs harm consumers in both countries",
        "trade wars have no winners.",
        "China is firmly opposed to the politicisation of commerce",
        "Dialogue is the only way out",
        "Countries should open their markets instead of building walls.",
        "Protectionism leads nowhere.",
    ]


ASSEMBLY = """NEW YORK, 24 September 2019 — Addressing the General Assembly for the first time, \
Fijian Prime Minister Sitiveni Rokovada warned that "the sea is already in our houses" and called \
on large emitters to halve their emissions by 2030.

The Prime Minister did not mention any country by name. But he insisted that promises are \
worthless without money.

"Do not tell us to adapt. Tell us who pays.

"My people cannot wait for another conference," Rokovada declared.

It is hoped that the next summit will bring a decision.

Pakistan and India each supported the appeal. Mexico’s president, Lucía Ortega, said she agreed \
with Fiji: "The bill has to be paid by those who ran it up."

The Norwegian minister denied that her government had blocked the fund.

Turning to oceans, Rokovada said the moratorium on deep-sea mining should become permanent.
"""


def test_quotation_over_paragraphs_and_a_speaker_who_comes_back(tmp_path: Path) -> None:
    found = read_text(tmp_path, ASSEMBLY)
    fiji = found["FJI Sitiveni Rokovada"]
    assert words(fiji) == [
        '"the sea is already in our houses" and called on large emitters to halve their '
        "emissions by 2030.",
        "promises are worthless without money.",
        "Do not tell us to adapt.",
        "Tell us who pays.",
        "My people cannot wait for another conference",
        "It is hoped that the next summit will bring a decision.",
        "the moratorium on deep-sea mining should become permanent.",
    ]
    assert words(fiji, Mode.QUOTED) == words(fiji)[2:5]
    assert (fiji.office, fiji.forum) == ("Prime Minister", "General Assembly")
    assert str(fiji.date) == "2019-09-24"
    assert words(found["PAK"]) == words(found["IND"]) == ["supported the appeal."]
    assert words(found["NOR Minister"]) == ["denied that her government had blocked the fund."]
    assert found["MEX Lucía Ortega"].office == "President"


GERMAN = """NEW YORK, 7 October 2023 (dpa) - „Wir werden nicht schweigen“, said the German \
ambassador, Jonas Weber. „Die Charta gilt für alle“, he added.

Weber’s South African counterpart, Thandi Nkosi, told the assembly: “Justice delayed is justice \
denied. The court’s orders bind everyone.”

“It’s time to act,” she told the assembly, “and the time is short.”

"There is no military solution," according to Chile's permanent representative, Diego Fuentes, who \
spoke on behalf of a group of small states. "Only talks can end this," he said.

The delegate from Pakistan expressed hope that the text would be adopted by consensus. She thanked \
the facilitators and said that her country's concerns had been heard.

In Washington, the White House said the proposal was under review. A spokesperson for the French \
foreign ministry declined to comment.

The spokesman for the Secretary-General said that aid was running out. "Children are hungry," he \
said.

"We were never consulted," an African diplomat said on condition of anonymity.

Iran's mission to the United Nations said in a statement on Sunday that the accusations were \
baseless.

Ukraine does not accept partial withdrawals, President Danylo Kovalenko told a newspaper.
"""


def test_marks_of_other_languages_and_nobody_taken_for_another(tmp_path: Path) -> None:
    found = read_text(tmp_path, GERMAN)
    assert words(found["DEU Jonas Weber"], Mode.QUOTED) == [
        "Wir werden nicht schweigen",
        "Die Charta gilt für alle",
    ]
    assert words(found["ZAF Thandi Nkosi"], Mode.QUOTED) == [
        "Justice delayed is justice denied.",
        "The court’s orders bind everyone.",
        "It’s time to act",
        "and the time is short.",
    ]
    assert words(found["CHL Diego Fuentes"]) == [
        "There is no military solution",
        "Only talks can end this",
    ]
    assert words(found["PAK Delegate"]) == [
        "the text would be adopted by consensus.",
        "thanked the facilitators and said that her country's concerns had been heard.",
    ]
    assert words(found["USA"]) == ["the proposal was under review."]
    assert words(found["IRN"]) == ["the accusations were baseless."]
    assert set(found) == {
        "DEU Jonas Weber", "ZAF Thandi Nkosi", "CHL Diego Fuentes", "PAK Delegate", "USA", "IRN",
    }  # fmt: skip


SUMMIT = """Kenya calls for reform of lending

NAIROBI - Kenya's Cabinet Secretary for Foreign Affairs Dr. Amina Wekesa on Thursday called for a \
fairer lending system, saying poor countries pay five times as much as rich ones.

Speaking at the opening of the Africa Finance Summit in Nairobi, Wekesa said African states should \
have a permanent seat on the boards of lenders.

"The present rules were written when most of us were colonies," the Cabinet Secretary said. "They \
must be rewritten."

Wekesa emphasized the need for concessional finance. She further noted that "debt is not a moral \
failing".

Over 2,000 delegates are attending the three-day summit.

The minister also underscored Kenya's commitment to climate action and pledged to plant five \
billion trees by 2032.

Opposition leader Peter Kamau dismissed the speech as empty words. "She says this every year," he \
said.
"""
SUMMIT_CLAIMS = [
    "called for a fairer lending system, saying poor countries pay five times as much as rich "
    "ones.",
    "African states should have a permanent seat on the boards of lenders.",
    "The present rules were written when most of us were colonies",
    "They must be rewritten.",
    "emphasized the need for concessional finance.",
    '"debt is not a moral failing".',
    "underscored Kenya's commitment to climate action and pledged to plant five billion trees "
    "by 2032.",
]


def test_minister_at_a_summit(tmp_path: Path) -> None:
    (kenya,) = read_text(tmp_path, SUMMIT, date="2023-06-01", source="Own desk").values()
    assert [text.strip('".') for text in words(kenya)] == [t.strip('".') for t in SUMMIT_CLAIMS]
    assert (kenya.speaker, kenya.office) == (
        "Amina Wekesa",
        "Cabinet Secretary for Foreign Affairs",
    )
    assert (kenya.forum, kenya.source) == ("Africa Finance Summit", "Own desk")
    assert kenya.id == "KEN_2023-06-01_story"


def test_same_article_as_page_pdf_and_docx(tmp_path: Path) -> None:
    paragraphs = SUMMIT.strip().split("\n\n")
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(str(tmp_path / "story.docx"))
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs[1:])
    (tmp_path / "story.html").write_text(
        "<html><head><title>x</title><meta property='article:published_time' "
        "content='2023-06-02T08:00:00Z'><meta property='og:site_name' content='The Ledger'></head>"
        f"<body><nav>Home</nav><article><h1>{paragraphs[0]}</h1>{body}</article></body></html>"
    )
    lines: list[str] = []
    for paragraph in paragraphs:
        row = ""
        for word in paragraph.replace("(", "").split():
            if len(row) + len(word) > 80:
                lines.append(row)
                row = ""
            row = f"{row} {word}".strip()
        lines += [row, ""]
    (tmp_path / "story.pdf").write_bytes(pdf("\n".join(lines)))
    for suffix in ("docx", "html", "pdf"):
        overrides = {} if suffix == "html" else {"date": "2023-06-01"}
        found, _ = read(tmp_path / f"story.{suffix}", **overrides)
        (kenya,) = found.values()
        stripped = [text.strip('".').replace("’", "'") for text in words(kenya)]
        if suffix == "pdf":  # its paragraphs are lost, and with them the certainty of some
            assert set(stripped) <= {text.strip('".') for text in SUMMIT_CLAIMS}
            assert len(stripped) >= 6
        else:
            assert stripped == [text.strip('".') for text in SUMMIT_CLAIMS]
        if suffix == "html":
            assert kenya.source == "The Ledger"
            assert (str(kenya.date), kenya.date.inferred) == ("2023-06-01", True), "on Thursday"


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
    ("sentence", "claims"),
    [
        ("Ambassador Ana Rojas of Chile said whales need silence.", ["whales need silence."]),
        ("Chile's envoy did not say when the fleet would sail.", []),
        ("Chile has not accepted the quota, its neighbours noted.", []),
        ("Chile does not support the quota.", ["does not support the quota."]),
        ("Chile's minister, Ana Rojas, warned against haste.", ["warned against haste."]),
        ("Whales need silence, warned Chilean minister Ana Rojas.", ["Whales need silence"]),
        (
            "“Whales”, Chile's minister said, “need silence and time.”",
            ["“Whales”, Chile's minister said, “need silence and time.”"],
        ),
        ("Santiago's mayor said the port was full.", []),
        ("Chilean scientists said whales need silence.", []),
        ("The former Chilean president Ana Rojas said whales need silence.", []),
        ("The UN envoy for Chile said whales need silence.", []),
        ("According to the Chilean delegation, the quota must fall.", ["the quota must fall."]),
        (
            "The Chilean Ambassador, who chairs the group, also urged restraint.",
            ["urged restraint."],
        ),
        ("Chile’s representative: The quota must fall.", []),
        ("Chile was urged by its neighbours to wait.", []),
    ],
)
def test_reporting_clauses(tmp_path: Path, sentence: str, claims: list[str]) -> None:
    # A second speaker, so that an article without any claim of Chile's is no error.
    text = f"{sentence}\n\nNorway's ambassador, Liv Dahl, said that fish are friends."
    found = read_text(tmp_path, text, date="2020")
    chile = [statement for statement in found.values() if statement.state == "CHL"]
    assert [text for statement in chile for text in words(statement)] == claims
    assert words(found["NOR Liv Dahl"]) == ["fish are friends."]


# -- articles read by an outsider: what each sentence, in its article, gives to whom ---------------

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
    ("sentence", "claims"),
    [
        # Where the speaker's own words begin.
        ("Chile's envoy hit back, saying Peru had lied.", ["Peru had lied."]),
        ("Chile's envoy agreed, saying: 'Peru matters to us.'", ["Peru matters to us."]),
        ("Chile said last week that whales need silence.", ["whales need silence."]),
        ("Chile's envoy has called for silence.", ["called for silence."]),
        ("Chile's envoy, therefore, urged silence.", ["urged silence."]),
        ("Chile's envoy renewed Chile's call for silence.", ["renewed Chile's call for silence."]),
        ("Chile's envoy pushed back against the quota.", ["pushed back against the quota."]),
        ("Chile's envoy is convinced that whales sing.", ["whales sing."]),
        ("Chile's envoy said, \"We stand together\".", ["We stand together"]),
        ("\"We ask for silence,\" stated Chile's envoy.", ["We ask for silence"]),
        (
            "The quota, Chile's envoy said, only does what boats want.",
            ["The quota, Chile's envoy said, only does what boats want."],
        ),
        (
            "According to Chile's envoy Ana Rojas, who came on Monday, the quota is dead.",
            ["the quota is dead."],
        ),
        # Who speaks.
        ("Hours earlier, Chile's foreign ministry said whales sing.", ["whales sing."]),
        ("Chile’s state minister for fisheries, Ana Rojas, said whales sing.", ["whales sing."]),
        ("ANA ROJAS (Chile), joining others, said that whales sing.", ["whales sing."]),
        ("The observer for Chile said whales sing.", ["whales sing."]),
        ("Ana Rojas, head of the Chilean Mission to the UN Office, said whales sing.",
         ["whales sing."]),
        ("The Chilean prime minister's office said whales sing.", ["whales sing."]),
        ("According to a statement issued by the Chilean ministry, whales sing.",
         ["whales sing."]),
        ("Ministers from several states that trade with Chile said whales sing.", []),
    ],
)  # fmt: skip
def test_where_the_words_begin(tmp_path: Path, sentence: str, claims: list[str]) -> None:
    test_reporting_clauses(tmp_path, sentence, claims)


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


@pytest.mark.parametrize(
    ("opening", "source", "day"),
    [
        ("Havana, Nov 2, 2022 (Prensa Latina) ", "Prensa Latina", "2022-11-02"),
        ("LIMA/QUITO, Nov 2, 2022 (AP) — ", "AP", "2022-11-02"),
        ('CUBA\'S MINISTER: "NO MORE"\n\nHAVANA, Nov 2, 2022 - ', "story.txt", "2022-11-02"),
        ('Minister: "No more"\n\n2 November 2022\n\nOn Tuesday, ', "story.txt", "2022-11-01"),
    ],
)
def test_openings(tmp_path: Path, opening: str, source: str, day: str) -> None:
    text = f"{opening}Cuba's Foreign Minister Raúl Estévez said that cane grows."
    (statement,) = read_text(tmp_path, text).values()
    assert (statement.source, str(statement.date)) == (source, day)
    assert (statement.speaker, words(statement)) == ("Raúl Estévez", ["cane grows."])


@pytest.mark.parametrize(
    ("where", "forum"),
    [
        ("told a session of the First Committee of the General Assembly that",
         "session of the First Committee of the General Assembly"),
        ("said at the Human Rights Council on Wednesday over a fence that", "Human Rights Council"),
        ("told the 47-nation council that", None),
        ("called for a return to the track of dialogue and said that", None),
    ],
)  # fmt: skip
def test_where_it_was_said(tmp_path: Path, where: str, forum: str | None) -> None:
    text = f"Cuba's Deputy Representative to the UN Ana Rojas {where} cane grows."
    (statement,) = read_text(tmp_path, text, date="2022").values()
    assert statement.forum == forum


# -- what the user says, and what nobody can tell ------------------------------------------------

NAMELESS = "Ambassador Lee Min-ho said that rivers must be shared. He urged patience."


def test_unknown_state_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Lee Min-ho") as caught:
        read_text(tmp_path, NAMELESS, date="2020-01-01")
    assert caught.value.field == "state"
    (statement,) = read_text(tmp_path, NAMELESS, date="2020-01-01", state="KOR").values()
    assert (statement.state, statement.speaker) == ("KOR", "Lee Min-ho")
    assert words(statement) == ["rivers must be shared.", "urged patience."]


def test_state_picks_among_several(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text(WIRE)
    found, report = read(path, state="Kenya", speaker="J. Otieno", source="x", forum="Dam talks")
    (kenya,) = found.values()
    assert (kenya.state, kenya.speaker, kenya.source, kenya.forum) == (
        "KEN",
        "J. Otieno",
        "x",
        "Dam talks",
    )
    assert sum("not for KEN" in entry.reason for entry in report.entries) == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"state": "Narnia"}, "state"),
        ({"state": "CHL"}, "state"),
        ({"speaker": "Nobody Here"}, "speaker"),
        ({"date": "4 March"}, "date"),
    ],
)
def test_impossible_wishes(tmp_path: Path, given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, WIRE, **given)
    assert caught.value.field == field


def test_date_without_a_year(tmp_path: Path) -> None:
    story = "OSLO, May 2 (NTB) - Norway's minister, Liv Dahl, said that fish are friends."
    with pytest.raises(InvalidInput, match="give its date, YYYY-MM-DD") as caught:
        read_text(tmp_path, story)
    assert caught.value.field == "date"
    (told,) = read_text(tmp_path, story, date="2018-05-02").values()
    assert (str(told.date), told.date.inferred) == ("2018-05-02", False)
    (worked_out,) = read_text(tmp_path, story + " They met on 2 May 2017.").values()
    assert (str(worked_out.date), worked_out.date.inferred) == ("2017-05-02", True)
    with pytest.raises(InvalidInput, match="date"):
        read_text(tmp_path, story.replace("May 2 ", "") + " The law is of 3 May 1998.")


@pytest.mark.parametrize(
    "text", ["The weather was fine in Oslo.", "Professor Ida Lund said that fish are friends."]
)
def test_article_in_which_no_state_speaks(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="representative of a state") as caught:
        read_text(tmp_path, text, date="2020")
    assert caught.value.field == "state"


# -- properties ----------------------------------------------------------------------------------

PIECES = [
    "Kenya's ambassador, Joseph Otieno, said that", "Otieno said", "she added", "according to",
    "Beijing urged", "the French envoy", "U.N. chief Bo Lind warned", "must be kept", "peace",
    "the treaty", '"', "“", "”", "'", "«", "»", "„", "「", ",", ".", ":", "?", "\n\n", "\n", "(",
    ")", "(End)", "—", "that", "and", "We", "was held in 1999", "adding that", "said",
    "OSLO, May 2",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40))
def test_any_text_gives_claims_at_their_offsets_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "story.txt"
    path.write_text("Kenya's envoy said that fish swim. " + " ".join(pieces), encoding="utf-8")
    try:
        found, _ = read(path, date="2020")
    except InvalidInput as error:
        assert error.field == "state"
        return
    for statement in found.values():
        for claim in statement.claims:
            assert claim.text.strip()
            assert (claim.mode is Mode.QUOTED) <= (claim.start > 0)


@pytest.mark.skipif(not SEED.exists(), reason=f"the model article isn't at {SEED}")
def test_model_article() -> None:
    """The article that the reader was made for: checked by marks, for its words aren't ours."""
    found, report = read(SEED, date="2021-06-29")
    (china,) = found.values()
    assert (china.state, china.speaker) == ("CHN", "Zhang Jun")
    assert china.office == "Permanent Representative to the United Nations"
    assert china.source == "China News Service"
    assert china.forum is not None
    assert china.forum.startswith("second high-level meeting")
    assert str(china.date) == "2021-06-29"
    # What the lead attributes, and each sentence of the paragraphs after it, once.
    assert len(china.claims) == 17
    texts = words(china)
    for text in texts:
        assert not text.startswith(("Zhang", "He ", "that "))
        assert "(Finish)" not in text
        assert "China News Service" not in text
        assert "New challenges brought" not in text, "the lead's own summary"
    assert texts[-1].endswith("mankind. future.")
    assert sum(text.startswith("At the same time") for text in texts) == 1
    assert sum(text.startswith("It is hoped") for text in texts) == 1
    assert report.count(Outcome.SKIPPED) == 1, "the rest of the lead"
    with pytest.raises(InvalidInput, match="give its date"):
        read(SEED)
