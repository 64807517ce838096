"""One topic: when it is spoken of and by whom, whose words on it are alike and, kept apart, who is
on contrary sides of its issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import LEAST_ISSUES, LEAST_POSITIONS, sides_in_common
from service.analysis.described import (
    TOPIC_BLOCS,
    TOPIC_ISSUES,
    TOPIC_PAIRS,
    TOPIC_STATES,
    TOPIC_YEARS,
)
from service.analysis.inquiry import Inquiry
from service.analysis.judged import Judged
from service.analysis.matrix import Compared, alike, comparable
from service.analysis.membership import members_when_speaking
from service.analysis.profile import ratios, rounded
from service.analysis.tabular import Table, Tabular
from service.analysis.trends import Trend, trends
from service.domain.issues import Issue
from service.domain.standing import Side
from service.domain.topics import Topic
from service.retrieval.library import ClaimRecord

# Positions whose likeness is reckoned while somebody waits; each is compared with each.
MOST_ALIKE = 4_000
# Pairs at either end, and positions that are shown in full.
MOST_PAIRS, LATEST = 10, 10
# Of a state or bloc with fewer positions on anything, a share says nothing.
LEAST_SPOKEN = 20
_TAKEN = (Side.FOR, Side.AGAINST, Side.RESERVATIONS)
_OF_A_YEAR = ("year", "positions", "of", "share", "states")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """Of a state or a bloc (`id`): `positions` on the topic, of `of` on anything, which makes the
    `share`; `others_share` is that of all others together. `ratio` is the first by the second,
    with a 95% interval that takes positions for independent; None where no other speaks of it, or
    where there are fewer than LEAST_SPOKEN positions on anything."""

    id: str
    name: str
    positions: int
    of: int
    share: float
    others_share: float | None
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two states. `similarity` is that of `matrix.Alike`, of `claims_a` and `claims_b` positions in
    the years compared: None where either has fewer than LEAST_POSITIONS. Apart from it: of the
    topic's `issues` on which both took a side, they took the `same` on some, and were for and
    against on `opposed`."""

    state_a: str
    name_a: str
    state_b: str
    name_b: str
    similarity: float | None
    claims_a: int
    claims_b: int
    same: int
    opposed: int
    issues: int


@dataclass(frozen=True, slots=True)
class TopicIssue:
    """An issue of the topic. `counts` of states that took a side, by the evidence within the
    period; None where it wasn't judged. `current` is False where the corpus or the corrections
    changed since."""

    issue: str
    proposition: str
    contrary: str
    counts: dict[Side, int] | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicProfile(Tabular):
    """`positions` on the topic within the period, of `of` on anything, as `years` has them year by
    year. `states` and `blocs` come in the order of how surely they speak more of it than others.

    `nearest` are the pairs of the most similar wording, from the years `compared` (None: nothing
    to compare); `divided` those that were against each other on the most issues, as far as
    `stance_model` judged these before; of the latter all have LEAST_ISSUES in common.
    """

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    topic: Topic
    positions: int
    of: int
    years: tuple[Trend, ...]
    states: tuple[Share, ...]
    blocs: tuple[Share, ...]
    issues: tuple[TopicIssue, ...]
    compared: Compared | None
    nearest: tuple[Pair, ...]
    divided: tuple[Pair, ...]
    latest: tuple[ClaimRecord, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        topic = self.topic
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "topic": topic.id,
            "name": topic.name,
            "definition": topic.definition,
            "synonyms": list(topic.synonyms),
            "positions": self.positions,
            "of": self.of,
            "years": self._years(),
            "states": [asdict(share) for share in self.states],
            "blocs": [asdict(share) for share in self.blocs],
            "issues": [
                asdict(issue) | {"counts": issue.counts and _named(issue.counts)}
                for issue in self.issues
            ],
            "compared": self.compared and self.compared.to_dict(),
            "nearest": [asdict(pair) for pair in self.nearest],
            "divided": [asdict(pair) for pair in self.divided],
            "latest": [record.to_dict() for record in self.latest],
        }

    def tables(self) -> tuple[Table, ...]:
        """States, blocs, years, issues, and the pairs at either end."""
        pairs = (
            {"list": name, **asdict(pair)}
            for name in ("nearest", "divided")
            for pair in getattr(self, name)
        )
        issues = (
            asdict(issue) | {str(side): (issue.counts or {}).get(side) for side in _TAKEN}
            for issue in self.issues
        )
        return (
            Table("states", TOPIC_STATES, ({"state": s.id, **asdict(s)} for s in self.states)),
            Table("blocs", TOPIC_BLOCS, ({"bloc": b.id, **asdict(b)} for b in self.blocs)),
            Table("years", TOPIC_YEARS, self._years()),
            Table("issues", TOPIC_ISSUES, issues),
            Table("pairs", TOPIC_PAIRS, pairs),
        )

    def _years(self) -> list[dict[str, Any]]:
        return [{name: getattr(row, name) for name in _OF_A_YEAR} for row in self.years]


def topic_profile(inquiry: Inquiry, issues: Sequence[Issue], judged: Judged) -> TopicProfile:
    """`issues` are the topic's; `judged` says where states stand on them within the period."""
    topic, generation = inquiry.subject.topic, inquiry.generation
    assert topic is not None
    columns = generation.columns
    within = np.flatnonzero(inquiry.within)
    about = np.flatnonzero(inquiry.about)
    compared, chosen = comparable(generation, about, np.ones(len(about), np.bool_), MOST_ALIKE)
    nearest, divided = _pairs(inquiry, about[chosen], judged)
    return TopicProfile(
        query=inquiry.echo(),
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=judged.stance_model,
        topic=topic,
        positions=len(about),
        of=len(within),
        years=trends(inquiry, None).rows,
        states=tuple(_by_state(inquiry, within, about)),
        blocs=tuple(_by_bloc(inquiry, within)),
        issues=tuple(_issues(issues, judged)),
        compared=compared,
        nearest=nearest,
        divided=divided,
        latest=tuple(generation.library.records(columns.latest(about, LATEST))),
    )


def _issues(issues: Sequence[Issue], judged: Judged) -> Iterator[TopicIssue]:
    known = {on.issue.id: on for on in judged.issues}
    for issue in issues:
        on = known.get(issue.id)
        counts: dict[Side, int] | None = None
        if on is not None:
            sides = Counter(found.side for found in on.standings.values())
            counts = {side: sides[side] for side in _TAKEN}
        current = on is None or on.current
        yield TopicIssue(issue.id, issue.proposition, issue.contrary, counts, current)


def _by_state(
    inquiry: Inquiry, within: npt.NDArray[np.int64], about: npt.NDArray[np.int64]
) -> list[Share]:
    columns = inquiry.generation.columns
    count = len(columns.states)
    mine = np.bincount(columns.state[about], minlength=count).astype(float)
    of = np.bincount(columns.state[within], minlength=count).astype(float)
    names = [(code, inquiry.catalogue.states.name(code)) for code in columns.states]
    return _shares(names, mine, of, len(about), len(within))


def _by_bloc(inquiry: Inquiry, within: npt.NDArray[np.int64]) -> list[Share]:
    """What was said by those who were members then."""
    blocs = list(inquiry.catalogue.blocs)
    about = inquiry.about[within]
    member = members_when_speaking(inquiry.generation.columns, within, blocs)
    mine, of = (rows.sum(axis=0).astype(float) for rows in (member[about], member))
    names = [(bloc.id, bloc.name) for bloc in blocs]
    return _shares(names, mine, of, int(about.sum()), len(within))


def _shares(
    names: Sequence[tuple[str, str]], mine: Floats, of: Floats, all_about: int, all_of: int
) -> list[Share]:
    """Of those that have any position."""
    others, rest = all_about - mine, all_of - of
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, low, high = ratios(mine, of, others, rest)
        others_share = others / rest
    for figures in (ratio, low, high):
        figures[of < LEAST_SPOKEN] = np.nan
    found = [
        Share(
            *names[i],
            int(mine[i]),
            int(of[i]),
            round(float(mine[i] / of[i]), 6),
            *(rounded(figures[i]) for figures in (others_share, ratio, low, high)),
        )
        for i in np.flatnonzero(of).tolist()
    ]
    return sorted(
        found,
        key=lambda one: (one.low is None, -(one.low or 0.0), -one.positions, one.id),
    )


def _pairs(
    inquiry: Inquiry, rows: npt.NDArray[np.int64], judged: Judged
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The nearest in wording, and the most divided in stance."""
    near = alike(inquiry.generation, rows, "from")
    states = sorted({*near.states, *(s for on in judged.issues for s in on.standings)})
    place = {state: number for number, state in enumerate(states)}
    sides = [{s: on.side(s) for s in on.standings} for on in judged.issues]
    both, same, opposed = sides_in_common(states, sides)
    counts = dict(zip(near.states, near.counts.tolist(), strict=True))
    similarity = np.full((len(states), len(states)), np.nan)
    enough = np.flatnonzero(near.counts >= LEAST_POSITIONS)
    where = [place[near.states[number]] for number in enough]
    similarity[np.ix_(where, where)] = near.similarity[np.ix_(enough, enough)]

    def pairs(order: Floats, keep: npt.NDArray[np.bool_]) -> Iterator[Pair]:
        a, b = np.nonzero(np.triu(keep, 1))
        first = np.argsort(-order[a, b], kind="stable")[:MOST_PAIRS]
        for i, j in zip(a[first].tolist(), b[first].tolist(), strict=True):
            one, other = states[i], states[j]
            yield Pair(
                one, inquiry.catalogue.states.name(one),
                other, inquiry.catalogue.states.name(other),
                rounded(similarity[i, j]), counts.get(one, 0), counts.get(other, 0),
                int(same[i, j]), int(opposed[i, j]), int(both[i, j]),
            )  # fmt: skip

    # Of equally many contrary sides, the greater share first.
    apart = opposed - both / (both.max(initial=0) + 1)
    return (
        tuple(pairs(similarity, ~np.isnan(similarity))),
        tuple(pairs(apart, (opposed > 0) & (both >= LEAST_ISSUES))),
    )


def _named(counts: Mapping[Side, int]) -> dict[str, int]:
    return {str(side): count for side, count in counts.items()}
