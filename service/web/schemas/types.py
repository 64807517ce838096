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
    Field,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from service.catalogue import Catalogue
from service.errors import InvalidInput
from service.questions import LONGEST_TEXT, MOST_GROUPS, MOST_PER_STATE, resolve_bloc, resolve_state
from service.settings import PROJECT

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
WORDS = r"[0-9A-Za-z]|[^\u0000-\u007F]"
# One line, of which something can be seen.
LINE = r"^[^\u0000-\u001F\u007F]*([0-9A-Za-z]|[^\u0000-\u007F])[^\u0000-\u001F\u007F]*$"


@cache
def catalogue() -> Catalogue:
    """The project's own: codes in the contract are those of the version that serves it."""
    return Catalogue.load(PROJECT / "data")


def split_list(most: int) -> BeforeValidator:
    """`a,b` in a query string, or the parameter repeated; empty values are passed over, and count
    among the `most` that may be given."""

    def split(value: Any, info: ValidationInfo) -> Any:
        if info.mode != "python":
            return value
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            parts = [part.strip() for item in value for part in item.split(",")]
            if len(parts) > most:
                raise ValueError(f"has {len(parts)} values; at most {most} may be given")
            return [part for part in parts if part]
        return value

    return BeforeValidator(split)


def _texts(value: Any, info: ValidationInfo) -> Any:
    return [value] if isinstance(value, str) and info.mode == "python" else value


def whole_number(value: Any, info: ValidationInfo) -> Any:
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
    if not re.search(WORDS, value):
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


class Codes:
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


def one_of(value: Any, handler: Any) -> Any:
    try:
        return handler(value)
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} is none of those that there are") from None


State = Annotated[str, BeforeValidator(lambda v: _state(v) if isinstance(v, str) else v),
                  Codes("states")]  # fmt: skip
Bloc = Annotated[str, BeforeValidator(lambda v: _bloc(v) if isinstance(v, str) else v),
                 Codes("blocs")]  # fmt: skip
States = Annotated[list[State], split_list(250), Field(max_length=250)]
Blocs = Annotated[list[Bloc], split_list(50), Field(max_length=50)]
Text = Annotated[
    str,
    BeforeValidator(_in_words),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": WORDS}),
]
Topic = Annotated[
    str, Field(max_length=500), BeforeValidator(_in_words),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 500, "pattern": WORDS}),
]  # fmt: skip
# Free text may hold commas: a list of topics is given by repeating the parameter.
Topics = Annotated[
    list[Topic],
    BeforeValidator(_texts),
    Field(max_length=20),
    Field(json_schema_extra={"x-explode": True}),
]
Date = Annotated[Any, BeforeValidator(_as_date), WithJsonSchema(_ISO_DATE)]
# Bounds stand before `whole_number`, which would hide them from the schema.
Groups = Annotated[int, Field(ge=1, le=MOST_GROUPS), BeforeValidator(whole_number)]
PerState = Annotated[int, Field(ge=1, le=MOST_PER_STATE), BeforeValidator(whole_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Format = Annotated[Literal["json", "csv", "ndjson"], WrapValidator(one_of)]
KindName = Literal["position", "narrative", "ceremony", "any"]
StanceName = Literal["on", "off", "aligned", "partial", "opposed", "unclear"]
Kinds = Annotated[list[KindName], split_list(4), Field(max_length=4)]
Stances = Annotated[list[StanceName], split_list(4), Field(max_length=4)]
Fields = Annotated[list[str], split_list(60), Field(max_length=60)]


class Asked(BaseModel):
    """Parameters or a body: nothing unknown is passed over."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)

    def given(self) -> dict[str, Any]:
        """What was said, in the API's names, for the library."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Answered(BaseModel):
    """An answer has these fields and no others."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


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


class FormatQuery(Asked):
    format: Format = "json"


TopicId = Annotated[str, AfterValidator(_topic), Codes("topics")]
