"""Who speaks in an article: persons, offices, countries, and the words that refer back to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from service.corpus import speaker_words as lexicon
from service.corpus.reporting_verbs import TIME
from service.data_files import read_yaml
from service.domain.states import States
from service.errors import CatalogueError


@dataclass(eq=False, slots=True)
class Voice:
    """One whom the article lets speak. Of no state, and not `official`: not our business."""

    official: bool
    name: str | None = None
    office: str | None = None
    state: str | None = None
    forum: str | None = None
    frames: list[str] = field(default_factory=list)  # what the correspondent says of the speaking
    by_country: bool = False  # "Beijing said": no person behind it
    placed: bool = False  # its first appearance, which tells where it spoke, has been read
    elsewhere: bool = False  # in a statement or before the press, not at the article's meeting
    label: str = ""
    roles: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return self.name or self.office or self.label or self.state or "an unnamed voice"


def load_capitals(data_dir: Path) -> dict[str, str]:
    """Capitals and seats of government that stand for a country, in lower case -> its code."""
    path = data_dir / "capitals.yaml"
    entries = read_yaml(path)
    lists = isinstance(entries, dict) and all(isinstance(v, list) for v in entries.values())
    if not lists:
        raise CatalogueError(f"{path}: expected a mapping of codes to lists of names")
    return {str(name).lower(): str(code) for code, names in entries.items() for name in names}


class Cast:
    """The article's voices, in the order of their entrance, and who spoke last."""

    def __init__(self, states: States, capitals: Mapping[str, str]) -> None:
        self.states = states
        self.capitals = capitals
        self.voices: list[Voice] = []
        self.current: tuple[Voice, ...] = ()
        self.article = " "  # its whole text, on one line
        self.home: str | None = None  # the country whose capital the dateline names
        self.in_hand: str | None = None  # the country that this paragraph quoted as a country
        self.before: str | None = None  # the one that the paragraph before quoted
        self.opening: str | None = None  # the country with which the sentence in hand opens

    # -- reading a subject ---------------------------------------------------------------------

    def resolve(self, subject: str, *, certain: bool = False) -> tuple[Voice, ...]:
        """The voices that the grammatical subject of a reporting verb names; () for none.

        `certain`: the verb form is a noun as well, so only a known or official voice will do.
        """
        text = " ".join(subject.split()).strip(" ,;:–—-")
        text = text[match.end() :] if (match := lexicon.LEADING.match(text)) else text
        text = re.sub(r"^H\.?E\.?\s+|[’']s office$", "", text)
        text = re.sub(rf",?\s+(?:each|both|all|jointly|together|{TIME})$", "", text)
        if not text or len(text) > 300 or lexicon.FIRST_PERSON.match(text):
            return ()
        parts = lexicon.segments(text)
        while len(parts) > 1 and (
            lexicon.ASIDE.match(parts[0]) or re.match(r"[A-Z][a-z]+ing\b", parts[0])
        ):
            parts = parts[1:]
        parts = parts[:1] + [part for part in parts[1:] if not lexicon.ASIDE.match(part)]
        text = ", ".join(parts)
        if lexicon.PRONOUN.fullmatch(text):
            return self.current
        if lexicon.PAIR.fullmatch(text):
            return self._pair(text)
        if lexicon.PRONOUN.fullmatch(parts[-1]):  # "The plan, he": the clause starts at its comma
            return ()
        if (
            lexicon.FINITE.search(text)
            or lexicon.ASIDE.match(text)
            or lexicon.UNFINISHED.search(text)
        ):
            return ()
        joint = self._joint(text) or self._several(text) or self._together(text)
        if joint:
            return joint
        voice = self._official(parts)
        if voice is None and not certain:
            voice = self._outsider(parts)
        return (voice,) if voice else ()

    def _pair(self, text: str) -> tuple[Voice, ...]:
        """ "Both ministers": the two who speak, or the only two of the article so far."""
        people = [voice for voice in self.voices if voice.official and voice.name]
        for pair in (list(self.current), people):
            if len(pair) == 2 and pair[0].state != pair[1].state:
                return tuple(pair)
        return (self._outsider([text]) or self._add(Voice(False, label=text)),)

    def introduce(self, words: str) -> None:
        """Persons whom a sentence names with state and office, though they don't speak in it:
        "the message of the Chilean president, X", "met his Spanish counterpart X"."""
        mentions, known = self.mentions(words), list(self.voices)
        for start, end, _ in mentions:
            if match := lexicon.INTRODUCED.match(words, end):
                before = re.split(r"[,;:]", words[max(0, start - 30) : start])[-1]
                phrase = words[start : match.end()]
                if not lexicon.NOT_OFFICIAL.search(f"{before} {phrase}") and not any(
                    end <= other < match.end() for other, _, _ in mentions
                ):
                    self._official(lexicon.segments(phrase))
        for (_, _, one), (_, end, other) in pairwise(mentions):
            listed = lexicon.COUNTERPARTS.match(words, end)
            names = re.split(r"\s+and\s+(?=[A-Z])", listed[1]) if listed else []
            if len(names) == 2:
                for code, name in zip((one, other), names, strict=True):
                    voice = self._official([name])
                    if voice and voice.name and voice not in known:
                        voice.state = code

    def _joint(self, text: str) -> tuple[Voice, ...]:
        """One country, or several in a row ("China, Russia and Iran")."""
        codes = [self.bare_state(part) for part in re.split(r",?\s+and\s+(?:the\s+)?|,\s+", text)]
        whole = self.bare_state(text)  # "Trinidad and Tobago"
        if whole:
            codes = [whole]
        if not all(codes):
            return ()
        return tuple(self._country(code) for code in codes if code)

    def _several(self, text: str) -> tuple[Voice, ...]:
        """ "The representatives of France and Slovenia", "the Greek and Cypriot ministers"."""
        match = lexicon.SEVERAL.fullmatch(text)
        if not match:
            return ()
        what, listed = match["a"] or match["b"], match["of"] or match["from"]
        codes = [
            self.bare_state(part) or self._state_of(part)
            for part in re.split(r",?\s+and\s+(?:the\s+)?|,\s+", listed)
        ]
        if len(codes) < 2 or not all(codes):
            return ()
        roles, part = lexicon.roles(what), f"the {what}"
        return tuple(self._unnamed(part, code, roles, [part]) for code in codes)

    def _together(self, text: str) -> tuple[Voice, ...]:
        """Two persons with an office each: "Minister X and his Saudi counterpart Y"."""
        for link in re.finditer(r",?\s+and\s+(?:also\s+)?", text):
            sides = text[: link.start()], text[link.end() :]
            if all(lexicon.titled(s, self._name(lexicon.segments(s))) for s in sides):
                before = self.current
                self.current = self.resolve(sides[0])
                both = (*self.current, *self.resolve(sides[1]))
                self.current = before
                return both if len(both) == 2 and all(voice.official for voice in both) else ()
        return ()

    def bare_state(self, text: str) -> str | None:
        """The state, where the text is nothing but its name, its capital or its government."""
        text = text.strip()
        bare = re.sub(r"^the\s+", "", text, flags=re.I).lower()
        if bare in self.capitals:
            return self.capitals[bare]
        for start, end, code in self.mentions(text):
            if lexicon.BARE.fullmatch(text[:start]) and lexicon.BARE_END.fullmatch(text[end:]):
                return code
        return None

    def mentions(self, text: str) -> list[lexicon.Mention]:
        """Names and adjectives of states, in their order; of an overlap the name."""
        found = [(start, end, state.code) for start, end, state in self.states.find_mentions(text)]
        taken = {at for start, end, _ in found for at in range(start, end)}
        pattern, codes = lexicon.adjectives(self.states)
        for match in pattern.finditer(text):
            if taken.isdisjoint(range(*match.span())):
                found.append((match.start(), match.end(), codes[match[0]]))
        return sorted(found)

    def _country(self, code: str) -> Voice:
        """A country as speaker is the person who is speaking for it, where one is."""
        for voice in (*self.current, *reversed(self.voices)):
            if (
                voice.state == code
                and voice.official
                and (voice in self.current or voice.by_country)
            ):
                return voice
        return self._add(Voice(True, state=code, by_country=True, label=code))

    def _official(self, parts: list[str]) -> Voice | None:
        text = ", ".join(parts)
        if any(not self._proper(part) for part in parts):
            return None
        known = self._known(parts, self._state_of(text))
        if lexicon.NOT_OFFICIAL.search(text) and not (known and known.official):
            return None
        offices = [match for part in parts if (match := lexicon.OFFICE.search(part))]
        code = self._state_of(text)
        if code is None and re.match(r"(?:its|their)\b", text, re.I):
            # "Kenya will go on, its spokesperson said"; "Its spokesperson, X"
            code = self.opening or (self.current[0].state if len(self.current) == 1 else None)
        name = self._name(parts)
        if known:
            self._complete(known, code, parts)
            return known
        if not offices:
            # United Nations coverage writes "ANNA KELLER (Country) said".
            listed = re.fullmatch(r"([^()]+?)\s*(?:\(([^()]+)\)|of (.+))", text)
            if listed and (code := self.bare_state(listed[2] or listed[3])):
                return self._add(Voice(True, name=lexicon.clean_name(listed[1]), state=code))
            return self._named_after(text)
        roles = lexicon.roles(text)
        peer = self.current[0] if len(self.current) == 1 and "counterpart" in roles else None
        if peer:  # "his Spanish counterpart" is what he is
            roles |= peer.roles
        if name is None:
            return self._unnamed(text, code, roles, parts)
        unnamed = self._same_unnamed(roles, code)
        if unnamed:
            unnamed.name, unnamed.roles = name, unnamed.roles | roles
            office = self._office(parts, name)
            if office and len(office) > len(unnamed.office or ""):
                unnamed.office = office
            return unnamed
        code = code or self._country_in_hand(roles)
        office = self._office(parts, name) or (peer.office if peer else None)
        return self._add(Voice(True, name=name, state=code, office=office, roles=roles))

    def _named_after(self, text: str) -> Voice | None:
        """ "The Estonian minister said A. B, Kadri Tamm said": the name of the one just quoted."""
        if len(self.current) != 1 or not lexicon.is_person(text, self.article):
            return None
        voice = self.current[0]
        personal = voice.roles - lexicon.BODIES - {"diplomat", "official", "side", "delegation"}
        if voice.name or voice.by_country or not (voice.official and personal):
            return None
        if self.mentions(text):
            return None
        voice.name = text
        return voice

    def _same_unnamed(self, roles: set[str], code: str | None) -> Voice | None:
        """The office that was just quoted without its holder's name."""
        for voice in self.current:
            unnamed = voice.official and voice.name is None and not voice.by_country
            alike = lexicon.stems(roles) & lexicon.stems(voice.roles)
            if (
                unnamed
                and (alike or (roles | voice.roles) <= lexicon.GENERIC)
                and code in (None, voice.state)
            ):
                return voice
        return None

    def _country_in_hand(self, roles: set[str]) -> str | None:
        """The state of an office named without one: the country quoted in the same paragraph,
        else the country whose capital the dateline names, else the country of the paragraph before.
        An envoy may be abroad: for him only
        the first counts. A sentence that opens with another country speaks against both.
        """
        abroad = bool(roles & lexicon.GENERIC)
        code = self.in_hand or (None if abroad else self.home or self.before)
        return code if self.opening in (None, code) else None

    def _unnamed(self, text: str, code: str | None, roles: set[str], parts: list[str]) -> Voice:
        """ "The Chinese envoy", "the minister": one who was named before, else a new voice."""
        candidates = [v for v in (*self.current, *reversed(self.voices)) if v.official]
        definite = re.match(r"(?:the|his|her)\b|.+[’']s?\s", text, re.I)
        for voice in self.current:  # "Kenya's mission said A. The mission added B"
            if voice.by_country and roles <= lexicon.BODIES and code in (None, voice.state):
                return voice
        for voice in candidates:
            if code is not None and voice.state not in (code, None):
                continue
            alike = lexicon.stems(roles) & lexicon.stems(voice.roles) or (
                roles <= lexicon.GENERIC and (code is None or voice.roles <= lexicon.GENERIC)
            )
            # "The top Chilean diplomat", right after her minister's words, is the minister.
            alike = alike or (roles <= {"diplomat", "official", "leader"} and voice in self.current)
            if definite and alike and not voice.by_country:
                voice.state = voice.state or code
                return voice
        code = code or self._country_in_hand(roles)
        return self._add(Voice(True, state=code, office=self._office(parts, None), roles=roles))

    def _outsider(self, parts: list[str]) -> Voice | None:
        """Somebody else: a person, an organisation, people. Things ("the plan") don't speak."""
        text = ", ".join(parts)
        if len(text.split()) > 25 or any(len(lexicon.common(part)) > 4 for part in parts):
            return None
        if len(parts) > 1 and self._official(parts[-1:]):
            return None  # "Rules matter, Minister X": the clause starts at a later comma
        proper = re.match(r"[A-Z][\w’'.-]*(?:\s|$)", text) and (
            text.split()[0].lower() not in lexicon.COMMON_STARTS or re.search(r"\s[A-Z]", text)
        )
        if not (proper or lexicon.NOT_OFFICIAL.search(text) or lexicon.PEOPLE.search(text)):
            return None
        for voice in self.voices:
            if not voice.official and voice.label == text:
                return voice
        return self._add(Voice(False, name=None, label=text))

    # -- what a subject consists of ------------------------------------------------------------

    def _known(self, parts: list[str], code: str | None) -> Voice | None:
        """A voice already named in full or by surname."""
        name = self._name(parts)
        if name is None:
            return None
        words = name.split()
        for voice in reversed(self.voices):
            if voice.name is None and not voice.official and len(words) <= 2:
                known = re.findall(r"\w+", voice.label)
                if words[-1] in known and words[-1].lower() not in lexicon.ORG_WORDS:
                    return voice
            if voice.name is None:
                continue
            if code and voice.state not in (code, None):
                continue
            held = voice.name.lower().split()
            said = [word.lower() for word in words]
            if said == held or (len(said) == 1 and said[0] in (held[-1], held[0])):
                return voice
            if len(said) < len(held) and said == held[-len(said) :]:
                return voice
        return None

    def surname(self, word: str) -> Voice | None:
        """Who in the article bears this surname."""
        for voice in reversed(self.voices):
            if (voice.name or "").split()[-1:] == [word] or (
                not voice.official and word in voice.label.split()[-1:]
            ):
                return voice
        return None

    def _complete(self, voice: Voice, code: str | None, parts: list[str]) -> None:
        """What a later mention adds to a voice."""
        if voice.official and voice.state is None:
            voice.state = code
        if voice.official and voice.office is None:
            voice.office = self._office(parts, voice.name)

    def _proper(self, part: str) -> bool:
        """Whether a part between commas can belong to a speaker: a name, an office, a country."""
        office, mentions = lexicon.OFFICE.search(part), self.mentions(part)
        if office or mentions:
            return len(part.split()) <= 25 and len(lexicon.common(part)) <= 3
        name = rf"(?:{lexicon.HONORIFIC.pattern}\s*)*{lexicon.NAME.pattern}(?:\s*\(.*\))?"
        return re.fullmatch(name, part) is not None

    def _state_of(self, text: str) -> str | None:
        return lexicon.spoken_for(text, self.mentions(text))

    def _name(self, parts: list[str]) -> str | None:
        """A person's name: capitalised words that are no country, office or organisation."""
        # A part without an office is nothing but the name: "minister in Geneva, Ana Rojas".
        for part in sorted(parts, key=lambda part: lexicon.OFFICE.search(part) is not None):
            for name in lexicon.names(part, self.mentions(part)):
                place = (
                    name.lower() in self.capitals and f" in {name}" in part
                )  # "embassy in Tokyo"
                if len(name) > 1 and not place and name.lower() not in lexicon.COMMON_STARTS:
                    return name
        return None

    def _office(self, parts: list[str], name: str | None) -> str | None:
        """The office without its state's name: "Permanent Representative to the United Nations"."""
        found = []
        for part in parts:
            bare = lexicon.HONORIFIC.sub("", part)
            if name:
                bare = re.sub(rf"\s*{re.escape(name)}\s*", " ", bare)
            for start, end, code in reversed(self.mentions(bare)):
                if code != self._state_of(", ".join(parts)):
                    continue
                bare = lexicon.without_state(bare[:start], bare[end:])
            found.append(lexicon.office_title(bare))
        office = max((title for title in found if title), key=len, default=None)
        return office and office[0].upper() + office[1:]

    def _add(self, voice: Voice) -> Voice:
        self.voices.append(voice)
        return voice
