"""Units by the words that they use: their texts, counted, for Wordscores and Wordfish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.analysis.inquiry import Inquiry
from service.analysis.proportions import NORMAL_95
from service.analysis.scale_units import LEAST_CLAIMS, LEAST_UNITS, Floats, Placed, Rows, Units
from service.analysis.word_counts import WordCounts, word_counts
from service.analysis.wordfish import Wordfish, wordfish
from service.analysis.wordscores import Wordscores, wordscores
from service.errors import InvalidInput

# Fewer words that count don't place a unit.
LEAST_WORDS = 10
# Texts, and texts x words, that Wordfish takes: they bound its memory to about a gigabyte.
MOST_TEXTS, MOST_COUNTS = 2_000, 20_000_000


@dataclass(frozen=True, slots=True)
class Texts:
    """Of some of the `units`, whose places are `places`: the counts have a row for each."""

    units: Units
    places: Rows
    words: WordCounts

    def has(self, unit: int) -> bool:
        return unit in self.places

    def wordfish(self, ends: tuple[int, int] | None) -> Wordfish:
        """The low end below the high one; without ends, the first text below the last."""
        low, high = 0, len(self.places) - 1
        if ends is not None and all(map(self.has, ends)):
            low, high = map(self._row, ends)
        return wordfish(self.words.counts).turned(low, high)

    def wordscores(self, references: Mapping[int, float]) -> Wordscores:
        """`references` are places by unit, each of which has a text."""
        rows = [self._row(unit) for unit in references]
        return wordscores(self.words.counts, rows, list(references.values()))

    def by_wordfish(self, fish: Wordfish) -> Placed:
        return self._placed(fish.theta, fish.robust)

    def by_wordscores(self, scores: Wordscores) -> Placed:
        return self._placed(scores.raw, scores.se)

    def spread(self, values: Floats) -> Floats:
        """Among all units, NaN for those without a text."""
        whole = np.full(len(self.units.ids), np.nan)
        whole[self.places] = values
        return whole

    def _row(self, unit: int) -> int:
        return int(np.flatnonzero(self.places == unit)[0])

    def _placed(self, values: Floats, error: Floats) -> Placed:
        return Placed(
            *map(self.spread, (values, values - NORMAL_95 * error, values + NORMAL_95 * error))
        )


def find_texts(inquiry: Inquiry, units: Units, *, whole: bool) -> Texts | None:
    """Of the units with enough positions and enough words; None where there are too few of them.
    `whole`: all claims of the statements that hold the positions."""
    columns = inquiry.generation.columns
    enough = np.flatnonzero(units.counted(units.rows) >= LEAST_CLAIMS)
    rows = units.rows[np.isin(units.of(units.rows), enough)]
    if whole:
        rows = np.flatnonzero(np.isin(columns.statement, columns.statement[rows]))
    said: dict[int, list[str]] = {unit: [] for unit in enough.tolist()}
    records = inquiry.generation.library.records(rows.tolist())
    for unit, record in zip(units.of(rows).tolist(), records, strict=True):
        said[unit].append(record.claim.text)
    counted = word_counts(["\n".join(claims) for claims in said.values()])
    kept = np.flatnonzero(counted.totals() >= LEAST_WORDS)
    counts = counted.counts[kept]
    used = np.flatnonzero(np.asarray(counts.sum(axis=0)).ravel())
    if len(kept) < LEAST_UNITS or len(used) < LEAST_UNITS:
        return None
    if len(kept) > MOST_TEXTS or len(kept) * len(used) > MOST_COUNTS:
        raise InvalidInput(
            "from",
            f"{len(kept)} texts of {len(used)} different words are too many to be scaled, at most "
            f"{MOST_TEXTS} texts and {MOST_COUNTS} counts: name a shorter period",
        )
    names = tuple(counted.words[i] for i in used.tolist())
    return Texts(units, enough[kept], WordCounts(names, counts[:, used]))
