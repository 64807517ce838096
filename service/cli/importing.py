"""`import`, `download`, `remove`: what changes the store."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.output import JSON_OR_TABLE, as_json, as_json_line, open_comparator
from service.errors import ConcordError, InvalidInput

if TYPE_CHECKING:
    from service.comparison import Comparator
    from service.corpus.report import ImportReport
    from service.domain.statements import Statement
    from service.importing import Format


@click.group("import")
def import_() -> None:
    """Read statements from files into the store; then `build` makes them searchable."""


_report_option = click.option(
    "--report", "report_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Write every mended, skipped or noted place there, one JSON object a line.",
)  # fmt: skip


@import_.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--from", "first_year", type=click.IntRange(1945, 2100), help="First year.")
@click.option("--to", "last_year", type=click.IntRange(1945, 2100), help="Last year.")
@_report_option
def ungdc(
    directory: Path, first_year: int | None, last_year: int | None, report_file: Path | None
) -> None:
    """The UN General Debate Corpus, as its authors distribute it."""
    from service.corpus.report import ImportReport
    from service.corpus.ungdc import read_ungdc

    if first_year and last_year and first_year > last_year:
        raise InvalidInput("to", f"{last_year} is before {first_year}")
    comparator = open_comparator()
    report = ImportReport()
    statements = read_ungdc(
        directory, maker=comparator.maker, states=comparator.catalogue.states,
        blocs=comparator.catalogue.blocs, report=report,
        first_year=first_year, last_year=last_year,
    )  # fmt: skip
    _store(comparator, statements, report, report_file)


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--state", help="The state that speaks, where the article doesn't say.")
@click.option("--speaker", help="The person who speaks.")
@click.option("--date", help="The date of the statement (YYYY-MM-DD).")
@click.option("--forum", help="Where it was said.")
@click.option("--source", help="Who published the article.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported, store nothing.")
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
@_report_option
def article(
    file: Path,
    state: str | None,
    speaker: str | None,
    date: str | None,
    forum: str | None,
    source: str | None,
    dry_run: bool,
    format_: str,
    report_file: Path | None,
) -> None:
    """A news article that reports what states' representatives said (text, HTML, PDF, DOCX)."""
    from service.corpus.report import ImportReport
    from service.importing import Format

    given = {"state": state, "speaker": speaker, "date": date, "forum": forum, "source": source}
    comparator = open_comparator()
    report = ImportReport()
    statements = _read(comparator, file, Format.ARTICLE, report, given)
    if dry_run:
        _show_article(statements, report, format_)
    else:
        _store(comparator, statements, report, report_file, json_wanted=format_ == "json")


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_report_option
def table(file: Path, report_file: Path | None) -> None:
    """A table of statements: CSV, JSON Lines or Parquet with columns state, date, text, and
    where known id, speaker, office, forum, symbol, source, on_behalf_of."""
    from service.corpus.report import ImportReport
    from service.importing import Format

    comparator = open_comparator()
    report = ImportReport()
    statements = _read(comparator, file, Format.TABLE, report, {})
    _store(comparator, statements, report, report_file)


@click.group()
def download() -> None:
    """Fetch public corpora."""


@download.command("ungdc")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def download_ungdc_(directory: Path) -> None:
    """The UN General Debate Corpus (about 60 MB) by its DOI, checked against its checksum."""
    from service.corpus.download import download_ungdc

    folder = download_ungdc(directory)
    click.echo(f"Now: python -m service import ungdc {folder}")


@click.command()
@click.argument("statements", nargs=-1, required=True)
def remove(statements: tuple[str, ...]) -> None:
    """Delete STATEMENTS by id from the store; then `build`."""
    from service.retrieval.generations import exclusive

    comparator = open_comparator()
    with exclusive(comparator.settings.indexes):
        comparator.ingest.remove(statements)
    click.echo(f"Removed {len(statements)}. Run `python -m service build` to leave them out.")


def _read(
    comparator: Comparator,
    file: Path,
    form: Format,
    report: ImportReport,
    given: Mapping[str, str | None],
) -> Iterable[Statement]:
    from service.importing import check_given, read_file

    return read_file(
        file, form, check_given(form, given, comparator.catalogue),
        catalogue=comparator.catalogue, maker=comparator.maker, data=comparator.settings.data,
        report=report,
    )  # fmt: skip


def _store(
    comparator: Comparator,
    statements: Iterable[Statement],
    report: ImportReport,
    report_file: Path | None,
    json_wanted: bool = False,
) -> None:
    """Store what a reader yields, and end with the report."""
    from collections import Counter

    from tqdm import tqdm

    from service.importing import entries_as_rows
    from service.retrieval.generations import exclusive
    from service.retrieval.store import StatementStore

    indexes = comparator.settings.indexes
    changes: Counter[str] = Counter()
    claims = 0
    with exclusive(indexes):
        store = StatementStore(indexes)
        for statement, change in tqdm(store.put(statements), unit=" statements", file=sys.stderr):
            changes[change] += 1
            claims += len(statement.claims)
    entries = entries_as_rows(report.entries)
    if report_file is not None:
        try:
            report_file.write_text("".join(as_json_line(entry) for entry in entries), "utf-8")
        except OSError as error:
            raise ConcordError(
                f"{report_file}: {error.strerror}; the statements are stored"
            ) from error
    if json_wanted:
        click.echo(as_json({"changes": changes, "claims": claims, "report": entries}))
        return
    click.echo(f"{report.read:,} read: {changes['added']:,} added, {changes['changed']:,} "
               f"changed, {changes['unchanged']:,} unchanged; {claims:,} claims.")  # fmt: skip
    _show_report(report)
    if changes["added"] or changes["changed"]:
        click.echo("Run `python -m service build` to make them searchable.")


def _show_report(report: ImportReport, most: int = 25) -> None:
    """Each reason with its number; each skipped place, up to `most`."""
    from service.corpus.report import Outcome

    for (outcome, reason), number in sorted(report.reasons().items(), key=lambda item: -item[1])[
        :most
    ]:
        click.echo(f"  {outcome} {number:,} x {reason}")
    skipped = [entry for entry in report.entries if entry.outcome is Outcome.SKIPPED]
    for entry in skipped[:most]:
        click.echo(f"  {entry}")
    if len(skipped) > most:
        click.echo(f"  ... and {len(skipped) - most:,} more skipped: see --report FILE")


def _show_article(statements: Iterable[Statement], report: ImportReport, format_: str) -> None:
    if format_ == "json":
        click.echo(as_json({"statements": [_article_statement(s) for s in statements]}))
        return
    for s in statements:
        who = ", ".join(part for part in (s.speaker, s.office) if part)
        click.echo(f"{s.state}  {s.date}  {who or 'speaker not known'}  {s.forum or ''}")
        for claim in s.claims:
            click.echo(f"  {claim.start:>6}-{claim.end:<6} {claim.mode:<9}{claim.text}")
    _show_report(report)


def _article_statement(s: Statement) -> dict[str, object]:
    return {
        "id": s.id,
        "state": s.state,
        "date": str(s.date),
        "date_inferred": s.date.inferred,
        "speaker": s.speaker,
        "office": s.office,
        "forum": s.forum,
        "source": s.source,
        "on_behalf_of": s.on_behalf_of,
        "claims": [
            {
                "text": c.text,
                "start": c.start,
                "end": c.end,
                "mode": c.mode,
                "kind": c.kind,
                "topics": c.topics,
            }
            for c in s.claims
        ],
    }
