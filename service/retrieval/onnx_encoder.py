"""The default model on ONNX Runtime: the reference's vectors at twice its speed, without torch.

Only the export needs torch; it runs once a machine. int8 and dynamic quantisation are left
alone: there a text's vector depends on its neighbours in the batch.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from service.errors import IndexUnusable
from service.inference import Graph, cores
from service.retrieval.encoder import (
    DEFAULT_MODEL,
    DEFAULT_WEIGHTS,
    Progress,
    Vectors,
    file_sha256,
)
from service.retrieval.packaged_model import model_folder

# Tokens in a batch, padding included. Small batches of equal length on one thread each beat
# large ones on all threads (233 sentences/s against 187 on two cores).
BATCH_TOKENS = 384
# Texts tokenised at a time, which bounds memory and is wide enough for sorting by length.
WINDOW = 8192
# Pieces that are tokenised before the first of them is done.
AHEAD = 2


class OnnxEncoder:
    """all-MiniLM-L6-v2 with mean pooling and normalisation inside the graph."""

    name = DEFAULT_MODEL
    fingerprint = DEFAULT_WEIGHTS
    dimension = 384

    def __init__(self, graph: Path, tokenizer: Path, max_tokens: int) -> None:
        self._graph = Graph(graph)
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._max_tokens = max_tokens
        self._workers = cores()

    @classmethod
    def open(cls, models_dir: Path) -> OnnxEncoder:
        """Load the exported graph; export it first where there is none."""
        folder = models_dir / f"{DEFAULT_MODEL}-{DEFAULT_WEIGHTS[:12]}"
        manifest = folder / "manifest.json"
        if not manifest.is_file():
            from service.retrieval.onnx_export import export_default_model

            export_default_model(folder)
        graph = folder / "model.onnx"
        try:
            whole = file_sha256(graph) == json.loads(manifest.read_text("utf-8"))["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexUnusable(
                f"{manifest} is damaged ({error}): delete {folder} and start again"
            ) from error
        if not whole:
            raise IndexUnusable(
                f"{graph} isn't the file that was exported: delete {folder} and start again"
            )
        model = model_folder()
        limits = json.loads((model / "sentence_bert_config.json").read_text("utf-8"))
        return cls(graph, model / "tokenizer.json", int(limits["max_seq_length"]))

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if len(texts) == 1:  # a query: no pool, no sorting
            return self._run(self._tokenise(texts))
        out = np.empty((len(texts), self.dimension), np.float32)
        windows = [texts[start : start + WINDOW] for start in range(0, len(texts), WINDOW)]
        for number, vectors in self.encode_each(windows, progress):
            out[number * WINDOW : number * WINDOW + len(vectors)] = vectors
        return out

    def encode_each(
        self, pieces: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> Iterator[tuple[int, Vectors]]:
        """The number and the vectors of each piece, in their order; one is tokenised while those
        before it are computed."""
        with ThreadPoolExecutor(self._workers) as pool:
            ahead: deque[tuple[int, Vectors, list[Future[int]]]] = deque()
            for number, piece in enumerate(pieces):
                ahead.append((number, *self._begin(pool, piece)))
                if len(ahead) > AHEAD:
                    yield _finished(*ahead.popleft(), progress)
            while ahead:
                yield _finished(*ahead.popleft(), progress)

    def _begin(
        self, pool: ThreadPoolExecutor, texts: Sequence[str]
    ) -> tuple[Vectors, list[Future[int]]]:
        """Where the vectors will be, and the batches that they come in."""
        encodings = self._tokenise(texts)
        out = np.empty((len(texts), self.dimension), np.float32)

        def work(rows: list[int]) -> int:
            out[rows] = self._run([encodings[row] for row in rows])
            return len(rows)

        batches = _batches([len(encoding.ids) for encoding in encodings])
        return out, [pool.submit(work, rows) for rows in batches]

    def truncated(self, texts: Sequence[str]) -> list[int]:
        # A token is at least one character, so short texts needn't be tokenised.
        return [
            i
            for i, text in enumerate(texts)
            if len(text) > self._max_tokens - 2 and self._tokenizer.encode(text).overflowing
        ]

    def _tokenise(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch_fast(list(texts))

    def _run(self, encodings: list[Encoding]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), width), np.int64)
        mask = np.zeros((len(encodings), width), np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        return self._graph.run(ids, mask)


def _finished(
    number: int, vectors: Vectors, batches: list[Future[int]], progress: Progress | None
) -> tuple[int, Vectors]:
    for batch in batches:
        count = batch.result()
        if progress:
            progress(count)
    return number, vectors


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Row numbers by rising length, cut where the padded batch would exceed BATCH_TOKENS."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
