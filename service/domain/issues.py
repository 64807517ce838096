"""Debatable propositions, each with its contrary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """`contrary` is what the other side would itself assert: a denial in other words, not only a
    "not". Issues of one `group` touch: what is said on one may be taken for the other.
    """

    id: str
    proposition: str
    contrary: str
    paraphrases: tuple[str, ...] = ()
    contrary_paraphrases: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    group: str = ""

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.proposition, *self.paraphrases)

    @property
    def contraries(self) -> tuple[str, ...]:
        return (self.contrary, *self.contrary_paraphrases)


class Issues:
    """All issues, in the order of the catalogue."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._by_id: dict[str, Issue] = {}
        for issue in issues:
            if self._by_id.setdefault(issue.id, issue) is not issue:
                raise ValueError(f"two issues are called {issue.id!r}")

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, issue_id: str) -> Issue:
        """Raises KeyError for an unknown id."""
        return self._by_id[issue_id]

    def get(self, issue_id: str) -> Issue | None:
        return self._by_id.get(issue_id)
