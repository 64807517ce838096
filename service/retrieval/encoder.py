"""What an encoder is, and which one a deployment uses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int], None]

# Texts that a long encoding takes at a time: what an interrupted one loses of each that is at work.
# Sorted by length as they are, 512 encode as fast as 4,096.
PIECE = 512

DEFAULT_MODEL = "all-MiniLM-L6-v2"
# SHA-256 of the original's weights (sentence-transformers/all-MiniLM-L6-v2). The package that
# carries them was made by somebody else, so they are checked before use.
DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Encoder(Protocol):
    """Text to unit vectors.

    `name` is what the user calls the model; `fingerprint` is a hash of its weights, so that
    vectors of two versions are never mixed; `dimension` is the length of a vector.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Shape (len(texts), dimension), float32, each row of length 1.

        `progress` is told how many texts each finished batch held.
        """
        ...

    def truncated(self, texts: Sequence[str]) -> list[int]:
        """Which texts are longer than the model reads: their ends don't count."""
        ...


@runtime_checkable
class PieceEncoder(Encoder, Protocol):
    """An encoder that has several pieces at work at a time."""

    def encode_each(
        self, pieces: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> Iterator[tuple[int, Vectors]]:
        """The number and the vectors of each piece, in any order; the vectors are those of
        `encode` for that piece alone."""
        ...


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_encoder(model: str, models_dir: Path) -> Encoder:
    """The ONNX path for the default model, sentence-transformers for any other.

    `model` is `all-MiniLM-L6-v2`, `torch:all-MiniLM-L6-v2` (the reference, for comparison),
    a local folder or a name that sentence-transformers knows. Imports are lazy: torch takes
    seconds to load, and the default path doesn't need it, but for many texts where there is a
    graphics processor.
    """
    if model == DEFAULT_MODEL:
        from service.retrieval.gpu_encoder import GpuEncoder, has_driver, reference_on_gpu
        from service.retrieval.onnx_encoder import OnnxEncoder

        opened = OnnxEncoder.open(models_dir)
        return GpuEncoder(opened, reference_on_gpu) if has_driver() else opened
    from service.retrieval.reference_encoder import ReferenceEncoder

    return ReferenceEncoder(model.removeprefix("torch:"))
