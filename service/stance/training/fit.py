"""The training loop: resumable, seeded, where it is fast in bfloat16."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from service.stance.training.network import (
    BATCH_TOKENS,
    DEVICE,
    CrossEncoder,
    batches,
    bfloat16_is_fast,
    padded,
)

SMOOTHING = 0.05
SAVE_EVERY_S = 600.0
# Tokens that a graphics processor takes at a time; elsewhere BATCH_TOKENS.
AT_A_TIME = 1 << 20 if DEVICE.type == "cuda" else BATCH_TOKENS


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its target: probabilities in the order of `Stance`."""

    a: str
    b: str
    target: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """`rate` of learning at its highest; `tokens` of a step."""

    rate: float
    tokens: int = BATCH_TOKENS


def fit(
    model: CrossEncoder,
    tokenizer: Tokenizer,
    rounds: Sequence[Sequence[Example]],
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path,
    until: int | None = None,
    before: Path | None = None,
) -> None:
    """Train in place, round after round, `until` that round, from 1, is done. A run that was cut
    off goes on from `checkpoint`, with the same batches; one that hadn't begun from another's, of
    the rounds `before`."""
    examples = [example for examples in rounds for example in examples]
    encodings = tokenizer.encode_batch([(e.a, e.b) for e in examples])
    targets = torch.tensor([e.target for e in examples], device=DEVICE)
    rng = random.Random(seed)
    plan: list[list[int]] = []
    first, last = 0, 0
    for number, members in enumerate(rounds, start=1):
        lengths = [len(e.ids) for e in encodings[first : first + len(members)]]
        plan += [[first + i for i in batch] for batch in batches(lengths, rng, recipe.tokens)]
        first += len(members)
        last = len(plan) if until is None or number <= until else last
    model.to(DEVICE)
    optimizer = torch.optim.AdamW(_groups(model), lr=recipe.rate, fused=True)
    warm = max(1, len(plan) // 16)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (len(plan) - step) / (len(plan) - warm + 1))
    )
    torch.manual_seed(seed)
    done = 0
    if held := next((path for path in (checkpoint, before) if path and path.is_file()), None):
        done = _resume(held, model, optimizer, schedule)
    pad = int(model.backbone.config.pad_token_id)
    half = bfloat16_is_fast()
    model.train()
    started = saved = time.monotonic()
    losses: list[torch.Tensor] = []
    for step in range(done, last):
        for piece in _pieces(plan[step], [len(encodings[i].ids) for i in plan[step]]):
            ids, mask = padded([encodings[i] for i in piece], pad)
            with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=half):
                logits = model(ids, mask)
            log = torch.log_softmax(logits.float(), dim=1)
            loss = -(targets[piece] * log).sum() / len(plan[step])
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 25 == 24:
            left = (time.monotonic() - started) / (step + 1 - done) * (last - step - 1)
            print(f"step {step + 1}/{len(plan)}, loss {float(sum(losses)) / 25:.4f}, "
                  f"{left / 60:.0f} min to go", flush=True)  # fmt: skip
            losses = []
        if time.monotonic() - saved > SAVE_EVERY_S:
            _save(checkpoint, model, optimizer, schedule, step + 1)
            saved = time.monotonic()
    if last < len(plan):
        _save(checkpoint, model, optimizer, schedule, last)
    else:
        checkpoint.unlink(missing_ok=True)


def hard(label: int, classes: int) -> tuple[float, ...]:
    """A label as a target, smoothed."""
    rest = SMOOTHING / (classes - 1)
    return tuple(1 - SMOOTHING if i == label else rest for i in range(classes))


def _pieces(batch: list[int], lengths: Sequence[int]) -> list[list[int]]:
    """The batch in pieces that memory holds: their gradients add up to its own."""
    most = max(1, AT_A_TIME // max(lengths))
    return [batch[start : start + most] for start in range(0, len(batch), most)]


def _groups(model: CrossEncoder) -> list[dict[str, object]]:
    """Biases and norms aren't decayed."""
    learned = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in learned if p.ndim > 1]
    plain = [p for p in learned if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]


def _save(
    path: Path,
    model: CrossEncoder,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    step: int,
) -> None:
    aside = path.with_suffix(".new")
    torch.save(
        {
            "model": model.state_dict(), "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(), "step": step,
        },
        aside,
    )  # fmt: skip
    aside.replace(path)


def _resume(
    path: Path,
    model: CrossEncoder,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> int:
    stored = torch.load(path, map_location=DEVICE, weights_only=True)
    model.load_state_dict(stored["model"])
    optimizer.load_state_dict(stored["optimizer"])
    schedule.load_state_dict(stored["schedule"])
    return int(stored["step"])
