"""An encoder whose many texts are encoded by the machines of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from service.cluster.cluster import Cluster
from service.errors import ClusterUnusable
from service.retrieval.encoder import PIECE, Encoder, Progress, Vectors, open_encoder


class ClusterEncoder:
    """`local` is `model` as it was opened here; the workers open the same, once each, and are
    refused with another.

    A piece's vectors are those that `local` gives for the same piece, bit for bit on processors of
    the same kind. A text's last bits depend on the texts that it is encoded with: cut otherwise,
    they differ by less than 1e-6.
    """

    def __init__(self, local: Encoder, model: str, models_dir: Path, cluster: Cluster) -> None:
        self._local, self._cluster = local, cluster
        self._model, self._models_dir = model, models_dir.resolve()
        self.name, self.fingerprint = local.name, local.fingerprint
        self.dimension = local.dimension

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """What is no more than a piece, a query for one, is encoded here."""
        if len(texts) <= PIECE:
            return self._local.encode(texts, progress)
        starts = range(0, len(texts), PIECE)
        found = np.empty((len(texts), self.dimension), np.float32)
        pieces = [texts[start : start + PIECE] for start in starts]
        for number, vectors in self.encode_each(pieces, progress):
            found[starts[number] : starts[number] + PIECE] = vectors
        return found

    def encode_each(
        self, pieces: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> Iterator[tuple[int, Vectors]]:
        """Each piece's number and vectors, in any order. Raises ClusterUnusable."""
        whose = self._model, self._models_dir, self.fingerprint
        work = [(*whose, list(piece)) for piece in pieces]
        for number, vectors in self._cluster.each(encode_piece, work):
            if progress:
                progress(len(pieces[number]))
            yield number, vectors

    def truncated(self, texts: Sequence[str]) -> list[int]:
        return self._local.truncated(texts)


def encode_piece(model: str, models_dir: Path, fingerprint: str, texts: list[str]) -> Vectors:
    """On a worker."""
    encoder = _opened(model, models_dir)
    if encoder.fingerprint != fingerprint:
        raise ClusterUnusable(
            f"a machine of the cluster has another {model!r} than this one: copy the same to all"
        )
    return encoder.encode(texts)


_opened = lru_cache(maxsize=1)(open_encoder)
