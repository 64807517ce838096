"""What comes of comparing two statements: positions, pairs, counts by topic and two figures.

Positions are paired by similarity, which says *on the same point*; where the second statement
stands on that point towards the first is judged apart, pair by pair. So a comparison has two
figures that are never one: how alike the statements are, and how often they agree where they meet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

from service.analysis.alignment import Estimate
from service.analysis.tabular import Column, Table, Tabular, Type

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")


class Shared(StrEnum):
    """What becomes of a position: the stance of B towards A in the pair by which it is shown."""

    ALIGNED = "aligned"
    PARTIAL = "partial"  # with reservations
    OPPOSED = "opposed"
    UNCLEAR = "unclear"  # on the same point, but not clear where they stand
    NOT_JUDGED = "not_judged"  # on the same point; no stance model, or too many pairs
    ONLY = "only"  # nothing of the other statement is on this point


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPosition:
    """A position of statement `side`, in one group. `matched`: whether it is paired one to one;
    else its counterpart, where it has one, is the nearest of the other statement, which is matched
    to another. `counterparts` counts all that are on the same point. One that is `only` in its
    statement has no counterpart; `similarity` is then that with the nearest of the other one."""

    side: Side
    claim_id: str
    start: int
    end: int
    text: str
    topics: tuple[str, ...]
    group: Shared
    counterpart_id: str | None
    counterpart: str | None
    matched: bool
    counterparts: int
    similarity: float
    percentile: float | None
    stance: str | None
    probabilities: dict[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionPair:
    """Two positions on the same point, by their ids. `stance` is that of B towards A, None where
    it wasn't judged; `matched`, whether they are paired one to one."""

    claim_a: str
    claim_b: str
    matched: bool
    similarity: float
    percentile: float | None
    stance: str | None
    probabilities: dict[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCounts:
    """Positions of one statement on a topic, by group; `topic` is None for those without one. A
    position with two topics counts for both."""

    topic: str | None
    name: str
    side: Side
    positions: int
    aligned: int
    partial: int
    opposed: int
    unclear: int
    not_judged: int
    only: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementComparison(Tabular):
    """`level` is the least similarity of a pair, which one random pair in a thousand reaches.

    `similarity` is that of `matrix.Alike`, with the interval of `alignment.similarity_of`; None
    where a side has fewer than two positions. `agreement` is the share of the aligned among the
    one-to-one pairs that are judged aligned or opposed (`aligned` and `opposed` count them), with
    the interval of `alignment.agreement_of`; None for fewer than three. `judged` counts the
    one-to-one pairs that were judged. `whole` is False where one of the two is known by some
    positions only, in our own words: what seems to be in one only may then just be missing.

    `positions` are those of A in their order, then those of B; `pairs` are all that are on the same
    point, one to many; `topics` the most frequent first.
    """

    query: dict[str, Any]
    a: dict[str, Any]
    b: dict[str, Any]
    whole: bool
    generation: str
    model: str
    stance_model: str | None
    level: float
    similarity: Estimate | None
    agreement: Estimate | None
    judged: int
    aligned: int
    opposed: int
    positions: tuple[ComparedPosition, ...]
    pairs: tuple[PositionPair, ...]
    topics: tuple[TopicCounts, ...]

    def group(self, side: str, group: Shared) -> list[ComparedPosition]:
        """In the order of the text."""
        return [p for p in self.positions if p.side == side and p.group is group]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Positions of each side by group."""
        found = Counter((p.side, p.group) for p in self.positions)
        return {side: {str(group): found[side, group] for group in Shared} for side in SIDES}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "a": self.a,
            "b": self.b,
            "whole": self.whole,
            "level": self.level,
            "similarity": asdict(self.similarity) if self.similarity else None,
            "agreement": asdict(self.agreement) if self.agreement else None,
            "judged": self.judged,
            "aligned": self.aligned,
            "opposed": self.opposed,
            "counts": self.counts,
            "topics": [asdict(topic) for topic in self.topics],
            "positions": [
                asdict(position) | {"topics": list(position.topics), "group": str(position.group)}
                for position in self.positions
            ],
            "pairs": [asdict(pair) for pair in self.pairs],
        }

    def tables(self) -> tuple[Table, ...]:
        """The positions, the pairs and the topics."""
        positions = (
            asdict(p)
            | {"topics": "; ".join(p.topics), "group": str(p.group), "probability": _sure(p)}
            for p in self.positions
        )
        pairs = (asdict(pair) | {"probability": _sure(pair)} for pair in self.pairs)
        return (
            Table("positions", POSITIONS, positions),
            Table("pairs", PAIRS, pairs),
            Table("topics", TOPICS, map(asdict, self.topics)),
        )


def _sure(found: ComparedPosition | PositionPair) -> float | None:
    if found.stance is None or found.probabilities is None:
        return None
    return found.probabilities[found.stance]


def _column(name: str, description: str, type_: Type = Type.STRING) -> Column:
    return Column(name, type_, description)


_SAID = (
    _column("similarity", "Cosine of the two, -1 to 1: subject and wording, never agreement.",
            Type.NUMBER),
    _column("percentile", "Per cent of random pairs of different states' positions that are less "
            "alike; empty where nothing is calibrated.", Type.NUMBER),
    _column("stance", "Where B's stands towards A's, as a machine judges: aligned, partial, "
            "opposed or unclear; empty where it wasn't judged."),
    _column("probability", "The model's probability of that stance, 0 to 1.", Type.NUMBER),
)  # fmt: skip
POSITIONS = (
    _column("side", "a or b: the statement that holds the position."),
    _column("claim_id", "Id of the claim; within a text, its field's name and its offsets."),
    _column("start", "First character of the claim in its source, from 0.", Type.INTEGER),
    _column("end", "The character after its last one.", Type.INTEGER),
    _column("text", "The claim's words."),
    _column("topics", "Ids of its topics, divided by semicolons."),
    _column("group", "aligned, partial, opposed, unclear or not_judged, by the pair with the "
            "counterpart; only: nothing in the other statement is on this point."),
    _column("counterpart_id", "Id of the claim of the other statement by which it is shown."),
    _column("counterpart", "That claim's words."),
    _column("matched", "Whether the two are paired one to one; else the counterpart is the nearest "
            "one, which is matched to another.", Type.BOOLEAN),
    _column("counterparts", "Positions of the other statement on the same point.", Type.INTEGER),
    *_SAID,
)  # fmt: skip
PAIRS = (
    _column("claim_a", "Id of a position of A."),
    _column("claim_b", "Id of a position of B that is on the same point."),
    _column("matched", "Whether the two are paired one to one.", Type.BOOLEAN),
    *_SAID,
)
TOPICS = (
    _column("topic", "The topic's id; empty for positions without a topic."),
    _column("name", "Its name."),
    _column("side", "a or b: the statement whose positions are counted."),
    *(
        _column(name, description, Type.INTEGER)
        for name, description in (
            ("positions", "Positions of that statement on the topic."),
            ("aligned", "Of them, those whose counterpart is aligned."),
            ("partial", "Those whose counterpart is aligned with reservations."),
            ("opposed", "Those whose counterpart is opposed."),
            ("unclear", "Those on a point of the other's of which it is unclear where they stand."),
            ("not_judged", "Those on a point of the other's that weren't judged."),
            ("only", "Those that only this statement has."),
        )
    ),
)
