"""Other people's text in a document: what would hide or turn it round is written out."""

from __future__ import annotations

import re

# Controls, characters without a width, those that change the direction of writing, halves of
# pairs, and what XML may not hold at all.
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)
_SPACE = re.compile("[\t\n\u000b\u000c\r\u001c-\u001f\u0085 \u2028\u2029]+")


def visible(text: str) -> str:
    """On one line, with hidden characters as their numbers: `[U+202E]`. All else is unchanged."""
    return _HIDDEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", _SPACE.sub(" ", text))


def is_plain(text: str) -> bool:
    """Whether `visible` leaves it as it is."""
    return visible(text) == text
