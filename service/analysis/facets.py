"""What a search finds, counted: by state, bloc, topic, year and stance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.membership import members_when_speaking
from service.analysis.tabular import Column, Table, Tabular, Type
from service.catalogue import Catalogue
from service.domain.answers import Answer, Group, Hit
from service.domain.stance import STANCES
from service.retrieval.generations import Generation

FACETS = ("state", "bloc", "topic", "year", "stance")
FACET_COLUMNS = (
    Column("facet", Type.STRING, "state, bloc, topic, year or stance."),
    Column("value", Type.STRING, "What the filter of that name takes: a code, an id, a year."),
    Column("name", Type.STRING, "Its name."),
    Column(
        "count", Type.INTEGER,
        "Claims on the point of the question; by stance, of the hits that were judged.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FacetCount:
    """`value` is what the filter of that name takes: a code, an id, a year, a stance."""

    value: str
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets(Tabular):
    """Of the `total` claims within the filters that are on the point of the question: similarity
    of at least `level`, as `Group.count` counts them.

    A claim counts once by state and year, and under each of its topics and of the blocs to which
    its state then belonged. Values without a claim are left out; the most frequent come first,
    years in order.

    `stance` counts something else: the `judged` hits that the answer shows, no others, for only
    they were judged. None where no stance was asked for.
    """

    query: dict[str, Any]
    generation: str
    model: str
    level: float
    stance_model: str | None
    total: int
    judged: int
    state: tuple[FacetCount, ...]
    bloc: tuple[FacetCount, ...]
    topic: tuple[FacetCount, ...]
    year: tuple[FacetCount, ...]
    stance: tuple[FacetCount, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """The counts stand under `facets`."""
        plain = asdict(self)
        return plain | {"facets": {facet: plain.pop(facet) for facet in FACETS}}

    def tables(self) -> tuple[Table]:
        return (Table("facets", FACET_COLUMNS, self.as_rows()),)

    def as_rows(self) -> list[dict[str, Any]]:
        """One row a count, of FACET_COLUMNS."""
        return [
            {"facet": facet, **asdict(count)}
            for facet in FACETS
            for count in getattr(self, facet) or ()
        ]


def facets(
    generation: Generation,
    catalogue: Catalogue,
    rows: npt.NDArray[np.int64],
    query: dict[str, Any],
    level: float,
    answer: Answer | None,
) -> Facets:
    """Of `rows`, from the columns alone. `answer` is the judged one, if stances are wanted."""
    columns = generation.columns
    blocs = list(catalogue.blocs)
    by_state = np.bincount(columns.state[rows], minlength=len(columns.states))
    by_bloc = members_when_speaking(columns, rows, blocs).sum(axis=0)
    by_topic = columns.topics[rows].sum(axis=0)
    years, by_year = np.unique(columns.years(rows), return_counts=True)
    names = {topic.id: topic.name for topic in catalogue.topics}
    stances = None if answer is None else Counter(hit.stance for hit in shown(answer) if hit.stance)
    return Facets(
        query=query,
        generation=generation.manifest.id,
        model=generation.manifest.model,
        level=round(level, 6),
        stance_model=answer.stance_model if answer else None,
        total=len(rows),
        judged=stances.total() if stances else 0,
        state=_frequent(
            FacetCount(code, catalogue.states.name(code), int(count))
            for code, count in zip(columns.states, by_state, strict=True)
        ),
        bloc=_frequent(
            FacetCount(bloc.id, bloc.name, int(count))
            for bloc, count in zip(blocs, by_bloc, strict=True)
        ),
        topic=_frequent(
            FacetCount(topic, names.get(topic, topic), int(count))
            for topic, count in zip(columns.topic_ids, by_topic, strict=True)
        ),
        year=tuple(
            FacetCount(f"{year:04d}", f"{year:04d}", int(count))
            for year, count in zip(years.tolist(), by_year, strict=True)
        ),
        stance=None
        if stances is None
        else tuple(FacetCount(str(stance), str(stance), stances[stance]) for stance in STANCES),
    )


def shown(answer: Answer) -> Iterator[Hit]:
    """Every hit of an answer's results."""
    for result in answer.results:
        yield from result.hits if isinstance(result, Group) else (result,)


def _frequent(counts: Iterable[FacetCount]) -> tuple[FacetCount, ...]:
    return tuple(sorted((c for c in counts if c.count), key=lambda c: (-c.count, c.value)))
