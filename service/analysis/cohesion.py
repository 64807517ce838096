"""How united a bloc is, by wording and by stance, and who breaks ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis import described
from service.analysis.judged import Judged, JudgedIssue, period, shown_by
from service.analysis.matrix import Compared, comparable
from service.analysis.membership import members_when_speaking
from service.analysis.tabular import Table, Tabular
from service.analysis.unity import TopicUnity, topic_unity
from service.catalogue import Catalogue
from service.domain.blocs import Bloc
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, stage
from service.domain.standing import Basis, Side
from service.domain.topics import Topic
from service.errors import NotFound
from service.retrieval.columns import Mask
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation

COHESION_FILTERS = ("from", "to")
# Members that took a side on an issue; of fewer, nothing is said about unity.
LEAST_MEMBERS = 3
COHESION_COLUMNS = (
    "part", "id", "name", "positions", "members", "outsiders", "within", "between", "difference",
    "low", "high", *(str(side) for side in Side), "side", "unity", "rice", "inferred", "breakers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breaker:
    """A member on another side than most: `opposed` where one is for and the other against, else
    one of them has reservations. `quotation` is the latest that shows it, None where its words have
    left the corpus."""

    state: str
    name: str
    side: Side
    since: str | None
    basis: Basis | None
    opposed: bool
    quotation: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class IssueUnity:
    """Sides that `members` took while they belonged to the bloc: those that spoke at all within the
    period. Each of `counts` is of members, by side.

    `side` is that of most members that took one, None where two sides have as many. `unity` is
    their share of those that took one of the three; `rice` is Rice's index of cohesion (Rice 1928,
    Quantitative Methods in Politics): for less against, without sign, by their sum. Both are None,
    as is `side`, where fewer than LEAST_MEMBERS took a side (for `rice`: for or against).

    `inferred` counts the sides that rest on the model's verdicts alone. `current` is False where
    the corpus or the corrections changed since the issue was judged.
    """

    issue: str
    proposition: str
    topics: tuple[str, ...]
    members: int
    counts: dict[Side, int]
    side: Side | None
    unity: float | None
    rice: float | None
    inferred: int
    current: bool
    breakers: tuple[Breaker, ...]


@dataclass(frozen=True, slots=True)
class Loyalty:
    """Of a member, how many `issues` with a side of most members it took a side on, and on how many
    of them another one, `opposed` of these the contrary one."""

    state: str
    name: str
    issues: int
    apart: int
    opposed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohesion(Tabular):
    """`members` spoke within the period while they belonged to the bloc; `positions` are theirs.

    `topics` are by wording, from the years `compared` (None: nothing to compare), the most united
    first, those without figures last.

    `issues` are by stance, of the `judged` ones those on which a member took a side: first those
    with most members off the largest side, last those without figures. `left_out` weren't judged
    before by `stance_model`. `ranks` has the members that took a side where most took one, those
    that most often stood apart first.
    """

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    bloc: str
    name: str
    members: tuple[str, ...]
    positions: int
    compared: Compared | None
    topics: tuple[TopicUnity, ...]
    issues: tuple[IssueUnity, ...]
    judged: int
    left_out: tuple[str, ...]
    ranks: tuple[Loyalty, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "bloc": self.bloc,
            "name": self.name,
            "members": list(self.members),
            "positions": self.positions,
            "compared": self.compared and self.compared.to_dict(),
            "topics": [asdict(topic) for topic in self.topics],
            "issues": [_plain(issue) for issue in self.issues],
            "judged": self.judged,
            "left_out": list(self.left_out),
            "ranks": [asdict(rank) for rank in self.ranks],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """Flat, with the names of COHESION_COLUMNS: each topic and issue a row, told apart by
        `part`; what it hasn't is None. `breakers` are codes."""
        return [{name: row.get(name) for name in COHESION_COLUMNS} for row in self._rows()]

    def _rows(self) -> Iterator[dict[str, Any]]:
        for topic in self.topics:
            yield {"part": "topic", "id": topic.topic, **asdict(topic)}
        for issue in self.issues:
            yield {
                "part": "issue",
                "id": issue.issue,
                "name": issue.proposition,
                "members": issue.members,
                **{str(side): count for side, count in issue.counts.items()},
                "side": issue.side and str(issue.side),
                "unity": issue.unity,
                "rice": issue.rice,
                "inferred": issue.inferred,
                "breakers": [breaker.state for breaker in issue.breakers],
            }

    def tables(self) -> tuple[Table, ...]:
        """By topic and by issue; then who breaks ranks, issue by issue and member by member."""
        issues = (
            asdict(issue) | {str(side): count for side, count in issue.counts.items()}
            for issue in self.issues
        )
        breakers = (
            {"issue": issue.issue} | asdict(breaker)
            for issue in self.issues
            for breaker in issue.breakers
        )
        return (
            Table("topics", described.COHESION_TOPICS, map(asdict, self.topics)),
            Table("issues", described.COHESION_ISSUES, issues),
            Table("breakers", described.COHESION_BREAKERS, breakers),
            Table("ranks", described.COHESION_RANKS, map(asdict, self.ranks)),
        )


def find_bloc(catalogue: Catalogue, name: str) -> Bloc:
    """By id, name or alias. Raises NotFound."""
    bloc = catalogue.blocs.resolve(name)
    if bloc is None:
        known = ", ".join(bloc.id for bloc in catalogue.blocs)
        raise NotFound(f"no such bloc: {name}; there are {known}")
    return bloc


def cohesion(
    bloc: Bloc,
    topic: Topic | None,
    question: Question,
    generation: Generation,
    catalogue: Catalogue,
    judged: Judged,
) -> Cohesion:
    """`question` says the period, `topic` the only one wanted, `judged` where members stand by what
    they said within the period while they were members."""
    answered_from(generation.manifest.id)
    columns = generation.columns
    with stage(Stage.SEARCH):
        mask = allowed_rows(question, generation, catalogue.blocs, ())
        rows = np.flatnonzero(mask)
        member = members_when_speaking(columns, rows, [bloc])[:, 0]
        compared, chosen = comparable(generation, rows, member)
        topics = tuple(_topics(generation, catalogue, rows[chosen], member[chosen], topic))
    members = sorted(columns.states[i] for i in np.unique(columns.state[rows[member]]))
    issues = [
        _on_issue(generation, catalogue, members, on)
        for on in judged.issues
        if any(state in on.standings for state in members)
    ]
    return Cohesion(
        query={"bloc": bloc.id, "topic": topic.id if topic else None, **period(question)},
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=judged.stance_model,
        bloc=bloc.id,
        name=bloc.name,
        members=tuple(members),
        positions=int(member.sum()),
        compared=compared,
        topics=topics,
        issues=tuple(sorted(issues, key=_most_divided)),
        judged=len(judged.issues),
        left_out=judged.left_out,
        ranks=tuple(_ranks(catalogue, members, judged.issues, issues)),
    )


def _topics(
    generation: Generation,
    catalogue: Catalogue,
    rows: npt.NDArray[np.int64],
    member: Mask,
    only: Topic | None,
) -> list[TopicUnity]:
    """Of which members speak."""
    columns = generation.columns
    found = []
    for topic in catalogue.topics:
        if only in (None, topic):
            on = columns.on_topic(topic.id)[rows]
            if (on & member).any():
                found.append(topic_unity(generation, rows[on], member[on], topic.id, topic.name))
    return sorted(
        found,
        key=lambda t: (t.difference is None, -(t.difference or 0), -t.positions, t.topic),
    )


def _on_issue(
    generation: Generation, catalogue: Catalogue, members: Sequence[str], on: JudgedIssue
) -> IssueUnity:
    counts = Counter(on.side(state) for state in members)
    taken = [state for state in members if state in on.standings]
    side = majority(counts)
    both = counts[Side.FOR] + counts[Side.AGAINST]
    enough = len(taken) >= LEAST_MEMBERS
    breakers = [
        _breaker(generation, catalogue, state, side, on)
        for state in taken
        if side is not None and on.side(state) is not side
    ]
    return IssueUnity(
        issue=on.issue.id,
        proposition=on.issue.proposition,
        topics=on.issue.topics,
        members=len(members),
        counts={one: counts[one] for one in Side},
        side=side,
        unity=round(max(counts[s] for s in _SIDES) / len(taken), 6) if enough else None,
        rice=round(abs(counts[Side.FOR] - counts[Side.AGAINST]) / both, 6)
        if both >= LEAST_MEMBERS
        else None,
        inferred=sum(on.standings[state].basis is Basis.INFERRED for state in taken),
        current=on.current,
        breakers=tuple(sorted(breakers, key=lambda b: (not b.opposed, b.state))),
    )


_SIDES = tuple(side for side in Side if side is not Side.SILENT)


def majority(counts: Counter[Side]) -> Side | None:
    """The side that more members took than any other; None where there is none, or where fewer than
    LEAST_MEMBERS took one."""
    (first, most), (_, second) = Counter({side: counts[side] for side in _SIDES}).most_common(2)
    taken = sum(counts[side] for side in _SIDES)
    return first if taken >= LEAST_MEMBERS and most > second else None


def _opposed(a: Side, b: Side) -> bool:
    return {a, b} == {Side.FOR, Side.AGAINST}


def _breaker(
    generation: Generation, catalogue: Catalogue, state: str, side: Side, on: JudgedIssue
) -> Breaker:
    own = on.standings[state]
    return Breaker(
        state,
        catalogue.states.name(state),
        own.side,
        own.since,
        own.basis,
        _opposed(own.side, side),
        shown_by(generation, own),
    )


def _ranks(
    catalogue: Catalogue,
    members: Sequence[str],
    judged: Sequence[JudgedIssue],
    issues: Sequence[IssueUnity],
) -> list[Loyalty]:
    sides = {on.issue.id: on for on in judged}
    led = [(issue.side, sides[issue.issue]) for issue in issues if issue.side is not None]
    found = []
    for state in members:
        own = [(side, on.side(state)) for side, on in led if state in on.standings]
        if own:
            apart = sum(side is not mine for side, mine in own)
            opposed = sum(_opposed(side, mine) for side, mine in own)
            found.append(Loyalty(state, catalogue.states.name(state), len(own), apart, opposed))
    return sorted(found, key=lambda rank: (-rank.opposed, -rank.apart, rank.issues, rank.state))


def _most_divided(issue: IssueUnity) -> tuple[bool, int, float, str]:
    """By how many members would have to change sides for all to be on one, not by the share: two
    of three are easily found, ten of forty aren't."""
    sides = [issue.counts[side] for side in _SIDES]
    return issue.unity is None, max(sides) - sum(sides), issue.unity or 0.0, issue.issue


def _plain(issue: IssueUnity) -> dict[str, Any]:
    row = asdict(issue)
    row["counts"] = {str(side): count for side, count in issue.counts.items()}
    row["topics"] = list(issue.topics)
    row["breakers"] = list(row["breakers"])
    return row
