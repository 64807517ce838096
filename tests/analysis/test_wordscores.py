"""Wordscores against the example that its authors published, and against its sums one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from service.analysis.wordscores import lbg, mv, wordscores

# Laver, Benoit and Garry (2003), table 1: each text of 1,000 words has these counts of 17 words of
# 37, beginning with the one named by its place.
COUNTS = (2, 3, 10, 22, 45, 78, 115, 146, 158, 146, 115, 78, 45, 22, 10, 3, 2)
BEGIN = {"R1": 0, "R2": 5, "R3": 10, "R4": 15, "R5": 20, "V1": 7}
PLACES = [-1.5, -0.75, 0.0, 0.75, 1.5]


@pytest.fixture
def example() -> csr_matrix:
    table = np.zeros((6, 37), np.int64)
    for row, begin in enumerate(BEGIN.values()):
        table[row, begin : begin + 17] = COUNTS
    return csr_matrix(table)


def test_the_published_example(example: csr_matrix) -> None:
    found = wordscores(example, range(5), PLACES)
    assert found.raw[5] == pytest.approx(-0.448, abs=5e-4)
    assert found.se[5] == pytest.approx(0.012, abs=5e-4)
    assert np.isnan(found.lbg).all()  # a single text has no spread
    # As quanteda has it, to two places.
    assert found.mv[5] == pytest.approx(-0.51, abs=5e-3)
    assert lbg(found.raw, found.raw, np.array(PLACES))[5] == pytest.approx(-0.53, abs=5e-3)
    assert found.mv[[0, 4]] == pytest.approx([-1.5, 1.5])


def test_sums_word_by_word() -> None:
    random = np.random.default_rng(3)
    table = random.poisson(1.5, (9, 40))
    table[:4, 30:] = 0  # words that no reference text has
    references, values = [3, 0, 2], [2.0, -1.0, 2.0]
    found = wordscores(csr_matrix(table), references, values)
    shares = {text: table[text] / table[text].sum() for text in references}
    scores = {}
    for word in range(40):
        of_all = sum(shares[text][word] for text in references)
        if of_all:
            scores[word] = sum(
                shares[text][word] / of_all * value
                for text, value in zip(references, values, strict=True)
            )
    for text in range(9):
        words = [word for word in scores for _ in range(table[text, word])]
        mean = np.mean([scores[word] for word in words])
        assert found.raw[text] == pytest.approx(mean)
        spread = np.mean([(scores[word] - mean) ** 2 for word in words])
        assert found.se[text] == pytest.approx(np.sqrt(spread / len(words)))
    virgin = found.raw[[1, 4, 5, 6, 7, 8]]
    rescaled = found.lbg[[1, 4, 5, 6, 7, 8]]
    assert rescaled.mean() == pytest.approx(virgin.mean())
    assert rescaled.std(ddof=1) == pytest.approx(np.std(values, ddof=1))
    assert found.mv[0] == pytest.approx(-1.0)
    assert np.mean(found.mv[[2, 3]]) == pytest.approx(2.0)  # both are the highest reference


def test_what_shares_no_word_has_no_score() -> None:
    table = csr_matrix(np.array([[4, 1, 0], [1, 4, 0], [0, 0, 7], [2, 2, 1], [1, 3, 0]]))
    found = wordscores(table, [0, 1], [-1.0, 1.0])
    for part in (found.raw, found.se, found.lbg, found.mv):
        assert np.isnan(part).tolist() == [False, False, True, False, False]
    assert found.raw[3] == pytest.approx(0.0)


def test_no_rescaling_without_a_spread() -> None:
    raw = np.array([0.1, 0.1, 0.1])
    assert np.isnan(mv(raw, raw[:2], np.array([-1.0, 1.0]))).all()
    assert np.isnan(lbg(raw, raw[1:], np.array([-1.0, 1.0]))).all()
