"""What filters may name."""

from __future__ import annotations

from pydantic import Field

from service.web.schemas.types import Answered, Asked, Date, Format


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
