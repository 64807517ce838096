"""The figures of `evaluate stance` against plain reckoning, and its blocks on a real subset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from service.catalogue import load_blocs, load_states
from service.corpus.speakers import load_capitals
from service.domain.stance import STANCES, Stance
from service.evaluation.baselines import Judge, Judged
from service.evaluation.masking import Mask
from service.evaluation.stance import (
    Sets,
    by_device,
    by_issue,
    by_region,
    changes,
    evaluate,
    minimal_pairs,
    three_classes,
    two_classes,
)
from service.stance.training.pairs import Pair
from service.stance.training.passages import Passage
from tests.conftest import PROJECT, ToyEncoder

ALIGNED, PARTIAL, OPPOSED, UNCLEAR = range(4)
DATA = PROJECT / "data"
BLOCS = load_blocs(DATA)


def pair(label: Stance, subject: str, b: str = "b", source: str = "test") -> Pair:
    return Pair(f"a {label}", b, label, source, subject)


def judge_as(guesses: list[int]) -> Judge:
    def judge(pairs: Sequence[Pair]) -> Judged:
        sure = np.full((len(guesses), 4), 0.1)
        sure[np.arange(len(guesses)), guesses] = 0.7
        return Judged(np.array(guesses), sure[:, OPPOSED] > sure[:, ALIGNED], sure)

    return judge


def by_words(pairs: Sequence[Pair]) -> Judged:
    """A judge with an opinion on actors: the Cubans are right, who says no is opposed."""
    guesses = [
        ALIGNED if "Cuba" in p.b else OPPOSED if " no " in p.b else UNCLEAR for p in pairs
    ]  # fmt: skip
    return judge_as(guesses)(pairs)


@settings(max_examples=30)
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

    def expect(figure: str, of: list[int], wrong: int) -> None:
        if of:
            assert report[figure].value == pytest.approx(of.count(wrong) / len(of))

    expect("opposed_called_aligned", [g for t, g in rows if t == OPPOSED], ALIGNED)
    expect("hedged_called_aligned", [g for t, g in rows if t == PARTIAL], ALIGNED)
    expect("sided_left_unclear", [g for t, g in rows if t in (ALIGNED, OPPOSED)], UNCLEAR)
    expect("aligned_are_aligned", [t for t, g in rows if g == ALIGNED], ALIGNED)


def test_without_probabilities_nothing_is_said_of_calibration() -> None:
    pairs = [pair(Stance.ALIGNED, "1"), pair(Stance.OPPOSED, "2")]
    sure = three_classes(judge_as([ALIGNED, OPPOSED]), pairs, draws=2)
    bare = three_classes(lambda p: Judged(np.array([0, 2]), np.array([False, True])), pairs, 2)
    assert set(sure) - set(bare) == {"calibration_error", "brier", "brier_of_base_rates"}


def test_two_classes_take_the_likelier_side() -> None:
    pairs = [pair(Stance.ALIGNED, "1"), pair(Stance.OPPOSED, "2"), pair(Stance.OPPOSED, "3")]
    report = two_classes(judge_as([ALIGNED, OPPOSED, ALIGNED]), pairs)
    assert report["accuracy"].value == pytest.approx(2 / 3)
    assert report["macro_f1"].value == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_minimal_pairs_by_expectation_and_device() -> None:
    labels = [Stance.OPPOSED, Stance.OPPOSED, Stance.ALIGNED, Stance.PARTIAL]
    devices = ["negation", "role-swap", "negation", "hedge"]
    pairs = [
        pair(label, str(i), source=device)
        for i, (label, device) in enumerate(zip(labels, devices, strict=True))
    ]
    judge = judge_as([ALIGNED, OPPOSED, ALIGNED, UNCLEAR])
    report = minimal_pairs(judge, pairs)
    assert {name: figure.value for name, figure in report.items()} == {
        "opposites_not_aligned": 0.5,
        "opposites_opposed": 0.5,
        "paraphrases_aligned": 1.0,
        "hedges_not_aligned": 1.0,
    }
    assert by_device(judge, pairs) == {"negation": 0.5, "role-swap": 1.0, "hedge": 0.0}


def test_figures_by_issue_are_those_of_its_pairs_alone() -> None:
    truth = [Stance.ALIGNED, Stance.OPPOSED, Stance.ALIGNED, Stance.UNCLEAR]
    pairs = [pair(label, issue) for label, issue in zip(truth, "ABAB", strict=True)]
    assert by_issue(judge_as([ALIGNED, OPPOSED, OPPOSED, PARTIAL]), pairs) == {
        "A": {"macro_f1": pytest.approx((2 / 3 + 0) / 2), "pairs": 2},
        "B": {"macro_f1": 1.0, "pairs": 2},
    }


def test_a_states_group_is_that_of_its_time() -> None:
    spoken = [("KEN", 2010), ("FRA", 2010), ("NGA", 2010), ("ISR", 1980), ("ISR", 2010)]
    speakers = [Passage("D01", f"{s}_1_{year}", "text", "favor") for s, year in spoken]
    pairs = [pair(Stance.ALIGNED, "D01") for _ in spoken]
    report = by_region(
        judge_as([ALIGNED, ALIGNED, OPPOSED, ALIGNED, OPPOSED]), pairs, speakers, BLOCS
    )
    sizes = {group: (found["pairs"], found["states"]) for group, found in report.items()}
    assert sizes == {"african-group": (2, 2), "weog": (2, 2), "no regional group": (1, 1)}
    assert report["no regional group"]["macro_f1"].value == 1.0
    african = report["african-group"]["macro_f1"]
    # Kenya is judged right, Nigeria wrong: an interval over states reaches from one to the other.
    assert (african.low, african.high) == (0.0, 1.0)


def test_changed_verdicts_are_counted_among_pairs_that_name_an_actor() -> None:
    pairs = [
        pair(Stance.ALIGNED, "1", "Cuba says yes to that."),
        pair(Stance.OPPOSED, "2", "Ghana says no to that."),
        pair(Stance.UNCLEAR, "3", "Nobody spoke of that."),
    ]
    mask = Mask(load_states(DATA), load_capitals(DATA))
    report = changes(by_words, pairs, mask.pairs(pairs))
    assert report["verdicts_changed"] == 1
    assert report["share_changed"].value == 0.5
    assert changes(by_words, pairs[2:], mask.pairs(pairs[2:])) == {}


def test_every_set_has_the_model_beside_the_baselines(toy: ToyEncoder) -> None:
    said = [
        ("Cuba says yes to the veto of peace.", Stance.ALIGNED, "CUB_65_2010"),
        ("Ghana says no to the veto.", Stance.OPPOSED, "GHA_65_2010"),
        ("Nobody spoke of debt.", Stance.UNCLEAR, "FRA_65_2010"),
        ("Fiji says no to debt relief.", Stance.OPPOSED, "FJI_65_2010"),
    ]
    pairs = [Pair("The veto must go.", b, label, "test", d[:3]) for b, label, d in said]
    tuning = [
        Pair("The debt must go.", b, label, "passage", "T10")
        for b, label in (
            ("The debt must go now.", Stance.ALIGNED), ("No to that.", Stance.OPPOSED),
            ("Climate is grave.", Stance.PARTIAL),
        )
    ]  # fmt: skip
    sets = Sets(
        {"proposition": pairs, "sentences": pairs[:3], "minimal": pairs},
        {"proposition": tuning, "sentences": tuning},
        {b: Passage("D01", document, b, "favor") for b, _, document in said},
    )
    mask = Mask(load_states(DATA), load_capitals(DATA))
    blocks = evaluate(by_words, sets, [p for p in pairs if "Nobody" not in p.b], [toy], mask, BLOCS)
    names = ["model", "majority", "BM25", "TF-IDF cosine", "cosine toy"]
    beside = {block.name: block for block in blocks if "model" in block.rows}
    assert list(beside) == [
        "proposition", "proposition masked", "sentences", "sentences masked", "minimal",
        "minimal by device", "perspectrum",
    ]  # fmt: skip
    assert all(list(block.rows) == names for block in beside.values())
    assert beside["proposition"].rows["model"]["macro_f1"].value == 1.0
    masked = beside["proposition masked"]
    assert masked.about == "4 pairs, 4 issues, 3 name an actor"
    assert masked.rows["model"]["verdicts_changed"] == 1
    assert beside["proposition"].goals()["macro_f1"]["holds"]
    others = {block.name: list(block.rows) for block in blocks if "model" not in block.rows}
    assert others == {
        "proposition by issue": ["CUB", "FJI", "FRA", "GHA"],
        "proposition by speaking state": ["african-group", "asia-pacific-group", "grulac", "weog"],
        "sentences by issue": ["CUB", "FRA", "GHA"],
        "sentences by speaking state": ["african-group", "grulac", "weog"],
    }
