"""`scale`: states or statements on one dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli.output import FORMATS, as_json, open_comparator
from service.cli.studying import Out, writes

if TYPE_CHECKING:
    from service.analysis.scaled import Scale
    from service.analysis.tabular import Table


def _references(
    context: click.Context, option: click.Parameter, value: tuple[str, ...]
) -> dict[str, float] | None:
    found = {}
    for given in value:
        unit, _, place = given.rpartition("=")
        try:
            found[unit] = float(place)
        except ValueError:
            raise click.BadParameter(f"{given!r} isn't UNIT=NUMBER", context, option) from None
    return found or None


@click.command()
@click.option("--topic", help="A topic's id, name or synonym; see `topics`.")
@click.option("--issue", help="An issue's id; see `issues`.")
@click.option("--by", default="state", show_default=True, help="state or statement: who is placed.")
@click.option("--states", multiple=True, help="Only these states. Repeatable.")
@click.option("--exclude", multiple=True, help="State to leave out. Repeatable.")
@click.option(
    "--blocs", multiple=True, help="Only members, at the time, of these blocs. Repeatable."
)
@click.option("--from", "from_", help="Earliest year or date.")
@click.option("--to", help="Latest year or date.")
@click.option(
    "--anchor-low",
    metavar="UNIT",
    help="Who is to be at the low end: a state, or with --by statement a statement's id.",
)
@click.option("--anchor-high", metavar="UNIT", help="Who is to be at the high end.")
@click.option(
    "--reference",
    multiple=True,
    callback=_references,
    metavar="UNIT=NUMBER",
    help="A reference text of Wordscores and its place. Repeatable; without, the ends at -1 and 1.",
)
@click.option("--whole", is_flag=True, help="Count words in all of the statements.")
@click.option(
    "--judge-all",
    is_flag=True,
    help="Judge all that a topic's issues need, however long it takes; it is kept.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the intervals' random draws.",
)
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
@writes
def scale(format_: str, from_: str | None, out: Out | None, **options: Any) -> None:
    """States or statements on one dimension of a topic or an issue, with 95% intervals: by stance
    and, kept apart, by similarity, by Wordscores and by Wordfish on the texts of the same
    positions.

    On an issue, stance is the mean over positions of the probability of being for the proposition
    less that of being against it; on a topic, the place on the first component of its issues.
    The two ends tell Wordfish which way is up. Too little text leaves a score out.
    """
    given: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in (options | {"from": from_}).items()
        if value not in (None, ())
    }
    if out is not None:
        out.write("scale", given)
        return
    found = open_comparator().scale(**given)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    elif format_ == "csv":
        from service.tables import to_csv

        units = found.tables()[0]
        click.echo(to_csv(units.rows, [column.name for column in units.columns]), nl=False)
    else:
        _echo(found)


def _echo(found: Scale) -> None:
    """The units from the highest to the lowest, by the first scale that places any."""
    from service.analysis.scaled import ScaleName

    units, correlations, *loadings = found.tables()
    rows = list(units.rows)
    for scale in ScaleName:
        if any(row[scale] is not None for row in rows):
            rows.sort(key=lambda row: (row[scale] is None, -(row[scale] or 0.0)))
            break
    _echo_table(units, rows)
    click.echo("\nSpearman's rank correlations")
    _echo_table(correlations, correlations.rows)
    for table in loadings:
        click.echo("\nThe topic's dimension")
        _echo_table(table, table.rows)
    low, high = found.anchors or ("nobody", "nobody")
    click.echo(
        f"\nLow end: {low}; high end: {high}. Stance is a machine's judgement; similarity and word "
        "counts are of wording, never agreement."
    )
    if found.left_out:
        click.echo(f"Without stances: {', '.join(found.left_out)} (see --judge-all).")
    if found.word_model is not None and not found.word_model.converged:
        click.echo("Wordfish didn't settle: don't rely on it.")


def _echo_table(table: Table, rows: Any) -> None:
    """Without the columns that are empty in all rows."""
    from service.tables import columns_as_text

    rows = list(rows)
    shown = [c.name for c in table.columns if any(row[c.name] is not None for row in rows)]
    cells = [["-" if row[name] is None else str(row[name]) for name in shown] for row in rows]
    click.echo(columns_as_text([shown, *cells]))
