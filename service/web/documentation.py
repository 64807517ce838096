"""`/openapi.json`, and pages that say the same to people; they need no script and no network."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, render_template

from service.errors import NotFound
from service.web.access import anyone_reads
from service.web.contract import Contract, Operation, openapi, operations
from service.web.negotiation import JSON
from service.web.pages.frame import Pages
from service.web.problems import TYPES

documentation = Contract("documentation")
documents = Pages("documents")


@documentation.get("/openapi.json", answer=None, scope=None, media=(JSON,))
def openapi_document() -> Response:
    """This contract, as an OpenAPI 3.1 document"""
    return Response(_document(current_app._get_current_object()), mimetype=JSON)  # type: ignore[attr-defined]


@documents.get("/docs")
def docs() -> str:
    """Every operation, with its parameters and an example."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    document = json.loads(_document(app))
    described = [
        (operation, document["paths"][operation.path][operation.method.lower()], sent(operation))
        for operation in sorted(operations(app), key=lambda o: not o.path.startswith("/v1"))
    ]
    return render_template(
        "docs.html", operations=described, document=document, types=TYPES, twin="/openapi.json"
    )


@documents.page("/problems/<kind>", "problem.html")
def problem_type(kind: str) -> dict[str, Any]:
    """What a problem's `type` leads to."""
    if kind not in TYPES:
        raise NotFound(f"no such type of problem: {kind}")
    status, meaning = TYPES[kind]
    return {"kind": kind, "status": status, "title": status.phrase, "meaning": meaning}


def sent(operation: Operation) -> dict[str, Any]:
    """The example as it is sent: `path` with its query string, and `body` where there is one."""
    example = operation.example
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", quote(str(example.get("path", {}).get(name, name))))
    query = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in example.get("query", {}).items()
    }
    found: dict[str, Any] = {"path": f"{path}?{urlencode(query)}" if query else path}
    if "body" in example:
        found["body"] = example["body"]
    return found


@cache
def _document(app: Flask) -> str:
    return (
        json.dumps(openapi(app, anyone_reads=anyone_reads(app)), ensure_ascii=False, indent=1)
        + "\n"
    )
