"""`build`, `generations`, `serve`, `info`, `verify-positions`: what works on built indexes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service import __version__
from service.cli.output import JSON_OR_TABLE, as_json, open_comparator
from service.errors import ConcordError

if TYPE_CHECKING:
    from service.comparison import Comparator
    from service.retrieval.build import Built


@click.command()
def build() -> None:
    """Build a generation of everything imported and of the bundled positions."""
    built = build_current(open_comparator())
    manifest = built.manifest
    if not built.changed:
        click.echo(f"Nothing changed: generation {manifest.id} is current.")
    else:
        click.echo(
            f"Generation {manifest.id}: {manifest.claims:,} claims ({manifest.positions:,} "
            f"positions) of {manifest.statements:,} statements of {manifest.states} states; "
            f"{built.embedded:,} texts newly encoded."
        )
    if manifest.truncated:
        click.echo(f"{manifest.truncated:,} claims are longer than {manifest.model} reads: "
                   "their ends don't count for similarity.")  # fmt: skip


@click.command()
@click.option(
    "--roll-back",
    "roll_back",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[ID]",
    help="Make the generation before the current one, or ID, current.",
)
def generations(roll_back: str | None) -> None:
    """List the built generations, or go back to an earlier one."""
    from service.retrieval.generations import exclusive
    from service.tables import columns_as_text

    comparator = open_comparator()
    found = comparator.generations
    if roll_back is not None:
        with exclusive(comparator.settings.indexes):
            manifest = found.roll_back(roll_back or None)
        click.echo(f"Generation {manifest.id} is current.")
        return
    current = found.current_id()
    rows = [
        ["*" if m.id == current else " ", m.id, m.created, f"{m.claims:,} claims", m.model]
        for m in found.all()
    ]
    click.echo(columns_as_text(rows) or "None yet: run `python -m service build`.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Serve the API and the pages; builds the bundled index first if there is none."""
    comparator = open_comparator()
    if comparator.generations.current_id() is None:
        build_current(comparator)
    from service.web.serve import serve as serve_forever

    if sys.stderr.isatty():  # a log, of one JSON object a line, is for machines
        click.echo(f"Concord on http://{host}:{port}", err=True)
    serve_forever(comparator, host, port)


@click.command()
@click.option("--verify", is_flag=True, help="Check every file of the current generation by hash.")
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
def info(verify: bool, format_: str) -> None:
    """What is imported, what is built, with which model."""
    from dataclasses import asdict

    from service.retrieval.manifest import verify as verify_files
    from service.retrieval.store import StatementStore
    from service.tables import columns_as_text

    comparator = open_comparator()
    generations = comparator.generations
    current = generations.current_id()
    facts: dict[str, Any] = {
        "version": __version__,
        "indexes": str(comparator.settings.indexes),
        "model": comparator.settings.model,
        "imported_statements": StatementStore(comparator.settings.indexes).summary().total(),
        "generation": None,
    }
    if current:
        folder = generations.folder(current)
        if verify:
            verify_files(folder)
        facts["generation"] = asdict(generations.current().manifest)
    if format_ == "json":
        click.echo(as_json(facts))
        return
    built = facts.pop("generation") or {"id": "none: run `python -m service build`"}
    built.pop("files", None)
    rows = [[name, str(value)] for name, value in facts.items()]
    rows += [[f"generation {name}", str(value)] for name, value in built.items()]
    click.echo(columns_as_text(rows))
    if verify and current:
        click.echo("Every file matches its hash.")


@click.command("verify-positions")
@click.option(
    "--corpus",
    required=True,
    help="The UN General Debate Corpus' folder.",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
def verify_positions(corpus: Path, format_: str) -> None:
    """Open each passage that a bundled position cites; check its hash, and how near the
    rendering is to it in meaning and in wording."""
    from service.evaluation.positions import check_positions

    comparator = open_comparator()
    result = check_positions(comparator.settings.data, corpus, comparator.encoder)
    click.echo(as_json(result.to_dict()) if format_ == "json" else str(result))
    if result.broken:
        raise ConcordError(f"{len(result.broken)} positions don't cite what they say they cite")


def build_current(comparator: Comparator) -> Built:
    from service.corpus.bundled import bundled_statements
    from service.retrieval.build import Builder
    from service.retrieval.generations import exclusive

    settings = comparator.settings
    with exclusive(settings.indexes), progress() as steps:
        builder = Builder(
            settings.indexes, comparator.bulk_encoder, comparator.catalogue.topics.ids,
            bundled_statements(settings.data), settings.keep_generations,
            comparator.engine,
        )  # fmt: skip
        return builder.build(steps)


class _Bars:
    """A build's steps as progress bars on standard error."""

    def __init__(self, bar: Callable[..., Any]) -> None:
        self._make = bar
        self._bar: Any = None

    def start(self, step: str, total: int | None) -> None:
        self.close()
        self._bar = self._make(total=total, desc=step, unit="", file=sys.stderr, leave=True)

    def advance(self, count: int) -> None:
        self._bar.update(count)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


@contextmanager
def progress() -> Iterator[_Bars]:
    from tqdm import tqdm

    bars = _Bars(tqdm)
    try:
        yield bars
    finally:
        bars.close()
