"""What a search answers, as tables: a row a hit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from service.analysis.described_claims import HITS
from service.analysis.tabular import Table, Tabular
from service.domain.answers import Answer, Group, Hit

_LISTS = ("on_behalf_of", "aligned_with", "topics", "matched")
_PLAIN = tuple(
    column.name
    for column in HITS
    if column.name not in (*_LISTS, "name", "count", "probability", "corrected")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularAnswer(Answer, Tabular):
    """An answer whose hits are two tables with the same columns: `hits`, those of the whole text,
    the best group first, and `parts`, those of each claim of a longer one for itself, by `asked`.
    """

    def tables(self) -> tuple[Table, Table]:
        judged = self.stance_model is not None
        of_parts = chain.from_iterable(_rows(part.results, judged) for part in self.parts)
        return (
            Table("hits", HITS, _rows(self.results, judged)),
            Table("parts", HITS, of_parts),
        )


def _rows(results: Sequence[Group | Hit], judged: bool) -> Iterator[dict[str, Any]]:
    for result in results:
        if isinstance(result, Hit):
            yield _row(result, None, None, judged)
        else:
            yield from (_row(hit, result.name, result.count, judged) for hit in result.hits)


def _row(hit: Hit, name: str | None, count: int | None, judged: bool) -> dict[str, Any]:
    row = {column: getattr(hit, column) for column in _PLAIN}
    row |= {column: "; ".join(getattr(hit, column)) for column in _LISTS}
    sure = hit.probabilities[hit.stance] if hit.probabilities and hit.stance else None
    corrected = hit.corrected is not None if judged else None
    return row | {"name": name, "count": count, "probability": sure, "corrected": corrected}
