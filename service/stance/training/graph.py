"""The model as an int8 graph for ONNX Runtime.

Dynamic quantisation rounds a layer's input by the extremes of the whole batch, so that a text's
figures would depend on its neighbours: the service runs one pair at a time, never padded, and so
gives a pair the same figures always.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from service.stance.training.network import CrossEncoder
from service.stance.training.outliers import OUTLIERS


def quantised(model: CrossEncoder, work: Path) -> Path:
    """The int8 graph, in the work folder."""
    whole, smaller = work / "whole.onnx", work / "int8.onnx"
    write_graph(model, whole)
    quantize_dynamic(
        str(whole), str(smaller), weight_type=QuantType.QInt8, per_channel=True,
        nodes_to_exclude=_small_products(whole),
    )  # fmt: skip
    return smaller


def _small_products(path: Path) -> list[str]:
    """Products with the few inputs that are computed apart: not to be rounded."""
    graph: Any = onnx.load(str(path)).graph
    small = {t.name for t in graph.initializer if len(t.dims) == 2 and t.dims[0] <= OUTLIERS}
    return [n.name for n in graph.node if n.op_type == "MatMul" and n.input[1] in small]


def compressed(graph: bytes) -> bytes:
    """As gzip, the same bytes for the same graph. Weights of few values have few repetitions to be
    found, only values that are oftener than others."""
    press = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    return press.compress(graph) + press.flush()


def write_graph(model: CrossEncoder, path: Path) -> None:
    """The fp32 graph: one pair of any length, logits out."""
    ids = torch.full((1, 9), 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (ids, torch.ones_like(ids)),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": {1: "tokens"}, "attention_mask": {1: "tokens"}},
        )
