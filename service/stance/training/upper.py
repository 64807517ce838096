"""The upper layers alone, on what the lower ones give as they are served.

The last round trains only these: a third of the arithmetic, and what they learn from is exactly
what they will see. On processors without bfloat16 there is no time for more.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import nn

from service.inference import Graph, cores
from service.stance.training.network import CrossEncoder

# Layers that are left as they are: two thirds, so that the round takes less than an hour.
LOWER = 8


class ServedLayers(nn.Module):
    """In place of a model's embeddings: the hidden states that the served `graph` of its first
    layers gives, pair by pair, padded with zeros."""

    def __init__(self, graph: Graph, pad: int) -> None:
        super().__init__()
        self._graph, self._pad = graph, pad

    def forward(self, input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        lengths = (input_ids != self._pad).sum(1).tolist()
        rows = [ids[None, :n] for ids, n in zip(input_ids.numpy(), lengths, strict=True)]
        with ThreadPoolExecutor(cores()) as pool:
            given = list(pool.map(lambda ids: self._graph.run(ids, np.ones_like(ids))[0], rows))
        return nn.utils.rnn.pad_sequence([torch.from_numpy(g) for g in given], batch_first=True)


def lift(model: CrossEncoder, lower: Graph) -> None:
    """Leave of `model` only the layers above LOWER, on top of the served graph `lower`."""
    backbone = model.backbone
    backbone.embeddings = ServedLayers(lower, int(backbone.config.pad_token_id))
    backbone.encoder.layer = backbone.encoder.layer[LOWER:]
    # All layers share it, the lower ones too.
    backbone.encoder.relative_attention_bias.requires_grad_(False)


def put_back(whole: CrossEncoder, upper: CrossEncoder) -> None:
    """What `upper` learned, into the model it was lifted from."""
    layers = whole.backbone.encoder.layer[LOWER:]
    layers.load_state_dict(upper.backbone.encoder.layer.state_dict())
    whole.dense.load_state_dict(upper.dense.state_dict())
    whole.out.load_state_dict(upper.out.state_dict())
