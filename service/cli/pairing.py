"""`matrix`: every pair of states, or of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli.output import FORMATS, as_json, open_comparator
from service.cli.studying import Out, progress_bar, writes

if TYPE_CHECKING:
    from service.analysis.pair_matrix import PairMatrix


@click.command()
@click.option(
    "--unit",
    type=click.Choice(["state", "statement"]),
    default="state",
    show_default=True,
    help="Of whom there is a row and a column.",
)
@click.option("--topics", multiple=True, help="Only claims on this topic. Repeatable.")
@click.option("--states", multiple=True, help="Only these states. Repeatable.")
@click.option("--exclude", multiple=True, help="State to leave out. Repeatable.")
@click.option(
    "--blocs", multiple=True, help="Only members, at the time, of these blocs. Repeatable."
)
@click.option("--year", type=click.IntRange(1900, 2100), help="Short for --from and --to.")
@click.option("--from", "from_", help="Earliest year or date.")
@click.option("--to", help="Latest year or date.")
@click.option("--forum", help="Words of the forum, such as “75th session”.")
@click.option("--kind", multiple=True, help="position (default), narrative, ceremony, any.")
@click.option(
    "--least",
    type=click.IntRange(2, 1_000),
    default=5,
    show_default=True,
    help="Fewer claims of one of the two make an empty cell.",
)
@click.option("--intervals/--no-intervals", default=True, help="Without, less than half the time.")
@click.option(
    "--judged",
    type=click.IntRange(0, 10),
    default=0,
    show_default=True,
    help="Positions of each two, those that come nearest to each other, to be judged.",
)
@click.option(
    "--judge-all",
    is_flag=True,
    help="Judge all issues that weren't judged before, however long it takes; it is kept.",
)
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
@writes
def matrix(
    format_: str, from_: str | None, year: int | None, out: Out | None, **options: Any
) -> None:
    """Every pair of states, or of statements: how alike they are, with a 95% interval and, kept
    apart, the share of issues on which both took the same side, and verdicts on the positions
    that come nearest to each other.

    Cells with too little behind them are empty. With --out it goes on where it was stopped when
    the same command is given again.
    """
    if year is not None and (from_ or options["to"]):
        raise click.UsageError("--year goes without --from and --to")
    options |= {"from": str(year) if year else from_, "to": str(year) if year else options["to"]}
    given: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    if out is not None:
        out.write("matrix", given)
        return
    with progress_bar() as progress:
        found = open_comparator().matrix(progress=progress, **given)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    else:
        _echo(found, format_)


def _echo(found: PairMatrix, format_: str) -> None:
    from service.analysis.pair_matrix import PAIR_COLUMNS
    from service.tables import columns_as_text, to_csv

    names = [column.name for column in PAIR_COLUMNS]
    if format_ == "csv":
        click.echo(to_csv(found.rows(), names), nl=False)
        return
    rows = list(found.rows())
    states = found.query["unit"] == "state"
    shown = [
        name
        for name in names
        if not (states and name.startswith("state_")) and any(row[name] is not None for row in rows)
    ]
    cells = [["-" if row[name] is None else str(row[name]) for name in shown] for row in rows]
    click.echo(columns_as_text([shown, *cells]))
    click.echo(
        "\nSimilarity is of wording and subject, never agreement; sides are a machine's judgement "
        f"where no reader's.\n{len(found.issues)} issues count, {len(found.left_out)} aren't "
        "judged yet" + (" (--judge-all judges them)." if found.left_out else ".")
    )
