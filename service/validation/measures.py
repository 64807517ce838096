"""How far the speeches of two states go together, by several measures: shape (states, states) each,
symmetric, NaN on the diagonal and where one says too little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from service.analysis.best_matches import similarities
from service.retrieval.generations import Generation
from service.validation.debates import Debate
from service.validation.learning import Known, by_vectors, by_words, foretold

COSINE, NEAREST, TF_IDF, WORDFISH = "cosine", "nearest", "tf-idf", "wordfish"
CONTRAST, STANCE = "contrast", "stance"
WORDSCORES, LEARNED = "wordscores", "learned"
# What each is; those of the last two know how other states voted in earlier sessions.
MEASURES: Mapping[str, str] = {
    COSINE: "Raw cosine of the mean vectors of the two speeches.",
    NEAREST: "Mean best match of their positions, as `matrix` has it.",
    TF_IDF: "Cosine of the two speeches' words, weighted by tf-idf.",
    WORDFISH: "Less distance on the Wordfish scale of the session's speeches.",
    CONTRAST: (
        "Product of how much nearer each state's positions on the issue are to its proposition "
        "than to its contrary."
    ),
    STANCE: (
        "Product of the two states' mean leanings on the issue, P(for) - P(against) by the stance "
        "model: how likely they are on the same side, less how likely on contrary ones."
    ),
    WORDSCORES: (
        "Product of the places that Wordscores give the two speeches, its references the speeches "
        "of other states in earlier sessions, at how these voted."
    ),
    LEARNED: (
        "Product of the votes foretold from the two speeches by ridge regression on mean vectors, "
        "learned from other states in earlier sessions."
    ),
}
# Of a session's speeches that use a word which Wordfish goes by: rare ones take most of its time.
SHARED = 0.1
INFORMED = frozenset({WORDSCORES, LEARNED})

Floats = npt.NDArray[np.float64]


def of_speeches(generation: Generation, debate: Debate) -> dict[str, Floats]:
    """Those that know of no issue."""
    from sklearn.feature_extraction.text import TfidfTransformer

    from service.analysis.wordfish import wordfish

    vectors = debate.groups(generation)
    counts = vectors.counts[:, None]
    means = np.add.reduceat(vectors.vectors.astype(np.float64), debate.starts, axis=0) / counts
    found = {
        COSINE: _cosines(means),
        NEAREST: similarities(vectors),
        TF_IDF: _cosines(TfidfTransformer(sublinear_tf=True).fit_transform(debate.words).toarray()),
    }
    shared = np.asarray((debate.words > 0).mean(axis=0)).ravel() >= SHARED
    theta = wordfish(debate.words[:, np.flatnonzero(shared)]).theta
    found[WORDFISH] = -np.abs(theta[:, None] - theta[None, :])
    return {name: _off_diagonal(table) for name, table in found.items()}


def product(places: Floats) -> Floats:
    """Of one figure a state. Where each is P(one side) - P(other side), the product is how likely
    two states are on the same side less how likely on contrary ones."""
    return _off_diagonal(places[:, None] * places[None, :])


def mean_product(places: Sequence[Floats]) -> Floats:
    """Over issues, each of one figure a state: of each two states the mean over those on which
    both are known."""
    table = np.array(places)
    known = ~np.isnan(table)
    filled = np.where(known, table, 0.0)
    both = known.astype(float).T @ known.astype(float)
    with np.errstate(invalid="ignore"):
        return _off_diagonal((filled.T @ filled) / both)


def informed(earlier: Sequence[Known], debate: Debate) -> dict[str, Floats]:
    """From how other states voted on the issue in `earlier` sessions: one figure a state."""
    return {
        WORDSCORES: product(foretold(by_words, earlier, debate)[:, 0]),
        LEARNED: product(foretold(by_vectors, earlier, debate)[:, 0]),
    }


def informed_of_all(earlier: Sequence[Known], debate: Debate) -> dict[str, Floats]:
    """Over all roll calls, from the `places` of other states in earlier sessions."""
    axis = [Known(known.debate, known.targets[:, 1:]) for known in earlier]
    found = {WORDSCORES: product(foretold(by_words, axis, debate)[:, 0])}
    made = foretold(by_vectors, earlier, debate)
    if made.shape[1] == 2:
        level, place = made.T
        found[LEARNED] = _off_diagonal(level[:, None] + level[None, :] + np.outer(place, place))
    return found


def _cosines(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1.0)
    return np.asarray(unit @ unit.T)


def _off_diagonal(table: Floats) -> Floats:
    found = np.array(table, np.float64)
    np.fill_diagonal(found, np.nan)
    return found
