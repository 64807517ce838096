"""From stored statements to a generation."""

from __future__ import annotations

import hashlib
import heapq
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from service.domain.statements import Kind, Statement
from service.retrieval.columns import KINDS, Columns, ColumnsBuilder
from service.retrieval.encoder import Encoder, Vectors
from service.retrieval.generations import (
    CALIBRATION,
    COLUMNS,
    FORMAT,
    INDEX,
    LIBRARY,
    Generations,
    Manifest,
    flush_folder,
    generation_id,
    seal,
)
from service.retrieval.index import VectorIndex
from service.retrieval.library import LibraryWriter, texts_in_order
from service.retrieval.store import StatementStore, Stored, encode_statement
from service.retrieval.vector_cache import VectorCache

CALIBRATION_PAIRS = 200_000
SEED = 20_210_629


class Steps(Protocol):
    """How a build tells what it is doing."""

    def start(self, step: str, total: int | None) -> None: ...

    def advance(self, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Built:
    """`embedded` counts the texts that had to be encoded; `changed` is False where the current
    generation already had this content."""

    manifest: Manifest
    embedded: int
    changed: bool


class Builder:
    """Builds aside and switches at the end; a killed build leaves the current one untouched,
    and the next one goes on with the vectors that were already encoded."""

    def __init__(
        self,
        indexes: Path,
        encoder: Encoder,
        topic_ids: Sequence[str],
        bundled: Sequence[Statement] = (),
        keep: int = 3,
    ) -> None:
        self._store = StatementStore(indexes)
        self._generations = Generations(indexes)
        self._encoder = encoder
        self._indexes = indexes
        self._topic_ids = topic_ids
        self._bundled = bundled
        self._keep = keep

    def build(self, steps: Steps) -> Built:
        # Statements that come while it is built are the next build's.
        with self._store.snapshot() as stored:
            return self._build(stored, steps)

    def _build(self, stored: Stored, steps: Steps) -> Built:
        digests = stored.digests()
        corpus = corpus_hash(digests, self._bundled, self._topic_ids)
        name = generation_id(self._encoder.name, self._encoder.fingerprint, corpus)
        if (self._generations.root / name / "manifest.json").is_file():
            changed = self._generations.current_id() != name
            return Built(self._generations.make_current(name), 0, changed)

        for left in self._generations.root.glob(".building-*"):
            shutil.rmtree(left)
        aside = Path(tempfile.mkdtemp(prefix=".building-", dir=self._generations.root))
        try:
            # A rendering gives way to the document that it renders.
            bundled = [s for s in self._bundled if s.id not in digests]
            total = len(digests) + len(bundled)
            merged = _merged(stored, bundled)
            manifest, embedded = self._fill(aside, name, corpus, total, merged, steps)
            aside.rename(self._generations.root / name)
            flush_folder(self._generations.root)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._generations.make_current(name)
        self._generations.prune(self._keep)
        return Built(manifest, embedded, True)

    def _fill(
        self,
        aside: Path,
        name: str,
        corpus: str,
        total: int,
        merged: Iterable[Statement],
        steps: Steps,
    ) -> tuple[Manifest, int]:
        steps.start("writing the library", total)
        writer = LibraryWriter(aside / LIBRARY)
        builder = ColumnsBuilder(self._topic_ids)
        statements = rendered = 0
        for statement in merged:
            builder.add(statement, statements)
            writer.add(statement)
            statements += 1
            rendered += len(statement.claims) if statement.rendered else 0
            steps.advance(1)
        steps.start("indexing words", None)
        writer.close()
        columns = builder.finish()
        columns.save(aside / COLUMNS)

        texts = texts_in_order(aside / LIBRARY)
        cache = VectorCache(self._indexes / "vectors", self._encoder)
        steps.start("encoding claims", len(cache.missing(texts)))
        embedded = cache.embed(texts, steps.advance)
        steps.start("writing the index", None)
        vectors = cache.vectors(texts)
        VectorIndex.write(aside / INDEX, vectors)
        np.save(aside / CALIBRATION, calibrate(vectors, columns), allow_pickle=False)
        manifest = seal(
            aside,
            {
                "id": name,
                "format": FORMAT,
                "created": datetime.now(UTC).isoformat(timespec="microseconds"),
                "model": self._encoder.name,
                "fingerprint": self._encoder.fingerprint,
                "dimension": self._encoder.dimension,
                "corpus": corpus,
                "states": len(columns.states),
                "statements": statements,
                "claims": len(texts),
                "positions": int((columns.kind == KINDS.index(Kind.POSITION)).sum()),
                "rendered": rendered,
                "truncated": len(self._encoder.truncated(texts)),
            },
        )
        return manifest, embedded


def _merged(stored: Stored, bundled: Sequence[Statement]) -> Iterator[Statement]:
    """Stored and bundled statements by state, date and id; claims by their place."""
    for statement in heapq.merge(stored.by_state(), sorted(bundled, key=_place), key=_place):
        yield in_place(statement)


def in_place(statement: Statement) -> Statement:
    """The statement as a generation holds it: its claims in the order of the text."""
    claims = tuple(sorted(statement.claims, key=lambda c: (c.start, c.end)))
    return replace(statement, claims=claims)


def calibrate(vectors: Vectors, columns: Columns) -> npt.NDArray[np.float32]:
    """Similarities of random pairs of positions of different states, ascending.

    Shape (pairs,); empty where fewer than two states have positions.
    """
    rows = np.flatnonzero(columns.kind == KINDS.index(Kind.POSITION))
    if len(np.unique(columns.state[rows])) < 2:
        return np.empty(0, np.float32)
    rng = np.random.default_rng(SEED)
    left, right = rng.choice(rows, CALIBRATION_PAIRS), rng.choice(rows, CALIBRATION_PAIRS)
    apart = columns.state[left] != columns.state[right]
    left, right = left[apart], right[apart]
    similar = np.empty(len(left), np.float32)
    for start in range(0, len(left), 8192):
        part = slice(start, start + 8192)
        similar[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    return np.sort(similar)


def corpus_hash(
    stored: Mapping[str, str], bundled: Iterable[Statement], topic_ids: Sequence[str]
) -> str:
    """What a generation of these statements has as `Manifest.corpus`."""
    digests = {s.id: hashlib.sha256(encode_statement(s).encode()).hexdigest() for s in bundled}
    digests |= stored
    lines = [f"{key} {value}\n" for key, value in sorted(digests.items())]
    return hashlib.sha256("".join([*lines, *topic_ids]).encode()).hexdigest()


def _place(statement: Statement) -> tuple[str, str, str]:
    return statement.state, str(statement.date), statement.id
