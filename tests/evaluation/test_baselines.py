"""Baselines against brute force on hand-made pairs."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.stance import STANCES, Stance
from service.evaluation.baselines import (
    Closeness,
    Cosine,
    bm25,
    closenesses,
    fit_bands,
    fitted,
    majority,
    tf_idf,
)
from service.evaluation.figures import macro_f1
from service.stance.training.pairs import Pair
from tests.conftest import ToyEncoder

ALIGNED, PARTIAL, OPPOSED, UNCLEAR = range(4)
TEXTS = [
    ("the veto must go", "we want the veto to go, and the veto must go soon"),
    ("the veto must go", "the debt of the poor must be cancelled"),
    ("the veto must go", "peace"),
    ("cancel the debt", "the debt of the poor must be cancelled"),
    ("veto veto debt", "peace"),
]


def pair(a: str, b: str, label: Stance = Stance.ALIGNED) -> Pair:
    return Pair(a, b, label, "test", "subject")


PAIRS = [pair(a, b) for a, b in TEXTS]


def words(text: str) -> list[str]:
    return re.findall(r"\b\w\w+\b", text)


def test_bm25_by_hand() -> None:
    passages = list(dict.fromkeys(b for _, b in TEXTS))
    mean = sum(len(words(p)) for p in passages) / len(passages)

    def score(query: str, text: str) -> float:
        counts, total = Counter(words(text)), 0.0
        for word in set(words(query)):
            holding = sum(word in words(p) for p in passages)
            idf = math.log(1 + (len(passages) - holding + 0.5) / (holding + 0.5))
            norm = 1.2 * (1 - 0.75 + 0.75 * len(words(text)) / mean)
            total += idf * counts[word] * 2.2 / (counts[word] + norm)
        return total

    expected = [score(a, b) / score(a, a) for a, b in TEXTS]
    assert bm25(PAIRS) == pytest.approx(expected)
    assert bm25(PAIRS)[2] == 0.0
    assert bm25([pair("?", "the veto")]).tolist() == [0.0]


def test_tf_idf_by_hand() -> None:
    passages = list(dict.fromkeys(b for _, b in TEXTS))
    known = {word for p in passages for word in words(p)}

    def weight(word: str) -> float:
        return math.log((1 + len(passages)) / (1 + sum(word in words(p) for p in passages))) + 1

    def vector(text: str) -> dict[str, float]:
        found = {
            word: n * weight(word)
            for word, n in Counter(words(text)).items()
            if word in known
        }  # fmt: skip
        length = math.sqrt(sum(x * x for x in found.values())) or 1.0
        return {word: x / length for word, x in found.items()}

    expected = [
        sum(x * vector(b).get(word, 0.0) for word, x in vector(a).items()) for a, b in TEXTS
    ]
    assert tf_idf(PAIRS) == pytest.approx(expected)


def test_cosine_is_the_encoders_and_encodes_a_text_once(toy: ToyEncoder) -> None:
    cosine = Cosine(toy)
    expected = [float(np.dot(*toy.encode([a, b]))) for a, b in TEXTS]
    toy.encoded = 0
    assert cosine(PAIRS) == pytest.approx(expected, abs=1e-6)
    assert cosine(PAIRS[:2]) == pytest.approx(expected[:2], abs=1e-6)
    assert toy.encoded == len({text for texts in TEXTS for text in texts})
    assert list(closenesses([toy])) == ["BM25", "TF-IDF cosine", "cosine toy"]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from([OPPOSED, PARTIAL, ALIGNED])),
        min_size=3,
        max_size=14,
    )
)
def test_bands_are_the_best_of_all(rows: list[tuple[int, int]]) -> None:
    classes = (OPPOSED, PARTIAL, ALIGNED)
    scores = np.array([score / 10 for score, _ in rows])
    truth = np.array([label for _, label in rows])

    def f1(guess: list[int]) -> float:
        per_class = []
        for c in classes:
            size = (truth == c).sum() + guess.count(c)
            hits = sum(g == c == t for g, t in zip(guess, truth, strict=True))
            per_class.append(2 * hits / size if size else 0.0)
        return sum(per_class) / len(classes)

    cuts = [*sorted(set(scores.tolist())), math.inf]
    best = max(
        f1([order[int(score >= low) + int(score >= high)] for score in scores])
        for low, high in itertools.combinations_with_replacement(cuts, 2)
        for order in itertools.permutations(classes)
    )
    found = fit_bands(scores, truth, classes)
    assert f1(found.of(scores).tolist()) == pytest.approx(best)
    assert sorted(found.classes) == sorted(classes)


def test_what_is_near_may_be_opposed() -> None:
    scores = np.array([0.1, 0.2, 0.5, 0.6, 0.8, 0.9])
    truth = np.array([PARTIAL, PARTIAL, ALIGNED, ALIGNED, OPPOSED, OPPOSED])
    bands = fit_bands(scores, truth, (OPPOSED, PARTIAL, ALIGNED))
    assert bands.classes == (PARTIAL, ALIGNED, OPPOSED)
    assert bands.of(np.array([0.15, 0.55, 2.0])).tolist() == [PARTIAL, ALIGNED, OPPOSED]


def length_of_b(pairs: list[Pair]) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([float(len(p.b)) for p in pairs])


def test_cuts_come_from_the_tuning_pairs_alone() -> None:
    closeness: Closeness = length_of_b  # type: ignore[assignment]
    tuning = [
        pair("a", "b" * length, label)
        for label, lengths in (
            (Stance.OPPOSED, (1, 2)), (Stance.UNCLEAR, (10, 11)), (Stance.PARTIAL, (12, 13)),
            (Stance.ALIGNED, (20, 21)),
        )
        for length in lengths
    ]  # fmt: skip
    judge = fitted(closeness, tuning)
    lengths = [1, 9, 10, 19, 20, 40]
    # Labels that say the contrary of the tuning pairs change nothing.
    asked = [pair("a", "b" * n, Stance.OPPOSED if n > 15 else Stance.ALIGNED) for n in lengths]
    judged = judge(asked)
    assert judged.stances.tolist() == [OPPOSED, OPPOSED, UNCLEAR, UNCLEAR, ALIGNED, ALIGNED]
    assert judged.opposed.tolist() == [True, True, True, True, False, False]
    assert judged.probabilities is None
    own = fitted(closeness, asked)(asked)
    assert own.stances.tolist() != judged.stances.tolist()


def test_the_majority_is_the_best_constant() -> None:
    labels = [Stance.PARTIAL, Stance.UNCLEAR, Stance.ALIGNED, Stance.OPPOSED, Stance.OPPOSED]
    judged = majority([pair("a", "b", label) for label in labels])
    # Two of neither, two opposed: the first counts; of the two sides, opposed.
    assert set(judged.stances.tolist()) == {UNCLEAR}
    assert judged.opposed.all()
    more = [*labels, Stance.OPPOSED]
    assert set(majority([pair("a", "b", label) for label in more]).stances.tolist()) == {OPPOSED}
    truth = np.array([1, 1, 0, 2, 2, 2])
    best = max(macro_f1(truth, np.full(6, constant)) for constant in range(3))
    assert macro_f1(truth, np.full(6, STANCES.index(Stance.OPPOSED))) == best
