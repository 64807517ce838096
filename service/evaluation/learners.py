"""What learns stance in seconds, for learning curves: a head on frozen features of the pair.

Training the served model takes hours a point; a head takes its place, and is weaker. The encoder's
vectors have never seen a stance. The served model's own features have: that model was trained on
the very issues that are drawn here, and so a head on them doesn't tell what an issue adds to the
features, only what it adds to the head.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from service.domain.stance import STANCES
from service.evaluation.figures import Numbers, macro_f1
from service.retrieval.encoder import Encoder, file_sha256
from service.stance.classifier import GRAPH, StanceModel
from service.stance.training.calibrate import sides
from service.stance.training.pairs import Pair

Features = npt.NDArray[np.float32]
# From the rows of the training pairs to learn from, to the sides of the test pairs.
Learner = Callable[[Numbers], Numbers]
# Regularisation is chosen once, on the tuning issues, with all training pairs.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


class Head:
    """Multinomial logistic regression over features that stay as they are."""

    def __init__(
        self,
        training: tuple[Features, Numbers],
        tuning: tuple[Features, Numbers],
        test: Features,
        strengths: Sequence[float] = STRENGTHS,
    ) -> None:
        """`training` and `tuning`: a row of features and the side of each pair."""
        self._features, self._sides = training
        self._test = test
        everything = np.arange(len(self._sides))

        def on_tuning(strength: float) -> float:
            found = self._fitted(everything, strength).predict(tuning[0])
            return macro_f1(tuning[1], np.asarray(found))

        self.strength = max(strengths, key=on_tuning)

    def __call__(self, rows: Numbers) -> Numbers:
        return np.asarray(self._fitted(rows, self.strength).predict(self._test))

    def _fitted(self, rows: Numbers, strength: float) -> Pipeline:
        # Far more than the differences between draws are left at this tolerance.
        head = LogisticRegression(C=strength, max_iter=500, tol=1e-3)
        return make_pipeline(StandardScaler(), head).fit(self._features[rows], self._sides[rows])


def sides_of(pairs: Sequence[Pair]) -> Numbers:
    """For, against or neither, as `calibrate.sides` numbers them."""
    return sides(np.array([STANCES.index(pair.label) for pair in pairs]))


def vector_features(encoder: Encoder, pairs: Sequence[Pair]) -> Features:
    """[u, v, |u - v|, u * v] of the vectors of a and b (as InferSent, Conneau et al. 2017); shape
    (pairs, 4 * dimension)."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.a, pair.b)))
    known = dict(zip(texts, encoder.encode(texts), strict=True))
    u = np.stack([known[pair.a] for pair in pairs])
    v = np.stack([known[pair.b] for pair in pairs])
    return np.hstack([u, v, np.abs(u - v), u * v])


def pooled_features(folder: Path, pairs: Sequence[Pair]) -> Features:
    """The mean of the last layer of the stance model in `folder`, before its head; shape (pairs,
    width). Each pair is run alone, as in service."""
    with tempfile.TemporaryDirectory() as scratch:
        model = StanceModel(_headless(folder, Path(scratch)))
        return model.logits([(pair.a, pair.b) for pair in pairs])


def _headless(folder: Path, made: Path) -> Path:
    """The same model, whose graph ends where its tokens are averaged."""
    graph: Any = onnx.load_from_string(gzip.decompress((folder / GRAPH).read_bytes()))
    averaged = [node.output[0] for node in graph.graph.node if node.op_type == "Div"][-1]
    del graph.graph.output[:]
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info(averaged, onnx.TensorProto.FLOAT, None)
    )
    (made / GRAPH).write_bytes(gzip.compress(graph.SerializeToString(), compresslevel=0))
    shutil.copyfile(folder / "tokenizer.json", made / "tokenizer.json")
    described = json.loads((folder / "manifest.json").read_text("utf-8"))
    described["files"] = {name: file_sha256(made / name) for name in (GRAPH, "tokenizer.json")}
    (made / "manifest.json").write_text(json.dumps(described), "utf-8")
    return made


class Kept:
    """Arrays in a folder, by what decides them; nothing is kept where there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def __call__(
        self, name: str, decided_by: Sequence[object], make: Callable[[], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """`decided_by` is hashed by its representation."""
        if self._folder is None:
            return make()
        digest = hashlib.sha256(repr(decided_by).encode()).hexdigest()[:16]
        path = self._folder / f"{name}-{digest}.npy"
        if not path.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(".new")
            with aside.open("wb") as file:
                np.save(file, make(), allow_pickle=False)
            aside.replace(path)
        found: npt.NDArray[Any] = np.load(path, allow_pickle=False)
        return found
