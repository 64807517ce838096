"""Statements and the claims that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.dates import PartialDate


class Kind(StrEnum):
    """What a sentence does. Only positions are searched unless the user asks for more."""

    POSITION = "position"
    CEREMONY = "ceremony"
    NARRATIVE = "narrative"


class Mode(StrEnum):
    """How the words reached us."""

    SPOKEN = "spoken"  # the statement itself, as the record or the state gives it
    QUOTED = "quoted"  # inside an article's quotation marks
    REPORTED = "reported"  # an article's paraphrase


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence-sized span of a statement.

    `start` and `end` count characters of the statement's stored source; `text` is that span,
    cleaned. Identity is the place, never the words: two states often say the same sentence.
    `rendered` marks our own wording of the passage at these offsets in the cited document.
    """

    statement_id: str
    start: int
    end: int
    text: str
    kind: Kind = Kind.POSITION
    mode: Mode = Mode.SPOKEN
    topics: tuple[str, ...] = ()
    rendered: bool = False

    @property
    def id(self) -> str:
        return f"{self.statement_id}:{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One speech, article or document by one state. What the source doesn't tell is None.

    `source` names where the text came from (a file of a corpus, an agency, an address);
    `text` is the stored source into which claims' offsets point. `on_behalf_of` holds the
    groups for which it was made, `aligned_with` the states or groups whose statement it joins.
    """

    id: str
    state: str
    date: PartialDate
    text: str
    source: str
    speaker: str | None = None
    office: str | None = None
    forum: str | None = None
    symbol: str | None = None
    on_behalf_of: tuple[str, ...] = ()
    aligned_with: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    rendered: bool = False
