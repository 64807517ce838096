"""Sentences of the corpus labelled by reference: document, offsets, hash, kind and topics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.data_files import read_objects
from service.domain.statements import Kind
from service.errors import CatalogueError
from service.stance.training.passages import CitedSpeeches

LABELS = "labels/sentences.jsonl"
TOPIC_LABELS = "labels/topics.jsonl"


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
    speeches = CitedSpeeches(corpus)
    path = data_dir / LABELS
    for where, entry in read_objects(path):
        text = speeches.text(where, entry)
        second = entry.get("second_kind")
        try:
            made = LabelledSentence(
                entry["document"], entry["start"], entry["end"], text, Kind(entry["kind"]),
                frozenset(entry["topics"]), entry["split"], Kind(second) if second else None,
                frozenset(entry["first_topics"]), frozenset(entry["second_topics"]),
            )  # fmt: skip
        except (ValueError, TypeError, KeyError) as error:
            raise CatalogueError(f"{where}: {error}") from error
        yield made


def read_topic_labels(data_dir: Path, corpus: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Sentences whose topics alone were labelled, by one reader: for tuning, not for measuring."""
    speeches = CitedSpeeches(corpus)
    path = data_dir / TOPIC_LABELS
    for where, entry in read_objects(path):
        text = speeches.text(where, entry)
        try:
            topics = frozenset(entry["topics"])
        except (TypeError, KeyError) as error:
            raise CatalogueError(f"{where}: {error}") from error
        yield text, topics
