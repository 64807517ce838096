"""`stance`, `evaluate`: the stance model on pairs, and how good it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from service.cli.output import JSON_OR_TABLE, as_json_line, open_comparator
from service.errors import InvalidInput

if TYPE_CHECKING:
    from service.evaluation.reports import Block

_CHUNK = 256
_LONGEST = 1_000_000  # characters of a line
_corpus_option = click.option(
    "--corpus", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The UN General Debate Corpus' folder.",
)  # fmt: skip
_format_option = click.option(
    "--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True
)


@click.command()
@click.option(
    "--pairs",
    required=True,
    type=click.File("r", encoding="utf-8-sig"),
    help="JSON Lines with `a` and `b`; - reads standard input.",
)
@click.option(
    "--explain", "explained", is_flag=True,
    help="Also the words of b that decide; takes some hundred times as long.",
)  # fmt: skip
def stance(pairs: TextIO, explained: bool) -> None:
    """Where b stands towards a, pair by pair: aligned, partial, opposed or unclear.

    Writes each line's own fields back with `stance` and `probabilities`.
    """
    from service.stance.explanation import explain

    model = open_comparator().stance_model
    pending: list[dict[str, object]] = []

    def answer() -> None:
        verdicts = model.judge([(str(line["a"]), str(line["b"])) for line in pending])
        for line, verdict in zip(pending, verdicts, strict=True):
            said: dict[str, object] = {
                "stance": verdict.stance,
                "probabilities": verdict.to_dict(),
            }
            if explained:
                found = explain(model, str(line["a"]), str(line["b"]))
                said["explanation"] = found.to_dict()
            click.echo(as_json_line(line | said), nl=False)
        pending.clear()

    for line in read_pairs(pairs):
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
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    help="An encoder whose cosine is a baseline, beside the default one's. Repeatable.",
)
@_format_option
def evaluate_stance_(
    corpus: Path, perspectrum: Path | None, encoders: tuple[str, ...], format_: str
) -> None:
    """The stance model, beside baselines, on issues that it was never trained on.

    Also with the actors masked, by issue and by the speaking state's regional group, with intervals
    by issue and the goals.
    """
    from service.evaluation.stance import evaluate_stance
    from service.retrieval.encoder import DEFAULT_MODEL, open_encoder

    comparator = open_comparator()
    settings, model = comparator.settings, comparator.stance_model
    names = dict.fromkeys((DEFAULT_MODEL, *encoders))
    opened = [open_encoder(name, settings.models) for name in names]
    _echo(evaluate_stance(model, settings.data, corpus, perspectrum, opened), format_)


@evaluate.command("curves")
@_corpus_option
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder that keeps the pairs' features: a second run is short.",
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    help="An encoder on whose vectors it is learned too, beside the default one's. Repeatable.",
)
@_format_option
def evaluate_curves_(
    corpus: Path, work: Path | None, encoders: tuple[str, ...], format_: str
) -> None:
    """How well stance is told on unseen issues, by how many issues and passages were labelled.

    Learned by heads on frozen features, in minutes: not the training of the served model.
    """
    from service.catalogue import load_issues
    from service.evaluation.curves import evaluate_curves, labelled_pairs
    from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
    from service.settings import Settings
    from service.stance.training.passages import read_passages

    settings = Settings()
    names = dict.fromkeys((DEFAULT_MODEL, *encoders))
    opened = [open_encoder(name, settings.models) for name in names]
    named = Path(settings.stance_model or "")
    served = named if (named / "manifest.json").is_file() else None  # else it has no such features
    labelled = labelled_pairs(read_passages(settings.data, corpus), load_issues(settings.data))
    _echo(evaluate_curves(labelled, opened, served, work), format_)


@evaluate.command("retrieval")
@_corpus_option
@_format_option
def evaluate_retrieval_(corpus: Path, format_: str) -> None:
    """Whether labelled passages for and against are among the candidates, with intervals."""
    from service.evaluation.retrieval import evaluate_retrieval

    _echo(evaluate_retrieval(open_comparator(), corpus), format_)


@evaluate.command("answers")
@click.option(
    "--unread",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the quotations that nobody has labelled yet to this file (JSON Lines).",
)
@click.option(
    "--agreement",
    is_flag=True,
    help="Only how far two blind readers of the quotations agree; needs no index.",
)
@_format_option
def evaluate_answers_(unread: Path | None, agreement: bool, format_: str) -> None:
    """Of the states that 30 answers show as aligned, how many are; with intervals by query."""
    from service.evaluation.answers import evaluate_answers
    from service.evaluation.second_reading import answers_agreement
    from service.settings import Settings

    if agreement:
        _echo(answers_agreement(Settings().data), format_)
        return
    _echo(evaluate_answers(open_comparator(), unread), format_)


@evaluate.command("cost")
@_format_option
def evaluate_cost_(format_: str) -> None:
    """The milliseconds that judging adds to an answer, on this machine."""
    from service.evaluation.cost import evaluate_cost

    _echo(evaluate_cost(open_comparator()), format_)


@evaluate.command("changes")
@_corpus_option
@_format_option
def evaluate_changes_(corpus: Path, format_: str) -> None:
    """Of what is paired between two years' statements, how much is on the same point, and of what
    is called kept, how much says the same; with intervals by statement."""
    from service.evaluation.changes import evaluate_changes

    _echo(evaluate_changes(open_comparator(), corpus), format_)


@evaluate.command("topics")
@_corpus_option
@_format_option
def evaluate_topics_(corpus: Path, format_: str) -> None:
    """The topics of held-out labelled sentences, beside baselines, with intervals by document."""
    from service.corpus.tagging import TopicTagger
    from service.evaluation.labels import read_labels
    from service.evaluation.topics import evaluate_topics

    comparator = open_comparator()
    data = comparator.settings.data
    labelled = list(read_labels(data, corpus))
    tagger, taxonomy = TopicTagger.load(data), comparator.catalogue.topics
    _echo(evaluate_topics(labelled, tagger, taxonomy, comparator.encoder), format_)


@evaluate.command("positions")
@_corpus_option
@_format_option
def evaluate_positions_(corpus: Path, format_: str) -> None:
    """Positions told from narrative and ceremony, cross-validated, beside baselines.

    Trains five times: takes some minutes.
    """
    from service.evaluation.kinds import evaluate_positions
    from service.evaluation.labels import read_labels
    from service.retrieval.encoder import DEFAULT_MODEL, open_encoder

    settings = open_comparator().settings
    labelled = list(read_labels(settings.data, corpus))
    encoder = open_encoder(DEFAULT_MODEL, settings.models)
    _echo(evaluate_positions(labelled, corpus, encoder), format_)


def _echo(blocks: list[Block], format_: str) -> None:
    from service.evaluation.reports import to_json, to_tables

    click.echo(to_json(blocks) if format_ == "json" else to_tables(blocks))


def read_pairs(file: TextIO) -> Iterator[dict[str, object]]:
    """Each line's object, with texts as `a` and `b`. Raises InvalidInput naming the line."""
    number = 0
    try:
        for number, text in enumerate(iter(lambda: file.readline(_LONGEST), ""), start=1):
            if not text.strip():
                continue
            if len(text) == _LONGEST:
                raise InvalidInput("pairs", f"line {number} has over {_LONGEST:,} characters")
            try:
                line = json.loads(text)
                as_json_line(line).encode()  # as it will be written: refuses half a character
            except (ValueError, RecursionError) as error:
                raise InvalidInput("pairs", f"line {number} is no JSON: {error}") from None
            for name in ("a", "b"):
                value = line.get(name) if isinstance(line, dict) else None
                if not isinstance(value, str) or not value.strip():
                    raise InvalidInput("pairs", f"line {number}: `{name}` must be a text")
            yield line
    except UnicodeDecodeError as error:
        raise InvalidInput("pairs", f"not UTF-8, after line {number}: {error.reason}") from None
