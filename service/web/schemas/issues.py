"""Where states stand on issues."""

from __future__ import annotations

from typing import Literal

from service.domain.standing import Basis, Side
from service.web.schemas.types import Answered, Filters, Format


class IssueRow(Answered):
    id: str
    proposition: str
    contrary: str
    topics: list[str]


class IssuesAnswer(Answered):
    issues: list[IssueRow]


class Change(Answered):
    date: str
    before: Side
    after: Side
    tentative: bool


class Quotation(Answered):
    claim_id: str
    statement_id: str
    date: str
    date_precision: Literal["day", "month", "year"]
    side: Side
    basis: Basis
    probability: float | None
    text: str
    start: int
    end: int
    speaker: str | None
    forum: str | None
    symbol: str | None
    source: str
    rendered: bool


class StandingRow(Answered):
    state: str
    name: str
    side: Side
    since: str | None
    basis: Basis | None
    changes: list[Change]
    evidence: list[Quotation] = []


class StandingsQuery(Filters):
    format: Format = "json"


class StandingsAnswer(Answered):
    issue: IssueRow
    generation: str
    model: str
    stance_model: str
    counts: dict[str, int]
    states: list[StandingRow]
