"""A few inputs of a transformer's feed-forward layers are ten to fifty times as large as the rest,
so that int8, which rounds by the largest, would leave nothing of the others. They are computed
beside, in float32 (as LLM.int8(), Dettmers et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from service.stance.training.network import DEVICE, CrossEncoder, predict

TextPair = tuple[str, str]
# The places of the largest inputs of each feed-forward layer, from the first on.
Places = list[torch.Tensor]
# Inputs of each layer that are computed beside.
OUTLIERS = 4
# Pairs by which the largest inputs are found.
SEEN = 200


class SplitLinear(nn.Module):
    """What `layer` computes, its inputs at `places` apart from the rest."""

    keep: torch.Tensor
    places: torch.Tensor

    def __init__(self, layer: nn.Linear, places: torch.Tensor) -> None:
        super().__init__()
        keep = torch.ones(layer.in_features)
        keep[places] = 0
        self.register_buffer("keep", keep)
        self.register_buffer("places", places)
        self.apart = nn.Parameter(layer.weight.data[:, places].T.clone())
        self.rest = layer
        self.rest.weight.data *= keep

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        rest: torch.Tensor = self.rest(input * self.keep)
        return rest + input[..., self.places] @ self.apart


def largest(model: CrossEncoder, tokenizer: Tokenizer, pairs: Sequence[TextPair]) -> Places:
    """Over `pairs`."""
    found = [torch.zeros(block.dense.in_features, device=DEVICE) for block in _blocks(model)]
    watched = [
        block.dense.register_forward_pre_hook(partial(_watch, seen))
        for block, seen in zip(_blocks(model), found, strict=True)
    ]
    predict(model, tokenizer, pairs)
    for hook in watched:
        hook.remove()
    return [seen.topk(min(OUTLIERS, len(seen))).indices for seen in found]


def keep_apart(model: CrossEncoder, places: Places) -> None:
    """Rounding layers learn with those inputs apart that `split` will take out."""
    for block, those in zip(_blocks(model), places, strict=True):
        block.dense.apart = those


def split(model: CrossEncoder, places: Places) -> None:
    for block, those in zip(_blocks(model), places, strict=True):
        block.dense = SplitLinear(block.dense, those)


def _blocks(model: CrossEncoder) -> list[Any]:
    """Those whose `dense` is a feed-forward layer."""
    return [block for layer in model.backbone.encoder.layer
            for block in (layer.intermediate, layer.output)]  # fmt: skip


def _watch(seen: torch.Tensor, _: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
    torch.maximum(seen, given[0].float().abs().flatten(0, -2).amax(0), out=seen)
