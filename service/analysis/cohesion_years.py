"""How united a bloc is year by year, by wording and, kept apart, by stance: by its members of the
time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from service.analysis.agreement import LEAST_ISSUES
from service.analysis.cohesion import LEAST_MEMBERS
from service.analysis.judged import Judged, period
from service.analysis.membership import members_when_speaking
from service.analysis.slopes import SLOPE_COLUMNS, Slope, slope, slope_rows
from service.analysis.tabular import Column, Table, Tabular, Type
from service.analysis.unity import topic_unity
from service.catalogue import Catalogue
from service.domain.blocs import Bloc
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, proceed, stage
from service.domain.standing import Side
from service.domain.topics import Topic
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation

COHESION_YEAR_COLUMNS = (
    Column("year", Type.INTEGER, "Calendar year."),
    Column("positions", Type.INTEGER, "Positions of members in the year."),
    Column("members", Type.INTEGER, "Members, when they spoke, with 2 positions or more."),
    Column("outsiders", Type.INTEGER, "Other states with 2 positions or more."),
    Column("within", Type.NUMBER,
           "Mean similarity of two members' positions of the year, -1 to 1; of subject and "
           "wording, not agreement. Empty for fewer than 3 members or outsiders."),
    Column("between", Type.NUMBER, "Mean similarity of a member and an outsider, -1 to 1."),
    Column("difference", Type.NUMBER, "The first less the second."),
    Column("low", Type.NUMBER, "Lower end of the difference's 95% interval, over states."),
    Column("high", Type.NUMBER, "Upper end of the difference's 95% interval."),
    Column("issues", Type.INTEGER,
           "Issues on which 3 members or more had taken a side by the year's end."),
    Column("unity", Type.NUMBER,
           "Mean over these issues of the share of the largest side among members that had taken "
           "one, 0 to 1; empty for fewer than 2 issues."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CohesionYear:
    """From `positions` to `high` as `unity.TopicUnity` has them, of one year.

    `unity` is the mean, over the `issues` on which LEAST_MEMBERS of the members at the end of the
    year had taken a side by what they had said until then, of the largest side's share of these.
    None for fewer than LEAST_ISSUES.
    """

    year: int
    positions: int
    members: int
    outsiders: int
    within: float | None
    between: float | None
    difference: float | None
    low: float | None
    high: float | None
    issues: int
    unity: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CohesionYears(Tabular):
    """Every year from the first to the last in which a member spoke on the subject. `slopes` are of
    `within`, `difference` and `unity`: above 0 the bloc draws together. Sides last until they
    change, so that years of unity aren't independent.

    `judged` issues count; `left_out` weren't judged before by `stance_model`."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    bloc: str
    name: str
    years: tuple[CohesionYear, ...]
    slopes: Mapping[str, Slope]
    judged: int
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "bloc": self.bloc,
            "name": self.name,
            "years": [asdict(year) for year in self.years],
            "slopes": slope_rows(self.slopes),
            "judged": self.judged,
            "left_out": list(self.left_out),
        }

    def tables(self) -> tuple[Table, ...]:
        return (
            Table("years", COHESION_YEAR_COLUMNS, map(asdict, self.years)),
            Table("slopes", SLOPE_COLUMNS, slope_rows(self.slopes)),
        )


def cohesion_years(
    bloc: Bloc,
    topic: Topic | None,
    question: Question,
    generation: Generation,
    catalogue: Catalogue,
    judged: Judged,
) -> CohesionYears:
    """`question` says the period, `topic` the only one wanted (None: all positions, on anything),
    `judged` where members stand by what they said until the period's end."""
    answered_from(generation.manifest.id)
    columns = generation.columns
    years = []
    with stage(Stage.SEARCH):
        mask = allowed_rows(question, generation, catalogue.blocs, ())
        if topic is not None:
            mask &= columns.on_topic(topic.id)
        rows = np.flatnonzero(mask)
        spoken = columns.years(rows)
        member = members_when_speaking(columns, rows, [bloc])[:, 0]
        own = spoken[member]
        for year in range(int(own.min()), int(own.max()) + 1) if len(own) else ():
            proceed()
            now = spoken == year
            wording = asdict(topic_unity(generation, rows[now], member[now], "", ""))
            del wording["topic"], wording["name"]
            issues, unity = _unity(bloc, judged, year)
            years.append(CohesionYear(year=year, **wording, issues=issues, unity=unity))
    return CohesionYears(
        query={"bloc": bloc.id, "topic": topic.id if topic else None, **period(question)},
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=judged.stance_model,
        bloc=bloc.id,
        name=bloc.name,
        years=tuple(years),
        slopes={
            figure: slope({year.year: getattr(year, figure) for year in years})
            for figure in ("within", "difference", "unity")
        },
        judged=len(judged.issues),
        left_out=judged.left_out,
    )


def _unity(bloc: Bloc, judged: Judged, year: int) -> tuple[int, float | None]:
    end, shares = date(year, 12, 31), list[float]()
    for on in judged.issues:
        counts = Counter(
            found.side_in(year)
            for state, found in on.standings.items()
            if bloc.includes(state, end)
        )
        del counts[Side.SILENT]
        if counts.total() >= LEAST_MEMBERS:
            shares.append(max(counts.values()) / counts.total())
    return len(shares), round(float(np.mean(shares)), 6) if len(shares) >= LEAST_ISSUES else None
