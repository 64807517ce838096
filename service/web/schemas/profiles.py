"""Profiles of states, and unity of blocs. Rows are the analyses' own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.analysis.cohesion import Loyalty
from service.analysis.profile import Neighbour, Spoken, TopicShare
from service.analysis.unity import TopicUnity
from service.domain.standing import Basis, Side
from service.web.schemas.types import Answered, Asked, Date, Format, TopicId


class PeriodQuery(Asked):
    earliest: Date = Field(default=None, alias="from", description="Year or date, included.")
    latest: Date = Field(default=None, alias="to", description="Year or date, included.")
    format: Format = "json"


class CohesionQuery(PeriodQuery):
    topic: TopicId = Field(default="", description="Its id: only this one, and its issues.")


class Period(Answered):
    earliest: str | None = Field(alias="from")
    latest: str | None = Field(alias="to")


class ProfileAsked(Period):
    state: str


class CohesionAsked(Period):
    bloc: str
    topic: str | None


class Compared(Answered):
    """The years of which positions are compared, both included; `whole` where none is left out."""

    earliest: str = Field(alias="from")
    latest: str = Field(alias="to")
    positions: int
    of_all: int
    whole: bool


class Quoted(Answered):
    claim_id: str
    statement_id: str
    state: str
    text: str
    start: int
    end: int
    before: str | None
    after: str | None
    speaker: str | None
    office: str | None
    date: str
    date_precision: Literal["day", "month", "year"]
    date_inferred: bool
    forum: str | None
    symbol: str | None
    source: str
    on_behalf_of: list[str]
    topics: list[str]
    rendered: bool


class Showing(Quoted):
    """A quotation that shows a side; `probability` is the model's, null where a person decided."""

    side: Side
    basis: Basis
    probability: float | None


class OnIssue(Answered):
    issue: str
    proposition: str
    side: Side
    since: str | None
    basis: Basis | None
    current: bool = Field(description="Judged since the corpus or a correction last changed.")
    quotation: Showing | None


class ProfileAnswer(Answered):
    query: ProfileAsked
    generation: str
    model: str
    stance_model: str | None
    state: str
    name: str
    blocs: list[str]
    positions: int
    others: int
    years: list[Spoken]
    topics: list[TopicShare]
    compared: Compared | None
    nearest: list[Neighbour]
    unranked: int
    issues: list[OnIssue]
    judged: int
    left_out: list[str]
    latest: list[Quoted]


class Breaker(Answered):
    state: str
    name: str
    side: Side
    since: str | None
    basis: Basis | None
    opposed: bool
    quotation: Showing | None


class IssueUnity(Answered):
    issue: str
    proposition: str
    topics: list[str]
    members: int
    counts: dict[str, int]
    side: Side | None
    unity: float | None
    rice: float | None
    inferred: int
    current: bool
    breakers: list[Breaker]


class CohesionAnswer(Answered):
    query: CohesionAsked
    generation: str
    model: str
    stance_model: str | None
    bloc: str
    name: str
    members: list[str]
    positions: int
    compared: Compared | None
    topics: list[TopicUnity]
    issues: list[IssueUnity]
    judged: int
    left_out: list[str]
    ranks: list[Loyalty]
