"""A served model's weights as training has them, so that it can go on from them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper

from service.domain.stance import STANCES
from service.errors import CatalogueError
from service.stance.classifier import GRAPH
from service.stance.training.network import CrossEncoder, open_tokenizer
from service.stance.training.rounding import rounded_weight
from service.stance.training.vocabulary import with_pieces

Weights = npt.NDArray[np.float32]
_PRODUCT = re.compile(r"/(.+)/(?:Gemm_)?MatMul_quant")
_REST = ".rest"


def load_served(folder: Path, start: Path, seed: int) -> CrossEncoder:
    """The model of `folder`, which the stage export wrote, in the shape of `start`. Weights are
    those that training settled on, to float32's precision; tables of embeddings, the positions'
    bias and the last layer stay as int8 has rounded them.

    Raises CatalogueError where the graph isn't of our export.
    """
    try:
        graph = onnx.load_from_string(gzip.decompress((folder / GRAPH).read_bytes())).graph
    except Exception as error:  # files, gzip and protobuf have no common error
        raise CatalogueError(f"{folder}: no stance model to go on from: {error!r}") from error
    found = {t.name: np.array(numpy_helper.to_array(t)) for t in graph.initializer}
    # Of equal ones only one was kept.
    same = (node for node in graph.node if node.op_type == "Identity")
    found |= {node.output[0]: found[node.input[0]] for node in same if node.input[0] in found}
    model = CrossEncoder.start(start, seed)
    with_pieces(model, range(open_tokenizer(folder).get_vocab_size()))
    state = model.state_dict()
    try:
        read = {**_plain(found), **_tables(found), **_products(graph, found)}
    except KeyError as error:
        raise CatalogueError(f"{folder}: the graph has no {error}") from error
    # The pooler isn't used, and the served model dropped positions beyond its longest pair.
    if missing := {name for name in state if ".pooler." not in name} ^ read.keys():
        raise CatalogueError(f"{folder}: {', '.join(sorted(missing)[:3])}: of another model")
    for name, value in read.items():
        rows = len(value) if "position_embeddings" in name else len(state[name])
        if state[name][:rows].shape != value.shape:
            raise CatalogueError(f"{folder}: {name} has shape {value.shape}: of another model")
        state[name][:rows] = torch.from_numpy(value)
    model.load_state_dict(state)
    return model


def _plain(found: dict[str, Weights]) -> dict[str, Weights]:
    """Biases and norms, kept as they were."""
    return {
        name.replace(_REST, ""): value
        for name, value in found.items()
        if name.endswith((".weight", ".bias"))
    }


def _tables(found: dict[str, Weights]) -> dict[str, Weights]:
    end = ".weight_quantized"
    return {
        name.removesuffix("_quantized"): (
            value.astype(np.float32) - found[name.removesuffix("_quantized") + "_zero_point"]
        ) * found[name.removesuffix("_quantized") + "_scale"]
        for name, value in found.items()
        if name.endswith(end)
    }  # fmt: skip


def _products(graph: Any, found: dict[str, Weights]) -> dict[str, Weights]:
    made = {}
    for node in graph.node:
        held = next((n for n in node.input if n in found and n.endswith("_quantized")), None)
        place = _PRODUCT.fullmatch(node.name)
        if held is None or place is None:
            continue
        layer = place[1].replace("/", ".")
        scale = found[held.removesuffix("_quantized") + "_scale"]
        weight = (found[held].astype(np.float32) * scale).T
        kept = layer.removesuffix(_REST)
        if kept != layer:
            weight[:, found[f"{kept}.places"]] = found[f"{kept}.apart"].T
        # int8 has 127 steps a row where training had fewer, all of the same size.
        if len(weight) != len(STANCES):
            weight = rounded_weight(torch.from_numpy(weight)).numpy()
        made[f"{kept}.weight"] = weight
    return made
