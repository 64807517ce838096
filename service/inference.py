"""The only import of the ONNX runtime: graphs are opened here, one thread each, since many small
runs side by side beat one run on all threads."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

# int8's arithmetic is that of processors: a stance is the same wherever it is judged.
_PROVIDERS = ["CPUExecutionProvider"]

Ids = npt.NDArray[np.int64]


class Graph:
    """A transformer's graph with `input_ids` and `attention_mask` in, one array out."""

    def __init__(self, source: Path | bytes) -> None:
        """`source`: the file, or what stands in it."""
        import onnxruntime  # whoever only counts cores needn't wait for it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        given = source if isinstance(source, bytes) else str(source)
        self._session = onnxruntime.InferenceSession(given, options, providers=_PROVIDERS)

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


def most_operations() -> float:
    """A second, of products of large matrices of float32 by this runtime, on all cores: what the
    machine can do at best. A multiplication and an addition count as two."""
    import onnxruntime
    from onnx import TensorProto, helper

    side, products = 1_536, 8 * cores()
    matrix = np.random.default_rng(0).random((side, side), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [side, side])],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [side, side])],
        [helper.make_tensor("b", TensorProto.FLOAT, [side, side], matrix.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=_PROVIDERS)
    best = 0.0
    with ThreadPoolExecutor(cores()) as pool:
        for _ in range(4):
            began = time.perf_counter()
            list(pool.map(lambda _: session.run(None, {"a": matrix}), range(products)))
            best = max(best, products * 2 * side**3 / (time.perf_counter() - began))
    return best
