"""`/`: the question in a form; its answer state by state."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from service.domain.access import Scope
from service.domain.questions import GroupBy
from service.domain.stance import STANCES
from service.domain.states import fold
from service.errors import IndexUnusable, InvalidInput
from service.web.access import admits
from service.web.asked import comparator
from service.web.pages import figures, language, visitor
from service.web.pages.frame import Pages, address
from service.web.pages.language import N_, gettext
from service.web.pages.questions import given, question

asking = Pages("asking_page")

_KINDS = {
    "position": N_("positions"),
    "narrative": N_("narrative"),
    "ceremony": N_("ceremony"),
    "any": N_("all sentences"),
}
_MODES = {
    "dense": N_("by meaning"),
    "hybrid": N_("by meaning and words"),
    "lexical": N_("by words"),
    "exact": N_("by meaning, exact"),
}
_SORTS = {"similarity": N_("nearest first"), "recent": N_("latest first")}
CHOICES = {"kind": tuple(_KINDS), "mode": tuple(_MODES), "sort": tuple(_SORTS)}
MOST_SUGGESTED = 6


@asking.page("/", "ask.html")
def ask() -> dict[str, Any] | tuple[dict[str, Any], int]:
    """Without `text` the empty form; with it the answer, or what is wrong with the question."""
    form = _form()
    try:
        fields = given()
        if not any(value for name, value in fields.items() if name != "exclude"):
            return form | {"examples": _examples()}
        asked = question()
        if asked.group_by is not GroupBy.STATE:
            raise InvalidInput("group_by", "a page shows an answer by state; the API has others")
        found = comparator().overview(asked)
    except InvalidInput as error:
        return form | {"refused": {"field": error.field, "reason": error.reason}}, 400
    except IndexUnusable:
        return form | {"refused": {"field": "", "reason": N_("There is no index yet.")}}, 503
    return form | found.to_dict()


def _form() -> dict[str, Any]:
    """What was typed, to be typed on."""
    names = ("text", "from", "to", *CHOICES, "per_state", "forum")
    lists = ("states", "blocs", "topics", "stance")
    shown: dict[str, Any] = {name: request.args.get(name, "") for name in names}
    shown |= {name: request.args.getlist(name) for name in lists}
    return {"form": shown | {visitor.WE: visitor.we()}}


def _examples() -> list[str]:
    """Positions to begin with."""
    issues = comparator().issues
    return [issue.proposition for issue in issues][:: max(1, len(issues) // 4)][:4]


@asking.app_context_processor
def _choices() -> dict[str, Any]:
    return {
        "choices": CHOICES,
        "stances": [str(stance) for stance in STANCES],
        "lists": _lists,
        "kind_word": lambda kind: gettext(_KINDS[kind]),
        "mode_word": lambda mode: gettext(_MODES[mode]),
        "sort_word": lambda sort: gettext(_SORTS[sort]),
        "takeaway": _takeaway,
        "judges": comparator().settings.stance_model is not None,
        "figures": figures,
    }


def _lists() -> dict[str, list[str]]:
    """Codes and ids to choose from, in the order of their names in the reader's language."""
    catalogue = comparator().catalogue
    names = {
        "states": {one.code: language.state_in_words(one) for one in catalogue.states},
        "blocs": {bloc.id: gettext(bloc.name) for bloc in catalogue.blocs},
        "topics": {topic.id: gettext(topic.name) for topic in catalogue.topics},
    }
    return {
        field: sorted(known, key=lambda key: fold(known[key])) for field, known in names.items()
    }


def _takeaway(path: str) -> str:
    """The address at which this page's answer is taken away."""
    return address(path, **(request.args.to_dict(flat=False) | {"lang": language.language()}))


def suggestions() -> ResponseReturnValue:
    """Positions and topics that begin or hold what was typed, word by word."""
    words = request.args.get("text", "").casefold().split()
    found = []
    if sum(map(len, words)) >= 3:
        wordings = [
            wording
            for issue in comparator().issues
            for wording in (issue.proposition, issue.contrary)
        ]
        found = [text for text in wordings if _has(text, words)][:MOST_SUGGESTED]
    return jsonify({"suggestions": found})


def _has(text: str, words: list[str]) -> bool:
    """Whether each of `words` begins a word of the text."""
    own = text.casefold().split()
    return all(any(one.startswith(word) for one in own) for word in words)


admits(suggestions, Scope.READ)
asking.add_url_rule("/suggest.json", "suggestions", suggestions)
