"""`issues`, `issue`: debatable propositions, and where every state stands."""

from __future__ import annotations

from typing import Any

import click

from service.cli.output import JSON_OR_TABLE, as_json, open_comparator
from service.tables import columns_as_text, standings_as_text


@click.command()
def issues() -> None:
    """Debatable propositions: id and wording. Your own: a YAML file each in CONCORD_ISSUES."""
    found = open_comparator().issues
    click.echo(columns_as_text([[issue.id, issue.proposition] for issue in found]))


@click.command()
@click.argument("issue_id", metavar="ID")
@click.option("--states", multiple=True, help="Only these states. Repeatable.")
@click.option("--exclude", multiple=True, help="State to leave out. Repeatable.")
@click.option(
    "--blocs", multiple=True, help="Only members, at the time, of these blocs. Repeatable."
)
@click.option("--from", "from_", help="Earliest year or date.")
@click.option("--to", help="Latest year or date.")
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
def issue(issue_id: str, format_: str, from_: str | None, **filters: Any) -> None:
    """Where every state stands on an issue: for, against, with reservations or silent, since when,
    with its latest quotation; JSON holds all of them."""
    comparator = open_comparator()
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in filters.items() if v}
    if from_:
        given["from"] = from_
    found = comparator.standings(issue_id, **given).to_dict(comparator.state_name, evidence=True)
    click.echo(as_json(found) if format_ == "json" else standings_as_text(found))
