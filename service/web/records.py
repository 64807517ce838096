"""What is stored: statements and claims by their ids."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from service.domain.statements import Claim, Statement
from service.errors import NotFound
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.records import (
    ChangesAnswer,
    ChangesQuery,
    ClaimInContext,
    StatementAnswer,
)

records = Contract("records")


@records.get("/v1/statements/<path:statement_id>", answer=StatementAnswer,
             example={"path": {"statement_id": "CHN_78_2023"}})  # fmt: skip
def statement(statement_id: str) -> dict[str, Any] | Response:
    """A statement with its claims

    As the current generation holds it, or as it was taken in where it is in none yet. `text` is
    null for positions in our own words, whose document is cited.
    """
    asked = comparator()
    try:
        return _whole(asked.statement(statement_id))
    except NotFound:
        answer = jsonify(_whole(asked.ingest.stored(statement_id)))
        answer.headers["Cache-Control"] = "no-store"  # it may change with the next request
        return answer


@records.get("/v1/statements/<path:statement_id>/changes", answer=ChangesAnswer,
             rows=Rows.under("changes"),
             example={"path": {"statement_id": "CHN_78_2023"}})  # fmt: skip
def statement_changes(statement_id: str, query: ChangesQuery) -> dict[str, Any]:
    """What is new in a statement against the same state's last one before it

    Each position of both is new, changed, dropped or kept. `similarity` and `shared_words` say how
    alike a position is to its counterpart, or, where it has none, to the `nearest` of the other
    statement; `stance`, where it stands towards the counterpart. `against` is null where the state
    has no statement before; `whole` is false where one of the two is known only by some positions
    in our own words.
    """
    asked = query.given()
    asked.pop("format", None)
    return comparator().changes(statement_id, **asked).to_dict()


@records.get("/v1/claims/<path:claim_id>", answer=ClaimInContext,
             example={"path": {"claim_id": "CHN_78_2023:1-2"}})  # fmt: skip
def claim(claim_id: str) -> dict[str, Any]:
    """A claim with the sentences around it and its statement"""
    return claim_in_context(claim_id)


def claim_in_context(claim_id: str) -> dict[str, Any]:
    record = comparator().claim(claim_id)
    return claim_facts(record.claim) | {
        "before": record.before,
        "after": record.after,
        "statement": statement_facts(record.statement),
    }


def _whole(found: Statement) -> dict[str, Any]:
    return statement_facts(found) | {
        "text": found.text or None,
        "claims": [claim_facts(claim) for claim in found.claims],
    }


def statement_facts(found: Statement) -> dict[str, Any]:
    return {
        "statement_id": found.id,
        "state": found.state,
        "name": comparator().state_name(found.state),
        "date": str(found.date),
        "date_precision": found.date.precision,
        "date_inferred": found.date.inferred,
        "speaker": found.speaker,
        "office": found.office,
        "forum": found.forum,
        "symbol": found.symbol,
        "source": found.source,
        "on_behalf_of": found.on_behalf_of,
        "aligned_with": found.aligned_with,
        "rendered": found.rendered,
    }


def claim_facts(found: Claim) -> dict[str, Any]:
    return {
        "claim_id": found.id,
        "text": found.text,
        "start": found.start,
        "end": found.end,
        "kind": found.kind,
        "attribution": found.mode,
        "topics": found.topics,
        "rendered": found.rendered,
    }
