"""Corrections and explanations of verdicts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WrapValidator

from service.domain.stance import Stance
from service.web.schemas.search import Probabilities, Verdict
from service.web.schemas.types import LINE, WORDS, Answered, Asked, Format, Text, one_of


class CorrectionBody(Asked):
    text: Text
    claim_id: str = Field(min_length=1, max_length=500, pattern=LINE)
    stance: Annotated[Literal["aligned", "partial", "opposed", "unclear"], WrapValidator(one_of)]
    author: str = Field(min_length=1, max_length=200, pattern=LINE)
    reason: str = Field(min_length=1, max_length=2000, pattern=WORDS)


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
