"""A stance model of the user's own choice: a cross-encoder for natural-language inference, on
sentence-transformers and torch.

The hit is the premise, the query the hypothesis: what the hit says entails the query's position,
contradicts it, or does neither. Such a model knows no reservations (`partial` is always 0), and
its probabilities are its own: it isn't calibrated on our issues.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers import CrossEncoder

from service.domain.stance import STANCES, Stance, Verdict
from service.errors import CatalogueError
from service.stance.classifier import Calibration
from service.stance.judge import Pair, Remembering

SETTING = "CONCORD_STANCE_MODEL"
LABELS = {
    "entailment": Stance.ALIGNED,
    "contradiction": Stance.OPPOSED,
    "neutral": Stance.UNCLEAR,
}
# A side is taken where it is likelier than all else together.
LEAST = {str(Stance.ALIGNED): 0.5, str(Stance.OPPOSED): 0.5}
# A pair's logits differ by some 1e-6 with the padding of its batch; rounded to so many digits they
# come out the same, but for one in about a hundred, which is then 1e-4 away.
DIGITS = 4
BATCH = 32


class NamedStanceModel:
    """Judges pairs (a, b): where b stands towards a. Safe to share between threads."""

    def __init__(self, model: str) -> None:
        """`model` is a folder, or a name on the hub. Raises CatalogueError naming the setting
        where it can't be had, or doesn't tell entailment, contradiction and neutral apart."""
        folder = Path(model)
        try:
            self._model = CrossEncoder(model, local_files_only=folder.is_dir())
        except Exception as error:  # whatever a hub, a disk or a model's own code throws
            raise CatalogueError(
                f"{SETTING}: {model} can't be loaded, neither as a folder here nor from the hub: "
                f"{error}"
            ) from error
        # Some are published in half precision, whose figures depend on the batch.
        self._model.float().eval()
        self._columns = columns(model, self._model.config.id2label)
        self.fingerprint = self._fingerprint()
        self.name = f"{folder.resolve().name}-{self.fingerprint[:12]}" if folder.is_dir() else model
        self.calibration = Calibration(1.0, [0.0] * len(STANCES), LEAST)
        # A tokenizer's truncation is set anew with each call.
        self._lock = threading.Lock()
        self._remembering = Remembering(self._verdicts)

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """What was judged before isn't judged again."""
        return self._remembering(pairs)

    def logits(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float32]:
        """Shape (pairs, 4), in the order of `Stance`; that of `partial` is minus infinity."""
        found = np.full((len(pairs), len(STANCES)), -np.inf, np.float32)
        if pairs:
            with self._lock:
                made = self._model.predict(
                    [(b, a) for a, b in pairs],
                    batch_size=BATCH,
                    activation_fn=torch.nn.Identity(),
                    show_progress_bar=False,
                )
            found[:, list(self._columns)] = np.round(made[:, list(self._columns.values())], DIGITS)
        return found

    def probabilities(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """Shape (pairs, 4), each row sums to 1. The same pair alone and in a batch has figures
        equal to 1e-4."""
        return self.calibration.probabilities(self.logits(pairs))

    def _verdicts(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [self.calibration.verdict(row) for row in self.probabilities(pairs)]

    def _fingerprint(self) -> str:
        """SHA-256 over the parameters, and over which label is which."""
        digest = hashlib.sha256(repr(sorted(self._columns.items())).encode())
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def columns(model: str, id2label: Mapping[Any, str]) -> dict[int, int]:
    """Of each stance (its number in the order of `Stance`) the model's output. Raises
    CatalogueError unless the labels are entailment, contradiction and neutral, in any order."""
    labels = {str(label).strip().lower(): int(number) for number, label in id2label.items()}
    if set(labels) != set(LABELS) or len(id2label) != len(LABELS):
        raise CatalogueError(
            f"{SETTING}: {model} has the labels {', '.join(map(str, id2label.values()))}; a stance "
            f"model needs {', '.join(LABELS)}: without all three, an opposed quotation can't be "
            "told from one that says nothing on the point"
        )
    return {STANCES.index(stance): labels[label] for label, stance in LABELS.items()}
