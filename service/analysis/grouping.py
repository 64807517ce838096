"""Groups in a similarity of states: what a state is to everybody taken out, distances, a tree and
its cuts, and whether one group would do as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.domain.stages import proceed

# Of the two-dimensional map: an iteration that takes less than this off the stress is the last.
_NO_BETTER, _MOST_ITERATIONS = 1e-6, 500

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """A tree cut into groups: `labels` from 0 on, shape (n,), `silhouettes` likewise and
    `silhouette` their mean (Rousseeuw 1987); `by_number` has this mean for each number tried."""

    labels: Labels
    silhouettes: Floats
    silhouette: float
    by_number: dict[int, float]


def without_effects(similarity: Floats) -> Floats:
    """What is left of a symmetric (n, n) matrix, n at least 3, when the mean and an effect of each
    state are taken out by least squares; the diagonal doesn't count and stays as it was.

    Who speaks of everything, or as everybody does, comes nearer to all others: this is the
    state's effect, as in a round robin (Warner, Kenny and Stoto 1979). What is left of two states
    is how much nearer they come to each other than both come to anybody.
    """
    n = len(similarity)
    means = (similarity.sum(axis=1) - similarity.diagonal()) / (n - 1)
    effects = (n - 1) / (n - 2) * (means - means.mean())
    left = similarity - means.mean() - (effects[:, None] + effects)
    np.fill_diagonal(left, similarity.diagonal())
    return np.asarray(left)


def distances(values: Floats) -> Floats:
    """Of the states' rows of a symmetric (n, n) matrix: the chord of two unit vectors, 0 to 2,
    which is `sqrt(2 - 2 r)` of their correlation r, a Euclidean distance. Two states are near
    where the same others are near to both (Breiger, Boorman and Arabie 1975), so that each pair
    rests on n cells and not on one.

    The diagonal is put at the largest value of its row, as communalities are in factor analysis:
    a state is no farther from itself than from its nearest.
    """
    rows = _filled(values)
    rows -= rows.mean(axis=1, keepdims=True)
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, size, out=np.zeros_like(rows), where=size > 0)
    found = np.sqrt(2 - 2 * np.clip(rows @ rows.T, -1, 1))
    np.fill_diagonal(found, 0.0)
    return np.asarray((found + found.T) / 2)


def tree(apart: Floats) -> Floats:
    """Average linkage, scipy's (n - 1, 4) table, the leaves so ordered that neighbours are as near
    as the tree allows (Bar-Joseph, Gifford and Jaakkola 2001)."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    return np.asarray(linkage(squareform(apart, checks=False), "average", optimal_ordering=True))


def in_order(merges: Floats) -> tuple[Labels, Floats]:
    """The leaves of a tree in their order, and the same tree, its leaves numbered in it."""
    from scipy.cluster.hierarchy import leaves_list

    order = np.asarray(leaves_list(merges), np.int64)
    renumbered, place = merges.copy(), np.argsort(order)
    leaf = merges[:, :2] < len(order)
    renumbered[:, :2][leaf] = place[merges[:, :2][leaf].astype(np.int64)]
    return order, renumbered


def cut(apart: Floats, merges: Floats, numbers: Sequence[int]) -> Cut:
    """Into as many groups, of `numbers` (each from 2 to n - 1), as have the largest mean
    silhouette; the fewest where several have. Labels are in the order in which they come."""
    from scipy.cluster.hierarchy import cut_tree
    from sklearn.metrics import silhouette_samples

    labels = [_as_they_come(one) for one in cut_tree(merges, n_clusters=list(numbers)).T]
    silhouettes = [silhouette_samples(apart, one, metric="precomputed") for one in labels]
    means = [float(one.mean()) for one in silhouettes]
    best = int(np.argmax(np.round(means, 9)))
    return Cut(labels[best], silhouettes[best], means[best], dict(zip(numbers, means, strict=True)))


def of_chance(values: Floats, numbers: Sequence[int], draws: int, seed: int) -> Floats:
    """The silhouettes that `cut` finds where there are no groups, shape (draws,).

    Each draw has the states' effects and the eigenvalues of what is left, but eigenvectors turned
    at random (Langsrud 2005, Rotation tests): one cloud of states that spreads as far as this one
    in as many directions. Shuffled cells would not do: that those near to the same are near to
    each other would be lost as well, and any matrix look grouped beside them.
    """
    n = len(values)
    left = without_effects(values)
    given = values - left
    np.fill_diagonal(given, 0.0)
    left = _filled(left)
    left -= left.mean(axis=0)
    spread = np.sort(np.linalg.eigvalsh(left - left.mean(axis=1, keepdims=True)))
    # The direction in which all states move alike is no difference between them.
    spread = np.delete(spread, np.abs(spread).argmin())
    random, found = np.random.default_rng(seed), np.empty(draws)
    for draw in range(draws):
        proceed()
        normal = random.standard_normal((n, n - 1))
        turned, _ = np.linalg.qr(normal - normal.mean(axis=0))
        apart = distances(given + (turned * spread) @ turned.T)
        found[draw] = cut(apart, tree(apart), numbers).silhouette
    return found


def jaccards(labels: Labels, others: Labels) -> Floats:
    """Of each group of `labels`, by number: members in common with the group of `others` that is
    most like it, by the members of either (Hennig 2007)."""
    both = _members(labels).T @ _members(others)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    return np.asarray((both / either).max(axis=1))


def in_plane(apart: Floats) -> tuple[Floats, float]:
    """Points in two dimensions, shape (n, 2), about as far apart as `apart` says, and Kruskal's
    stress-1 of them: 0 is exact, above 0.2 poor (Kruskal 1964).

    Classical scaling (Torgerson 1952), then the stress taken down by Guttman's transform (SMACOF,
    de Leeuw 1977). The first axis is that of most spread; signs are set so that the first state
    lies right of and above the middle.
    """
    n = len(apart)
    squares = apart**2
    inner = -0.5 * (squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh(inner)
    points = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 0))
    stress = _stress(apart, points)
    for _ in range(_MOST_ITERATIONS):
        between = _between(points)
        ratio = np.divide(apart, between, out=np.zeros_like(apart), where=between > 0)
        moved = (ratio.sum(axis=1, keepdims=True) * points - ratio @ points) / n
        lower = _stress(apart, moved)
        if stress - lower < _NO_BETTER:
            break
        points, stress = moved, lower
    points = points - points.mean(axis=0)
    turned = np.asarray(points @ np.linalg.svd(points, full_matrices=False)[2].T)
    return turned * np.where(turned[0] < 0, -1, 1), stress


def _as_they_come(labels: npt.NDArray[np.integer[Any]]) -> Labels:
    """The same groups, numbered from 0 on in the order of their first members."""
    _, first, of_each = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[of_each], np.int64)


def _filled(values: Floats) -> Floats:
    filled = values.copy()
    np.fill_diagonal(filled, -np.inf)
    np.fill_diagonal(filled, filled.max(axis=1))
    return filled


def _members(labels: Labels) -> Labels:
    return np.asarray(labels[:, None] == np.unique(labels), np.int64)


def _between(points: Floats) -> Floats:
    return np.asarray(np.linalg.norm(points[:, None] - points, axis=2))


def _stress(apart: Floats, points: Floats) -> float:
    between = _between(points)
    whole = float((between**2).sum())
    return float(np.sqrt(((apart - between) ** 2).sum() / whole)) if whole else 0.0
