"""What comparisons and jobs answer, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.client.answers import Raw


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ComparedPosition:
    """A position of one `side`; `group` is aligned, partial, opposed, unclear or not_judged by what
    the other statement says on its point, and `only` where that says nothing on it."""

    side: str
    group: str
    claim_id: str
    text: str
    topics: tuple[str, ...]
    counterpart_id: str | None
    counterpart: str | None
    similarity: float
    stance: str | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`similarity` is of wording and subject; `agreement` the share of the aligned among the pairs
    that take a side. `raw` has the pairs, and the counts by topic."""

    similarity: Estimate | None
    agreement: Estimate | None
    judged: int
    aligned: int
    opposed: int
    counts: Mapping[str, Mapping[str, int]]
    positions: tuple[ComparedPosition, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """Two units. None is what too little is known of, or wasn't asked for."""

    a: str
    b: str
    state_a: str
    state_b: str
    claims_a: int
    claims_b: int
    similarity: float | None
    similarity_low: float | None
    similarity_high: float | None
    agreement: float | None
    agreement_low: float | None
    agreement_high: float | None
    issues: int | None
    same: int | None
    contrary: int | None


@dataclass(frozen=True, slots=True)
class MatrixUnit:
    unit: str
    state: str
    name: str
    claims: int
    issues: int
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every two `units` once."""

    units: tuple[MatrixUnit, ...]
    cells: tuple[MatrixCell, ...]
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class JobFile:
    name: str
    media_type: str
    bytes: int
    sha256: str
    href: str


@dataclass(frozen=True, slots=True)
class Job:
    """`state` is queued, running, done, failed or cancelled; `error` says why it failed. `done` of
    `total` pieces of work are done. In lists `parameters` are empty; `tables` (rows by name) and
    `files` are those of the result, empty until it is done."""

    id: str
    study: str
    title: str
    state: str
    done: int
    total: int | None
    phrase: str
    error: str | None
    created: str
    started: str | None
    ended: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    files: tuple[JobFile, ...] = ()
    raw: Raw = field(default_factory=dict, repr=False)

    @property
    def is_over(self) -> bool:
        return self.state not in ("queued", "running")
