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
    rf"addressing|repeatedly|further|clearly|however|out|(?!only\b)\w+ly)\b)",
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
_IN_HIS_WORDS = re.compile(r"\s*In (?:his|her|their) (?:own )?(?:words|view|opinion),\s+")
_SECOND_SAYING = re.compile(
    r"\s*,\s*(?:and\s+)?(?:(?:then|also|further)\s+)?(?:adding|noting|stressing|saying|warning|"
    r"insisting|arguing|emphasi[sz]ing|explaining|recalling|pointing out|underlining|reiterating)"
    r"(?:\s+(?:again|also))?(?:\s+that|:|,)?\s+"
)
_INVERTIBLE = frozenset("says adds warns asked".split())
# "did not say", "has not commented": the correspondent tells of silence.
_SAY_NOTHING = r"\s+(?:to (?:comment|say|elaborate|answer|respond|speak|give|discuss)|comment)\b"
_SILENCE = re.compile(
    r"^(?:say|said|comment|mention|elaborate|answer|respond|repl|explain|reveal|"
    r"disclose|indicate|write|specify|clarif|report)"
)
_FAR = 400  # characters; no reporting clause is longer


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
            aside = "," in text[verb.start : verb.end]  # "X, in turn, warned"
            if subject.rstrip().endswith(",") and subject.count(",") == 1 and not aside:
                continue  # "A, warned X": the subject comes after
            voices = self._cast.resolve(subject, certain=not verb.plain)
            if not voices or (verb.takes is Takes.ACTION and not _can_act(voices, verb)):
                continue
            apart = voices[0].by_country or voices[0].state is None
            if apart and self._trailing(verb.end, end):
                return None  # "China hopes that A, its spokesman said"
            if verb.present and self._own_country(subject, voices):
                return None  # "China supports ...": the speaker's own sentence goes on
            content = self._content(verb, end)
            spans = () if content is None else ((content, end),)
            return Reporting(voices, spans, (start, content or end), front=True)
        return None

    def _subject(self, start: int, verb: VerbGroup) -> str:
        """What stands before the verb; of "he met reporters and said" only "he"."""
        subject = self._text[start : verb.start]
        joined = re.search(
            r"\s+(?:(?!United\b)\w+ed|met|took|spoke|made|gave|held|had|(?:did|does|do) not)\s.*"
            r"\b(?:and|but)\s+$",
            subject,
        )
        if joined:
            return subject[: joined.start()]
        return subject

    def _trailing(self, at: int, end: int) -> bool:
        """Whether a person's reporting clause ends the sentence."""
        for verb in verb_groups(self._text, at, end):
            comma = self._text.rfind(", ", at, verb.start)
            if comma < 0 or verb.takes is Takes.ACTION or not verb.plain:
                continue
            after = self._text[verb.end : end].strip(" .")
            voices = self._cast.resolve(self._text[comma + 2 : verb.start])
            person = any(voice.official and not voice.by_country for voice in voices)
            adjunct = _ADJUNCT_START.match(f" {after}") or _SECOND_SAYING.match(after)
            if person and (not after or adjunct):
                return True
        return False

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
            saying = _SECOND_SAYING.search(rest)
            if saying and self._bare(rest[: saying.start()], verb):
                return at + saying.end()  # "hit back, saying A"
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

    def _bare(self, between: str, verb: VerbGroup) -> bool:
        """Whether the verb has no content of its own before ", saying A"."""
        return self._skippable(between, verb) and not (
            FINITE.search(between) or re.search(r"\b(?:that|to [a-z]+)\b", between)
        )

    def contrast(self, found: Reporting, end: int) -> tuple[int, Reporting] | None:
        """Another's words in the same sentence, and where they begin: "A, while Y insisted that
        B". After "X said that A", a country alone may be part of A: only a person counts.
        """
        for link in re.finditer(r",\s+(?:while|whereas)\s+", self._text[found.clause[1] : end]):
            begin = found.clause[1] + link.end()
            if not re.match(r"(?!The two|Both)(?:the|an?)\s|[A-Z]", self._text[begin:end]):
                continue
            second = self._front(begin, end)
            if not second or not second.contents or set(second.voices) & set(found.voices):
                continue
            alike = all(voice.by_country for voice in found.voices)
            if all(v.official and v.state and (alike or not v.by_country) for v in second.voices):
                return found.clause[1] + link.start(), second
        return None

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
            inverts = verb.takes is Takes.CLAUSE and not verb.present
            if (inverts or verb.word in _INVERTIBLE) and self._opens_clause(start, verb.start):
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
        text = self._text
        if own := _IN_HIS_WORDS.match(text, start, end):
            voices = self._cast.current
            content = ((own.end(), end),)
            return Reporting(voices, content, own.span(), front=True) if voices else None
        found = _ACCORDING.search(text, start, end)
        if not found:
            return None
        stops = self._stops(found.end(), end)
        # "According to X, who came on Monday, A": A begins after the aside.
        if aside := re.match(
            r"[^,]+(?:,[^,]+)?,\s+(?:who|which)\b[^,]*(?=,)", text[found.end() : end]
        ):
            stops.insert(0, found.end() + aside.end())
        for stop in stops:
            name = re.sub(
                r"^(?:an?|the) (?:\w+ )?(?:statement|report|readout|release|communiqué)"
                r"(?: (?:issued|released|published|carried))? (?:by|from) ",
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
            # "The plan, she argued, only does harm": the clause parts a subject from its verb.
            if left and clause[1] < end and self._parted(left, clause[1], end):
                contents = ((start, end),)
        return Reporting(voices, contents, clause, front=left is None)

    def _parted(self, left: Span, at: int, end: int) -> bool:
        after = self._text[at:end]
        if hearer := _HEARER.match(after):  # "she told parliament, "
            after = after[hearer.end() :]
        return (
            not self._stands(left)
            and self._source[left[0]] not in MARKS
            and re.match(r",\s+(?!who\b|which\b)", after) is not None
            and bool(FINITE.match(after, 2) or re.match(r",\s+(?:\w+ly )?[a-z]+s\s", after))
        )

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
