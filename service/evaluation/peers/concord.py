"""This service's own index and filters, in the place of a peer: `dense` as it answers, `exact` by
scoring every row that passes. Run by the project's own Python. The mask of a filter is made from
the columns for every query, as a peer evaluates its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.catalogue import load_blocs
from service.domain.dates import PartialDate
from service.domain.questions import Question, TopicFilter
from service.retrieval.codes import Codes
from service.retrieval.columns import Columns
from service.retrieval.filters import passing
from service.retrieval.generations import Generation
from service.retrieval.index import Rows, VectorIndex
from service.retrieval.scope import Scope
from service.settings import PROJECT

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

COLUMNS = "columns.npz"  # of the dataset too
_VECTORS, _CODES = "vectors", "codes"
_AT_ONCE = 50_000


class WithoutTexts(Generation):
    """Vectors, codes and columns, as a generation has them, of what is measured."""

    def __init__(self, folder: Path) -> None:
        self.index = VectorIndex.open(folder / _VECTORS)
        codes = folder / _CODES
        self.codes = Codes.open(codes) if codes.is_file() else None
        self.columns = Columns.load(folder / COLUMNS)
        self.state_starts = self.columns.starts(self.columns.state)
        self.statement_starts = self.columns.starts(self.columns.statement)
        self._calibration = np.empty(0, np.float32)
        self.members = {}
        self.positions = self.columns.positions


class Concord:
    def __init__(self, variant: str) -> None:
        self._is_exact = variant == "exact"

    def build(self, dataset: Dataset, folder: Path) -> None:
        vectors = dataset.vectors
        pieces = (vectors[start : start + _AT_ONCE] for start in range(0, len(vectors), _AT_ONCE))
        VectorIndex.write(folder / _VECTORS, (len(vectors), vectors.shape[1]), pieces)
        shutil.copy(dataset.folder / COLUMNS, folder / COLUMNS)
        if not self._is_exact:
            columns, index = Columns.load(folder / COLUMNS), VectorIndex.open(folder / _VECTORS)
            starts = columns.starts(columns.state)
            Codes.write(folder / _CODES, index, starts, columns.positions)

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._generation = WithoutTexts(folder)
        self._blocs = load_blocs(PROJECT / "data")
        self._questions = {wanted.name: question(wanted) for wanted in dataset.filters}

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        generation = self._generation
        found = passing(self._questions[wanted.name], generation, self._blocs, ())
        if self._is_exact:
            mask = found.mask
            rows, scores = np.flatnonzero(mask), generation.index.scores(query, mask)[mask]
        else:
            scope = Scope(generation, found)
            if wanted.each:
                rows = scope.best_states(query, len(generation.state_starts))
            else:
                rows, _ = scope.nearest(query, most)
            scores = scope.similarities(query, rows)
        if wanted.each:
            return _first_of_each(rows[np.argsort(-scores, kind="stable")], generation)
        if len(scores) > most:
            near = np.argpartition(-scores, most - 1)[:most]
            rows, scores = rows[near], scores[near]
        best: list[int] = rows[np.argsort(-scores, kind="stable")].tolist()
        return best


def _first_of_each(rows: Rows, generation: Generation) -> list[int]:
    _, first = np.unique(generation.columns.state[rows], return_index=True)
    found: list[int] = rows[np.sort(first)].tolist()
    return found


def question(wanted: Filter) -> Question:
    """The same, as this service is asked it; of every kind of claim, as peers know none."""
    years = wanted.years
    return Question(
        text="",
        parts=(),
        exclude=(wanted.exclude,) if wanted.exclude else (),
        states=(wanted.state,) if wanted.state else (),
        blocs=(wanted.bloc,) if wanted.bloc else (),
        topics=(TopicFilter(wanted.topic, wanted.topic),) if wanted.topic else (),
        earliest=PartialDate(str(years[0])) if years else None,
        latest=PartialDate(str(years[1])) if years else None,
        kinds=None,
    )


def peer(variant: str) -> Concord:
    return Concord(variant)
