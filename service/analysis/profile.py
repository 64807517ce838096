"""One state: what it speaks of more than others do, to whom its words are near, and with whom it
was on the same side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis import described
from service.analysis.agreement import LEAST_ISSUES
from service.analysis.judged import Judged, JudgedIssue, period, shown_by
from service.analysis.likeness import Likeness, likenesses
from service.analysis.matrix import Compared, comparable
from service.analysis.proportions import NORMAL_95
from service.analysis.tabular import Table, Tabular
from service.catalogue import Catalogue
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, stage
from service.domain.standing import Basis, Side
from service.domain.statements import Kind
from service.errors import NotFound
from service.retrieval.columns import KINDS, Mask
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord

PROFILE_FILTERS = ("from", "to")
# Positions that are shown in full, the latest ones.
LATEST = 10
PROFILE_COLUMNS = (
    "part", "id", "name", "positions", "share", "others_share", "ratio", "low", "high",
    "similarity", "expected", "agreement", "same", "issues", "side", "since", "basis",
)  # fmt: skip
# Of the normal distribution, for 95%.

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A state that speaks in the corpus, from the year `first` to `last`."""

    state: str
    statements: int
    positions: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """The state's `statements` of a year, by id, and how many positions they hold: perhaps none."""

    year: int
    statements: tuple[str, ...]
    positions: int


@dataclass(frozen=True, slots=True)
class TopicShare:
    """`share` of the state's positions that are on the topic, and of all `others`'; one may be on
    several topics. `ratio` is the first by the second, with a 95% interval, which takes positions
    for independent of each other; None where no other state speaks of the topic.
    """

    topic: str
    name: str
    positions: int
    share: float | None
    others_share: float | None
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another state. `similarity`, `low`, `high` and `expected` are those of `Likeness`, of
    `positions` in the years compared. Apart from it, `agreement`: the share of the `issues` on
    which both took a side that they took the same one on, `same` of them; None where these are
    fewer than LEAST_ISSUES."""

    state: str
    name: str
    positions: int
    similarity: float
    low: float
    high: float
    expected: float | None
    agreement: float | None
    same: int
    issues: int


@dataclass(frozen=True, slots=True)
class OnIssue:
    """The state's side on an issue that was judged as a whole before, by the evidence within the
    period. `quotation` is the latest that shows it, None where it has left the corpus. `current` is
    False where the corpus or the corrections changed since it was judged."""

    issue: str
    proposition: str
    side: Side
    since: str | None
    basis: Basis | None
    current: bool
    quotation: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Tabular):
    """`positions` within the period, and the `others`' together. `topics` come most frequent
    first. `nearest` has every state that can be ranked: first those that come farthest above what
    is expected of as many positions; `unranked` counts those with too few in the years compared.
    `compared` is None where the state has no position, or a single year has more than can be
    compared.

    `issues` are those on which it took a side, of the `judged` ones, as `stance_model` judged
    them before; `left_out` are those that it didn't.
    """

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    state: str
    name: str
    blocs: tuple[str, ...]
    positions: int
    others: int
    years: tuple[Spoken, ...]
    topics: tuple[TopicShare, ...]
    compared: Compared | None
    nearest: tuple[Neighbour, ...]
    unranked: int
    issues: tuple[OnIssue, ...]
    judged: int
    left_out: tuple[str, ...]
    latest: tuple[ClaimRecord, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "state": self.state,
            "name": self.name,
            "blocs": list(self.blocs),
            "positions": self.positions,
            "others": self.others,
            "years": [asdict(year) | {"statements": list(year.statements)} for year in self.years],
            "topics": [asdict(topic) for topic in self.topics],
            "compared": self.compared and self.compared.to_dict(),
            "nearest": [asdict(neighbour) for neighbour in self.nearest],
            "unranked": self.unranked,
            "issues": [
                asdict(issue) | {"side": str(issue.side), "basis": issue.basis and str(issue.basis)}
                for issue in self.issues
            ],
            "judged": self.judged,
            "left_out": list(self.left_out),
            "latest": [record.to_dict() for record in self.latest],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """Flat, with the names of PROFILE_COLUMNS: each topic, state and issue a row, told apart by
        `part`. What a row hasn't is None; `low` and `high` are those of its ratio or similarity."""
        return [{name: row.get(name) for name in PROFILE_COLUMNS} for row in self._rows()]

    def _rows(self) -> Iterator[dict[str, Any]]:
        for topic in self.topics:
            yield {"part": "topic", "id": topic.topic, **asdict(topic)}
        for near in self.nearest:
            yield {"part": "state", "id": near.state, **asdict(near)}
        for on in self.issues:
            yield {"part": "issue", "id": on.issue, "name": on.proposition, **asdict(on)}

    def tables(self) -> tuple[Table, ...]:
        """By topic, by other state and by issue."""
        return (
            Table("topics", described.PROFILE_TOPICS, map(asdict, self.topics)),
            Table("states", described.PROFILE_STATES, map(asdict, self.nearest)),
            Table("issues", described.PROFILE_ISSUES, map(asdict, self.issues)),
        )


def speakers(generation: Generation) -> Iterator[Speaker]:
    """Every state that has a claim of any kind, in the order of the index."""
    columns = generation.columns
    ends = np.append(generation.state_starts[1:], len(columns))
    for start, end in zip(generation.state_starts.tolist(), ends.tolist(), strict=False):
        years = columns.years(np.arange(start, end))
        yield Speaker(
            columns.states[columns.state[start]],
            len(np.unique(columns.statement[start:end])),
            int((columns.kind[start:end] == KINDS.index(Kind.POSITION)).sum()),
            int(years.min()),
            int(years.max()),
        )


def find_state(catalogue: Catalogue, name: str) -> str:
    """The code of a state in any usual spelling. Raises NotFound."""
    state = catalogue.states.resolve(name)
    if state is None:
        near = ", ".join(f"{s.name} ({s.code})" for s in catalogue.states.suggest(name))
        raise NotFound(f"no such state: {name}" + (f"; near: {near}" if near else ""))
    return state.code


def profile(
    state: str,
    question: Question,
    generation: Generation,
    catalogue: Catalogue,
    judged: Judged,
) -> Profile:
    """`question` says the period, `judged` where states stand by what they said within it."""
    answered_from(generation.manifest.id)
    columns = generation.columns
    number = columns.states.index(state) if state in columns.states else -1
    with stage(Stage.SEARCH):
        mask = allowed_rows(question, generation, catalogue.blocs, ())
        rows = np.flatnonzero(mask)
        own = columns.state[rows] == number
        compared, chosen = comparable(generation, rows, own)
        near, unranked = likenesses(generation, rows[chosen], number)
    return Profile(
        query={"state": state, **period(question)},
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=judged.stance_model,
        state=state,
        name=catalogue.states.name(state),
        blocs=tuple(b.id for b in catalogue.blocs.of(state, datetime.now(UTC).date())),
        positions=int(own.sum()),
        others=int((~own).sum()),
        years=tuple(_years(generation, number, question)),
        topics=_topics(generation, catalogue, rows, own),
        compared=compared,
        nearest=tuple(_neighbour(catalogue, state, likeness, judged.issues) for likeness in near),
        unranked=unranked,
        issues=tuple(_sides(generation, state, judged.issues)),
        judged=len(judged.issues),
        left_out=judged.left_out,
        latest=tuple(generation.library.records(columns.latest(rows[own], LATEST))),
    )


def _years(generation: Generation, number: int, question: Question) -> Iterator[Spoken]:
    """Of statements with any claim, whatever its kind."""
    columns = generation.columns
    said = np.flatnonzero(
        (columns.state == number)
        & columns.overlapping(
            question.earliest.first if question.earliest else None,
            question.latest.last if question.latest else None,
        )
    )
    year = columns.years(said)
    is_position = columns.kind[said] == KINDS.index(Kind.POSITION)
    _, first = np.unique(columns.statement[said], return_index=True)
    ids = [r.statement.id for r in generation.library.records([int(said[i]) for i in first])]
    for one in np.unique(year).tolist():
        of_year = tuple(name for name, i in zip(ids, first, strict=True) if year[i] == one)
        yield Spoken(one, of_year, int(is_position[year == one].sum()))


def _topics(
    generation: Generation, catalogue: Catalogue, rows: Rows, own: Mask
) -> tuple[TopicShare, ...]:
    """Those of which anybody speaks; of equally frequent ones, what others seldom do first."""
    columns = generation.columns
    if not own.any():
        return ()
    mine, theirs = (columns.topics[rows[side]].sum(axis=0).astype(float) for side in (own, ~own))
    ratio, low, high = ratios(mine, float(own.sum()), theirs, float((~own).sum()))
    names = {topic.id: topic.name for topic in catalogue.topics}
    spoken = np.flatnonzero(mine + theirs)
    order = sorted(spoken.tolist(), key=lambda i: (-mine[i], theirs[i], columns.topic_ids[i]))
    return tuple(
        TopicShare(
            columns.topic_ids[i],
            names.get(columns.topic_ids[i], columns.topic_ids[i]),
            int(mine[i]),
            rounded(mine[i] / own.sum()),
            rounded(theirs[i] / (~own).sum()) if not own.all() else None,
            *(rounded(figures[i]) for figures in (ratio, low, high)),
        )
        for i in order
    )


def ratios(
    k: Floats, n: Floats | float, others: Floats, of: Floats | float
) -> tuple[Floats, Floats, Floats]:
    """Of k/n to others/of, with a 95% interval: NaN where a ratio has no value.

    The logarithm of a ratio of two proportions is about normal (Katz, Baptista, Azen and Pike 1978,
    Biometrics 34). A ratio of 0 has no logarithm: its interval ends where that of half a case more
    on both sides does (Walter 1975, Biometrika 62).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(k == 0, 0.5, 0.0)
        x, y = (k + half) / (n + half), (others + half) / (of + half)
        spread = np.sqrt(1 / (k + half) - 1 / (n + half) + 1 / (others + half) - 1 / (of + half))
        low, high = x / y * np.exp(-NORMAL_95 * spread), x / y * np.exp(NORMAL_95 * spread)
        ratio = (k / n) / (others / of)
    low = np.where(k == 0, 0.0, low)
    ratio, low, high = (np.where(others > 0, f, np.nan) for f in (ratio, low, high))
    return ratio, low, high


def _neighbour(
    catalogue: Catalogue, state: str, likeness: Likeness, judged: Sequence[JudgedIssue]
) -> Neighbour:
    pairs = [(on.standings.get(state), on.standings.get(likeness.state)) for on in judged]
    both = [(a.side, b.side) for a, b in pairs if a and b]
    same = sum(a is b for a, b in both)
    return Neighbour(
        likeness.state,
        catalogue.states.name(likeness.state),
        likeness.claims,
        likeness.similarity,
        likeness.low,
        likeness.high,
        likeness.expected,
        round(same / len(both), 6) if len(both) >= LEAST_ISSUES else None,
        same,
        len(both),
    )


def _sides(generation: Generation, state: str, judged: Sequence[JudgedIssue]) -> Iterator[OnIssue]:
    for on in judged:
        if standing := on.standings.get(state):
            yield OnIssue(
                on.issue.id,
                on.issue.proposition,
                standing.side,
                standing.since,
                standing.basis,
                on.current,
                shown_by(generation, standing),
            )


def rounded(figure: float) -> float | None:
    """None for NaN."""
    return None if np.isnan(figure) else round(float(figure), 6)
