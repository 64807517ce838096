"""An encoder whose many texts are encoded on a graphics processor, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from service.retrieval.encoder import PIECE, Encoder, PieceEncoder, Progress, Vectors

# What a driver leaves there: NVIDIA's, the same in Windows' Linux, AMD's.
DRIVERS = tuple(map(Path, ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")))


def has_driver() -> bool:
    """Torch, which takes seconds to load, needn't be asked where this is false."""
    return any(driver.exists() for driver in DRIVERS)


class GpuEncoder:
    """`local` encodes what is no more than a piece, a query for one; `on_gpu` opens the same model
    for all else, or nothing where torch can't use the processor: then `local` encodes that too.

    The two's vectors differ by less than 1e-5, as do those of a text that is encoded with others.
    """

    def __init__(self, local: PieceEncoder, on_gpu: Callable[[], Encoder | None]) -> None:
        self._local, self._open = local, on_gpu
        self.name, self.fingerprint = local.name, local.fingerprint
        self.dimension = local.dimension

    @cached_property
    def _many(self) -> Encoder:
        return self._open() or self._local

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return (self._local if len(texts) <= PIECE else self._many).encode(texts, progress)

    def encode_each(
        self, pieces: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> Iterator[tuple[int, Vectors]]:
        """Each piece's number and vectors, in their order."""
        if len(pieces) < 2 or self._many is self._local:
            yield from self._local.encode_each(pieces, progress)
            return
        for number, piece in enumerate(pieces):
            yield number, self._many.encode(piece, progress)

    def truncated(self, texts: Sequence[str]) -> list[int]:
        return self._local.truncated(texts)


def reference_on_gpu() -> Encoder | None:
    """The default model in torch; None where torch has no use of a graphics processor."""
    import torch

    if not torch.cuda.is_available():
        return None
    from service.retrieval.reference_encoder import ReferenceEncoder

    return ReferenceEncoder()
