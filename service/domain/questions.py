"""What is asked, once every value has been checked and resolved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.dates import PartialDate
from service.domain.stance import Stance
from service.domain.statements import Kind


class SearchMode(StrEnum):
    """How claims are ranked. `dense` and `exact` rank by similarity; `exact` is the yardstick
    against which a faster `dense` is measured. `lexical` ranks by shared words (BM25), `hybrid`
    by reciprocal rank fusion of both."""

    DENSE = "dense"
    EXACT = "exact"
    LEXICAL = "lexical"
    HYBRID = "hybrid"


class Sort(StrEnum):
    SIMILARITY = "similarity"
    RECENT = "recent"


class GroupBy(StrEnum):
    STATE = "state"
    STATEMENT = "statement"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """A topic of the taxonomy, or free text that stands for one (`id` is then None)."""

    text: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One claim of the text that is asked; `start` and `end` count its characters."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page of an answer begins: after the first `skip` groups (or hits) of the
    generation from which the first page came. `mark` tells the question to which it belongs."""

    generation: str
    skip: int
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A checked question. Every filter narrows; several values of one filter widen it.

    `kinds` None means every kind. `limit` counts groups, or hits where ungrouped; `per_state`
    counts the hits in a group. `fold` shows near-identical sentences of one state once.
    `judged` asks for the stance of every hit, `stances` (None: all) for groups of these only.
    `by_part` answers each claim of a longer text for itself as well.
    """

    text: str
    parts: tuple[Part, ...]
    exclude: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    blocs: tuple[str, ...] = ()
    topics: tuple[TopicFilter, ...] = ()
    earliest: PartialDate | None = None
    latest: PartialDate | None = None
    forum: str | None = None
    kinds: tuple[Kind, ...] | None = (Kind.POSITION,)
    mode: SearchMode = SearchMode.DENSE
    sort: Sort = Sort.SIMILARITY
    group_by: GroupBy = GroupBy.STATE
    limit: int = 20
    per_state: int = 3
    fold: bool = True
    judged: bool = False
    stances: tuple[Stance, ...] | None = None
    cursor: Cursor | None = None
    by_part: bool = True
