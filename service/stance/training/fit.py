"""The training loop: resumable, seeded, where it is fast in bfloat16."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from service.stance.training.network import CrossEncoder, batches, bfloat16_is_fast, padded

SMOOTHING = 0.05
SAVE_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its target: probabilities in the order of `Stance`."""

    a: str
    b: str
    target: tuple[float, ...]


def fit(
    model: CrossEncoder,
    tokenizer: Tokenizer,
    rounds: Sequence[Sequence[Example]],
    *,
    rate: float,
    seed: int,
    checkpoint: Path,
) -> None:
    """Train in place, round after round. A run that was cut off goes on from `checkpoint`, with the
    same batches."""
    examples = [example for examples in rounds for example in examples]
    encodings = tokenizer.encode_batch([(e.a, e.b) for e in examples])
    targets = torch.tensor([e.target for e in examples])
    rng = random.Random(seed)
    plan: list[list[int]] = []
    first = 0
    for members in rounds:
        lengths = [len(e.ids) for e in encodings[first : first + len(members)]]
        plan += [[first + i for i in batch] for batch in batches(lengths, rng)]
        first += len(members)
    optimizer = torch.optim.AdamW(_groups(model), lr=rate, fused=True)
    warm = max(1, len(plan) // 16)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (len(plan) - step) / (len(plan) - warm + 1))
    )
    torch.manual_seed(seed)
    done = _resume(checkpoint, model, optimizer, schedule)
    pad = int(model.backbone.config.pad_token_id)
    half = bfloat16_is_fast()
    model.train()
    started = saved = time.monotonic()
    losses: list[float] = []
    for step in range(done, len(plan)):
        batch = plan[step]
        ids, mask = padded([encodings[i] for i in batch], pad)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            logits = model(ids, mask)
        log = torch.log_softmax(logits.float(), dim=1)
        loss = -(targets[batch] * log).sum(1).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(float(loss.detach()))
        if step % 25 == 24:
            left = (time.monotonic() - started) / (step + 1 - done) * (len(plan) - step - 1)
            print(f"step {step + 1}/{len(plan)} loss {np.mean(losses[-25:]):.4f}, "
                  f"{left / 60:.0f} min to go", flush=True)  # fmt: skip
        if time.monotonic() - saved > SAVE_EVERY_S:
            _save(checkpoint, model, optimizer, schedule, step + 1)
            saved = time.monotonic()
    checkpoint.unlink(missing_ok=True)


def hard(label: int, classes: int) -> tuple[float, ...]:
    """A label as a target, smoothed."""
    rest = SMOOTHING / (classes - 1)
    return tuple(1 - SMOOTHING if i == label else rest for i in range(classes))


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
    if not path.is_file():
        return 0
    stored = torch.load(path, weights_only=True)
    model.load_state_dict(stored["model"])
    optimizer.load_state_dict(stored["optimizer"])
    schedule.load_state_dict(stored["schedule"])
    return int(stored["step"])
