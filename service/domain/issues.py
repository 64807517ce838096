"""Debatable propositions, each with its contrary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.domain.standing import Side


@dataclass(frozen=True, slots=True)
class Example:
    """A passage that takes `side` on an issue: a claim of the corpus, or any text."""

    side: Side
    claim_id: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """A reader's label of one passage: `side` towards the issue's proposition, SILENT where it
    takes none. Offsets count characters of the statement's text."""

    issue: str
    statement_id: str
    start: int
    end: int
    side: Side


@dataclass(frozen=True, slots=True)
class Issue:
    """`contrary` is what the other side would itself assert: a denial in other words, not only a
    "not". Issues of one `group` touch: what is said on one may be taken for the other. `examples`
    are passages that a user gave with an issue of their own.
    """

    id: str
    proposition: str
    contrary: str
    paraphrases: tuple[str, ...] = ()
    contrary_paraphrases: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    group: str = ""
    examples: tuple[Example, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.proposition, *self.paraphrases)

    @property
    def contraries(self) -> tuple[str, ...]:
        return (self.contrary, *self.contrary_paraphrases)

    def said(self, side: Side) -> tuple[str, ...]:
        """All wordings of one side, a user's examples among them."""
        own = self.wordings if side is Side.FOR else self.contraries
        return (*own, *(e.text for e in self.examples if e.text and e.side is side))


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
