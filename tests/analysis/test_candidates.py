"""Which claims are judged on an issue, against brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis import candidates as module
from service.analysis.candidates import (
    AT_LEAST,
    OF_ONE,
    ONE_IN,
    WORDS,
    candidates,
    candidates_within,
    words_in_common,
)
from service.comparison import Comparator
from service.domain.dates import PartialDate
from service.domain.issues import Issue
from service.domain.questions import Question
from service.retrieval.filters import allowed_rows
from service.retrieval.levels import ON_POINT_PERCENTILE
from service.retrieval.library import query_words


@given(
    share=st.floats(0.02, 1.0),
    level=st.floats(-1.0, 0.9),
    seed=st.integers(0, 10_000),
    number=st.integers(0, 100),
)
def test_candidates_are_the_first_of_all_and_of_each(
    bundled: Comparator, share: float, level: float, seed: int, number: int
) -> None:
    generation, rng = bundled.generation, np.random.default_rng(seed)
    columns, issue = generation.columns, list(bundled.issues)[number]
    mask = rng.random(len(columns)) < share
    nearness = rng.random(len(columns)).astype(np.float32) * 2 - 1 + np.float32(level)
    found = candidates(generation, issue, nearness, mask)
    rank_by = nearness + words_in_common(generation, issue)
    rows = sorted(np.flatnonzero(mask).tolist(), key=lambda row: (-rank_by[row], row))
    expected = set(rows[: max(AT_LEAST, len(rows) // ONE_IN)])
    near = [row for row in rows if nearness[row] >= generation.similarity_at(ON_POINT_PERCENTILE)]
    for state in range(len(columns.states)):
        expected |= {*[row for row in near if columns.state[row] == state][:OF_ONE]}
    assert found.tolist() == sorted(expected)


def test_a_claim_gains_by_words_of_either_side(bundled: Comparator) -> None:
    generation = bundled.generation
    said = generation.library.texts(range(len(generation.columns)))
    issue = Issue("X1", said[3], said[40])
    gained = words_in_common(generation, issue)
    assert gained.min() == 0
    assert gained.max() <= WORDS + 1e-6
    assert gained[3] == gained[40] == np.float32(WORDS)  # who says it has the most in common
    alone = words_in_common(generation, Issue("X2", said[3], ""))
    assert np.all(alone <= gained)
    assert gained[40] > alone[40]


def test_where_no_word_is_in_common_nothing_is_gained(bundled: Comparator) -> None:
    assert not words_in_common(bundled.generation, Issue("X3", "zyxwvut", "the of and")).any()
    assert query_words("the of and") == []


@settings(deadline=None, max_examples=25)
@given(
    number=st.integers(0, 100),
    first=st.integers(1990, 2015),
    states=st.sampled_from(["", "CHN", "FRA,BRA"]),
)
def test_what_is_judged_within_filters_is_found_once(
    bundled: Comparator, number: int, first: int, states: str
) -> None:
    """Whatever is asked, and whoever is asked for."""
    generation, blocs = bundled.generation, bundled.catalogue.blocs
    issue = list(bundled.issues)[number]
    sides = bundled.contraries.on(issue.id)
    asked = Question(text="x", parts=(), earliest=PartialDate(str(first)))
    pool = allowed_rows(asked, generation, blocs, ())
    nearness = np.maximum(*(generation.index.scores(s, pool) for s in (sides.holds, sides.denies)))
    expected = candidates(generation, issue, nearness, pool)
    generation.candidates.clear()
    narrowed = replace(asked, text="y", states=tuple(states.split(",")) if states else ())
    found = candidates_within(narrowed, generation, blocs, issue, sides)
    assert found.tolist() == expected.tolist()
    assert candidates_within(asked, generation, blocs, issue, sides) is found
    later = replace(asked, earliest=PartialDate(str(first + 5)))
    assert candidates_within(later, generation, blocs, issue, sides) is not found


def test_only_so_many_are_remembered(bundled: Comparator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 3)
    generation, blocs = bundled.generation, bundled.catalogue.blocs
    for issue in list(bundled.issues)[:7]:
        sides = bundled.contraries.on(issue.id)
        candidates_within(Question(text="x", parts=()), generation, blocs, issue, sides)
        assert 0 < len(generation.candidates) <= 3
