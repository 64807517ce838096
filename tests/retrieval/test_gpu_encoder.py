"""Many texts go to the graphics processor, if there is one; else nothing changes.

The processor's part is played by the same model in torch, which is what runs on one too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.retrieval import gpu_encoder
from service.retrieval.encoder import DEFAULT_MODEL, PIECE, open_encoder
from service.retrieval.gpu_encoder import GpuEncoder, reference_on_gpu
from service.retrieval.onnx_encoder import OnnxEncoder
from service.retrieval.reference_encoder import ReferenceEncoder
from service.settings import Settings

TEXTS = [f"Article {n} binds us{' all' * (n % 7)}." for n in range(PIECE + 40)]


@pytest.fixture(scope="module")
def local() -> OnnxEncoder:
    return OnnxEncoder.open(Settings().models)


def test_many_texts_are_encoded_there_and_few_here(local: OnnxEncoder) -> None:
    opened: list[ReferenceEncoder] = []

    def on_gpu() -> ReferenceEncoder:
        opened.append(ReferenceEncoder())
        return opened[-1]

    encoder = GpuEncoder(local, on_gpu)
    assert (encoder.name, encoder.fingerprint) == (local.name, local.fingerprint)
    assert np.array_equal(encoder.encode(TEXTS[:PIECE]), local.encode(TEXTS[:PIECE]))
    (alone,) = encoder.encode_each([TEXTS[:40]])
    assert np.array_equal(alone[1], local.encode(TEXTS[:40]))
    assert not opened  # what a query or one statement takes needs no torch
    told: list[int] = []
    there = encoder.encode(TEXTS, told.append)
    assert len(opened) == 1
    assert sum(told) == len(TEXTS)
    assert np.abs(there - local.encode(TEXTS)).max() < 1e-5
    pieces = [TEXTS[:PIECE], TEXTS[PIECE:]]
    found = dict(encoder.encode_each(pieces))
    assert np.abs(np.concatenate([found[0], found[1]]) - there).max() < 1e-5
    assert len(opened) == 1
    assert encoder.truncated([TEXTS[0], "word " * 600]) == [1]


def test_where_torch_has_no_use_of_it_all_is_encoded_here(local: OnnxEncoder) -> None:
    encoder = GpuEncoder(local, lambda: None)
    assert np.array_equal(encoder.encode(TEXTS), local.encode(TEXTS))
    pieces = [TEXTS[:PIECE], TEXTS[PIECE:]]
    for (_, mine), (_, its) in zip(
        encoder.encode_each(pieces), local.encode_each(pieces), strict=True
    ):
        assert np.array_equal(mine, its)


def test_without_a_driver_torch_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = Settings().models
    monkeypatch.setattr(gpu_encoder, "DRIVERS", (tmp_path / "none",))
    assert isinstance(open_encoder(DEFAULT_MODEL, models), OnnxEncoder)
    monkeypatch.setattr(gpu_encoder, "DRIVERS", (tmp_path,))
    assert isinstance(open_encoder(DEFAULT_MODEL, models), GpuEncoder)


def test_a_processor_that_torch_cannot_use_opens_nothing() -> None:
    import torch

    if torch.cuda.is_available():
        opened = reference_on_gpu()
        assert isinstance(opened, ReferenceEncoder)
        assert opened.model.device.type == "cuda"
    else:
        assert reference_on_gpu() is None
