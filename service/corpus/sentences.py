"""Sentences of a source, as spans: a library's rules plus those for what it gets wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import segment

Span = tuple[int, int]

# A line as long as this is wrapped text; its end is no end of a sentence.
_WRAPPED = 90
LONGEST = 700
_SHORTEST_PIECE = 60
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*|\n(?=\s*\d{1,3}\.[ \t]+[^\W\d_])|\n(?=\s*[-•*–—][ \t])")
# "99. " before 1990, and the bullets of lists: no words of the speaker.
_NUMBER = re.compile(
    r"\s*(?:\d{1,3}\.[ \t]+(?=[^\W\d_\"“'‘(])|\(?[a-z0-9]{1,3}\)[ \t]+|[-•*–—][ \t]+)"
)
# After these a full stop doesn't end a sentence.
_ABBREVIATED = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Amb|Gen|Col|Lt|Sgt|Capt|Hon|Rev|Sr|Jr|St|Sts|Mt|H\.E|Messrs|Mme|Mlle|"
    r"No|Nos|art|arts|Art|Arts|para|paras|Para|Paras|res|Res|vol|Vol|chap|Chap|sect|Sect|p|pp|"
    r"cf|e\.g|i\.e|viz|etc|vs|approx|Inc|Ltd|Corp|Co|Gov|Sen|Rep|Maj|Adm|Supp|Add|Rev|Corr)"
    r"|\b[A-Z])\.$"
)
_ENDS = re.compile(r"[.!?…:;][\"”’'»)\]]*$")
_CLOSING = re.compile(r"^[\"”’»)\]]+(?=\s|$)")
_LETTER = re.compile(r"[^\W\d_]")
_SALUTATION = re.compile(
    r"(?:Mr|Mrs|Ms|Madam|Sir|Your|Excellenc|Distinguished|Ladies|Honou?rable|Dear)[^.!?]{0,80}[,:!.]?\s*$"
)


def sentences(source: str) -> Iterator[Span]:
    """Spans of sentences, in order, apart from each other, trimmed; paragraph numbers left out.

    Line ends within wrapped text don't split; blank lines, numbered paragraphs and headings do.
    What holds no two letters is left out.
    """
    for start, end in _paragraphs(source):
        for low, high in _split(source, start, end):
            for span in _shortened(source, low, high):
                trimmed = _trim(source, *span)
                if trimmed and len(_LETTER.findall(source, *trimmed)) >= 2:
                    yield trimmed


def _paragraphs(source: str) -> Iterator[Span]:
    """Stretches within which a line's end means nothing."""
    start = 0
    for match in _PARAGRAPH.finditer(source):
        yield from _lines(source, start, match.start())
        start = match.end()
    yield from _lines(source, start, len(source))


def _lines(source: str, start: int, end: int) -> Iterator[Span]:
    """Splits a stretch where a line is whole: a heading or salutation, or a sentence's end
    before a line that isn't wrapped."""
    low = start
    position = source.find("\n", start, end)
    line_start = start
    while position != -1:
        line = source[line_start:position].strip()
        following_end = source.find("\n", position + 1, end)
        following = source[position + 1 : following_end if following_end != -1 else end].strip()
        if _stands_alone(line, following):
            yield low, position
            low = position + 1
        line_start = position + 1
        position = source.find("\n", position + 1, end)
    if low < end:
        yield low, end


def _stands_alone(line: str, following: str) -> bool:
    if not line:
        return False
    if following[:1].islower():
        return False
    if len(line) <= _WRAPPED and _SALUTATION.match(line):
        return True
    ended = bool(_ENDS.search(line))
    if len(line) > _WRAPPED:  # one paragraph a line
        return ended or len(line) > 3 * _WRAPPED
    if ended:
        return False  # short lines: wrapped text, sentencex sees the end
    words = line.split()
    return len(line) < 40 and len(words) <= 6 and following[:1].isupper() and line.isupper()


def _split(source: str, start: int, end: int) -> Iterator[Span]:
    """sentencex on the stretch, then its false ends taken back."""
    flat = source[start:end].replace("\n", " ").replace("\t", " ").replace("\xa0", " ")
    low = 0
    position = 0
    pieces: list[Span] = []
    for piece in segment("en", flat):
        stripped = piece.strip()
        if not stripped:
            continue
        found = flat.find(stripped, position)
        if found == -1:  # the library altered the text: leave the rest whole
            break
        position = found + len(stripped)
        pieces.append((found, position))
    if pieces and pieces[-1][1] < len(flat):
        pieces[-1] = (pieces[-1][0], len(flat))
    if not pieces and flat.strip():
        pieces = [(0, len(flat))]
    joined: list[Span] = []
    for low, high in pieces:
        if joined and _goes_on(flat, joined[-1], (low, high)):
            joined[-1] = (joined[-1][0], high)
            continue
        if joined and (closing := _CLOSING.match(flat[low:high])):
            cut = low + closing.end()
            joined[-1] = (joined[-1][0], cut)
            low = cut
        if flat[low:high].strip():
            joined.append((low, high))
    for low, high in joined:
        yield start + low, start + high


def _goes_on(flat: str, former: Span, later: Span) -> bool:
    """Whether what the library took for two sentences is one."""
    head = flat[former[0] : former[1]].rstrip()
    tail = flat[later[0] : later[1]].lstrip()
    if not tail:
        return True
    if tail[0].islower() or tail[0] in ",;)":
        return not head.endswith(("!", "?")) or tail[0] in ",;)"
    if _NUMBER.fullmatch(head + " "):  # a paragraph's number alone
        return True
    if _ABBREVIATED.search(head):
        initial = re.search(r"\b[A-Z]\.$", head)
        return not initial or (
            bool(re.search(r"\b(?:[A-Z]\.[ ]?)+$", head)) and len(head.split()) > 1
        )
    return bool(tail[0] in "(" and re.match(r"\([a-z0-9]{1,3}\)", tail) and head.endswith("para."))


def _shortened(source: str, start: int, end: int) -> Iterator[Span]:
    """A very long sentence at its semicolons, where each part is long enough to say something."""
    if end - start <= LONGEST:
        yield start, end
        return
    low = start
    for match in re.finditer(r";\s", source[start:end]):
        cut = start + match.end()
        if cut - low >= _SHORTEST_PIECE and end - cut >= _SHORTEST_PIECE:
            yield low, cut
            low = cut
    yield low, end


def _trim(source: str, start: int, end: int) -> Span | None:
    """Without surrounding white space and without a paragraph's number."""
    number = _NUMBER.match(source, start, end)
    if number and source[:start].rstrip(" \t")[-1:] in ("", "\n"):
        start = number.end()
    while start < end and source[start].isspace():
        start += 1
    while end > start and source[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
