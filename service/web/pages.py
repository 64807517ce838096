"""The page at `/`: the API's question in a form, its answer as text."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.domain.stance import sureness
from service.errors import IndexUnusable, InvalidInput
from service.web.asked import comparator
from service.web.contract import arguments

pages = Blueprint("pages", __name__)

# Stands beside every verdict that a model gave; "" leaves it out.
MACHINE_JUDGEMENT = "machine judgement, check the quotation"

_CHOICES = {
    "mode": ("dense", "exact", "lexical", "hybrid"),
    "sort": ("similarity", "recent"),
    "group_by": ("state", "statement", "none"),
    "stance": ("on", "off", "aligned", "partial", "opposed", "unclear"),
    "kind": ("position", "narrative", "ceremony", "any"),
}


@pages.get("/")
def ask() -> ResponseReturnValue:
    """Without `text` the empty form; with it the answer, or what is wrong with the question."""
    answer = refused = None
    status = 200
    try:
        given: dict[str, Any] = arguments()
        if any(name != "text" for name in given) or given.get("text"):
            filters = {name: value for name, value in given.items() if name != "text"}
            answer = comparator().search(given.get("text", ""), **filters).to_dict()
    except InvalidInput as error:
        refused, status = {"field": error.field, "reason": error.reason}, 400
        given = request.args.to_dict()
    except IndexUnusable:
        refused, status = {"field": "", "reason": "The index can't be used at present."}, 503
    catalogue = comparator().catalogue
    page = render_template(
        "ask.html",
        given=given,
        answer=answer,
        refused=refused,
        choices=_CHOICES,
        machine_judgement=MACHINE_JUDGEMENT,
        sureness=sureness,
        judges=comparator().settings.stance_model is not None,
        states=sorted(catalogue.states, key=lambda state: state.name),
        blocs=sorted(catalogue.blocs, key=lambda bloc: bloc.name),
        topics=sorted(catalogue.topics, key=lambda topic: topic.name),
        state_names={state.code: state.name for state in catalogue.states},
        topic_names={topic.id: topic.name for topic in catalogue.topics},
        bloc_names={bloc.id: bloc.name for bloc in catalogue.blocs},
    )
    return page, status
