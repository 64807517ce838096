"""Sentences of a source, as spans: a library's rules plus those for what it gets wrong.

First page marks and paragraph numbers become spaces, so that offsets stay. Then lines are gathered
into paragraphs, within which a line's end means nothing. Then `sentencex` splits each paragraph,
its false ends are taken back, and the ends that it passes over, mostly in quotations, are found.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from sentencex import segment

from service.corpus.text import FURNITURE

Span = tuple[int, int]

# A line longer than this isn't wrapped at a column, but a paragraph, or the most of one.
_WRAPPED = 90
_LONG = 270
LONGEST = 700
_SHORTEST_PIECE = 60

_NUMBERED_FROM = 3  # so many numbered lines make a record of numbered paragraphs
_STEP = 3  # from one number to the next: some are missing or misread
# "99. " and, as scanned in such records, "112, I", "54.. I", "271 The" or "13?, For".
_NUMBER = re.compile(
    r"(?:^|(?<=[.!?\"”])(?=[ \t]))[ \t]*(\d{1,3})([.,:;?!*•’'-]{0,3}(?:[ \t]+[v^.,])?)[ \t]+"
    r"(?=[\"“'‘(\[«]?([^\W\d_]))",
    re.MULTILINE,
)
_NUMBERED_LINE = re.compile(r"^[ \t]*\d{1,3}\.[ \t]+[\"“'‘(\[«]?[^\W\d_]", re.MULTILINE)
_BULLET = re.compile(r"(?:\(?(?:[a-z]|\d{1,2}|[ivx]{2,4})\)|[-•*–—])[ \t]+")
_LINE = re.compile(r"[^\n]+")
_ENDED = re.compile(r"[.!?…:;][\"”’'»)\]]*$")

# A salutation on a line of its own; with one of the others it is a sentence.
_ADDRESS = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Madam|Madame|Sir|Your|Dear|Distinguished|Excellenc(?:y|ies)|Ladies|Gentlemen|"
    r"Honou?rable|Fellow|Esteemed|Brothers|Friends|Colleagues|Delegates)\b)",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(
    r"\b(?:President|Excellenc(?:y|ies)|Secretary|delegates?|gentlemen|ladies|colleagues|friends|"
    r"Sir|Madam|Majest(?:y|ies)|Highness(?:es)?|Heads|Ministers|representatives|Chair\w*|members|"
    r"participants|guests|brothers)\b",
    re.IGNORECASE,
)
_NO_ADDRESS = re.compile(r"\b(?:I|we|is|are|was|were|it|wish|has|have|had|will|allow|let|behalf)\b")
_LONGEST_ADDRESS, _SHORT_ADDRESS = 250, 60

# A line that ends with one of these is no heading: its sentence goes on.
_LEADS_ON = frozenset(
    "a an the of to in on at by for from with and or nor but as that which who whom whose than "
    "into upon under between among against through towards toward its their our his her my your "
    "this these those is are was were be been has have had will shall would should could may can "
    "must not no both either such very more most other all any each every some if when while where "
    "because since until after before during without within over about also only".split()
)

# A full stop after these doesn't end a sentence: ever, before a figure, before a name.
_TITLES = frozenset(
    "Mr Mrs Ms Dr Prof Amb Gen Col Lt Sgt Capt Hon Rev St Sts Mt Messrs Mme Mlle Gov Sen Rep Maj "
    "Adm Brig Mgr Fr H.E e.g i.e cf viz v vs approx ca".split()
)
_REFERENCES = frozenset(
    "No Nos no nos art arts Art Arts para paras Para Paras par res Res vol Vol chap Chap sect Sect "
    "sec Sec p pp Supp Suppl Add Corr Rev annex doc fig ch Vols vols".split()
)
_BEFORE_NAMES = frozenset("Inc Ltd Corp Co Bros Jr Sr".split())
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
_REACH = 200  # characters of what is before a stop that tell whether it ends a sentence
_LAST_WORD = re.compile(r"([^\s(\[“\"‘«]+)\.$")
_FIGURE = re.compile(r"[\d(\[]|[IVXLA]+\b")
_STARTER = re.compile(
    r"(?:The|This|These|That|Those|There|It|In|On|At|For|From|We|I|You|He|She|They|Our|My|His|Its|"
    r"Their|Your|And|But|However|As|If|When|While|What|Why|How|Who|Such|Let|Thus|Therefore|Today|"
    r"Now|After|Before|With|By|To|Not|Nor|Yet|Another|All|Some|Many|Most|Both|Each|Every|Any|One|"
    r"Once|Only|Since|Although|Though|Because|Moreover|Furthermore|Finally|Nevertheless|Indeed|Here|"
    r"Again|An|A|Under|Is|Are|Do|Does|Have|Has|Will|Shall|Can|Should|Must|May)\b(?![.-])"
)
_END = re.compile(
    r"[^\W_][%)\]”\"’']*[.!?]+[\"”’»)\]]*(?=\s+[\"“«‘(\[]*[A-Z])|[.!?][”»](?=\s+[A-Z])"
)
_OPENING = re.compile(r"(?<=\s)[“«‘]+\s*$")  # the library leaves it with the sentence before
_CLOSING = re.compile(r"[\"”’»)\]]+(?=\s|$)")
# "[A/7201, para. 84]" after what it documents.
_OPEN_BRACKET = re.compile(r"[\[(][^\[\]()]{0,60}$")
_SHUT_BRACKET = re.compile(r"[^\[\]()]{0,40}[\])]")
_CITATION = re.compile(
    r"\s*[\[(](?=[^\[\]()]*(?:[A-Za-z]{2}|\d{3}))[^\[\]()]{0,80}\d[^\[\]()]{0,60}(?<![.!?])[\])][.,;]?"
)


def sentences(source: str) -> Iterator[Span]:
    """Spans of sentences, in order, apart from each other, trimmed; paragraph numbers left out.

    Line ends within wrapped text don't split; blank lines, numbered paragraphs and headings do,
    unless the sentence plainly goes on after them. What holds no two letters is left out.
    """
    flat, openings = _blanked(source)
    for start, end in _paragraphs(flat, openings):
        for low, high in _split(flat, start, end):
            for span in _shortened(flat, low, high):
                trimmed = _trim(flat, *span)
                if trimmed and sum(map(str.isalpha, flat[slice(*trimmed)])) >= 2:
                    yield trimmed


def _blanked(source: str) -> tuple[str, list[int]]:
    """The source with spaces for page marks (after a form feed) and for paragraphs' numbers; and
    the places at which numbered paragraphs open."""
    flat = FURNITURE.sub(lambda mark: "\f" + " " * (len(mark[0]) - 1), source)
    numbered = len(_NUMBERED_LINE.findall(flat)) >= _NUMBERED_FROM
    openings: list[int] = []
    pieces: list[str] = []
    done = 0
    last: int | None = None
    for match in _NUMBER.finditer(flat):
        number, plain = int(match[1]), match[2] == "."
        at_line = match.start() == 0 or flat[match.start() - 1] == "\n"
        step = number - last if last is not None else 0
        if numbered and match[3].isupper():
            opens = 0 < step <= _STEP if at_line else plain and step == 1
        else:
            opens = False
        if not opens and not (at_line and plain and _may_open(flat, match.start())):
            continue
        last = number
        openings.append(match.end())
        pieces += flat[done : match.start()], " " * (match.end() - match.start())
        done = match.end()
    return "".join([*pieces, flat[done:]]), openings


def _may_open(flat: str, start: int) -> bool:
    """Whether a paragraph may begin at this line: not in the midst of a sentence, where "242." is
    the end of one."""
    before = flat[:start].rstrip() if start < _LONG else flat[start - _LONG : start].rstrip()
    if not before or _ENDED.search(before):
        return True
    return "\n" not in before[-_WRAPPED:] and len(before) > _WRAPPED


def _paragraphs(flat: str, openings: list[int]) -> Iterator[Span]:
    """Stretches within which a line's end means nothing."""
    low: int | None = None  # where the stretch began
    opened = 0  # the first of its last lines that a sentence may begin with
    former: Span | None = None
    for start, end, opens in _pieces(flat, openings):
        if former is None or low is None:
            low = opened = start
        elif opens or _breaks(flat, opened, former, (start, end)):
            yield low, former[1]
            low = opened = start
        elif _ENDED.search(flat[former[0] : former[1]]):
            opened = start
        former = (start, end)
    if former is not None and low is not None:
        yield low, former[1]


def _pieces(flat: str, openings: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Lines that hold something, trimmed, cut where a numbered paragraph opens amid them."""
    for line in _LINE.finditer(flat):
        start, end = line.span()
        i = bisect_left(openings, start)
        opens = False
        while i < len(openings) and openings[i] < end:
            if span := _stripped(flat, start, openings[i]):
                yield *span, opens
            start, opens = openings[i], True
            i += 1
        if span := _stripped(flat, start, end):
            yield *span, opens


def _breaks(flat: str, opened: int, former: Span, later: Span) -> bool:
    """Whether a paragraph ends between two lines."""
    above, below = flat[slice(*former)], flat[slice(*later)]
    between = flat[former[1] : later[0]]
    blank = between.count("\n") > 1
    ended = bool(_ENDED.search(above))
    if _BULLET.match(below):
        return ended or blank
    if below[0].islower():
        return False
    if _is_address(flat[opened : former[1]], below):
        return True
    if "\f" in between:  # a new page says nothing
        return ended
    words = above.split()
    leads_on = words[-1].lower() in _LEADS_ON
    if blank:
        return not leads_on
    if len(above) > _WRAPPED:
        # Without a stop, most go on with a name: "the United / Nations".
        return ended or (len(above) > _LONG and not leads_on and bool(_STARTER.match(below)))
    if ended or leads_on:  # short lines: wrapped text, sentencex sees the end
        return False
    capitals = len(above) < 40 and len(words) <= 6 and above.isupper()
    # A heading, in text with a paragraph a line.
    return capitals or (len(below) > _WRAPPED and not below[0].isdigit())


def _is_address(text: str, below: str) -> bool:
    """ "Mr. President," on a line of its own."""
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.match(text) or not _ADDRESSED.search(text):
        return False
    if _NO_ADDRESS.search(text):
        return False
    if text[-1] in ",:!.;":
        return True
    alone = len(below) > _WRAPPED or bool(_ADDRESS.match(below))
    return alone and len(text) <= _SHORT_ADDRESS


def _split(flat: str, start: int, end: int) -> Iterator[Span]:
    """sentencex on the stretch, then its false ends taken back and those it missed found."""
    stretch = flat[start:end].replace("\n", " ").replace("\t", " ").replace("\xa0", " ")
    joined: list[Span] = []
    for low, high in _segments(stretch):
        for pattern in (_CLOSING, _CITATION):
            if joined and (closing := pattern.match(stretch, low, high)):
                low = closing.end()
                joined[-1] = (joined[-1][0], low)
        if not stretch[low:high].strip():
            continue
        if joined and _goes_on(stretch[slice(*joined[-1])], stretch[low:high]):
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    for low, high in joined:
        for match in _END.finditer(stretch, low, high):
            cut = match.end()
            if cited := _CITATION.match(stretch, cut, high):
                cut = cited.end()
            if cut > low and not _goes_on(stretch[low:cut], stretch[cut:high]):
                yield start + low, start + cut
                low = cut
        yield start + low, start + high


def _segments(stretch: str) -> list[Span]:
    """What the library takes for sentences."""
    found: list[Span] = []
    done = 0
    for piece in segment("en", stretch):
        stripped = piece.strip()
        if not stripped:
            continue
        at = stretch.find(stripped, done)
        if at == -1:  # the library altered the text: leave the rest whole
            break
        done = at + len(stripped)
        if found and (opening := _OPENING.search(stretch, *found[-1])):
            found[-1] = (found[-1][0], opening.start())
            at = opening.start()
        found.append((at, done))
    if not found:
        return [(0, len(stretch))]
    found[0] = (0, found[0][1])
    found[-1] = (found[-1][0], len(stretch))
    return found


def _goes_on(head: str, tail: str) -> bool:
    """Whether what looks like two sentences is one."""
    head, tail = head.rstrip()[-_REACH:], tail.strip()
    if not tail or tail[0].islower() or tail[0] in ",;)":
        return True
    if _CITATION.fullmatch(tail) or (_OPEN_BRACKET.search(head) and _SHUT_BRACKET.match(tail)):
        return True
    match = _LAST_WORD.search(head)
    if not match:
        return False
    word = match[1]
    if word in _TITLES or (word.isupper() and word.capitalize() in _TITLES):
        return True
    if word in _REFERENCES:
        return bool(_FIGURE.match(tail))
    if word in _BEFORE_NAMES or _INITIALS.fullmatch(word):
        return tail[0] not in '"“«‘' and not _STARTER.match(tail)
    return False


def _shortened(flat: str, start: int, end: int) -> Iterator[Span]:
    """A very long sentence at its semicolons, where each part is long enough to say something."""
    if end - start <= LONGEST:
        yield start, end
        return
    low = start
    for match in re.finditer(r";\s", flat[start:end]):
        cut = start + match.end()
        if cut - low >= _SHORTEST_PIECE and end - cut >= _SHORTEST_PIECE:
            yield low, cut
            low = cut
    yield low, end


def _trim(flat: str, start: int, end: int) -> Span | None:
    """Without surrounding white space, and without the mark of a list's item."""
    span = _stripped(flat, start, end)
    if span is None:
        return None
    start, end = span
    bullet = _BULLET.match(flat, start, end)
    if bullet and flat[max(0, start - _WRAPPED) : start].rstrip(" \t\f")[-1:] in ("", "\n"):
        return _stripped(flat, bullet.end(), end)
    return span


def _stripped(flat: str, start: int, end: int) -> Span | None:
    while start < end and flat[start].isspace():
        start += 1
    while end > start and flat[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
