"""`agreement`, `trends`: state against state, and positions over the years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from service.cli.output import FORMATS, as_json, open_comparator

_Command = TypeVar("_Command", bound=Callable[..., None])


def _filters(command: _Command) -> _Command:
    """The options that both commands have."""
    for option in (
        click.option("--format", "format_", type=FORMATS, default="table", show_default=True),
        click.option("--to", help="Latest year or date."),
        click.option("--from", "from_", help="Earliest year or date."),
        click.option(
            "--blocs", multiple=True, help="Only members, at the time, of these blocs. Repeatable."
        ),
        click.option("--exclude", multiple=True, help="State to leave out. Repeatable."),
        click.option("--states", multiple=True, help="Only these states. Repeatable."),
        click.option("--issue", help="An issue's id; see `issues`."),
        click.option("--topic", help="A topic's id, name or synonym; see `topics`."),
    ):
        command = option(command)
    return command


@click.command()
@_filters
@click.option(
    "--judge-all", is_flag=True,
    help="Judge all that a topic's issues need, however long it takes; it is kept.",
)  # fmt: skip
def agreement(format_: str, judge_all: bool, **options: Any) -> None:
    """State x state on a topic or an issue: how alike their positions are and, kept apart, the
    share of its issues on which both took the same side.

    A figure with too little behind it is left out: fewer than two positions of either state, or
    fewer than two of a topic's issues on which both took a side.
    """
    from service.analysis.agreement import AGREEMENT_COLUMNS, MOST_ISSUES

    found = open_comparator().agreement(judge_all=judge_all, **_given(options))
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
        return
    unused = () if found.query["issue"] else ("side_a", "side_b")
    _echo(found.as_rows(), AGREEMENT_COLUMNS, format_, unused)
    if format_ == "table":
        click.echo(
            "\nSimilarity is of wording and subject, never agreement; sides are a machine's "
            "judgement where no reader's.\n"
            f"issues: {', '.join(found.issues) or 'none'}"
        )
        if found.left_out:
            click.echo(
                f"left out: {', '.join(found.left_out)} (beyond the first {MOST_ISSUES}, or not "
                "judged yet: --judge-all)"
            )


@click.command()
@click.argument("text", required=False)
@_filters
@click.option("--by", help="state or bloc: the figures of each.")
def trends(text: str | None, format_: str, **options: Any) -> None:
    """Positions on a topic, on an issue or on the point of TEXT, year by year.

    On an issue also how many states were for, against, with reservations or silent at the end of
    each year.
    """
    from service.analysis.trends import TREND_COLUMNS
    from service.domain.standing import Side

    found = open_comparator().trends(text=text, **_given(options))
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    else:
        unused = [] if found.by else ["group", "name"]
        unused += [] if found.stance_model else map(str, Side)
        _echo(found.as_rows(), TREND_COLUMNS, format_, unused)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given, in the API's names."""
    named = {"from" if name == "from_" else name: value for name, value in options.items()}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in (None, ())
    }


def _echo(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    format_: str,
    unused: Sequence[str],
) -> None:
    """A table leaves out the `unused` columns; CSV always has the same ones."""
    from service.tables import columns_as_text, to_csv

    if format_ == "csv":
        click.echo(to_csv(rows, columns), nl=False)
        return
    shown = [column for column in columns if column not in unused]
    cells = [["-" if row[c] is None else str(row[c]) for c in shown] for row in rows]
    click.echo(columns_as_text([shown, *cells]))
