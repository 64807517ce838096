"""The model as an int8 graph for ONNX Runtime.

Processors without VNNI add two products of an input of eight bits and a weight in sixteen bits, and
cut off what is more. So weights are written in the few steps that they have, not in the 127 that
eight bits would hold: then sums fit, and a pair has the same figures on any machine.

Dynamic quantisation rounds a layer's input by the extremes of the whole batch, so that a text's
figures would depend on its neighbours: the service runs one pair at a time, never padded, and so
gives a pair the same figures always.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from service.stance.training.network import CrossEncoder
from service.stance.training.outliers import OUTLIERS
from service.stance.training.rounding import WEIGHT_STEPS

# Steps either way: those of eight bits as they are made here, and those of which two products with
# an input of eight bits fit sixteen: 2 * 255 * 64 is less than 2 ** 15.
_MADE, MOST_STEPS = 127, 64


def quantised(model: CrossEncoder, work: Path) -> Path:
    """The int8 graph, in the work folder."""
    whole, smaller = work / "whole.onnx", work / "int8.onnx"
    write_graph(model, whole)
    quantize_dynamic(
        str(whole), str(smaller), weight_type=QuantType.QInt8, per_channel=True,
        nodes_to_exclude=_small_products(whole),
    )  # fmt: skip
    onnx.save(narrowed(onnx.load(str(smaller))), str(smaller))
    return smaller


def narrowed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with the weights of products written in few steps: those of a column in as many as
    they were rounded to, or, where they weren't, in MOST_STEPS."""
    graph: Any = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for name in {n.input[1] for n in graph.node if n.op_type == "MatMulInteger"} & set(tensors):
        made = numpy_helper.to_array(tensors[name]).astype(np.float64)
        steps = np.full(made.shape[1], MOST_STEPS)
        # Where the largest weight of a column is computed apart, the others have fewer.
        for fewer in range(1, WEIGHT_STEPS + 1):
            own = np.rint(made * fewer / _MADE)
            steps[(np.rint(own * _MADE / fewer) == made).all(axis=0)] = fewer
        own = np.rint(made * steps / _MADE).astype(np.int8)
        scale = tensors[name.removesuffix("_quantized") + "_scale"]
        wider = numpy_helper.to_array(scale).astype(np.float64) * _MADE / steps
        tensors[name].CopyFrom(numpy_helper.from_array(own, name))
        scale.CopyFrom(numpy_helper.from_array(wider.astype(np.float32), scale.name))
    return model


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
