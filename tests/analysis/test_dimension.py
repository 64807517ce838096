"""One component of a table with gaps, against scikit-learn, scipy and known places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from service.analysis.dimension import first_component

Floats = npt.NDArray[np.float64]


def make(rows: int, seed: int, *, gaps: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Cells, the observations behind them, true places and loadings."""
    random = np.random.default_rng(seed)
    places = random.standard_normal(rows)
    loadings = np.array([0.5, -0.4, 0.3, 0.6, 0.05, -0.5])
    means = np.array([0.2, 0.0, -0.3, 0.1, 0.0, 0.4])
    weights = random.integers(1, 9, (rows, 6)).astype(float)
    weights[random.random((rows, 6)) < gaps] = 0.0
    with np.errstate(divide="ignore"):
        noise = np.where(weights > 0, 0.6 / np.sqrt(weights), 0.0)
    cells = means + places[:, None] * loadings + noise * random.standard_normal((rows, 6))
    cells[weights == 0] = np.nan
    return cells, weights, places, loadings


def test_without_gaps_it_is_the_principal_component() -> None:
    random = np.random.default_rng(2)
    cells = random.standard_normal((60, 1)) * [0.9, -0.7, 0.5, 0.2] + random.normal(0, 0.3, (60, 4))
    weights = np.ones(cells.shape)
    found = first_component(cells, weights)
    pca = PCA(4).fit(cells)
    direction = found.loadings / np.linalg.norm(found.loadings)
    assert abs(direction @ pca.components_[0]) == pytest.approx(1.0, abs=1e-6)
    # Tipping and Bishop: the noise is the mean of the other eigenvalues.
    values = pca.explained_variance_ * 59 / 60
    assert found.noise == pytest.approx(values[1:].mean(), rel=1e-4)
    assert found.loadings @ found.loadings == pytest.approx(values[0] - found.noise, rel=1e-3)
    scores = found.scores(cells, weights)
    assert np.corrcoef(scores, pca.transform(cells)[:, 0])[0, 1] ** 2 == pytest.approx(1.0)
    assert found.share(cells, weights) == pytest.approx(pca.explained_variance_ratio_[0], abs=1e-4)


def test_with_gaps_known_places_are_found() -> None:
    cells, weights, places, loadings = make(190, 3, gaps=0.5)
    found = first_component(cells, weights)
    sign = np.sign(found.loadings @ loadings)
    assert sign * found.loadings == pytest.approx(loadings, abs=0.12)
    scores = sign * found.scores(cells, weights)
    enough = (weights > 0).sum(axis=1) >= 3
    assert np.corrcoef(scores[enough], places[enough])[0, 1] > 0.8
    turned = found.turned()
    assert turned.scores(cells, weights) == pytest.approx(
        -found.scores(cells, weights), nan_ok=True
    )


def test_the_likelihood_is_as_large_as_scipy_can_make_it() -> None:
    cells, weights, _, _ = make(40, 4, gaps=0.3)

    def loss(parameters: Floats) -> float:
        means, load, noise = parameters[:6], parameters[6:12], np.exp(parameters[12])
        total = 0.0
        for row, counted in zip(cells, weights, strict=True):
            known = counted > 0
            if known.any():
                spread = np.outer(load[known], load[known]) + np.diag(noise / counted[known])
                total -= multivariate_normal.logpdf(row[known], means[known], spread)
        return float(total)

    found = first_component(cells, weights)
    own = loss(np.concatenate([found.means, found.loadings, [np.log(found.noise)]]))
    start = np.concatenate([np.nanmean(cells, axis=0), np.full(6, 0.3), [-1.0]])
    assert own <= minimize(loss, start, method="L-BFGS-B").fun + 1e-3


def test_a_start_keeps_its_direction_and_leaves_empty_columns_out() -> None:
    cells, weights, _, _ = make(50, 5, gaps=0.2)
    first = first_component(cells, weights)
    for start in (first, first.turned()):
        again = first_component(cells, weights, start)
        assert again.loadings == pytest.approx(start.loadings, abs=0.01)
    weights[:, 2] = 0.0
    without = first_component(cells, weights, first)
    assert np.isnan(without.loadings).tolist() == [False, False, True, False, False, False]
    alone = np.delete(cells, 2, axis=1), np.delete(weights, 2, axis=1)
    expected = first_component(*alone).scores(*alone)
    got = without.scores(cells, weights)
    assert np.abs(np.corrcoef(got, expected)[0, 1]) == pytest.approx(1.0, abs=1e-3)
    nobody = np.zeros((1, 6))
    assert np.isnan(without.scores(nobody, nobody)).all()
