"""From stored statements to a generation."""

from __future__ import annotations

import hashlib
import heapq
import io
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from service.domain.statements import Kind, Statement
from service.errors import IndexUnusable
from service.retrieval.columns import KINDS, Columns, ColumnsBuilder
from service.retrieval.databases import refused
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
    verify,
)
from service.retrieval.index import VectorIndex
from service.retrieval.library import LibraryWriter, texts_in_order
from service.retrieval.store import StatementStore, Stored, encode_statement
from service.retrieval.vector_cache import VectorCache

log = logging.getLogger(__name__)

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
        whole = self._generations.root / name
        if whole.exists():
            changed = self._generations.current_id() != name
            try:
                manifest = verify(whole)
            except IndexUnusable as error:
                log.warning("built anew: %s", error)
            else:
                self._generations.switch(manifest)
                return Built(manifest, 0, changed)

        with refused(self._generations.root):
            for left in self._generations.root.glob(".building-*"):
                shutil.rmtree(left)
            aside = Path(tempfile.mkdtemp(prefix=".building-", dir=self._generations.root))
        try:
            # A rendering gives way to the document that it renders.
            bundled = [s for s in self._bundled if s.id not in digests]
            total = len(digests) + len(bundled)
            merged = _merged(stored, bundled)
            manifest, embedded = self._fill(aside, name, corpus, total, merged, steps)
            with refused(whole):
                if whole.exists():  # damaged
                    whole.rename(aside.with_name(f"{aside.name}-damaged"))
                aside.rename(whole)
                flush_folder(self._generations.root)
        finally:
            for left in self._generations.root.glob(f"{aside.name}*"):
                shutil.rmtree(left, ignore_errors=True)
        self._generations.make_current(name)
        with refused(self._generations.root):
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
        builder = ColumnsBuilder(self._topic_ids)
        statements = rendered = 0
        with refused(aside / LIBRARY), closing(LibraryWriter(aside / LIBRARY)) as writer:
            for statement in merged:
                builder.add(statement, statements)
                writer.add(statement)
                statements += 1
                rendered += len(statement.claims) if statement.rendered else 0
                steps.advance(1)
            steps.start("indexing words", None)
            writer.finish()
        columns = builder.finish()
        with refused(aside / COLUMNS):
            columns.save(aside / COLUMNS)

        texts = texts_in_order(aside / LIBRARY)
        cache = VectorCache(self._indexes / "vectors", self._encoder)
        steps.start("encoding claims", len(cache.missing(texts)))
        embedded = cache.embed(texts, steps.advance)
        steps.start("writing the index", None)
        vectors = cache.vectors(texts)
        VectorIndex.write(aside / INDEX, vectors)
        with refused(aside / CALIBRATION):
            _save(aside / CALIBRATION, calibrate(vectors, columns))
        with refused(aside):
            manifest = seal(
                aside,
                {
                    "id": name,
                    "format": FORMAT,
                    "created": self._generations.now(),
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


def _save(path: Path, numbers: npt.NDArray[np.float32]) -> None:
    """Through Python's own writing: NumPy's doesn't say why it fails."""
    buffer = io.BytesIO()
    np.save(buffer, numbers, allow_pickle=False)
    path.write_bytes(buffer.getbuffer())


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
