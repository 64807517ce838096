"""Two statements, claim by claim: what both say, and what only one of them says."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.catalogue import Catalogue
from service.domain.statements import Claim, Kind
from service.errors import InvalidInput, NotFound
from service.questions import resolve_state
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord

# A claim has a counterpart where only one random pair in a thousand is as alike.
COUNTERPART_PERCENTILE = 99.9
_STATE_AND_YEAR = re.compile(r"(.+):(\d{4})")


@dataclass(frozen=True, slots=True)
class Pairing:
    """A claim of A and the claim of B that is nearest to it, or None where none is near."""

    claim_id: str
    text: str
    topics: tuple[str, ...]
    similarity: float
    percentile: float | None
    counterpart_id: str | None
    counterpart: str | None


@dataclass(frozen=True, slots=True)
class StatementComparison:
    """Positions of `a` and their counterparts in `b`. Similarity isn't agreement."""

    a: str
    b: str
    generation: str
    model: str
    level: float
    shared: tuple[Pairing, ...]
    only_a: tuple[Pairing, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_statements(
    generation: Generation, catalogue: Catalogue, a: str, b: str
) -> StatementComparison:
    """`a` and `b` are statement ids or `STATE:YEAR`."""
    first, second = (_positions(generation, catalogue, n, v) for n, v in (("a", a), ("b", b)))
    level = generation.similarity_at(COUNTERPART_PERCENTILE)
    left = generation.index.vectors(np.array([r.row for r in first], np.int64))
    right = generation.index.vectors(np.array([r.row for r in second], np.int64))
    alike = left @ right.T
    pairings = []
    for record, row in zip(first, alike, strict=True):
        best = int(row.argmax())
        pairings.append(_pairing(generation, record.claim, second[best].claim, row[best], level))
    pairings.sort(key=lambda p: -p.similarity)
    return StatementComparison(
        a=first[0].statement.id,
        b=second[0].statement.id,
        generation=generation.manifest.id,
        model=generation.manifest.model,
        level=round(level, 6),
        shared=tuple(p for p in pairings if p.counterpart_id),
        only_a=tuple(p for p in pairings if not p.counterpart_id),
    )


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


def _positions(
    generation: Generation, catalogue: Catalogue, field: str, name: str
) -> list[ClaimRecord]:
    statement_id = find_statement(generation, catalogue, field, name)
    records = generation.library.records(generation.library.rows_of(statement_id))
    positions = [r for r in records if r.claim.kind is Kind.POSITION]
    if not positions:
        raise InvalidInput(field, f"{statement_id} holds no position")
    return positions


def _pairing(
    generation: Generation, claim: Claim, other: Claim, similarity: float, level: float
) -> Pairing:
    near = similarity >= level
    return Pairing(
        claim.id,
        claim.text,
        claim.topics,
        round(float(similarity), 6),
        generation.percentile(float(similarity)),
        other.id if near else None,
        other.text if near else None,
    )
