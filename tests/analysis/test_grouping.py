"""Effects, distances, trees and chance, against other implementations and planted groups."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, fcluster, leaves_list
from scipy.spatial.distance import squareform
from sklearn.manifold import smacof
from sklearn.metrics import adjusted_rand_score, silhouette_score

from service.analysis.grouping import (
    Floats,
    cut,
    distances,
    in_order,
    in_plane,
    jaccards,
    of_chance,
    tree,
    without_effects,
)


def cloud(seed: int, n: int = 24, groups: int = 0, apart: float = 1.0) -> Floats:
    """Similarities of random points that stand in no groups, or in equal ones."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 8))
    if groups:
        points += apart * 4 * rng.standard_normal((groups, 8))[np.arange(n) % groups]
    effects = rng.standard_normal(n)
    return np.asarray(points @ points.T + 5 + effects[:, None] + effects)


def test_effects_are_those_of_least_squares() -> None:
    similarity = cloud(0, n=12)
    n = len(similarity)
    one, other = np.triu_indices(n, 1)
    design = np.zeros((len(one), n + 1))
    design[:, 0] = 1
    for column in (one, other):
        design[np.arange(len(one)), column + 1] += 1
    wanted = similarity[one, other]
    fitted = design @ np.linalg.lstsq(design, wanted)[0]
    left = without_effects(similarity)
    assert left[one, other] == pytest.approx(wanted - fitted)
    assert np.array_equal(left.diagonal(), similarity.diagonal())
    assert left == pytest.approx(left.T)


def test_a_distance_is_the_chord_of_two_rows() -> None:
    values = cloud(1, n=15)
    found = distances(values)
    filled = values.copy()
    for i in range(len(values)):
        filled[i, i] = np.delete(values[i], i).max()
    wanted = np.sqrt(2 - 2 * np.corrcoef(filled))
    assert found == pytest.approx(np.nan_to_num(wanted), abs=1e-7)
    for a, b, c in permutations(range(8), 3):
        assert found[a, c] <= found[a, b] + found[b, c] + 1e-9


def test_a_row_that_says_nothing_is_as_far_from_all() -> None:
    values = cloud(2, n=12)
    values[3] = values[:, 3] = 0.5
    found = distances(values)
    assert np.delete(found[3], 3) == pytest.approx(np.sqrt(2))


def test_a_cut_is_the_best_by_silhouette() -> None:
    apart = distances(cloud(3, groups=4, apart=0.4))
    merges = tree(apart)
    found = cut(apart, merges, range(2, 8))
    wanted = {
        number: silhouette_score(
            apart, fcluster(merges, number, "maxclust"), metric="precomputed"
        )
        for number in range(2, 8)
    }  # fmt: skip
    assert found.by_number == pytest.approx(wanted)
    assert found.silhouette == max(found.by_number.values()) == found.silhouettes.mean()
    best = max(wanted, key=lambda number: wanted[number])
    assert adjusted_rand_score(fcluster(merges, best, "maxclust"), found.labels) == 1
    first = [found.labels.tolist().index(label) for label in range(best)]
    assert first == sorted(first)
    assert len(set(cut(apart, merges, [5]).labels.tolist())) == 5


def test_planted_groups_are_found_beyond_chance() -> None:
    values = without_effects(cloud(4, groups=3))
    apart = distances(values)
    found = cut(apart, tree(apart), range(2, 8))
    assert adjusted_rand_score(np.arange(24) % 3, found.labels) == 1
    chance = of_chance(values, range(2, 8), 60, 0)
    assert found.silhouette > chance.max()
    assert np.array_equal(chance, of_chance(values, range(2, 8), 60, 0))


@pytest.mark.slow
def test_clouds_without_groups_are_as_chance_has_them() -> None:
    """Their p is spread over all of 0 to 1: of 40, about 2 are below 0.05."""
    p = []
    for seed in range(40):
        values = without_effects(cloud(100 + seed))
        apart = distances(values)
        found = cut(apart, tree(apart), range(2, 6))
        p.append((of_chance(values, range(2, 6), 39, seed) >= found.silhouette).mean())
    assert sum(value < 0.05 for value in p) <= 6
    assert 0.35 < np.mean(p) < 0.65


def test_jaccards_are_of_sets() -> None:
    labels, others = np.array([0, 0, 0, 1, 1, 2]), np.array([4, 4, 1, 1, 1, 4])
    assert jaccards(labels, others).tolist() == [2 / 4, 2 / 3, 1 / 3]
    assert jaccards(labels, labels).tolist() == [1, 1, 1]


def test_points_in_a_plane_keep_their_distances() -> None:
    points = np.random.default_rng(6).standard_normal((20, 2))
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    found, stress = in_plane(apart)
    assert stress < 1e-3
    assert np.linalg.norm(found[:, None] - found, axis=2) == pytest.approx(apart, abs=0.01)
    assert (found[0] >= 0).all()
    assert np.linalg.norm(found[:, 0]) >= np.linalg.norm(found[:, 1])


def test_stress_is_as_low_as_another_implementations() -> None:
    apart = distances(cloud(7, groups=3, apart=0.3))
    _, stress = in_plane(apart)
    _, theirs = smacof(
        apart, n_components=2, n_init=8, random_state=0, normalized_stress=False
    )  # fmt: skip
    found, _ = in_plane(apart)
    whole = (np.linalg.norm(found[:, None] - found, axis=2) ** 2).sum() / 2
    assert stress <= np.sqrt(theirs / whole) * 1.05


def test_a_tree_in_order_is_the_same_tree() -> None:
    apart = distances(cloud(3))
    merges = tree(apart)
    order, renumbered = in_order(merges)
    assert order.tolist() == leaves_list(merges).tolist()
    assert leaves_list(renumbered).tolist() == list(range(len(order)))
    before, after = squareform(cophenet(merges)), squareform(cophenet(renumbered))
    assert after == pytest.approx(before[np.ix_(order, order)])
