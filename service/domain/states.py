"""States and observers: codes, names in any usual spelling, mentions in running text."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class State:
    """`status` is member, observer, former or organization; `until` is a former State's last day
    (ISO date) and `successors` the codes of those that followed it."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    status: str = "member"
    until: str | None = None
    successors: tuple[str, ...] = ()


class States:
    """All states. Names are matched whole, never guessed: "Niger" isn't Nigeria."""

    def __init__(self, states: Iterable[State]) -> None:
        self._by_code = {state.code: state for state in sorted(states, key=lambda s: s.code)}
        self._by_name: dict[str, State] = {}
        for state in self._by_code.values():
            for name in (state.code, state.name, *state.aliases):
                other = self._by_name.setdefault(fold(name), state)
                if other is not state:
                    raise ValueError(f"{name!r} is claimed by {other.code} and {state.code}")

    def __iter__(self) -> Iterator[State]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, code: str) -> State | None:
        return self._by_code.get(code)

    def name(self, code: str) -> str:
        """The usual name; the code itself where it isn't known."""
        state = self._by_code.get(code)
        return state.name if state else code

    def resolve(self, text: str) -> State | None:
        """By code, name or alias; case, accents, punctuation and "the" don't matter."""
        return self._by_name.get(fold(text))

    def suggest(self, text: str) -> tuple[State, ...]:
        """Up to three states whose names look like `text`, for a message."""
        near = difflib.get_close_matches(fold(text), self._by_name, n=6, cutoff=0.6)
        return tuple(dict.fromkeys(self._by_name[name] for name in near))[:3]

    def find_mentions(self, text: str) -> list[tuple[int, int, State]]:
        """Names and aliases in running text as (start, end, state): the longest at each place,
        whole words, written as names are."""
        return [
            (match.start(), match.end(), self._written[match[0].replace("’", "'")])
            for match in self._mention.finditer(text)
        ]

    @cached_property
    def _written(self) -> dict[str, State]:
        """Every spelling as it is written in text."""
        return {
            name.replace("’", "'"): state
            for state in self
            for name in (state.name, *state.aliases)
            if len(name) > 1
        }

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        longest_first = sorted(self._written, key=len, reverse=True)
        names = "|".join(re.escape(name).replace("'", "['’]") for name in longest_first)
        # "Guinea" isn't in "Guinea-Bissau"; "America" isn't in "Latin America".
        return re.compile(
            rf"(?<![\w-])(?<!Latin )(?<!South )(?<!North )(?<!Central )(?<!New )(?:{names})"
            r"(?!\w)(?!-[A-Z])"
        )


def fold(text: str) -> str:
    """Lower case, without accents, punctuation and "the"."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("&", " and "))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    plain = plain.replace("'", "").replace(".", "").replace("ı", "i")
    return " ".join(word for word in _WORDS.findall(plain) if word != "the")
