"""Several wordings of an issue, judged at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.domain.issues import Issue
from service.domain.stance import Stance
from service.stance.classifier import StanceModel
from service.stance.wordings import judge_on

ISSUE = Issue("t", "we want trade now", "no to trade", ("yes to trade",), ("we want peace now",))
TEXTS = ["yes to trade", "no to trade", "trade was debated in May"]


@pytest.fixture(scope="module")
def model(stance_folder: Path) -> StanceModel:
    return StanceModel(stance_folder)


def test_it_is_the_geometric_mean_of_every_wordings_verdict(model: StanceModel) -> None:
    found = judge_on(ISSUE, TEXTS, model)
    for text, verdict in zip(TEXTS, found, strict=True):
        holding = model.probabilities([(w, text) for w in ISSUE.wordings])
        denying = model.probabilities([(w, text) for w in ISSUE.contraries])
        rows = np.concatenate([holding, denying[:, [2, 1, 0, 3]]])
        mean = np.prod(rows, axis=0) ** (1 / len(rows))
        assert verdict.probabilities == pytest.approx(tuple(mean / mean.sum()), abs=1e-5)
        assert verdict == model.calibration.verdict(np.array(verdict.probabilities))


def test_an_issue_turned_round_turns_every_verdict(model: StanceModel) -> None:
    turned = Issue("t", *ISSUE.contraries[:1], *ISSUE.wordings[:1])
    straight = Issue("t", *ISSUE.wordings[:1], *ISSUE.contraries[:1])
    for one, other in zip(
        judge_on(straight, TEXTS, model), judge_on(turned, TEXTS, model), strict=True
    ):
        a, p, o, u = one.probabilities
        assert other.probabilities == pytest.approx((o, p, a, u))
        assert (one.stance is Stance.ALIGNED) == (other.stance is Stance.OPPOSED)


def test_nothing_is_judged_of_no_texts(model: StanceModel) -> None:
    assert judge_on(ISSUE, [], model) == []
