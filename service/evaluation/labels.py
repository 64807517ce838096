"""Sentences of the corpus labelled by reference: document, offsets, hash, kind and topics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.corpus.text import clean, decode
from service.corpus.ungdc import speech_files
from service.domain.statements import Kind
from service.errors import CatalogueError

LABELS = "labels/sentences.jsonl"


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """`split` is `tuning` (cues and settings were chosen on it) or `held-out` (never looked at).
    `second_kind` is a blind second reader's, where there is one. `topics` were settled by a third
    reader where the first two, each blind to the other, differed."""

    document: str
    start: int
    end: int
    text: str
    kind: Kind
    topics: frozenset[str]
    split: str
    second_kind: Kind | None = None
    first_topics: frozenset[str] = frozenset()
    second_topics: frozenset[str] = frozenset()


def read_labels(data_dir: Path, corpus: Path) -> Iterator[LabelledSentence]:
    """Every label with its sentence, taken from the corpus and checked by its hash."""
    files = {path.stem: path for path in speech_files(corpus)}
    path = data_dir / LABELS
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        entry = json.loads(line)
        document = files.get(entry["document"])
        if document is None:
            raise CatalogueError(f"{path}:{number}: {entry['document']} isn't in {corpus}")
        cited = decode(document.read_bytes()).text[entry["start"] : entry["end"]]
        if hashlib.sha256(cited.encode()).hexdigest() != entry["sha256"]:
            raise CatalogueError(f"{path}:{number}: the passage has another hash")
        second = entry.get("second_kind")
        yield LabelledSentence(
            entry["document"], entry["start"], entry["end"], clean(cited), Kind(entry["kind"]),
            frozenset(entry["topics"]), entry["split"], Kind(second) if second else None,
            frozenset(entry["first_topics"]), frozenset(entry["second_topics"]),
        )  # fmt: skip
