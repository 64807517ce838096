"""Position, ceremony or narrative: a linear model over words, word pairs and a few signs.

It needs no encoder, so that claims don't change with the model that a user names. Trained by
`python -m service.evaluation.train_kinds`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from service.domain.statements import Kind
from service.errors import CatalogueError

MODEL = "models/kinds.json"
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?|\d+|[?!;:\"“”]")
_LETTERS = re.compile(r"[A-Za-z]{2}")


def features(text: str) -> Iterator[str]:
    """Words, neighbouring pairs, the first words, and how long the sentence is."""
    words = _WORD.findall(text.lower())
    words = ["0" if word.isdigit() else word for word in words]
    yield from (f"w {word}" for word in set(words))
    yield from (f"p {a} {b}" for a, b in set(pairwise(words)))
    yield f"f {' '.join(words[:1])}"
    yield f"f {' '.join(words[:2])}"
    yield f"f {' '.join(words[:3])}"
    yield f"length {min(len(words) // 5, 10)}"
    if not text[:1].isupper():
        yield "starts small"
    if text.endswith((",", ":", ";")):
        yield "unfinished"


class KindClassifier:
    """Weights by feature, one for each kind."""

    def __init__(self, bias: tuple[float, ...], weights: dict[str, tuple[float, ...]]) -> None:
        self.bias = bias
        self.weights = weights

    @classmethod
    def load(cls, data_dir: Path) -> KindClassifier:
        path = data_dir / MODEL
        try:
            stored = json.loads(path.read_text("utf-8"))
            if stored["kinds"] != [str(kind) for kind in Kind]:
                raise CatalogueError(f"{path} is for other kinds: train it again")
            weights = {name: tuple(values) for name, values in stored["weights"].items()}
            return cls(tuple(stored["bias"]), weights)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CatalogueError(f"{path} can't be read: {error}") from error

    def scores(self, text: str) -> tuple[float, ...]:
        """One figure a kind, in the order of `Kind`; the largest wins."""
        totals = list(self.bias)
        for feature in features(text):
            weights = self.weights.get(feature)
            if weights is not None:
                for i, weight in enumerate(weights):
                    totals[i] += weight
        return tuple(totals)

    def kind(self, text: str) -> Kind:
        if not _LETTERS.search(text):
            return Kind.NARRATIVE
        totals = self.scores(text)
        return tuple(Kind)[max(range(len(totals)), key=totals.__getitem__)]
