"""`issues`, `issue`, `judge-issues`: debatable propositions, and where every state stands."""

from __future__ import annotations

import sys
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
    given: dict[str, Any] = {
        name: list(v) if isinstance(v, tuple) else v for name, v in filters.items() if v
    }
    if from_:
        given["from"] = from_
    found = comparator.standings(issue_id, **given).to_dict(comparator.state_name, evidence=True)
    click.echo(as_json(found) if format_ == "json" else standings_as_text(found))


@click.command("judge-issues")
def judge_issues() -> None:
    """Judge every issue on the current index, so that the pages and the API needn't.

    Verdicts are kept: what is interrupted goes on where it was. Over 380,000 claims it takes hours
    the first time, a minute when nothing has changed.
    """
    from tqdm import tqdm

    comparator = open_comparator()
    issues = [issue.id for issue in comparator.issues]
    done = {issue for issue, tally in comparator.tallies().items() if tally.current}
    with tqdm(issues, unit="issue", file=sys.stderr) as bar:

        def progress(judged: int, pairs: int) -> None:
            bar.set_postfix_str(f"{judged:,} of {pairs:,} pairs")

        for issue in bar:
            bar.set_description(issue)
            if issue not in done:
                comparator.standings(issue, progress=progress)
    click.echo(f"{len(issues) - len(done):,} issues judged, {len(done):,} were judged already.")
