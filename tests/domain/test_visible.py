"""What hides or turns text is seen, wherever it is shown."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from service.domain.visible import is_plain, visible
from service.figures import drawing
from service.web.pages import text as pages

EVERY = list(map(chr, range(sys.maxunicode + 1)))
SPACE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
# Those whose bidirectional class says it, and the three marks, whose class is a letter's.
TURNING = [c for c in EVERY if unicodedata.bidirectional(c)[-1:] in "EOFI" and c > "\u2000"
           and unicodedata.category(c) == "Cf"] + list("\u061c\u200e\u200f")  # fmt: skip


def test_controls_and_what_turns_text_are_spelt() -> None:
    controls = [c for c in EVERY if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    for sign in {*controls, *TURNING, *"\u200b\u2060\ufeff\ufffe\uffff"}:
        number = f"U+{ord(sign):04X}"
        assert visible(f"a{sign}b") == ("a b" if sign in SPACE else f"a[{number}]b"), number
        assert drawing.text(f"a{sign}b") == visible(f"a{sign}b")
        if sign not in "\t\n\r":
            assert pages.visible(f"a{sign}b").striptags() == f"a{number}b"
    assert {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068",
            "\u2069"} <= set(TURNING)  # fmt: skip


def test_writing_is_left_as_it_is() -> None:
    # Joiners are spelling in Persian and in the scripts of India.
    for text in ("L’État, c’est « nous »", "می‌خواهم", "क्‍ष", "e\u0301", "𝄞 👩‍🚀", "soft\u00adly"):
        assert is_plain(text)
        assert pages.visible(text) == text
    assert pages.visible("one\r\ntwo\tthree") == "one\r\ntwo\tthree"


@given(st.text())
def test_what_is_visible_stays_so(text: str) -> None:
    assert is_plain(visible(text))
