"""Whether two matrices on the same states are related at all: states are permuted, not pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.votes.pairs import Mask, Rows, midranks

Floats = npt.NDArray[np.float64]
# Permutations at a time: 193 states have 18,528 pairs, with two values each.
_AT_A_TIME = 32


@dataclass(frozen=True, slots=True)
class Matrices:
    """Of one session, over n states with the numbers `numbers`, shape (n,): matrices of shape (n,
    n), symmetric, nan where unknown."""

    numbers: Rows
    measures: Mapping[str, Floats]
    votes: Floats
    alike: Floats


@dataclass(frozen=True, slots=True)
class Permutations:
    """Of all states, `draws` of them: `order` lists the states cycle by cycle, `cycle` the cycle of
    each in that order; both of shape (draws, states). The first is the identity."""

    order: Rows
    cycle: Rows

    def of(self, chosen: Mask) -> Rows:
        """What each permutation does to the `chosen` states alone: shape (draws, chosen), positions
        among these. Each goes to the next chosen one on its cycle, so that a state goes to the same
        one in every session in which it can. Drawn from all permutations alike, the chosen states'
        are as well."""
        place = np.cumsum(chosen) - 1
        found = np.empty((len(self.order), int(chosen.sum())), np.int64)
        for row, order, cycle in zip(found, self.order, self.cycle, strict=True):
            kept = chosen[order]
            states, cycles = place[order[kept]], cycle[kept]
            first = np.flatnonzero(np.diff(cycles, prepend=-1))
            following = np.roll(states, -1)
            following[np.append(first[1:], len(states)) - 1] = states[first]
            row[states] = following
        return found


def draw_permutations(states: int, draws: int, seed: int) -> Permutations:
    """The identity and `draws` others."""
    random = np.random.default_rng(seed)
    order = np.empty((draws + 1, states), np.int64)
    cycle = np.empty((draws + 1, states), np.int64)
    order[0] = cycle[0] = np.arange(states)
    for row, number in zip(order[1:], cycle[1:], strict=True):
        following = random.permutation(states).tolist()
        seen, at = [False] * states, 0
        for start in range(states):
            state = start
            while not seen[state]:
                seen[state] = True
                row[at], number[at] = state, start
                state, at = following[state], at + 1
    return Permutations(order, cycle)


def p_values(
    sessions: list[Matrices], weights: Mapping[str, Floats], states: int, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Of each measure, for Spearman's correlation with votes and for the AUC: how often permuted
    states give one at least as far from none, on either side.

    QAP: rows and columns of one matrix are permuted together, so that what pairs share through
    their states stays (Hubert and Schultz 1976; Krackhardt 1988). Permuted are the states of which
    the session knows the measure; one permutation serves all sessions, so that what states keep
    from session to session stays, too. The statistic is the mean over sessions, by `weights` (of
    each measure, shape (sessions,), 0 where a session doesn't count), of the products of average
    ranks with those of votes, or with voting alike, which orders as the AUC does; both about their
    means and in units of their spread. Where all pairs are known these are correlations; pairs of
    which either is unknown add nothing.
    """
    permutations = draw_permutations(states, draws, seed)
    totals: dict[str, Floats] = {name: np.zeros((draws + 1, 2)) for name in weights}
    for number, session in enumerate(sessions):
        together: dict[bytes, list[str]] = defaultdict(list)
        for name, measure in session.measures.items():
            if weights[name][number]:
                known = ~(np.isnan(measure) | np.isnan(session.votes))
                together[known.any(axis=0).tobytes()].append(name)
        for packed, names in together.items():
            inside = np.frombuffer(packed, np.bool_)
            chosen = np.zeros(states, np.bool_)
            chosen[session.numbers[inside]] = True
            found = _products(session, inside, names, permutations.of(chosen))
            for name, figures in zip(names, found, strict=True):
                totals[name] += weights[name][number] * figures
    found_p = {}
    for name, total in totals.items():
        far = np.abs(total) >= np.abs(total[0]) - 1e-9
        spearman, auc = far.mean(axis=0)  # the identity is one of the draws
        found_p[name] = (round(float(spearman), 6), round(float(auc), 6))
    return found_p


def _products(session: Matrices, inside: Mask, names: list[str], permuted: Rows) -> list[Floats]:
    """Of each measure, with votes and with voting alike: shape (draws, 2)."""
    # By number, as the permuted states are.
    places = np.flatnonzero(inside)
    places = places[np.argsort(session.numbers[places])]
    n, block = len(places), np.ix_(places, places)
    one, two = np.triu_indices(n, 1)
    rows = np.stack([_unit(_ranked(session.measures[name][block]))[one, two] for name in names])
    both = (_unit(_ranked(session.votes[block])), _unit(session.alike[block]))
    columns = np.stack(both).reshape(2, n * n).T.copy()
    found = np.empty((len(names), len(permuted), 2))
    for low in range(0, len(permuted), _AT_A_TIME):
        some = permuted[low : low + _AT_A_TIME]
        drawn = columns[(some[:, one] * n + some[:, two]).T].reshape(len(one), -1)
        found[:, low : low + len(some)] = (rows @ drawn).reshape(len(names), len(some), 2)
    return list(found)


def _ranked(values: Floats) -> Floats:
    """Average ranks of the pairs; nan stays nan."""
    one, two = np.nonzero(np.triu(~np.isnan(values), 1))
    found = np.full(values.shape, np.nan)
    ranks = midranks(np.unique(np.round(values[one, two], 12), return_inverse=True)[1])
    found[one, two] = found[two, one] = ranks
    return found


def _unit(values: Floats) -> Floats:
    """About the mean of those known, 0 where unknown; so scaled that the squares of the pairs, each
    counted once, sum to 1, where they aren't all the same."""
    found = np.nan_to_num(values - np.nanmean(values))
    size = np.sqrt((found**2).sum() / 2)
    return np.asarray(found / size if size > 1e-9 else np.zeros_like(found))
