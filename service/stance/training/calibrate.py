"""Temperature, bias and thresholds, fitted on the tuning issues and propositions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.metrics import f1_score

from service.domain.stance import STANCES, Stance
from service.stance.classifier import Calibration, Probabilities
from service.stance.training.pairs import Pair

# Of the tuning pairs of these sources and this stance so many at most may be called aligned, as the
# goals ask: of passages against an issue's wordings, and of passages against each other.
WORST = (
    (("passage", "contrary"), Stance.OPPOSED, 0.03),
    (("sentences", "pairs"), Stance.OPPOSED, 0.05),
    (("sentences", "pairs"), Stance.PARTIAL, 0.10),
)
# Of finds, of which most are beside the point, so many of those called aligned must be.
FINDS, RIGHT = ("found", "nearest"), 2 / 3
DOUBTS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 1.0)
_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))


def calibrate(logits: npt.NDArray[np.float32], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The `calibration` of a manifest. Finds, of which most are beside the point, only say what a
    find takes to be aligned: what they say of probabilities holds for no other pairs."""
    every = np.array([STANCES.index(pair.label) for pair in pairs])
    finds = np.isin([pair.source for pair in pairs], FINDS)
    chosen = _of_pairs(logits[~finds], [pair for pair in pairs if pair.source not in FINDS])
    probabilities = Calibration(**chosen).probabilities(logits[finds])
    return chosen | {"found": _sure_enough(every[finds], probabilities, chosen)}


def _of_pairs(logits: npt.NDArray[np.float32], pairs: Sequence[Pair]) -> dict[str, Any]:
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
    best, number = -np.inf, {stance: i for i, stance in enumerate(STANCES)}
    # No side is taken against the odds, or nearly so.
    sides_of = np.arange(0.44, 0.8, 0.04)
    for aligned, opposed, doubt in itertools.product(sides_of, sides_of, DOUBTS):
        tried = fitted | {
            "least": {
                str(Stance.ALIGNED): round(float(aligned), 2),
                str(Stance.OPPOSED): round(float(opposed), 2),
            },
            "doubt": doubt,
        }
        guess = Calibration(**tried).stances(probabilities)
        f1 = f1_score(sides(truth), sides(guess), average="macro", sample_weight=weight)
        score = f1
        for of, stance, most in WORST:
            held = np.isin(sources, of) & (truth == number[stance])
            score -= 10 * max(0.0, _called_aligned(guess[held]) - most)
        if score > best:
            best, chosen = score, tried
    return chosen


def _sure_enough(
    truth: npt.NDArray[np.int64], probabilities: Probabilities, chosen: dict[str, Any]
) -> float:
    """The lowest probability from which on at least RIGHT of the finds called aligned are."""
    aligned = probabilities[:, _ALIGNED]
    called = Calibration(**chosen).stances(probabilities) == _ALIGNED
    for least in np.arange(chosen["least"][str(Stance.ALIGNED)], 0.9, 0.02):
        among = called & (aligned >= least)
        if not among.any() or (truth[among] == _ALIGNED).mean() >= RIGHT:
            return round(float(least), 2)
    return 0.9


def _called_aligned(guess: npt.NDArray[np.int64]) -> float:
    return float((guess == _ALIGNED).mean()) if len(guess) else 0.0


def sides(stances: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For, against, neither: partial and unclear are one class."""
    return np.where(stances == _UNCLEAR, _PARTIAL, stances)
