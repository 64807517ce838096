"""Judges of stance pairs that know no stance: what the model must beat.

A baseline by closeness (shared words, a cosine) knows only how near two texts are. It is given the
fairest use of that: its scores are cut into bands, and the cuts, as well as which band means
aligned, opposed or neither, are those with the best macro-F1 on the tuning issues' pairs. Whether
what is near is aligned or opposed isn't assumed but fitted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from service.domain.stance import STANCES
from service.evaluation.figures import Numbers, Probabilities
from service.retrieval.encoder import Encoder, Vectors
from service.stance.training.calibrate import sides
from service.stance.training.pairs import Pair

Scores = npt.NDArray[np.float64]
Closeness = Callable[[Sequence[Pair]], Scores]
_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge says of each pair: `stances` in the order of `Stance`; `opposed` is which of the
    two sides it takes where it has to take one; `probabilities` has shape (pairs, 4) or is None."""

    stances: Numbers
    opposed: npt.NDArray[np.bool_]
    probabilities: Probabilities | None = None


Judge = Callable[[Sequence[Pair]], Judged]


def majority(pairs: Sequence[Pair]) -> Judged:
    """The commonest answer of the very pairs that are judged: the best that a constant can do."""
    truth = np.array([STANCES.index(pair.label) for pair in pairs])
    side = int(np.bincount(sides(truth)).argmax())
    against = bool((truth == _OPPOSED).sum() > (truth == _ALIGNED).sum())
    return Judged(
        np.full(len(pairs), _UNCLEAR if side == _PARTIAL else side), np.full(len(pairs), against)
    )


def fitted(closeness: Closeness, tuning: Sequence[Pair]) -> Judge:
    """The judge by `closeness` with the cuts that are best on `tuning`."""
    scores = closeness(tuning)
    truth = sides(np.array([STANCES.index(pair.label) for pair in tuning]))
    three = fit_bands(scores, truth, (_OPPOSED, _PARTIAL, _ALIGNED))
    sided = truth != _PARTIAL
    two = fit_bands(scores[sided], truth[sided], (_OPPOSED, _ALIGNED))

    def judge(pairs: Sequence[Pair]) -> Judged:
        scores = closeness(pairs)
        stances = three.of(scores)
        return Judged(np.where(stances == _PARTIAL, _UNCLEAR, stances), two.of(scores) == _OPPOSED)

    return judge


@dataclass(frozen=True, slots=True)
class Bands:
    """A score under the first cut means the first class; from the last cut on, the last one."""

    cuts: tuple[float, ...]
    classes: tuple[int, ...]

    def of(self, scores: Scores) -> Numbers:
        found: Numbers = np.array(self.classes)[np.searchsorted(self.cuts, scores, side="right")]
        return found


def fit_bands(scores: Scores, truth: Numbers, classes: Sequence[int]) -> Bands:
    """A band for each of `classes`, with the best macro-F1 of all cuts and all orders of classes.

    A band may be empty. Of equally good ones the first counts, in the order of `classes`.
    """
    values = np.unique(scores)
    cuts = np.append(values, np.inf)
    under = np.searchsorted(values, scores)[:, None] < np.arange(len(cuts))
    # below[k, c]: pairs of class c whose score is under cut k.
    below = np.array([under[truth == c].sum(axis=0) for c in classes]).T
    total = below[-1]
    chosen = np.array(
        list(itertools.combinations_with_replacement(range(len(cuts)), len(classes) - 1))
    )
    edges = np.zeros((len(chosen), len(classes) + 1, len(classes)), np.int64)
    edges[:, 1:-1], edges[:, -1] = below[chosen], total
    counts = np.diff(edges, axis=1)  # choice, band, class
    size = counts.sum(axis=2)
    best, bands = -1.0, Bands((), ())
    for order in itertools.permutations(range(len(classes))):
        hits = counts[:, range(len(classes)), order]
        f1 = (2 * hits / np.maximum(size + total[list(order)], 1)).mean(axis=1)
        top = int(f1.argmax())
        if f1[top] > best + 1e-12:
            best = float(f1[top])
            bands = Bands(tuple(cuts[chosen[top]].tolist()), tuple(classes[i] for i in order))
    return bands


def bm25(pairs: Sequence[Pair], k1: float = 1.2, b: float = 0.75) -> Scores:
    """How well b answers the words of a, by BM25, as a share of how well a answers them itself:
    long propositions don't score higher than short ones, and cuts carry over from set to set.

    Document frequencies are those of the set's own passages, its distinct b.
    """
    passages = list(dict.fromkeys(pair.b for pair in pairs))
    counter = CountVectorizer()
    counter.fit([*passages, *(pair.a for pair in pairs)])
    documents = counter.transform(passages)
    length = documents.sum() / len(passages)
    frequency = np.bincount(documents.indices, minlength=documents.shape[1])
    idf = np.log1p((len(passages) - frequency + 0.5) / (frequency + 0.5))

    def weighed(texts: Sequence[str]) -> Any:
        """A sparse matrix of text and word."""
        counts = counter.transform(texts).astype(np.float64)
        lengths = np.repeat(np.asarray(counts.sum(axis=1)).ravel(), np.diff(counts.indptr))
        norm = k1 * (1 - b + b * lengths / length)
        counts.data *= (k1 + 1) / (counts.data + norm) * idf[counts.indices]
        return counts

    asked = weighed([pair.a for pair in pairs])
    itself = np.asarray(asked.sum(axis=1)).ravel()
    shared = (asked > 0).multiply(weighed([pair.b for pair in pairs]))
    found = np.asarray(shared.sum(axis=1)).ravel()
    scores: Scores = np.divide(found, itself, out=np.zeros(len(pairs)), where=itself > 0)
    return scores


def tf_idf(pairs: Sequence[Pair]) -> Scores:
    """Cosine of TF-IDF vectors, with the document frequencies of the set's distinct passages."""
    vectorizer = TfidfVectorizer().fit(list(dict.fromkeys(pair.b for pair in pairs)))
    a = vectorizer.transform([pair.a for pair in pairs])
    b = vectorizer.transform([pair.b for pair in pairs])
    scores: Scores = np.asarray(a.multiply(b).sum(axis=1)).ravel()
    return scores


class Cosine:
    """Cosine of an encoder's vectors; each text is encoded once, however many sets hold it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def __call__(self, pairs: Sequence[Pair]) -> Scores:
        texts = dict.fromkeys(text for pair in pairs for text in (pair.a, pair.b))
        missing = [text for text in texts if text not in self._known]
        self._known |= zip(missing, self._encoder.encode(missing), strict=True)
        a = np.stack([self._known[pair.a] for pair in pairs])
        b = np.stack([self._known[pair.b] for pair in pairs])
        scores: Scores = np.einsum("ij,ij->i", a, b).astype(np.float64)
        return scores


def closenesses(encoders: Sequence[Encoder]) -> Mapping[str, Closeness]:
    """All of them by the name under which they are reported."""
    by_cosine = {f"cosine {encoder.name}": Cosine(encoder) for encoder in encoders}
    return {"BM25": bm25, "TF-IDF cosine": tf_idf, **by_cosine}
