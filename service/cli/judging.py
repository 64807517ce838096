"""`stance`, `evaluate`: the stance model on pairs, and how good it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from service.cli.output import as_json_line, open_comparator
from service.errors import InvalidInput

_CHUNK = 256
_corpus_option = click.option(
    "--corpus", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The UN General Debate Corpus' folder.",
)  # fmt: skip


@click.command()
@click.option(
    "--pairs",
    required=True,
    type=click.File("r", encoding="utf-8-sig"),
    help="JSON Lines with `a` and `b`; - reads standard input.",
)
def stance(pairs: TextIO) -> None:
    """Where b stands towards a, pair by pair: aligned, partial, opposed or unclear.

    Writes each line's own fields back with `stance` and `probabilities`.
    """
    model = open_comparator().stance_model
    pending: list[dict[str, object]] = []

    def answer() -> None:
        verdicts = model.judge([(str(line["a"]), str(line["b"])) for line in pending])
        for line, verdict in zip(pending, verdicts, strict=True):
            said = {"stance": verdict.stance, "probabilities": verdict.to_dict()}
            click.echo(as_json_line(line | said), nl=False)
        pending.clear()

    for line in _lines(pairs):
        pending.append(line)
        if len(pending) == _CHUNK:
            answer()
    answer()


@click.group()
def evaluate() -> None:
    """Measure the service against labelled data (in a checkout with the test requirements)."""


@evaluate.command("stance")
@_corpus_option
@click.option(
    "--perspectrum",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The Perspectrum data set's folder, to measure on its test split too.",
)
def evaluate_stance_(corpus: Path, perspectrum: Path | None) -> None:
    """The stance model on issues that it was never trained on, with intervals by issue."""
    from service.evaluation.stance import evaluate_stance, to_json

    comparator = open_comparator()
    report = evaluate_stance(comparator.stance_model, comparator.settings.data, corpus, perspectrum)
    click.echo(to_json(report))


@evaluate.command("retrieval")
@_corpus_option
def evaluate_retrieval_(corpus: Path) -> None:
    """Whether labelled passages for and against are among the candidates, with intervals."""
    from service.evaluation.retrieval import evaluate_retrieval
    from service.evaluation.stance import to_json

    click.echo(to_json(evaluate_retrieval(open_comparator(), corpus)))


def _lines(file: TextIO) -> Iterator[dict[str, object]]:
    for number, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise InvalidInput("pairs", f"line {number} is no JSON: {error}") from None
        for name in ("a", "b"):
            value = line.get(name) if isinstance(line, dict) else None
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput("pairs", f"line {number}: `{name}` must be a text")
        yield line
