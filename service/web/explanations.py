"""`/v1/explanation`: the words that decide a verdict."""

from __future__ import annotations

from typing import Any

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.schemas.verdicts import ExplanationAnswer, ExplanationQuery

explanations = Contract("explanations")


@explanations.get(
    "/v1/explanation", answer=ExplanationAnswer, others=(404,),
    example={"query": {"text": "The veto must be abolished.", "claim_id": "CHN_78_2023:1-2"}},
)  # fmt: skip
def explanation(query: ExplanationQuery) -> dict[str, Any]:
    """The words that decide where a claim stands

    Words are deleted and the model is asked again: `drop` is by how much the verdict's probability
    falls without them.
    """
    return comparator().explain(query.text, query.claim_id)
