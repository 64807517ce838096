"""Endpoints declared once: the route, the check of what is sent, and the OpenAPI 3.1 document."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Required, TypedDict, TypeVar, Unpack, get_type_hints

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, RootModel, ValidationError
from pydantic.json_schema import models_json_schema
from werkzeug.exceptions import UnsupportedMediaType

from service import __version__
from service.domain.access import Scope
from service.errors import InvalidInput
from service.web.caching import repeatable
from service.web.negotiation import JSON, Rows, represented, wanted
from service.web.problems import PROBLEM, Problem, Unprocessable

_PATH = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_SCHEMAS = "#/components/schemas/{model}"
_SECURITY: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
# What any operation may answer instead of what was asked.
_ALWAYS = (400, 406, 413, 429, 431, 500, 503)
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `scope` is what a caller needs, None where anyone may ask; `example`
    holds `query`, `body`, `path` or `headers` that a test sends."""

    method: str
    rule: str
    name: str
    summary: str
    description: str
    tag: str
    scope: Scope | None
    answer: type[BaseModel] | None
    status: int
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    rows: Rows | None
    example: Mapping[str, Any]
    others: tuple[int, ...]
    media: tuple[str, ...]
    repeatable: bool
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return _PATH.sub(r"{\g<name>}", self.rule)

    @property
    def path_parameters(self) -> list[str]:
        return [match["name"] for match in _PATH.finditer(self.rule)]


class Options(TypedDict, total=False):
    """Of an endpoint. `rows` gives an answer as a table, for CSV and JSON Lines; `media` are the
    types that the endpoint answers itself; `others` are statuses beside the usual ones; `headers`
    are those that it reads, as OpenAPI describes them. `repeatable` endpoints answer the same
    question likewise while the index and the corrections stay (`service.web.caching`): what is
    read is, unless said otherwise."""

    answer: Required[type[BaseModel] | None]
    scope: Scope | None
    status: int
    rows: Rows
    example: Mapping[str, Any]
    others: Sequence[int]
    media: Sequence[str]
    repeatable: bool
    headers: Mapping[str, Mapping[str, Any]]


class Contract(Blueprint):
    """A blueprint whose endpoints say what they take and give.

    An endpoint's arguments are its path's names and, where it wants them, `query` and `body`,
    annotated with a pydantic model each. It returns plain JSON values, those with a status, or a
    whole response.
    """

    def __init__(self, name: str, *, tag: str | None = None) -> None:
        super().__init__(name, __name__)
        self.tag = tag or name
        self.operations: dict[str, Operation] = {}

    def operation(
        self, method: str, rule: str, **options: Unpack[Options]
    ) -> Callable[[_View], _View]:
        def declared(function: _View) -> _View:
            hints = get_type_hints(function)
            summary, _, rest = (inspect.getdoc(function) or "").partition("\n\n")
            read = method == "GET" and options.get("scope", Scope.READ) is Scope.READ
            found = Operation(
                method=method,
                rule=rule,
                name=function.__name__,
                summary=" ".join(summary.split()).rstrip("."),
                description=" ".join(rest.split()),
                tag=self.tag,
                scope=options.get("scope", Scope.READ),
                answer=options["answer"],
                status=options.get("status", 200),
                query=hints.get("query"),
                body=hints.get("body"),
                rows=options.get("rows"),
                example=options.get("example", {}),
                others=tuple(options.get("others", ())),
                media=tuple(options.get("media", (JSON,))),
                repeatable=options.get("repeatable", read),
                headers=options.get("headers", {}),
            )
            self.operations[f"{self.name}.{function.__name__}"] = found
            view = _checked(function, found)
            self.add_url_rule(rule, function.__name__, view, methods=[method])
            return function

        return declared

    def get(  # type: ignore[override]
        self, rule: str, **options: Unpack[Options]
    ) -> Callable[[_View], _View]:
        return self.operation("GET", rule, **options)

    def post(  # type: ignore[override]
        self, rule: str, **options: Unpack[Options]
    ) -> Callable[[_View], _View]:
        return self.operation("POST", rule, **options)

    def delete(  # type: ignore[override]
        self, rule: str, **options: Unpack[Options]
    ) -> Callable[[_View], _View]:
        return self.operation("DELETE", rule, **options)


def operations(app: Flask) -> list[Operation]:
    return [
        operation
        for blueprint in app.blueprints.values()
        if isinstance(blueprint, Contract)
        for operation in blueprint.operations.values()
    ]


def operation_of(asked: Request) -> Operation | None:
    """What a request asks for; None where no contract tells (a page, an unknown path)."""
    blueprint = current_app.blueprints.get(asked.blueprint or "")
    if isinstance(blueprint, Contract) and asked.endpoint:
        return blueprint.operations.get(asked.endpoint)
    return None


def arguments() -> dict[str, Any]:
    """The query string: a name given more than once has a list."""
    found = request.args.to_dict(flat=False)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _checked(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    @functools.wraps(function)
    def view(**path: str) -> ResponseReturnValue:
        given: dict[str, Any] = dict(path)
        _check_headers(operation)
        query = None
        if operation.query is not None:
            query = given["query"] = _query(operation.query)
        elif request.args:
            reason = "no such parameter; there is none here"
            if operation.body is not None:
                reason = f"no such parameter: a {operation.method} takes its fields in the body"
            raise InvalidInput(next(iter(request.args)), reason)
        body = None
        if operation.body is not None:
            body = given["body"] = _body(operation.body)
        asked = query or body

        def make() -> Response:
            try:
                made = function(**given)
            except InvalidInput as error:
                # Each field by itself is what the contract says; together they can't be answered.
                raise Unprocessable(error.field, error.reason) from error
            return represented(made, operation.rows, operation.status, asked)

        if not operation.repeatable:
            return make()
        kind = request.headers.get("Accept", "")
        if operation.media == (JSON,):
            kind = wanted(asked, operation.rows is not None)
        return repeatable(operation.name, given, kind, make)

    return view


def _check_headers(operation: Operation) -> None:
    for name, described in operation.headers.items():
        value, pattern = request.headers.get(name), described["schema"]["pattern"]
        if value is not None and not re.fullmatch(pattern, value):
            raise InvalidInput(name, f"must match {pattern}")


def _query(model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate(arguments())
    except ValidationError as error:
        raise _refusal(error, model, "parameter") from None


def _body(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != JSON:
        raise UnsupportedMediaType("the body must be sent as application/json")
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] in ("json_invalid", "model_type"):
            raise InvalidInput("body", "must be a JSON object, sent as application/json") from None
        raise _refusal(error, model, "field") from None


def _refusal(error: ValidationError, model: type[BaseModel], noun: str) -> InvalidInput:
    """The first thing that is wrong, in our words where pydantic's are its own."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # A union's branch is no place.
    place = first["loc"][1:] if issubclass(model, RootModel) else first["loc"]
    # A parameter's values have no place of their own.
    parts = place[:1] if noun == "parameter" else place
    name = _place(parts) or "body"
    if first["type"] == "extra_forbidden":
        known = [info.alias or key for key, info in model.model_fields.items()]
        whole = len(place) == 1 and not issubclass(model, RootModel)
        there = f"; there are {', '.join(known)}" if whole and known else ""
        return InvalidInput(name, f"no such {noun}{there}")
    if first["type"] == "missing":
        return InvalidInput(name, "is missing")
    if first["type"] == "string_type" and noun == "parameter":
        return InvalidInput(name, "is given more than once")
    if first["type"] == "string_pattern_mismatch":
        return InvalidInput(name, "has no words, or holds what isn't text")
    reason = first["msg"].removeprefix("Value error, ")
    return InvalidInput(name, reason[:1].lower() + reason[1:])


def _place(parts: Sequence[str | int]) -> str:
    """`statements[3].date`; the names of a union's branches aren't the user's."""
    name = ""
    for part in parts:
        if isinstance(part, int):
            name += f"[{part}]"
        elif re.fullmatch(r"[a-z_]+", part) or not name:
            name += f".{part}" if name else part
    return name


def openapi(app: Flask, *, anyone_reads: bool) -> dict[str, Any]:
    """The whole contract as an OpenAPI 3.1 document (JSON Schema 2020-12). `anyone_reads`: whether
    what needs the scope `read` may be had without a key."""
    found = operations(app)
    asked: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization")]
    for operation in found:
        asked += [(m, "validation") for m in (operation.query, operation.body) if m is not None]
        asked += [(operation.answer, "serialization")] if operation.answer else []
    made, described = models_json_schema(list(dict.fromkeys(asked)), ref_template=_SCHEMAS)
    schemas = dict(described.get("$defs", {}))
    # A query's model is no schema of the contract: its fields become parameters.
    models = dict.fromkeys(op.query for op in found if op.query)
    queries = {model: schemas.pop(model.__name__) for model in models}
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        query = queries.get(operation.query) if operation.query else None
        described_here = _described(operation, query or {}, made)
        if anyone_reads and operation.scope is Scope.READ:
            described_here["security"].append({})
        paths.setdefault(operation.path, {})[operation.method.lower()] = described_here
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Concord",
            "version": __version__,
            "summary": "The most similar positions of other states, and where each stands.",
            "description": "Similarity says same subject and wording; stance, a machine's "
            "judgement, says whether it is the same position. Dates are ISO 8601, states ISO "
            "3166-1 alpha-3. Errors are problem details (RFC 9457).",
            "license": {"name": "see the project's README", "url": "/docs"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": _SECURITY},
    }


def _described(
    operation: Operation, query: Mapping[str, Any], made: Mapping[Any, Any]
) -> dict[str, Any]:
    example = operation.example
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "example": example.get("path", {}).get(name, name),
        }
        for name in operation.path_parameters
    ]
    required = query.get("required", ())
    for name, schema in query.get("properties", {}).items():
        parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in required}
        if "description" in schema:
            parameter["description"] = schema["description"]
        if _is_list(schema):
            parameter |= {"style": "form", "explode": bool(schema.get("x-explode"))}
        parameter["schema"] = {
            key: value
            for key, value in schema.items()
            if key not in ("description", "title", "x-explode")
        }
        if _is_list(schema) and "enum" in schema["items"]:
            # `states=`, as forms send it, and `states=FRA,`: what is empty is passed over.
            known = list(dict.fromkeys((*schema["items"]["enum"], "")))
            parameter["schema"]["items"] = schema["items"] | {"enum": known}
        if name in example.get("query", {}):
            parameter["example"] = example["query"][name]
        parameters.append(parameter)
    parameters += [
        {"name": name, "in": "header", "required": False, **described}
        for name, described in operation.headers.items()
    ]
    found: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": _responses(operation, made),
    }
    if operation.description:
        found["description"] = operation.description
    if operation.body is not None:
        content: dict[str, Any] = {"schema": made[(operation.body, "validation")]}
        if "body" in example:
            content["example"] = example["body"]
        found["requestBody"] = {"required": True, "content": {JSON: content}}
    if operation.scope is not None:
        found["security"] = [{"bearer": []}, {"key": []}]
        found["x-scope"] = str(operation.scope)
    return found


def _responses(operation: Operation, made: Mapping[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content[JSON] = {"schema": made[(operation.answer, "serialization")]}
    for media in operation.media:
        content.setdefault(media, {"schema": {"type": "object" if media == JSON else "string"}})
    if operation.rows is not None:
        content |= {kind: {"schema": {"type": "string"}} for kind in Rows.MEDIA}
    good: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.status != HTTPStatus.NO_CONTENT:
        good["content"] = content
    statuses = {*_ALWAYS, *operation.others}
    if operation.scope is not None:
        statuses |= {401, 403}
    if operation.path_parameters:
        statuses |= {404}
    if operation.body is not None:
        statuses |= {415}
    if operation.body is not None or operation.query is not None:
        statuses |= {422}
    if operation.method == "GET":
        statuses |= {304}
    found = {str(operation.status): good}
    for status in sorted(statuses - {operation.status}):
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if status == operation.status or status < 300:
            found[str(status)]["content"] = content
        elif status >= 400:
            found[str(status)]["content"] = {PROBLEM: {"schema": made[(Problem, "serialization")]}}
    return found


def _is_list(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array"
