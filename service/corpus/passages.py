"""Which passages of an article are whose: one pass over its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from service.corpus.attribution import FINITE, Reporting, Sentences
from service.corpus.continuation import Place, goes_on
from service.corpus.dateline import (
    Dateline,
    find_forum,
    is_frame,
    is_headline,
    is_quoted_headline,
    read_dateline,
    without_end_marks,
)
from service.corpus.quotations import Quoted, Span, tidy
from service.corpus.sentences import sentences
from service.corpus.speaker_words import HONORIFIC
from service.corpus.speakers import Cast, Voice

_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+")
_SEATS = {
    "vienna",
    "brussels",
    "nairobi",
    "addis ababa",
    "the hague",
    "rome",
    "paris",
    "washington",
}
_INTRODUCES = re.compile(
    r"(?P<s>[^;:]{3,200}?),?\s+(?:also\s+|on \w+day\s+)?(?:spoke|speaks|addressed|addresses|"
    r"attended|"
    r"delivered|made|held|met|chaired|took the floor|took part|presided|opened|briefed|visited|"
    r"outlined|presented|gave|was|is|sounded|remained)\b"
)
# A list that the speaker is said to have put forward, and the items of a list.
_LISTS = re.compile(
    r"\b(?:put forward|made|outlined|presented|proposed|listed|set out|laid out|offered|raised|"
    r"suggested|advanced|named|identified)\b[^.:]*\b(?:points?|proposals?|suggestions?|demands|"
    r"principles|priorities|conditions|steps|measures|recommendations?|requests|initiatives)\b",
    re.I,
)
_ORDINAL = re.compile(
    r"\s*(?:(?:(?:First|Second|Third|Fourth|Fifth|Sixth)(?:ly)?|Lastly|Finally),|"
    r"(?:The (?:first|second|third|fourth|fifth|last)|One|Another) (?:is|was)\b)"
)
_NUMBER = re.compile(r"\s*(?:\(?(?:\d{1,2}|[a-h]|[ivx]{1,4})[.)]|[-–—•*])\s+")
_DOES = re.compile(r"(?P<s>[^;:]{2,200}?),?\s+(?:also\s+|then\s+)?(?:\w+ed|put|made|set|laid)\b")
_LESS_OFFICIAL = re.compile(
    r"\bin a (?:statement|written|social|post|tweet|message)|press |news "
    r"conference|briefing|told reporters|interview",
    re.I,
)


@dataclass(slots=True)
class Passage:
    """A claim to be: a span, its voice, and whether it stands in quotation marks."""

    start: int
    end: int
    voice: Voice
    quoted: bool


@dataclass(slots=True)
class Reading:
    """What one reading of an article found."""

    passages: list[Passage] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)  # offset, reason
    dateline: Dateline | None = None
    lead: str = ""


class Reader:
    """One pass over an article's sentences."""

    def __init__(self, text: str, cast: Cast) -> None:
        self._text = text
        self._cast = cast
        cast.article = " ".join(text.split())
        self._found = Reading()
        self._open = False  # the speaker's passage goes on until something ends it
        self._dense = False
        self._listing = False  # a speaker's list has been announced, and its items follow

    def read(self) -> Reading:
        paragraphs = list(_paragraphs(self._text))
        body = list(self._body(paragraphs))
        quoted = Quoted(self._text, body)
        self._quoted = quoted
        self._finder = Sentences(self._text, quoted, self._cast)
        split = [self._sentences(span) for span in body]
        self._dense = self._is_dense(split)
        for index, spans in enumerate(split):
            if index == 0 and self._is_garbled(spans):
                self._introduce(spans)
                continue
            self._paragraph(spans)
        return self._found

    def _is_dense(self, split: list[list[Span]]) -> bool:
        """Whether this correspondent attributes nearly each sentence, so that those without
        attribution are his own."""
        trial = Cast(self._cast.states, self._cast.capitals)
        trial.article = self._cast.article
        finder = Sentences(self._text, self._quoted, trial)
        total = attributed = 0
        for start, end in (span for spans in split for span in spans):
            found = finder.reporting(start, end)
            if found:
                trial.current = found.voices
            total += 1
            attributed += found is not None or self._quoted.around(start + 1, end - 1) is not None
        return total >= 5 and attributed > 0.55 * total

    # -- frame ---------------------------------------------------------------------------------

    def _body(self, paragraphs: list[Span]) -> Iterator[Span]:
        """The paragraphs of the report proper; headline, byline and notices are frame."""
        begun = 0
        for start, end in paragraphs:
            words = self._text[start:end]
            if is_frame(words) or without_end_marks(self._text, start, end) == start:
                self._leave(start, "frame: byline, credit or notice")
                continue
            end = without_end_marks(self._text, start, end)
            words = self._text[start:end]
            dateline = None
            if begun < 3 and self._found.dateline is None:
                dateline = self._dateline(start, end)
            headline = is_headline(words) or (not begun and is_quoted_headline(words))
            if dateline is None and headline and not _NUMBER.match(words):
                self._leave(start, "frame: a subheading" if begun else "frame: a headline")
                continue
            if dateline is not None:
                self._found.dateline, start = dateline, dateline.end
                self._cast.home = self._home(dateline)
            if not begun or dateline is not None:
                self._found.lead = self._text[start:end]
            begun += 1
            yield start, end

    def _dateline(self, start: int, end: int) -> Dateline | None:
        """At the paragraph's start or, where a PDF has lost the blank lines, at a line's."""
        if dateline := read_dateline(self._text, start, end):
            return dateline
        for line in list(re.finditer(r"\n", self._text[start:end]))[:6]:
            dateline = read_dateline(self._text, start + line.end(), end)
            if dateline and (dateline.agency or dateline.day or dateline.capitals):
                self._leave(start, "frame: lines before the dateline")
                return dateline
        return None

    def _home(self, dateline: Dateline) -> str | None:
        """The country of the dateline's capital; where the world meets, it says nothing."""
        place = (dateline.place or "").lower()
        return None if place in _SEATS else self._cast.capitals.get(place)

    def _sentences(self, paragraph: Span) -> list[Span]:
        """Sentences; a fragment that starts in lower case belongs to the one before."""
        begin, stop = paragraph
        spans: list[Span] = []
        for start, end in sentences(self._text[begin:stop]):
            start, end = begin + start, begin + end
            words = self._text[start:end].lstrip("\"'“”‘’»«)]( ")
            fragment = words[:1].islower() or not any(char.isalnum() for char in words)
            if spans and fragment:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        return spans

    def _is_garbled(self, spans: list[Span]) -> bool:
        """A lead that breaks off into a list without a verb: a summary by machine or in haste."""
        return (
            len(spans) > 1
            and any(
                not FINITE.search(words)
                and re.search(r"(?:,|\band)\s+\w+ing\b", words)
                and self._quoted.around(start + 1, end - 1) is None
                for start, end in spans[1:]
                if (words := self._text[start:end])
            )
            and self._finder.reporting(*spans[0]) is not None
        )

    def _introduce(self, spans: list[Span]) -> None:
        """Of a garbled lead, what it attributes in so many words counts; the rest doesn't."""
        found = self._finder.reporting(*spans[0])
        if found:
            self._attributed(found, *spans[0])
        for start, _ in spans[1:]:
            self._leave(start, "the correspondent's summary in the lead")
        self._open = False

    # -- attribution ---------------------------------------------------------------------------

    def _paragraph(self, spans: list[Span]) -> None:
        """Assign each sentence of one paragraph to a voice or to the correspondent."""
        self._cast.before, self._cast.in_hand = self._cast.in_hand, None
        waiting: list[Span] = []  # direct speech whose speaker is named after it
        fresh = True  # nothing in this paragraph is attributed yet
        for start, end in spans:
            found = self._finder.reporting(start, end)
            words = self._quoted.outside[start:end]
            if found is None:
                if self._is_direct(start, end):
                    waiting.append((start, end))
                    continue
                waiting = self._speak(waiting)
                fresh = not self._unattributed(start, end, fresh) and fresh
                self._cast.introduce(words)
                continue
            before = self._cast.current
            if waiting and not (found.front and found.contents):
                self._cast.current = found.voices  # "A. B," said X: A is X's as well
            elif waiting:
                self._cast.current = before
            if not (found.contents or waiting):
                self._leave(start, "an attribution without words of the speaker's")
            waiting = self._speak(waiting)
            self._sentence(found, start, end)
            self._cast.introduce(words)
            self._listing = _LISTS.search(words) is not None
            fresh = False
        self._speak(waiting)

    def _sentence(self, found: Reporting, start: int, end: int) -> None:
        """One sentence with its attribution, or with two: "X said A, while Y insisted B"."""
        if found.front and found.contents and (other := self._finder.contrast(found, end)):
            at, second = other
            contents = tuple((a, min(b, at)) for a, b in found.contents if a < at)
            self._attributed(replace(found, contents=contents), start, at)
            self._attributed(second, at, end)
        else:
            self._attributed(found, start, end)

    def _is_direct(self, start: int, end: int) -> bool:
        """Whether a whole sentence stands within quotation marks."""
        first, last, quoted = tidy(self._text, self._quoted, start, end)
        return quoted and end - start - (last - first) <= 4

    def _speak(self, waiting: list[Span]) -> list[Span]:
        """Give direct speech to whoever is speaking."""
        for start, end in waiting:
            official = [voice for voice in self._cast.current if voice.official]
            if official:
                self._take(official, start, end)
                self._open = True
            else:
                self._leave(start, "a quotation of nobody who speaks for a state")
        return []

    def _attributed(self, found: Reporting, start: int, end: int) -> None:
        self._cast.current = found.voices
        first = found.voices[0]
        self._cast.in_hand = first.state if first.by_country and len(found.voices) == 1 else None
        self._note_setting(found.voices, self._frame_of(found, start, end))
        official = [voice for voice in found.voices if voice.official]
        self._open = bool(official)
        if not official:
            label = found.voices[0].label or str(found.voices[0])
            self._leave(start, f"not a state's representative: {label}")
            return
        for content in found.contents:
            self._take(official, *content)

    def _unattributed(self, start: int, end: int, fresh: bool) -> bool:
        """Whether a sentence without attribution goes on with the speaker and is taken as his."""
        official = [voice for voice in self._cast.current if voice.official]
        words = self._quoted.outside[start:end]
        if self._listing and official and self._is_item(start, words):
            self._open = True
            self._take(official, start, end)
            return True
        if introduced := self._introduced(words):
            self._cast.current = introduced
            self._note_setting(introduced, words)
            self._open = False
            self._listing = _LISTS.search(words) is not None
            self._leave(start, "the correspondent's own words")
            return False
        place = Place(new_paragraph=fresh, open=self._open, dense=self._dense)
        if official and goes_on(words, place):
            self._open = True
            self._take(official, start, end)
            return True
        self._open = False
        self._leave(start, "the correspondent's own words")
        return False

    def _is_item(self, start: int, words: str) -> bool:
        """Whether a list's number, which is no part of the sentence, or a "First" stands there."""
        line = self._text.rfind("\n", 0, start) + 1
        return bool(_NUMBER.fullmatch(self._text[line:start]) or _ORDINAL.match(words))

    def _introduced(self, words: str) -> tuple[Voice, ...]:
        """The voices that a sentence brings in without a word of theirs: "X addressed Y"."""
        match = _INTRODUCES.match(words) or (_LISTS.search(words) and _DOES.match(words))
        if match:
            voices = self._cast.resolve(match["s"], certain=True)
            if all(voice.official and voice.name for voice in voices):
                return voices
        # "Tamm brushed it aside": the next "she" is Tamm, whatever the verb.
        opening = re.match(rf"(?:{HONORIFIC.pattern}\s+)*([A-Z][\w’'-]+)\s+(?=[a-z])", words)
        known = self._cast.surname(opening[1]) if opening else None
        return (known,) if known and known not in self._cast.current else ()

    def _take(self, voices: list[Voice], start: int, end: int) -> None:
        end = without_end_marks(self._text, start, end)
        start, end, quoted = tidy(self._text, self._quoted, start, end)
        # A quotation may run over several sentences within one sentence of the correspondent's.
        for first, last in self._sentences((start, end)) if quoted else [(start, end)]:
            if len(_WORD.findall(self._text[first:last])) < 2:
                self._leave(first, "too short to be a claim")
                continue
            for voice in voices:
                self._found.passages.append(Passage(first, last, voice, quoted))

    def _leave(self, offset: int, reason: str) -> None:
        self._found.left_out.append((offset, reason))

    def _frame_of(self, found: Reporting, start: int, end: int) -> str:
        """A sentence without what the speaker says in it."""
        outside = self._quoted.outside
        parts, at = [], start
        for first, last in found.contents:
            parts.append(outside[at:first])
            at = last
        return " ".join([*parts, outside[at:end]])

    def _note_setting(self, voices: tuple[Voice, ...], words: str) -> None:
        """Where and for whom they spoke, as the correspondent's part of a sentence tells."""
        for voice in voices:
            voice.frames.append(words)
            voice.forum = voice.forum or find_forum(words)
            if not voice.placed:
                voice.placed = True
                voice.elsewhere = bool(_LESS_OFFICIAL.search(words))


def _paragraphs(text: str) -> Iterator[Span]:
    """Spans between blank lines; where there are none, long lines are paragraphs."""
    pattern = r"\n[^\S\n]*\n\s*"
    lines = [line for line in text.split("\n") if line.strip()]
    blank = re.search(pattern, text.strip())
    if not blank and len(lines) > 1 and sum(map(len, lines)) / len(lines) > 100:
        pattern = r"\n\s*"
    start = 0
    for gap in [*re.finditer(pattern, text), None]:
        end = gap.start() if gap else len(text)
        if text[start:end].strip():
            yield start, end
        start = gap.end() if gap else end
