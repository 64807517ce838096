"""A few inputs of a transformer's feed-forward layers are ten to fifty times as large as the rest,
so that int8, which rounds by the largest, would leave nothing of the others. They are computed
beside, in float32 (as LLM.int8(), Dettmers et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from tokenizers import Tokenizer
from torch import nn

from service.stance.training.network import CrossEncoder, predict

# Inputs of each layer that are computed beside.
OUTLIERS = 4


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


def split(model: CrossEncoder, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> None:
    """Split the feed-forward layers by their largest inputs over `pairs`."""
    blocks = [block for layer in model.backbone.encoder.layer
              for block in (layer.intermediate, layer.output)]  # fmt: skip
    largest = [torch.zeros(block.dense.in_features) for block in blocks]

    watched = [
        block.dense.register_forward_pre_hook(partial(_watch, seen))
        for block, seen in zip(blocks, largest, strict=True)
    ]
    predict(model, tokenizer, pairs)
    for hook in watched:
        hook.remove()
    for block, seen in zip(blocks, largest, strict=True):
        block.dense = SplitLinear(block.dense, seen.topk(min(OUTLIERS, len(seen))).indices)


def _watch(seen: torch.Tensor, _: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
    torch.maximum(seen, given[0].float().abs().flatten(0, -2).amax(0), out=seen)
