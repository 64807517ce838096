"""The one dimension that best tells the rows of a table apart whose cells are means of few or many
observations, or missing.

Probabilistic principal components (Tipping and Bishop 1999) with one component, in which the noise
of a cell falls with the observations behind it: cell (i, j) is mean_j + loading_j z_i + noise of
variance s2 / n_ij, z_i of variance 1. A missing cell says nothing; which cells are missing is taken
to have nothing to do with what they would say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_STEPS = 2_000
# Of the largest loading: no loading moves by more in the last step. A draw of a bootstrap, which
# begins where the whole ended, needn't be as exact.
_TOLERANCE, _TOLERANCE_OF_A_DRAW = 1e-7, 1e-3
# Of the cells' variance: noise doesn't come to less, or the steps would never end.
_LEAST_NOISE = 1e-6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Component:
    """`means` and `loadings` have shape (columns,), NaN where a column has no cell."""

    means: Floats
    loadings: Floats
    noise: float

    def scores(self, cells: Floats, weights: Floats) -> Floats:
        """Of each row the place that fits its cells best, by weighted least squares (Bartlett): not
        drawn towards the middle where there is little behind it. Shape (rows,), NaN where a row
        has no cell in a column that loads."""
        known = (weights > 0) & ~np.isnan(self.loadings)
        w = np.where(known, weights, 0.0)
        load = np.nan_to_num(self.loadings)
        apart = np.where(known, cells - np.nan_to_num(self.means), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((w * apart) @ load / (w @ load**2))

    def share(self, cells: Floats, weights: Floats) -> float | None:
        """Of the cells' weighted variance about the columns' means, what the scores explain."""
        z = np.nan_to_num(self.scores(cells, weights))
        known = (weights > 0) & ~np.isnan(self.loadings)
        apart = np.where(known, cells - self.means, 0.0)
        left = np.where(known, apart - z[:, None] * self.loadings, 0.0)
        whole = float((weights * apart**2).sum())
        return 1 - float((weights * left**2).sum()) / whole if whole > 0 else None

    def turned(self) -> Component:
        return Component(self.means, -self.loadings, self.noise)


def first_component(cells: Floats, weights: Floats, start: Component | None = None) -> Component:
    """Of greatest likelihood. `cells` and `weights`, the observations behind each, have shape
    (rows, columns); a cell of weight 0 is missing. By expectation and maximisation, from `start`
    where it is given, whose direction is kept; then less exactly, for one draw of many."""
    some: npt.NDArray[np.bool_] = np.any(weights > 0, axis=0)
    w = weights[:, some]
    x = np.where(w > 0, cells[:, some], 0.0)
    total = w.sum(axis=0)
    means = (w * x).sum(axis=0) / total
    if start is None:
        load, noise = _first_guess(x - means, w)
    else:
        load = np.nan_to_num(start.loadings[some], nan=0.0)
        noise = start.noise
    least = _LEAST_NOISE * max(float((w * (x - means) ** 2).sum() / (w > 0).sum()), 1e-12)
    for _ in range(MOST_STEPS):
        precision = 1 + w @ load**2 / noise
        z = (w * (x - means)) @ load / noise / precision
        square = z**2 + 1 / precision
        # Each column's regression on the places, which are known to within 1 / precision.
        z0, z1, z2 = total, z @ w, square @ w
        x1, xz = (w * x).sum(axis=0), z @ (w * x)
        slope = (z0 * xz - z1 * x1) / (z0 * z2 - z1**2)
        means = (x1 - slope * z1) / z0
        left = (x - means) ** 2 - 2 * (x - means) * slope * z[:, None]
        left += slope**2 * square[:, None]
        noise = max(float((w * left).sum() / (w > 0).sum()), least)
        moved = float(np.abs(slope - load).max()) / max(float(np.abs(slope).max()), 1e-12)
        load = slope
        if moved < (_TOLERANCE if start is None else _TOLERANCE_OF_A_DRAW):
            break
    if start is not None and float(np.nan_to_num(start.loadings[some]) @ load) < 0:
        load = -load
    return Component(_filled(means, some), _filled(load, some), noise)


def _first_guess(apart: Floats, weights: Floats) -> tuple[Floats, float]:
    """By the first eigenvector of the columns' covariances, each from the rows that have both."""
    known = (weights > 0).astype(np.float64)
    apart = apart * known
    covariance = apart.T @ apart / np.maximum(known.T @ known, 1.0)
    values, vectors = np.linalg.eigh(covariance)
    load = vectors[:, -1] * np.sqrt(max(float(values[-1]), 1e-12))
    left = np.maximum(np.diagonal(covariance) - load**2, 0.0).mean()
    typical = float(weights.sum() / known.sum())
    return load, max(float(left) * typical, 1e-6)


def _filled(values: Floats, some: npt.NDArray[np.bool_]) -> Floats:
    whole = np.full(len(some), np.nan)
    whole[some] = values
    return whole
