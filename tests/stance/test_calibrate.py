"""How logits are read is fitted on labelled pairs; finds only say what a find needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from service.domain.stance import STANCES, Stance
from service.stance.classifier import Calibration
from service.stance.training.calibrate import FINDS, RIGHT, calibrate
from service.stance.training.pairs import Pair

KINDS = ("passage", "contrary", "sentences")


def _made(
    sources: tuple[str, ...], count: int, seed: int
) -> tuple[npt.NDArray[np.float32], list[Pair]]:
    """Noisy logits of pairs, each stance as often as the others; of finds most take no side."""
    rng = np.random.default_rng(seed)
    logits, pairs = [], []
    for source in sources:
        odds = [0.05, 0.05, 0.05, 0.85] if source in FINDS else [0.25] * 4
        for number, label in enumerate(rng.choice(4, count, p=odds)):
            row = rng.normal(0, 1.2, 4)
            row[label] += 2
            logits.append(row)
            pairs.append(Pair("a", "b", STANCES[label], source, str(number)))
    return np.array(logits, np.float32), pairs


def test_finds_say_nothing_of_pairs() -> None:
    logits, pairs = _made(KINDS, 150, 1)
    finds, found = _made(FINDS, 300, 2)
    alone = calibrate(logits, pairs)
    together = calibrate(np.vstack([finds, logits]), [*found, *pairs])
    assert {k: v for k, v in together.items() if k != "found"} == {
        k: v for k, v in alone.items() if k != "found"
    }
    assert together["found"] > alone["found"]


def test_from_there_on_finds_called_aligned_are() -> None:
    logits, pairs = _made(KINDS, 150, 3)
    finds, found = _made(FINDS, 500, 4)
    made = Calibration(**calibrate(np.vstack([logits, finds]), [*pairs, *found]))
    verdicts = [made.found(made.verdict(row)) for row in made.probabilities(finds)]
    called = [p.label for p, v in zip(found, verdicts, strict=True) if v.stance is Stance.ALIGNED]
    assert len(called) > 10
    assert sum(label is Stance.ALIGNED for label in called) / len(called) >= RIGHT


@pytest.mark.parametrize("seed", range(3))
def test_opposition_is_seldom_taken_for_agreement(seed: int) -> None:
    logits, pairs = _made(KINDS, 200, seed)
    made = Calibration(**calibrate(logits, pairs))
    guess = made.stances(made.probabilities(logits))
    opposed = np.array([pair.label is Stance.OPPOSED for pair in pairs])
    assert (guess[opposed] == STANCES.index(Stance.ALIGNED)).mean() <= 0.05
