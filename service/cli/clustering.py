"""`clusters`: which states speak alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli.analysing import echo_rows, filtered, given
from service.cli.output import as_json, open_comparator
from service.cli.studying import Out, writes

if TYPE_CHECKING:
    from service.analysis.clusters import Clusters

_AS_GOOD = (
    "One group of all states is as good: {}. They may still shade into each other along the lines "
    "of blocs."
)


@click.command()
@filtered
@click.option("--clusters", "number", type=int, help="So many; else as many as suit best.")
@click.option("--most", type=int, help="Of the numbers that are tried (default 10).")
@click.option("--least", type=int, help="Positions that a state needs to be placed (default 5).")
@click.option(
    "--uncorrected", is_flag=True, help="Who says more comes nearer to everybody: leave it so."
)
@click.option("--seed", type=int, help="Of all random draws (default 0).")
@writes
def clusters(format_: str, uncorrected: bool, out: Out | None, **options: Any) -> None:
    """Groups of states that speak alike on a topic or an issue, or over all, found without the
    blocs and then put beside them.

    Groups there are always; whether one group of all is as good is said first. Each has its
    silhouette and its stability, the share of it that half of the positions find again. Beside the
    regional groups and each bloc: the adjusted Rand index, and p, how often states at random come
    as near. CSV has the states; --out writes all tables, a heat map, a tree and a map.
    """
    asked = given(options) | ({"correct": False} if uncorrected else {})
    if out is not None:
        out.write("clusters", asked)
        return
    found = open_comparator().clusters(**asked)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
        return
    states, groups, blocs = found.tables()
    if format_ == "csv":
        echo_rows(list(states.rows), [c.name for c in states.columns], format_, ())
        return
    click.echo(_told(found))
    for table, unused in ((groups, ("typical",)), (blocs, ()), (states, ("x", "y"))):
        if rows := list(table.rows):
            click.echo(f"\n{table.name.upper()} ({len(rows)})")
            echo_rows(rows, [column.name for column in table.columns], format_, unused)
    for one in found.clusters:
        click.echo(f"\nTypical of cluster {one.cluster}:")
        for position in one.typical:
            click.echo(f"  {position.state}: {position.text} ({position.claim_id})")
    click.echo("\nSimilarity is of wording and subject, never agreement.")


def _told(found: Clusters) -> str:
    if found.structure is None:
        return "Too few states have enough positions for groups to be told from chance."
    counted = (
        f"{len(found.clusters)} clusters of {len(found.placed)} states, mean silhouette "
        f"{found.silhouette:.2f}; one cloud without groups has {found.usual:.2f} (p {found.p:g})."
    )
    match found.structure:
        case "none":
            return f"{counted}\n{_AS_GOOD.format('there are no groups beyond chance')}"
        case "faint":
            return f"{counted}\n{_AS_GOOD.format('what there is beyond chance runs together')}"
    return f"{counted}\nThe structure is {found.structure}."
