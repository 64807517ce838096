"""Stage 3: six of the teacher's twelve layers and a smaller vocabulary learn to do as it does, in
each layer and in the verdicts (as TinyBERT, Jiao et al. 2020), on labelled and unlabelled pairs;
then, without it, learn from invented debates and from strangers to the question.

Its linear layers see in training what int8 will do to them in service: the input of each pair
rounded to 256 steps between its extremes, and weights to 255 steps a column.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from service.domain.stance import STANCES
from service.stance.training.fit import Example, fit
from service.stance.training.network import CrossEncoder, open_tokenizer, predict
from service.stance.training.pairs import load_pairs
from service.stance.training.prepare import LAST, UNLABELLED, load_rounds
from service.stance.training.teacher import examples, load_teacher, report, texts
from service.stance.training.unlabelled import load_unlabelled

LAYERS = (1, 3, 5, 7, 9, 11)
VOCABULARY = 16_000
RATE, LAST_RATE = 1e-4, 4e-5
# What a pair's label weighs beside the teacher's verdict, and each layer's likeness to its model.
OF_LABEL, OF_LAYERS = 0.5, 1.0
MIX = 0.5
STUDENT_ROUNDS, MOST_UNLABELLED = 1, 8_000
_NONE = (1 / len(STANCES),) * len(STANCES)


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


class Teaching:
    """The teacher's verdict and layers as a second target."""

    def __init__(self, teacher: CrossEncoder, kept: Sequence[int]) -> None:
        """`kept`: the teacher's number of each of the student's word pieces."""
        self._teacher = teacher.eval()
        self._kept = torch.tensor(kept)

    def loss(
        self,
        ids: torch.Tensor,
        mask: torch.Tensor,
        hidden: tuple[torch.Tensor, ...],
        log: torch.Tensor,
    ) -> torch.Tensor:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            models, logits = self._teacher.layers(self._kept[ids], mask)
        real = mask.bool()
        verdict = -(logits.float().softmax(1) * log).sum(1).mean()
        alike = [
            _distance(own[real].float(), models[layer][real].float())
            for own, layer in zip(hidden, LAYERS, strict=True)
        ]
        return verdict + OF_LAYERS * torch.stack(alike).mean()


def _distance(own: torch.Tensor, model: torch.Tensor) -> torch.Tensor:
    """Mean squared, in standard deviations of each of the model's dimensions: a few of a
    transformer's dimensions are a hundred times as large as the rest."""
    return (((own - model) / (model.std(0) + 1e-3)) ** 2).clamp(max=100).mean()


def learn(start: Path, work: Path, seed: int) -> None:
    rounds = load_rounds(work)[:STUDENT_ROUNDS]
    unlabelled = load_unlabelled(work / UNLABELLED)
    unlabelled = random.Random(seed).sample(unlabelled, min(MOST_UNLABELLED, len(unlabelled)))
    folder = work / "student"
    folder.mkdir(exist_ok=True)
    seen = [*(pair for pairs in rounds for pair in texts(pairs)), *unlabelled]
    tokenizer, kept = smaller_vocabulary(start, folder, seen)
    teacher = load_teacher(start, work, seed)
    model = halved(teacher, kept)
    model.freeze(0)
    share = -(-len(unlabelled) // len(rounds))
    lessons = [
        [
            *(replace(example, weight=OF_LABEL) for example in examples(pairs)),
            *(Example(a, b, _NONE, 0.0) for a, b in unlabelled[n * share : (n + 1) * share]),
        ]
        for n, pairs in enumerate(rounds)
    ]
    guided = work / "student.guided.pt"
    if guided.is_file():
        model.load_state_dict(torch.load(guided, weights_only=True))
    else:
        fit(
            model, tokenizer, lessons, rate=RATE, seed=seed + 1,
            checkpoint=work / "student.checkpoint", guide=Teaching(teacher, kept),
        )  # fmt: skip
        torch.save(model.state_dict(), guided)
    fit(
        model, tokenizer, [examples(load_pairs(work / f"{LAST}.jsonl"))], rate=LAST_RATE,
        seed=seed + 2, checkpoint=work / "student.last.checkpoint",
    )  # fmt: skip
    mixed(model, torch.load(guided, weights_only=True))
    torch.save(model.state_dict(), work / "student.pt")
    tuning = load_pairs(work / "tuning.jsonl")
    report(predict(model, tokenizer, texts(tuning)), tuning)


def mixed(model: CrossEncoder, before: dict[str, torch.Tensor]) -> None:
    """Half of what the last round changed: it keeps more of what came before than the end of that
    round does (weights between two fine-tunings of one model, Wortsman et al. 2022)."""
    after = model.state_dict()
    model.load_state_dict({name: torch.lerp(before[name], after[name], MIX) for name in after})


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
