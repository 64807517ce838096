"""Pairs that nobody has labelled, for the student to learn what the teacher thinks of them:
passages with neighbouring issues' wordings, and with other passages near to them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from service.domain.issues import Issues
from service.retrieval.encoder import Encoder
from service.stance.training.passages import Passage

WORDINGS, PASSAGES = 3, 2


def unlabelled_pairs(
    passages: Sequence[Passage], issues: Issues, wanted: set[str], encoder: Encoder, seed: int
) -> Iterator[tuple[str, str]]:
    """Each passage of the issues `wanted` after its `WORDINGS` nearest wordings of other such
    issues, and after `PASSAGES` of the ten passages by other states that are nearest to it."""
    rng = random.Random(seed)
    mine = [passage for passage in passages if passage.issue in wanted]
    said = [
        (issue.id, text)
        for issue in issues
        if issue.id in wanted
        for text in (*issue.wordings, *issue.contraries)
    ]
    vectors = encoder.encode([passage.text for passage in mine])
    to_wordings = vectors @ encoder.encode([text for _, text in said]).T
    owner = np.array([issue for issue, _ in said])
    states = np.array([passage.state for passage in mine])
    for number, passage in enumerate(mine):
        near = np.where(owner == passage.issue, -1.0, to_wordings[number])
        for place in np.argsort(-near)[:WORDINGS]:
            yield said[place][1], passage.text
        alike = np.where(states == passage.state, -1.0, vectors @ vectors[number])
        for place in rng.sample(np.argsort(-alike)[:10].tolist(), PASSAGES):
            yield mine[place].text, passage.text


def write_unlabelled(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for a, b in pairs:
            file.write(json.dumps({"a": a, "b": b}, ensure_ascii=False) + "\n")


def load_unlabelled(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [(entry["a"], entry["b"]) for entry in map(json.loads, file)]
