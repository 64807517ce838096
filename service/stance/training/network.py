"""The cross-encoder in torch: a transformer reads both sentences at once, four logits come out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Encoding, Tokenizer
from torch import nn
from transformers import AutoModel

from service.domain.stance import STANCES

MAX_TOKENS = 160
# Tokens in a batch, padding included.
BATCH_TOKENS = 3072
# Where training computes: on a graphics processor, if there is one.
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class CrossEncoder(nn.Module):
    """Mean of the last layer over the pair's tokens, one hidden layer, one logit a stance."""

    backbone: Any

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        width = int(self.backbone.config.hidden_size)
        self.dense = nn.Linear(width, width)
        self.out = nn.Linear(width, len(STANCES))

    @classmethod
    def start(cls, folder: Path, seed: int) -> CrossEncoder:
        """The transformer of `folder` with a new head. No dropout: in two rounds little is
        learned by heart, and on a CPU it costs as much as the arithmetic."""
        torch.manual_seed(seed)
        return cls(
            AutoModel.from_pretrained(
                str(folder),
                local_files_only=True,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
            )
        )

    def freeze(self, layers: int) -> None:
        """Leave the embeddings and the first `layers` as they are, but for the attention's bias by
        distance, which all layers share."""
        encoder = self.backbone.encoder
        for part in (self.backbone.embeddings, *encoder.layer[:layers]):
            part.requires_grad_(False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits, shape (pairs, 4), in the order of `Stance`."""
        hidden = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        logits: torch.Tensor = self.out(torch.tanh(self.dense(pooled)))
        return logits


def open_tokenizer(folder: Path) -> Tokenizer:
    """Pairs are cut at MAX_TOKENS, the longer sentence first."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def batches(
    lengths: Sequence[int], rng: random.Random | None, tokens: int = BATCH_TOKENS
) -> Iterator[list[int]]:
    """Indices in batches of about so many `tokens`, alike in length; shuffled where `rng` is
    given."""
    order = list(range(len(lengths)))
    made: list[list[int]] = []
    if rng:
        rng.shuffle(order)
    span = 2048 * max(1, tokens // BATCH_TOKENS) if rng else max(len(order), 1)
    for start in range(0, len(order), span):
        batch: list[int] = []
        for i in sorted(order[start : start + span], key=lengths.__getitem__):
            if batch and (len(batch) + 1) * lengths[i] > tokens:
                made.append(batch)
                batch = []
            batch.append(i)
        if batch:
            made.append(batch)
    if rng:
        rng.shuffle(made)
    yield from made


def padded(encodings: Sequence[Encoding], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(e.ids) for e in encodings)
    ids = np.full((len(encodings), width), pad)
    mask = np.zeros((len(encodings), width), np.int64)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return torch.from_numpy(ids).to(DEVICE), torch.from_numpy(mask).to(DEVICE)


def bfloat16_is_fast() -> bool:
    """Processors without instructions for it are four times as slow with it as without it."""
    return DEVICE.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())


@torch.inference_mode()
def predict(
    model: CrossEncoder,
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    *,
    half: bool | None = None,
) -> npt.NDArray[np.float32]:
    """Logits, shape (pairs, 4), in bfloat16 arithmetic or, not `half`, in float32; by default in
    what is fast here."""
    half = bfloat16_is_fast() if half is None else half
    model.eval().to(DEVICE)
    encodings = tokenizer.encode_batch([(a, b) for a, b in pairs])
    out = np.empty((len(pairs), len(STANCES)), np.float32)
    pad = int(model.backbone.config.pad_token_id)
    for batch in batches([len(e.ids) for e in encodings], None):
        ids, mask = padded([encodings[i] for i in batch], pad)
        with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=half):
            out[batch] = model(ids, mask).float().cpu().numpy()
    return out
