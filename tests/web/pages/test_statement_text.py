"""A text in parts and paragraphs: nothing lost, nothing twice, no claim cut."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.dates import PartialDate
from service.domain.statements import Claim, Statement
from service.web.pages.statement_text import differing, paragraphs, part_with, parts

texts = st.text("ab .\n\u202e\u00e9", max_size=300)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Any text with claims anywhere in it, also within each other."""
    text = draw(texts.filter(bool))
    ends = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=8, unique_by=tuple))
    claims = tuple(Claim("a", start, end, text[start:end]) for start, end in spans if start < end)
    return Statement("a", "NOR", PartialDate("2020"), text, "a test", claims=claims)


@given(statements(), st.integers(200, 2_000))
def test_the_parts_are_the_whole_text(said: Statement, most: int) -> None:
    split = parts(paragraphs(said), most)
    pieces = [piece for part in split for paragraph in part for piece in paragraph]
    assert "".join(piece.text for piece in pieces) == said.text
    held = [piece.claim.id for piece in pieces if piece.claim]
    assert sorted(held) == sorted(claim.id for claim in said.claims)
    for claim in said.claims:
        number = part_with(split, claim.id)
        assert number is not None
        assert [p.claim.id for r in split[number] for p in r if p.claim].count(claim.id) == 1
    assert part_with(split, "a:999-1000") is None


@given(statements(), st.integers(200, 2_000))
def test_no_part_is_larger_than_it_may_be(said: Statement, most: int) -> None:
    """But for one that is a single piece; and none could have taken in what comes after it."""
    split = parts(paragraphs(said), most)
    sizes = [[sum(piece.sent for piece in run) for run in part] for part in split]
    for part, runs in zip(split, sizes, strict=True):
        assert sum(runs) <= most or sum(map(len, part)) == 1
    for one, following in pairwise(sizes):
        assert sum(one) + following[0] > most


@given(statements())
def test_claims_stand_where_they_are_in_the_text(said: Statement) -> None:
    """One that is nested in another has no text of its own left."""
    done = 0
    for paragraph in paragraphs(said):
        for piece in paragraph:
            if piece.claim is not None:
                assert said.text[: piece.claim.end].endswith(piece.text)
                assert piece.text == said.text[max(done, piece.claim.start) : piece.claim.end]
            done += len(piece.text)


def test_paragraphs_end_at_blank_lines_or_else_at_line_ends() -> None:
    def of(text: str, *said: str) -> list[str]:
        claims = tuple(Claim("a", text.index(one), text.index(one) + len(one), one) for one in said)
        whole = Statement("a", "NOR", PartialDate("2020"), text, "a test", claims=claims)
        return ["".join(piece.text for piece in run) for run in paragraphs(whole)]

    # A claim may be wrapped; a heading stands alone.
    assert of("One\nclaim. Two.\n \nHeading\n\nThree.", "One\nclaim.", "Two.", "Three.") == [
        "One\nclaim. Two.\n \n", "Heading\n\n", "Three.",
    ]  # fmt: skip
    assert of("One. Two.\nThree.", "One.", "Two.", "Three.") == ["One. Two.\n", "Three."]
    assert of("One\n\nand the same. Two.", "One\n\nand the same.", "Two.") == [
        "One\n\nand the same. Two."
    ]


def test_renderings_are_shown_one_by_one() -> None:
    claims = tuple(Claim("a", start, start + 9, f"say {start}", rendered=True) for start in (3, 90))
    known = Statement("a", "NOR", PartialDate("2020"), "", "a test", claims=claims, rendered=True)
    assert [[piece.text for piece in run] for run in paragraphs(known)] == [["say 3"], ["say 90"]]
    assert parts([]) == [[]]


words = st.lists(st.sampled_from(["we", "want", "Want", "peace", ",", "now."]), max_size=8)


@given(words.map(" ".join), words.map(" ".join))
def test_what_differs_is_what_the_other_lacks(before: str, now: str) -> None:
    was, is_ = differing(before, now)
    assert "".join(text for text, _ in was) == before
    assert "".join(text for text, _ in is_) == now
    same = [
        [word.casefold() for text, differs in runs if not differs for word in _words(text)]
        for runs in (was, is_)
    ]
    assert same[0] == same[1]
    if before.casefold() == now.casefold():
        assert not any(differs for _, differs in (*was, *is_))


def _words(text: str) -> list[str]:
    for mark in string.punctuation:
        text = text.replace(mark, f" {mark} ")
    return text.split()


@pytest.mark.parametrize("before,now", [("", "peace"), ("peace", "")])
def test_nothing_has_no_words(before: str, now: str) -> None:
    assert differing(before, now) == (
        [(before, True)] if before else [],
        [(now, True)] if now else [],
    )
