"""How well the labelled sentences' topics are told, and how far two readers agree on them.

python -m service.evaluation.check_labels --corpus DIR

Kinds are measured where they are trained (`train_kinds`), by cross-validation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sklearn.metrics import cohen_kappa_score

from service.corpus.tagging import TopicTagger
from service.evaluation.labels import LabelledSentence, read_labels, read_topic_labels
from service.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, required=True)
    settings = Settings()
    corpus = parser.parse_args().corpus
    labelled = list(read_labels(settings.data, corpus))
    tagger = TopicTagger.load(settings.data)
    report = check_labels(labelled, tagger)
    more = read_topic_labels(settings.data, corpus)
    report["topics_more_tuning"] = micro((topics, frozenset(tagger.tags(t))) for t, topics in more)
    print(json.dumps(report, indent=2))


def check_labels(labelled: list[LabelledSentence], tagger: TopicTagger) -> dict[str, Any]:
    """Shares from 0 to 1; topics are counted over all sentences together (micro-averaged)."""
    kinds = [(s.kind, s.second_kind) for s in labelled if s.second_kind is not None]
    report: dict[str, Any] = {
        "sentences": len(labelled),
        "read_twice": len(kinds),
        "kinds_agreed": round(sum(a == b for a, b in kinds) / len(kinds), 3),
        "kinds_kappa": round(float(cohen_kappa_score(*zip(*kinds, strict=True))), 3),
        "topics_second_reader": micro((s.first_topics, s.second_topics) for s in labelled),
    }
    for split in ("tuning", "held-out"):
        report[f"topics_{split}"] = micro(
            (s.topics, frozenset(tagger.tags(s.text))) for s in labelled if s.split == split
        )
    return report


def micro(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> dict[str, float]:
    """Precision, recall and F1 of the second of each pair of sets against the first."""
    true = given = found = sentences = 0
    for truth, guess in pairs:
        sentences += 1
        true += len(truth & guess)
        given += len(guess)
        found += len(truth)
    return {
        "sentences": sentences,
        "precision": round(true / given, 3) if given else 0.0,
        "recall": round(true / found, 3) if found else 0.0,
        "f1": round(2 * true / (given + found), 3) if given + found else 0.0,
    }


if __name__ == "__main__":
    main()
