"""Wordfish on texts whose places are known, and against maximising without its method."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import null_space
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from service.analysis.wordfish import PRIOR_BETA, PRIOR_THETA, Wordfish, wordfish

Floats = npt.NDArray[np.float64]


@dataclass
class Made:
    counts: npt.NDArray[np.int64]
    theta: Floats
    beta: Floats


def make(texts: int, words: int, seed: int, *, psi: float = 0.0, clustered: float = 0.0) -> Made:
    """Texts by the model itself; `clustered`: by a negative binomial of that overdispersion."""
    random = np.random.default_rng(seed)
    theta = random.standard_normal(texts)
    theta = (theta - theta.mean()) / theta.std(ddof=1)
    beta = random.normal(0.0, 0.5, words)
    alpha = random.normal(0.0, 0.5, texts)
    usual = random.normal(psi, 1.0, words)
    mean = np.exp(alpha[:, None] + usual + theta[:, None] * beta)
    if clustered:
        mean = mean * random.gamma(1 / clustered, clustered, mean.shape)
    counts = random.poisson(mean)
    used = counts.any(axis=0)
    return Made(counts[:, used], theta, beta[used])


def fitted(made: Made) -> Wordfish:
    found = wordfish(csr_matrix(made.counts))
    return found.turned(int(made.theta.argmin()), int(made.theta.argmax()))


def correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_known_places_are_found() -> None:
    made = make(40, 400, 1)
    found = fitted(made)
    assert found.converged
    assert correlation(found.theta, made.theta) > 0.98
    assert correlation(found.beta, made.beta) > 0.9
    assert found.theta.mean() == pytest.approx(0.0, abs=1e-9)
    assert found.theta.std(ddof=1) == pytest.approx(1.0)
    assert found.alpha.mean() == pytest.approx(0.0, abs=1e-9)
    turned = found.turned(int(made.theta.argmax()), int(made.theta.argmin()))
    assert np.array_equal(turned.theta, -found.theta)
    assert np.array_equal(turned.beta, -found.beta)


def test_intervals_cover_the_truth() -> None:
    inside, robust, dispersions = [], [], []
    for seed in range(30):
        made = make(25, 150, 100 + seed, psi=0.5)
        found = fitted(made)
        away = np.abs(found.theta - made.theta)
        inside += (away < 1.96 * found.se).tolist()
        robust += (away < 1.96 * found.robust).tolist()
        dispersions.append(found.dispersion)
    assert 0.92 < np.mean(inside) < 0.98
    assert 0.92 < np.mean(robust) < 0.98
    assert np.mean(dispersions) == pytest.approx(1.0, abs=0.03)


def test_clustered_words_make_errors_larger() -> None:
    inside, robust, dispersions = [], [], []
    for seed in range(12):
        made = make(60, 600, 200 + seed, clustered=0.2)
        found = fitted(made)
        away = np.abs(found.theta - made.theta)
        inside += (away < 1.96 * found.se).tolist()
        robust += (away < 1.96 * found.robust).tolist()
        dispersions.append(found.dispersion)
    assert np.mean(dispersions) > 1.3
    assert np.mean(inside) < 0.85
    assert np.mean(robust) > 0.9


def test_scipy_finds_the_same_maximum() -> None:
    made = make(8, 30, 5, psi=0.5)
    counts = made.counts.astype(float)
    n, m = counts.shape

    def loss(parameters: Floats) -> tuple[float, Floats]:
        alpha, theta, psi, beta = np.split(parameters, [n, 2 * n, 2 * n + m])
        eta = alpha[:, None] + psi + theta[:, None] * beta
        left = counts - np.exp(eta)
        likely = (counts * eta - np.exp(eta)).sum()
        likely -= (theta**2).sum() / (2 * PRIOR_THETA**2) + (beta**2).sum() / (2 * PRIOR_BETA**2)
        slopes = [
            left.sum(axis=1), left @ beta - theta / PRIOR_THETA**2,
            left.sum(axis=0), theta @ left - beta / PRIOR_BETA**2,
        ]  # fmt: skip
        return -likely, -np.concatenate(slopes)

    random = np.random.default_rng(0)
    tried = [
        minimize(
            loss, random.normal(0, 0.5, 2 * n + 2 * m), jac=True, method="L-BFGS-B",
            options={"maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-9},
        )
        for _ in range(5)
    ]  # fmt: skip
    best = min(tried, key=lambda one: one.fun)
    theta = best.x[n : 2 * n]
    theta = (theta - theta.mean()) / theta.std(ddof=1)
    found = fitted(made)
    assert abs(correlation(found.theta, theta)) == pytest.approx(1.0, abs=1e-8)
    assert np.sort(np.abs(found.theta)) == pytest.approx(np.sort(np.abs(theta)), abs=1e-4)
    mean = np.exp(found.psi + found.alpha[:, None] + found.theta[:, None] * found.beta)
    alpha, places, usual, beta = np.split(best.x, [n, 2 * n, 2 * n + m])
    assert mean == pytest.approx(np.exp(alpha[:, None] + usual + places[:, None] * beta), abs=1e-3)


def test_errors_are_those_of_the_whole_information() -> None:
    """Of all parameters at once, by the derivatives of each mean, under the constraints."""
    made = make(7, 25, 6, psi=0.5)
    found = fitted(made)
    n, m = made.counts.shape
    mean = np.exp(found.alpha[:, None] + found.psi + found.theta[:, None] * found.beta)
    slopes = np.zeros((n, m, 2 * n + 2 * m))
    for i in range(n):
        for j in range(m):
            slopes[i, j, [i, n + i, 2 * n + j, 2 * n + m + j]] = (
                1.0, found.beta[j], 1.0, found.theta[i],
            )  # fmt: skip
    pearson = ((made.counts - mean) ** 2 / mean).mean(axis=0)
    dispersions = pearson * found.dispersion / pearson.mean()
    information = np.einsum("ij,ijk,ijl->kl", mean, slopes, slopes)
    weighted = np.einsum("ij,ijk,ijl->kl", mean * dispersions, slopes, slopes)
    # The penalty on beta, on the scale on which both penalties weighed the same.
    ratio = (found.beta**2).sum() / PRIOR_BETA**2 / ((found.theta**2).sum() / PRIOR_THETA**2)
    scale = ratio**0.25
    betas = np.arange(2 * n + m, 2 * n + 2 * m)
    information[betas, betas] += 1 / (PRIOR_BETA * scale) ** 2
    weighted[betas, betas] += dispersions / (PRIOR_BETA * scale) ** 2
    held = np.zeros((3, 2 * n + 2 * m))
    held[0, :n] = held[1, n : 2 * n] = 1.0
    held[2, n : 2 * n] = found.theta
    free = null_space(held)
    variance = free @ np.linalg.inv(free.T @ information @ free) @ free.T
    assert found.se == pytest.approx(np.sqrt(np.diagonal(variance))[n : 2 * n], rel=1e-6)
    variance = variance @ weighted @ variance
    assert found.robust == pytest.approx(np.sqrt(np.diagonal(variance))[n : 2 * n], rel=1e-6)


def test_a_session_of_statements_takes_seconds() -> None:
    made = make(190, 5_000, 7, psi=-0.5)
    began = time.perf_counter()
    found = fitted(made)
    took = time.perf_counter() - began
    assert found.converged
    assert correlation(found.theta, made.theta) > 0.99
    assert took < 30  # on a machine that others use too
