"""Whole stories in the styles of several agencies, all of them invented, and the model article."""

from pathlib import Path

import pytest

from service.corpus.report import Outcome
from service.domain.statements import Mode
from service.errors import InvalidInput
from tests.conftest import SHARED
from tests.corpus.articles import WIRE, read, read_text, words

SEED = SHARED / "seeds/counter-terrorism-article.txt"


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
