"""Bytes to text, and spans to one clean line. The sentences are our own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.corpus.text import clean, decode

# Pieces of which every defect is made, so that a random text holds many.
PIECES = st.sampled_from(
    "the t he of o f inter national self determination - ’ ' s own able not to re co ment govern "
    "¬ \n \t \xa0 \xad \u200b \x07 \x85 é e\u0301 \u1100 \u1161 24 12-34567 3/42 A/70/PV.22 "
    "01/10/2015 General Assembly 22nd meeting f low un B in a".split(" ")
)
MESSY = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\n", "\n\n"]))).map(
    lambda parts: "".join(piece + gap for piece, gap in parts)
)


def test_decode_leaves_good_text_alone() -> None:
    text = "Peace — “real” peace — costs 5 €.\nNaïve? Çà et là, señor Ñuñez said so.\n"
    decoded = decode(text.encode())
    assert decoded.text == text
    assert decoded.mended == ()


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_ascii_is_kept_but_for_line_ends(text: str) -> None:
    assert decode(text.encode()).text == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.binary())
def test_decode_never_fails(raw: bytes) -> None:
    decoded = decode(raw)
    assert "\r" not in decoded.text
    assert not decoded.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("raw", "text", "mended"),
    [
        (b"\xef\xbb\xbfWe agree.", "We agree.", "byte-order mark removed"),
        (b"We agree.\r\nThey don't.\r", "We agree.\nThey don't.\n", "line ends normalised"),
        ("We agree.".encode("utf-16"), "We agree.", "read as UTF-16"),
        (b"A na\xefve hope", "A naïve hope", "not UTF-8 (byte 4): read as Windows-1252"),
        (
            "One â€” the first â€” is dear.".encode(),
            "One — the first — is dear.",
            "mojibake mended",
        ),
    ],
)
def test_mended_bytes_are_told(raw: bytes, text: str, mended: str) -> None:
    decoded = decode(raw)
    assert decoded.text == text
    assert mended in decoded.mended


def test_mojibake_is_mended_in_its_lines_only() -> None:
    decoded = decode("A “good” line — here.\nA bad one: donâ€™t.\n".encode())
    assert decoded.text == "A “good” line — here.\nA bad one: don’t.\n"


@pytest.mark.parametrize(
    ("span", "cleaned"),
    [
        # wrapped lines
        ("Our country\nhas  waited\tlong\xa0enough.", "Our country has waited long enough."),
        ("an inter-\nnational court", "an international court"),
        ("the govern-\n ment of laws", "the government of laws"),
        ("peoples' self-\ndetermination", "peoples' self-determination"),
        ("a long-\nterm plan of non-\nproliferation", "a long-term plan of non-proliferation"),
        ("the Secretary-\nGeneral", "the Secretary-General"),
        ("a step-by-\nstep way, and vis-\nà-vis", "a step-by-step way, and vis-à-vis"),
        ("short-\nand long-term aims", "short- and long-term aims"),
        ("a col¬ league", "a colleague"),
        # hyphens that were wrapped once
        ("the Secretary- General", "the Secretary-General"),
        ("self- determination of Mr. Ban Ki- moon", "self-determination of Mr. Ban Ki-moon"),
        ("short- and long-term", "short- and long-term"),
        ("a great hope- we need it", "a great hope- we need it"),
        # page marks
        ("we turn to\n24\n\nthe sea", "we turn to the sea"),
        ("we turn to \n \n21 06-53609 \n \nthe sea", "we turn to the sea"),
        ("we turn to\n6/33 15-29568\n\x0c\n30/09/2015 A/70/PV.20\nthe sea", "we turn to the sea"),
        ("we turn to\n15\nGeneral Assembly 22nd meeting\n\nthe sea", "we turn to the sea"),
        ("we turn to\n4 General Assembly - Forty-eighth session\nthe sea", "we turn to the sea"),
        ("resolution\n242 of that year", "resolution 242 of that year"),
        # invisible characters and composition
        ("co\xadoperate\u200b now\x07", "cooperate now"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_clean(span: str, cleaned: str) -> None:
    assert clean(span) == cleaned


@pytest.mark.parametrize(
    ("span", "cleaned"),
    [
        ("t he sea", "the sea"),
        ("T he sea o f peace", "The sea of peace"),
        ("th e law", "the law"),
        ("two govern ments agreed", "two governments agreed"),
        ("trade f lows and ref lection", "trade flows and reflection"),
        ("The re solution stands", "The resolution stands"),
    ],
)
def test_split_words_are_joined(span: str, cleaned: str) -> None:
    assert clean(span) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "my country’s own words, and its world's end",
        "We are not able to agree.",
        "the re-election of a strategic ally",
        "Group B in this hall, and Annex D on fish",
        "Dar es Salaam, with zeal and care, to ward off a lone storm",
        "in fractions of a second",
        "we believe it to be so; an other-worldly hope of fending for all",
        "It is a moral, not a pathetic, appeal",
        "George V is king; Vitamin C is dear",
        "raison d’être de la nation",
        "He said that H is dear, and re hard at work",
    ],
)
def test_good_words_are_left_apart(text: str) -> None:
    assert clean(text) == text


@given(st.one_of(MESSY, st.text()))
def test_clean_is_idempotent_and_tidy(span: str) -> None:
    once = clean(span)
    assert clean(once) == once
    assert once == " ".join(once.split())
    assert once == unicodedata.normalize("NFC", once)
    assert not any(unicodedata.category(c) == "Cc" for c in once)


@given(
    st.lists(
        st.tuples(st.sampled_from("t he go vern ment self- sea".split()), st.sampled_from(" \n"))
    )
)
def test_clean_keeps_every_letter_in_order(parts: list[tuple[str, str]]) -> None:
    span = "".join(piece + gap for piece, gap in parts)
    assert [c for c in clean(span) if c.isalpha()] == [c for c in span if c.isalpha()]
