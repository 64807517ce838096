"""Statements to be compared: found by id or by state and year, or made of a text on the fly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.catalogue import Catalogue
from service.corpus.claims import ClaimMaker
from service.domain.stages import Stage, stage
from service.domain.statements import Claim, Kind, Statement
from service.errors import InvalidInput, NotFound
from service.questions import LONGEST_TEXT, MOST_PARTS, resolve_state
from service.retrieval.encoder import Encoder, Vectors
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord

MOST_POSITIONS = 2_000  # of one statement; a long speech has 200
_STATE_AND_YEAR = re.compile(r"(.+):(\d{4})")


@dataclass(frozen=True, slots=True)
class Compared:
    """A statement of the generation with its positions, or a `text`, whose `statement` is None.
    A text that holds no position stands with all its sentences. `vectors` has shape (claims,
    dimension); claims' ids within a text begin with its field's name, `text_a:0-57`."""

    statement: Statement | None
    text: str | None
    claims: tuple[Claim, ...]
    vectors: Vectors

    @property
    def whole(self) -> bool:
        """False where only some positions are known, in our own words."""
        return self.statement is None or not self.statement.rendered

    def to_dict(self, catalogue: Catalogue) -> dict[str, Any]:
        """Where it is from, in the API's names; of a text nothing is known."""
        found = self.statement
        return {
            "statement_id": found.id if found else None,
            "state": found.state if found else None,
            "name": catalogue.state_name(found.state) if found else None,
            "date": str(found.date) if found else None,
            "speaker": found.speaker if found else None,
            "forum": found.forum if found else None,
            "symbol": found.symbol if found else None,
            "rendered": bool(found and found.rendered),
            "positions": len(self.claims),
        }


def find_statement(generation: Generation, catalogue: Catalogue, field: str, name: str) -> str:
    """The id that `name` means: an id, or the only statement of `STATE:YEAR`."""
    match = _STATE_AND_YEAR.fullmatch(name.strip())
    if not match:
        return generation.library.facts(name.strip()).id
    code = resolve_state(field, match[1], catalogue)
    found = generation.library.statements_of(code, int(match[2]))
    if not found:
        raise NotFound(f"{field}: {code} has no statement of {match[2]} in this generation")
    if len(found) > 1:
        raise InvalidInput(
            field, f"{code} has several of {match[2]}: name one of {', '.join(found)}"
        )
    return found[0]


def positions_of(generation: Generation, field: str, statement_id: str) -> list[ClaimRecord]:
    """In the order of the text. Raises InvalidInput where there are more than MOST_POSITIONS."""
    records = generation.library.records(generation.library.rows_of(statement_id))
    positions = [record for record in records if record.claim.kind is Kind.POSITION]
    if len(positions) > MOST_POSITIONS:
        raise InvalidInput(
            field,
            f"{statement_id} holds {len(positions):,} positions; at most {MOST_POSITIONS:,} are "
            "compared",
        )
    return positions


def compared(
    field: str,
    name: str,
    text: str,
    generation: Generation,
    catalogue: Catalogue,
    maker: ClaimMaker,
    encoder: Encoder,
) -> Compared:
    """Side `field`, a or b: the statement called `name`, or `text`, one of which is given. Raises
    InvalidInput, naming the field or `text_a` and `text_b`, and NotFound."""
    if bool(name.strip()) == bool(text.strip()):
        raise InvalidInput(
            field, f"give a statement's id or STATE:YEAR as {field}, or a text as text_{field}"
        )
    if text.strip():
        return _of_text(f"text_{field}", text, maker, encoder)
    statement_id = find_statement(generation, catalogue, field, name)
    positions = positions_of(generation, field, statement_id)
    if not positions:
        raise InvalidInput(field, f"{statement_id} holds no position")
    rows = np.array([record.row for record in positions], np.int64)
    return Compared(
        generation.library.facts(statement_id),
        None,
        tuple(record.claim for record in positions),
        generation.index.vectors(rows),
    )


def _of_text(field: str, text: str, maker: ClaimMaker, encoder: Encoder) -> Compared:
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(field, f"has {len(text)} characters; at most {LONGEST_TEXT} are read")
    claims = [claim for claim in maker.claims(field, text) if any(map(str.isalnum, claim.text))]
    positions = [claim for claim in claims if claim.kind is Kind.POSITION] or claims
    if not positions:
        raise InvalidInput(field, "has no words")
    if len(positions) > MOST_PARTS:
        raise InvalidInput(
            field, f"holds {len(positions)} positions; at most {MOST_PARTS} of a text are compared"
        )
    with stage(Stage.ENCODE):
        # One at a time, so that no vector depends on its neighbours, even in its last bit.
        vectors = np.concatenate([encoder.encode([claim.text]) for claim in positions])
    return Compared(None, text, tuple(positions), vectors)
