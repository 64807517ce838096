"""Quotation marks of the languages that agencies write, and text with the quoted parts hidden."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Span = tuple[int, int]

# fmt: off
# An opening mark and every mark that may close it: „…“ is German, “…” English, »…« German too.
_CLOSES = {
    '"': '"', "“": "”", "„": "“”\"", "‟": "”", "«": "»", "»": "«", "‹": "›",
    "「": "」", "『": "』", "‘": "’", "＂": "＂",
}
# fmt: on
HIDDEN = "\x00"  # stands for each quoted character, so that no rule looks into a quotation
OPENERS = frozenset(_CLOSES)
MARKS = OPENERS | frozenset("".join(_CLOSES.values()))


def quotations(text: str, start: int, end: int) -> Iterator[Span]:
    """What stands between quotation marks in one paragraph, without the marks.

    A quotation that isn't closed runs to the paragraph's end: newspapers open it again in the
    next paragraph. Apostrophes aren't marks: a single mark opens before and closes after a word.
    """
    opened: int | None = None
    closers = ""
    for at in range(start, end):
        mark = text[at]
        if opened is None:
            if mark in _CLOSES and _may_open(text, at, start):
                opened, closers = at + 1, _CLOSES[mark]
            elif mark == "'" and _may_open(text, at, start) and _single_closes(text, at, end):
                opened, closers = at + 1, "'"
        elif mark in closers and (mark not in "'’" or _single_ends(text, at, end)):
            yield opened, at
            opened = None
    if opened is not None and closers not in "'’":
        yield opened, end


def _may_open(text: str, at: int, start: int) -> bool:
    """Before a word or another mark, and not within a word."""
    before = text[at - 1] if at > start else " "
    if text[at] not in "'‘»":
        return True
    return not (before.isalnum() or before in ".,!?")


def _single_ends(text: str, at: int, end: int) -> bool:
    """Whether a single mark ends a quotation: after punctuation, and no letter follows."""
    after = text[at + 1] if at + 1 < end else " "
    return not after.isalnum() and (text[at - 1] in ".,!?…" or after in ".,;:!?")


def _single_closes(text: str, at: int, end: int) -> bool:
    if at + 1 >= end or not text[at + 1].isalnum():
        return False
    return any(text[i] == "'" and _single_ends(text, i, end) for i in range(at + 1, end))


class Quoted:
    """The quotations of one text, and the text with all of them hidden."""

    def __init__(self, text: str, paragraphs: Iterable[Span]) -> None:
        self.spans = sorted(s for begin, end in paragraphs for s in quotations(text, begin, end))
        self._starts = [start for start, _ in self.spans]
        hidden = list(text)
        for start, end in self.spans:
            hidden[start:end] = HIDDEN * (end - start)
        self.outside = "".join(hidden)

    def around(self, start: int, end: int) -> Span | None:
        """The quotation that holds all of [start, end), if one does."""
        index = bisect_right(self._starts, start) - 1
        if index >= 0 and end <= self.spans[index][1]:
            return self.spans[index]
        return None


def tidy(source: str, quoted: Quoted, start: int, end: int) -> tuple[int, int, bool]:
    """Trim a content to its words; True where it lies within quotation marks.

    Marks go where they enclose the whole; a quotation inside a paraphrase keeps its own.
    """
    while True:
        while start < end and (source[start].isspace() or source[start] in ",;:–—-.…)"):
            start += 1
        while start < end and (source[end - 1].isspace() or source[end - 1] in ",;:–—-("):
            end -= 1
        first, last = source[start : start + 1], source[end - 1 : end]
        if first in MARKS or first == "'":
            inner = quoted.around(start + 1, start + 1)
            enclosed = inner and not source[inner[1] + 1 : end].strip(" .,;:!?…")
            if inner and inner[0] == start + 1 and (end <= inner[1] + 1 or enclosed):
                start, end = start + 1, min(end, inner[1])
                continue
            if not inner or inner[0] != start + 1:  # a closing mark left over at the start
                start += 1
                continue
        if last in MARKS or last == "'":
            inner = quoted.around(end - 1, end - 1)
            if inner and inner[1] == end - 1 and inner[0] <= start:
                end -= 1
                continue
        break
    within = start < end and quoted.around(start, end) is not None
    return start, end, within
