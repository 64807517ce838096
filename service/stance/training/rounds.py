"""Stages 2 to 4: all-mpnet-base-v2 becomes a cross-encoder.

`begin` learns from labelled passages, contrast sets and public data; `finish`, with the served
model's word pieces and its rounding, from invented debates and from what searches really find;
`further`, also with the inputs apart that the served model keeps apart, from more of what is
labelled.
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
from service.stance.training.fit import Example, fit, hard
from service.stance.training.network import CrossEncoder, open_tokenizer, predict
from service.stance.training.outliers import SEEN, keep_apart, largest
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import FURTHER, LAST, TRAINED_ON, load_rounds
from service.stance.training.rounding import rounded, settled
from service.stance.training.served import load_served
from service.stance.training.vocabulary import smaller_vocabulary, with_pieces

RATE, LAST_RATE, FURTHER_RATE = 5e-5, 3e-5, 4e-5
# Layers that the first rounds and the last ones leave as they are.
FROZEN = 4
# The served tokenizer's folder, and the weights after each stage.
PIECES, BEGUN, FINISHED, TRAINED = "pieces", "begun.pt", "finished.pt", "trained.pt"
# The places of the inputs that the served model keeps apart.
APART = "apart.pt"


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


def further(start: Path, work: Path, seed: int) -> None:
    rounds = load_rounds(work, FURTHER)
    tokenizer = open_tokenizer(work / PIECES)
    model = load_weights(start, work, seed, FINISHED)
    places = largest(model, tokenizer, texts(rounds[0][:SEEN]))
    torch.save(places, work / APART)
    rounded(model)
    keep_apart(model, places)
    model.freeze(FROZEN)
    fit(
        model, tokenizer, [examples(pairs) for pairs in rounds], rate=FURTHER_RATE, seed=seed + 2,
        checkpoint=work / "further.checkpoint",
    )  # fmt: skip
    settled(model)
    torch.save(model.state_dict(), work / TRAINED)
    report(model, tokenizer, load_pairs(work / "tuning.jsonl"))


def take_served(folder: Path, start: Path, work: Path, seed: int) -> None:
    """In place of `begin` and `finish`: a served model's weights and word pieces, and what it was
    trained on."""
    model = load_served(folder, start, seed)
    (work / PIECES).mkdir(exist_ok=True)
    shutil.copyfile(folder / "tokenizer.json", work / PIECES / "tokenizer.json")
    torch.save(model.state_dict(), work / FINISHED)
    before, now = (json.loads((f / TRAINED_ON).read_text("utf-8")) for f in (folder, work))
    for name in ("issues", "documents", "found_for"):
        now[name] = sorted({*before[name], *now[name]})
    (work / TRAINED_ON).write_text(json.dumps(now, indent=0) + "\n", "utf-8")


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
