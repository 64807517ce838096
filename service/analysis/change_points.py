"""Where a yearly series changes: segments of least squared distance to their means, their number
by a penalty that noise seldom beats.

Segmentations come from ruptures, by dynamic programming over all of them (Truong, Oudre and Vayatis
2020). As by BIC with an unknown variance (Yao 1988), a change has to lower the number of years
times the logarithm of the mean squared distance by a penalty. BIC's own is right for long series
of normal noise, and these are short ones of any kind. So the penalty is what the series itself, its
years in random order, would pay in one case of twenty: an order without meaning shows a change with
probability 0.05, whatever the distribution. The same orders give the p of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

# Years of a segment. A series that has fewer than LEAST_YEARS with data isn't asked: of too few
# orders none is rare.
LEAST_OF_SEGMENT, LEAST_YEARS = 3, 8
# Changes looked for at most.
MOST_CHANGES = 4
# Of orders without meaning, how many may show a change.
LEVEL = 0.05
# Random orders at most: a p of 1 in 5,000 stands the correction for 193 states even if it is alone.
# The drawing ends before where ENOUGH have beaten the series, whose p is then no longer small
# (Besag and Clifford 1991).
ORDERS, ENOUGH = 4_999, 25
_TINY = 1e-9

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """`starts` are the places at which a new segment begins, none where no change pays for the
    `penalty`. `p` says how often an order without meaning would show as much."""

    starts: tuple[int, ...]
    penalty: float
    p: float


def change_points(points: Points, seed: int) -> Found | None:
    """Of shape (years, dimension) or (years,): years in order, those without data left out. None
    for fewer than LEAST_YEARS, or where all years are alike."""
    if len(points) < LEAST_YEARS or np.ptp(points, axis=0).max() < _TINY:
        return None
    points = _few_dimensions(points.reshape(len(points), -1))
    points = points - points.mean(axis=0)
    gains = segmentations(points)
    strength = _strength(gains)
    rng, drawn, beaten = np.random.default_rng(seed), list[float](), 0
    while len(drawn) < ORDERS and beaten < ENOUGH:
        drawn.append(_strength(segmentations(rng.permutation(points))))
        beaten += drawn[-1] >= strength - _TINY
    ended = beaten >= ENOUGH
    p = beaten / len(drawn) if ended else (beaten + 1) / (len(drawn) + 1)
    penalty = float(np.quantile(drawn, 1 - LEVEL, method="higher"))
    starts, gain = max(gains, key=lambda found: found[1] - penalty * len(found[0]))
    pays = p <= LEVEL and gain > penalty * len(starts)
    return Found(starts if pays else (), penalty, p)


def segmentations(points: Points) -> list[tuple[tuple[int, ...], float]]:
    """For one change, two and so on, of shape (years, dimension): the places at which segments
    begin, and the gain: years times the logarithm of how many times smaller the squared distances
    to the means of the segments are than those to the one mean. Each is the best of all with so
    many changes."""
    from ruptures import KernelCPD

    most = min(MOST_CHANGES, len(points) // LEAST_OF_SEGMENT - 1)
    search = KernelCPD(kernel="linear", min_size=LEAST_OF_SEGMENT).fit(points)
    search.predict(n_bkps=most)
    squares = float((points**2).sum())
    whole = squares - float((points.sum(axis=0) ** 2).sum()) / len(points)
    found = []
    for changes in range(1, most + 1):
        *starts, end = search.predict(n_bkps=changes)
        edges = np.array([0, *starts, end])
        sums = np.add.reduceat(points, edges[:-1], axis=0)
        within = squares - float(((sums**2).sum(axis=1) / np.diff(edges)).sum())
        gain = len(points) * log(whole / max(within, _TINY * whole))
        found.append((tuple(int(start) for start in starts), gain))
    return found


def _strength(gains: list[tuple[tuple[int, ...], float]]) -> float:
    """The largest penalty that a change of these would still pay for."""
    return max(gain / len(starts) for starts, gain in gains)


def _few_dimensions(points: Points) -> Points:
    """The same distances in no more dimensions than there are points."""
    if points.shape[1] <= len(points):
        return np.ascontiguousarray(points, np.float64)
    _, triangle = np.linalg.qr(points.T)
    return np.ascontiguousarray(triangle.T)
