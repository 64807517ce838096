"""Stage 3: six of the teacher's twelve layers and a smaller vocabulary learn on.

Its linear layers see in training what int8 will do to them in service: the input of each pair
rounded to 256 steps between its extremes, and weights to 255 steps a column.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from service.domain.stance import STANCES
from service.stance.training.fit import fit
from service.stance.training.network import CrossEncoder, open_tokenizer, predict
from service.stance.training.pairs import load_pairs
from service.stance.training.teacher import examples, load_teacher, report, texts

LAYERS = (0, 2, 4, 6, 8, 11)
VOCABULARY = 16_000
RATE, EPOCHS = 5e-5, 1


class RoundedLinear(nn.Linear):
    """A linear layer that computes as dynamic int8 quantisation will, passing gradients through."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(_rounded_input(input), _rounded_weight(self.weight), self.bias)


def _rounded_input(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        flat = x.float().flatten(1)
        low = flat.amin(1).clamp(max=0)
        high = flat.amax(1).clamp(min=0)
        step = ((high - low) / 255).clamp(min=1e-8).view(-1, *[1] * (x.ndim - 1))
        change = ((x / step).round() * step - x).to(x.dtype)
    return x + change


def _rounded_weight(w: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        step = w.abs().amax(1, keepdim=True) / 127
        change = (w / step).round() * step - w
    return w + change


def learn(start: Path, work: Path, seed: int) -> None:
    pairs = load_pairs(work / "train.jsonl")
    folder = work / "student"
    folder.mkdir(exist_ok=True)
    tokenizer, kept = smaller_vocabulary(start, folder, texts(pairs))
    model = halved(load_teacher(start, work, seed), kept)
    fit(
        model, tokenizer, examples(pairs), rate=RATE, epochs=EPOCHS, seed=seed + 1,
        checkpoint=work / "student.checkpoint",
    )  # fmt: skip
    torch.save(model.state_dict(), work / "student.pt")
    tuning = load_pairs(work / "tuning.jsonl")
    report(predict(model, tokenizer, texts(tuning)), tuning)


def load_student(start: Path, work: Path, seed: int) -> CrossEncoder:
    words = json.loads((work / "student" / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    model = halved(CrossEncoder.start(start, seed), list(range(len(words))))
    model.load_state_dict(torch.load(work / "student.pt", weights_only=True))
    return plain(model).eval()


def plain(model: CrossEncoder) -> CrossEncoder:
    """Without the rounding of training: the exported graph's own quantisation takes its place, and
    finds weights only where they are constants."""
    for layer in model.modules():
        if isinstance(layer, RoundedLinear):
            layer.__class__ = nn.Linear  # type: ignore[assignment]
    return model


def halved(teacher: CrossEncoder, kept: list[int]) -> CrossEncoder:
    """The teacher's LAYERS, and the rows `kept` of its embeddings."""
    model = copy.deepcopy(teacher)
    encoder = model.backbone.encoder
    encoder.layer = nn.ModuleList([encoder.layer[i] for i in LAYERS])
    words = model.backbone.embeddings.word_embeddings
    smaller = nn.Embedding(len(kept), words.embedding_dim)
    smaller.weight.data = words.weight.data[kept].clone()
    model.backbone.embeddings.word_embeddings = smaller
    model.backbone.config.num_hidden_layers = len(LAYERS)
    model.backbone.config.vocab_size = len(kept)
    model.backbone.config.pad_token_id = 1
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.out_features != len(STANCES):
            layer.__class__ = RoundedLinear
    return model


def smaller_vocabulary(
    start: Path, folder: Path, pairs: list[tuple[str, str]]
) -> tuple[Tokenizer, list[int]]:
    """Writes `tokenizer.json` with the pieces that the pairs need oftenest, every ASCII character
    among them, so that no English word is lost. Returns it, and the kept pieces' old numbers."""
    old = open_tokenizer(start)
    counts: Counter[int] = Counter()
    for encoding in old.encode_batch(pairs):
        counts.update(encoding.ids)
    described = json.loads((start / "tokenizer.json").read_text("utf-8"))
    vocabulary: dict[str, int] = described["model"]["vocab"]
    special = {t["content"] for t in described["added_tokens"]}
    always = {
        n
        for piece, n in vocabulary.items()
        if piece in special or (len(piece.removeprefix("##")) == 1 and piece.isascii())
    }
    often = [n for n, _ in counts.most_common() if n not in always]
    rest = [n for n in range(len(vocabulary)) if n not in always and n not in counts]
    chosen = sorted([*always, *[*often, *rest][: VOCABULARY - len(always)]])
    number = {old_number: new for new, old_number in enumerate(chosen)}
    described["model"]["vocab"] = {
        piece: number[n] for piece, n in vocabulary.items() if n in number
    }
    for token in described["added_tokens"]:
        token["id"] = number[vocabulary[token["content"]]]
    processor = described["post_processor"]
    for key in ("sep", "cls"):
        if key in processor:
            processor[key][1] = number[vocabulary[processor[key][0]]]
    for entry in processor.get("special_tokens", {}).values():
        entry["ids"] = [number[vocabulary[token]] for token in entry["tokens"]]
    (folder / "tokenizer.json").write_text(json.dumps(described, ensure_ascii=False), "utf-8")
    return open_tokenizer(folder), chosen
