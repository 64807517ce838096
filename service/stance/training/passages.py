"""Labelled passages and pairs, by reference: `data/labels/stance.jsonl`, `stance_pairs.jsonl`;
`found.jsonl`, what searches over 2000-2023 found near to a proposition, for or against or not;
`nearest.jsonl`, the claims nearest to a proposition and to its contrary; and `hard.jsonl`, those of
the nearest that a model took for more than near.

A line names a document of the UN General Debate Corpus, offsets into its text as we decode it, and
the SHA-256 of that span; the words are taken from the corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.corpus.text import clean, decode
from service.corpus.ungdc import speech_files
from service.data_files import read_objects
from service.errors import CatalogueError

PASSAGES = "labels/stance.jsonl"
PAIRS = "labels/stance_pairs.jsonl"
FOUND, NEAREST, HARD = "labels/found.jsonl", "labels/nearest.jsonl", "labels/hard.jsonl"


@dataclass(frozen=True, slots=True)
class Passage:
    """`label` is favor, against, partial or related, towards the proposition of `issue`;
    `second_label` is a blind second reader's, where there is one. In the other files `issue`
    may also be `debate-N`, a bundled position: `DOCUMENT:START-END`, a proposition: `PNNN`, or the
    claim of a contrast set: `set-N`, by line."""

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


def read_passages(data_dir: Path, corpus: Path, name: str = PASSAGES) -> list[Passage]:
    """Raises CatalogueError naming the line whose passage isn't there or has another hash."""
    opened = CitedSpeeches(corpus)
    return [_passage(opened, where, entry, entry) for where, entry in read_objects(data_dir / name)]


def read_pairs(data_dir: Path, corpus: Path) -> list[PassagePair]:
    """As `read_passages`."""
    opened = CitedSpeeches(corpus)
    found = []
    for where, entry in read_objects(data_dir / PAIRS):
        said = entry | {"label": entry.get("relation")}
        a, b = (_passage(opened, where, said, entry.get(k)) for k in ("a", "b"))
        found.append(PassagePair(a.issue, a.label, a, b))
    return found


def _passage(opened: CitedSpeeches, where: str, said: Mapping[str, Any], cited: Any) -> Passage:
    """`said` holds the issue and the label, `cited` the place."""
    text = opened.text(where, cited)
    for name in ("issue", "label"):
        if not isinstance(said.get(name), str):
            raise CatalogueError(f"{where}: `{name}` must be a text")
    return Passage(said["issue"], cited["document"], text, said["label"], said.get("second_label"))


@lru_cache(maxsize=16_384)
def _decoded(path: Path, changed: int) -> str:
    """Kept: several files of labels cite the same speeches, and to mend one takes milliseconds."""
    return decode(path.read_bytes()).text


class CitedSpeeches:
    """Speeches by document; a citation is opened and its hash checked."""

    def __init__(self, corpus: Path) -> None:
        self._files = {path.stem: path for path in speech_files(corpus)}

    def text(self, where: str, cited: Any) -> str:
        """Raises CatalogueError where `cited` is no citation, or not of this corpus."""
        try:
            document, start, end = cited["document"], int(cited["start"]), int(cited["end"])
            digest = cited["sha256"]
            if document not in self._files:
                raise CatalogueError(f"{where}: {document} isn't in the corpus")
            file = self._files[document]
            text = _decoded(file, file.stat().st_mtime_ns)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise CatalogueError(f"{where}: no citation that can be opened: {error!r}") from error
        span = text[start:end]
        if hashlib.sha256(span.encode()).hexdigest() != digest:
            raise CatalogueError(f"{where}: the passage has another hash")
        return clean(span)
