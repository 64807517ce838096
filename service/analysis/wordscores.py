"""Wordscores: texts placed by the words that they share with texts whose places are given.

Laver, Benoit and Garry (2003), "Extracting Policy Positions from Political Texts Using Words as
Data", American Political Science Review 97(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wordscores:
    """Of every text, the reference texts too, arrays of shape (texts,), NaN where a text has no
    word of a reference text.

    `raw` are means of the words' scores, drawn together towards the middle by all the words that
    everybody uses; `se` are their standard errors, as in the paper. `lbg` and `mv` undo the
    drawing together: each is a straight line of `raw`.
    """

    raw: Floats
    se: Floats
    lbg: Floats
    mv: Floats


def wordscores(
    counts: csr_matrix, references: Sequence[int], values: Sequence[float]
) -> Wordscores:
    """`counts` has shape (texts, words); `references` are rows of it, each with words, and `values`
    their places, of which two differ."""
    a = np.array(values, np.float64)
    chosen = np.array(references, np.int64)
    own = counts[chosen].astype(np.float64)
    # Each text counts with its words' shares: a word's share of all is the sum of these.
    per_word = 1.0 / np.asarray(own.sum(axis=1)).ravel()
    whole = own.T @ per_word
    known = whole > 0
    scores = np.where(known, (own.T @ (a * per_word)) / np.where(known, whole, 1.0), 0.0)
    scored = counts @ known.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = (counts @ scores) / scored
        # The mean square less the square of the mean; rounding may leave it just below zero.
        spread = np.maximum((counts @ scores**2) / scored - raw**2, 0.0)
        se = np.sqrt(spread / scored)
    virgin = np.setdiff1d(np.flatnonzero(scored > 0), chosen)
    return Wordscores(raw, se, lbg(raw, raw[virgin], a), mv(raw, raw[chosen], a))


def lbg(raw: Floats, virgin: Floats, values: Floats) -> Floats:
    """The paper's rescaling: about the mean of the texts whose places aren't given, `virgin`, these
    spread as much as the `values` of the references do. NaN where fewer than two of them differ.

    quanteda reckons with the reference texts among the others where it is given them.
    """
    if len(virgin) < 2 or np.ptp(virgin) == 0:
        return np.full(len(raw), np.nan)
    middle = virgin.mean()
    return np.asarray((raw - middle) * values.std(ddof=1) / virgin.std(ddof=1) + middle)


def mv(raw: Floats, of_references: Floats, values: Floats) -> Floats:
    """Martin and Vanberg (2008): the line on which the lowest and the highest reference keep the
    places that they were given; `of_references` are their raw scores. NaN where these are equal."""
    low, high = values.min(), values.max()
    lowest, highest = of_references[values == low].mean(), of_references[values == high].mean()
    if lowest == highest:
        return np.full(len(raw), np.nan)
    return np.asarray(low + (raw - lowest) * (high - low) / (highest - lowest))
