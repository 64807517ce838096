"""Does each bundled position cite what it says, mean what its passage means, in other words?"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.corpus.bundled import Position, read_positions
from service.corpus.text import clean, decode
from service.corpus.ungdc import speech_files
from service.retrieval.encoder import Encoder

# Below this cosine a rendering is worth a second look: it may have lost its passage's meaning.
FAR = 0.45
# A run of so many words in common is the speaker's wording, not ours.
NEAR_WORDS = 8
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """A bundled position (by line of positions.jsonl) and what is to be said about it."""

    line: int
    document: str
    problem: str


@dataclass(frozen=True, slots=True)
class PositionsCheck:
    """`broken`: no such document, or another hash. `far` and `near` are for a reader to judge."""

    positions: int
    states: int
    mean_similarity: float
    broken: tuple[Finding, ...]
    far: tuple[Finding, ...]
    near: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.positions} positions of {self.states} states; mean similarity to the passage "
            f"{self.mean_similarity:.3f}",
            f"{len(self.broken)} broken citations, {len(self.far)} far from their passage "
            f"(cosine under {FAR}), {len(self.near)} near its wording ({NEAR_WORDS} words running)",
        ]
        for name in ("broken", "far", "near"):
            lines += [
                f"  {name}: line {f.line}, {f.document}: {f.problem}" for f in getattr(self, name)
            ]
        return "\n".join(lines)


def check_positions(data_dir: Path, corpus: Path, encoder: Encoder) -> PositionsCheck:
    """Open every cited passage in the corpus' folder."""
    files = {path.stem: path for path in speech_files(corpus)}
    positions = list(read_positions(data_dir))
    broken, near = [], []
    opened: list[tuple[int, Position, str]] = []
    for line, position in enumerate(positions, start=1):
        passage, problem = _passage(position, files)
        if problem:
            broken.append(Finding(line, position.document, problem))
            continue
        opened.append((line, position, passage))
        if run := _common_run(position.text, passage):
            near.append(Finding(line, position.document, f"shares {run} words running"))
    ours = encoder.encode([position.text for _, position, _ in opened])
    theirs = encoder.encode([passage for *_, passage in opened])
    similarity = np.einsum("ij,ij->i", ours, theirs)
    far = [
        Finding(line, position.document, f"cosine {value:.2f}")
        for (line, position, _), value in zip(opened, similarity, strict=True)
        if value < FAR
    ]
    return PositionsCheck(
        positions=len(positions),
        states=len({position.state for position in positions}),
        mean_similarity=round(float(similarity.mean()), 4) if len(similarity) else 0.0,
        broken=tuple(broken),
        far=tuple(far),
        near=tuple(near),
    )


def _passage(position: Position, files: dict[str, Path]) -> tuple[str, str | None]:
    path = files.get(position.document)
    if path is None:
        return "", "no such document in this corpus"
    cited = decode(path.read_bytes()).text[position.start : position.end]
    if hashlib.sha256(cited.encode()).hexdigest() != position.sha256:
        return "", "the passage at these offsets has another hash"
    return clean(cited), None


def _common_run(ours: str, theirs: str) -> int | None:
    """NEAR_WORDS where the two share that many words in a row."""
    grams = [
        {tuple(words[i : i + NEAR_WORDS]) for i in range(len(words) - NEAR_WORDS + 1)}
        for words in (_WORD.findall(text.lower()) for text in (ours, theirs))
    ]
    return NEAR_WORDS if grams[0] & grams[1] else None
