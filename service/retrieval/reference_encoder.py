"""The reference: sentence-transformers on torch, for any model that the user names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from service.errors import IndexUnusable
from service.retrieval.encoder import DEFAULT_MODEL, DEFAULT_WEIGHTS, Progress, Vectors, file_sha256
from service.retrieval.packaged_model import model_folder, verify_weights

CHUNK = 4096  # texts a call: large enough for sentence-transformers' own sorting by length
# Texts in a batch: on a processor sentence-transformers' own choice, on a graphics processor more.
BATCH = {"cpu": 32, "cuda": 512}


class ReferenceEncoder:
    """Any sentence-transformers model: a packaged one, a local folder, or a hub's name."""

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.name = model
        try:
            if model == DEFAULT_MODEL:
                folder = model_folder()
                verify_weights(folder)
                self.model = SentenceTransformer(str(folder), local_files_only=True)
            else:
                self.model = SentenceTransformer(model)
        except IndexUnusable:
            raise
        except Exception as error:  # whatever a hub, a disk or a model's own code throws
            raise IndexUnusable(f"the model {model!r} can't be loaded: {error}") from error
        self.model.eval()
        self.fingerprint = DEFAULT_WEIGHTS if model == DEFAULT_MODEL else self._fingerprint(model)

    @property
    def dimension(self) -> int:
        return int(self.model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        parts = [np.empty((0, self.dimension), np.float32)]
        for i in range(0, len(texts), CHUNK):
            chunk = list(texts[i : i + CHUNK])
            encoded = self.model.encode(
                chunk,
                batch_size=BATCH.get(self.model.device.type, BATCH["cpu"]),
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            parts.append(np.asarray(encoded, dtype=np.float32))
            if progress:
                progress(len(chunk))
        return np.concatenate(parts)

    def truncated(self, texts: Sequence[str]) -> list[int]:
        limit = self.model.max_seq_length
        if limit is None:
            return []
        tokenizer = self.model.tokenizer
        return [
            i
            for i, text in enumerate(texts)
            if len(text) > limit and len(tokenizer(text)["input_ids"]) > limit
        ]

    def _fingerprint(self, model: str) -> str:
        """SHA-256 over the parameters themselves where there is no single file to hash."""
        folder = Path(model)
        weights = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
        digest = hashlib.sha256()
        if weights:
            for path in weights:
                digest.update(file_sha256(path).encode())
        else:
            for name, tensor in sorted(self.model.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
        return digest.hexdigest()
