"""`search`, `changes`, `matrix`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from service.cli.output import FORMATS, JSON_OR_TABLE, as_json, open_comparator

_View = TypeVar("_View", bound=Callable[..., Any])

_ASKING = (
    click.argument("text", required=False),
    click.option(
        "--file",
        "file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Ask with the text of a file instead of TEXT; - reads standard input.",
    ),
    click.option(
        "--exclude", multiple=True, help="State to leave out (the asker's own). Repeatable."
    ),
    click.option("--states", multiple=True, help="Only these states. Repeatable."),
    click.option(
        "--blocs", multiple=True, help="Only members, at the time, of these blocs. Repeatable."
    ),
    click.option(
        "--topics", multiple=True, help="Only these topics: ids, names or free text. Repeatable."
    ),
    click.option("--from", "from_", help="Earliest year or date."),
    click.option("--to", help="Latest year or date."),
    click.option("--forum", help="Only forums whose name holds this."),
    click.option("--kind", multiple=True, help="position (default), narrative, ceremony or any."),
    click.option("--mode", help="dense (default), exact, lexical or hybrid."),
    click.option("--sort", help="similarity (default) or recent: each state's latest position."),
    click.option("--group-by", help="state (default), statement or none."),
    click.option("--limit", help="Groups, or hits where ungrouped (default 20)."),
    click.option("--per-state", help="Hits in a group (default 3)."),
    click.option(
        "--fold/--no-fold",
        default=None,
        help="Show a state's near-identical sentences once (default).",
    ),
    click.option(
        "--stance",
        multiple=True,
        help="on (default), off, or only these: aligned, partial, opposed, unclear. Repeatable.",
    ),
    click.option(
        "--cursor", help="The next page: `next` of an answer in JSON, with the same question."
    ),
)


def asks(view: _View) -> _View:
    """The arguments and options of a question, for a command that asks one. They are read by
    `asked`."""
    for option in reversed(_ASKING):
        view = option(view)
    return view


def asked(
    text: str | None, file: Path | None, filters: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The text and the filters that were given, in the API's names."""
    if file is not None:
        if text is not None:
            raise click.UsageError("give TEXT or --file, not both")
        text = file.read_text("utf-8-sig", errors="replace")
    elif text == "-":
        text = sys.stdin.read()
    elif text is None:
        raise click.UsageError("give TEXT or --file")
    named = {"from" if name == "from_" else name: value for name, value in filters.items()}
    return text, {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in (None, ())
    }


@click.command()
@asks
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
def search(text: str | None, file: Path | None, format_: str, **filters: Any) -> None:
    """Ask who holds the position in TEXT: a claim, a paragraph or a whole statement."""
    from service.tables import HIT_COLUMNS, answer_as_text, hits_of, to_csv

    text, given = asked(text, file, filters)
    answer = open_comparator().search(text, **given).to_dict()
    if format_ == "json":
        click.echo(as_json(answer))
    elif format_ == "csv":
        click.echo(to_csv(hits_of(answer), HIT_COLUMNS), nl=False)
    else:
        click.echo(answer_as_text(answer))


@click.command()
@click.argument("statement")
@click.option(
    "--against",
    metavar="STATEMENT",
    help="Another statement of the same state; without it, the last one before.",
)
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
def changes(statement: str, against: str | None, format_: str) -> None:
    """What is new in STATEMENT (an id, or STATE:YEAR) against the one before it, of the same forum
    where there is one: each position new, changed, dropped or kept."""
    from service.tables import changes_as_text

    found = open_comparator().changes(statement, against).to_dict()
    click.echo(as_json(found) if format_ == "json" else changes_as_text(found))
