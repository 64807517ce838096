"""The claims that pass a question's filters, told claim by claim only where somebody asks."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from service.retrieval.columns import Mask
from service.retrieval.generations import Generation
from service.retrieval.index import Rows


class Passing:
    """Claims of the `statements` that pass (None: of all), positions or others or both, and of them
    those in `rows` (None: all).

    A mask of a million claims takes longer to make than most of what is asked of it, and most
    filters are about statements.
    """

    def __init__(
        self,
        generation: Generation,
        statements: Mask | None = None,
        *,
        positions: bool = True,
        others: bool = True,
        rows: Mask | None = None,
    ) -> None:
        self._generation = generation
        self._statements = statements
        self._of_kind = np.array([positions, others])
        self._rows = rows

    @cached_property
    def mask(self) -> Mask:
        """Shape (claims,)."""
        generation = self._generation
        count = generation.index.count
        if self._statements is None:
            mask = np.ones(count, np.bool_)
        else:
            sizes = np.diff(generation.statement_starts, append=count)
            mask = np.repeat(self._statements, sizes)
        positions, others = self._of_kind.tolist()
        if positions != others:
            mask &= generation.positions if positions else ~generation.positions
        if self._rows is not None:
            mask &= self._rows
        return mask

    @cached_property
    def rows(self) -> Rows:
        """Ascending."""
        generation = self._generation
        if self._rows is not None or self._statements is None:
            return np.flatnonzero(self.mask)
        starts = generation.statement_starts
        passing = np.flatnonzero(self._statements)
        begins = starts[passing]
        counts = np.diff(starts, append=generation.index.count)[passing]
        before = np.cumsum(counts) - counts
        rows: Rows = np.repeat(begins - before, counts) + np.arange(int(counts.sum()))
        positions, others = self._of_kind.tolist()
        return rows if positions == others else rows[generation.positions[rows] == positions]

    @cached_property
    def count(self) -> int:
        if self._rows is not None:
            return int(np.count_nonzero(self.mask))
        return int(self._counts.sum())

    @cached_property
    def used(self) -> Mask:
        """Of each state, whether any of its positions passes, and any of its other claims, but for
        what `rows` leaves of them. Shape (2, states)."""
        return self._counts > 0

    @cached_property
    def listed(self) -> int:
        """How many claims there are in what is `used`."""
        return int(self._generation.list_sizes[self.used].sum())

    @property
    def is_all_listed(self) -> bool:
        return self._rows is None and self.count == self.listed

    @cached_property
    def _counts(self) -> npt.NDArray[np.int64]:
        """Of each state, how many of its positions and of its other claims may pass, shape
        (2, states)."""
        generation = self._generation
        counts = generation.list_sizes
        if self._statements is not None and counts.size:
            passing = generation.statement_sizes * self._statements
            counts = np.add.reduceat(passing, generation.state_statements, axis=1)
        found: npt.NDArray[np.int64] = counts * self._of_kind[:, None]
        return found
