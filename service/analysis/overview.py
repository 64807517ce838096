"""An answer at a glance: how many states stand where, in which blocs, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from service.analysis.facets import Facets
from service.catalogue import Catalogue
from service.domain.answers import Answer, Group
from service.domain.stance import STANCES


@dataclass(frozen=True, slots=True)
class BlocCount:
    """Of a bloc's `members` of today, how many of those that the answer shows have each stance."""

    id: str
    name: str
    members: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class YearCount:
    """`positions` on the point in one year."""

    year: int
    positions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`counts` are of states, by stance: those that the answer shows and that were judged, no
    others; empty where nothing was. `far` are those that say nothing near the question or its
    contrary, by code. `near` counts the states with a position on the point, `positions` these
    positions."""

    answer: Answer
    counts: dict[str, int]
    far: tuple[str, ...]
    near: int
    positions: int
    blocs: tuple[BlocCount, ...]
    years: tuple[YearCount, ...]

    def to_dict(self) -> dict[str, Any]:
        return self.answer.to_dict() | {
            "overview": {
                "counts": self.counts,
                "far": list(self.far),
                "near": self.near,
                "positions": self.positions,
                "blocs": [asdict(bloc) for bloc in self.blocs],
                "years": [asdict(year) for year in self.years],
            }
        }


def overview(answer: Answer, facets: Facets, catalogue: Catalogue) -> Overview:
    """`answer` is grouped by state; `facets` are those of the same question."""
    groups = [result for result in answer.results if isinstance(result, Group)]
    stances = {group.state: None if group.far else group.stance for group in groups}
    today = date.today()
    blocs = []
    for bloc in catalogue.blocs:
        members = bloc.members(today)
        counts = _counts(stances[state] for state in members if state in stances)
        if counts:
            blocs.append(BlocCount(bloc.id, bloc.name, len(members), counts))
    return Overview(
        answer=answer,
        counts=_counts(stances.values()),
        far=tuple(group.state for group in groups if group.far),
        near=len(facets.state),
        positions=facets.total,
        blocs=tuple(sorted(blocs, key=lambda bloc: (-sum(bloc.counts.values()), bloc.name))),
        years=tuple(YearCount(int(found.value), found.count) for found in facets.year),
    )


def _counts(stances: Iterable[str | None]) -> dict[str, int]:
    found = Counter(stance for stance in stances if stance is not None)
    return {str(stance): found[str(stance)] for stance in STANCES} if found else {}
