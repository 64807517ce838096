"""How well measures on pairs of states foretell agreement in votes, when pairs aren't independent.

Two pairs that share a state go together, and a state is much the same from session to session. So
nothing here counts pairs as observations: intervals and p values rest on states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.votes.agreement import Voting
from service.votes.pairs import Pairs, Rows, pairs_of
from service.votes.permutation import Matrices, p_values

# A session counts with this many pairs known on both sides: those of five states.
LEAST_PAIRS = 10
# Permutations, and their seed.
DRAWS, SEED = 999, 0
# Groups of states that the jackknife leaves out one by one. Of fewer states each is its own group,
# of more, several go together, which takes a fifth of the time for 190 states.
MOST_GROUPS = 40
# Of the intervals: what lies below their upper end.
_UPPER = 0.975
_RANGES = ((-1.0, 1.0), (0.0, 1.0))  # of Spearman's correlation, of the AUC

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """`low` and `high` are a 95% interval; all None where there is too little to tell. `p` is the
    permutation's, two-sided; None for a difference."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "p": self.p}


@dataclass(frozen=True, slots=True)
class Relation:
    """Of one measure with agreement in votes: means over `sessions` sessions by their pairs.
    `pairs` are counted anew in each session, `alike` of them vote alike; `states` are different
    ones. `spearman` is the rank correlation, `auc` the probability that of two pairs of one
    session the one that votes alike has the higher measure."""

    measure: str
    sessions: int
    states: int
    pairs: int
    alike: int
    spearman: Estimate
    auc: Estimate


@dataclass(frozen=True, slots=True)
class Difference:
    """`measure` less `other`, on the pairs of which both are known."""

    measure: str
    other: str
    sessions: int
    states: int
    pairs: int
    spearman: Estimate
    auc: Estimate


@dataclass(frozen=True, slots=True)
class Sample:
    """One session, perhaps on one issue. `states` are codes in order, n of them; the matrices have
    shape (n, n), are symmetric, and nan where unknown. `alike` is 1 or 0 where `votes` is known."""

    session: int
    states: tuple[str, ...]
    votes: Floats
    alike: Floats
    measures: Mapping[str, Floats]


def sample(voting: Voting, states: Sequence[str], measures: Mapping[str, Floats]) -> Sample:
    """What is known of the states that voted and are among `states`, in whose order rows and
    columns of the `measures` are."""
    place = {state: i for i, state in enumerate(states)}
    both = tuple(state for state in voting.states if state in place)
    voted = {state: i for i, state in enumerate(voting.states)}
    votes = np.ix_(*[[voted[state] for state in both]] * 2)
    said = np.ix_(*[[place[state] for state in both]] * 2)
    return Sample(
        voting.session,
        both,
        voting.agreement[votes],
        voted_alike(voting)[votes],
        {name: measure[said] for name, measure in measures.items()},
    )


def voted_alike(voting: Voting) -> Floats:
    """Which pairs vote alike: 1 or 0, nan where their agreement isn't known.

    On one issue those that agree in every vote: there are one or two, most pairs agree in all of
    them, and who doesn't has parted. Over a whole session nobody agrees in everything: there, those
    above the session's median pair, ties at the median being not alike.
    """
    agreement = voting.agreement
    known = agreement[~np.isnan(agreement)]
    if voting.issue is not None:
        alike = agreement >= 1
    else:
        alike = agreement > (np.median(known) if len(known) else 0)
    return np.where(np.isnan(agreement), np.nan, alike.astype(float))


def relations(
    samples: Sequence[Sample], draws: int = DRAWS, seed: int = SEED
) -> dict[str, Relation]:
    """Of each measure. See `_estimate` for the intervals, `permutation.p_values` for p."""
    return _relations(_Pooling(samples), draws, seed)


def difference(samples: Sequence[Sample], measure: str, other: str) -> Difference:
    """Between two measures. Its interval is paired: what a state adds to both falls out."""
    return _difference(_Pooling(samples), measure, other)


def relations_beside(
    samples: Sequence[Sample], other: str, draws: int = DRAWS, seed: int = SEED
) -> dict[str, tuple[Relation, Difference | None]]:
    """Of each measure, with its difference from `other` (None of itself): as `relations` and
    `difference` have them, at a third of the cost, since most measures are known of the same
    pairs."""
    pooling = _Pooling(samples)
    return {
        name: (relation, _difference(pooling, name, other) if name != other else None)
        for name, relation in _relations(pooling, draws, seed).items()
    }


def _relations(pooling: _Pooling, draws: int, seed: int) -> dict[str, Relation]:
    samples, states = pooling.samples, len(pooling.numbers)
    matrices = [
        Matrices(_of(pooling.numbers, each), each.measures, each.votes, each.alike)
        for each in samples
    ]
    names = list(dict.fromkeys(name for each in samples for name in each.measures))
    pooled = {name: pooling.pooled(name) for name in names}
    weights = {name: found.weights for name, found in pooled.items()}
    p = p_values(matrices, weights, states, draws, seed)
    relations = {}
    for name, found in pooled.items():
        spearman, auc = (
            _estimate(found.full[i], found.left[i], _RANGES[i], p[name][i]) for i in (0, 1)
        )
        relations[name] = Relation(
            name, found.sessions, len(found.states), found.pairs, found.alike, spearman, auc
        )
    return relations


def _difference(pooling: _Pooling, measure: str, other: str) -> Difference:
    ours, theirs = pooling.pooled(measure, other), pooling.pooled(other, measure)
    spearman, auc = (
        _estimate(
            ours.full[i] - theirs.full[i],
            ours.left[i] - theirs.left[i],
            (_RANGES[i][0] - _RANGES[i][1], _RANGES[i][1] - _RANGES[i][0]),
            None,
        )
        for i in (0, 1)
    )
    return Difference(measure, other, ours.sessions, len(ours.states), ours.pairs, spearman, auc)


class _Pooling:
    """Figures of measures over `samples`. What a session gives, with each state left out, is
    reckoned once for a measure and the pairs of which it is wanted."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self.numbers = _numbers(samples)
        # Drawn by lot: neighbours in the order of the codes are often of one language.
        lot = np.random.default_rng(SEED).permutation(len(self.numbers))
        self.groups = lot % MOST_GROUPS
        self._made: dict[tuple[int, str, bytes], _OfSession] = {}

    def pooled(self, measure: str, known: str | None = None) -> _Pooled:
        """On the pairs of which `known` is known as well."""
        sessions: list[_OfSession | None] = []
        for place, each in enumerate(self.samples):
            if measure not in each.measures or (known and known not in each.measures):
                sessions.append(None)
                continue
            values = each.measures[measure]
            if known:
                values = np.where(np.isnan(each.measures[known]), np.nan, values)
            sessions.append(self._of_session(place, measure, values))
        return _pooled(sessions, self.groups)

    def _of_session(self, place: int, measure: str, values: Floats) -> _OfSession:
        key = place, measure, np.packbits(np.isnan(values)).tobytes()
        if key not in self._made:
            each = self.samples[place]
            numbers = _of(self.numbers, each)
            pairs = pairs_of(numbers, values, each.votes, each.alike)
            figures, left = np.full(2, np.nan), (np.empty((2, 0)), np.empty(0, np.int64))
            if len(pairs) >= LEAST_PAIRS:
                figures, left = np.array(pairs.figures()), pairs.left_out(self.groups, MOST_GROUPS)
            self._made[key] = _OfSession(pairs, figures, *left)
        return self._made[key]


@dataclass(frozen=True, slots=True)
class _OfSession:
    """`figures`, (Spearman, AUC), and the same without each group of states: `without` (2, groups),
    of `left` pairs each, (groups,); unknown where there are fewer than LEAST_PAIRS pairs."""

    pairs: Pairs
    figures: Floats
    without: Floats
    left: Rows


@dataclass(frozen=True, slots=True)
class _Pooled:
    """Means over sessions: `full` of all states, (Spearman, AUC), `left` without each group
    of these, shape (2, groups). `weights` have shape (sessions,); `states` are the numbers
    of those with a pair."""

    full: Floats
    left: Floats
    weights: Floats
    states: Rows
    sessions: int
    pairs: int
    alike: int


def _pooled(sessions: Sequence[_OfSession | None], groups: Rows) -> _Pooled:
    weights = np.zeros(len(sessions))
    # Sums of (figure x pairs, pairs).
    full, left = np.zeros((2, 2)), np.zeros((2, 2, MOST_GROUPS))
    every = [(i, one) for i, one in enumerate(sessions) if one is not None]
    kept = [(i, one) for i, one in every if len(one.pairs) >= LEAST_PAIRS]
    for i, one in kept:
        weight = float(len(one.pairs))
        weights[i] = weight
        full += _summed(one.figures, np.full(2, weight))
        left += _summed(one.without, np.broadcast_to(one.left, (2, MOST_GROUPS)).astype(float))
    seen = [np.union1d(one.pairs.one, one.pairs.two) for _, one in kept]
    states = np.unique(np.concatenate(seen)) if seen else np.empty(0, np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _Pooled(
            full[0] / full[1],
            (left[0] / left[1])[:, np.unique(groups[states])],
            weights,
            states,
            len(kept),
            sum(len(one.pairs) for _, one in kept),
            sum(int(one.pairs.alike.sum()) for _, one in kept),
        )


def _summed(figures: Floats, weights: Floats) -> Floats:
    """Figures times weights, and weights, of those figures that are defined."""
    known = ~np.isnan(figures)
    return np.stack([np.where(known, figures, 0.0) * weights, np.where(known, weights, 0.0)])


def _estimate(value: float, left: Floats, within: tuple[float, float], p: float | None) -> Estimate:
    """Student's interval about the jackknife over states (Arvesen 1969; for networks, Snijders and
    Borgatti 1999), of many states over groups of them: whoever is left out is left out of all
    sessions at once, with all pairs. It covers which states there are, not which sessions, nor
    which roll calls were held. Unlike the bootstrap of states it needs no pair of a state with
    itself, and it isn't too narrow with few states."""
    from scipy.special import stdtrit

    left = left[~np.isnan(left)]
    n = len(left)
    if np.isnan(value) or n < 3:
        return Estimate(None, None, None, None)
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    half = float(stdtrit(n - 1, _UPPER) * error)
    low, high = max(float(value) - half, within[0]), min(float(value) + half, within[1])
    return Estimate(round(float(value), 6), round(low, 6), round(high, 6), p)


def _numbers(samples: Sequence[Sample]) -> dict[str, int]:
    every = sorted({state for each in samples for state in each.states})
    return {state: i for i, state in enumerate(every)}


def _of(numbers: dict[str, int], each: Sample) -> Rows:
    return np.array([numbers[state] for state in each.states], np.int64)
