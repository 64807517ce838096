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
from service.retrieval.encoder import PIECE, Encoder, PieceEncoder, Progress, Vectors

log = logging.getLogger(__name__)

KEY_BYTES, SUM_BYTES = 16, 4
# Vectors that are read at a time.
_GATHERED = 8192


class VectorCache:
    """Three append-only files: rows of float32, a CRC-32 of each, and the 128-bit hash of each
    row's text.

    A row counts only once its key is written, and keys are written after the rows have reached the
    disk; whatever a killed process left half-written is cut off at opening. A row that has another
    sum than it was written with is made anew: a sum is compared when its text is first asked for,
    so that a build that adds little reads little. Raises IndexUnusable where a file can't be used.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        label = re.sub(r"[^A-Za-z0-9.]+", "-", encoder.name).strip("-")
        self._folder = folder / f"{label}-{encoder.fingerprint[:12]}"
        self._encoder = encoder
        self._rows = self._folder / "rows.f32"
        self._sums = self._folder / "sums.crc32"
        self._keys = self._folder / "keys.bin"
        self._checked: set[bytes] = set()
        with refused(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._known = self._open()

    def __len__(self) -> int:
        return len(self._known)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """The distinct texts that have no vector yet, in order of first appearance."""
        distinct = list(dict.fromkeys(texts))
        keys = [_key(text) for text in distinct]
        self._check([key for key in keys if key in self._known])
        return [text for text, key in zip(distinct, keys, strict=True) if key not in self._known]

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> int:
        """Encode and keep those of `texts` that are missing; returns how many that were. Each
        piece is on the disk as soon as it is encoded."""
        todo = self.missing(texts)
        pieces = [todo[start : start + PIECE] for start in range(0, len(todo), PIECE)]
        for number, vectors in self._encoded(pieces, progress):
            with refused(self._folder):
                self._append(pieces[number], vectors)
        return len(todo)

    def _encoded(
        self, pieces: Sequence[Sequence[str]], progress: Progress | None
    ) -> Iterator[tuple[int, Vectors]]:
        if isinstance(self._encoder, PieceEncoder):
            yield from self._encoder.encode_each(pieces, progress)
            return
        for number, piece in enumerate(pieces):
            yield number, self._encoder.encode(piece, progress)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); every text must have been embedded before."""
        pieces = list(self.pieces(texts))
        return (
            np.concatenate(pieces) if pieces else np.empty((0, self._encoder.dimension), np.float32)
        )

    def pieces(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """The same in pieces that follow each other."""
        if not texts:
            return
        with refused(self._rows):
            stored = np.memmap(self._rows, np.float32, "r").reshape(-1, self._encoder.dimension)
            for start in range(0, len(texts), _GATHERED):
                piece = texts[start : start + _GATHERED]
                yield np.asarray(stored[[self._known[_key(text)] for text in piece]])

    def _append(self, texts: Sequence[str], vectors: Vectors) -> None:
        keys = [_key(text) for text in texts]
        rows = np.ascontiguousarray(vectors, np.float32).tobytes()
        _write(self._rows, rows)
        _write(self._sums, b"".join(_sums(keys, rows)))
        _write(self._keys, b"".join(keys))
        # The file's last rows, whatever of it is known: damaged ones aren't.
        start = self._keys.stat().st_size // KEY_BYTES - len(keys)
        self._known.update((key, start + i) for i, key in enumerate(keys))
        self._checked.update(keys)

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
        if not self._sums.exists():  # written before there were any
            rows = np.memmap(self._rows, np.uint8, "r").data
            _write(self._sums, b"".join(_sums(keys, rows)))
        os.truncate(self._sums, count * SUM_BYTES)
        return {key: i for i, key in enumerate(keys)}

    def _check(self, keys: Sequence[bytes]) -> None:
        """Forget those whose rows aren't what was written."""
        unread = [key for key in keys if key not in self._checked]
        if not unread:
            return
        width = self._encoder.dimension * 4
        with refused(self._rows):
            rows = np.memmap(self._rows, np.uint8, "r").reshape(-1, width)
            written = np.memmap(self._sums, np.uint8, "r").reshape(-1, SUM_BYTES)
            damaged = [
                key
                for key in unread
                if _sum(key, rows[self._known[key]].data) != written[self._known[key]].tobytes()
            ]
        self._checked.update(unread)
        for key in damaged:
            del self._known[key]
        if damaged:
            log.warning("%s: %d vectors are damaged: made anew", self._rows, len(damaged))


def _write(path: Path, content: bytes) -> None:
    """At its end, and on to the disk."""
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _sums(keys: Sequence[bytes], rows: bytes | memoryview) -> Iterator[bytes]:
    """Of each row with its key."""
    width = len(rows) // len(keys)
    for i, key in enumerate(keys):
        row = rows[i * width : (i + 1) * width]
        yield _sum(key, row)


def _sum(key: bytes, row: bytes | memoryview) -> bytes:
    return zlib.crc32(row, zlib.crc32(key)).to_bytes(SUM_BYTES, "little")
