"""Stage 4: the student as an int8 graph for ONNX Runtime, calibrated: a folder for the service.

Dynamic quantisation rounds a layer's input by the extremes of the whole batch, so that a text's
figures would depend on its neighbours: the service runs one pair at a time, never padded, and so
gives a pair the same figures always.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from service.domain.stance import STANCES
from service.retrieval.encoder import file_sha256
from service.stance.classifier import StanceModel
from service.stance.training.calibrate import calibrate
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer, predict
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import TRAINED_ON
from service.stance.training.student import load_student
from service.stance.training.teacher import texts

# Before anything is fitted: the softmax of the logits as they are.
NEUTRAL = {"temperature": 1.0, "bias": [0.0] * len(STANCES), "least": {}}


def export(start: Path, work: Path, seed: int) -> None:
    """Write `model/` in the work folder: graph, tokenizer, and the manifest that names both."""
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(work / "student" / "tokenizer.json", folder / "tokenizer.json")
    shutil.copyfile(work / TRAINED_ON, folder / TRAINED_ON)
    quantise(load_student(start, work, seed), work, folder / "model.onnx")
    tuning = load_pairs(work / "tuning.jsonl")
    describe(folder, NEUTRAL)
    calibration = calibrate(StanceModel(folder).logits(texts(tuning)), tuning)
    describe(folder, calibration)
    print(f"{(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB", calibration)
    print(
        f"{_ratio(load_student(start, work, seed), folder, tuning):.2f} times as fast as in torch"
    )


def _ratio(model: CrossEncoder, folder: Path, pairs: Sequence[Pair]) -> float:
    """Time of the same 240 pairs in torch (float32, batches alike in length, all cores) to that of
    the service."""
    asked, tokenizer = texts(list(pairs[:240])), open_tokenizer(folder)
    served = StanceModel(folder)
    times = []
    runs: tuple[Callable[[], object], ...] = (
        lambda: predict(model, tokenizer, asked, half=False),
        lambda: served.logits(asked),
    )
    for run in runs:
        run()
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return times[0] / times[1]


def describe(folder: Path, calibration: Mapping[str, Any]) -> None:
    """Write the manifest: what belongs to the model, by hash, and how its logits are read."""
    described = {
        "files": {
            file.name: file_sha256(file)
            for file in sorted(folder.glob("*.*"))
            if file.name != "manifest.json"
        },
        "max_tokens": MAX_TOKENS,
        "calibration": calibration,
    }
    (folder / "manifest.json").write_text(json.dumps(described, indent=1) + "\n", "utf-8")


def quantise(model: CrossEncoder, work: Path, target: Path) -> None:
    whole, smaller = work / "student.onnx", work / "student-int8.onnx"
    write_graph(model, whole)
    quantize_dynamic(str(whole), str(smaller), weight_type=QuantType.QInt8, per_channel=True)
    smaller_embeddings(smaller, target)


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


def smaller_embeddings(source: Path, target: Path) -> None:
    """Tables of vectors in int8 with one scale a row, looked up before they are scaled."""
    model: Any = onnx.load(str(source))
    graph = model.graph
    tables = {t.name: t for t in graph.initializer}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        values = onnx.numpy_helper.to_array(table) if table is not None else None
        if values is None or values.ndim != 2 or values.dtype != np.float32 or values.size < 1e6:
            nodes.append(node)
            continue
        scale = np.abs(values).max(axis=1, keepdims=True) / 127 + 1e-12
        name = node.input[0]
        graph.initializer.append(
            onnx.numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_int8")
        )
        graph.initializer.append(
            onnx.numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale")
        )
        out = node.output[0]
        made = onnx.helper.make_node
        nodes += [
            made("Gather", [f"{name}_int8", node.input[1]], [f"{out}_int8"]),
            made("Gather", [f"{name}_scale", node.input[1]], [f"{out}_scale"]),
            made("Cast", [f"{out}_int8"], [f"{out}_float"], to=onnx.TensorProto.FLOAT),
            made("Mul", [f"{out}_float", f"{out}_scale"], [out]),
        ]
        graph.initializer.remove(table)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(target))
