"""Stages 2 and 3: all-mpnet-base-v2 becomes a cross-encoder.

`begin` learns from labelled passages, contrast sets and public data; `finish`, with the served
model's word pieces and its rounding, from invented debates and from what searches really find.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import confusion_matrix, f1_score
from tokenizers import Tokenizer

from service.domain.stance import STANCES
from service.stance.training.fit import Example, fit, hard
from service.stance.training.network import CrossEncoder, open_tokenizer, predict
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import LAST, load_rounds
from service.stance.training.rounding import rounded, settled
from service.stance.training.vocabulary import smaller_vocabulary, with_pieces

RATE, LAST_RATE = 5e-5, 3e-5
# Layers that the first rounds leave as they are.
FROZEN = 4
# The served tokenizer's folder, and the weights after each stage.
PIECES, BEGUN, FINISHED = "pieces", "begun.pt", "finished.pt"


def begin(start: Path, work: Path, seed: int) -> None:
    model = CrossEncoder.start(start, seed)
    model.freeze(FROZEN)
    tokenizer = open_tokenizer(start)
    rounds = [examples(pairs) for pairs in load_rounds(work)]
    fit(model, tokenizer, rounds, rate=RATE, seed=seed, checkpoint=work / "begin.checkpoint")
    torch.save(model.state_dict(), work / BEGUN)
    report(model, tokenizer, load_pairs(work / "tuning.jsonl"))


def finish(start: Path, work: Path, seed: int) -> None:
    last = load_pairs(work / f"{LAST}.jsonl")
    folder = work / PIECES
    folder.mkdir(exist_ok=True)
    seen = [pair for pairs in (*load_rounds(work), last) for pair in texts(pairs)]
    tokenizer, kept = smaller_vocabulary(start, folder, seen)
    model = CrossEncoder.start(start, seed)
    model.load_state_dict(torch.load(work / BEGUN, weights_only=True))
    with_pieces(model, kept)
    rounded(model)
    model.freeze(0)
    fit(
        model, tokenizer, [examples(last)], rate=LAST_RATE, seed=seed + 1,
        checkpoint=work / "finish.checkpoint",
    )  # fmt: skip
    settled(model)
    torch.save(model.state_dict(), work / FINISHED)
    report(model, tokenizer, load_pairs(work / "tuning.jsonl"))


def load_finished(start: Path, work: Path, seed: int) -> CrossEncoder:
    model = CrossEncoder.start(start, seed)
    with_pieces(model, range(open_tokenizer(work / PIECES).get_vocab_size()))
    model.load_state_dict(torch.load(work / FINISHED, weights_only=True))
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
