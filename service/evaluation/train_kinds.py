"""Train the kinds of sentences: `data/models/kinds.json`.

python -m service.evaluation.train_kinds --corpus DIR

A teacher, logistic regression over the default encoder's vectors, learns from the labelled
sentences and labels some thousands of unlabelled ones of all years; the pupil, the linear model
over words that the service uses, learns from both. It is measured by five-fold cross-validation in
which neither teacher nor pupil sees the fold. Seeded; takes a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold

from service.corpus.kinds import MODEL, KindClassifier, features
from service.corpus.sentences import sentences
from service.corpus.text import clean, decode
from service.corpus.ungdc import speech_files
from service.domain.statements import Kind
from service.evaluation.labels import LabelledSentence, read_labels
from service.retrieval.encoder import DEFAULT_MODEL, Encoder, Vectors, open_encoder
from service.settings import Settings

SEED = 20_261_124
SPEECHES, A_SPEECH = 1_500, 5
KINDS = tuple(Kind)
# How much a labelled sentence counts against one that the teacher labelled.
LABELLED_WEIGHT = 6.0
SMALLEST_WEIGHT = 0.04


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, required=True)
    corpus = parser.parse_args().corpus
    settings = Settings()
    labelled = list(read_labels(settings.data, corpus))
    material = Material.read(labelled, corpus, open_encoder(DEFAULT_MODEL, settings.models))
    truth, predicted = material.truth, cross_validated(material)
    precision, recall, f1, count = precision_recall_fscore_support(
        truth, predicted, labels=range(len(KINDS)), zero_division=0
    )
    for i, kind in enumerate(KINDS):
        print(f"{kind:<10} precision {precision[i]:.3f} recall {recall[i]:.3f} "
              f"F1 {f1[i]:.3f} ({count[i]})")  # fmt: skip
    print(f"accuracy {float((truth == predicted).mean()):.3f} on {len(truth)} sentences; "
          f"F1 of calling everything a position "
          f"{2 * count[0] / (count[0] + len(truth)):.3f}")  # fmt: skip

    pupil = _train(material, np.arange(len(truth)))
    (settings.data / MODEL).write_text(
        json.dumps(_stored(pupil), separators=(",", ":")) + "\n", "utf-8"
    )


@dataclass(frozen=True, slots=True)
class Material:
    """Labelled sentences with the numbers of their kinds, unlabelled ones, and both's vectors."""

    texts: Sequence[str]
    truth: npt.NDArray[np.int64]
    vectors: Vectors
    unlabelled: Sequence[str]
    others: Vectors

    @classmethod
    def read(cls, labelled: Sequence[LabelledSentence], corpus: Path, encoder: Encoder) -> Material:
        texts = [sentence.text for sentence in labelled]
        truth = np.array([KINDS.index(sentence.kind) for sentence in labelled])
        unlabelled = _sample(corpus)
        return cls(texts, truth, encoder.encode(texts), unlabelled, encoder.encode(unlabelled))


def cross_validated(material: Material) -> npt.NDArray[np.int64]:
    """The kind of each labelled sentence, told by a pupil that was trained without its fold."""
    predicted = np.empty_like(material.truth)
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    for train, held in folds.split(material.texts, material.truth):
        pupil = _train(material, train)
        predicted[held] = [KINDS.index(pupil.kind(material.texts[i])) for i in held]
    return predicted


def _sample(corpus: Path) -> list[str]:
    """Sentences of speeches of all years."""
    rng = random.Random(SEED)
    found = []
    for path in rng.sample(speech_files(corpus), SPEECHES):
        text = decode(path.read_bytes()).text
        spans = list(sentences(text))
        # The first sentences too: that is where ceremony stands.
        picked = [*spans[:1], *rng.sample(spans, min(A_SPEECH - 1, len(spans)))]
        found += [clean(text[start:end]) for start, end in picked]
    return found


def _train(material: Material, rows: npt.NDArray[np.int64]) -> KindClassifier:
    """On these rows of the labelled sentences, and on all unlabelled ones."""
    texts, truth = [material.texts[i] for i in rows], material.truth[rows]
    teacher = LogisticRegression(C=3.0, max_iter=2_000, class_weight="balanced")
    teacher.fit(material.vectors[rows], truth)
    belief = teacher.predict_proba(material.others)
    vectorizer = DictVectorizer()
    rows = vectorizer.fit_transform(
        [dict.fromkeys(features(text), 1.0) for text in [*texts, *material.unlabelled]]
    )
    weights = np.concatenate([np.full(len(texts), LABELLED_WEIGHT), belief.max(axis=1) ** 2])
    target = np.concatenate([truth, belief.argmax(axis=1)])
    pupil = LogisticRegression(C=0.3, max_iter=2_000)
    pupil.fit(rows, target, sample_weight=weights)
    names = vectorizer.get_feature_names_out()
    kept = {
        str(name): tuple(round(float(w), 2) for w in column)
        for name, column in zip(names, pupil.coef_.T, strict=True)
        if np.abs(column).max() >= SMALLEST_WEIGHT
    }
    return KindClassifier(tuple(round(float(b), 3) for b in pupil.intercept_), kept)


def _stored(pupil: KindClassifier) -> dict[str, Any]:
    return {
        "kinds": [str(kind) for kind in KINDS],
        "trained_on": "UN General Debate Corpus (CC0): labels/sentences.jsonl and sentences that "
        "a teacher labelled; command: python -m service.evaluation.train_kinds",
        "bias": pupil.bias,
        "weights": dict(sorted(pupil.weights.items())),
    }


if __name__ == "__main__":
    main()
