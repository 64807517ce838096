"""Labelled passages and pairs, by reference: `data/labels/stance.jsonl`, `stance_pairs.jsonl`.

A line names a document of the UN General Debate Corpus, offsets into its text as we decode it, and
the SHA-256 of that span; the words are taken from the corpus.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.corpus.text import clean, decode
from service.corpus.ungdc import speech_files
from service.errors import CatalogueError

PASSAGES = "labels/stance.jsonl"
PAIRS = "labels/stance_pairs.jsonl"


@dataclass(frozen=True, slots=True)
class Passage:
    """`label` is favor, against, partial or related, towards the proposition of `issue`;
    `second_label` is a blind second reader's, where there is one."""

    issue: str
    document: str
    text: str
    label: str
    second_label: str | None = None

    @property
    def state(self) -> str:
        return self.document.split("_")[0]


@dataclass(frozen=True, slots=True)
class PassagePair:
    """`relation` is same, opposite or hedged: b holds a only in a weaker form."""

    issue: str
    relation: str
    a: Passage
    b: Passage


def read_passages(data_dir: Path, corpus: Path) -> list[Passage]:
    """Raises CatalogueError naming the line whose passage isn't there or has another hash."""
    opened = CitedSpeeches(corpus)
    return [
        Passage(
            entry["issue"], entry["document"], opened.text(where, entry), entry["label"],
            entry.get("second_label"),
        )
        for where, entry in _lines(data_dir / PASSAGES)
    ]  # fmt: skip


def read_pairs(data_dir: Path, corpus: Path) -> list[PassagePair]:
    """As `read_passages`."""
    opened = CitedSpeeches(corpus)
    found = []
    for where, entry in _lines(data_dir / PAIRS):
        a, b = (
            Passage(
                entry["issue"], entry[k]["document"], opened.text(where, entry[k]),
                entry["relation"],
            )
            for k in ("a", "b")
        )  # fmt: skip
        found.append(PassagePair(entry["issue"], entry["relation"], a, b))
    return found


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield f"{path}:{number}", json.loads(line)
            except ValueError as error:
                raise CatalogueError(f"{path}:{number}: {error}") from error


class CitedSpeeches:
    """Speeches by document, each decoded once; a citation is opened and its hash checked."""

    def __init__(self, corpus: Path) -> None:
        self._files = {path.stem: path for path in speech_files(corpus)}
        self._texts: dict[str, str] = {}

    def text(self, where: str, cited: Mapping[str, Any]) -> str:
        document = cited["document"]
        if document not in self._files:
            raise CatalogueError(f"{where}: {document} isn't in the corpus")
        if document not in self._texts:
            self._texts[document] = decode(self._files[document].read_bytes()).text
        span = self._texts[document][cited["start"] : cited["end"]]
        if hashlib.sha256(span.encode()).hexdigest() != cited["sha256"]:
            raise CatalogueError(f"{where}: the passage has another hash")
        return clean(span)
