"""`evaluate topics`: the claim tagger on the held-out labelled sentences, beside plain baselines.

Intervals draw whole documents. What is fitted (the commonest topic, the cut of the cosine) is
fitted on the tuning sentences, on which the tagger's cues were chosen as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from service.corpus.tagging import TopicTagger
from service.domain.states import fold
from service.domain.topics import Taxonomy
from service.evaluation.check_labels import micro
from service.evaluation.figures import DRAWS, Figure, bootstrap
from service.evaluation.labels import LabelledSentence
from service.evaluation.reports import Block
from service.retrieval.encoder import Encoder

Topics = frozenset[str]
Tag = Callable[[Sequence[str]], Sequence[Topics]]


def evaluate_topics(
    labelled: Sequence[LabelledSentence],
    tagger: TopicTagger,
    taxonomy: Taxonomy,
    encoder: Encoder,
    draws: int = DRAWS,
) -> list[Block]:
    tuning = [sentence for sentence in labelled if sentence.split == "tuning"]
    held_out = [sentence for sentence in labelled if sentence.split == "held-out"]
    ways: dict[str, Tag] = {
        "model": lambda texts: [frozenset(tagger.tags(text)) for text in texts],
        "majority": commonest(tuning),
        "names as keywords": lambda texts: [named(text, taxonomy) for text in texts],
        f"cosine {encoder.name}": nearest(tuning, taxonomy, encoder),
    }
    texts = [sentence.text for sentence in held_out]
    documents = np.array([sentence.document for sentence in held_out])
    rows = {
        way: figures([s.topics for s in held_out], tag(texts), documents, draws)
        for way, tag in ways.items()
    }
    return [Block("topics", rows, f"{len(held_out)} held-out sentences, {len(taxonomy)} topics")]


def figures(
    truth: Sequence[Topics],
    guess: Sequence[Topics],
    documents: npt.NDArray[np.str_],
    draws: int = DRAWS,
) -> dict[str, Figure]:
    pairs = list(zip(truth, guess, strict=True))

    def of(name: str) -> Figure:
        return bootstrap(lambda rows: micro(pairs[i] for i in rows)[name], documents, draws)

    return {
        "micro_f1": of("f1"),
        "micro_precision": of("precision"),
        "micro_recall": of("recall"),
        "macro_f1": bootstrap(lambda rows: macro(pairs[i] for i in rows), documents, draws),
    }


def macro(pairs: Iterable[tuple[Topics, Topics]]) -> float:
    """The mean F1 of the topics that occur, labelled or guessed. NaN where none does."""
    hits: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for truth, guess in pairs:
        hits.update(truth & guess)
        size.update(truth)
        size.update(guess)
    return float(np.mean([2 * hits[topic] / size[topic] for topic in size] or [np.nan]))


def commonest(tuning: Sequence[LabelledSentence]) -> Tag:
    """The commonest topic of the tuning sentences, whatever the sentence."""
    counts = Counter(topic for sentence in tuning for topic in sorted(sentence.topics))
    ((topic, _),) = counts.most_common(1)
    return lambda texts: [frozenset([topic])] * len(texts)


def named(text: str, taxonomy: Taxonomy) -> Topics:
    """The topics of which the name or a synonym stands in the text, word for word."""
    words = f" {fold(text)} "
    return frozenset(
        topic.id
        for topic in taxonomy
        if any(f" {fold(name)} " in words for name in (topic.name, *topic.synonyms))
    )


def nearest(tuning: Sequence[LabelledSentence], taxonomy: Taxonomy, encoder: Encoder) -> Tag:
    """The topics of which any wording (name, definition, synonyms, examples) is near enough: by
    the cosine that has the best micro-averaged F1 on the tuning sentences."""
    wordings = [(t.name, t.definition, *t.synonyms, *t.examples) for t in taxonomy]
    starts = np.cumsum([0, *(len(own) for own in wordings[:-1])])
    vectors = encoder.encode([wording for own in wordings for wording in own])

    def scores(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Shape (texts, topics)."""
        return np.maximum.reduceat(encoder.encode(texts) @ vectors.T, starts, axis=1)

    truth = np.array([[t.id in sentence.topics for t in taxonomy] for sentence in tuning])
    least = best_cut(scores([sentence.text for sentence in tuning]), truth)
    return lambda texts: [
        frozenset(t.id for t, score in zip(taxonomy, row, strict=True) if score >= least)
        for row in scores(texts)
    ]


def best_cut(scores: npt.NDArray[np.float32], truth: npt.NDArray[np.bool_]) -> float:
    """The score from which on to say yes, with the best F1 over all cells together."""
    order = np.argsort(-scores, axis=None, kind="stable")
    values, hits = scores.ravel()[order], np.cumsum(truth.ravel()[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    f1[:-1][values[:-1] == values[1:]] = 0.0  # equal scores can't be told apart
    return float(values[f1.argmax()])
