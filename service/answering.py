"""From ranked rows to what is answered, in the API's names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from service.domain.answers import Hit
from service.domain.questions import Question
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord
from service.retrieval.ranking import RankedHit
from service.retrieval.wording import stem
from service.stance.contraries import Sides

_WORD = re.compile(r"[^\W_]+")


def hit_of(
    generation: Generation,
    record: ClaimRecord,
    hit: RankedHit,
    asked: int,
    stems: Sequence[set[str]],
) -> Hit:
    claim, statement = record.claim, record.statement
    return Hit(
        claim_id=claim.id,
        statement_id=statement.id,
        state=statement.state,
        text=claim.text,
        start=claim.start,
        end=claim.end,
        before=record.before,
        after=record.after,
        speaker=statement.speaker,
        office=statement.office,
        date=str(statement.date),
        date_precision=statement.date.precision,
        date_inferred=statement.date.inferred,
        forum=statement.forum,
        symbol=statement.symbol,
        source=statement.source,
        on_behalf_of=statement.on_behalf_of,
        aligned_with=statement.aligned_with,
        kind=claim.kind,
        attribution=claim.mode,
        topics=claim.topics,
        similarity=round(hit.similarity, 6),
        percentile=generation.percentile(hit.similarity),
        matched=_matched(claim.text, stems[asked]),
        asked=asked,
        folded=hit.folded,
        rendered=claim.rendered,
    )


def asked_too(sides: Sequence[Sides | None]) -> dict[str, Any]:
    """By part of the query: the contrary that was asked as well, or None."""
    return {
        "contraries": [
            {"issue": found.issue, "text": found.contrary} if found else None for found in sides
        ]
    }


def _matched(text: str, stems: set[str]) -> tuple[str, ...]:
    """The hit's words that the query has too, in any inflection, as the hit writes them."""
    return tuple(dict.fromkeys([word for word, stem in _stemmed(text) if stem in stems]))


@lru_cache(maxsize=4096)
def _stemmed(claim: str) -> list[tuple[str, str]]:
    return [(word, _claims_stem(word)) for word in _WORD.findall(claim)]


@lru_cache(maxsize=1 << 16)
def _claims_stem(word: str) -> str:
    """Claims share a few ten thousand words; a query's may be anything, and aren't kept."""
    return stem(word.lower())


def echo(question: Question) -> dict[str, Any]:
    """The question as it was understood, in the API's names."""
    return {
        "text": question.text,
        "parts": [{"text": p.text, "start": p.start, "end": p.end} for p in question.parts],
        "exclude": list(question.exclude),
        "states": list(question.states),
        "blocs": list(question.blocs),
        "topics": [topic.id or topic.text for topic in question.topics],
        "from": str(question.earliest) if question.earliest else None,
        "to": str(question.latest) if question.latest else None,
        "forum": question.forum,
        "kind": list(question.kinds) if question.kinds else ["any"],
        "mode": question.mode,
        "sort": question.sort,
        "group_by": question.group_by,
        "limit": question.limit,
        "per_state": question.per_state,
        "fold": question.fold,
        "stance": list(question.stances or (["on"] if question.judged else ["off"])),
    }
