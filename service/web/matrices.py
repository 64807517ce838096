"""`/v1/matrix`: every pair of states, or of statements."""

from __future__ import annotations

from typing import Any

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.matrices import MatrixAnswer, MatrixQuery

matrices = Contract("matrices")


@matrices.get(
    "/v1/matrix", answer=MatrixAnswer, rows=Rows.under("cells"),
    example={"query": {"topics": ["multilateralism"], "states": ["CHN", "FRA", "NOR"]}},
)  # fmt: skip
def matrix(query: MatrixQuery) -> dict[str, Any]:
    """Every pair of states, or of statements: how alike they are, and where they agree

    `similarity` and `agreement` are two figures, each with a 95% interval: the first is of wording
    and subject, the second the share of judged issues on which both took the same side. At most
    25,000 claims of 250 units are compared; more is 422, and done by `POST /v1/jobs` with the study
    `matrix`. As text/csv and application/x-ndjson, one row a pair.
    """
    asked: dict[str, Any] = query.given()
    asked.pop("format", None)
    return comparator().matrix(bounded=True, **asked).to_dict()
