"""What int8 and a small file will do to a layer, done to it in training already: its input rounded
to 256 steps between the extremes of each pair, its weights to WEIGHT_STEPS either way a row."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from service.domain.stance import STANCES

# So few values compress to 4.7 bits a weight; int8 would hold 127 either way.
WEIGHT_STEPS = 25


class RoundedLinear(nn.Linear):
    """A linear layer that computes as its quantised self will, passing gradients through. Inputs at
    `apart` aren't rounded."""

    apart: torch.Tensor | None = None

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        seen = _rounded_input(input, self.apart)
        # What doesn't learn was settled before.
        weight = rounded_weight(self.weight) if self.weight.requires_grad else self.weight
        return nn.functional.linear(seen, weight, self.bias)


def rounded(model: nn.Module) -> None:
    """Make every linear layer but the last one round."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.out_features != len(STANCES):
            layer.__class__ = RoundedLinear


@torch.no_grad()
def settled(model: nn.Module) -> None:
    """Weights become the rounded ones, and layers plain ones again: the exported graph's own
    quantisation rounds inputs, and finds weights only where they are constants."""
    for layer in model.modules():
        if isinstance(layer, RoundedLinear):
            layer.weight.copy_(rounded_weight(layer.weight))
            layer.__class__ = nn.Linear  # type: ignore[assignment]


def rounded_weight(w: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        step = w.abs().amax(1, keepdim=True).clamp(min=1e-8) / WEIGHT_STEPS
        made = (w / step).round_().mul_(step)
    return _passed(w, made)


def _rounded_input(x: torch.Tensor, apart: torch.Tensor | None) -> torch.Tensor:
    with torch.no_grad():
        rest = x if apart is None else x.index_fill(-1, apart, 0)
        low, high = rest.flatten(1).amin(1).float(), rest.flatten(1).amax(1).float()
        step = ((high.clamp(min=0) - low.clamp(max=0)) / 255).clamp(min=1e-8)
        step = step.view(-1, *[1] * (x.ndim - 1))
        made = (rest / step).round_().mul_(step).to(x.dtype)
        if apart is not None:
            made[..., apart] = x[..., apart]
    return _passed(x, made)


class _Passed(torch.autograd.Function):
    """The rounded values; the gradient as if they weren't."""

    @staticmethod
    def forward(_: Any, exact: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        return made

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradient, None


def _passed(exact: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    passed: torch.Tensor = _Passed.apply(exact, made)  # type: ignore[no-untyped-call]
    return passed
