"""Stage 5: the model as an int8 graph for ONNX Runtime, calibrated: a folder for the service."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from service.domain.stance import STANCES
from service.retrieval.encoder import file_sha256
from service.stance.classifier import GRAPH, StanceModel
from service.stance.training.calibrate import calibrate
from service.stance.training.graph import compressed, quantised
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import split
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import TRAINED_ON
from service.stance.training.rounds import APART, PIECES, TRAINED, load_weights, texts
from service.stance.training.vocabulary import with_positions

# Tuning pairs that are judged in float32 as well.
COMPARED = 1_000
# Before anything is fitted: the softmax of the logits as they are.
NEUTRAL = {"temperature": 1.0, "bias": [0.0] * len(STANCES), "least": {}}


def export(start: Path, work: Path, seed: int) -> None:
    """Write `model/` in the work folder: graph, tokenizer, and the manifest that names both."""
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(work / PIECES / "tokenizer.json", folder / "tokenizer.json")
    shutil.copyfile(work / TRAINED_ON, folder / TRAINED_ON)
    model, tokenizer = load_weights(start, work, seed, TRAINED), open_tokenizer(folder)
    split(model, torch.load(work / APART, weights_only=True))
    with_positions(model, MAX_TOKENS)
    (folder / GRAPH).write_bytes(compressed(quantised(model, work).read_bytes()))
    tuning = load_pairs(work / "tuning.jsonl")
    describe(folder, NEUTRAL)
    logits = StanceModel(folder).logits(texts(tuning))
    calibration = calibrate(logits, tuning)
    describe(folder, calibration)
    print(f"{(folder / GRAPH).stat().st_size / 1e6:.1f} MB", calibration)
    whole = load_weights(start, work, seed, TRAINED)
    some = slice(None, None, max(1, len(tuning) // COMPARED))
    exact = predict(whole, tokenizer, texts(tuning[some]), half=False)
    same = exact.argmax(1) == logits[some].argmax(1)
    print(f"the likeliest stance is that of float32 for {same.mean():.1%} of {len(same)} pairs")
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
