"""`/v1/compare`: two statements, claim by claim."""

from __future__ import annotations

from typing import Any

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.comparing import CompareAnswer, CompareBody

comparing = Contract("comparing")


@comparing.post(
    "/v1/compare", answer=CompareAnswer, repeatable=True, others=(404,),
    rows=Rows(lambda answer: answer["positions"], lambda answer: []),
    example={"body": {
        "a": "CHN_78_2023",
        "text_b": "Sanctions must end. The Security Council must hear Africa.",
    }},
)  # fmt: skip
def compare(body: CompareBody) -> dict[str, Any]:
    """Two statements, claim by claim: positions of both, on which they agree or not, and of one

    Each is an id, STATE:YEAR, or a text, which is split into claims and at most 300 positions long.
    `positions` are in one group each, by the stance of B towards A; `pairs` are all that are on the
    same point, `matched` those made one to one. `similarity` and `agreement` are two figures, each
    with a 95% interval. As text/csv and application/x-ndjson, one row a position.
    """
    found = comparator().compare(
        body.a, body.b, text_a=body.text_a or "", text_b=body.text_b or "", seed=body.seed
    )
    return found.to_dict()
