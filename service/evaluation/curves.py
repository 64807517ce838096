"""`evaluate curves`: how well stance is told on unseen issues, by how much was labelled.

Two curves a learner: over the number of training issues, with all their passages; and over the
passages of an issue, with all issues. Their sizes go in pairs with about as many labels (10 issues
with all their passages, 2 passages of each of all issues), which are compared row by row.
What is learned from are the labelled passages as training sees them, towards a proposition and
towards its contrary; what is tested is `evaluate stance`'s set of propositions, in three classes.
The learner is a head on frozen features (`service.evaluation.learners`), not the served model's
training: it tells where a curve climbs, not how high that training would get.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from service.domain.issues import Issues
from service.evaluation.figures import DRAWS, SEED, Numbers, Reckon, bootstrap, macro_f1
from service.evaluation.learners import (
    Features,
    Head,
    Kept,
    Learner,
    pooled_features,
    sides_of,
    vector_features,
)
from service.evaluation.reports import Block
from service.evaluation.stance import towards
from service.retrieval.encoder import Encoder
from service.stance.classifier import StanceModel
from service.stance.training.pairs import (
    TEST,
    TUNING,
    Pair,
    passage_pairs,
    training_issues,
    unseen,
)
from service.stance.training.passages import Passage

ISSUES, PASSAGES, SAMPLES = (5, 10, 20, 40, 80), (1, 2, 4, 8, 16), 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pairs of proposition and passage, on issues of their own each."""

    training: Sequence[Pair]
    tuning: Sequence[Pair]
    test: Sequence[Pair]

    @property
    def pairs(self) -> list[Pair]:
        """All of them, in the order of the fields."""
        return [*self.training, *self.tuning, *self.test]


@dataclass(frozen=True, slots=True)
class Point:
    """Of a curve: `samples` are rows of the training pairs; None is all there is."""

    issues: int | None
    passages: int | None
    samples: Sequence[Numbers]


def labelled_pairs(passages: Sequence[Passage], issues: Issues) -> Labelled:
    """As a round of training has them (`passage_pairs`), and as `evaluate stance` tests them: of
    passages read twice, those on which both readers agree, and none whose words are tested too."""
    agreed = [p for p in passages if p.second_label in (None, p.label)]
    kept, wanted = unseen(agreed), training_issues(issues)
    return Labelled(
        list(passage_pairs(kept, issues, wanted, random.Random(SEED))),
        towards([p for p in kept if p.issue in TUNING], issues),
        towards([p for p in kept if p.issue in TEST], issues),
    )


def evaluate_curves(
    labelled: Labelled,
    encoders: Sequence[Encoder],
    stance_model: Path | None,
    work: Path | None = None,
    draws: int = DRAWS,
) -> list[Block]:
    """A head on each of `encoders`' vectors, and on the features of the trained stance model in the
    folder `stance_model`. `work` keeps features; `draws` are the bootstrap's."""
    kept, pairs = Kept(work), labelled.pairs
    blocks = []
    for encoder in encoders:
        vectors = kept(
            "vectors", [encoder.fingerprint, pairs], partial(vector_features, encoder, pairs)
        )
        blocks += _blocks(f"a head on {encoder.name}", head(labelled, vectors), labelled, draws)
    if stance_model:
        fingerprint = StanceModel(stance_model).fingerprint
        pooled = kept("pooled", [fingerprint, pairs], partial(pooled_features, stance_model, pairs))
        about = "a head on the served model's features, which have seen all of these issues"
        blocks += _blocks(about, head(labelled, pooled), labelled, draws)
    return blocks


def head(labelled: Labelled, features: Features) -> Head:
    """`features` has a row for each of `labelled.pairs`."""
    first, second = len(labelled.training), len(labelled.training) + len(labelled.tuning)
    return Head(
        (features[:first], sides_of(labelled.training)),
        (features[first:second], sides_of(labelled.tuning)),
        features[second:],
    )


def _blocks(name: str, learner: Learner, labelled: Labelled, draws: int) -> list[Block]:
    training, guesses = labelled.training, _remembering(learner)
    issues = [point(training, n, None, SAMPLES) for n in ISSUES]
    passages = [point(training, None, n, SAMPLES) for n in PASSAGES]
    whole = point(training, None, None, 1)
    tables = {
        "over issues": along(guesses, [*issues, whole], labelled, draws),
        "over passages of an issue": along(guesses, [*passages, whole], labelled, draws),
        "fewer issues or fewer passages": against(guesses, issues, passages, labelled, draws),
    }
    about = (
        f"tested on {len(labelled.test)} pairs, {len({p.subject for p in labelled.test})} issues; "
        f"intervals by test issue, samples a row: {SAMPLES}"
    )
    return [Block(f"{name}, {what}", rows, about) for what, rows in tables.items()]


def point(
    training: Sequence[Pair], issues: int | None, passages: int | None, samples: int
) -> Point:
    """Sample n of a point is the same whoever asks for it."""
    rngs = [random.Random(f"{SEED} {issues} {passages} {n}") for n in range(samples)]
    return Point(issues, passages, [sample(training, issues, passages, rng) for rng in rngs])


def sample(
    training: Sequence[Pair], issues: int | None, passages: int | None, rng: random.Random
) -> Numbers:
    """Rows of all pairs on `passages` passages of each of `issues` issues."""
    listed: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, pair in enumerate(training):
        listed[pair.subject][pair.b].append(row)
    found: list[int] = []
    for issue in _some(sorted(listed), issues, rng):
        for text in _some(sorted(listed[issue]), passages, rng):
            found += listed[issue][text]
    return np.array(sorted(found))


def along(
    learner: Learner, points: Sequence[Point], labelled: Labelled, draws: int = DRAWS
) -> dict[str, dict[str, Any]]:
    """A row a point: macro-F1 (the mean over its samples, the lowest and the highest), and what it
    has over the row above. Intervals draw whole test issues."""
    subjects = np.array([pair.subject for pair in labelled.test])
    report: dict[str, dict[str, Any]] = {}
    above: Reckon | None = None
    for place in points:
        reached = _mean_f1(learner, place.samples, labelled)
        everything = np.arange(len(subjects))
        each = [_mean_f1(learner, [rows], labelled)(everything) for rows in place.samples]
        report[_name(place)] = {
            "pairs": _pairs(place),
            "macro_f1": bootstrap(reached, subjects, draws),
            "lowest_sample": min(each),
            "highest_sample": max(each),
        }
        if above:
            gain = _difference(reached, above)
            report[_name(place)]["over_the_row_above"] = bootstrap(gain, subjects, draws)
        above = reached
    return report


def against(
    learner: Learner,
    fewer_issues: Sequence[Point],
    fewer_passages: Sequence[Point],
    labelled: Labelled,
    draws: int = DRAWS,
) -> dict[str, dict[str, Any]]:
    """Two points a row: what the second reaches over the first."""
    subjects = np.array([pair.subject for pair in labelled.test])
    report = {}
    for first, second in zip(fewer_issues, fewer_passages, strict=True):
        gain = _difference(*(_mean_f1(learner, p.samples, labelled) for p in (second, first)))
        report[f"{_name(first)} or {_name(second)}"] = {
            "pairs": _pairs(first),
            "or_pairs": _pairs(second),
            "second_over_first": bootstrap(gain, subjects, draws),
        }
    return report


def _name(place: Point) -> str:
    issues = "all issues" if place.issues is None else f"{place.issues} issues"
    return f"{issues}, {'all' if place.passages is None else place.passages} passages"


def _pairs(place: Point) -> int:
    return round(float(np.mean([len(rows) for rows in place.samples])))


def _mean_f1(learner: Learner, samples: Sequence[Numbers], labelled: Labelled) -> Reckon:
    truth = sides_of(labelled.test)
    guesses = [learner(rows) for rows in samples]

    def reckon(rows: Numbers) -> float:
        return float(np.mean([macro_f1(truth[rows], guess[rows]) for guess in guesses]))

    return reckon


def _difference(one: Reckon, other: Reckon) -> Reckon:
    return lambda rows: one(rows) - other(rows)


def _some(names: list[str], most: int | None, rng: random.Random) -> list[str]:
    return names if most is None or most >= len(names) else rng.sample(names, most)


def _remembering(learner: Learner) -> Learner:
    """Both curves end in the same point."""
    known: dict[bytes, Numbers] = {}

    def learned(rows: Numbers) -> Numbers:
        if (key := rows.tobytes()) not in known:
            known[key] = learner(rows)
        return known[key]

    return learned
