"""Stage 4: the model as an int8 graph for ONNX Runtime, calibrated: a folder for the service.

Dynamic quantisation rounds a layer's input by the extremes of the whole batch, so that a text's
figures would depend on its neighbours: the service runs one pair at a time, never padded, and so
gives a pair the same figures always.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from service.domain.stance import STANCES
from service.retrieval.encoder import file_sha256
from service.stance.classifier import GRAPH, StanceModel
from service.stance.training.calibrate import calibrate
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import OUTLIERS, split
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import LAST, TRAINED_ON
from service.stance.training.rounds import PIECES, load_finished, texts
from service.stance.training.vocabulary import with_positions

# Pairs by which the largest inputs are found.
SEEN = 200
# Before anything is fitted: the softmax of the logits as they are.
NEUTRAL = {"temperature": 1.0, "bias": [0.0] * len(STANCES), "least": {}}


def export(start: Path, work: Path, seed: int) -> None:
    """Write `model/` in the work folder: graph, tokenizer, and the manifest that names both."""
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(work / PIECES / "tokenizer.json", folder / "tokenizer.json")
    shutil.copyfile(work / TRAINED_ON, folder / TRAINED_ON)
    model, tokenizer = load_finished(start, work, seed), open_tokenizer(folder)
    split(model, tokenizer, texts(load_pairs(work / f"{LAST}.jsonl")[:SEEN]))
    with_positions(model, MAX_TOKENS)
    quantise(model, work, folder / GRAPH)
    tuning = load_pairs(work / "tuning.jsonl")
    describe(folder, NEUTRAL)
    logits = StanceModel(folder).logits(texts(tuning))
    calibration = calibrate(logits, tuning)
    describe(folder, calibration)
    print(f"{(folder / GRAPH).stat().st_size / 1e6:.1f} MB", calibration)
    whole = load_finished(start, work, seed)
    same = predict(whole, tokenizer, texts(tuning), half=False).argmax(1) == logits.argmax(1)
    print(f"the likeliest stance is that of float32 for {same.mean():.1%} of the tuning pairs")
    ratio = _ratio(whole, folder, tuning)
    print(f"{ratio:.2f} times as fast as in torch")


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
    whole, smaller = work / "whole.onnx", work / "int8.onnx"
    write_graph(model, whole)
    quantize_dynamic(
        str(whole), str(smaller), weight_type=QuantType.QInt8, per_channel=True,
        nodes_to_exclude=_small_products(whole),
    )  # fmt: skip
    target.write_bytes(compressed(smaller.read_bytes()))


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
