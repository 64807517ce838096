"""The stance model that is served, its weights and its papers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from service.catalogue import load_issues
from service.domain.stance import Stance, sureness
from service.settings import Settings
from service.stance.classifier import StanceModel
from service.stance.training.pairs import TEST, TUNING, read_sets
from service.stance.training.prepare import MINIMAL
from tests.conftest import PROJECT

DATA = PROJECT / "data"
FOLDER = DATA / "models" / "stance"


@pytest.fixture(scope="module")
def model() -> StanceModel:
    return StanceModel(FOLDER)


def test_it_is_what_is_served_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCORD_STANCE_MODEL", raising=False)
    assert Settings().stance_model == FOLDER
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    assert Settings().stance_model is None


def test_its_folder_is_small_and_complete() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 60e6
    assert {"NOTICE", "CARD.md", "manifest.json"} <= {file.name for file in FOLDER.iterdir()}


def test_no_issue_that_is_measured_was_trained_on() -> None:
    issues = load_issues(DATA)
    trained = json.loads((FOLDER / "trained-on.json").read_text("utf-8"))
    held = {issues[key].group for key in TEST | TUNING}
    assert len(trained["issues"]) >= 100
    assert not {issues[key].group for key in trained["issues"]} & held


@pytest.mark.parametrize(
    ("asked", "negated", "said"),
    [
        (
            "The veto must be abolished.",
            "The veto must not be abolished.",
            "We want the right of veto to disappear.",
        ),
        (
            "The embargo against Cuba must be lifted.",
            "The embargo against Cuba must not be lifted.",
            "We call for an end to the blockade imposed on Cuba.",
        ),
        (
            "Nuclear weapons must be prohibited.",
            "Nuclear weapons must not be prohibited.",
            "We support the Treaty on the Prohibition of Nuclear Weapons.",
        ),
    ],
)
def test_a_negated_query_turns_aligned_into_opposed(
    model: StanceModel, asked: str, negated: str, said: str
) -> None:
    holds, denies = model.judge([(asked, said), (negated, said)])
    assert (holds.stance, denies.stance) == (Stance.ALIGNED, Stance.OPPOSED)


def test_a_pair_has_the_same_figures_alone_and_in_a_batch(model: StanceModel) -> None:
    pairs = [(entry["a"], entry["b"]) for entry in read_sets(DATA / MINIMAL)[:24]]
    together = model.logits(pairs)
    for pair, row in zip(pairs, together, strict=True):
        assert np.array_equal(model.logits([pair])[0], row)


def test_doubt_is_put_in_words() -> None:
    shares = {"aligned": 0.58, "partial": 0.1, "opposed": 0.2, "unclear": 0.12}
    assert sureness("unclear", shares) == "aligned 58%, not sure enough"
    assert sureness("opposed", shares) == "20%"
    assert sureness("unclear", shares | {"unclear": 0.7}) == "70%"
