"""`/v1/statements`: taken in and deleted while answers are given, once what is said is on disk."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, jsonify
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from service.domain.access import Scope
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.repeats import HEADERS, answered_once
from service.web.schemas.records import (
    DeletedStatement,
    StatementBatch,
    StatementsAnswer,
    StatementsBody,
    StatementStatus,
)

statements = Contract("statements")


class StatementId(PathConverter):
    """An id may hold slashes; what ends in `/status` or `/changes` is another path."""

    regex = r"[^/].*?(?<!/status)(?<!/changes)"


@statements.record_once
def _known_in_paths(setup: BlueprintSetupState) -> None:
    setup.app.url_map.converters["statement"] = StatementId


_EXAMPLE = {
    "id": "example-1",
    "state": "NOR",
    "date": "2024-09-27",
    "text": "Mines must be cleared wherever children walk to school. We thank the deminers.",
    "speaker": "A. Speaker",
    "forum": "An example",
}
_PATH = {"statement_id": "example-1"}


@statements.post("/v1/statements", answer=StatementsAnswer, scope=Scope.IMPORT, status=201,
                 others=(200, 409), example={"body": _EXAMPLE}, headers=HEADERS)  # fmt: skip
def import_statements(body: StatementsBody) -> Response:
    """Store a statement, or up to a hundred: all of them, or none

    201 once they are on disk, 200 where the same was stored already. They are searched as soon as a
    generation is built of them, seconds later for a small corpus; another statement with the same
    id replaces the former.
    """

    def store() -> Response:
        many = isinstance(body.root, StatementBatch)
        given = body.root.given()
        taken = comparator().ingest.put(given["statements"] if many else [given], batch=many)
        answer = jsonify(
            {
                "searchable": all(one.searchable for one in taken),
                "generation": comparator().generations.current_id(),
                "statements": [
                    {
                        "statement_id": one.statement_id,
                        "change": one.change,
                        "claims": one.claims,
                        "mended": one.mended,
                        "searchable": one.searchable,
                    }
                    for one in taken
                ],
            }
        )
        new = any(one.change != "unchanged" for one in taken)
        answer.status_code = HTTPStatus.CREATED if new else HTTPStatus.OK
        if not many:
            answer.headers["Location"] = f"/v1/statements/{quote(taken[0].statement_id)}/status"
        return answer

    return answered_once(store)


@statements.get("/v1/statements/<path:statement_id>/status", answer=StatementStatus,
                scope=Scope.IMPORT, example={"path": _PATH})  # fmt: skip
def statement_status(statement_id: str) -> dict[str, Any]:
    """Whether a statement is stored, and whether it is searched yet"""
    found = comparator().ingest.find(statement_id)
    return {
        "statement_id": found.statement_id,
        "stored": found.stored,
        "searchable": found.searchable,
        "generation": found.generation,
        "build": {"phase": found.build.phase, "since": found.build.since},
    }


@statements.delete("/v1/statements/<statement:statement_id>", answer=DeletedStatement,
                   scope=Scope.IMPORT, others=(409,), example={"path": _PATH},
                   headers=HEADERS)  # fmt: skip
def delete_statement(statement_id: str) -> Response:
    """Delete an imported statement

    Answered once it is deleted on disk; it is found until the next generation is built.
    """

    def delete() -> Response:
        removed = comparator().ingest.delete(statement_id)
        return jsonify(
            {
                "statement_id": statement_id,
                "removed": removed,
                "searchable": comparator().ingest.is_searched(statement_id),
                "generation": comparator().generations.current_id(),
            }
        )

    return answered_once(delete)
