"""Words as sentences share them: stems, and how much of two sentences is said in the same words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from service.retrieval.library import query_words

_ENDING = re.compile(r"(?:ations?|ings?|ness|ments?|edly|ies|ied|ed|es|ly|s|e|y)$")


def stem(word: str) -> str:
    """A word without its usual English endings; short words stay whole."""
    found = _ENDING.sub("", word)
    return found if len(found) >= 4 else word


def word_stems(text: str) -> set[str]:
    """Of the words that carry meaning."""
    return {stem(word) for word in query_words(text)}


class SharedWords:
    """How much of two sentences is said in the same words, from 0 to 1: the weight of the stems
    that both have by the weight of all their stems (Jaccard).

    Rare stems weigh more, log(1 + sentences / sentences with the stem), so that what every sentence
    of `texts` names, as speeches name the United Nations, makes no two of them alike.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._stems = {text: frozenset(word_stems(text)) for text in texts}
        with_stem = Counter(found for text in texts for found in self._stems[text])
        self._weights = {s: math.log1p(len(texts) / count) for s, count in with_stem.items()}

    def share(self, a: str, b: str) -> float:
        """Of two of the texts; the same either way. Two texts without a word that carries meaning
        share nothing."""
        first, second = self._stems[a], self._stems[b]
        everything = self._weight(first | second)
        return self._weight(first & second) / everything if everything else 0.0

    def _weight(self, stems: frozenset[str]) -> float:
        return math.fsum(self._weights[s] for s in stems)
