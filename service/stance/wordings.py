"""Where texts stand on an issue: judged towards several wordings of both its sides at once.

A single wording decides too much, and its errors aren't those of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from service.domain.issues import Issue
from service.domain.stance import STANCES, Stance, Verdict
from service.stance.judge import Pair, StanceJudge

# Wordings of each side that are asked.
OF_EACH_SIDE = 2
_SWAPPED = [
    STANCES.index({Stance.ALIGNED: Stance.OPPOSED, Stance.OPPOSED: Stance.ALIGNED}.get(s, s))
    for s in STANCES
]


def judge_on(
    issue: Issue,
    texts: Sequence[str],
    model: StanceJudge,
    judge: Callable[[Sequence[Pair]], Sequence[Verdict]] | None = None,
) -> list[Verdict]:
    """One verdict a text, which a search found, towards the proposition. `judge` may be the
    model's own behind a store."""
    holding, denying = issue.wordings[:OF_EACH_SIDE], issue.contraries[:OF_EACH_SIDE]
    asked = [(wording, text) for text in texts for wording in (*holding, *denying)]
    found = (judge or model.judge)(asked)
    rows = np.array([verdict.probabilities for verdict in found]).reshape(
        len(texts), len(holding) + len(denying), len(STANCES)
    )
    rows[:, len(holding) :] = rows[:, len(holding) :, _SWAPPED]
    calibration = model.calibration
    return [calibration.found(calibration.verdict(row)) for row in _mean(rows)]


def _mean(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Geometric, over the wordings: shape (texts, wordings, 4) to (texts, 4), rows summing to 1."""
    made = np.exp(np.log(rows + 1e-9).mean(axis=1))
    return np.asarray(made / made.sum(axis=1, keepdims=True))
