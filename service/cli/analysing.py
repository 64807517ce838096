"""`agreement`, `trends`, `profile`, `cohesion`: state against state, positions over the years, one
state among all, and how united a bloc is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.cli.output import FORMATS, as_json, open_comparator
from service.cli.studying import Out, writes

if TYPE_CHECKING:
    from service.analysis.matrix import Compared

_Command = TypeVar("_Command", bound=Callable[..., None])


def in_period(command: _Command) -> _Command:
    for option in (
        click.option("--format", "format_", type=FORMATS, default="table", show_default=True),
        click.option(
            "--judge-all", is_flag=True,
            help="Judge all issues that weren't judged before, however long it takes; it is kept.",
        ),
        click.option("--to", help="Latest year or date."),
        click.option("--from", "from_", help="Earliest year or date."),
    ):  # fmt: skip
        command = option(command)
    return command


def filtered(command: _Command) -> _Command:
    """The options of commands that are about a subject."""
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
@filtered
@click.option(
    "--judge-all", is_flag=True,
    help="Judge all that a topic's issues need, however long it takes; it is kept.",
)  # fmt: skip
@writes
def agreement(format_: str, judge_all: bool, out: Out | None, **options: Any) -> None:
    """State x state on a topic or an issue: how alike their positions are and, kept apart, the
    share of its issues on which both took the same side.

    A figure with too little behind it is left out: fewer than two positions of either state, or
    fewer than two of a topic's issues on which both took a side.
    """
    from service.analysis.agreement import AGREEMENT_COLUMNS, MOST_ISSUES

    asked = {"judge_all": judge_all, **given(options)}
    if out is not None:
        out.write("agreement", asked)
        return
    found = open_comparator().agreement(**asked)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
        return
    unused = () if found.query["issue"] else ("side_a", "side_b")
    echo_rows(found.as_rows(), AGREEMENT_COLUMNS, format_, unused)
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
@filtered
@click.option("--by", help="state or bloc: the figures of each.")
@writes
def trends(text: str | None, format_: str, out: Out | None, **options: Any) -> None:
    """Positions on a topic, on an issue or on the point of TEXT, year by year.

    On an issue also how many states were for, against, with reservations or silent at the end of
    each year.
    """
    from service.analysis.trends import TREND_COLUMNS
    from service.domain.standing import Side

    asked = {"text": text, **given(options)}
    if out is not None:
        out.write("trends", asked)
        return
    found = open_comparator().trends(**asked)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    else:
        unused = [] if found.by else ["group", "name"]
        unused += [] if found.stance_model else map(str, Side)
        echo_rows(found.as_rows(), TREND_COLUMNS, format_, unused)


@click.command()
@click.argument("state")
@in_period
@writes
def profile(state: str, format_: str, judge_all: bool, out: Out | None, **options: Any) -> None:
    """A state's topics beside those of all others, the states whose words are nearest and farthest
    and, kept apart, its sides on the issues judged so far.

    Similarity has a 95% interval over positions: what it would be, had both states said other
    things of the same mind.
    """
    from service.analysis.profile import PROFILE_COLUMNS

    asked = {"state": state, "judge_all": judge_all, **given(options)}
    if out is not None:
        out.write("profile", asked)
        return
    found = open_comparator().profile(**asked)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
        return
    _echo_parts(found.as_rows(), PROFILE_COLUMNS, format_, ("topic", "state", "issue"))
    if format_ == "table":
        click.echo(
            f"\n{found.name} ({found.state}): {_counted(found.positions, 'position')}, "
            f"{found.others} of others. {_compared(found.compared)} "
            f"{_counted(found.unranked, 'state')} with too few positions to be ranked."
        )
        echo_judged(found.judged, found.left_out)


@click.command()
@click.argument("bloc")
@click.option("--topic", help="This one only; its issues are judged where that takes little.")
@in_period
@writes
def cohesion(bloc: str, format_: str, judge_all: bool, out: Out | None, **options: Any) -> None:
    """How united a bloc is, by topic and by issue, and who breaks ranks: by what its members said
    while they were members.

    By wording: the mean similarity of two members less that of a member and an outsider. By stance:
    the share of the larger side among members that took one, and Rice's index.
    """
    from service.analysis.cohesion import COHESION_COLUMNS

    asked = {"bloc": bloc, "judge_all": judge_all, **given(options)}
    if out is not None:
        out.write("cohesion", asked)
        return
    found = open_comparator().cohesion(**asked)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
        return
    _echo_parts(found.as_rows(), COHESION_COLUMNS, format_, ("topic", "issue"))
    if format_ == "table":
        click.echo(
            f"\n{found.name}: {_counted(len(found.members), 'member')}, "
            f"{_counted(found.positions, 'position')}. {_compared(found.compared)}"
        )
        echo_judged(found.judged, found.left_out)


def _compared(compared: Compared | None) -> str:
    if compared is None:
        return "Nothing to compare."
    return f"Compared are {compared.positions} of these positions, of {_years(compared)}."


def _years(compared: Compared) -> str:
    alone = compared.earliest == compared.latest
    return str(compared.latest) if alone else f"{compared.earliest} to {compared.latest}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def echo_judged(judged: int, left_out: Sequence[str]) -> None:
    click.echo(
        "Similarity is of wording and subject, never agreement; inferred sides are a machine's "
        f"judgement.\n{judged} of {judged + len(left_out)} issues are judged so far"
        + (" (--judge-all judges the others)." if left_out else ".")
    )


def _echo_parts(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], format_: str, parts: Sequence[str]
) -> None:
    """A table for each part, without the columns that are empty in all of it; CSV is one table."""
    if format_ == "csv":
        echo_rows(rows, columns, format_, ())
        return
    for number, part in enumerate(parts):
        own = [row for row in rows if row["part"] == part]
        empty = [c for c in columns if all(row[c] is None for row in own)]
        click.echo("\n" if number else "", nl=False)
        click.echo(f"{part.upper()} ({len(own)})")
        if own:
            echo_rows(own, columns, format_, [*empty, "part"])


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given, in the API's names."""
    named = {"from" if name == "from_" else name: value for name, value in options.items()}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in (None, ())
    }


def echo_rows(
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
    cells = [[_cell(row[c]) for c in shown] for row in rows]
    click.echo(columns_as_text([shown, *cells]))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
