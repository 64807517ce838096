"""What the API takes and gives, typed: the contract is generated from these models.

Parameters and bodies refuse what they don't know. A type says what the contract promises; what is
accepted may be a little wider (a state's name in any usual spelling for its code).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from service import ingest
from service.catalogue import Catalogue
from service.domain.questions import GroupBy, SearchMode, Sort
from service.domain.stance import Stance
from service.domain.standing import Basis, Side
from service.domain.statements import Kind
from service.errors import InvalidInput
from service.questions import (
    LONGEST_TEXT,
    MOST_GROUPS,
    MOST_PER_STATE,
    resolve_bloc,
    resolve_state,
)
from service.settings import PROJECT

MOST_QUERIES = 100
_DAYS = "(0[1-9]|1[0-9]|2[0-8])"
_MONTH_DAY = f"(02-{_DAYS}|(0[469]|11)-({_DAYS}|29|30)|(0[13578]|1[02])-({_DAYS}|29|30|31))"
_LEAP_YEAR = "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
_YEAR = "[1-9][0-9]{3}"
_ISO_DATE = {
    "anyOf": [
        {"type": "string", "pattern": f"^{_YEAR}$"},
        {"type": "string", "pattern": f"^{_YEAR}-(0[1-9]|1[0-2])$"},
        {"type": "string", "pattern": f"^{_YEAR}-{_MONTH_DAY}$"},
        {"type": "string", "pattern": f"^{_LEAP_YEAR}-02-29$"},
        {"type": "integer", "minimum": 1000, "maximum": 9999},
    ]
}
# A letter or figure; of other scripts than Latin, any character.
_WORDS = r"[0-9A-Za-z]|[^\u0000-\u007F]"
# One line, of which something can be seen.
_LINE = r"^[^\u0000-\u001F\u007F]*([0-9A-Za-z]|[^\u0000-\u007F])[^\u0000-\u001F\u007F]*$"


@cache
def catalogue() -> Catalogue:
    """The project's own: codes in the contract are those of the version that serves it."""
    return Catalogue.load(PROJECT / "data")


def _listed(value: Any, info: ValidationInfo) -> Any:
    """`a,b` in a query string, or the parameter repeated."""
    if info.mode != "python":
        return value
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [part.strip() for item in value for part in item.split(",") if part.strip()]
    return value


def _texts(value: Any, info: ValidationInfo) -> Any:
    return [value] if isinstance(value, str) and info.mode == "python" else value


def _number(value: Any, info: ValidationInfo) -> Any:
    """In a query string a number is written in digits; in JSON 3.0 is the same as 3."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and info.mode == "python":
        if not re.fullmatch(r"-?[0-9]{1,12}", value):
            raise ValueError(f"{value[:40]!r} is no whole number")
        return int(value)
    return value


def _flag(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and info.mode == "python":
        if value not in ("true", "false"):
            raise ValueError(f"{value[:40]!r} is neither true nor false")
        return value == "true"
    return value


def _in_words(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is missing: give a claim, a paragraph or a statement")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"has {len(value)} characters; at most {LONGEST_TEXT} are read")
    if not re.search(_WORDS, value):
        raise ValueError("has no words")
    return value


def _state(value: str) -> str:
    return _by_name(resolve_state, value)


def _bloc(value: str) -> str:
    return _by_name(resolve_bloc, value)


def _topic(value: str) -> str:
    """Its id; "" is none."""
    topic = catalogue().topics.resolve(value) if value else None
    if value and topic is None:
        raise ValueError(f"{value[:40]!r} is no topic; give a topic's id, name or synonym")
    return topic.id if topic else ""


def _by_name(resolve: Any, value: str) -> str:
    try:
        return str(resolve("", value, catalogue()))
    except InvalidInput as error:
        raise ValueError(error.reason) from None


class _Codes:
    """The schema of a string that is one of the catalogue's codes."""

    def __init__(self, what: str, pattern: str | None = None) -> None:
        self._what, self._pattern = what, pattern

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Any) -> JsonSchemaValue:
        known = {
            "states": lambda: [state.code for state in catalogue().states],
            "blocs": lambda: [bloc.id for bloc in catalogue().blocs],
            "topics": lambda: [*catalogue().topics.ids, ""],
        }[self._what]()
        return {"type": "string", "enum": known}


def _as_date(value: Any) -> Any:
    from service.domain.dates import PartialDate

    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 9999:
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("must be a year or a date")
    if value.startswith("0"):
        raise ValueError(f"{value[:40]!r} is no date: years have four digits")
    try:
        return str(PartialDate(value))
    except ValueError as error:
        raise ValueError(str(error)) from None


def _one_of(value: Any, handler: Any) -> Any:
    try:
        return handler(value)
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} is none of those that there are") from None


State = Annotated[str, BeforeValidator(lambda v: _state(v) if isinstance(v, str) else v),
                  _Codes("states")]  # fmt: skip
Bloc = Annotated[str, BeforeValidator(lambda v: _bloc(v) if isinstance(v, str) else v),
                 _Codes("blocs")]  # fmt: skip
States = Annotated[list[State], BeforeValidator(_listed), Field(max_length=250)]
Blocs = Annotated[list[Bloc], BeforeValidator(_listed), Field(max_length=50)]
Text = Annotated[
    str,
    BeforeValidator(_in_words),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": _WORDS}
    ),
]
Topic = Annotated[
    str, Field(max_length=500), BeforeValidator(_in_words),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 500, "pattern": _WORDS}),
]  # fmt: skip
# Free text may hold commas: a list of topics is given by repeating the parameter.
Topics = Annotated[
    list[Topic],
    BeforeValidator(_texts),
    Field(max_length=20),
    Field(json_schema_extra={"x-explode": True}),
]
Date = Annotated[Any, BeforeValidator(_as_date), WithJsonSchema(_ISO_DATE)]
# Bounds stand before `_number`, which would hide them from the schema.
Groups = Annotated[int, Field(ge=1, le=MOST_GROUPS), BeforeValidator(_number)]
PerState = Annotated[int, Field(ge=1, le=MOST_PER_STATE), BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Format = Annotated[Literal["json", "csv", "ndjson"], WrapValidator(_one_of)]
KindName = Literal["position", "narrative", "ceremony", "any"]
StanceName = Literal["on", "off", "aligned", "partial", "opposed", "unclear"]
Kinds = Annotated[list[KindName], BeforeValidator(_listed), Field(max_length=4)]
Stances = Annotated[list[StanceName], BeforeValidator(_listed), Field(max_length=4)]
Fields = Annotated[list[str], BeforeValidator(_listed), Field(max_length=60)]


class Asked(BaseModel):
    """Parameters or a body: nothing unknown is passed over."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)

    def given(self) -> dict[str, Any]:
        """What was said, in the API's names, for the library."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Answered(BaseModel):
    """An answer has these fields and no others."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Nothing(Asked):
    pass


class Filters(Asked):
    exclude: States = Field(default=[], description="States to leave out: the asker's own.")
    states: States = Field(default=[], description="Only these.")
    blocs: Blocs = Field(default=[], description="Only members, at the statement's time.")
    earliest: Date = Field(default=None, alias="from", description="Year or date, included.")
    latest: Date = Field(default=None, alias="to", description="Year or date, included.")


class WithTopics(Filters):
    topics: Topics = Field(
        default=[], description="Ids of the taxonomy, or any words; repeat it for several."
    )


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


class ClaimAnswer(Answered):
    claim_id: str
    text: str
    start: int
    end: int
    kind: Kind
    attribution: str
    topics: list[str]
    rendered: bool


class StatementFacts(Answered):
    statement_id: str
    state: str
    name: str
    date: str
    date_precision: Literal["day", "month", "year"]
    date_inferred: bool
    speaker: str | None
    office: str | None
    forum: str | None
    symbol: str | None
    source: str
    on_behalf_of: list[str]
    aligned_with: list[str]
    rendered: bool


class StatementAnswer(StatementFacts):
    text: str | None
    claims: list[ClaimAnswer]


class ClaimInContext(ClaimAnswer):
    before: str | None
    after: str | None
    statement: StatementFacts


class StateRow(Answered):
    code: str
    name: str
    status: str
    blocs: list[str]


class StatesAnswer(Answered):
    states: list[StateRow]


class BlocsQuery(Asked):
    on: Date = Field(default=None, description="Members of that time; without it, of today.")
    format: Format = "json"


class BlocRow(Answered):
    id: str
    name: str
    aliases: list[str]
    members: list[str]
    source: str
    note: str | None


class BlocsAnswer(Answered):
    on: str | None = None
    blocs: list[BlocRow]


class TopicRow(Answered):
    id: str
    name: str
    definition: str
    synonyms: list[str]
    examples: list[str]


class TopicsAnswer(Answered):
    topics: list[TopicRow]


class FormatQuery(Asked):
    format: Format = "json"


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


class CorrectionBody(Asked):
    text: Text
    claim_id: str = Field(min_length=1, max_length=500, pattern=_LINE)
    stance: Annotated[Literal["aligned", "partial", "opposed", "unclear"], WrapValidator(_one_of)]
    author: str = Field(min_length=1, max_length=200, pattern=_LINE)
    reason: str = Field(min_length=1, max_length=2000, pattern=_WORDS)


class CorrectionAnswer(Answered):
    text: str
    claim_id: str
    statement_id: str
    state: str
    start: int
    end: int
    sha256: str
    stance: Stance
    author: str
    reason: str
    date: str
    was: Verdict | None


class CorrectionRow(CorrectionAnswer):
    claim_text: str | None
    holds: bool


class CorrectionsQuery(Asked):
    claim_id: str = Field(default="", max_length=500)
    format: Format = "json"


class CorrectionsAnswer(Answered):
    corrections: list[CorrectionRow]


class ExplanationQuery(Asked):
    text: Text
    claim_id: str = Field(min_length=1, max_length=500)


class DecidingWord(Answered):
    text: str
    start: int
    end: int
    drop: float


class ExplanationAnswer(Answered):
    text: str
    claim_id: str
    stance: Stance
    probabilities: Probabilities
    words: list[DecidingWord]
    probability: float
    without: float = Field(description="What is left of it without all of the words.")
    model: str


class Health(Answered):
    status: Literal["ok"]


class Readiness(Answered):
    status: Literal["ready"]
    generation: str
    model: str


def _statement_id(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(ingest.ID, value):
        raise ValueError("may have letters, digits and _.()+- and begins with a letter or digit")
    return value


def _with_words(value: str) -> str:
    if not re.search(ingest.WORDS, value):
        raise ValueError("has no words")
    return value


class StatementBody(Asked):
    """A statement as a table of statements has it."""

    state: State
    date: Date
    text: Annotated[
        str,
        Field(max_length=ingest.MOST_TEXT),
        AfterValidator(_with_words),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": ingest.MOST_TEXT,
                "pattern": ingest.WORDS,
            }
        ),
    ]
    id: Annotated[
        str | None,
        Field(max_length=ingest.LONGEST["id"]),
        AfterValidator(_statement_id),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": ingest.ID, "maxLength": ingest.LONGEST["id"]},
                    {"type": "null"},
                ]
            }
        ),
    ] = Field(default=None, description="Else made of state, date and a hash of the text.")
    speaker: str | None = Field(default=None, max_length=ingest.LONGEST["speaker"])
    office: str | None = Field(default=None, max_length=ingest.LONGEST["office"])
    forum: str | None = Field(default=None, max_length=ingest.LONGEST["forum"])
    symbol: str | None = Field(
        default=None,
        max_length=ingest.LONGEST["symbol"],
        description="The document's: A/76/PV.9.",
    )
    source: str | None = Field(
        default=None,
        max_length=ingest.LONGEST["source"],
        description=f"Where the text came from; without it, `{ingest.SOURCE}`.",
    )
    on_behalf_of: Blocs = Field(default=[], description="Groups for which it was made.")


class StatementBatch(Asked):
    statements: list[StatementBody] = Field(min_length=1, max_length=ingest.MOST_STATEMENTS)


def _one_or_many(value: Any) -> str:
    many = "statements" in value if isinstance(value, dict) else isinstance(value, StatementBatch)
    return "many" if many else "one"


class StatementsBody(
    RootModel[
        Annotated[
            Annotated[StatementBody, Tag("one")] | Annotated[StatementBatch, Tag("many")],
            Discriminator(_one_or_many),
        ]
    ]
):
    """One statement, or many as `{"statements": [...]}`."""


class StoredStatement(Answered):
    statement_id: str
    change: Literal["added", "changed", "unchanged"]
    claims: int
    mended: list[str] = Field(description="What was done to the text so that it can be read.")
    searchable: bool


class StatementsAnswer(Answered):
    """What is on disk now. `searchable` is whether answers are given from all of it already; if
    not, a generation is being built."""

    searchable: bool
    generation: str | None
    statements: list[StoredStatement]


class Building(Answered):
    """`off`: nobody builds beside this service; `waiting`: for more to come, or for another import
    or build to end; `failing`: it is tried again."""

    phase: Literal["off", "idle", "waiting", "building", "failing"]
    since: str


class StatementStatus(Answered):
    """`searchable` is whether answers are given from the statement as it is stored; where it isn't
    stored, whether they still are."""

    statement_id: str
    stored: bool
    searchable: bool
    generation: str | None
    build: Building


class DeletedStatement(Answered):
    """`removed` is false where it had been deleted before; it stays `searchable` until the next
    generation."""

    statement_id: str
    removed: bool
    searchable: bool
    generation: str | None


class FacetsQuery(WithTopics):
    text: Text = Field(description="A claim, a paragraph or a whole statement.")
    forum: str = Field(default="", max_length=200)
    kind: Kinds = ["position"]
    stance: Stances = Field(default=["on"], description="`off` is quickest: no text is read.")
    format: Format = "json"


class FacetCount(Answered):
    value: str
    name: str
    count: int


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


TopicId = Annotated[str, AfterValidator(_topic), _Codes("topics")]


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


class AgreementCell(Answered):
    state_a: str
    state_b: str
    similarity: float | None
    claims_a: int
    claims_b: int
    agreement: float | None
    same: int
    issues: int


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
    by: Annotated[Literal["state", "bloc"], WrapValidator(_one_of)] | None = None
    format: Format = "json"


class TrendRow(Answered):
    year: int
    group: str | None
    name: str | None
    positions: int
    of: int
    share: float | None
    states: int
    sides: dict[Side, int] | None


class TrendsAnswer(Answered):
    query: Subject
    generation: str
    model: str
    stance_model: str | None
    rows: list[TrendRow]


class FeedQuery(Asked):
    """One of a topic, an issue and a text."""

    topic: TopicId = ""
    issue: str = Field(default="", max_length=100)
    text: str = Field(default="", max_length=2_000)
    exclude: States = []
    states: States = []
    blocs: Blocs = []
