"""The stance model as it is served, on the tiny one of `tests/tiny_stance.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.comparison import Comparator
from service.domain.stance import STANCES, Stance
from service.errors import CatalogueError, InvalidInput
from service.stance.classifier import Calibration, StanceModel
from tests.tiny_stance import SAID

SANCTIONS = "Sanctions decided by the Security Council must be carried out by every State."
PAIRS = [
    ("The veto must be abolished.", "We want the right of veto to disappear from the Charter."),
    ("Debt must be cancelled.", "Whoever borrows must pay back; we see no case for forgiveness."),
    ("Debt must be cancelled.", "The Bank's meeting was held in May."),
    ("No state may host foreign bases.", "Once the war has ended, foreign bases must be closed."),
]


@pytest.fixture(scope="module")
def folder(stance_folder: Path) -> Path:
    return stance_folder


@pytest.fixture(scope="module")
def model(folder: Path) -> StanceModel:
    return StanceModel(folder)


def test_a_pair_has_the_same_figures_alone_and_in_a_batch(model: StanceModel) -> None:
    together = model.logits(PAIRS)
    for pair, row in zip(PAIRS, together, strict=True):
        assert np.array_equal(model.logits([pair])[0], row)
    assert np.array_equal(model.logits(PAIRS[::-1])[::-1], together)


def test_probabilities_are_probabilities(model: StanceModel) -> None:
    found = model.probabilities(PAIRS)
    assert found.shape == (len(PAIRS), len(STANCES))
    assert np.allclose(found.sum(axis=1), 1)
    assert model.probabilities([]).shape == (0, len(STANCES))


def test_it_learned_what_it_was_taught(model: StanceModel) -> None:
    """Training, quantisation, calibration and serving in one line."""
    verdicts = model.judge([(a, b) for a, b, _ in SAID])
    assert [verdict.stance for verdict in verdicts] == [label for *_, label in SAID]


def test_what_was_judged_is_remembered(model: StanceModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = model.judge(PAIRS)
    monkeypatch.setattr(model, "logits", None)  # not asked again
    assert model.judge([*PAIRS, PAIRS[0]]) == [*first, first[0]]


def test_another_file_than_the_trained_one_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(CatalogueError, match=r"tokenizer\.json"):
        StanceModel(copy)
    shutil.rmtree(copy)
    with pytest.raises(CatalogueError, match="can't be read"):
        StanceModel(copy)


def test_answers_carry_stances_where_a_model_is_set(folder: Path, bundled: Comparator) -> None:
    """Similarity, percentile and words are the same with and without a judgement beside them."""
    settings = bundled.settings.model_copy(update={"stance_model": folder})
    judging = Comparator(settings)
    asked = {"exclude": ["CHN"], "limit": 10, "per_state": 2}
    plain = bundled.search(SANCTIONS, **asked).to_dict()
    assert "stance_model" not in plain
    assert "stance" not in plain["results"][0] | plain["results"][0]["hits"][0]
    answer = judging.search(SANCTIONS, stance="on", **asked).to_dict()
    assert answer["stance_model"] == judging.stance_model.name
    order = [STANCES.index(Stance(group["stance"])) for group in answer["results"]]
    assert order == sorted(order)
    for group in answer["results"]:
        assert group["stance"] == group["hits"][0]["stance"]
        for hit in group["hits"]:
            (alone,) = judging.stance_model.judge([(SANCTIONS, hit["text"])])
            if hit["percentile"] > 99.05:
                assert hit["probabilities"] == alone.to_dict()
            elif hit["probabilities"] is None:  # nearer to no contrary either
                assert hit["stance"] == "unclear"
            expected = bundled.generation.percentile(hit["similarity"])
            assert hit["percentile"] == pytest.approx(expected, abs=0.01)
    only = judging.search(SANCTIONS, stance=["partial", "unclear"], **asked).to_dict()
    assert {group["stance"] for group in only["results"]} <= {"partial", "unclear"}
    assert len(judging.search(SANCTIONS, stance="on", limit=1000).results) == 196


def test_without_a_model_a_stance_is_refused(bundled: Comparator) -> None:
    for value in ("on", "aligned", ["opposed", "partial"]):
        with pytest.raises(InvalidInput, match="CONCORD_STANCE_MODEL") as refused:
            bundled.search(SANCTIONS, stance=value)
        assert refused.value.field == "stance"
    with pytest.raises(InvalidInput, match="none of aligned"):
        bundled.search(SANCTIONS, stance="agreeing")
    assert bundled.search(SANCTIONS, stance="off") == bundled.search(SANCTIONS)


LOGITS = arrays(np.float32, (5, 4), elements=st.floats(-8, 8, width=32))


@given(LOGITS, st.floats(0.5, 3), st.floats(0.3, 0.9), st.floats(0.3, 0.9), st.floats(0, 1))
def test_verdicts_follow_the_thresholds(
    logits: np.ndarray,  # type: ignore[type-arg]
    temperature: float,
    aligned: float,
    opposed: float,
    doubt: float,
) -> None:
    least = {"aligned": aligned, "opposed": opposed}
    calibration = Calibration(temperature, [0] * 4, least, doubt)
    found = calibration.probabilities(logits)
    expected = np.exp(logits.astype(float) / temperature)
    assert np.allclose(found, expected / expected.sum(axis=1, keepdims=True))
    for row in found:
        verdict = calibration.verdict(row)
        a, p, o, u = row
        if verdict.stance is Stance.ALIGNED:
            assert a >= aligned
            assert a > o
            assert o <= doubt
        elif verdict.stance is Stance.OPPOSED:
            assert o >= opposed
            assert o >= a
        else:
            assert not (a >= aligned and a > o and o <= doubt)
            assert not (o >= opposed and o >= a)
            assert (verdict.stance is Stance.PARTIAL) == (p >= u and p >= o)


def test_what_a_search_found_is_aligned_only_where_that_is_surer() -> None:
    calibration = Calibration(1.0, [0.0] * 4, {"aligned": 0.4, "opposed": 0.4}, 1.0, 0.7)
    rows = ((0.5, 0.3, 0.0, 0.2), (0.5, 0.1, 0.1, 0.3), (0.8, 0.1, 0.0, 0.1), (0.1, 0.2, 0.5, 0.2))
    judged = [calibration.verdict(np.array(row)) for row in rows]
    assert [v.stance.value for v in judged] == ["aligned", "aligned", "aligned", "opposed"]
    found = [calibration.found(verdict) for verdict in judged]
    assert [v.stance.value for v in found] == ["partial", "unclear", "aligned", "opposed"]
    assert [v.probabilities for v in found] == [v.probabilities for v in judged]


def test_what_a_search_found_is_partial_only_with_little_doubt() -> None:
    calibration = Calibration(1.0, [0.0] * 4, {"aligned": 0.4, "opposed": 0.4}, 0.2, 0.7)
    rows = ((0.1, 0.5, 0.2, 0.2), (0.1, 0.4, 0.3, 0.2), (0.41, 0.3, 0.19, 0.1))
    judged = [calibration.verdict(np.array(row)) for row in rows]
    assert [v.stance.value for v in judged] == ["partial", "partial", "aligned"]
    found = [calibration.found(verdict) for verdict in judged]
    assert [v.stance.value for v in found] == ["partial", "unclear", "partial"]
    assert [v.probabilities for v in found] == [v.probabilities for v in judged]
