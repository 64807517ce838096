"""Studies that may be asked from elsewhere, and what can be said against their parameters before
they are run: another type, an unknown name, a choice that there isn't. Reads no index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from typing import Any

from service.analysis.clusters import Asked
from service.analysis.cohesion import find_bloc
from service.analysis.drift import parse_before
from service.analysis.matrices import parse_unit, parse_wanted
from service.analysis.profile import find_state
from service.analysis.scale import parse_unit_kind
from service.analysis.scale_units import UnitKind
from service.analysis.subject import parse_subject
from service.analysis.trends import parse_by
from service.comparison import Comparator
from service.errors import InvalidInput, NotFound
from service.questions import LONGEST_TEXT, parse_question, resolve_state
from service.studies.catalogue import STUDIES
from service.studies.study import Study

FILTERS = ("states", "exclude", "blocs", "topics", "from", "to", "forum", "kind")
FLAGS = ("judge_all", "whole", "correct", "intervals")
NUMBERS = ("seed", "before", "number", "most", "least", "judged")
TEXTS = (
    "topic", "issue", "text", "by", "unit", "state", "bloc", "a", "b", "text_a", "text_b",
    "anchor_low", "anchor_high",
)  # fmt: skip
PLACES = ("reference",)
# Those whose every parameter has a type here. A study that reads files of this machine isn't among
# them: it can't be asked from elsewhere.
OFFERED: Mapping[str, Study] = {
    name: study
    for name, study in STUDIES.items()
    if {p.name for p in study.parameters} <= {*FILTERS, *FLAGS, *NUMBERS, *TEXTS, *PLACES}
}
_SUBJECTS = ("topic", "issue", "text")
_MOST_NUMBER = 2**32 - 1


def check(study: Study, given: Mapping[str, Any], comparator: Comparator) -> dict[str, Any]:
    """Every parameter, as `Study.asked` has them. Raises InvalidInput naming one of them. What only
    the index can tell, such as that too few speak of a topic, the run itself refuses."""
    asked = study.asked(given)
    for name, value in asked.items():
        if value is not None:
            _check_type(name, value)
    _check_filters({name: asked[name] for name in FILTERS if name in asked}, study, comparator)
    _check_subject(study, asked, comparator)
    _check_names(study, asked, comparator)
    _check_choices(study, asked)
    return asked


def _check_type(name: str, value: Any) -> None:
    if name in FLAGS and not isinstance(value, bool):
        raise InvalidInput(name, "must be true or false")
    if name in NUMBERS:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 0 <= value <= _MOST_NUMBER:
            raise InvalidInput(name, f"must be a whole number from 0 to {_MOST_NUMBER}")
    if name in TEXTS and not (isinstance(value, str) and len(value) <= LONGEST_TEXT):
        raise InvalidInput(name, f"must be a string of at most {LONGEST_TEXT} characters")
    if name in PLACES and not (isinstance(value, dict) and all(map(_is_place, value.values()))):
        raise InvalidInput(name, "must be an object: a finite number for each name")


def _is_place(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _check_filters(filters: Mapping[str, Any], study: Study, comparator: Comparator) -> None:
    raw = {"text": study.name, **filters}
    for topic in parse_question(raw, comparator.catalogue, comparator.maker).topics:
        if topic.id is None:
            raise InvalidInput("topics", f"{topic.text!r} is no topic; give an id, name or synonym")


def _check_subject(study: Study, asked: Mapping[str, Any], comparator: Comparator) -> None:
    named = {name: asked[name] for name in _SUBJECTS if name in asked}
    needed = "issue" in named and study.name != "clusters"
    if needed or any(value is not None for value in named.values()):
        with _naming("issue"):
            parse_subject(named, comparator.catalogue, comparator.issues)


def _check_names(study: Study, asked: Mapping[str, Any], comparator: Comparator) -> None:
    catalogue = comparator.catalogue
    if study.name == "compare":
        for side in ("a", "b"):
            if bool((asked[side] or "").strip()) == bool((asked[f"text_{side}"] or "").strip()):
                raise InvalidInput(
                    side, f"give a statement's id or STATE:YEAR as {side}, or text_{side}"
                )
        return
    for name in ("state", "a", "b"):
        if name in asked:
            with _naming(name):
                find_state(catalogue, asked[name])
    if "bloc" in asked:
        with _naming("bloc"):
            find_bloc(catalogue, asked["bloc"])
    if study.name == "scale" and asked["by"] == UnitKind.STATE:
        for name in ("anchor_low", "anchor_high", "reference"):
            value = asked[name]
            for state in [value] if isinstance(value, str) else value or ():
                resolve_state(name, state, catalogue)


def _check_choices(study: Study, asked: Mapping[str, Any]) -> None:
    if study.name == "matrix":
        parse_unit(asked["unit"])
        parse_wanted(asked["least"], asked["intervals"], asked["judged"])
    elif study.name == "clusters":
        Asked(asked["number"], asked["most"], asked["least"], asked["correct"], asked["seed"])
    elif study.name == "scale":
        parse_unit_kind(asked["by"])
    elif "by" in asked:
        parse_by(asked["by"])
    if "before" in asked:
        parse_before(asked["before"])


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """What isn't found is a parameter's fault."""
    try:
        yield
    except NotFound as error:
        raise InvalidInput(name, str(error)) from None
