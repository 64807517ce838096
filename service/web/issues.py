"""`/v1/issues`: debatable propositions, and where every state stands on each."""

from __future__ import annotations

from typing import Any

from service.analysis.standings import issue_as_row
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.issues import IssuesAnswer, StandingsAnswer, StandingsQuery
from service.web.schemas.types import FormatQuery

issues = Contract("issues")

_STATES = Rows.under("states")
_EXAMPLE = {"path": {"issue_id": "D20"}, "query": {"states": ["BRA", "CHN", "FRA"]}}


@issues.get("/v1/issues", answer=IssuesAnswer, rows=Rows.under("issues"), example={})
def issues_listed(query: FormatQuery) -> dict[str, Any]:
    """Debatable propositions, each with its contrary"""
    return {"issues": [issue_as_row(issue) for issue in comparator().issues]}


@issues.get("/v1/issues/<issue_id>", answer=StandingsAnswer, rows=_STATES, example=_EXAMPLE)
def issue(issue_id: str, query: StandingsQuery) -> dict[str, Any]:
    """Every state's side and since when, and how many states are on each"""
    return _standings(issue_id, query, evidence=False)


@issues.get("/v1/issues/<issue_id>/states", answer=StandingsAnswer, rows=_STATES, example=_EXAMPLE)
def issue_states(issue_id: str, query: StandingsQuery) -> dict[str, Any]:
    """The same with the quotations over time

    What a reader annotated, a user corrected and the model inferred are told apart.
    """
    return _standings(issue_id, query, evidence=True)


def _standings(issue_id: str, query: StandingsQuery, *, evidence: bool) -> dict[str, Any]:
    filters = query.given()
    filters.pop("format", None)
    asked = comparator()
    return asked.standings(issue_id, **filters).to_dict(asked.state_name, evidence=evidence)
