"""`/v1`: the same questions and answers as the library, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from service.comparison import Comparator
from service.domain.dates import PartialDate
from service.domain.statements import Claim, Statement
from service.errors import InvalidInput
from service.questions import FIELDS

api = Blueprint("api", __name__)

_REPEATABLE = ("exclude", "states", "blocs", "topics", "kind", "stance")


def comparator() -> Comparator:
    found = current_app.extensions["comparator"]
    assert isinstance(found, Comparator)
    return found


@api.get("/v1/search")
def search_get() -> Response:
    return _search(arguments())


@api.post("/v1/search")
def search_post() -> Response:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("body", "must be a JSON object, sent as application/json")
    for name in request.args:
        raise InvalidInput(name, "a POST takes its parameters in the body")
    return _search(body)


@api.get("/v1/statements/<path:statement_id>")
def statement(statement_id: str) -> Response:
    no_arguments()
    found = comparator().statement(statement_id)
    body = _statement(found)
    body["text"] = found.text or None
    body["claims"] = [_claim(claim) for claim in found.claims]
    return jsonify(body)


@api.get("/v1/claims/<path:claim_id>")
def claim(claim_id: str) -> Response:
    no_arguments()
    record = comparator().claim(claim_id)
    body = _claim(record.claim)
    body |= {"before": record.before, "after": record.after}
    body["statement"] = _statement(record.statement)
    return jsonify(body)


@api.get("/v1/states")
def states() -> Response:
    no_arguments()
    return jsonify(
        {
            "states": [
                {
                    "code": s.code,
                    "name": s.name,
                    "status": s.status,
                    "blocs": [bloc.id for bloc in comparator().catalogue.blocs.of(s.code, None)],
                }
                for s in comparator().catalogue.states
            ]
        }
    )


@api.get("/v1/blocs")
def blocs() -> Response:
    """`on` (a year or a date) gives the members of that time; without it, those of today."""
    on = None
    for name in request.args:
        if name != "on":
            raise InvalidInput(name, "no such parameter; there is on")
    if "on" in request.args:
        try:
            on = PartialDate(request.args["on"]).last
        except ValueError as error:
            raise InvalidInput("on", str(error)) from None
    return jsonify(comparator().catalogue.blocs_as_rows(on))


@api.get("/v1/topics")
def topics() -> Response:
    no_arguments()
    return jsonify(
        {
            "topics": [
                {
                    "id": t.id,
                    "name": t.name,
                    "definition": t.definition,
                    "synonyms": t.synonyms,
                    "examples": t.examples,
                }
                for t in comparator().catalogue.topics
            ]
        }
    )


@api.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@api.get("/readyz")
def readyz() -> Response:
    """The index is loaded and a question is answered; 503 until then."""
    answer = comparator().search("The United Nations must be strengthened.", limit=1, stance="off")
    return jsonify({"status": "ready", "generation": answer.generation, "model": answer.model})


def arguments() -> dict[str, Any]:
    """Query parameters; those that may be repeated become lists."""
    found: dict[str, Any] = {}
    for name in request.args:
        values = request.args.getlist(name)
        if name in _REPEATABLE:
            found[name] = values
        elif len(values) > 1:
            raise InvalidInput(name, "is given more than once")
        else:
            found[name] = values[0]
    return found


def _search(raw: Mapping[str, Any]) -> Response:
    for name in raw:
        if name not in FIELDS:
            raise InvalidInput(str(name), f"no such parameter; there are {', '.join(FIELDS)}")
    filters = {name: value for name, value in raw.items() if name != "text"}
    return jsonify(comparator().search(raw.get("text", ""), **filters).to_dict())


def no_arguments() -> None:
    for name in request.args:
        raise InvalidInput(name, "no such parameter; there is none here")


def _statement(found: Statement) -> dict[str, Any]:
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


def _claim(found: Claim) -> dict[str, Any]:
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
