"""The reader's language, for what we say in a brief around the words of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service.catalogue import Catalogue


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`words` translates a sentence of ours (gettext); `state`, `bloc` and `topic` give the names
    of codes and ids, and what is none they give back; `day` writes an ISO date of any precision,
    `number` a whole number, `percent` a share of a hundred. `code` is BCP 47's."""

    code: str
    state: Callable[[str], str]
    bloc: Callable[[str], str]
    topic: Callable[[str], str]
    words: Callable[[str], str] = _as_it_is
    day: Callable[[str], str] = _as_it_is
    number: Callable[[int], str] = "{:,}".format
    percent: Callable[[float], str] = "{:g}%".format

    @classmethod
    def english(cls, catalogue: Catalogue) -> Language:
        """That of our strings and of our data; dates as ISO 8601 writes them."""
        blocs = {bloc.id: bloc.name for bloc in catalogue.blocs}
        topics = {topic.id: topic.name for topic in catalogue.topics}
        return cls(
            code="en",
            state=catalogue.state_name,
            bloc=lambda bloc: blocs.get(bloc, bloc),
            topic=lambda topic: topics.get(topic, topic),
        )

    def party(self, name: str) -> str:
        """Of a bloc or a state, by its id or code; any other words as they are."""
        bloc = self.bloc(name)
        return bloc if bloc != name else self.state(name)

    def listed(self, items: Iterable[str]) -> str:
        """On one line; an item may hold commas."""
        return self.words("; ").join(items)

    def said(self, sentence: str, **values: object) -> str:
        """A sentence of ours with its values, each put in as it is."""
        return self.words(sentence).format(**values)
