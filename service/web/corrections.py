"""`/v1/corrections`: what users say of stance verdicts that the model got wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from service.domain.access import Scope
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.verdicts import (
    CorrectionAnswer,
    CorrectionBody,
    CorrectionsAnswer,
    CorrectionsQuery,
)

corrections = Contract("corrections")

_EXAMPLE = {
    "text": "The veto must be abolished.",
    "claim_id": "CHN_78_2023:1-2",
    "stance": "opposed",
    "author": "A. Reader",
    "reason": "It speaks of restraint, and keeps the veto.",
}


@corrections.post("/v1/corrections", answer=CorrectionAnswer, scope=Scope.IMPORT, status=201,
                  others=(200, 404), example={"body": _EXAMPLE})  # fmt: skip
def correct(body: CorrectionBody) -> tuple[dict[str, Any], HTTPStatus]:
    """Say where a claim stands towards a question

    201 with the correction; 200 with the kept one where the same was said already.
    """
    kept, new = comparator().put_correction(body.given())
    return kept.to_dict(), HTTPStatus.CREATED if new else HTTPStatus.OK


@corrections.get("/v1/corrections", answer=CorrectionsAnswer, rows=Rows.under("corrections"),
                 example={})  # fmt: skip
def corrections_kept(query: CorrectionsQuery) -> dict[str, Any]:
    """Corrections, the earliest first, history included"""
    return {"corrections": comparator().corrections_as_rows(query.claim_id or None)}
