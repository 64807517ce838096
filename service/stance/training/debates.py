"""Invented debates, in our own words: propositions with passages for, against, partly for and
beside the point. They stand in for labelled passages where the corpus has too few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service.data_files import read_objects
from service.domain.issues import Issue, Issues
from service.errors import CatalogueError
from service.stance.training.passages import Passage

DEBATES = "stance/debates.jsonl"
_LABELS = {"for": "favor", "against": "against", "partial": "partial", "related": "related"}


def read_debates(path: Path) -> list[dict[str, Any]]:
    """Raises CatalogueError naming the line."""
    found = []
    for number, (where, entry) in enumerate(read_objects(path), start=1):
        try:
            entry["id"] = f"debate-{number}"
            texts = [entry["proposition"], entry["contrary"]]
            texts += [text for side in _LABELS for text in entry[side]]
            if not all(isinstance(text, str) and text.strip() for text in texts):
                raise ValueError("a passage is no text")
        except (ValueError, KeyError, TypeError) as error:
            raise CatalogueError(f"{where}: {error}") from error
        found.append(entry)
    return found


def as_passages(debates: Iterable[Mapping[str, Any]]) -> tuple[Issues, list[Passage]]:
    """As if they were labelled issues, every passage by another state."""
    issues, passages = [], []
    for entry in debates:
        topics = (entry["topic"],) if "topic" in entry else ()
        issues.append(Issue(entry["id"], entry["proposition"], entry["contrary"], topics=topics))
        spoken = [(label, text) for side, label in _LABELS.items() for text in entry[side]]
        passages += [
            Passage(entry["id"], f"{number}_{entry['id']}", text, label)
            for number, (label, text) in enumerate(spoken)
        ]
    return Issues(issues), passages
