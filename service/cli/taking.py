"""`brief`, `bib`, `ris`: what is taken away from an answer, as files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from service.cli.asking import asked, asks
from service.cli.output import open_comparator

if TYPE_CHECKING:
    from service.domain.answers import Answer
    from service.takeaway.language import Language

_ENDINGS = ("docx", "pdf", "md")
_OUTPUT = click.option(
    "--output",
    type=click.File("wb", lazy=True, atomic=True),
    default="-",
    help="The file to be written; standard output unless it is given.",
)


@click.command()
@asks
@click.option("--we", help="The state for which the brief is made; it is left out of the answer.")
@click.option("--most", type=click.IntRange(min=1), help="Quotations in a section (default 10).")
@click.option(
    "--format",
    "format_",
    type=click.Choice(_ENDINGS),
    help="Without it, what the file's name ends with, or md.",
)
@_OUTPUT
def brief(
    text: str | None,
    file: Path | None,
    we: str | None,
    most: int | None,
    format_: str | None,
    output: IO[bytes],
    **filters: Any,
) -> None:
    """A brief of who holds the position in TEXT, to be read and passed on.

    Every state by its nearest position, unless --limit and --per-state say otherwise.
    """
    from service.takeaway.brief import MOST_ROWS, brief_of
    from service.takeaway.document import FORMATS

    ending = format_ or Path(output.name).suffix.lower().removeprefix(".")
    write, _ = FORMATS[ending if ending in _ENDINGS else "md"]
    answer, language, ours = _answered(text, file, filters, we)
    made = brief_of(
        answer,
        language,
        made=datetime.now(UTC).date(),
        we=ours,
        cursor=filters["cursor"],
        most=most or MOST_ROWS,
    )
    output.write(write(made, language))


@click.command()
@asks
@_OUTPUT
def bib(text: str | None, file: Path | None, output: IO[bytes], **filters: Any) -> None:
    """The statements that answer TEXT, as BibTeX."""
    from service.takeaway.citations import bibtex, csl_items

    answer, language, _ = _answered(text, file, filters)
    output.write(bibtex(csl_items(answer, language), datetime.now(UTC).date()))


@click.command()
@asks
@_OUTPUT
def ris(text: str | None, file: Path | None, output: IO[bytes], **filters: Any) -> None:
    """The statements that answer TEXT, as RIS, for Zotero, EndNote and the like."""
    from service.takeaway.citations import csl_items
    from service.takeaway.citations import ris as written

    answer, language, _ = _answered(text, file, filters)
    output.write(written(csl_items(answer, language)))


def _answered(
    text: str | None, file: Path | None, filters: dict[str, Any], we: str | None = None
) -> tuple[Answer, Language, str | None]:
    """The answer as a whole, even where the text holds several claims; and the code of `we`."""
    from service.questions import resolve_state
    from service.takeaway.brief import USUAL
    from service.takeaway.language import Language

    text, given = asked(text, file, filters)
    comparator = open_comparator()
    ours = resolve_state("we", we, comparator.catalogue) if we else None
    if ours:
        given["exclude"] = [ours, *given.get("exclude", [])]
    question = comparator.question(text, **(USUAL | given))
    answer = comparator.answer(replace(question, by_part=False))
    return answer, Language.english(comparator.catalogue), ours
