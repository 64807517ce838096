"""Every pair of states, or of statements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WrapValidator

from service.web.schemas.types import (
    Answered,
    Filters,
    Flag,
    Format,
    KindName,
    Kinds,
    TopicId,
    one_of,
    split_list,
    whole_number,
)

TopicIds = Annotated[list[TopicId], split_list(20), Field(max_length=20)]
UnitName = Literal["state", "statement"]
Least = Annotated[int, Field(ge=2, le=1_000), BeforeValidator(whole_number)]


class MatrixQuery(Filters):
    unit: Annotated[UnitName, WrapValidator(one_of)] = Field(
        default="state", description="What is compared: all of a state, or each statement."
    )
    topics: TopicIds = Field(default=[], description="Ids of the taxonomy.")
    forum: str = Field(default="", max_length=200, description="Part of a forum's name.")
    kind: Kinds = Field(default=["position"], description="Of sentences.")
    least: Least = Field(default=5, description="Claims of both that make a figure.")
    intervals: Flag = Field(default=True, description="Without them it takes a third of the time.")
    format: Format = "json"


class MatrixAsked(Answered):
    unit: UnitName
    exclude: list[str]
    states: list[str]
    blocs: list[str]
    topics: list[str]
    earliest: str | None = Field(alias="from")
    latest: str | None = Field(alias="to")
    forum: str | None
    kind: list[KindName]
    least: int
    intervals: bool
    judged: int


class MatrixUnit(Answered):
    unit: str = Field(description="A state's code, or a statement's id.")
    state: str
    name: str
    date: str | None = Field(description="Of a statement.")
    claims: int
    issues: int = Field(description="Judged issues on which it took a side.")


class MatrixCell(Answered):
    """Two units; null is what too little is known of, or wasn't asked for."""

    a: str
    b: str
    state_a: str
    state_b: str
    claims_a: int
    claims_b: int
    similarity: float | None = Field(description="Of wording and subject, never agreement.")
    similarity_low: float | None
    similarity_high: float | None
    agreement: float | None = Field(description="Share of `issues` on which both took one side.")
    agreement_low: float | None
    agreement_high: float | None
    issues: int | None
    same: int | None
    contrary: int | None
    judged: int | None
    aligned: int | None
    partial: int | None
    opposed: int | None


class MatrixAnswer(Answered):
    query: MatrixAsked
    generation: str
    model: str
    stance_model: str | None
    issues: list[str] = Field(description="On which agreement rests.")
    left_out: list[str] = Field(description="Issues that weren't judged as a whole yet.")
    units: list[MatrixUnit]
    cells: list[MatrixCell]
