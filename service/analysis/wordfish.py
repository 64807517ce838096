"""Wordfish: texts placed on one dimension by their words alone, no text's place being given.

Slapin and Proksch (2008), "A Scaling Model for Estimating Time-Series Party Positions from Texts",
American Journal of Political Science 52(3). Text i uses word j as often as a Poisson variable with
mean exp(alpha_i + psi_j + beta_j theta_i): alpha tells how long the text is, psi how usual the
word, theta is the text's place and beta how much the word tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from service.domain.stages import proceed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Standard deviations of the normal priors, those of quanteda: without one, beta has no finite
# estimate for a word that only texts of one end use.
PRIOR_THETA, PRIOR_BETA = 1.0, 3.0
MOST_SWEEPS = 1_000
# No place moves by more in the last sweep, in standard deviations.
_TOLERANCE = 1e-6
# Of one Newton step: beyond it the exponential is no longer near its parabola.
_LONGEST_STEP = 1.0
_HALVINGS = 20
_SMOOTHING = 0.1  # added to counts where their logarithm is taken, as quanteda does

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wordfish:
    """`theta`, `se` and `alpha` have shape (texts,), `psi` and `beta` (words,). `theta` has mean 0
    and standard deviation 1, `alpha` mean 0; which end is up is anybody's choice.

    `se` are standard errors of theta by the Poisson model: from the Fisher information of all
    parameters together, under these constraints. Words of real texts come in clusters: `robust`
    are the errors where the variance of word j is its mean times a dispersion of its own, by
    Pearson's statistic; `dispersion` is that of all words, 1 where the model holds. `converged` is
    False where MOST_SWEEPS weren't enough.
    """

    theta: Floats
    se: Floats
    robust: Floats
    alpha: Floats
    psi: Floats
    beta: Floats
    dispersion: float
    sweeps: int
    converged: bool

    def turned(self, low: int, high: int) -> Wordfish:
        """With the text `low` below the text `high`."""
        if self.theta[low] <= self.theta[high]:
            return self
        return Wordfish(
            -self.theta, self.se, self.robust, self.alpha, self.psi, -self.beta,
            self.dispersion, self.sweeps, self.converged,
        )  # fmt: skip


def wordfish(counts: csr_matrix) -> Wordfish:
    """`counts` has shape (texts, words), at least three texts, each with a word and not all
    with the same, and each word used.

    The penalised likelihood is made as large as it can be by turns: Newton steps for the texts with
    the words held, then for the words with the texts held. Along the directions in which the
    likelihood is flat (origin, scale and length), on which such turns would creep, the penalty's
    best point is taken at once.
    """
    of_texts = np.ascontiguousarray(counts.toarray(), np.float64)
    of_words = np.ascontiguousarray(of_texts.T)
    alpha, theta, psi, beta = _start(of_texts)
    sweep, moved = 0, np.inf
    while moved > _TOLERANCE and sweep < MOST_SWEEPS:
        proceed()
        before = _standard(theta)
        alpha, theta = _newton(of_texts, alpha, theta, beta, psi, PRIOR_THETA)
        psi, beta = _newton(of_words, psi, beta, theta, alpha, PRIOR_BETA)
        alpha, theta, psi, beta = _settled(alpha, theta, psi, beta)
        moved = float(np.abs(_standard(theta) - before).max())
        sweep += 1
    scale = float(theta.std(ddof=1))
    theta, beta = theta / scale, beta * scale
    mean = np.exp(alpha[:, None] + psi + theta[:, None] * beta)
    free = max(mean.size - 2 * sum(mean.shape) + 3, 1)
    dispersions = ((of_texts - mean) ** 2 / mean).mean(axis=0) * mean.size / free
    se, robust = _errors(mean, theta, beta, PRIOR_BETA * scale, dispersions)
    return Wordfish(
        theta, se, robust, alpha, psi, beta, float(dispersions.mean()), sweep,
        moved <= _TOLERANCE,
    )  # fmt: skip


def _start(counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Lengths and frequencies as they are, places and weights by the first singular vectors of what
    these leave of the logarithms."""
    from scipy.sparse.linalg import svds

    alpha = np.log(counts.sum(axis=1))
    alpha -= alpha.mean()
    psi = np.log(counts.mean(axis=0)) - np.log(np.exp(alpha).mean())
    left = np.log(counts + _SMOOTHING) - np.log(np.exp(alpha[:, None] + psi) + _SMOOTHING)
    left -= left.mean(axis=1, keepdims=True)
    left -= left.mean(axis=0)
    begin = np.random.default_rng(0).standard_normal(min(left.shape))
    places, values, weights = svds(left, k=1, v0=begin)
    size = np.sqrt(len(alpha))
    return alpha, places[:, 0] * size, psi, weights[0] * values[0] / size


def _newton(
    counts: Floats, level: Floats, slope: Floats, along: Floats, beside: Floats, prior: float
) -> tuple[Floats, Floats]:
    """One step for each row of `counts`, the logarithm of whose mean is level + slope * along +
    beside; the last two, of shape (columns,), are held. The step is halved where it would make the
    row's penalised likelihood smaller."""
    total, weighted = counts.sum(axis=1), counts @ along
    mean = np.exp(level[:, None] + slope[:, None] * along + beside)
    m0, m1, m2 = mean.sum(axis=1), mean @ along, mean @ along**2
    g0, g1 = total - m0, weighted - m1 - slope / prior**2
    h2 = m2 + 1 / prior**2
    inverse = 1 / (m0 * h2 - m1**2)
    steps = np.stack([(h2 * g0 - m1 * g1) * inverse, (m0 * g1 - m1 * g0) * inverse])
    steps *= np.minimum(1.0, _LONGEST_STEP / np.maximum(np.abs(steps).max(axis=0), 1e-12))

    def value(rows: npt.NDArray[np.int64], a: Floats, b: Floats) -> Floats:
        means = np.exp(a[:, None] + b[:, None] * along + beside).sum(axis=1)
        return np.asarray(total[rows] * a + weighted[rows] * b - means - (b / prior) ** 2 / 2)

    was = total * level + weighted * slope - m0 - (slope / prior) ** 2 / 2
    rows = np.arange(len(counts))
    for _ in range(_HALVINGS):
        now = value(rows, level[rows] + steps[0, rows], slope[rows] + steps[1, rows])
        rows = rows[now < was[rows] - 1e-9 * np.abs(was[rows])]
        if not len(rows):
            break
        steps[:, rows] /= 2
    return level + steps[0], slope + steps[1]


def _settled(
    alpha: Floats, theta: Floats, psi: Floats, beta: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """The same means with the least penalty: places about 0, and a scale on which both penalties
    are equal."""
    psi = psi + beta * theta.mean() + alpha.mean()
    theta, alpha = theta - theta.mean(), alpha - alpha.mean()
    weights, places = (beta**2).sum() / PRIOR_BETA**2, (theta**2).sum() / PRIOR_THETA**2
    scale = float((weights / places) ** 0.25) if weights > 0 and places > 0 else 1.0
    return alpha, theta * scale, psi, beta / scale


def _errors(
    mean: Floats, theta: Floats, beta: Floats, prior: float, dispersions: Floats
) -> tuple[Floats, Floats]:
    """Standard errors of `theta` by the model, and with a dispersion of each word, shape (words,).
    What is left of the information when the words' parameters are taken out is inverted under the
    constraints that alpha's mean, theta's mean and theta's variance stay as they are."""
    n = len(theta)
    held = np.zeros((3, 2 * n))
    held[0, :n] = held[1, n:] = 1.0
    held[2, n:] = theta
    left = _information(mean, theta, beta, prior, np.ones(len(beta)))
    bordered = np.block([[left, held.T], [held, np.zeros((3, 3))]])
    inverse = np.linalg.inv(bordered)[n : 2 * n, : 2 * n]
    model = np.diagonal(inverse[:, n:])
    spread = inverse @ _information(mean, theta, beta, prior, dispersions)
    robust = (spread * inverse).sum(axis=1)
    return np.sqrt(np.maximum(model, 0.0)), np.sqrt(np.maximum(robust, 0.0))


def _information(
    mean: Floats, theta: Floats, beta: Floats, prior: float, weights: Floats
) -> Floats:
    """On alpha and theta, shape (2 texts, 2 texts): the sum over words of what each tells beyond
    its own psi and beta (their Schur complement), times its weight."""
    n = len(theta)
    w0, w1 = mean.sum(axis=0), theta @ mean
    w2 = theta**2 @ mean + 1 / prior**2
    share = weights / (w0 * w2 - w1**2)
    both = np.concatenate([mean, mean * beta])
    place = np.concatenate([theta, theta])
    level, mixed, slope = ((both * (share * part)) @ both.T for part in (w2, -w1, w0))
    taken = level + mixed * place + place[:, None] * (mixed + slope * place)
    own = np.zeros((2 * n, 2 * n))
    every = np.arange(n)
    own[every, every] = mean @ weights
    own[every, n + every] = own[n + every, every] = mean @ (weights * beta)
    own[n + every, n + every] = mean @ (weights * beta**2)
    return np.asarray(own - taken)


def _standard(theta: Floats) -> Floats:
    centred = theta - theta.mean()
    return np.asarray(centred / centred.std(ddof=1))
