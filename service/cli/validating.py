"""`validate votes`: statements held against roll calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli.output import FORMATS, as_json, open_comparator
from service.cli.studying import Out, progress_bar, writes

if TYPE_CHECKING:
    from service.validation.tested import VoteValidation


@click.group()
def validate() -> None:
    """Hold what is measured on statements against what states do."""


@validate.command()
@click.option(
    "--votes",
    required=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder of roll calls, as the README describes it.",
)
@click.option("--from", "from_", type=int, help="First session of the General Assembly.")
@click.option("--to", type=int, help="Last session.")
@click.option("--no-judge", is_flag=True, help="Leave the stance model out: it takes half an hour.")
@click.option("--draws", type=int, default=999, show_default=True, help="Permutations for each p.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--format", "format_", type=FORMATS, default="table", show_default=True)
@writes
def votes(
    votes: str,
    from_: int | None,
    to: int | None,
    no_judge: bool,
    format_: str,
    out: Out | None,
    **options: Any,
) -> None:
    """Do states whose statements agree also vote together?

    The unit is a pair of states on an issue in a session: its speeches in the General Debate
    against its votes. Each measure of agreement in statements stands beside raw cosine, with
    intervals over states and permutations of states, since pairs aren't independent.
    """  # fmt: skip
    period = {name: value for name, value in (("from", from_), ("to", to)) if value is not None}
    given: dict[str, Any] = {"votes": votes, "judge": not no_judge, **options, **period}
    if out is not None:
        out.write("votes", given)
        return
    with progress_bar() as progress:
        found = open_comparator().validate_votes(progress=progress, **given)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    else:
        _echo(found, format_)


def _echo(found: VoteValidation, format_: str) -> None:
    from service.tables import columns_as_text, to_csv
    from service.validation.tested import RELATION_COLUMNS

    if format_ == "csv":
        click.echo(to_csv(found.relation_rows(), [c.name for c in RELATION_COLUMNS]), nl=False)
        return
    summary = list(found.summary_rows())
    shown = ["measure", "issues", "better", "surely", "auc", "cosine_auc", "spearman",
             "spearman_low", "spearman_high", "informed"]  # fmt: skip
    click.echo(columns_as_text([shown, *([_cell(row[c]) for c in shown] for row in summary)]))
    rows = list(found.relation_rows())
    issues = dict.fromkeys(row["issue"] for row in rows)
    names = [row["measure"] for row in summary]
    click.echo(f"\nAUC for voting alike, on each issue ({len(issues) - 1}) and over all\n")
    cells = [["issue", "sessions", *names, "proposition"]]
    for issue in issues:
        of_issue = {row["measure"]: row for row in rows if row["issue"] == issue}
        first = next(iter(of_issue.values()))
        figures = [_cell(of_issue[n]["auc"] if n in of_issue else None) for n in names]
        cells.append([
            issue or "all", str(first["sessions"]), *figures, first["proposition"] or "",
        ])  # fmt: skip
    click.echo(columns_as_text(cells))
    click.echo(
        f"\nSessions {found.sessions[0]} to {found.sessions[-1]}; {found.read} roll calls read, "
        f"{found.mapped} of these sessions vote on an issue. Measures that are informed know how "
        "other states voted in earlier sessions. `--format csv` has intervals and p."
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
