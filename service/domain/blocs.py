"""Groups of states, and who belonged to them when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from service.domain.states import fold

Membership = tuple[date, date | None]


@dataclass(frozen=True, slots=True)
class Bloc:
    """`memberships` gives, by state, the periods of membership: first day, and last day or None."""

    id: str
    name: str
    source: str
    memberships: Mapping[str, Sequence[Membership]]
    aliases: tuple[str, ...] = ()
    note: str | None = None

    def members(self, on: date | None = None) -> frozenset[str]:
        """Codes of the members on that day; without one, of all that ever belonged."""
        return frozenset(
            code
            for code, periods in self.memberships.items()
            if on is None or any(_covers(period, on) for period in periods)
        )

    def includes(self, state: str, on: date) -> bool:
        """Whether a state belongs on that day, without listing the others."""
        return any(_covers(period, on) for period in self.memberships.get(state, ()))


class Blocs:
    """All blocs, in the order of the catalogue."""

    def __init__(self, blocs: Iterable[Bloc]) -> None:
        self._by_id = {bloc.id: bloc for bloc in blocs}
        self._by_name: dict[str, Bloc] = {}
        for bloc in self._by_id.values():
            for name in (bloc.id, bloc.name, *bloc.aliases):
                other = self._by_name.setdefault(fold(name), bloc)
                if other is not bloc:
                    raise ValueError(f"{name!r} is claimed by {other.id} and {bloc.id}")

    def __iter__(self) -> Iterator[Bloc]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, bloc_id: str) -> Bloc | None:
        return self._by_id.get(bloc_id)

    def resolve(self, text: str) -> Bloc | None:
        """By id, name or alias, whatever the case and punctuation."""
        return self._by_name.get(fold(text))

    def members(self, bloc_id: str, on: date | None) -> frozenset[str]:
        """Raises KeyError for an unknown id."""
        return self._by_id[bloc_id].members(on)

    def of(self, state: str, on: date | None) -> tuple[Bloc, ...]:
        """The blocs to which a state belongs on that day (without one: ever belonged)."""
        return tuple(bloc for bloc in self if state in bloc.members(on))

    def find_mentions(self, text: str) -> tuple[Bloc, ...]:
        """Blocs named in running text, in order, each once."""
        found = (self._by_name[fold(match[0])].id for match in self._mention.finditer(text))
        return tuple(self._by_id[bloc_id] for bloc_id in dict.fromkeys(found))

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        names = {
            name
            for bloc in self
            for name in (bloc.name.split(" (")[0], *bloc.aliases)
            # Short words in small letters ("nordic", "77") mean other things in running text.
            if (name[:1].isupper() and len(name) > 1) or len(name) > 12
        }
        known = sorted((n for n in names if fold(n) in self._by_name), key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(name) for name in known)})(?![\w-])")


def _covers(period: Membership, day: date) -> bool:
    first, last = period
    return first <= day and (last is None or day <= last)
