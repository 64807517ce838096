"""Weights of the served graph: so few steps that no processor cuts off a sum of two products."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.inference import Graph
from service.stance.classifier import GRAPH
from service.stance.training.graph import MOST_STEPS, narrowed
from service.stance.training.rounding import WEIGHT_STEPS
from tests.conftest import PROJECT

Numbers = npt.NDArray[np.float64]
_LARGEST = 255 * 2 * MOST_STEPS


def _weights(model: onnx.ModelProto) -> dict[str, npt.NDArray[np.int8]]:
    graph: Any = model.graph
    asked = {node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}
    return {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.name in asked}


def test_sums_of_two_products_fit_sixteen_bits() -> None:
    assert _LARGEST < 2**15
    served = gzip.decompress((PROJECT / "data/models/stance" / GRAPH).read_bytes())
    weights = _weights(onnx.load_from_string(served))
    assert len(weights) > 70
    for name, found in weights.items():
        assert np.abs(found.astype(np.int64)).max() <= MOST_STEPS, name
    most = [
        np.abs(found.astype(np.int64)).max(axis=0) <= WEIGHT_STEPS for found in weights.values()
    ]
    assert np.concatenate(most).mean() > 0.99


def _product(weight: npt.NDArray[np.int8], scale: npt.NDArray[np.float32]) -> onnx.ModelProto:
    """A product as dynamic quantisation writes it: input rounded, weights' scales behind it."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "x_scale", "zero"]),
        helper.make_node("MatMulInteger", ["q", "w_quantized", "zero"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x_scale", "w_scale"], ["scale"]),
        helper.make_node("Mul", ["float", "scale"], ["logits"]),
        helper.make_node("Identity", ["attention_mask"], ["unused"]),
    ]
    rows, columns = weight.shape
    graph = helper.make_graph(
        nodes,
        "product",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, rows]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [None]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, columns])],
        [numpy_helper.from_array(weight, "w_quantized"), numpy_helper.from_array(scale, "w_scale")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _drawn(steps: npt.NDArray[np.int64]) -> tuple[Numbers, npt.NDArray[np.int8]]:
    """Weights of so many steps a column, and as int8 has them."""
    rng = np.random.default_rng(4)
    own = np.stack([rng.integers(-n, n + 1, 512) for n in steps], axis=1)
    own[0] = steps
    return own / steps, np.rint(own * 127 / steps).astype(np.int8)


def test_weights_are_told_by_their_own_steps() -> None:
    steps = np.array([WEIGHT_STEPS, 23, 7, 1, WEIGHT_STEPS])
    exact, made = _drawn(steps)
    made[:, 4] = np.random.default_rng(1).integers(-127, 128, len(made))  # was never rounded
    model = narrowed(_product(made, np.full(5, 1 / 127, np.float32)))
    (own,) = _weights(model).values()
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}  # type: ignore[attr-defined]
    told = own * tensors["w_scale"].astype(np.float64)
    np.testing.assert_allclose(told[:, :4], exact[:, :4], atol=1e-6)
    assert np.abs(told[:, 4] - made[:, 4] / 127).max() <= 0.5 / MOST_STEPS + 1e-6
    assert np.abs(own).max() <= MOST_STEPS


@pytest.mark.parametrize("far", [1.0, -1.0])
def test_the_largest_inputs_and_weights_are_multiplied_right(far: float) -> None:
    """On this machine, whatever its processor: with 127 steps this is cut off without VNNI."""
    weight = np.full((512, 8), 127, np.int8)
    model = narrowed(_product(weight, np.full(8, 1 / 127, np.float32)))
    session = Graph(model.SerializeToString())._session
    x = np.full((3, 512), far, np.float32)
    x[:, 0] = 0.0
    (found,) = session.run(None, {"x": x, "attention_mask": np.zeros(1, np.int64)})
    np.testing.assert_allclose(found, far * 511, rtol=0.01)
