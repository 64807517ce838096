"""`/v1/issues`: debatable propositions, and where every state stands on each."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from service.analysis.standings import issue_as_row
from service.web.api import arguments, comparator, no_arguments

issues = Blueprint("issues", __name__)


@issues.get("/v1/issues")
def listed() -> Response:
    no_arguments()
    return jsonify({"issues": [issue_as_row(issue) for issue in comparator().issues]})


@issues.get("/v1/issues/<issue_id>")
def issue(issue_id: str) -> Response:
    """Every state's side and since when, and how many states are on each."""
    return _standings(issue_id, evidence=False)


@issues.get("/v1/issues/<issue_id>/states")
def states(issue_id: str) -> Response:
    """The same with the quotations over time, annotated and inferred ones told apart."""
    return _standings(issue_id, evidence=True)


def _standings(issue_id: str, *, evidence: bool) -> Response:
    asked = comparator()
    found = asked.standings(issue_id, **arguments())
    return jsonify(found.to_dict(asked.state_name, evidence=evidence))
