"""The reporting clause of one sentence: who says it, and which part of it is theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.corpus.quotations import HIDDEN, MARKS, OPENERS, Quoted, Span
from service.corpus.reporting_verbs import MONTH, TIME, WEEKDAY, Takes, VerbGroup, verb_groups
from service.corpus.speakers import Cast, Voice

FINITE = re.compile(
    r"\b(?:must|should|will|would|can|could|may|might|shall|cannot|is|are|was|were|has|have|had|"
    r"does|do|did|am|(?<!the )(?<!no )(?<!a )(?<!any )needs?|needed|remain|remains|remained|"
    r"won[’']t|don[’']t|can[’']t|"
    r"(?:it|that|there|he|she|what|here)[’']s|\w+[’'](?:re|ve|ll|m)|(?:is|are|do|does|did|has|have|was|were|would|could|should)n[’']t)\b",
    re.I,
)
# A verb beyond the auxiliaries: a word in -s or -ed straight after a plausible subject.
_PLAIN_VERB = re.compile(
    r"^\W*(?:(?!the\b)[\w’-]+\s+){1,6}?[\w-]{2,}(?:ed|es|[^s]s)\s+(?:the|a|an|to|"
    r"no|its|their|his|her|all|in|on|with|by|from|that|over|for)\b",
    re.I,
)
_WE = re.compile(r"(?:and |but |so )?(?:we|they|he|she|it|I|you|nobody|everyone)\s+\w", re.I)
_MEETING = (
    r"(?:meeting|conference|summit|session|forum|debate|briefing|event|ceremony|talks|"
    r"assembly|council|committee|parliament|hearing|dialogue|gathering|seminar)"
)
_ADJUNCT_START = re.compile(
    rf"\s*,?\s*(?:$|{TIME}|(?:in|at|to|during|on|before|after|via|through|while|when|following|"
    rf"ahead of|from|by|of|over|upon|with|for|about|as|again|here|also|separately|speaking|"
    rf"addressing|repeatedly|further|clearly|however|out|\w+ly)\b)",
    re.I,
)
# Adjuncts short and certain enough to be skipped where no "that" shows where they end.
_ADJUNCT = re.compile(
    rf"\s*,?\s*(?:{TIME}|here|again|also|separately|however|"
    rf"on (?:X|Twitter|Facebook|social media|state television)|"
    rf"in (?:a|an|his|her|its|their|the) (?:\w+ ){{0,3}}(?:statement|speech|address|interview|post|"
    rf"message|letter|remarks|release|note|reply|communiqué)"
    rf"(?: (?:to|with|on|for|from|at) (?:the )?(?:[A-Z]\S*)(?: (?:of (?:the )?)?[A-Z]\S*)*)?|"
    rf"(?:at|during|to|before) (?:a|an|the|his|her|this|that) (?:[\w-]+ ){{0,4}}{_MEETING}"
    rf"(?: (?:in|on|of|with) (?:the )?[A-Z]\S*(?: [A-Z]\S*)*)*|"
    rf"in (?!fact\b)[A-Z]\w+(?: [A-Z]\w+)*|to (?:reporters|journalists|the press))(?=[\s,.:]|$),?"
)
_HEARER = re.compile(
    rf"\s*(?:(?:the|a|his|her|their|its|state|local)\s+)?(?:(?:[A-Z][\w.’'-]*|of|the|UN|news|state|"
    rf"foreign|press|daily|agency|television|radio|newspaper|visiting|fellow|fifteen-member|"
    rf"15-member|\d+-\w+)\s+){{0,7}}"
    rf"(?:reporters|journalists|{_MEETING}|delegates|members|lawmakers|ministers|leaders|agency|"
    rf"television|radio|newspaper|colleagues|counterparts?|diplomats|audience|media|press|"
    rf"[A-Z][\w.’'-]*)\b"
)
_ACCORDING = re.compile(r"\b(?:according to|in the words of)\s+", re.I)
_SECOND_SAYING = re.compile(
    r"\s*,\s*(?:and\s+)?(?:(?:then|also|further)\s+)?(?:adding|noting|stressing|saying|warning|"
    r"insisting|arguing|emphasi[sz]ing|explaining|recalling|pointing out|underlining|reiterating)"
    r"(?:\s+(?:again|also))?(?:\s+that|:|,)?\s+"
)
_INVERTIBLE = frozenset(
    "said says added adds warned asked replied continued explained stressed "
    "noted argued insisted wrote declared concluded".split()
)
# "did not say", "has not commented": the correspondent tells of silence.
_SAY_NOTHING = r"\s+(?:to (?:comment|say|elaborate|answer|respond|speak|give|discuss)|comment)\b"
_SILENCE = re.compile(
    r"^(?:say|said|comment|mention|elaborate|answer|respond|repl|explain|reveal|"
    r"disclose|indicate|write|specify|clarif|report)"
)
_FAR = 400  # characters; no reporting clause is longer
_SENTENCE_END = ".!?…。！？"


@dataclass(frozen=True, slots=True)
class Reporting:
    """A reporting clause: its voices, and the spans of what they say (none: "he said.")."""

    voices: tuple[Voice, ...]
    contents: tuple[Span, ...]
    clause: Span
    front: bool


class Sentences:
    """Finds the reporting clauses of one source's sentences."""

    def __init__(self, source: str, quoted: Quoted, cast: Cast) -> None:
        self._source = source
        self._text = quoted.outside
        self._quoted = quoted
        self._cast = cast

    def reporting(self, start: int, end: int) -> Reporting | None:
        """The clause by which [start, end) is attributed; None where it has none."""
        opens = self._cast.mentions(self._source[start : min(end, start + 60)])
        self._cast.opening = opens[0][2] if opens and opens[0][0] <= 5 else None
        return (
            self._according(start, end)
            or self._front(start, end)
            or self._colon(start, end)
            or self._inserted(start, end)
        )

    # -- "X said that A" -----------------------------------------------------------------------

    def _front(self, start: int, end: int) -> Reporting | None:
        text = self._text
        for verb in verb_groups(text, start, end):
            if HIDDEN in text[start : verb.start]:
                return None  # a quotation comes first: the clause stands after it
            if verb.start - start > _FAR:
                return None
            subject = self._subject(start, verb)
            if subject.rstrip().endswith(",") and subject.count(",") == 1:
                continue  # "A, warned X": the subject comes after
            voices = self._cast.resolve(subject, certain=not verb.plain)
            if not voices or (verb.takes is Takes.ACTION and not _can_act(voices, verb)):
                continue
            if verb.present and self._own_country(subject, voices):
                return None  # "China supports ...": the speaker's own sentence goes on
            content = self._content(verb, end)
            spans = () if content is None else ((content, end),)
            return Reporting(voices, spans, (start, content or end), front=True)
        return None

    def _subject(self, start: int, verb: VerbGroup) -> str:
        """What stands before the verb; of "he met reporters and said" only "he"."""
        subject = self._text[start : verb.start]
        joined = re.search(r"\s+(?:\w+ed|met|took|spoke|made|gave|held|had)\s.*\band\s+$", subject)
        if joined:
            return subject[: joined.start()]
        return subject

    def _own_country(self, subject: str, voices: tuple[Voice, ...]) -> bool:
        """A bare country, in the present tense, while its representative is speaking."""
        return (
            len(self._cast.current) == 1
            and voices == self._cast.current
            and bool(self._cast.bare_state(subject))
        )

    def _content(self, verb: VerbGroup, end: int) -> int | None:
        """Where the content starts after the verb; None where nothing follows."""
        text, at = self._text, verb.end
        rest = text[at:end]
        if not rest.strip(" \n\t,." + "".join(MARKS)):
            return None
        if verb.word in ("declined", "refused") and re.match(_SAY_NOTHING, rest):
            return None
        if verb.negated:
            return None if _SILENCE.search(verb.word) else verb.act
        direct = re.match(
            rf"([^.;{HIDDEN}{re.escape(''.join(OPENERS))}]{{0,200}}?)([:,]\s*)"
            rf"(?=[{re.escape(''.join(OPENERS))}'])",
            rest,
        )
        if direct and self._skippable(direct[1], verb):
            return at + direct.end()
        if verb.takes is not Takes.ACTION:
            for that in re.finditer(r"\bthat\b\s*,?\s*", rest):
                between = rest[: that.start()]
                if len(between) > 220 or re.search(r"[;:]", between):
                    break
                if self._skippable(between, verb) and not FINITE.search(between):
                    return at + that.end()
            colon = re.match(r"([^:;.]{0,160}?):\s+", rest)
            if colon and self._skippable(colon[1], verb):
                return at + colon.end()
            begin = self._after_adjuncts(verb, end)
            if begin >= end or not text[begin:end].strip(" .,"):
                return None
            if verb.word in ("said", "says", "say") or self._is_clause(begin, end):
                return begin
        return verb.act

    def _skippable(self, between: str, verb: VerbGroup) -> bool:
        """Whether words between the verb and its content are only hearers, places and times."""
        if verb.takes is Takes.HEARER or verb.word in ("warned", "warns", "cautioned"):
            return True
        return bool(_ADJUNCT_START.match(between))

    def _after_adjuncts(self, verb: VerbGroup, end: int) -> int:
        text, at = self._text, verb.end
        if verb.takes is Takes.HEARER and (hearer := _HEARER.match(text, at, end)):
            at = hearer.end()
        while (adjunct := _ADJUNCT.match(text, at, end)) and adjunct.end() > at:
            at = adjunct.end()
        return at + len(text[at:end]) - len(text[at:end].lstrip(" \n\t,"))

    def _is_clause(self, start: int, end: int) -> bool:
        """Whether the words have a finite verb before any relative pronoun."""
        clause = re.split(r"\b(?:that|which|who|whose|where)\b", self._text[start:end], maxsplit=1)[
            0
        ]
        if self._source[start] in OPENERS:
            clause = self._source[start:end]
        return bool(FINITE.search(clause))

    # -- "A, said X" and "A, X said, B" --------------------------------------------------------

    def _inserted(self, start: int, end: int) -> Reporting | None:
        text = self._text
        for verb in verb_groups(text, start, end):
            for boundary in self._boundaries(start, verb.start):
                subject = text[boundary : verb.start]
                if not subject.strip() or HIDDEN in subject:
                    continue
                voices = self._cast.resolve(subject, certain=not verb.plain)
                if voices and not (verb.negated and verb.takes is Takes.CLAUSE):
                    return self._around((boundary, verb.end), voices, start, end)
            if verb.word in _INVERTIBLE and self._opens_clause(start, verb.start):
                for stop in self._stops(verb.end, end):
                    voices = self._cast.resolve(self._without_adjuncts(text[verb.end : stop]))
                    if voices:
                        return self._around((verb.start, stop), voices, start, end)
        return None

    def _boundaries(self, start: int, before: int) -> list[int]:
        """After the last quotation, or after commas: the farthest first, four commas at most."""
        start = max(start, before - _FAR)
        found = [
            match.end()
            for match in re.finditer(
                rf"[,;]\s+|[–—-]\s+|[{re.escape(''.join(MARKS))}',]\s*", self._text[start:before]
            )
        ]
        return [start + offset for offset in found[-5:]]

    def _opens_clause(self, start: int, at: int) -> bool:
        before = self._text[start:at].rstrip()
        return bool(before) and (before[-1] in ",–—-" or before[-1] in MARKS)

    def _stops(self, begin: int, end: int) -> list[int]:
        """Where a clause may end: the next quotation, the sentence, commas; the farthest first."""
        end = stop = min(end, begin + _FAR)
        for at in range(begin, end):
            if self._text[at] in OPENERS:
                stop = at
                break
        commas = [m.start() for m in re.finditer(r",\s|\s[–—-]\s|[.;]\s*$", self._text[begin:stop])]
        return [stop, *(begin + comma for comma in reversed(commas))]

    def _without_adjuncts(self, text: str) -> str:
        """A subject that stands after its verb, without times, places and occasions."""
        text = text.strip(" \n.,;:–—-")
        text = re.sub(rf"\s+(?:{TIME}|on {WEEKDAY}|on \d+ {MONTH}).*$", "", text)
        text = re.sub(
            r",?\s+(?:in a|in an|at the|at a|during|after|before|ahead of|while|when|"
            r"following|speaking|who|which|adding|as)\b.*$",
            "",
            text,
        )
        return text.strip(" ,.")

    def _according(self, start: int, end: int) -> Reporting | None:
        found = _ACCORDING.search(self._text, start, end)
        if not found:
            return None
        for stop in self._stops(found.end(), end):
            name = re.sub(
                r"^(?:a|the) (?:statement|spokes\w+ statement|report) (?:by|from) ",
                "",
                self._without_adjuncts(self._text[found.end() : stop]),
            )
            voices = self._cast.resolve(name)
            if voices:
                return self._around((found.start(), stop), voices, start, end)
        return None

    def _colon(self, start: int, end: int) -> Reporting | None:
        """As in a record: a speaker's name, a colon, the words."""
        found = re.match(r"([^:.;?!]{3,120}):\s+(?=\S)", self._text[start:end])
        if not found or HIDDEN in found[1]:
            return None
        voices = self._cast.resolve(found[1], certain=True)
        if not voices or not all(voice.official and voice.name for voice in voices):
            return None
        begin = start + found.end()
        return Reporting(voices, ((begin, end),), (start, begin), front=True)

    def _around(self, clause: Span, voices: tuple[Voice, ...], start: int, end: int) -> Reporting:
        """What stands before and after a clause. Halves that can't stand alone stay together."""
        left = (start, clause[0]) if self._has_words(start, clause[0]) else None
        right = self._second(clause[1], end, after_text=left is not None)
        if left and right:
            adding = _SECOND_SAYING.search(self._text, clause[1], right[0])
            whole = bool(adding) or (self._stands(left) and self._stands(right))
            contents: tuple[Span, ...] = (left, right) if whole else ((start, end),)
        else:
            contents = tuple(filter(None, (left, right)))
        return Reporting(voices, contents, clause, front=left is None)

    def _second(self, at: int, end: int, *, after_text: bool) -> Span | None:
        """The content after an inserted clause; its places, times and asides are no content."""
        text = self._text
        opened = next((i for i in range(at, end) if text[i] in OPENERS), None)
        saying = _SECOND_SAYING.search(text, at, opened or end)
        if saying:
            at = saying.end()
        elif opened is not None and after_text:
            at = opened  # "...," she told reporters, "..."
        else:
            if after_text and text[at : at + 1] not in (",", ":", ";"):
                return None  # "..., he said on Tuesday at the ministry": only circumstances
            while (adjunct := _ADJUNCT.match(text, at, end)) and adjunct.end() > at:
                at = adjunct.end()
            if after_text and _ADJUNCT_START.match(text[at:end].lstrip(" ,")):
                return None
        return (at, end) if self._has_words(at, end) else None

    def _has_words(self, start: int, end: int) -> bool:
        return any(char.isalnum() for char in self._source[start:end])

    def _stands(self, span: Span) -> bool:
        words = self._source[span[0] : span[1]]
        words = words.strip(" \n\"“”„«»'‘’,")
        return bool(_WE.match(words) or FINITE.search(words) or _PLAIN_VERB.search(words))


def _can_act(voices: tuple[Voice, ...], verb: VerbGroup) -> bool:
    """ "The crisis calls for action" reports nobody: only somebody certain acts by words."""
    return all(voice.official for voice in voices) or (verb.plain and not verb.present)


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
            if inner and inner[0] == start + 1 and end <= inner[1] + 1:
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


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does, closing marks aside."""
    return text.rstrip("".join(MARKS) + "' )]").endswith(tuple(_SENTENCE_END))
