"""Votes foretold from speeches by how speeches and votes went together before.

For a session only earlier sessions are learned from, and for a state only other states: neither its
own votes nor those of the session have a part in what is foretold of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.validation.debates import Debate

# Groups of states that are foretold from the others' votes.
FOLDS = 5
# The ridge, in units of the mean variance of a feature.
RIDGE = 1.0

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Known:
    """`targets`, shape (states of the debate, figures), NaN where a state didn't vote."""

    debate: Debate
    targets: Floats


Fit = Callable[[Sequence[Debate], Sequence[Mask], Floats, Debate], Floats]


def foretold(fit: Fit, earlier: Sequence[Known], debate: Debate) -> Floats:
    """Shape (states, figures): each state's from the `earlier` debates of states of other folds;
    NaN without an earlier debate."""
    if not earlier:
        return np.full((len(debate.states), 1), np.nan)
    found = np.full((len(debate.states), earlier[0].targets.shape[1]), np.nan)
    folds = np.array([_fold(state) for state in debate.states])
    for fold in range(FOLDS):
        own = folds == fold
        if not own.any():
            continue
        taught = [
            ~np.isnan(known.targets).any(axis=1)
            & np.array([_fold(state) != fold for state in known.debate.states])
            for known in earlier
        ]
        targets = np.concatenate([k.targets[m] for k, m in zip(earlier, taught, strict=True)])
        if len(targets) < FOLDS:
            continue
        found[own] = fit([known.debate for known in earlier], taught, targets, debate)[own]
    return found


def by_vectors(
    earlier: Sequence[Debate], taught: Sequence[Mask], targets: Floats, debate: Debate
) -> Floats:
    """Ridge regression on the mean vectors of speeches."""
    from sklearn.linear_model import Ridge

    features = np.concatenate([d.means[m] for d, m in zip(earlier, taught, strict=True)])
    alpha = RIDGE * float((features**2).sum()) / features.shape[1]
    model = Ridge(alpha=alpha).fit(features, targets)
    return np.asarray(model.predict(debate.means)).reshape(len(debate.states), -1)


def by_words(
    earlier: Sequence[Debate], taught: Sequence[Mask], targets: Floats, debate: Debate
) -> Floats:
    """Wordscores of Laver, Benoit and Garry (2003), raw: every speech before is a reference text,
    and how its state then voted its place. One figure only."""
    from scipy.sparse import vstack

    from service.analysis.wordscores import wordscores

    references = vstack([d.words[np.flatnonzero(m)] for d, m in zip(earlier, taught, strict=True)])
    counts = vstack([references, debate.words]).tocsr()
    if np.ptp(targets[:, 0]) == 0:
        return np.full((len(debate.states), 1), np.nan)
    scores = wordscores(counts, range(references.shape[0]), targets[:, 0].tolist())
    return scores.raw[references.shape[0] :, None]


def places(agreement: Floats, before: Floats | None) -> Floats:
    """Two figures of each state from agreement in votes, shape (states, states) with NaN where
    unknown: how much it agrees with everybody, and its place on the axis that tells most of the
    rest apart, so that agreement is about mean + a_i + a_j + b_i b_j. An eigenvector has no
    direction of its own: it is turned to go with that of `before`, shape (states,), NaN where a
    state wasn't there."""
    known = ~np.isnan(agreement)
    np.fill_diagonal(known, False)
    mean = agreement[known].mean()
    effects = np.zeros(len(agreement))
    for _ in range(30):  # Gauss-Seidel in all but name: there are few gaps
        left = np.where(known, agreement - mean - effects[None, :], 0.0)
        effects = left.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    left = np.where(known, agreement - mean - effects[:, None] - effects[None, :], 0.0)
    values, vectors = np.linalg.eigh(left)
    axis = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
    if before is not None and np.nansum(axis * before) < 0:
        axis = -axis
    return np.column_stack([effects, axis])


def _fold(state: str) -> int:
    """The same in every session, and whoever else is there."""
    return zlib.crc32(state.encode()) % FOLDS
