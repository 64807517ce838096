"""The figures of `evaluate stance` against plain reckoning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from service.domain.stance import STANCES, Stance
from service.evaluation.stance import (
    Numbers,
    bootstrap,
    brier,
    calibration_error,
    three_classes,
    two_classes,
)
from service.stance.training.pairs import Pair

ALIGNED, PARTIAL, OPPOSED, UNCLEAR = range(4)


def pair(label: Stance, subject: str) -> Pair:
    return Pair(f"a {label}", "b", label, "test", subject)


def judge_as(guesses: list[int]):  # type: ignore[no-untyped-def]
    def judge(pairs: object) -> tuple[np.ndarray, Numbers]:  # type: ignore[type-arg]
        sure = np.full((len(guesses), 4), 0.1)
        sure[np.arange(len(guesses)), guesses] = 0.7
        return sure, np.array(guesses)

    return judge


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=4, max_size=40))
def test_shares_and_f1(rows: list[tuple[int, int]]) -> None:
    truth = [t for t, _ in rows]
    guess = [g for _, g in rows]
    pairs = [pair(STANCES[t], str(i % 3)) for i, t in enumerate(truth)]
    report = three_classes(judge_as(guess), pairs, draws=2)
    merged = {ALIGNED: 0, PARTIAL: 1, OPPOSED: 2, UNCLEAR: 1}
    expected = f1_score(
        [merged[t] for t in truth], [merged[g] for g in guess], average="macro", zero_division=0
    )
    assert report["macro_f1"].value == pytest.approx(expected)
    of = [g for t, g in rows if t == OPPOSED]
    if of:
        share = sum(g == ALIGNED for g in of) / len(of)
        assert report["opposed_called_aligned"].value == pytest.approx(share)
    sided = [g for t, g in rows if t in (ALIGNED, OPPOSED)]
    if sided:
        share = sum(g == UNCLEAR for g in sided) / len(sided)
        assert report["sided_left_unclear"].value == pytest.approx(share)


def test_two_classes_take_the_likelier_side() -> None:
    pairs = [pair(Stance.ALIGNED, "1"), pair(Stance.OPPOSED, "2"), pair(Stance.OPPOSED, "3")]
    assert two_classes(judge_as([ALIGNED, OPPOSED, ALIGNED]), pairs)["accuracy"] == pytest.approx(
        2 / 3
    )


def test_the_bootstrap_draws_whole_subjects() -> None:
    values = np.array([0.0, 0.0, 1.0, 1.0])
    subjects = np.array(["x", "x", "y", "y"])
    drawn: set[float] = set()

    def mean(rows: Numbers) -> float:
        drawn.add(float(values[rows].mean()))
        return float(values[rows].mean())

    figure = bootstrap(mean, subjects)
    assert figure.value == 0.5
    assert drawn == {0.0, 0.5, 1.0}  # never 0.25: a subject comes whole
    assert (figure.low, figure.high) == (0.0, 1.0)


def test_calibration_error_and_brier_by_hand() -> None:
    sure = np.array([[0.9, 0.1, 0, 0], [0.9, 0.1, 0, 0], [0.2, 0.6, 0.1, 0.1]])
    truth = np.array([0, 1, 1])
    # Bin 0.9: half are right; bin 0.6: all are right.
    assert calibration_error(sure, truth) == pytest.approx(2 / 3 * 0.4 + 1 / 3 * 0.4)
    by_hand = ((0.01 + 0.01) + (0.81 + 0.81) + (0.04 + 0.16 + 0.01 + 0.01)) / 3
    assert brier(sure, truth) == pytest.approx(by_hand)
