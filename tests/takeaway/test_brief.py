"""What a brief says, and what it says that it leaves out."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli import main
from service.domain.stance import STANCES
from service.errors import InvalidInput
from service.takeaway.brief import brief_of
from tests.takeaway.answers import CATALOGUE, ENGLISH, MADE, answer, group, hit

CODES = sorted(state.code for state in CATALOGUE.states)
judged = st.lists(
    st.tuples(st.sampled_from(CODES), st.sampled_from([*map(str, STANCES), None])),
    unique_by=lambda pair: pair[0],
    max_size=40,
)


@given(states=judged, most=st.integers(1, 12))
def test_no_state_is_dropped_in_silence(states: list[tuple[str, str | None]], most: int) -> None:
    groups = [group(hit(code, f"{code} speaks.", stance)) for code, stance in states]
    found = brief_of(answer(groups), ENGLISH, made=MADE, most=most)
    told = [
        (name, section.stance)
        for section in found.sections
        for name in [
            *(row.name for row in section.rows),
            *section.unquoted,
            *section.elsewhere,
        ]
    ]
    assert Counter(told) == Counter((ENGLISH.state(code), stance) for code, stance in states)
    assert found.states == len(states)
    order = [section.stance for section in found.sections]
    assert order[:4] == list(STANCES)
    for section in found.sections:
        names = [ENGLISH.state(code) for code, stance in states if stance == section.stance]
        quoted = 0 if section.stance == "unclear" else most
        assert [row.name for row in section.rows] == names[:quoted]
        assert section.states == len(names)


def test_what_was_not_judged_is_told_from_what_is_unclear() -> None:
    far = hit("NOR", "It rained.", "unclear", probabilities=None)
    doubtful = hit("SWE", "Perhaps.", "unclear")
    user = {"author": "A. Reader", "reason": "No side.", "date": "2025-01-01", "was": None}
    settled = hit("DNK", "It snowed.", "unclear", probabilities=None, corrected=user)
    found = brief_of(answer(map(group, (far, doubtful, settled))), ENGLISH, made=MADE)
    unclear = found.sections[3]
    assert (unclear.unquoted, unclear.elsewhere) == (("Sweden", "Denmark"), ("Norway",))
    plain = brief_of(answer([group(hit("NOR", "No.", None))], judged=False), ENGLISH, made=MADE)
    (only,) = plain.sections
    assert (only.stance, [row.name for row in only.rows]) == (None, ["Norway"])


def test_a_row_tells_what_else_its_state_says() -> None:
    user = {"author": "A. Reader", "reason": "Irony.", "date": "2025-01-01", "was": None}
    hits = (
        hit("FRA", "Abolish it.", "aligned", on_behalf_of=("eu", "a group of friends")),
        hit("FRA", "Keep it.", "opposed"),
        hit("FRA", "It was debated.", "unclear"),
        hit("FRA", "Keep it, I say.", "opposed"),
        hit("FRA", "Not read.", None),
    )
    corrected = hit("NOR", "Oh yes, keep it.", "opposed", corrected=user, similarity=0.2)
    asked = answer([group(*hits, count=9), group(corrected)], parts=["One.", "Two."])
    found = brief_of(asked, ENGLISH, made=MADE, we="CHN")
    aligned, _, opposed = found.sections[:3]
    (french,), (norwegian,) = aligned.rows, opposed.rows
    assert french.others == (("opposed", 2), ("unclear", 1), (None, 1))
    assert (french.count, french.claim, french.far) == (9, 1, False)
    assert french.on_behalf_of == (ENGLISH.bloc("eu"), "a group of friends")
    assert (french.probability, norwegian.probability) == (0.7, None)
    assert norwegian.far
    assert (found.claims, found.we) == (("One.", "Two."), "China")


def test_filters_are_told_in_words() -> None:
    asked = answer(
        [], exclude=["CHN", "FRA", "CHN"], blocs=["eu"], topics=["sanctions-enforcement", "rice"],
        mode="lexical", sort="recent", fold=False, stance=["aligned", "partial"], limit=1_000,
        **{"from": "2015", "to": "2020-06"},
    )  # fmt: skip
    told = dict(brief_of(asked, ENGLISH, made=MADE).asked)
    assert told["Left out"] == "China; France"
    assert told["Only members, at the time, of"] == ENGLISH.bloc("eu") != "eu"
    assert told["Only on these topics"] == f"{ENGLISH.topic('sanctions-enforcement')}; rice"
    assert (told["From"], told["Until"]) == ("2015", "2020-06")
    assert told["Ranked"] == "by shared words; the latest first"
    assert told["Stances"] == "aligned; with reservations"
    assert told["At most so many states"] == "1,000"
    assert told["A state's near-identical sentences"] == "all shown"


@pytest.mark.parametrize(
    "text", ["The veto must go.", "It's “$HOME” `x`; #1 \\ *", "-x", "Ä" * 300]
)
def test_the_command_makes_the_same_brief(text: str) -> None:
    query: dict[str, Any] = {
        "exclude": ["FRA", "CHN"], "topics": ["free words, with a comma"], "from": "2015",
        "kind": ["position", "narrative"], "fold": False, "stance": ["opposed"], "per_state": 3,
        "forum": "General 'A'",
    }  # fmt: skip
    found = brief_of(
        answer([], text=text, **query), ENGLISH, made=MADE, we="FRA", cursor="next", most=3
    )
    said = shlex.split(found.command)
    assert said[:4] == ["python", "-m", "service", "brief"]
    by_file = said[4] == "--file"
    assert by_file == text.startswith("-")
    assert by_file or said[4] == text
    options = said[6:] if by_file else said[5:]
    parsed = main.commands["brief"].make_context("brief", ["text", *options]).params
    told = {key: list(v) if isinstance(v, tuple) else v for key, v in parsed.items() if v}
    assert told["from_"] == "2015"
    assert told["exclude"] == ["CHN"]
    assert (told["we"], told["most"], told["cursor"]) == ("FRA", 3, "next")
    assert parsed["fold"] is False
    for key in ("topics", "kind", "stance", "forum"):
        assert told[key] == query[key]
    assert told["per_state"] == "3"
    assert "limit" not in told


@pytest.mark.parametrize("text", ["Ä" * 301, "two\nlines", "turned \u202e round", "nul \x00"])
def test_what_does_not_fit_a_command_is_in_a_file(text: str) -> None:
    found = brief_of(answer([], text=text), ENGLISH, made=MADE)
    assert shlex.split(found.command) == ["python", "-m", "service", "brief", "--file", "FILE"]


def test_what_is_no_brief_is_refused() -> None:
    with pytest.raises(InvalidInput, match="by state"):
        brief_of(answer([], group_by="none"), ENGLISH, made=MADE)
    with pytest.raises(InvalidInput, match="less than 1"):
        brief_of(answer([]), ENGLISH, made=MADE, most=0)
