from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalogue import load_topics
from service.corpus.tagging import TopicTagger
from service.evaluation.check_labels import check_labels, micro
from service.evaluation.labels import read_labels
from tests.conftest import PROJECT

SETS = st.frozensets(st.sampled_from("abcd"))


@given(st.lists(st.tuples(SETS, SETS), max_size=20))
def test_micro_counts_pairs_of_sentence_and_topic(
    pairs: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    truth = [(i, t) for i, (right, _) in enumerate(pairs) for t in right]
    guess = [(i, t) for i, (_, found) in enumerate(pairs) for t in found]
    both = set(truth) & set(guess)
    figures = micro((right, found) for right, found in pairs)
    assert figures["precision"] == round(len(both) / (len(guess) or 1), 3)
    assert figures["recall"] == round(len(both) / (len(truth) or 1), 3)
    assert figures["f1"] == pytest.approx(2 * len(both) / (len(truth) + len(guess) or 1), abs=6e-4)


@pytest.mark.slow
def test_labels_are_enough_and_told_apart(ungdc: Path) -> None:
    topics = set(load_topics(PROJECT / "data").ids)
    labelled = list(read_labels(PROJECT / "data", ungdc))
    assert len(labelled) >= 400
    assert all(s.topics <= topics for s in labelled)
    report = check_labels(labelled, TopicTagger.load(PROJECT / "data"))
    assert report["read_twice"] >= len(labelled) / 4
    assert report["kinds_agreed"] >= 0.85
    # What it is today, so that a change of cues that makes topics worse is seen.
    assert report["topics_held-out"]["f1"] >= 0.66
