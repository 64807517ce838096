"""Statements over many years with moves that are planted in them, on exact vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from service.comparison import Comparator
from service.domain.statements import Statement
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import Quiet, ToyEncoder, statement

TOPIC = "disarmament"
# What a state says at bottom in a year: words, each a direction.
Mind = Callable[[str, int], str]


def spoken(
    states: Sequence[str], years: Sequence[int], mind: Mind, claims: int = 6, seed: int = 0
) -> list[Statement]:
    """Each state speaks each year: its mind, twice, and a chance word in each claim."""
    rng = np.random.default_rng(seed)
    return [
        statement(
            state,
            str(year),
            *(
                f"{mind(state, year)} {mind(state, year)} w{rng.integers(500)}"
                for _ in range(claims)
            ),
            topics=[(TOPIC,)] * claims,
        )
        for state in states
        for year in years
    ]


def planted(folder: Path, statements: Sequence[Statement]) -> Comparator:
    """Nothing judges."""
    comparator = Comparator(
        Settings(indexes=folder / "ix", models=folder / "models", stance_model=None)
    )
    comparator.encoder = ToyEncoder()
    list(StatementStore(comparator.settings.indexes).put(statements))
    topics = comparator.catalogue.topics.ids
    Builder(comparator.settings.indexes, comparator.encoder, topics).build(Quiet())
    return comparator
