"""`/v1/explanation` and the page `/explain`: the words that decide a verdict."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from service.errors import ConcordError, IndexUnusable, InvalidInput, NotFound
from service.web.asked import comparator
from service.web.contract import Contract, arguments
from service.web.pages import MACHINE_JUDGEMENT
from service.web.schemas.verdicts import ExplanationAnswer, ExplanationQuery

explanations = Contract("explanations")

_FIELDS = ("text", "claim_id")


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


@explanations.route("/explain")
def page() -> ResponseReturnValue:
    """The quotation with its deciding words marked, or what is wrong with the question."""
    found = refused = said = None
    status = 200
    try:
        found = _explained()
        said = comparator().claim(found["claim_id"])
    except InvalidInput as error:
        refused, status = str(error), 400
    except NotFound as error:
        refused, status = str(error), 404
    except IndexUnusable:
        refused, status = "The index can't be used at present.", 503
    except ConcordError as error:
        refused, status = str(error), 400
    rendered = render_template(
        "explain.html",
        found=found,
        said=said,
        pieces=_pieces(said.claim.text, found["words"]) if found and said else [],
        state=comparator().state_name(said.statement.state) if said else None,
        refused=refused,
        twin={name: request.args[name] for name in _FIELDS if name in request.args},
        machine_judgement=MACHINE_JUDGEMENT,
    )
    return rendered, status


def _explained() -> dict[str, Any]:
    given = arguments()
    for name in given:
        if name not in _FIELDS:
            raise InvalidInput(name, f"no such parameter; there are {', '.join(_FIELDS)}")
    return comparator().explain(given.get("text", ""), given.get("claim_id", ""))


def _pieces(text: str, words: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The whole text in pieces, each with whether it decided."""
    pieces, last = [], 0
    for word in sorted(words, key=lambda word: int(word["start"])):
        pieces += [(text[last : word["start"]], False), (word["text"], True)]
        last = word["end"]
    return [*pieces, (text[last:], False)]
