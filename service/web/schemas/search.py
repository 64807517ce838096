"""A question, and what answers it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.domain.questions import GroupBy, SearchMode, Sort
from service.domain.stance import Stance
from service.domain.statements import Kind
from service.web.schemas.types import (
    Answered,
    Asked,
    Fields,
    Flag,
    Format,
    Groups,
    KindName,
    Kinds,
    PerState,
    StanceName,
    Stances,
    Text,
    WithTopics,
)

MOST_QUERIES = 100


class Question(WithTopics):
    """A question; the fields are those of the command line."""

    text: Text = Field(description="A claim, a paragraph or a whole statement.")
    forum: str = Field(default="", max_length=200, description="Part of a forum's name.")
    kind: Kinds = Field(default=["position"], description="Of sentences.")
    mode: SearchMode = SearchMode.DENSE
    sort: Sort = Sort.SIMILARITY
    group_by: GroupBy = GroupBy.STATE
    limit: Groups = Field(default=20, description="Groups, or hits where ungrouped, of one page.")
    per_state: PerState = 3
    fold: Flag = Field(default=True, description="Near-identical sentences of a state once.")
    stance: Stances = Field(default=["on"], description="`on`, `off`, or only these stances.")
    cursor: str = Field(
        default="", max_length=500, description="`next` of the page before: the same question."
    )
    fields: Fields = Field(default=[], description="Only these fields of each hit.")


class SearchQuery(Question):
    format: Format = Field(default="json", description="Outweighs the header Accept.")


class SearchBody(Question):
    pass


class Batch(Asked):
    """Up to 100 questions, answered in their order."""

    queries: list[SearchBody] = Field(min_length=1, max_length=MOST_QUERIES)


class Probabilities(Answered):
    aligned: float
    partial: float
    opposed: float
    unclear: float


class Verdict(Answered):
    stance: Stance
    model: str


class Corrected(Answered):
    author: str
    reason: str
    date: str
    was: Verdict | None


class Hit(Answered):
    """A claim, word for word. Whatever `fields` leaves out is absent."""

    claim_id: str = ""
    statement_id: str = ""
    state: str = ""
    text: str = ""
    start: int = 0
    end: int = 0
    before: str | None = None
    after: str | None = None
    speaker: str | None = None
    office: str | None = None
    date: str = ""
    date_precision: Literal["day", "month", "year"] = "year"
    date_inferred: bool = False
    forum: str | None = None
    symbol: str | None = Field(default=None, description="Null where the source gives none.")
    source: str = ""
    on_behalf_of: list[str] = []
    aligned_with: list[str] = []
    kind: Kind = Kind.POSITION
    attribution: str = ""
    topics: list[str] = []
    similarity: float = Field(
        default=0.0, description="A cosine: subject and wording, never agreement."
    )
    percentile: float | None = Field(
        default=None,
        description="Share of random pairs of positions that are less alike, per cent.",
    )
    matched: list[str] = []
    asked: int = 0
    folded: int = 0
    rendered: bool = False
    stance: Stance | None = Field(default=None, description="A machine's judgement, or a user's.")
    probabilities: Probabilities | None = None
    corrected: Corrected | None = None


class Group(Answered):
    state: str
    name: str
    count: int
    hits: list[Hit]
    statement_id: str = ""
    stance: Stance | None = None


class QueryPart(Answered):
    text: str
    start: int
    end: int


class Contrary(Answered):
    issue: str
    text: str


class Understood(Answered):
    """The question as it was understood."""

    text: str
    parts: list[QueryPart]
    exclude: list[str]
    states: list[str]
    blocs: list[str]
    topics: list[str]
    earliest: str | None = Field(alias="from")
    latest: str | None = Field(alias="to")
    forum: str | None
    kind: list[KindName]
    mode: SearchMode
    sort: Sort
    group_by: GroupBy
    limit: int
    per_state: int
    fold: bool
    stance: list[StanceName]
    contraries: list[Contrary | None] = []


class AnsweredPart(QueryPart):
    results: list[Group] | list[Hit]


class SearchAnswer(Answered):
    """`level` is the similarity that one random pair in a thousand reaches. `next` is the cursor of
    the following page, null on the last one."""

    query: Understood
    generation: str
    model: str
    level: float
    stance_model: str = ""
    results: list[Group] | list[Hit]
    parts: list[AnsweredPart] = []
    next: str | None = None


class Failed(Answered):
    """A question of a batch that couldn't be answered, as its problem."""

    type: str
    title: str
    status: int
    detail: str
    field: str = ""


class BatchAnswer(Answered):
    answers: list[SearchAnswer | Failed]
