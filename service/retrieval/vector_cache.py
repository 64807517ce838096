"""Vectors by (text, model): a rebuild embeds only what it has never seen."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from service.retrieval.databases import refused
from service.retrieval.encoder import Encoder, Progress, Vectors

log = logging.getLogger(__name__)

KEY_BYTES, SUM_BYTES = 16, 4
# Texts between two writes to the disk: what an interrupted build loses at most.
CHUNK = 4096


class VectorCache:
    """Three append-only files: rows of float32, a CRC-32 of each, and the 128-bit hash of each
    row's text.

    A row counts only once its key is written, and keys are written after the rows have reached the
    disk; whatever a killed process left half-written is cut off at opening. A row that has another
    sum than it was written with is made anew. Raises IndexUnusable where a file can't be used.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        label = re.sub(r"[^A-Za-z0-9.]+", "-", encoder.name).strip("-")
        self._folder = folder / f"{label}-{encoder.fingerprint[:12]}"
        self._encoder = encoder
        self._rows = self._folder / "rows.f32"
        self._sums = self._folder / "sums.crc32"
        self._keys = self._folder / "keys.bin"
        with refused(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._known = self._open()

    def __len__(self) -> int:
        return len(self._known)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """The distinct texts that have no vector yet, in order of first appearance."""
        return [t for t in dict.fromkeys(texts) if _key(t) not in self._known]

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> int:
        """Encode and keep those of `texts` that are missing; returns how many that were."""
        todo = self.missing(texts)
        for start in range(0, len(todo), CHUNK):
            chunk = todo[start : start + CHUNK]
            vectors = self._encoder.encode(chunk, progress)
            with refused(self._folder):
                self._append(chunk, vectors)
        return len(todo)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); every text must have been embedded before."""
        if not texts:
            return np.empty((0, self._encoder.dimension), np.float32)
        rows = np.fromiter((self._known[_key(t)] for t in texts), np.int64, len(texts))
        with refused(self._rows):
            stored = np.memmap(self._rows, np.float32, "r").reshape(-1, self._encoder.dimension)
            return np.asarray(stored[rows])

    def _append(self, texts: Sequence[str], vectors: Vectors) -> None:
        keys = [_key(text) for text in texts]
        rows = np.ascontiguousarray(vectors, np.float32).tobytes()
        _write(self._rows, rows)
        _write(self._sums, b"".join(_sums(keys, rows)))
        _write(self._keys, b"".join(keys))
        # The file's last rows, whatever of it is known: damaged ones aren't.
        start = self._keys.stat().st_size // KEY_BYTES - len(keys)
        self._known.update((key, start + i) for i, key in enumerate(keys))

    def _open(self) -> dict[bytes, int]:
        width = self._encoder.dimension * 4
        for path in (self._rows, self._keys):
            path.touch()
        count = min(self._rows.stat().st_size // width, self._keys.stat().st_size // KEY_BYTES)
        if self._sums.exists():
            count = min(count, self._sums.stat().st_size // SUM_BYTES)
        os.truncate(self._rows, count * width)
        os.truncate(self._keys, count * KEY_BYTES)
        joined = self._keys.read_bytes()
        keys = [joined[i * KEY_BYTES : (i + 1) * KEY_BYTES] for i in range(count)]
        if not count:
            self._sums.write_bytes(b"")
            return {}
        found = list(_sums(keys, np.memmap(self._rows, np.uint8, "r").data))
        if not self._sums.exists():  # written before there were any
            _write(self._sums, b"".join(found))
            return {key: i for i, key in enumerate(keys)}
        os.truncate(self._sums, count * SUM_BYTES)
        written = self._sums.read_bytes()
        known = {
            key: i
            for i, (key, own) in enumerate(zip(keys, found, strict=True))
            if written[i * SUM_BYTES : (i + 1) * SUM_BYTES] == own
        }
        if damaged := len(set(keys)) - len(known):
            log.warning("%s: %d vectors are damaged: made anew", self._rows, damaged)
        return known


def _write(path: Path, content: bytes) -> None:
    """At its end, and on to the disk."""
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _sums(keys: Sequence[bytes], rows: bytes | memoryview) -> Iterator[bytes]:
    """Of each row with its key, a few microseconds each."""
    width = len(rows) // len(keys)
    for i, key in enumerate(keys):
        row = rows[i * width : (i + 1) * width]
        yield zlib.crc32(row, zlib.crc32(key)).to_bytes(SUM_BYTES, "little")
