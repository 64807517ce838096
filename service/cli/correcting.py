"""`correct`, `corrections`: a user's word on stance verdicts that the model got wrong."""

from __future__ import annotations

import click

from service.cli.output import as_json, as_json_line, open_comparator


@click.command()
@click.option("--text", required=True, help="What was asked, or the part of it that was answered.")
@click.option("--claim", "claim_id", required=True, help="The quotation's claim id.")
@click.option("--stance", required=True, help="aligned, partial, opposed or unclear.")
@click.option("--author", required=True, help="Who says so.")
@click.option("--reason", required=True, help="Why.")
def correct(text: str, claim_id: str, stance: str, author: str, reason: str) -> None:
    """Correct a stance: kept for good, and shown in answers to the same text from now on."""
    made = open_comparator().correct(text, claim_id, stance, author, reason)
    click.echo(as_json(made.to_dict()))


@click.command()
@click.option(
    "--format",
    "format_",
    type=click.Choice(["jsonl", "table"]),
    default="jsonl",
    show_default=True,
    help="jsonl, with the claims' texts, is what `python -m service.stance.training` reads.",
)
def corrections(format_: str) -> None:
    """All corrections, the earliest first, those that no longer hold among them."""
    from service.tables import columns_as_text

    rows = open_comparator().corrections_as_rows()
    if format_ == "jsonl":
        for row in rows:
            click.echo(as_json_line(row), nl=False)
        return
    columns = ("date", "stance", "was", "holds", "author", "claim_id", "text", "reason")
    cells = [
        row
        | {
            "date": row["date"][:10],
            "was": row["was"]["stance"] if row["was"] else "",
            "holds": "yes" if row["holds"] else "no",
        }
        for row in rows
    ]
    click.echo(columns_as_text([columns, *([row[name] for name in columns] for row in cells)]))
