"""The only import of the ONNX runtime: graphs are opened here, one thread each, since many small
runs side by side beat one run on all threads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")

Ids = npt.NDArray[np.int64]


class Graph:
    """A transformer's graph with `input_ids` and `attention_mask` in, one array out."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # whoever only counts cores needn't wait for it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A graphics processor where the installed runtime can use one (onnxruntime-gpu).
        usable = onnxruntime.get_available_providers()
        providers = [name for name in _PROVIDERS if name in usable]
        self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)

    def run(self, ids: Ids, mask: Ids) -> npt.NDArray[np.float32]:
        """`ids` and `mask` have shape (texts, tokens); safe to call from several threads."""
        (out,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(out, dtype=np.float32)


_most: int | None = None


def use_cores(count: int) -> None:
    """Of a machine that this process shares with others of its kind."""
    global _most
    _most = count


def cores() -> int:
    """Processor cores that this process may use."""
    if _most is not None:
        return _most
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
