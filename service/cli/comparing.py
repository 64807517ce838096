"""`compare`: two statements, claim by claim."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from service.cli.output import as_json, open_comparator
from service.cli.pairing import matrix
from service.cli.studying import Out, writes

if TYPE_CHECKING:
    from service.analysis.statement_comparison import StatementComparison

_FORMATS = ("table", "json", "csv", "html", "svg", "png")


class _OrAll(click.Command):
    """With --all it is another command, whose options these are."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if "--all" not in args:
            return super().make_context(info_name, args, parent, **extra)
        others = [arg for arg in args if arg != "--all"]
        return matrix.make_context(info_name, ["--unit", "statement", *others], parent, **extra)


@click.command(cls=_OrAll)
@click.argument("a")
@click.argument("b")
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    help="Without it, what the file's name ends with, or table.",
)
@click.option(
    "--output",
    type=click.File("wb", lazy=True, atomic=True),
    default="-",
    help="The file to be written; standard output unless it is given.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True,
    help="Of the random draws behind the intervals.",
)  # fmt: skip
@click.option(
    "--all",
    is_flag=True,
    expose_value=False,
    help="Every pair of statements, in place of A and B: `matrix --unit statement`, with the "
    "options of `matrix`, such as --year.",
)
@writes
def compare(
    a: str, b: str, format_: str | None, output: IO[bytes], seed: int, out: Out | None
) -> None:
    """Two statements, claim by claim: shared positions, opposed ones, those of only one, by topic.

    A and B are each an id, STATE:YEAR, or a file of a text (text, HTML, PDF, Word), which is split
    into claims as a draft is. Similarity, with a 95% interval over positions, says that they speak
    of the same in like words; agreement, with one over pairs, is the share of the aligned among the
    pairs that a machine judged aligned or opposed. CSV has one row a position; svg and png are a
    figure.

    `compare --all` compares every pair of statements instead, and takes the options of `matrix`.
    """
    named, texts = {}, {}
    for side, given in (("a", a), ("b", b)):
        if Path(given).is_file():
            from service.corpus.documents import read_document

            texts[f"text_{side}"] = read_document(Path(given)).text
        else:
            named[side] = given
    if out is not None:
        out.write("compare", {**named, **texts, "seed": seed})
        return
    found = open_comparator().compare(**named, **texts, seed=seed)
    ending = format_ or Path(output.name).suffix.lower().removeprefix(".")
    output.write(_written(found, ending if ending in _FORMATS else "table"))


def _written(found: StatementComparison, ending: str) -> bytes:
    from service.takeaway import comparison

    match ending:
        case "html":
            return comparison.as_html(found)
        case "png":
            from service.figures.png import png

            return png(comparison.figure(found))
        case "svg":
            made = comparison.figure(found)
        case "json":
            made = as_json(found.to_dict()) + "\n"
        case "csv":
            from service.tables import to_csv

            table = found.tables()[0]
            made = to_csv(table.rows, [column.name for column in table.columns])
        case _:
            made = comparison.as_text(found) + "\n"
    return made.encode("utf-8", "replace")
