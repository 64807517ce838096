"""Statistics on pairs, against scipy, scikit-learn and loops; and where the truth is known."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from service.votes.agreement import whole_sessions
from service.votes.pairs import pairs_of
from service.votes.permutation import Matrices, draw_permutations, p_values
from service.votes.roll_calls import RollCalls
from service.votes.statistics import (
    LEAST_PAIRS,
    Sample,
    difference,
    relations,
    sample,
    voted_alike,
)

Floats = npt.NDArray[np.float64]


def matrix(random: np.random.Generator, n: int, levels: int, missing: float) -> Floats:
    values = random.integers(0, levels, (n, n)).astype(float)
    values[random.random((n, n)) < missing] = np.nan
    values = np.triu(values, 1) + np.triu(values, 1).T
    np.fill_diagonal(values, np.nan)
    return values


def apart(trait: Floats, noise: float, random: np.random.Generator) -> Floats:
    """Nearness of states on a line, with some noise in each pair."""
    found = -np.abs(trait[:, None] - trait[None, :])
    extra = random.normal(0, noise, found.shape)
    found += np.triu(extra, 1) + np.triu(extra, 1).T
    np.fill_diagonal(found, np.nan)
    return found


def labels(votes: Floats) -> Floats:
    return np.where(np.isnan(votes), np.nan, (votes > np.nanmedian(votes)).astype(float))


def names(n: int) -> tuple[str, ...]:
    return tuple(f"S{i:03}" for i in range(n))


def one(votes: Floats, **measures: Floats) -> Sample:
    return Sample(60, names(len(votes)), votes, labels(votes), measures)


def by_hand(x: Floats, y: Floats, alike: Floats, left: int | None = None) -> tuple[float, float]:
    pairs = [
        (i, j)
        for i, j in combinations(range(len(x)), 2)
        if left not in (i, j) and not np.isnan(x[i, j] + y[i, j])
    ]
    ours, votes, same = ([m[p] for p in pairs] for m in (x, y, alike))
    flat = len(set(ours)) < 2 or len(set(votes)) < 2
    rho = np.nan if flat else stats.spearmanr(ours, votes).statistic
    return rho, (roc_auc_score(same, ours) if len(set(same)) == 2 else np.nan)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 12), levels=st.integers(1, 30))
def test_figures_and_leave_outs_are_scipy_s_and_scikit_learn_s(
    seed: int, n: int, levels: int
) -> None:
    random = np.random.default_rng(seed)
    x, y = matrix(random, n, levels, 0.2), matrix(random, n, 4, 0.1)
    alike = np.where(np.isnan(y), np.nan, (y >= 2).astype(float))
    pairs = pairs_of(np.arange(n), x, y, alike)
    if len(pairs) < 3:
        return
    np.testing.assert_allclose(pairs.figures(), by_hand(x, y, alike), atol=1e-12)
    figures, left = pairs.left_out(np.arange(n), n)
    for state in range(n):
        known = ~np.isnan(x + y)
        known[state] = known[:, state] = False
        assert left[state] == np.triu(known, 1).sum()
        if left[state] > 2:
            expected = by_hand(x, y, alike, state)
            np.testing.assert_allclose(figures[:, state], expected, atol=1e-12)


def test_sessions_are_pooled_by_pairs_and_states_left_out_of_all() -> None:
    random = np.random.default_rng(5)
    samples = []
    for session, n in ((60, 9), (61, 12), (62, 4)):  # the last has too few pairs
        x, y = matrix(random, n, 20, 0.1), matrix(random, n, 5, 0.0)
        samples.append(Sample(session, names(n), y, labels(y), {"cosine": x}))
    assert np.isfinite(samples[2].votes).sum() / 2 < LEAST_PAIRS
    found = relations(samples, draws=19)["cosine"]

    def pooled(left: int | None) -> tuple[Floats, int]:
        total, pairs = np.zeros(2), 0
        for each in samples[:2]:
            x, y = each.measures["cosine"], each.votes
            known = np.triu(~np.isnan(x + y), 1)
            if left is not None and left < len(known):
                known[left] = known[:, left] = False
            total += known.sum() * np.array(by_hand(x, y, each.alike, left))
            pairs += int(known.sum())
        return total / pairs, pairs

    value, pairs = pooled(None)
    assert (found.sessions, found.states, found.pairs) == (2, 12, pairs)
    left = np.array([pooled(state)[0] for state in range(12)])
    error = np.sqrt(11 / 12 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    half = stats.t.ppf(0.975, 11) * error
    for i, estimate in enumerate((found.spearman, found.auc)):
        assert estimate.value == pytest.approx(value[i], abs=1e-6)
        assert estimate.low == pytest.approx(value[i] - half[i], abs=1e-6)
        assert estimate.high == pytest.approx(value[i] + half[i], abs=1e-6)


def test_difference_is_taken_on_common_pairs() -> None:
    random = np.random.default_rng(6)
    y = matrix(random, 14, 6, 0.0)
    x, z = matrix(random, 14, 30, 0.2), matrix(random, 14, 30, 0.2)
    found = difference([one(y, stance=x, cosine=z)], "stance", "cosine")
    hidden = np.isnan(x + z)
    x, z = np.where(hidden, np.nan, x), np.where(hidden, np.nan, z)
    alike = labels(y)
    assert found.pairs == np.triu(~hidden, 1).sum()
    left = [
        np.subtract(by_hand(x, y, alike, s), by_hand(z, y, alike, s)) for s in (None, *range(14))
    ]
    assert found.spearman.value == pytest.approx(left[0][0], abs=1e-6)
    assert found.auc.value == pytest.approx(left[0][1], abs=1e-6)
    error = np.sqrt(13 / 14 * ((left[1:] - np.mean(left[1:], axis=0)) ** 2).sum(axis=0))
    assert found.auc.low == pytest.approx(left[0][1] - stats.t.ppf(0.975, 13) * error[1], abs=1e-6)
    same = difference([one(y, stance=x, cosine=x)], "stance", "cosine")
    assert (same.auc.value, same.auc.low, same.auc.high) == (0, 0, 0)
    assert same.auc.p is None


def test_permutations_of_some_states_are_fair_and_consistent() -> None:
    drawn = draw_permutations(5, 6000, seed=1)
    chosen = np.array([True, False, True, True, False])
    some = drawn.of(chosen)
    assert some[0].tolist() == [0, 1, 2]
    counts = dict.fromkeys(permutations(range(3)), 0)
    for row in some[1:]:
        counts[tuple(row.tolist())] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.001
    every = drawn.of(np.ones(5, np.bool_))
    for full, part in zip(every, some, strict=True):
        for at, state in enumerate((0, 2, 3)):
            following = full[state]
            while not chosen[following]:
                following = full[following]
            assert (0, 2, 3)[part[at]] == following


def test_p_is_the_share_of_permutations_worked_out_by_hand() -> None:
    random = np.random.default_rng(8)
    n, draws = 8, 199
    x, y = matrix(random, n, 40, 0.0), matrix(random, n, 4, 0.0)
    alike = labels(y)
    p = p_values([Matrices(np.arange(n), {"m": x}, y, alike)], {"m": np.ones(1)}, n, draws, 3)
    drawn = draw_permutations(n, draws, 3).of(np.ones(n, np.bool_))
    figures = np.array([
        by_hand(x, y[np.ix_(row, row)], alike[np.ix_(row, row)]) for row in drawn
    ]) - [0, 0.5]  # fmt: skip
    expected = (np.abs(figures) >= np.abs(figures[0]) - 1e-9).mean(axis=0)
    assert p["m"] == pytest.approx(tuple(expected))


def test_order_of_states_does_not_matter() -> None:
    random = np.random.default_rng(9)
    y, x = matrix(random, 10, 6, 0.1), matrix(random, 10, 20, 0.2)
    order = random.permutation(10)
    block = np.ix_(order, order)
    turned = Sample(
        60, tuple(np.array(names(10))[order].tolist()), y[block], labels(y)[block],
        {"m": x[block]},
    )  # fmt: skip
    assert relations([turned], draws=99) == relations([one(y, m=x)], draws=99)


def test_without_relation_p_is_uniform_though_pairs_and_sessions_go_together() -> None:
    """Traits of states make pairs alike that share one, and stay from session to session; in each
    session other states are known. Counting pairs as independent finds relations everywhere."""
    random = np.random.default_rng(10)
    found, naive = [], []
    for _ in range(150):
        said, voted = random.normal(size=24), random.normal(size=24)
        samples = []
        for session in range(3):
            who = np.sort(random.choice(24, 18, replace=False))
            x = apart(said[who], 0.3, random)
            y = np.round(apart(voted[who], 0.3, random))
            states = tuple(np.array(names(24))[who].tolist())
            samples.append(Sample(session, states, y, labels(y), {"m": x}))
        result = relations(samples, draws=99, seed=int(random.integers(10**6)))["m"]
        found.append((result.spearman.p, result.auc.p))
        upper = np.triu_indices(18, 1)
        words = np.concatenate([each.measures["m"][upper] for each in samples])
        votes = np.concatenate([each.votes[upper] for each in samples])
        naive.append(stats.spearmanr(words, votes).pvalue)
    for p in np.array(found, float).T:
        assert stats.kstest(p, "uniform").pvalue > 0.01
        assert 0.01 <= (p <= 0.05).mean() <= 0.11
    assert (np.array(naive) <= 0.05).mean() > 0.2


def test_intervals_cover_the_truth() -> None:
    """Votes and words from traits that go together; the truth from very many states."""

    def draw(n: int, random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        trait = random.normal(size=n)
        said = apart(0.8 * trait + 0.6 * random.normal(size=n), 0.3, random)
        other = apart(0.5 * trait + 0.87 * random.normal(size=n), 0.3, random)
        votes = np.round(2 * apart(trait, 0.2, random)) / 2
        return said, other, votes

    random = np.random.default_rng(11)

    # Alike by a fixed line: the median of a sample would be another one each time.
    def known(n: int) -> Sample:
        said, other, votes = draw(n, random)
        alike = np.where(np.isnan(votes), np.nan, (votes >= -0.5).astype(float))
        return Sample(60, names(n), votes, alike, {"said": said, "other": other})

    many = [known(900) for _ in range(3)]

    def figures(name: str) -> Floats:
        return np.mean([
            pairs_of(np.arange(900), m.measures[name], m.votes, m.alike).figures() for m in many
        ], axis=0)  # fmt: skip

    truth, gap = figures("said"), figures("said") - figures("other")
    covered, covered_gap = np.zeros(2), np.zeros(2)
    draws = 200
    for _ in range(draws):
        few = known(40)
        found = relations([few], draws=1)["said"]
        apart_ = difference([few], "said", "other")
        for i, (estimate, other) in enumerate(
            ((found.spearman, apart_.spearman), (found.auc, apart_.auc))
        ):
            assert estimate.low is not None and estimate.high is not None
            assert other.low is not None and other.high is not None
            covered[i] += estimate.low <= truth[i] <= estimate.high
            covered_gap[i] += other.low <= gap[i] <= other.high
    assert (covered / draws >= 0.9).all()
    assert (covered_gap / draws >= 0.9).all()
    assert (covered / draws <= 0.995).all()


def test_too_little_is_none() -> None:
    y = np.full((6, 6), 1.0)
    np.fill_diagonal(y, np.nan)
    x = matrix(np.random.default_rng(1), 6, 9, 0)
    found = relations([Sample(60, names(6), y, y, {"m": x})], draws=9)["m"]
    assert found.spearman.value is found.auc.value is found.auc.p is None
    few = relations([one(y[:4, :4], m=y[:4, :4])], draws=9)["m"]
    assert (few.sessions, few.pairs, few.spearman.value) == (0, 0, None)
    assert relations([]) == {}


def test_a_sample_has_the_states_of_both_in_one_order(real: RollCalls) -> None:
    (session,) = whole_sessions(real.resolutions([70]))
    states = ("USA", "FRA", "VAT", "CUB", "DEU")
    x = matrix(np.random.default_rng(2), 5, 50, 0.0)
    found = sample(session, states, {"m": x})
    assert found.states == ("CUB", "DEU", "FRA", "USA")
    assert found.measures["m"][0, 3] == x[3, 0]
    place = session.states.index
    assert found.votes[1, 2] == session.agreement[place("DEU"), place("FRA")]
    assert found.alike[1, 2] == voted_alike(session)[place("DEU"), place("FRA")] == 1
    assert found.alike[0, 3] == 0


def test_who_votes_alike_foretells_itself(real: RollCalls) -> None:
    """A measure that is the votes has every figure at its end, and the least p there is."""
    samples = [
        sample(each, each.states, {"votes": each.agreement})
        for each in whole_sessions(real.resolutions([70, 71]))
    ]
    found = relations(samples, draws=99)["votes"]
    assert found.spearman.value == found.auc.value == 1
    assert found.spearman.p == found.auc.p == 0.01
    assert found.sessions == 2
