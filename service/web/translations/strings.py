"""The strings that catalogues hold, found where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from werkzeug.exceptions import NotFound

from service.catalogue import load_blocs, load_states, load_topics
from service.web.pages.language import common_name
from service.web.problems import TYPES

_CODE = Path(__file__).resolve().parents[2]
# Each with the places of its strings among its arguments.
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    **dict.fromkeys(("words", "_words", "said", "_said")),
}
# What readers of pages are told by the layers below them, as far as it is said without a value.
_REFUSALS = {"InvalidInput": (2,), "NotFound": (1,), "Unauthorized": (1,)}
_TOLD = ("accounts/keys.py", "importing.py", "jobs/store.py", "questions.py", "web/access.py",
         "web/jobs.py", "web/pages/*.py")  # fmt: skip


def strings(data: Path, of: Catalog) -> Catalog:
    """All that is shown in our own words: of the code and the templates, and the names of topics
    and blocs. Of the states, those that CLDR can't name in the language of the catalogue `of`,
    and those that it names for itself."""
    assert of.locale is not None
    found = Catalog(locale=of.locale)
    for file, message in _code():
        found.add(message, locations=[(f"service/{file}", 0)])
    for status, _ in TYPES.values():
        found.add(status.phrase, locations=[("service/web/problems.py", 0)])
    found.add(NotFound.description, locations=[("werkzeug", 0)])
    for name, source in _names(data, of, of.locale):
        found.add(name, locations=[(source, 0)])
    return found


def untranslated(catalogue: Catalog) -> list[str]:
    """Strings without a translation, or with one that was made for another wording."""
    return [
        str(message.id)
        for message in catalogue
        if message.id and (message.fuzzy or not all(_forms(message, catalogue.num_plurals)))
    ]


def _forms(message: Message, plurals: int) -> tuple[str | None, ...]:
    """Of its translation; None for one that isn't there."""
    forms = message.string
    if not isinstance(forms, tuple | list):
        return (forms,)
    return (*forms, *[None] * (plurals - len(forms)))


def _code() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    every = [
        ("web/templates/**.html", "jinja2"),
        ("web/**.py", "python"),
        ("takeaway/**.py", "python"),
    ]
    told = [(pattern, "python") for pattern in _TOLD]
    for methods, keywords in ((every, _KEYWORDS), (told, _REFUSALS)):
        for file, _, message, _, _ in extract_from_dir(_CODE, methods, keywords=keywords):
            yield file, message


def _names(data: Path, of: Catalog, locale: Locale) -> Iterator[tuple[str, str]]:
    for topic in load_topics(data):
        yield topic.name, "data/topics.yaml"
    for bloc in load_blocs(data):
        yield bloc.name, "data/blocs.yaml"
    for state in load_states(data):
        if state.name in of or common_name(state, locale) is None:
            yield state.name, "data/states.yaml"
