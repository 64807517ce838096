"""How often each text uses each word: what Wordscores and Wordfish go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from service.retrieval.library import STOP_WORDS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# A word counts where at least so many texts use it: one that fewer share places nobody.
LEAST_TEXTS = 3
# Two letters or more: figures and signs aren't words.
_WORD = r"(?u)\b[^\W\d_]{2,}\b"


@dataclass(frozen=True, slots=True)
class WordCounts:
    """`counts` has shape (texts, words); `words` are in the order of the alphabet."""

    words: tuple[str, ...]
    counts: csr_matrix

    def totals(self) -> npt.NDArray[np.int64]:
        """Words counted in each text, shape (texts,)."""
        return np.asarray(self.counts.sum(axis=1), np.int64).ravel()


def word_counts(texts: Sequence[str]) -> WordCounts:
    """In lower case, accents kept and nothing stemmed, without the library's stop words and without
    words of fewer than LEAST_TEXTS texts. There may be no word left."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        token_pattern=_WORD, stop_words=sorted(STOP_WORDS), dtype=np.int64
    )  # fmt: skip
    try:
        counts = csr_matrix(counter.fit_transform(texts))
    except ValueError:  # scikit-learn's word for: nothing but stop words
        return WordCounts((), csr_matrix((len(texts), 0), dtype=np.int64))
    shared = np.asarray((counts > 0).sum(axis=0)).ravel() >= LEAST_TEXTS
    words = tuple(str(word) for word in counter.get_feature_names_out()[shared])
    return WordCounts(words, counts[:, np.flatnonzero(shared)])
