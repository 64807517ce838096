"""The answers themselves, by brute force, and how much of them a peer found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.evaluation.peers.driver import Dataset, Filter

_AT_ONCE = 32_768  # rows
# Similarities that differ by less are a tie: the order of additions differs by library.
TIE = 1e-6

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Truth:
    """By filter, `least`, shape (queries,): the similarity of the last of the nearest rows, of
    which there are `number`. `best`, shape (queries, states): that of the nearest row of each
    state; -inf where a state has none."""

    most: int
    least: dict[str, Scores]
    number: dict[str, int]
    best: Scores


def brute_force(dataset: Dataset, most: int) -> Truth:
    """All similarities, a piece at a time."""
    queries, state = dataset.queries, dataset.fields["state"]
    filters = [wanted for wanted in dataset.filters if not wanted.each]
    masks = {wanted.name: dataset.mask(wanted) for wanted in filters}
    nearest = {name: np.full((len(queries), most), -np.inf, np.float32) for name in masks}
    best = np.full((len(queries), len(dataset.states)), -np.inf, np.float32)
    for start in range(0, len(dataset), _AT_ONCE):
        scores = queries @ dataset.vectors[start : start + _AT_ONCE].T
        piece = state[start : start + _AT_ONCE]
        firsts = np.concatenate(([0], np.flatnonzero(np.diff(piece)) + 1))
        of_state = np.maximum.reduceat(scores, firsts, axis=1)
        for column, code in enumerate(piece[firsts].tolist()):
            best[:, code] = np.maximum(best[:, code], of_state[:, column])
        for name, mask in masks.items():
            passed = scores if mask is None else scores[:, mask[start : start + _AT_ONCE]]
            both = np.concatenate((nearest[name], passed), axis=1)
            nearest[name] = np.partition(both, both.shape[1] - most, axis=1)[:, -most:]
    number = {
        name: min(most, len(dataset) if mask is None else int(mask.sum()))
        for name, mask in masks.items()
    }
    least = {name: np.sort(nearest[name], axis=1)[:, most - number[name]] for name in masks}
    return Truth(most, least, number, best)


def recall(
    dataset: Dataset, truth: Truth, wanted: Filter, answers: Sequence[Sequence[int]]
) -> float:
    """The mean over the queries answered, which are the first ones, of how much of the truth is
    there: of the nearest rows, or of the states whose nearest row it is. A row counts once, and
    not at all where the filter forbids it; of rows that are equally near any will do. NaN without
    answers."""
    if wanted.each:
        shares = [_states_found(dataset, truth, *one) for one in enumerate(answers)]
    else:
        mask, least = dataset.mask(wanted), truth.least[wanted.name]
        number = truth.number[wanted.name]
        shares = []
        for query, rows in enumerate(answers):
            distinct = _distinct(dataset, rows)
            if mask is not None:
                distinct = distinct[mask[distinct]]
            near = dataset.vectors[distinct] @ dataset.queries[query] >= least[query] - TIE
            shares.append(min(int(near.sum()), number) / number)
    return float(np.mean(shares)) if shares else float("nan")


def _states_found(dataset: Dataset, truth: Truth, query: int, rows: Sequence[int]) -> float:
    distinct = _distinct(dataset, rows)
    states = dataset.fields["state"][distinct]
    scores = dataset.vectors[distinct] @ dataset.queries[query]
    found = np.unique(states[scores >= truth.best[query, states] - TIE])
    return len(found) / int(np.isfinite(truth.best[query]).sum())


def _distinct(dataset: Dataset, rows: Sequence[int]) -> npt.NDArray[np.int64]:
    given = np.unique(np.array(rows, np.int64))
    return given[(given >= 0) & (given < len(dataset))]
