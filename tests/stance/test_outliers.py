"""Inputs that are far larger than the others are computed apart, and nothing is changed by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import MPNetConfig, MPNetModel

from service.inference import Graph
from service.stance.training.graph import quantised
from service.stance.training.network import MAX_TOKENS, CrossEncoder, open_tokenizer
from service.stance.training.outliers import OUTLIERS, SplitLinear, largest, split
from service.stance.training.vocabulary import with_positions
from tests.tiny_stance import SAID

PAIRS = [(a, b) for a, b, _ in SAID]
LOUD = 11


@pytest.fixture(scope="module")
def tokenizer(stance_folder: Path) -> Tokenizer:
    return open_tokenizer(stance_folder)


def network(tokenizer: Tokenizer) -> CrossEncoder:
    """One of its feed-forward inputs is a thousand times as large as it would be."""
    torch.manual_seed(3)
    made = CrossEncoder(MPNetModel(MPNetConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=64, max_position_embeddings=200,
    )))  # fmt: skip
    layer = made.backbone.encoder.layer[0]
    layer.intermediate.dense.weight.data *= 20
    layer.intermediate.dense.weight.data[LOUD] *= 1_000
    layer.output.dense.weight.data *= 20
    layer.output.dense.weight.data[:, LOUD] /= 1_000
    return made.eval()


def test_a_split_layer_computes_the_same() -> None:
    torch.manual_seed(1)
    layer, x = nn.Linear(20, 6), torch.randn(4, 3, 20)
    before = layer(x)
    made = SplitLinear(layer, torch.tensor([3, 17]))
    assert torch.allclose(made(x), before, atol=1e-5)
    assert not made.rest.weight[:, [3, 17]].any()  # nor do they decide how the others are rounded


def test_a_loud_input_is_found_and_spoils_int8_no_more(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    plain, apart = network(tokenizer), network(tokenizer)
    split(apart, largest(apart, tokenizer, PAIRS))
    with_positions(apart, MAX_TOKENS)
    found = apart.backbone.encoder.layer[0].output.dense
    assert isinstance(found, SplitLinear)
    assert LOUD in found.places.tolist()

    asked = [np.array([encoding.ids]) for encoding in tokenizer.encode_batch(PAIRS)]
    errors = {}
    for name, model in (("plain", plain), ("apart", apart)):
        with torch.inference_mode():
            truth = [plain(torch.from_numpy(i), torch.ones(i.shape)).numpy() for i in asked]
            same = [model(torch.from_numpy(i), torch.ones(i.shape)).numpy() for i in asked]
        assert np.allclose(np.vstack(same), np.vstack(truth), atol=1e-4)
        work = tmp_path / name
        work.mkdir()
        graph = Graph(quantised(model, work))
        rounded = [graph.run(ids, np.ones_like(ids)) for ids in asked]
        errors[name] = np.sqrt(np.mean((np.vstack(rounded) - np.vstack(truth)) ** 2))
    assert errors["apart"] < errors["plain"] / 2

    tables = onnx.load(str(tmp_path / "apart" / "int8.onnx")).graph.initializer
    exact = [t for t in tables if t.data_type == onnx.TensorProto.FLOAT
             and len(t.dims) == 2 and t.dims[0] == OUTLIERS]  # fmt: skip
    assert len(exact) == 4  # of two layers the two halves, none of them rounded
