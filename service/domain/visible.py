"""Other people's text where it is shown: what would hide or turn it round is written out."""

from __future__ import annotations

import re

# Controls other than tabs and line ends, characters without a width, those that end a line or
# change the direction of writing, halves of pairs, and what XML may not hold at all.
HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)
_SPACE = re.compile("[\t\n\u000b\u000c\r\u001c-\u001f\u0085 \u2028\u2029]+")


def visible(text: str) -> str:
    """On one line, with hidden characters as their numbers: `[U+202E]`. All else is unchanged."""
    return HIDDEN.sub(lambda match: f"[{number_of(match)}]", _SPACE.sub(" ", text))


def number_of(match: re.Match[str]) -> str:
    """`U+202E`, of a match of HIDDEN."""
    return f"U+{ord(match[0]):04X}"


def is_plain(text: str) -> bool:
    """Whether `visible` leaves it as it is."""
    return visible(text) == text
