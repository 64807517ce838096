"""Stage 1: the pairs, shuffled and split, in the work folder."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.catalogue import load_issues
from service.retrieval.encoder import Encoder
from service.stance.training.pairs import (
    REPEATS,
    TEST,
    TOUCHES,
    TUNING,
    Pair,
    contrast_pairs,
    general_pairs,
    issue_pairs,
    read_sets,
    training_issues,
    write_pairs,
)

SIZES = {"perspectrum": 2_500, "argkp": 300, "ibm": 300, "nli": 500}
CONTRAST = "stance/contrast.jsonl"
MINIMAL = "stance/minimal_pairs.jsonl"


def prepare(
    data: Path, corpus: Path, shared: Path, work: Path, encoder: Encoder, seed: int
) -> None:
    """Writes `train.jsonl` and `tuning.jsonl`; prints what they hold."""
    rng = random.Random(seed)
    issues = load_issues(data)
    sets = kept_sets(data, read_sets(data / CONTRAST), encoder)
    own = [
        *issue_pairs(data, corpus, rng, training_issues(issues)),
        *contrast_pairs(sets, rng),
    ]
    general = general_pairs(shared, rng, SIZES)
    train = [*own, *general]
    rng.shuffle(train)
    tuning = issue_pairs(data, corpus, rng, set(TUNING))
    for name, pairs in (("train", train), ("tuning", tuning)):
        write_pairs(work / f"{name}.jsonl", pairs)
        print(f"{name}: {len(pairs)} pairs", _count(pairs))


def kept_sets(data: Path, sets: Sequence[dict[str, Any]], encoder: Encoder) -> list[dict[str, Any]]:
    """Contrast sets that touch no test issue, no tuning issue and no minimal pair."""
    issues = load_issues(data)
    held = [
        text
        for key in sorted(TEST | TUNING)
        for text in (*issues[key].wordings, *issues[key].contraries)
    ]
    minimal = [pair["a"] for pair in read_sets(data / MINIMAL)]
    claims = encoder.encode([entry["claim"] for entry in sets])
    touching = (claims @ encoder.encode(held).T).max(axis=1) >= TOUCHES
    repeating = (claims @ encoder.encode(minimal).T).max(axis=1) >= REPEATS
    print(f"contrast sets: {len(sets)}, {int(touching.sum())} touch a held-out issue, "
          f"{int(repeating.sum())} repeat a minimal pair: left out")  # fmt: skip
    dropped = touching | repeating
    return [entry for entry, drop in zip(sets, dropped, strict=True) if not drop]


def _count(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    table: dict[str, Counter[str]] = {}
    for pair in pairs:
        table.setdefault(pair.source, Counter())[str(pair.label)] += 1
    return {source: dict(counts) for source, counts in sorted(table.items())}
