"""`evaluate positions`: positions told from narrative and ceremony, beside plain baselines.

The served model has learned from every labelled sentence and can't be measured on them; what is
measured is its training, by cross-validation. Intervals draw whole documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.domain.statements import Kind
from service.evaluation.figures import DRAWS, Figure, Reckon, bootstrap, share
from service.evaluation.labels import LabelledSentence
from service.evaluation.reports import Block
from service.evaluation.train_kinds import KINDS, Material, cross_validated
from service.retrieval.encoder import Encoder

Flags = npt.NDArray[np.bool_]
_POSITION = KINDS.index(Kind.POSITION)
_DEMANDS = re.compile(
    r"\b(?:must|should|shall|ought|needs?|(?:call|urge|demand|appeal)(?:s|ed|ing)?)\b", re.I
)


def evaluate_positions(
    labelled: Sequence[LabelledSentence], corpus: Path, encoder: Encoder, draws: int = DRAWS
) -> list[Block]:
    material = Material.read(labelled, corpus, encoder)
    truth = material.truth == _POSITION
    guesses = {
        "model": cross_validated(material) == _POSITION,
        "majority": np.full(len(truth), bool(truth.mean() >= 0.5)),
        "must, should, call": np.array([demands(text) for text in material.texts]),
    }
    documents = np.array([sentence.document for sentence in labelled])
    rows = {way: figures(truth, guess, documents, draws) for way, guess in guesses.items()}
    about = f"{len(truth)} labelled sentences, {int(truth.sum())} of them positions; five folds"
    return [Block("positions", rows, about)]


def figures(
    truth: Flags, guess: Flags, documents: npt.NDArray[np.str_], draws: int = DRAWS
) -> dict[str, Figure]:
    """Of position against all else."""
    reckoned: dict[str, Reckon] = {
        "f1": lambda rows: _f1(truth[rows], guess[rows]),
        "precision": share(guess, truth),
        "recall": share(truth, guess),
        "accuracy": share(np.ones(len(truth), bool), truth == guess),
    }
    return {name: bootstrap(reckon, documents, draws) for name, reckon in reckoned.items()}


def demands(text: str) -> bool:
    """Whether the text has a word by which something is asked for."""
    return _DEMANDS.search(text) is not None


def _f1(truth: Flags, guess: Flags) -> float:
    size = int(truth.sum() + guess.sum())
    return 2 * float((truth & guess).sum()) / size if size else float("nan")
