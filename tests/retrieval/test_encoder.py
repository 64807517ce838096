"""The ONNX path against the reference, on the real model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from service.errors import IndexUnusable
from service.retrieval import packaged_model
from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
from service.retrieval.onnx_encoder import OnnxEncoder
from service.retrieval.reference_encoder import ReferenceEncoder
from service.settings import Settings

TEXTS = [
    "The veto has no place in a democratic Council.",
    "Peace.",
    "Nous demandons la levée des sanctions.",
    "word " * 600,
    *(
        f"Article {n} of the Charter binds us, and " + "so do the others " * (n % 9)
        for n in range(60)
    ),
]


@pytest.fixture(scope="module")
def onnx() -> OnnxEncoder:
    return OnnxEncoder.open(Settings().models)


def test_equals_the_reference(onnx: OnnxEncoder) -> None:
    reference = ReferenceEncoder(DEFAULT_MODEL)
    expected = reference.encode(TEXTS)
    assert np.abs(onnx.encode(TEXTS) - expected).max() <= 1e-5
    assert onnx.fingerprint == reference.fingerprint
    assert onnx.dimension == reference.dimension == expected.shape[1]
    assert onnx.truncated(TEXTS) == reference.truncated(TEXTS) == [3]


def test_a_vector_does_not_depend_on_its_batch(onnx: OnnxEncoder) -> None:
    together = onnx.encode(TEXTS)
    alone = np.concatenate([onnx.encode([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-6


def test_vectors_have_length_one_and_progress_adds_up(onnx: OnnxEncoder) -> None:
    told: list[int] = []
    vectors = onnx.encode(TEXTS, told.append)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert sum(told) == len(TEXTS)
    assert onnx.encode([]).shape == (0, 384)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"not the weights")
    with pytest.raises(IndexUnusable, match="SHA-256"):
        packaged_model.verify_weights(folder)


def test_a_changed_graph_is_refused(tmp_path: Path, onnx: OnnxEncoder) -> None:
    (source,) = Settings().models.glob(f"{DEFAULT_MODEL}-*")
    shutil.copytree(source, tmp_path / source.name)
    with (tmp_path / source.name / "model.onnx").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\xff")
    with pytest.raises(IndexUnusable, match="isn't the file that was exported"):
        open_encoder(DEFAULT_MODEL, tmp_path)


def test_a_model_that_cannot_be_had_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(IndexUnusable, match="no-such-model"):
        open_encoder(str(tmp_path / "no-such-model"), tmp_path)
