"""Figures, goals and reports against plain reckoning."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from service.evaluation.figures import (
    Figure,
    Numbers,
    base_rates,
    bootstrap,
    brier,
    calibration_error,
    kappa,
    macro_f1,
    share,
)
from service.evaluation.goals import GOALS, Goal
from service.evaluation.reports import Block, to_json, to_tables


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


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_macro_f1_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, guess = (np.array(column) for column in zip(*rows, strict=True))
    expected = f1_score(truth, guess, average="macro", zero_division=0)
    assert macro_f1(truth, guess) == pytest.approx(expected)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_kappa_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    if len({*first, *second}) == 1:
        assert math.isnan(kappa(first, second))
    else:
        assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_a_share_of_nothing_is_unknown() -> None:
    figure = share(np.array([True, True, False]), np.array([True, False, True]))
    assert figure(np.array([0, 1, 2])) == 0.5
    assert math.isnan(figure(np.array([2])))


def test_calibration_error_and_brier_by_hand() -> None:
    sure = np.array([[0.9, 0.1, 0, 0], [0.9, 0.1, 0, 0], [0.2, 0.6, 0.1, 0.1]])
    truth = np.array([0, 1, 1])
    # Bin 0.9: half are right; bin 0.6: all are right.
    assert calibration_error(sure, truth) == pytest.approx(2 / 3 * 0.4 + 1 / 3 * 0.4)
    by_hand = ((0.01 + 0.01) + (0.81 + 0.81) + (0.04 + 0.16 + 0.01 + 0.01)) / 3
    assert brier(sure, truth) == pytest.approx(by_hand)
    assert base_rates(truth, 4)[2].tolist() == pytest.approx([1 / 3, 2 / 3, 0, 0])


def test_goals_hold_or_not() -> None:
    row = {"f1": Figure(0.80, 0.7, 0.9), "error": 0.06, "brier": 0.5, "base": 0.5, "none": math.nan}
    assert Goal("f1", least=0.80).holds(row)
    assert not Goal("f1", least=0.81).holds(row)
    assert not Goal("error", most=0.05).holds(row)
    assert not Goal("brier", below="base").holds(row)
    assert Goal("brier", below="base").holds(row | {"brier": 0.49})
    assert not Goal("none", most=1.0).holds(row)


def test_a_report_says_which_goals_our_row_reaches() -> None:
    row = {"macro_f1": Figure(0.81, 0.7, 0.9), "opposed_called_aligned": Figure(0.04, 0.0, 0.1)}
    blocks = [
        Block("proposition", {"model": row, "majority": {"macro_f1": Figure(0.2, 0.1, 0.3)}}, "x"),
        Block("other", {"D01": {"macro_f1": math.nan, "pairs": 3}}),
    ]
    found = json.loads(to_json(blocks))
    assert found["proposition"]["goals"] == {
        "macro_f1": {"goal": ">= 0.80", "holds": True},
        "opposed_called_aligned": {"goal": "<= 0.03", "holds": False},
    }
    assert found["proposition"]["rows"]["model"]["macro_f1"] == {
        "value": 0.81,
        "interval": [0.7, 0.9],
    }
    assert found["other"] == {"about": "", "rows": {"D01": {"macro_f1": None, "pairs": 3}}}
    first, second = to_tables(blocks).split("\n\n")
    title, *heads, model, goal, majority = first.splitlines()
    assert title == "PROPOSITION: x"
    assert heads[0].split() == ["macro", "f1", "opposed", "called"]
    assert model.split("  ")[0] == "model"
    assert "0.81 [0.70, 0.90]" in model
    assert goal.split() == ["goal", ">=", "0.80", "holds", "<=", "0.03", "MISSED"]
    assert majority.split() == ["majority", "0.20", "[0.10,", "0.30]", "-"]
    # Columns stand under one another.
    assert len({line.index(cell) for line, cell in ((heads[0], "opp"), (model, "0.04"))}) == 1
    assert second.splitlines()[-1].split() == ["D01", "-", "3"]


def test_every_goal_asks_one_thing() -> None:
    for goals in GOALS.values():
        for goal in goals:
            assert sum(x is not None for x in (goal.least, goal.most, goal.below)) == 1
