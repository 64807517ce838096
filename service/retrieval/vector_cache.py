"""Vectors by (text, model): a rebuild embeds only what it has never seen."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from service.retrieval.encoder import Encoder, Progress, Vectors

KEY_BYTES = 16
# Texts between two writes to the disk: what an interrupted build loses at most.
CHUNK = 4096


class VectorCache:
    """Two append-only files: rows of float32, and the 128-bit hash of each row's text.

    A row counts only once its key is written, and keys are written after the rows have
    reached the disk; whatever a killed process left half-written is cut off at opening.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        label = re.sub(r"[^A-Za-z0-9.]+", "-", encoder.name).strip("-")
        self._folder = folder / f"{label}-{encoder.fingerprint[:12]}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._encoder = encoder
        self._rows = self._folder / "rows.f32"
        self._keys = self._folder / "keys.bin"
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
            self._append(chunk, self._encoder.encode(chunk, progress))
        return len(todo)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); every text must have been embedded before."""
        if not texts:
            return np.empty((0, self._encoder.dimension), np.float32)
        rows = np.fromiter((self._known[_key(t)] for t in texts), np.int64, len(texts))
        stored = np.memmap(self._rows, np.float32, "r").reshape(-1, self._encoder.dimension)
        return np.asarray(stored[rows])

    def _append(self, texts: Sequence[str], vectors: Vectors) -> None:
        with self._rows.open("ab") as file:
            file.write(np.ascontiguousarray(vectors, np.float32).tobytes())
            file.flush()
            os.fsync(file.fileno())
        keys = [_key(text) for text in texts]
        with self._keys.open("ab") as file:
            file.write(b"".join(keys))
            file.flush()
            os.fsync(file.fileno())
        start = len(self._known)
        self._known.update((key, start + i) for i, key in enumerate(keys))

    def _open(self) -> dict[bytes, int]:
        width = self._encoder.dimension * 4
        for path in (self._rows, self._keys):
            path.touch()
        count = min(self._rows.stat().st_size // width, self._keys.stat().st_size // KEY_BYTES)
        os.truncate(self._rows, count * width)
        os.truncate(self._keys, count * KEY_BYTES)
        keys = self._keys.read_bytes()
        return {keys[i * KEY_BYTES : (i + 1) * KEY_BYTES]: i for i in range(count)}


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()
