"""Shares of a few, with their intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# From the mean to either end of the middle 95% of a normal distribution, in standard deviations.
NORMAL_95 = 1.959963984540054

Floats = npt.NDArray[np.float64]


def wilson(count: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Lower and upper end of the 95% score interval of count / of (Wilson 1927), of the same shape;
    NaN where `of` is 0. It covers which `of` were drawn, each as likely as the others."""
    counts, total = np.asarray(count, np.float64), np.asarray(of, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = counts / total
        middle = share + NORMAL_95**2 / (2 * total)
        half = NORMAL_95 * np.sqrt(share * (1 - share) / total + NORMAL_95**2 / (4 * total**2))
        scale = 1 + NORMAL_95**2 / total
        low, high = (middle - half) / scale, (middle + half) / scale
    # Rounding must not leave a share of nothing, or of all, outside.
    return np.minimum(low, share), np.maximum(high, share)
