"""Temperature, bias and thresholds, fitted on the tuning issues."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.metrics import f1_score

from service.domain.stance import STANCES, Stance
from service.stance.classifier import Calibration
from service.stance.training.pairs import Pair

# At most this share of the tuning issues' opposed pairs may be called aligned.
WORST = 0.02
_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))


def calibrate(logits: npt.NDArray[np.float32], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The `calibration` of a manifest."""
    truth = np.array([STANCES.index(pair.label) for pair in pairs])
    sources = np.array([pair.source for pair in pairs])
    # Each kind of pair counts alike, however many there are of it.
    weight = np.array([1.0 / (sources == source).sum() for source in sources])
    weight /= weight.sum()

    def loss(x: npt.NDArray[np.float64]) -> float:
        made = Calibration(float(np.exp(x[0])), [*x[1:], 0.0], {}).probabilities(logits)
        cost = -(weight * np.log(made[np.arange(len(truth)), truth] + 1e-9)).sum()
        return float(cost + 0.01 * (x[1:] ** 2).sum())

    x = minimize(loss, np.zeros(len(STANCES)), method="Nelder-Mead", options={"maxiter": 4000}).x
    fitted: dict[str, Any] = {
        "temperature": round(float(np.exp(x[0])), 4),
        "bias": [round(float(b), 4) for b in (*x[1:], 0.0)],
    }
    probabilities = Calibration(**fitted, least={}).probabilities(logits)
    best = (-1.0, {Stance.ALIGNED: 0.9, Stance.OPPOSED: 0.9})
    # No side is taken against the odds.
    for aligned, opposed in itertools.product(np.arange(0.5, 0.9, 0.02), repeat=2):
        least = {str(Stance.ALIGNED): float(aligned), str(Stance.OPPOSED): float(opposed)}
        guess = Calibration(**fitted, least=least).stances(probabilities)
        against = truth == _OPPOSED
        wrong = (weight * (against & (guess == _ALIGNED))).sum() / weight[against].sum()
        f1 = f1_score(sides(truth), sides(guess), average="macro", sample_weight=weight)
        if (score := f1 - 10 * max(0.0, wrong - WORST)) > best[0]:
            best = (score, {s: round(least[s], 2) for s in (Stance.ALIGNED, Stance.OPPOSED)})
    return fitted | {"least": {str(stance): value for stance, value in best[1].items()}}


def sides(stances: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For, against, neither: partial and unclear are one class."""
    return np.where(stances == _UNCLEAR, _PARTIAL, stances)
