"""Files of statements as the command line and the pages take them: one reader for each format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from service.catalogue import Catalogue
from service.corpus.article import read_article
from service.corpus.claims import ClaimMaker
from service.corpus.documents import read_document
from service.corpus.report import Entry, ImportReport
from service.corpus.row import statement_of
from service.corpus.speakers import load_capitals
from service.corpus.table import read_table
from service.domain.dates import PartialDate
from service.domain.statements import Statement
from service.errors import InvalidInput
from service.questions import resolve_state


class Format(StrEnum):
    TABLE = "table"  # CSV, JSON Lines or Parquet, a statement a row
    ARTICLE = "article"  # a page, a document or a text that reports what states said
    STATEMENT = "statement"  # a document or a text that is one state's statement


# What can be said beside the file; a table says it in its columns.
GIVEN: Mapping[Format, tuple[str, ...]] = {
    Format.TABLE: (),
    Format.ARTICLE: ("state", "speaker", "date", "forum", "source"),
    Format.STATEMENT: ("state", "speaker", "office", "date", "forum", "symbol", "source"),
}


def check_given(
    form: Format, given: Mapping[str, str | None], catalogue: Catalogue
) -> dict[str, str]:
    """What is said beside a file of this format, without what is empty. Raises InvalidInput naming
    the field, before any file is read."""
    found = {name: " ".join(value.split()) for name, value in given.items() if value}
    found = {name: value for name, value in found.items() if value}
    for name in found:
        if name not in GIVEN[form]:
            raise InvalidInput(name, f"isn't taken beside a {form}")
    if "state" in found:
        found["state"] = resolve_state("state", found["state"], catalogue)
    elif form is Format.STATEMENT:
        raise InvalidInput("state", "is missing: which state made this statement?")
    if "date" in found:
        try:
            PartialDate(found["date"])
        except ValueError as error:
            raise InvalidInput("date", str(error)) from None
    return found


def read_file(
    path: Path,
    form: Format,
    given: Mapping[str, str],
    *,
    catalogue: Catalogue,
    maker: ClaimMaker,
    data: Path,
    report: ImportReport,
) -> Iterable[Statement]:
    """The statements of a file, with their claims; `data` is the project's folder of data.

    Reading the same file again gives the same statements in the same order. Raises UnreadableFile,
    or InvalidInput naming the field.
    """
    states = catalogue.states
    if form is Format.TABLE:
        return read_table(path, states=states, maker=maker, report=report)
    if form is Format.ARTICLE:
        return read_article(
            path, states=states, blocs=catalogue.blocs, maker=maker, report=report,
            capitals=load_capitals(data), **given,
        )  # fmt: skip
    return _one_statement(path, given, catalogue, maker, report)


def _one_statement(
    path: Path,
    given: Mapping[str, str],
    catalogue: Catalogue,
    maker: ClaimMaker,
    report: ImportReport,
) -> Iterator[Statement]:
    document = read_document(path)
    row = {"date": str(document.published or "")} | dict(given) | {"text": document.text}
    if not row["date"]:
        raise InvalidInput("date", f"{path} doesn't say when it was said: give the date")
    bare, mended = statement_of(row, states=catalogue.states, source=path.name)
    for how in (*document.mended, *mended):
        report.mended(str(path), how)
    report.read += 1
    yield replace(bare, claims=maker.claims(bare.id, bare.text))


def entries_as_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Plain JSON values, as `--report` writes them."""
    return [
        {"outcome": str(e.outcome), "file": e.file, "line": e.line, "reason": e.reason}
        for e in entries
    ]
