"""Counts, agreement, trends and feeds. Rows are the analyses' own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WrapValidator

from service.analysis.agreement import AgreementCell
from service.analysis.facets import FacetCount
from service.analysis.trends import Trend
from service.domain.standing import Side
from service.web.schemas.search import Understood
from service.web.schemas.types import (
    Answered,
    Asked,
    Blocs,
    Filters,
    Format,
    Kinds,
    Stances,
    States,
    Text,
    TopicId,
    WithTopics,
    one_of,
)


class FacetsQuery(WithTopics):
    text: Text = Field(description="A claim, a paragraph or a whole statement.")
    forum: str = Field(default="", max_length=200)
    kind: Kinds = ["position"]
    stance: Stances = Field(default=["on"], description="`off` is quickest: no text is read.")
    format: Format = "json"


class FacetCounts(Answered):
    state: list[FacetCount]
    bloc: list[FacetCount]
    topic: list[FacetCount]
    year: list[FacetCount]
    stance: list[FacetCount] | None


class FacetsAnswer(Answered):
    query: Understood
    generation: str
    model: str
    level: float
    stance_model: str | None
    total: int
    judged: int
    facets: FacetCounts


class SubjectQuery(Filters):
    """One of a topic and an issue."""

    topic: TopicId = Field(default="", description="Its id; or give an issue.")
    issue: str = Field(default="", max_length=100, description="Its id; or give a topic.")


class AgreementQuery(SubjectQuery):
    format: Format = "json"


class Subject(Answered):
    topic: str | None
    issue: str | None
    text: str | None = None
    exclude: list[str]
    states: list[str]
    blocs: list[str]
    earliest: str | None = Field(alias="from")
    latest: str | None = Field(alias="to")
    by: Literal["state", "bloc"] | None = None


class AgreementState(Answered):
    state: str
    name: str
    claims: int
    sides: dict[str, Side]


class AgreementAnswer(Answered):
    query: Subject
    generation: str
    model: str
    stance_model: str | None
    issues: list[str]
    left_out: list[str]
    states: list[AgreementState]
    cells: list[AgreementCell]


class TrendsQuery(SubjectQuery):
    text: str = Field(default="", max_length=2_000, description="Or any words.")
    by: Annotated[Literal["state", "bloc"], WrapValidator(one_of)] | None = None
    format: Format = "json"


class TrendsAnswer(Answered):
    query: Subject
    generation: str
    model: str
    stance_model: str | None
    rows: list[Trend]


class FeedQuery(Asked):
    """One of a topic, an issue and a text."""

    topic: TopicId = ""
    issue: str = Field(default="", max_length=100)
    text: str = Field(default="", max_length=2_000)
    exclude: States = []
    states: States = []
    blocs: Blocs = []
