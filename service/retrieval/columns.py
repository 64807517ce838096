"""The facts by which claims are filtered, one array each, in the order of the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.domain.statements import Kind, Statement

KINDS = tuple(Kind)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """Row i of each array describes row i of the index; n rows in all.

    `state` and `forum` are positions in `states` and `forums` (forum -1: not known), `statement`
    is the library's number and `stored` the library's row; `first` and `last` are the proleptic
    ordinals of the earliest and latest day that the date can mean; `topics` is an
    (n, len(topic_ids)) table of booleans.
    """

    states: tuple[str, ...]
    forums: tuple[str, ...]
    topic_ids: tuple[str, ...]
    state: npt.NDArray[np.int16]
    statement: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    forum: npt.NDArray[np.int32]
    stored: npt.NDArray[np.int32]
    topics: Mask

    def __len__(self) -> int:
        return len(self.state)

    def starts(self, column: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
        """First row of each run of equal values: rows stand contiguously by state, statement."""
        if not len(column):
            return np.empty(0, np.int64)
        return np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1)).astype(np.int64)

    @property
    def positions(self) -> Mask:
        """Rows that commit their state to something."""
        positions: Mask = self.kind == KINDS.index(Kind.POSITION)
        return positions

    def on_topic(self, topic: str) -> Mask:
        """Rows that have the topic; none where this generation doesn't know it."""
        if topic not in self.topic_ids:
            return np.zeros(len(self), np.bool_)
        return self.topics[:, self.topic_ids.index(topic)]

    def forums_named(self, part: str) -> list[int]:
        """Those with this part in their names, in whatever case."""
        part = part.casefold()
        return [i for i, forum in enumerate(self.forums) if part in forum.casefold()]

    def overlapping(self, earliest: date | None, latest: date | None) -> Mask:
        """Rows whose date may lie within the period, both ends included."""
        mask = np.ones(len(self), np.bool_)
        if earliest:
            mask &= self.last >= earliest.toordinal()
        if latest:
            mask &= self.first <= latest.toordinal()
        return mask

    def years(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Of each of `rows`: no date is less exact than a year."""
        days = self.last[rows].astype(np.int64) - date(1970, 1, 1).toordinal()
        return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970

    def latest(self, rows: npt.NDArray[np.int64], most: int) -> list[int]:
        """The `most` of `rows` that were said last, the last one first."""
        found: list[int] = rows[np.argsort(-self.last[rows], kind="stable")][:most].tolist()
        return found

    def save(self, path: Path) -> None:
        np.savez(
            path,
            states=np.array(self.states, dtype=str),
            forums=np.array(self.forums, dtype=str),
            topic_ids=np.array(self.topic_ids, dtype=str),
            state=self.state,
            statement=self.statement,
            first=self.first,
            last=self.last,
            kind=self.kind,
            forum=self.forum,
            stored=self.stored,
            topics=np.packbits(self.topics, axis=0, bitorder="little"),
        )

    @classmethod
    def load(cls, path: Path) -> Columns:
        with np.load(path, allow_pickle=False) as stored:
            topic_ids = tuple(str(t) for t in stored["topic_ids"])
            packed, count = stored["topics"], len(stored["state"])
            # A topic's rows together: that is how they are asked for.
            topics = np.empty((count, len(topic_ids)), np.bool_, order="F")
            for number in range(len(topic_ids)):
                column = np.unpackbits(packed[:, number], count=count, bitorder="little")
                topics[:, number] = column
            return cls(
                states=tuple(str(s) for s in stored["states"]),
                forums=tuple(str(f) for f in stored["forums"]),
                topic_ids=topic_ids,
                state=stored["state"],
                statement=stored["statement"],
                first=stored["first"],
                last=stored["last"],
                kind=stored["kind"],
                forum=stored["forum"],
                stored=stored["stored"],
                topics=topics,
            )


class ColumnsBuilder:
    """Collects the columns while a library is written."""

    def __init__(self, topic_ids: Sequence[str]) -> None:
        self._topic_ids = {topic: i for i, topic in enumerate(topic_ids)}
        self._states: dict[str, int] = {}
        self._forums: dict[str, int] = {}
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._kinds: list[int] = []
        self._topics: list[tuple[int, int]] = []

    def add(self, statement: Statement, number: int) -> None:
        state = self._states.setdefault(statement.state, len(self._states))
        forum = -1
        if statement.forum:
            forum = self._forums.setdefault(statement.forum, len(self._forums))
        row = (
            state, number, statement.date.first.toordinal(), statement.date.last.toordinal(), forum
        )  # fmt: skip
        for claim in statement.claims:
            for topic in claim.topics:
                if topic in self._topic_ids:  # an old import may name a topic since retired
                    self._topics.append((len(self._rows), self._topic_ids[topic]))
            self._rows.append(row)
            self._kinds.append(KINDS.index(claim.kind))

    def finish(self) -> Columns:
        rows = np.array(self._rows, np.int32).reshape(-1, 5)
        topics = np.zeros((len(rows), len(self._topic_ids)), np.bool_)
        if self._topics:
            where = np.array(self._topics)
            topics[where[:, 0], where[:, 1]] = True
        return Columns(
            tuple(self._states), tuple(self._forums), tuple(self._topic_ids),
            rows[:, 0].astype(np.int16), rows[:, 1], rows[:, 2], rows[:, 3],
            np.array(self._kinds, np.uint8), rows[:, 4], np.arange(len(rows), dtype=np.int32),
            topics,
        )  # fmt: skip
