"""What a layer does in training is what its quantised self does in service."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from service.inference import Graph
from service.stance.classifier import GRAPH
from service.stance.training.graph import compressed
from service.stance.training.rounding import (
    WEIGHT_STEPS,
    RoundedLinear,
    rounded,
    rounded_weight,
    settled,
)


@given(st.integers(0, 1_000))
@settings(max_examples=30)
def test_weights_take_few_values_and_are_near(seed: int) -> None:
    torch.manual_seed(seed)
    weight = torch.randn(5, 40) * 10 ** torch.randn(5, 1)
    made = rounded_weight(weight)
    step = weight.abs().amax(1, keepdim=True) / WEIGHT_STEPS
    assert torch.all((made - weight).abs() <= step / 2 + 1e-6 * step)
    assert torch.allclose(made / step, (made / step).round(), atol=1e-3)
    assert torch.allclose(rounded_weight(made), made, rtol=1e-5)  # settled once, settled for good


def test_all_layers_round_but_the_last_and_settle() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4))
    x = torch.randn(3, 8)
    rounded(model)
    assert [type(layer) for layer in model] == [RoundedLinear, nn.Tanh, nn.Linear]
    alone, together = model(x[:1]), model(x)
    assert torch.allclose(alone[0], together[0])  # rounded by its own extremes
    settled(model)
    assert type(model[0]) is nn.Linear
    step = (x.amax(1) - x.amin(1)).max() / 255
    assert (model(x) - together).abs().max() < 8 * step


def test_gradients_pass_through_rounding() -> None:
    layer = nn.Linear(6, 3)
    rounded(model := nn.Sequential(layer))
    model(torch.ones(2, 6)).sum().backward()
    assert layer.weight.grad is not None
    assert torch.all(layer.weight.grad == 2)


def test_a_graph_is_compressed_to_the_same_bytes_and_back(stance_folder: Path) -> None:
    kept = (stance_folder / GRAPH).read_bytes()
    graph = gzip.decompress(kept)
    assert compressed(graph) == kept
    ids = np.array([[0, 4, 5, 2]])
    assert Graph(graph).run(ids, np.ones_like(ids)).shape == (1, 4)
