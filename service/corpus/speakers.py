"""Who speaks in an article: persons, offices, countries, and the words that refer back to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from service.corpus import speaker_words as lexicon
from service.domain.states import States
from service.errors import CatalogueError

Mention = tuple[int, int, str]  # start, end, code of the state


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
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path}: {error}") from error
    if not isinstance(entries, dict):
        raise CatalogueError(f"{path}: expected a mapping of codes to lists of names")
    return {str(name).lower(): str(code) for code, names in entries.items() for name in names}


@lru_cache(maxsize=4)
def _adjectives(states: States) -> tuple[re.Pattern[str], dict[str, str]]:
    """The adjectives that belong to one state only; "South American" isn't one of them."""
    owners: dict[str, set[str]] = {}
    for state in states:
        for adjective in state.adjectives:
            owners.setdefault(adjective, set()).add(state.code)
    codes = {adjective: min(own) for adjective, own in owners.items() if len(own) == 1}
    forms = "|".join(re.escape(form) for form in sorted(codes, key=len, reverse=True))
    before = "".join(f"(?<!{word} )" for word in ("South", "North", "Latin", "Central", "Native"))
    return re.compile(rf"(?<![\w-]){before}(?:{forms})(?![\w-])"), codes


class Cast:
    """The article's voices, in the order of their entrance, and who spoke last."""

    def __init__(self, states: States, capitals: Mapping[str, str]) -> None:
        self.states = states
        self.capitals = capitals
        self.voices: list[Voice] = []
        self.current: tuple[Voice, ...] = ()
        self.home: str | None = None  # the country whose capital the dateline names
        self.in_hand: str | None = None  # the country that this paragraph quoted as a country
        self.opening: str | None = None  # the country with which the sentence in hand opens

    # -- reading a subject ---------------------------------------------------------------------

    def resolve(self, subject: str, *, certain: bool = False) -> tuple[Voice, ...]:
        """The voices that the grammatical subject of a reporting verb names; () for none.

        `certain`: the verb form is a noun as well, so only a known or official voice will do.
        """
        text = " ".join(subject.split()).strip(" ,;:–—-")
        text = text[match.end() :] if (match := lexicon.LEADING.match(text)) else text
        text = re.sub(r",?\s+(?:each|both|all|jointly|together)$", "", text)
        if not text or len(text) > 300 or lexicon.FIRST_PERSON.match(text):
            return ()
        parts = _segments(text)
        while len(parts) > 1 and (
            lexicon.ASIDE.match(parts[0]) or re.match(r"[A-Z][a-z]+ing\b", parts[0])
        ):
            parts = parts[1:]
        parts = parts[:1] + [part for part in parts[1:] if not lexicon.ASIDE.match(part)]
        text = ", ".join(parts)
        if lexicon.PRONOUN.fullmatch(text):
            return self.current
        if lexicon.PRONOUN.fullmatch(parts[-1]):  # "The plan, he": the clause starts at its comma
            return ()
        if (
            lexicon.FINITE.search(text)
            or lexicon.ASIDE.match(text)
            or lexicon.UNFINISHED.search(text)
        ):
            return ()
        joint = self._joint(text)
        if joint:
            return joint
        voice = self._official(parts)
        if voice is None and not certain:
            voice = self._outsider(parts)
        return (voice,) if voice else ()

    def _joint(self, text: str) -> tuple[Voice, ...]:
        """One country, or several in a row ("China, Russia and Iran")."""
        codes = [self.bare_state(part) for part in re.split(r",?\s+and\s+(?:the\s+)?|,\s+", text)]
        whole = self.bare_state(text)  # "Trinidad and Tobago"
        if whole:
            codes = [whole]
        if not all(codes):
            return ()
        return tuple(self._country(code) for code in codes if code)

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

    def mentions(self, text: str) -> list[Mention]:
        """Names and adjectives of states, in their order; of an overlap the name."""
        found = [(start, end, state.code) for start, end, state in self.states.find_mentions(text)]
        taken = {at for start, end, _ in found for at in range(start, end)}
        pattern, codes = _adjectives(self.states)
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
        if code is None and len(self.current) == 1 and re.match(r"(?:its|their)\b", text, re.I):
            code = self.current[0].state  # "Its spokesperson, X"
        name = self._name(parts)
        if known:
            self._complete(known, code, parts)
            return known
        if not offices:
            # United Nations coverage writes "ANNA KELLER (Country) said".
            listed = re.fullmatch(r"([^()]+?)\s*(?:\(([^()]+)\)|of (.+))", text)
            if listed and (code := self.bare_state(listed[2] or listed[3])):
                return self._add(Voice(True, name=_clean_name(listed[1]), state=code))
            return None
        roles = _roles(text)
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
        voice = Voice(True, name=name, state=code, office=self._office(parts, name), roles=roles)
        return self._add(voice)

    def _same_unnamed(self, roles: set[str], code: str | None) -> Voice | None:
        """The office that was just quoted without its holder's name."""
        for voice in self.current:
            unnamed = voice.official and voice.name is None and not voice.by_country
            alike = _stems(roles) & _stems(voice.roles) or (roles | voice.roles) <= lexicon.GENERIC
            if unnamed and alike and code in (None, voice.state):
                return voice
        return None

    def _country_in_hand(self, roles: set[str]) -> str | None:
        """The state of an office named without one: the country quoted in the same paragraph,
        else the country whose capital the dateline names. An envoy may be abroad: for him only
        the first counts. A sentence that opens with another country speaks against both.
        """
        code = self.in_hand or (None if roles & lexicon.GENERIC else self.home)
        return code if self.opening in (None, code) else None

    def _unnamed(self, text: str, code: str | None, roles: set[str], parts: list[str]) -> Voice:
        """ "The Chinese envoy", "the minister": one who was named before, else a new voice."""
        candidates = [v for v in (*self.current, *reversed(self.voices)) if v.official]
        definite = re.match(r"(?:the|his|her)\b|.+[’']s?\s", text, re.I)
        for voice in candidates:
            if code is not None and voice.state not in (code, None):
                continue
            alike = _stems(roles) & _stems(voice.roles) or (
                roles <= lexicon.GENERIC and (code is None or voice.roles <= lexicon.GENERIC)
            )
            if definite and alike and not voice.by_country:
                voice.state = voice.state or code
                return voice
        code = code or self._country_in_hand(roles)
        return self._add(Voice(True, state=code, office=self._office(parts, None), roles=roles))

    def _outsider(self, parts: list[str]) -> Voice | None:
        """Somebody else: a person, an organisation, people. Things ("the plan") don't speak."""
        text = ", ".join(parts)
        if len(text.split()) > 25 or any(len(_common(part)) > 4 for part in parts):
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
            return len(part.split()) <= 25 and len(_common(part)) <= 3
        name = rf"(?:{lexicon.HONORIFIC.pattern}\s*)*{lexicon.NAME.pattern}(?:\s*\(.*\))?"
        return re.fullmatch(name, part) is not None

    def _state_of(self, text: str) -> str | None:
        """The state that is spoken for: not the one that an ambassador is sent to."""
        best: tuple[int, str] | None = None
        for start, end, code in self.mentions(text):
            before, after = text[:start].rstrip(), text[end:]
            if re.search(r"\b(?:to|in|on|with|at|against|by|about|over)(?: the)?$", before):
                score = 0
            elif re.search(r"\b(?:of|from|(?:spokes\w+|speaking) for)(?: the)?$", before):
                score = 3
            elif re.search(r"\bfor(?: the)?$", before):
                score = 0
            elif re.match(rf"(?:[’']s?)?\s+(?:\w+[\s-]+){{0,4}}?(?:{lexicon.ROLE})", after, re.I):
                score = 3
            else:
                score = 1
            if score and (best is None or score > best[0]):
                best = (score, code)
        return best[1] if best else None

    def _name(self, parts: list[str]) -> str | None:
        """A person's name: capitalised words that are no country, office or organisation."""
        # A part without an office is nothing but the name: "minister in Geneva, Ana Rojas".
        for part in sorted(parts, key=lambda part: lexicon.OFFICE.search(part) is not None):
            rest = part
            for start, end, _ in reversed(self.mentions(part)):
                rest = rest[:start] + " , " + rest[end:]
            rest = lexicon.HONORIFIC.sub(" ", re.sub(r"\([^)]*\)|\S+[’']s\b", " , ", rest))
            kept = [
                "," if word.lower().strip(".,") in lexicon.ORG_WORDS else word
                for word in rest.split()
            ]
            for match in reversed(list(lexicon.NAME.finditer(" ".join(kept)))):
                name = _clean_name(match[0])
                if len(name) > 1 and name.lower() not in lexicon.COMMON_STARTS:
                    return name
        return None

    def _office(self, parts: list[str], name: str | None) -> str | None:
        """The office without its state's name: "Permanent Representative to the United Nations"."""
        found = []
        for part in parts:
            bare = part
            if name:
                bare = re.sub(rf"\s*{re.escape(name)}\s*", " ", bare)
            for start, end, code in reversed(self.mentions(bare)):
                if code != self._state_of(", ".join(parts)):
                    continue
                before = re.sub(r"\s*\b(?:of|from)(?: the)?\s*$", "", bare[:start])
                bare = before + " " + re.sub(r"^[’']s?", "", bare[end:])
            bare = re.sub(r"^(?:the|an?|its|his|her)\s+", "", " ".join(bare.split()), flags=re.I)
            bare = lexicon.HONORIFIC.sub("", bare).strip(" ,()")
            bare = re.sub(r"^\S+[’']s\s+", "", bare)  # "Weber's counterpart"
            if lexicon.OFFICE.search(bare) and bare.lower() not in ("counterpart", "side"):
                found.append(bare)
        if not found:
            return None
        office = max(found, key=len)
        return office[0].upper() + office[1:]

    def _add(self, voice: Voice) -> Voice:
        self.voices.append(voice)
        return voice


def _segments(text: str) -> list[str]:
    """Parts between commas and dashes; a comma in brackets parts nothing."""
    flat = re.sub(r"\([^)]*\)", lambda match: match[0].replace(",", "\x01"), text)
    parts = re.split(r"\s*,\s*|\s+[–—-]+\s+", flat)
    return [part.replace("\x01", ",").strip() for part in parts if part.strip()]


def _common(text: str) -> list[str]:
    """The words in lower case that belong to no office or organisation."""
    return [w for w in re.findall(r"[\w’'-]+", text) if w.islower() and w not in lexicon.ORG_WORDS]


def _roles(text: str) -> set[str]:
    """What the persons are: of a ministry's spokeswoman not the ministry."""
    roles = {match["role"].lower() for match in lexicon.OFFICE.finditer(text)}
    roles |= {
        match[0].lower() for match in re.finditer(r"\bspokes(?:man|woman|person)\b", text, re.I)
    }
    return roles - lexicon.BODIES or roles


def _stems(roles: set[str]) -> set[str]:
    """Roles, with spokesmen and spokeswomen alike, and ministers by whatever title."""
    return {
        "minister"
        if role in ("secretary", "premier", "chancellor")
        else "spokes"
        if role.startswith("spokes")
        else role
        for role in roles
    }


def _clean_name(text: str) -> str:
    return re.sub(r"[’']s$", "", lexicon.HONORIFIC.sub("", text).strip(" ,.’'-"))
