"""Means of what was observed of units' claims, and how sure they are: the units' statements drawn
anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

# Of the percentile interval: draws, and what is left out on either side.
DRAWS, TAILS = 1_000, (2.5, 97.5)
# A unit's claims are drawn speech by speech where it has at least so many; else claim by claim.
LEAST_STATEMENTS = 3

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observed:
    """`value[k]` was observed of the claim `row[k]`, of the statement `statement[k]`, of the unit
    numbered `unit[k]`, in the column numbered `column[k]`. Each array has shape (observations,)."""

    unit: Rows
    statement: Rows
    row: Rows
    column: Rows
    value: Floats


@dataclass(frozen=True, slots=True)
class UnitMeans:
    """Units x columns. `sums` and `counts` have shape (clusters, columns); the clusters, which are
    drawn as one, stand unit by unit, those of the unit `units[k]` from `starts[k]` on."""

    units: Rows
    starts: Rows
    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, observed: Observed, columns: int) -> UnitMeans:
        """Units without an observation aren't in it."""
        _, inverse = np.unique(observed.unit, return_inverse=True)
        pairs = np.unique(np.stack([inverse, observed.statement], axis=1), axis=0)
        several = np.bincount(pairs[:, 0]) >= LEAST_STATEMENTS
        # Of no row the number of a statement: rows stand below zero.
        drawn = np.where(several[inverse], observed.statement, -1 - observed.row)
        keys, cluster = np.unique(
            np.stack([observed.unit, drawn], axis=1), axis=0, return_inverse=True
        )
        sums, counts = np.zeros((2, len(keys), columns))
        np.add.at(sums, (cluster.ravel(), observed.column), observed.value)
        np.add.at(counts, (cluster.ravel(), observed.column), 1.0)
        units, starts = np.unique(keys[:, 0], return_index=True)
        return cls(units, starts, sums, counts)

    def clusters(self) -> Rows:
        """How many each unit has."""
        return np.diff(np.append(self.starts, len(self.sums)))

    def cells(self, drawn: Floats | None = None) -> tuple[Floats, Floats]:
        """Means, NaN where there is nothing, and the observations behind each: both of shape
        (units, columns). `drawn` tells how often each cluster counts."""
        sums, counts = self.sums, self.counts
        if drawn is not None:
            sums, counts = sums * drawn[:, None], counts * drawn[:, None]
        whole = np.add.reduceat(counts, self.starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.add.reduceat(sums, self.starts) / whole, whole

    def draws(self, names: Sequence[str], seed: int) -> Iterator[tuple[Floats, Floats]]:
        """`cells` of DRAWS samples with replacement of each unit's clusters. What is drawn of a
        unit depends on its name and the seed, not on which others there are."""
        drawn = np.empty((DRAWS, len(self.sums)), np.int32)
        for number, start, size in zip(self.units, self.starts, self.clusters(), strict=True):
            random = np.random.default_rng([seed, crc32(names[number].encode())])
            even = np.full(size, 1 / size)
            drawn[:, start : start + size] = random.multinomial(size, even, DRAWS)
        for sample in drawn:
            yield self.cells(sample.astype(np.float64))

    def interval(self, estimates: Floats, moved: Floats) -> tuple[Floats, Floats]:
        """95%, of shape (units,) each, from `moved`, the estimate of each draw: (draws, units). A
        sample of n clusters spreads less than what it is drawn from, which is made good. NaN where
        there is no estimate."""
        size, some = self.clusters(), ~np.isnan(estimates)
        wider = np.sqrt(size / np.maximum(size - 1, 1))
        low, high = np.full((2, len(estimates)), np.nan)
        low[some], high[some] = np.nanpercentile((moved - estimates)[:, some], TAILS, axis=0)
        return estimates + low * wider, estimates + high * wider
