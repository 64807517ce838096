"""What the service answers, typed. `raw` holds all that came; what a later version adds is there
first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

Raw = Mapping[str, Any]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Hit:
    """A quotation, word for word. What `fields` left out is empty here and absent from `raw`."""

    claim_id: str = ""
    statement_id: str = ""
    state: str = ""
    text: str = ""
    date: str = ""
    similarity: float = 0.0
    stance: str | None = None
    speaker: str | None = None
    forum: str | None = None
    symbol: str | None = None
    source: str = ""
    topics: tuple[str, ...] = ()
    rendered: bool = False
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A state's quotations (or a statement's), the best first; `count` includes those not shown."""

    state: str
    name: str
    count: int
    hits: tuple[Hit, ...]
    stance: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page. `hits` are those of all its groups; `groups` is empty where nothing was grouped.
    `next` is the cursor of the page after, None on the last."""

    generation: str
    model: str
    level: float
    groups: tuple[Group, ...]
    hits: tuple[Hit, ...]
    next: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Count:
    value: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """`counts` by facet: state, bloc, topic, year and, where stances were asked for, stance."""

    total: int
    judged: int
    counts: Mapping[str, tuple[Count, ...]]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgreementCell:
    """Two states; `similarity` and `agreement` are None where too little is behind them."""

    state_a: str
    state_b: str
    similarity: float | None
    agreement: float | None
    claims_a: int
    claims_b: int
    same: int
    issues: int


@dataclass(frozen=True, slots=True)
class Agreement:
    cells: tuple[AgreementCell, ...]
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrendYear:
    year: int
    positions: int
    of: int
    share: float | None
    states: int
    group: str | None = None
    name: str | None = None
    sides: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Trends:
    rows: tuple[TrendYear, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a position: new, changed, dropped or kept. `raw` has its verdict's
    probabilities, and the nearest position where it has no counterpart."""

    change: str
    claim_id: str | None
    text: str | None
    counterpart_id: str | None
    counterpart: str | None
    topics: tuple[str, ...]
    similarity: float | None
    stance: str | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """`against` names the other statement, None where the state has none before."""

    statement_id: str
    against: Mapping[str, Any] | None
    counts: Mapping[str, int]
    changes: tuple[Change, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issue:
    id: str
    proposition: str
    contrary: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A state's side; `raw` has its changes and, where they were asked for, its quotations."""

    state: str
    name: str
    side: str
    since: str | None
    basis: str | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standings:
    issue: Issue
    counts: Mapping[str, int]
    states: tuple[Standing, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """`start` and `end` are offsets in characters into the statement's text. `statement` tells
    whose it is, where the claim was asked for by itself."""

    claim_id: str
    text: str
    start: int
    end: int
    kind: str
    topics: tuple[str, ...]
    rendered: bool
    before: str | None = None
    after: str | None = None
    statement: Raw | None = field(default=None, repr=False)
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` is None for a position in our own words, whose document is cited."""

    statement_id: str
    state: str
    name: str
    date: str
    text: str | None
    claims: tuple[Claim, ...]
    source: str
    speaker: str | None = None
    forum: str | None = None
    symbol: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class State:
    code: str
    name: str
    status: str
    blocs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bloc:
    id: str
    name: str
    members: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    name: str
    definition: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """`change` is added, changed or unchanged; `mended` says what was done to the text."""

    statement_id: str
    change: str
    claims: int
    mended: tuple[str, ...]
    searchable: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """On the service's disk. `searchable` is whether all is searched already."""

    searchable: bool
    generation: str | None
    statements: tuple[Stored, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deleted:
    """`removed` is false where it had been deleted before."""

    statement_id: str
    removed: bool
    searchable: bool
    generation: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    text: str
    claim_id: str
    state: str
    stance: str
    author: str
    reason: str
    date: str
    raw: Raw = field(repr=False)


def read(kind: type[_T], raw: Raw, **made: Any) -> _T:
    """Its fields by their names; more may come, and what has a default may be missing."""
    for one in fields(kind):  # type: ignore[arg-type]
        if one.name == "raw":
            made["raw"] = raw
        elif one.name not in made and (one.name in raw or one.default is MISSING):
            value = raw[one.name]
            made[one.name] = tuple(value) if isinstance(value, list) else value
    return kind(**made)


def read_all(kind: type[_T], rows: Iterable[Raw]) -> tuple[_T, ...]:
    return tuple(read(kind, row) for row in rows)


def search_result(raw: Raw) -> SearchResult:
    results = raw["results"]
    grouped = bool(results) and "hits" in results[0]
    groups = tuple(
        read(Group, one, hits=read_all(Hit, one["hits"])) for one in (results if grouped else ())
    )
    hits = (
        tuple(hit for group in groups for hit in group.hits) if grouped else read_all(Hit, results)
    )
    return read(SearchResult, raw, groups=groups, hits=hits)
