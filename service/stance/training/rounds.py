"""Stages 2 and 3: all-mpnet-base-v2, or a served model, becomes a cross-encoder and learns.

It learns with the served model's word pieces, rounding and inputs apart, round after round.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import confusion_matrix, f1_score
from tokenizers import Tokenizer

from service.domain.stance import STANCES
from service.stance.training.fit import Example, Recipe, fit, hard
from service.stance.training.network import DEVICE, CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import SEEN, keep_apart, largest
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import TRAINED_ON, load_rounds
from service.stance.training.rounding import rounded, settled
from service.stance.training.served import load_served
from service.stance.training.vocabulary import smaller_vocabulary, with_pieces

RECIPE = Recipe(rate=5e-5, tokens=6_144)
# Layers that stay as they are, above the embeddings: so they were all along.
FROZEN = 4
# The served tokenizer's folder, and the weights before and after learning.
PIECES, BEGUN, TRAINED = "pieces", "begun.pt", "trained.pt"
# The places of the inputs that the served model keeps apart.
APART = "apart.pt"


def begin(start: Path, work: Path, seed: int) -> None:
    """From all-mpnet-base-v2, with a new head and the word pieces that are needed oftenest."""
    (work / PIECES).mkdir(exist_ok=True)
    seen = [pair for pairs in load_rounds(work) for pair in texts(pairs)]
    _, kept = smaller_vocabulary(start, work / PIECES, seen)
    model = CrossEncoder.start(start, seed)
    with_pieces(model, kept)
    _begun(model, work)


def begin_from(served: Path, start: Path, work: Path, seed: int) -> None:
    """From a served model's weights and word pieces; what it was trained on is remembered."""
    (work / PIECES).mkdir(exist_ok=True)
    shutil.copyfile(served / "tokenizer.json", work / PIECES / "tokenizer.json")
    before, now = (json.loads((f / TRAINED_ON).read_text("utf-8")) for f in (served, work))
    for name in ("issues", "documents", "found_for"):
        now[name] = sorted({*before[name], *now[name]})
    (work / TRAINED_ON).write_text(json.dumps(now, indent=0) + "\n", "utf-8")
    _begun(load_served(served, start, seed), work)


def _begun(model: CrossEncoder, work: Path) -> None:
    seen = texts(load_rounds(work)[0][:SEEN])
    places = largest(model, open_tokenizer(work / PIECES), seen)
    torch.save([place.cpu() for place in places], work / APART)
    torch.save(model.cpu().state_dict(), work / BEGUN)


def learn(start: Path, work: Path, seed: int, number: int) -> None:
    """Round `number`, from 1. What it leaves is a checkpoint, from which the next goes on, and
    after the last the weights, settled to what the served model holds."""
    tokenizer = open_tokenizer(work / PIECES)
    model = load_weights(start, work, seed, BEGUN)
    rounded(model)
    keep_apart(model, torch.load(work / APART, map_location=DEVICE, weights_only=True))
    model.freeze(FROZEN)
    rounds = [examples(pairs) for pairs in load_rounds(work)]
    before, mine = (work / f"learn-{n}.checkpoint" for n in (number - 1, number))
    fit(model, tokenizer, rounds, RECIPE, seed=seed, until=number, before=before, checkpoint=mine)
    report(model, tokenizer, load_pairs(work / "tuning.jsonl"))
    if number == len(rounds):
        settled(model)
        torch.save(model.cpu().state_dict(), work / TRAINED)


def load_weights(start: Path, work: Path, seed: int, name: str) -> CrossEncoder:
    model = CrossEncoder.start(start, seed)
    with_pieces(model, range(open_tokenizer(work / PIECES).get_vocab_size()))
    model.load_state_dict(torch.load(work / name, weights_only=True))
    return model.eval()


def examples(pairs: Sequence[Pair]) -> list[Example]:
    return [Example(p.a, p.b, hard(STANCES.index(p.label), len(STANCES))) for p in pairs]


def texts(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(p.a, p.b) for p in pairs]


def report(model: CrossEncoder, tokenizer: Tokenizer, pairs: Sequence[Pair]) -> None:
    """Macro-F1 by source over the four stances, and the table of confusions."""
    logits: npt.NDArray[np.float32] = predict(model, tokenizer, texts(pairs))
    truth = np.array([STANCES.index(p.label) for p in pairs])
    guess = logits.argmax(axis=1)
    for source in sorted({p.source for p in pairs}):
        mine = np.array([p.source == source for p in pairs])
        f1 = f1_score(truth[mine], guess[mine], average="macro", zero_division=0)
        print(f"{source}: {mine.sum()} pairs, macro-F1 {f1:.3f}")
        print(confusion_matrix(truth[mine], guess[mine], labels=range(len(STANCES))))
