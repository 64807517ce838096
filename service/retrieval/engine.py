"""What an engine has to do that searches a generation's vectors elsewhere than in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from service.retrieval.encoder import Vectors
    from service.retrieval.generations import Generation
    from service.retrieval.index import Rows, Scores


class Finder(Protocol):
    """One generation's vectors; safe to share between threads."""

    def find(
        self, asked: Sequence[tuple[Vectors, str]], most: int, least: float
    ) -> list[tuple[Rows, Scores]]:
        """For each of some vectors, of shape (vectors, dimension), and the condition that goes with
        them (`expressions`): of every vector the `most` nearest rows, best first, of those that are
        more similar than `least`, and what similarity is told of them. As many pairs as there are
        vectors in all. Raises IndexUnusable where they can't be searched."""


class Engine(Protocol):
    """All of it raises IndexUnusable where the engine can't be had; the message says which setting
    names it."""

    def upload(self, generation: Generation, told: Callable[[int], None]) -> None:
        """Have all of the generation, once; `told` of how many rows more are there."""

    def finder(self, generation: Generation) -> Finder:
        """Refused where the engine hasn't all of it."""

    def switched(self, current: str, others: Sequence[str]) -> None:
        """These are the ids of the generation that is current now, and of those before it, the last
        one first."""

    def remove(self, generation_id: str) -> None:
        """A generation that is no longer kept."""
