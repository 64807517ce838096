"""Learning curves on invented pairs: what is drawn, what is learned from it, what is reported."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from service.catalogue import load_issues
from service.domain.stance import Stance
from service.evaluation.curves import (
    Labelled,
    Point,
    against,
    along,
    evaluate_curves,
    labelled_pairs,
    sample,
)
from service.evaluation.figures import Figure, Numbers
from service.evaluation.learners import Head, pooled_features, sides_of, vector_features
from service.evaluation.reports import to_tables
from service.stance.training.pairs import OF_PASSAGE, TEST, TUNING, Pair, training_issues
from service.stance.training.passages import Passage
from tests.conftest import PROJECT, ToyEncoder
from tests.tiny_stance import SAID

pytestmark = pytest.mark.slow

KNOWN = [Pair(a, b, label, "test", a) for a, b, label in SAID]
SIDES = [(Stance.ALIGNED, "we support {}"), (Stance.OPPOSED, "we reject {}")]


def labelled(issues: int = 6, passages: int = 4) -> Labelled:
    """Each passage towards a proposition, and towards its contrary."""

    def on(names: range) -> list[Pair]:
        return [
            Pair(f"{asked} thing{n}", f"{said.format(f'thing{n}')} word{m}", label, "test", str(n))
            for n in names
            for m in range(passages)
            for stance, said in [SIDES[m % 2]]
            for asked, label in (("more", stance), ("less", _contrary(stance)))
        ]

    return Labelled(on(range(issues)), on(range(100, 102)), on(range(200, 203)))


def _contrary(stance: Stance) -> Stance:
    return Stance.OPPOSED if stance is Stance.ALIGNED else Stance.ALIGNED


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 6), st.integers(0, 10), st.integers(0, 7), st.integers())
def test_a_sample_has_whole_passages_of_so_many_issues(
    issues: int, passages: int, wanted: int, each: int, seed: int
) -> None:
    training = labelled(issues, passages).training
    drawn = sample(training, wanted or None, each or None, random.Random(seed))
    assert len(set(drawn.tolist())) == len(drawn)
    found = defaultdict(set)
    for row in drawn:
        found[training[row].subject].add(training[row].b)
    assert len(found) == min(wanted or issues, issues)
    assert {len(texts) for texts in found.values()} == {min(each or passages, passages)}
    # Both pairs of each passage.
    assert len(drawn) == 2 * sum(len(texts) for texts in found.values())


def test_a_row_has_the_mean_of_its_samples_and_what_it_gained() -> None:
    made = labelled(passages=6)
    truth = sides_of(made.test)

    def learner(rows: Numbers) -> Numbers:
        """Right on as many test pairs as it was shown pairs."""
        return np.where(np.arange(len(truth)) < len(rows), truth, 0)

    points = [
        Point(1, None, [np.arange(4), np.arange(10)]),
        Point(None, None, [np.arange(len(truth))]),
    ]
    report = along(learner, points, made, draws=20)
    each = [f1_score(truth, learner(rows), average="macro") for rows in points[0].samples]
    first, last = report.values()
    assert list(report) == ["1 issues, all passages", "all issues, all passages"]
    assert first["macro_f1"].value == pytest.approx(np.mean(each))
    assert [first["lowest_sample"], first["highest_sample"]] == pytest.approx(sorted(each))
    assert first["pairs"] == 7
    assert "over_the_row_above" not in first
    assert last["macro_f1"] == Figure(1.0, 1.0, 1.0)
    gain = last["over_the_row_above"]
    assert gain.value == pytest.approx(1 - np.mean(each))
    assert 0 < gain.low <= gain.value <= gain.high


def test_two_ways_to_spend_labels_are_compared() -> None:
    made = labelled(passages=6)
    truth = sides_of(made.test)
    few, many = Point(5, None, [np.arange(3)]), Point(None, 1, [np.arange(7), np.arange(9)])

    def learner(rows: Numbers) -> Numbers:
        return truth if len(rows) > 3 else np.zeros_like(truth)

    report = against(learner, [few, many], [many, many], made, draws=20)
    first, same = report.values()
    assert next(iter(report)) == "5 issues, all passages or all issues, 1 passages"
    assert (first["pairs"], first["or_pairs"]) == (3, 8)
    zeros = f1_score(truth, np.zeros_like(truth), average="macro")
    assert first["second_over_first"].value == pytest.approx(1 - zeros)
    assert same["second_over_first"] == Figure(0.0, 0.0, 0.0)


def test_a_head_takes_the_strength_that_is_best_on_the_tuning_issues() -> None:
    rng = np.random.default_rng(1)
    sides = np.repeat([0, 1, 2], [60, 20, 10])  # too strong, and all is the commonest
    features = (np.eye(3)[sides] + rng.normal(0, 0.1, (90, 3))).astype(np.float32)
    head = Head((features, sides), (features, sides), features, strengths=(1e-4, 1.0))
    assert head.strength == 1.0
    assert f1_score(sides, head(np.arange(90)), average="macro") > 0.95
    # What it wasn't shown it doesn't know.
    assert set(head(np.arange(80)).tolist()) == {0, 1}


def test_vector_features_are_those_of_both_texts(toy: ToyEncoder) -> None:
    pairs = KNOWN[:5]
    found = vector_features(toy, pairs)
    assert toy.encoded == len({text for pair in pairs for text in (pair.a, pair.b)})
    for pair, row in zip(pairs, found, strict=True):
        u, v = toy.encode([pair.a, pair.b])
        assert row == pytest.approx(np.concatenate([u, v, abs(u - v), u * v]))


def test_pooled_features_hold_what_the_model_learned(stance_folder: Path) -> None:
    found = pooled_features(stance_folder, KNOWN)
    assert found.shape == (len(KNOWN), 32)
    assert (pooled_features(stance_folder, KNOWN[3:4]) == found[3]).all()
    sides = sides_of(KNOWN)
    # Read from three things, told of the other three.
    few = np.arange(len(KNOWN) // 2)
    head = Head((found, sides), (found, sides), found)
    assert f1_score(sides, head(few), average="macro") > 0.9


def test_all_curves_of_a_small_set(toy: ToyEncoder, stance_folder: Path, tmp_path: Path) -> None:
    made = labelled()
    blocks = evaluate_curves(made, [toy], stance_folder, tmp_path, draws=20)
    assert len(blocks) == 6
    for block in (*blocks[:2], *blocks[3:5]):
        assert list(block.rows)[-1] == "all issues, all passages"
        assert block.rows["all issues, all passages"]["pairs"] == len(made.training)
    assert blocks[0].rows["5 issues, all passages"]["pairs"] == 5 * 4 * 2
    assert blocks[1].rows["all issues, 2 passages"]["pairs"] == 6 * 2 * 2
    spent = toy.encoded
    again = evaluate_curves(made, [toy], stance_folder, tmp_path, draws=20)
    assert to_tables(again) == to_tables(blocks)
    assert toy.encoded == spent  # the features were kept


def test_what_is_learned_from_is_not_what_is_tested() -> None:
    issues = load_issues(PROJECT / "data")
    said = [
        Passage(issue.id, "FRA_70_2015", f"we spoke of {issue.id}: {label}", label)
        for issue in issues
        for label in OF_PASSAGE
    ]
    twice = [Passage(issue, "FRA_70_2015", "once for all", "favor") for issue in ("D01", "U01")]
    differing = Passage("D02", "FRA_70_2015", "readers differ", "favor", "against")
    found = labelled_pairs([*said, *twice, differing], issues)
    assert {pair.subject for pair in found.test} == TEST
    assert {pair.subject for pair in found.tuning} == TUNING
    assert {pair.subject for pair in found.training} == training_issues(issues) >= {"U01"}
    assert [pair.subject for pair in found.pairs if pair.b == "once for all"] == ["D01"]
    assert "readers differ" not in {pair.b for pair in found.pairs}
    # The contrary of what is partly held says nothing: the others are asked both ways.
    assert len(found.training) == len(training_issues(issues)) * (2 * len(OF_PASSAGE) - 1)
    assert len(found.test) == len(TEST) * len(OF_PASSAGE) + 1
