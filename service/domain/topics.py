"""The taxonomy of topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.domain.states import fold


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject on which states take positions. `synonyms` are what a user may call it;
    `examples` are positions on it in our words, for and against alike."""

    id: str
    name: str
    definition: str
    synonyms: tuple[str, ...]
    examples: tuple[str, ...]


class Taxonomy:
    """All topics, in the order of the catalogue."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._by_id = {topic.id: topic for topic in topics}
        self._by_name: dict[str, Topic] = {}
        # Ids and names first: a synonym never hides another topic's own name.
        for topic in self._by_id.values():
            for name in (topic.id, topic.name):
                if self._by_name.setdefault(fold(name), topic) is not topic:
                    raise ValueError(f"two topics are called {name!r}")
        for topic in self._by_id.values():
            for name in topic.synonyms:
                self._by_name.setdefault(fold(name), topic)

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def get(self, topic_id: str) -> Topic | None:
        return self._by_id.get(topic_id)

    def resolve(self, text: str) -> Topic | None:
        """By id, name or synonym, whatever the case and punctuation; None for free text."""
        return self._by_name.get(fold(text))
