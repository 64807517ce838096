"""The figures and baselines of `evaluate topics` and `evaluate positions`."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.corpus.tagging import TopicTagger
from service.domain.statements import Kind
from service.domain.topics import Taxonomy, Topic
from service.evaluation.kinds import demands
from service.evaluation.kinds import figures as position_figures
from service.evaluation.labels import LabelledSentence
from service.evaluation.topics import (
    best_cut,
    commonest,
    evaluate_topics,
    figures,
    macro,
    named,
    nearest,
)
from tests.conftest import ToyEncoder

TAXONOMY = Taxonomy(
    [
        Topic("veto", "Right of veto", "Five states' veto.", ("permanent veto",), ("No veto.",)),
        Topic("debt", "Debt relief", "What poor states owe.", ("debts",), ("Cancel the debt.",)),
    ]
)  # fmt: skip
ANSWERS = list(itertools.product([(1, 1, 0, 0), (1, 0, 0, 0)], repeat=2))
SETS = st.frozensets(st.sampled_from("abc"))


def sentence(text: str, topics: str, split: str, document: str) -> LabelledSentence:
    return LabelledSentence(
        document, 0, len(text), text, Kind.POSITION, frozenset(topics.split()), split
    )


SENTENCES = [
    sentence("No veto.", "veto", "tuning", "A"),
    sentence("Cancel the debt.", "debt", "tuning", "A"),
    sentence("The permanent veto must go.", "veto", "tuning", "B"),
    sentence("Good morning friends.", "", "tuning", "C"),
    sentence("No veto.", "veto", "held-out", "D"),
    sentence("We speak of debts and of the right of veto.", "debt veto", "held-out", "E"),
    sentence("Good morning friends.", "", "held-out", "E"),
]


@settings(max_examples=40)
@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=12))
def test_macro_is_the_mean_over_topics(
    pairs: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    per_topic = []
    for topic in "abc":
        hits = sum(topic in t and topic in g for t, g in pairs)
        missed = sum((topic in t) != (topic in g) for t, g in pairs)
        if hits or missed:
            per_topic.append(2 * hits / (2 * hits + missed))
    expected = sum(per_topic) / len(per_topic) if per_topic else float("nan")
    assert macro(pairs) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=12).filter(
        lambda cells: len(cells) % 2 == 0
    )
)
def test_the_cut_is_the_best_of_all(cells: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in cells], np.float32).reshape(-1, 2)
    truth = np.array([true for _, true in cells]).reshape(-1, 2)

    def f1(least: float) -> float:
        guess = scores >= least
        return float(2 * (guess & truth).sum() / (guess.sum() + truth.sum()))

    assert f1(best_cut(scores, truth)) == pytest.approx(max(map(f1, np.unique(scores))))


def test_names_and_synonyms_count_word_for_word() -> None:
    assert named("The RIGHT of veto, and debts.", TAXONOMY) == {"veto", "debt"}
    assert named("Vetoes, indebted, a debt that no relief meets", TAXONOMY) == frozenset()


def test_baselines_learn_from_the_tuning_sentences_alone(toy: ToyEncoder) -> None:
    tuning = [s for s in SENTENCES if s.split == "tuning"]
    assert commonest(tuning)(["x", "y"]) == [{"veto"}, {"veto"}]
    tag = nearest(tuning, TAXONOMY, toy)
    # What is worded as an example is found; a greeting is nothing.
    assert tag(["No veto.", "Cancel the debt.", "Good morning friends."]) == [
        {"veto"}, {"debt"}, frozenset(),
    ]  # fmt: skip


def test_topics_are_measured_on_held_out_sentences(toy: ToyEncoder) -> None:
    tagger = TopicTagger({"veto": ["veto"], "debt": ["debt relief"]}, {"debt": []}, {})
    (block,) = evaluate_topics(SENTENCES, tagger, TAXONOMY, toy, draws=20)
    assert list(block.rows) == ["model", "majority", "names as keywords", "cosine toy"]
    model = block.rows["model"]
    # Labelled: veto, veto and debt; found: veto twice.
    assert model["micro_precision"].value == 1.0
    assert model["micro_recall"].value == pytest.approx(2 / 3, abs=1e-3)
    assert model["macro_f1"].value == 0.5
    assert block.rows["names as keywords"]["micro_recall"].value == pytest.approx(2 / 3, abs=1e-3)
    assert block.rows["majority"]["micro_f1"].value == pytest.approx(2 * 2 / 6, abs=1e-3)


def test_intervals_draw_whole_documents() -> None:
    right, wrong = frozenset("a"), frozenset("b")
    found = figures([right] * 4, [right, right, wrong, wrong], np.array(list("xxyy")))["micro_f1"]
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize(("guess", "truth"), ANSWERS)
def test_position_figures_by_hand(guess: tuple[int, ...], truth: tuple[int, ...]) -> None:
    report = position_figures(
        np.array(truth, bool), np.array(guess, bool), np.array(list("abcd")), draws=10
    )
    hits = sum(a and b for a, b in zip(guess, truth, strict=True))
    assert report["precision"].value == hits / sum(guess)
    assert report["recall"].value == hits / sum(truth)
    assert report["f1"].value == pytest.approx(2 * hits / (sum(guess) + sum(truth)))
    same = sum(a == b for a, b in zip(guess, truth, strict=True))
    assert report["accuracy"].value == same / 4


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("The veto must go.", True), ("We call upon all to act.", True),
        ("My country is calling for peace.", True), ("It needs reform.", True),
        ("We recall the mustard fields.", False), ("The meeting was held in May.", False),
    ],
)  # fmt: skip
def test_words_by_which_something_is_asked_for(text: str, asks: bool) -> None:
    assert demands(text) is asks
