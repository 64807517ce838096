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
from service.retrieval.codes import Codes
from service.retrieval.columns import KINDS, Columns, ColumnsBuilder
from service.retrieval.databases import refused
from service.retrieval.encoder import Encoder
from service.retrieval.engine import Engine
from service.retrieval.generations import Generation, Generations
from service.retrieval.growth import Grown, grow
from service.retrieval.index import VectorIndex
from service.retrieval.library import LibraryWriter, texts_in_order
from service.retrieval.manifest import (
    CALIBRATION,
    CODES,
    COLUMNS,
    FORMAT,
    LIBRARY,
    VECTORS,
    Manifest,
    flush_folder,
    generation_id,
    seal,
    verify,
)
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
        engine: Engine | None = None,
    ) -> None:
        self._store = StatementStore(indexes)
        self._generations = Generations(indexes, engine)
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
        digests = digests_of(stored.digests(), self._bundled)
        corpus = corpus_hash(digests, (), self._topic_ids)
        name = generation_id(self._encoder.name, self._encoder.fingerprint, corpus)
        whole = self._generations.root / name
        if whole.exists():
            changed = self._generations.current_id() != name
            try:
                manifest = verify(whole)
            except IndexUnusable as error:
                log.warning("built anew: %s", error)
            else:
                self._upload(manifest, steps)
                self._generations.switch(manifest)
                return Built(manifest, 0, changed)

        with refused(self._generations.root):
            for left in self._generations.root.glob(".building-*"):
                shutil.rmtree(left)
            aside = Path(tempfile.mkdtemp(prefix=".building-", dir=self._generations.root))
        try:
            manifest, embedded = self._fill(aside, name, corpus, stored, digests, steps)
            with refused(whole):
                if whole.exists():  # damaged
                    whole.rename(aside.with_name(f"{aside.name}-damaged"))
                aside.rename(whole)
                flush_folder(self._generations.root)
        finally:
            for left in self._generations.root.glob(f"{aside.name}*"):
                shutil.rmtree(left, ignore_errors=True)
        self._upload(manifest, steps)
        self._generations.make_current(name)
        with refused(self._generations.root):
            self._generations.prune(self._keep)
        return Built(manifest, embedded, True)

    def _upload(self, manifest: Manifest, steps: Steps) -> None:
        if self._generations.engine is not None:
            steps.start("uploading the vectors", manifest.claims)
            self._generations.upload(manifest, steps.advance)

    def _fill(
        self,
        aside: Path,
        name: str,
        corpus: str,
        stored: Stored,
        digests: Mapping[str, str],
        steps: Steps,
    ) -> tuple[Manifest, int]:
        before = self._before()
        grown = None
        if before is not None:
            grown = self._grow(before, aside, stored, digests, steps)
        if before is None or grown is None:
            columns, texts, rendered = self._write_library(aside, stored, digests, steps)
        else:
            columns, texts, rendered = grown.columns, grown.new, grown.rendered
        with refused(aside / COLUMNS):
            columns.save(aside / COLUMNS)

        cache = VectorCache(self._indexes / "vectors", self._encoder)
        steps.start("encoding claims", len(cache.missing(texts)))
        embedded = cache.embed(texts, steps.advance)
        steps.start("writing the index", None)
        pieces = cache.pieces(texts)
        if before is not None and grown is not None:
            pieces = grown.pieces(before.index, cache.vectors(texts))
        VectorIndex.write(aside / VECTORS, (len(columns), self._encoder.dimension), pieces)
        index = VectorIndex.open(aside / VECTORS)
        truncated = len(self._encoder.truncated(texts))
        with refused(aside):
            if before is not None and grown is not None:
                folder = self._generations.folder(before.manifest.id)
                grown.codes(aside / CODES, folder, before, index)
                truncated += before.manifest.truncated - len(self._encoder.truncated(grown.gone))
            else:
                Codes.write(aside / CODES, index, columns.starts(columns.state), columns.positions)
            _save(aside / CALIBRATION, calibrate(index, columns))
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
                    "statements": len(digests),
                    "claims": len(columns),
                    "positions": int((columns.kind == KINDS.index(Kind.POSITION)).sum()),
                    "rendered": rendered,
                    "truncated": truncated,
                },
            )
        return manifest, embedded

    def _before(self) -> Generation | None:
        """The current generation, where one of the same encoder can be read."""
        try:
            # Whether an engine has it or not.
            before = Generations(self._indexes).current(self._encoder.fingerprint)
        except IndexUnusable:
            return None
        return before if before.manifest.model == self._encoder.name else None

    def _grow(
        self,
        before: Generation,
        aside: Path,
        stored: Stored,
        digests: Mapping[str, str],
        steps: Steps,
    ) -> Grown | None:
        steps.start("adding to the library", None)
        bundled = {s.id: s for s in self._bundled}

        def fetch(statement_id: str) -> Statement:
            return in_place(stored.get(statement_id) or bundled[statement_id])

        folder = self._generations.folder(before.manifest.id)
        with refused(aside / LIBRARY):
            return grow(
                before, folder, aside, digests, tuple(self._topic_ids), fetch, steps.advance
            )

    def _write_library(
        self, aside: Path, stored: Stored, digests: Mapping[str, str], steps: Steps
    ) -> tuple[Columns, list[str], int]:
        """Of all statements; also the texts of all claims, and how many of them are our words."""
        steps.start("writing the library", len(digests))
        builder = ColumnsBuilder(self._topic_ids)
        # A rendering gives way to the document that it renders.
        bundled = [s for s in self._bundled if s.id not in stored.digests()]
        with refused(aside / LIBRARY), closing(LibraryWriter(aside / LIBRARY)) as writer:
            for statement in _merged(stored, bundled):
                builder.add(statement, writer.statements)
                writer.add(statement, digests[statement.id])
                steps.advance(1)
            steps.start("indexing words", None)
            writer.finish()
            rendered = writer.rendered()
        return builder.finish(), texts_in_order(aside / LIBRARY), rendered


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


def calibrate(index: VectorIndex, columns: Columns) -> npt.NDArray[np.float32]:
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
        similar[part] = np.einsum("ij,ij->i", index.vectors(left[part]), index.vectors(right[part]))
    return np.sort(similar)


def digests_of(stored: Mapping[str, str], bundled: Iterable[Statement]) -> dict[str, str]:
    """Of the statements of a generation, by id; a rendering gives way to the document itself."""
    digests = {s.id: hashlib.sha256(encode_statement(s).encode()).hexdigest() for s in bundled}
    return digests | dict(stored)


def corpus_hash(
    stored: Mapping[str, str], bundled: Iterable[Statement], topic_ids: Sequence[str]
) -> str:
    """What a generation of these statements has as `Manifest.corpus`."""
    lines = [f"{key} {value}\n" for key, value in sorted(digests_of(stored, bundled).items())]
    return hashlib.sha256("".join([*lines, *topic_ids]).encode()).hexdigest()


def _place(statement: Statement) -> tuple[str, str, str]:
    return statement.state, str(statement.date), statement.id
