"""What a reader takes away from the answer on the page at `/`: the same question in the address
gives the same answer as a brief, a table, citations or a figure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_percent
from flask import Response, request

from service.domain.access import Scope
from service.domain.answers import Answer
from service.domain.questions import Question
from service.errors import InvalidInput
from service.figures.png import png
from service.questions import resolve_state
from service.takeaway.brief import brief_of
from service.takeaway.citations import bibtex, csl_items, ris
from service.takeaway.document import FORMATS
from service.takeaway.language import Language
from service.takeaway.table import table
from service.web.access import admits
from service.web.asked import comparator
from service.web.caching import repeatable
from service.web.contract import arguments
from service.web.pages import figures, language
from service.web.pages.frame import Pages
from service.web.pages.questions import question
from service.web.pages.visitor import WE

takeaways = Pages("takeaways_page")

# A question's file made on a day, and the generation that answered.
Write = Callable[[Question, date], tuple[bytes, str]]
_MAP, _YEARS = "map", "years"
# Words of a question's beginning, in the name of a file, and letters of each.
_WORDS, _LETTERS = 6, 16


def reader() -> Language:
    """The language of who asks."""
    catalogue = comparator().catalogue
    blocs = {bloc.id: bloc.name for bloc in catalogue.blocs}
    topics = {topic.id: topic.name for topic in catalogue.topics}

    def state(code: str) -> str:
        found = catalogue.states.get(code)
        return language.state_in_words(found) if found else code

    return Language(
        code=language.language(),
        state=state,
        bloc=lambda bloc: language.gettext(blocs[bloc]) if bloc in blocs else bloc,
        topic=lambda topic: language.gettext(topics[topic]) if topic in topics else topic,
        words=language.gettext,
        day=language.day_in_words,
        number=language.number_in_words,
        percent=_percent,
    )


def file_name(kind: str, text: str, made: date, ending: str) -> str:
    """ASCII, and told from the files of other questions and days: `brief-the-veto-must-go-...`."""
    plain = unicodedata.normalize("NFKD", text[:1_000]).encode("ascii", "ignore").decode().lower()
    words = [word[:_LETTERS] for word in re.findall("[a-z0-9]+", plain)[:_WORDS]]
    return "-".join((kind, *words, made.isoformat())) + f".{ending}"


def _percent(share: float) -> str:
    exact = Decimal(f"{share:g}") / 100
    return str(format_percent(exact, locale=language.locale(), decimal_quantization=False))


def _file(write: Write, kind: str, ending: str, media: str) -> Response:
    """The same one while the index, the corrections and the day stay."""

    def make() -> Response:
        asked, made = question(), datetime.now(UTC).date()
        file, generation = write(asked, made)
        response = Response(file, mimetype=media)
        what = request.args.get("figure", _MAP) if kind == "figure" else kind
        name = file_name(what, asked.text, made, ending)
        response.headers.set("Content-Disposition", "attachment", filename=name)
        response.headers["X-Generation"] = generation
        return response

    given = {"arguments": sorted(arguments().items()), "language": language.language()}
    found = repeatable(f"{kind}.{ending}", given, media, make)
    found.vary.update(("Accept-Language", "Cookie"))  # which tell the language
    return found


def _of_answer(write: Callable[[Answer, Language, date], bytes]) -> Write:
    def written(asked: Question, made: date) -> tuple[bytes, str]:
        answer = comparator().answer(asked)
        return write(answer, reader(), made), answer.generation

    return written


def _brief(ending: str) -> Write:
    def written(answer: Answer, reads: Language, made: date) -> bytes:
        cursor = request.args.get("cursor")
        brief = brief_of(answer, reads, made=made, we=_ours(), cursor=cursor)
        return FORMATS[ending][0](brief, reads)

    return _of_answer(written)


def _figure(written: Callable[[str], bytes]) -> Write:
    """One of the page's, standing alone."""

    def drawn(asked: Question, _: date) -> tuple[bytes, str]:
        wanted, names = request.args.get("figure", _MAP), reader()
        if wanted not in _FIGURES:
            raise InvalidInput("figure", f"{wanted!r} is none of {', '.join(_FIGURES)}")
        if not asked.judged and wanted != _YEARS:
            raise InvalidInput("stance", "without stances there is no such figure")
        overview = comparator().overview(asked)
        svg = _FIGURES[wanted](overview.to_dict(), names)
        return written(svg), overview.answer.generation

    return drawn


def _ours() -> str | None:
    """The state that the address names as ours; a remembered one isn't left out of the answer."""
    ours = request.args.get(WE)
    return resolve_state(WE, ours, comparator().catalogue) if ours else None


_FIGURES: dict[str, Callable[[dict[str, Any], Language], str]] = {
    _MAP: lambda shown, names: figures.stance_map(shown, names.state, _ours(), standalone=True),
    "blocs": lambda shown, names: figures.bloc_bars(shown, names.bloc, standalone=True),
    _YEARS: lambda shown, _: figures.year_line(shown, standalone=True),
}


def _add(path: str, write: Write, media: str) -> None:
    kind, ending = path.removeprefix("/").split(".")

    def view() -> Response:
        return _file(write, kind, ending, media)

    admits(view, Scope.READ)
    takeaways.add_url_rule(path, f"{kind}_{ending}", view, methods=["GET"])


for _ending, (_, _media) in FORMATS.items():
    _add(f"/brief.{_ending}", _brief(_ending), _media)
_add("/table.csv", _of_answer(lambda answer, reads, _: table(answer, reads)), "text/csv")
_add(
    "/citations.bib",
    _of_answer(lambda answer, reads, made: bibtex(csl_items(answer, reads), made)),
    "application/x-bibtex",
)
_add(
    "/citations.ris",
    _of_answer(lambda answer, reads, _: ris(csl_items(answer, reads))),
    "application/x-research-info-systems",
)
_add("/figure.svg", _figure(lambda svg: str(svg).encode()), "image/svg+xml")
_add("/figure.png", _figure(png), "image/png")
