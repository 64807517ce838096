"""Export the default model once, and prove that it still gives the reference's vectors."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch

from service.errors import IndexUnusable
from service.retrieval.encoder import DEFAULT_MODEL, DEFAULT_WEIGHTS, file_sha256
from service.retrieval.packaged_model import model_folder, verify_weights
from service.retrieval.reference_encoder import ReferenceEncoder

TOLERANCE = 1e-5
# Short, long, and of unequal length, so that padding and masking are exercised.
PROBES = (
    "Veto.",
    "Sanctions decided by the Security Council bind every Member State.",
    "No country can meet a pandemic alone; we therefore ask for vaccines to be shared, for "
    "patents to be waived while it lasts, and for health workers to be trained where they lack.",
    "debt " * 400,
)


class _SentenceModel(torch.nn.Module):
    """Transformer, mean over the tokens of the text, unit length: one graph."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask)
        weight = attention_mask.unsqueeze(-1).to(torch.float32)
        summed = (hidden.last_hidden_state * weight).sum(1)
        return torch.nn.functional.normalize(summed / weight.sum(1).clamp(min=1e-9), dim=1)


def export_default_model(folder: Path) -> None:
    """Write `model.onnx` and `manifest.json` into `folder`, complete or not at all."""
    from service.retrieval.onnx_encoder import OnnxEncoder

    source = model_folder()
    verify_weights(source)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        graph = aside / "model.onnx"
        _write_graph(source, graph)
        reference = ReferenceEncoder(DEFAULT_MODEL).encode(PROBES)
        limits = json.loads((source / "sentence_bert_config.json").read_text("utf-8"))
        exported = OnnxEncoder(graph, source / "tokenizer.json", int(limits["max_seq_length"]))
        difference = float(np.abs(exported.encode(PROBES) - reference).max())
        if difference > TOLERANCE:
            raise IndexUnusable(
                f"the exported model differs from the reference by {difference:.1e} (allowed "
                f"{TOLERANCE}): set CONCORD_MODEL=torch:{DEFAULT_MODEL} and report this machine"
            )
        manifest = {
            "model": DEFAULT_MODEL,
            "weights": DEFAULT_WEIGHTS,
            "sha256": file_sha256(graph),
            "torch": str(torch.__version__),
            "largest_difference": difference,
        }
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        try:
            aside.rename(folder)
        except OSError:
            if not (folder / "manifest.json").is_file():  # else another process was quicker
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_graph(source: Path, graph: Path) -> None:
    from transformers import AutoModel

    transformer = AutoModel.from_pretrained(
        str(source), attn_implementation="eager", local_files_only=True
    ).eval()
    ids = torch.full((2, 9), 2000)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    axes = {0: "texts", 1: "tokens"}
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer warns of shapes that never change here
            torch.onnx.export(
                _SentenceModel(transformer),
                (ids, mask),
                str(graph),
                dynamo=False,  # the new exporter needs onnxscript and gives the same graph
                opset_version=17,
                input_names=["input_ids", "attention_mask"],
                output_names=["vectors"],
                dynamic_axes={
                    "input_ids": axes,
                    "attention_mask": axes,
                    "vectors": {0: "texts"},
                },
            )
    finally:
        quiet.setLevel(level)
