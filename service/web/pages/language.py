"""The interface's languages: catalogues of its strings, names, dates and figures.

Catalogues are gettext's `.po` files, read when they are first needed: there is nothing to compile.
Quotations aren't translated.
"""

from __future__ import annotations

import gettext as catalogues
import io
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from flask import g, has_request_context, request

from service.domain.dates import PartialDate
from service.domain.states import State

# As they call themselves.
LANGUAGES = {"en": "English", "fr": "français"}
DEFAULT = "en"
COOKIE = "lang"
FOLDER = Path(__file__).resolve().parents[1] / "translations"


def language() -> str:
    """The reader's: named in the address, remembered, or what their browser asks for."""
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        named = request.args.get("lang") or request.cookies.get(COOKIE)
        g.language = named if named in LANGUAGES else _accepted()
    found: str = g.language
    return found


def _accepted() -> str:
    return request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT


def direction() -> str:
    return str(locale().text_direction)


def locale() -> Locale:
    return _locale(language())


def gettext(message: str, **values: Any) -> str:
    return translated(message, language()) % values if values else translated(message, language())


def N_(message: str) -> str:  # noqa: N802
    """Marks a string for the catalogues where it stands, to be translated where it is shown."""
    return message


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """`num` is written as the reader's language writes numbers."""
    return plural(one, many, n) % ({"num": number_in_words(n)} | values)


def plural(one: str, many: str, n: int) -> str:
    """Without its values: for `{% trans %}`, which puts them in itself."""
    return catalogue(language()).ngettext(one, many, n)


def translated(message: str, into: str) -> str:
    # A catalogue's own heading is under the empty string.
    return catalogue(into).gettext(message) if message else message


@cache
def catalogue(into: str) -> catalogues.NullTranslations:
    """Of one language; the strings in the code are English."""
    if into == DEFAULT:
        return catalogues.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, _written(into))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


@cache
def _written(into: str) -> Catalog:
    """The file, or an empty catalogue where a language has none."""
    path = FOLDER / into / "messages.po"
    if not path.exists():
        return Catalog(locale=into)
    with path.open("rb") as file:
        return read_po(file, locale=into)


def state_in_words(state: State) -> str:
    """A state's name in the reader's language: the catalogue's, where the United Nations says it
    otherwise than CLDR does, and else CLDR's."""
    if language() == DEFAULT:
        return state.name
    if state.name in _written(language()):
        return gettext(state.name)
    return common_name(state, locale()) or state.name


def common_name(state: State, of: Locale) -> str | None:
    """CLDR's. It has none for states that are no more: their codes lead to their successors."""
    short = get_global("territory_aliases").get(state.code, [])
    if state.until is not None or len(short) != 1:
        return None
    return of.territories.get(short[0])


def day_in_words(day: str) -> str:
    """An ISO date, no more precise than it is known."""
    found = PartialDate(day)
    if found.precision == "day":
        said = str(format_date(date.fromisoformat(day), "long", locale=locale()))
        # CLDR's patterns have no ordinals, of which French has this one.
        return f"1er{said[1:]}" if language() == "fr" and said.startswith("1 ") else said
    if found.precision == "month":
        return str(format_skeleton("yMMMM", found.first, locale=locale()))
    return day


def number_in_words(number: float, decimals: int = 0) -> str:
    return str(format_decimal(number, f"#,##{_with(decimals)}", locale=locale()))


def percent_in_words(share: float, decimals: int = 0) -> str:
    """Of a share of 1."""
    pattern = locale().percent_formats[None].pattern.replace("0", _with(decimals))
    return str(format_percent(share, pattern, locale=locale()))


def _with(decimals: int) -> str:
    """The last digits of a pattern."""
    return "0." + "0" * decimals if decimals else "0"


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)
