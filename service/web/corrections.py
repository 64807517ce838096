"""`/v1/corrections`: what users say of stance verdicts that the model got wrong."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request

from service.errors import InvalidInput
from service.web.api import arguments, comparator

corrections = Blueprint("corrections", __name__)


@corrections.post("/v1/corrections")
def correct() -> tuple[Response, HTTPStatus]:
    """201 with the correction; 200 with the kept one where the same was said already."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("body", "must be a JSON object, sent as application/json")
    for name in request.args:
        raise InvalidInput(name, "a POST takes its fields in the body")
    kept, new = comparator().put_correction(body)
    return jsonify(kept.to_dict()), HTTPStatus.CREATED if new else HTTPStatus.OK


@corrections.get("/v1/corrections")
def kept() -> Response:
    """The earliest first, history included; `claim_id` asks for those of one claim."""
    given = arguments()
    for name in given:
        if name != "claim_id":
            raise InvalidInput(name, "no such parameter; there is claim_id")
    return jsonify({"corrections": comparator().corrections_as_rows(given.get("claim_id"))})
