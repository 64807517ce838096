"""What int8 and a small file will do to a layer, done to it in training already: its input rounded
to 256 steps between the extremes of each pair, its weights to WEIGHT_STEPS either way a row."""

from __future__ import annotations

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
        if self.apart is None:
            seen = _rounded_input(input)
        else:
            beside = torch.zeros_like(input)
            beside[..., self.apart] = input[..., self.apart]
            seen = _rounded_input(input - beside) + beside
        return nn.functional.linear(seen, rounded_weight(self.weight), self.bias)


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
        change = (w / step).round() * step - w
    return w + change


def _rounded_input(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        flat = x.float().flatten(1)
        low = flat.amin(1).clamp(max=0)
        high = flat.amax(1).clamp(min=0)
        step = ((high - low) / 255).clamp(min=1e-8).view(-1, *[1] * (x.ndim - 1))
        change = ((x / step).round() * step - x).to(x.dtype)
    return x + change
