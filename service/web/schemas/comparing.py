"""Two statements compared. Rows are the analysis' own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.analysis.alignment import Estimate
from service.analysis.statement_comparison import ComparedPosition, PositionPair, TopicCounts
from service.web.schemas.types import Answered, Asked, Text

MOST_SEED = 2**32 - 1
Name = Annotated[str, Field(max_length=500)]


class CompareBody(Asked):
    """Of each side a statement or a text."""

    a: Name = Field(default="", description="An id, or STATE:YEAR; or give text_a.")
    b: Name = Field(default="", description="An id, or STATE:YEAR; or give text_b.")
    text_a: Text | None = Field(default=None, description="A text in place of a.")
    text_b: Text | None = Field(default=None, description="A text in place of b.")
    seed: int = Field(default=0, ge=0, le=MOST_SEED, description="Of the intervals' draws.")


class CompareAsked(Answered):
    a: str | None
    b: str | None
    text_a: str | None
    text_b: str | None
    seed: int


class ComparedSide(Answered):
    """Null is what isn't known; of a text, all but the number of its positions."""

    statement_id: str | None
    state: str | None
    name: str | None
    date: str | None
    speaker: str | None
    forum: str | None
    symbol: str | None
    rendered: bool
    positions: int


class GroupCounts(Answered):
    aligned: int
    partial: int
    opposed: int
    unclear: int
    not_judged: int
    only: int


class SideCounts(Answered):
    a: GroupCounts
    b: GroupCounts


class CompareAnswer(Answered):
    query: CompareAsked
    generation: str
    model: str
    stance_model: str | None
    a: ComparedSide
    b: ComparedSide
    whole: bool = Field(description="False where one is known by some positions only.")
    level: float = Field(description="The least similarity of a pair on the same point.")
    similarity: Estimate | None = Field(description="Of wording and subject, never agreement.")
    agreement: Estimate | None = Field(
        description="Share of the aligned among one-to-one pairs judged aligned or opposed; null "
        "for fewer than three."
    )
    judged: int
    aligned: int
    opposed: int
    counts: SideCounts
    topics: list[TopicCounts]
    positions: list[ComparedPosition]
    pairs: list[PositionPair]
