"""`drift`, `moves`, `convergence`, `cohesion-years`: what changes over the years."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from service.analysis.tabular import Table, Tabular
from service.cli.analysing import echo_judged, echo_rows, filtered, given, in_period
from service.cli.output import as_json, open_comparator
from service.cli.studying import Out, writes
from service.errors import InvalidInput

_ENDINGS = (".svg", ".png")
_OF_WORDING = "Similarity is of wording and subject, never agreement; stance is a machine's."


def _drawable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in _ENDINGS:
        raise click.BadParameter(f"ends in none of {', '.join(_ENDINGS)}", context, option)
    return path


_figure = click.option(
    "--figure",
    callback=_drawable,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the lines into FILE, .svg or .png; where there are two figures, the name of each is "
    "added to the file's.",
)
_by = click.option("--by", help="state (default) or bloc: whose figures.")
_text = click.argument("text", required=False)
_seed = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True,
    help="Of the random draws.",
)  # fmt: skip


@click.command()
@_text
@filtered
@_by
@click.option(
    "--before", metavar="YEARS", type=click.IntRange(min=1), default=5, show_default=True,
    help="Compare each year with so many before it.",
)  # fmt: skip
@_seed
@_figure
@writes
def drift(format_: str, figure: Path | None, out: Out | None, **options: Any) -> None:
    """How far states or blocs moved on a topic, on an issue or on the point of TEXT: each year
    against the years before it.

    In wording: the distance between the year's positions and the earlier ones, beside what random
    halves of the same positions differ by (noise), so that the rest is drift. On an issue also in
    stance, from -1 (against) to 1 (for), which judges whatever wasn't judged yet.
    """
    from service.studies.over_years import drift_lines

    asked = given(options)
    if out is not None:
        out.write("drift", asked)
        return
    found = open_comparator().drift(**asked)
    _draw(figure, drift_lines(found))
    _show(found, found.to_dict(), format_)
    if format_ == "table":
        moved = sum(row.drift is not None for row in found.rows)
        scored = sum(row.score_drift is not None for row in found.rows)
        click.echo(
            f"\n{_OF_WORDING}\nOf {len(found.rows)} rows {moved} have a drift of wording and "
            f"{scored} one of stance; the others have too little behind them."
        )


@click.command()
@_text
@filtered
@_by
@_seed
@writes
def moves(format_: str, out: Out | None, **options: Any) -> None:
    """Which states or blocs moved on a topic, on an issue or on the point of TEXT, and when.

    Change points of each one's yearly series, of wording and, on an issue, of stance: such as its
    years in random order would show in one case of twenty, corrected for the number of series. A
    slow drift shows as steps. CSV has the series; the changes, and the claims before and after
    each, are in JSON and with --out.
    """
    asked = given(options)
    if out is not None:
        out.write("moves", asked)
        return
    found = open_comparator().moves(**asked)
    series, changes, _ = found.tables()
    if format_ == "table":
        told = [row for row in series.rows if row["p"] is not None]
        _echo_table(Table(series.name, series.columns, told), format_)
        click.echo()
        _echo_table(changes, format_)
        click.echo(
            f"\n{_OF_WORDING}\n{sum(bool(row['moved']) for row in told)} of {len(told)} series "
            f"moved; {len(found.series) - len(told)} more have too few years to tell."
        )
    else:
        _show(found, found.to_dict(), format_)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--topic", help="This one only; its issues are judged where that takes little.")
@in_period
@_seed
@_figure
@writes
def convergence(format_: str, figure: Path | None, out: Out | None, **options: Any) -> None:
    """Whether states A and B come closer: year by year how alike their positions are, beside the
    mean of all other pairs, and, kept apart, on what share of the issues they stood on one side.

    Slopes a year with 95% intervals (Theil-Sen), and whether there is a trend (Mann-Kendall).
    """
    from service.studies.over_years import convergence_lines

    asked = given(options)
    if out is not None:
        out.write("convergence", asked)
        return
    found = open_comparator().convergence(**asked)
    _draw(figure, convergence_lines(found))
    _show(found, found.to_dict(), format_)
    if format_ == "table":
        known = sum(year.similarity is not None for year in found.years)
        click.echo(
            f"\n{found.name_a} and {found.name_b}: {known} of {len(found.years)} years have enough "
            "positions of both."
        )
        echo_judged(found.judged, found.left_out)


@click.command()
@click.argument("bloc")
@click.option("--topic", help="This one only; its issues are judged where that takes little.")
@in_period
@_figure
@writes
def cohesion_years(format_: str, figure: Path | None, out: Out | None, **options: Any) -> None:
    """How united a bloc is year by year, by its members of the time: see `cohesion`.

    Slopes a year with 95% intervals (Theil-Sen), and whether there is a trend (Mann-Kendall).
    """
    from service.studies.over_years import cohesion_lines

    asked = given(options)
    if out is not None:
        out.write("cohesion-years", asked)
        return
    found = open_comparator().cohesion_years(**asked)
    _draw(figure, cohesion_lines(found))
    _show(found, found.to_dict(), format_)
    if format_ == "table":
        known = sum(year.difference is not None for year in found.years)
        click.echo(
            f"\n{found.name}: {known} of {len(found.years)} years have enough members and "
            "outsiders that spoke."
        )
        echo_judged(found.judged, found.left_out)


def _show(found: Tabular, plain: Mapping[str, Any], format_: str) -> None:
    """CSV is the main table."""
    if format_ == "json":
        click.echo(as_json(plain))
        return
    main, *others = found.tables()
    _echo_table(main, format_)
    for table in others if format_ == "table" else ():
        click.echo()
        _echo_table(table, format_)


def _echo_table(table: Table, format_: str) -> None:
    """Columns that are empty in all of it are left out, but in CSV."""
    rows = list(table.rows)
    names = [column.name for column in table.columns]
    click.echo(f"{table.name.upper()} ({len(rows)})\n" if format_ == "table" else "", nl=False)
    if rows or format_ == "csv":
        empty = [name for name in names if all(row[name] is None for row in rows)]
        echo_rows(rows, names, format_, empty)


def _draw(path: Path | None, figures: Mapping[str, str]) -> None:
    if path is None:
        return
    if not figures:
        raise InvalidInput("figure", "there is nothing to draw: too few figures, or more than 4 "
                           "states or blocs, which no lines tell apart")  # fmt: skip
    for name, svg in figures.items():
        file = path if len(figures) == 1 else path.with_stem(f"{path.stem}-{name}")
        if path.suffix.lower() == ".png":
            from service.figures.png import png

            file.write_bytes(png(svg))
        else:
            file.write_text(svg, "utf-8")
