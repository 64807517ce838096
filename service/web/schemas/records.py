"""Statements and claims: read, imported, deleted."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, RootModel, Tag, WithJsonSchema

from service import ingest
from service.analysis.changes import ChangedPosition
from service.domain.statements import Kind
from service.web.schemas.types import Answered, Asked, Blocs, Date, Format, State


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


class ChangesQuery(Asked):
    against: str | None = Field(
        default=None,
        max_length=ingest.LONGEST["id"],
        description="Another statement of the same state (its id, or STATE:YEAR); without it, the "
        "last one before, of the same forum where there is one.",
    )
    format: Format = "json"


class ComparedWith(Answered):
    statement_id: str
    date: str
    date_precision: Literal["day", "month", "year"]
    date_inferred: bool
    speaker: str | None
    forum: str | None
    rendered: bool


class ChangeCounts(Answered):
    new: int
    changed: int
    dropped: int
    kept: int


class ChangesAnswer(Answered):
    statement_id: str
    state: str
    date: str
    against: ComparedWith | None
    whole: bool
    generation: str
    model: str
    level: float
    stance_model: str | None
    counts: ChangeCounts
    new_topics: list[str]
    dropped_topics: list[str]
    changes: list[ChangedPosition]


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
