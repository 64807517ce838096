"""How far two readers of the answers' quotations agree, each blind to the other.

The second reader (`data/labels/answers_second.jsonl`) read a sample of the first's quotations: all
that the first called opposed, 50 of each other label, and half of what answers show as aligned,
each with the sentences before and after it; and, alone, 72 more that answers show. Both readers are
language models. The files cite by query and claim, so this needs no corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.data_files import read_objects
from service.domain.stance import STANCES, Stance
from service.errors import CatalogueError
from service.evaluation.figures import bootstrap, kappa, share
from service.evaluation.reports import Block

FIRST_LABELS, SECOND_LABELS = "labels/answers.jsonl", "labels/answers_second.jsonl"
ABOUT = "a sample richer in opposed and in shown-as-aligned than what answers show"
Read = tuple[str, str]  # query, claim_id


def read_answer_labels(path: Path) -> dict[Read, Stance]:
    """Empty where there is no such file. Raises CatalogueError naming a line that is no label, or
    a second one of the same quotation."""
    found: dict[Read, Stance] = {}
    for where, entry in read_objects(path) if path.is_file() else ():
        try:
            read, label = (entry["query"], entry["claim_id"]), Stance(entry["label"])
        except (KeyError, ValueError) as error:
            raise CatalogueError(f"{where}: {error}") from error
        if read in found:
            raise CatalogueError(f"{where}: {' '.join(read)} is labelled already")
        found[read] = label
    return found


def answers_agreement(data: Path) -> list[Block]:
    """The share of equal labels and Cohen's kappa, with intervals by query, and what the second
    reader made of each of the first's labels. Raises CatalogueError where the second read what the
    first didn't."""
    first, second = (read_answer_labels(data / name) for name in (FIRST_LABELS, SECOND_LABELS))
    if strange := sorted(second.keys() - first.keys()):
        raise CatalogueError(f"{data / SECOND_LABELS}: {' '.join(strange[0])} has no first label")
    if not second:
        return []
    pairs = {read: (first[read], label) for read, label in second.items()}
    return [
        Block("agreement", {"readers": _agreement(pairs)}, ABOUT),
        Block(
            "first reader's label, by the second's",
            {str(label): _made_of(pairs, label) for label in Stance},
        ),
    ]


def _agreement(pairs: Mapping[Read, tuple[Stance, Stance]]) -> dict[str, Any]:
    queries = np.array([query for query, _ in pairs])
    a, b = (np.array([STANCES.index(pair[i]) for pair in pairs.values()]) for i in (0, 1))
    everyone = np.ones(len(a), np.bool_)
    return {
        "read_twice": len(pairs),
        "agreed": bootstrap(share(everyone, a == b), queries),
        "kappa": bootstrap(lambda rows: kappa(a[rows], b[rows]), queries),
    }


def _made_of(pairs: Mapping[Read, tuple[Stance, Stance]], label: Stance) -> dict[str, Any]:
    seconds = [second for first, second in pairs.values() if first is label]
    counts: dict[str, Any] = {str(second): seconds.count(second) for second in Stance}
    return counts | {"agreed": counts[label] / len(seconds) if seconds else float("nan")}
