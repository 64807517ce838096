"""Stage 2: the teacher, the whole of all-mpnet-base-v2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import confusion_matrix, f1_score

from service.domain.stance import STANCES
from service.stance.training.fit import Example, fit, hard
from service.stance.training.network import CrossEncoder, open_tokenizer, predict
from service.stance.training.pairs import Pair, load_pairs
from service.stance.training.prepare import load_rounds

RATE = 5e-5
FROZEN = 4


def teach(start: Path, work: Path, seed: int) -> None:
    model = CrossEncoder.start(start, seed)
    model.freeze(FROZEN)
    tokenizer = open_tokenizer(start)
    rounds = [examples(pairs) for pairs in load_rounds(work)]
    fit(model, tokenizer, rounds, rate=RATE, seed=seed, checkpoint=work / "teacher.checkpoint")
    torch.save(model.state_dict(), work / "teacher.pt")
    report(predict(model, tokenizer, texts(tuning := load_pairs(work / "tuning.jsonl"))), tuning)


def load_teacher(start: Path, work: Path, seed: int) -> CrossEncoder:
    model = CrossEncoder.start(start, seed)
    model.load_state_dict(torch.load(work / "teacher.pt", weights_only=True))
    return model.eval()


def examples(pairs: Sequence[Pair]) -> list[Example]:
    return [Example(p.a, p.b, hard(STANCES.index(p.label), len(STANCES)), p.weight) for p in pairs]


def texts(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(p.a, p.b) for p in pairs]


def report(logits: npt.NDArray[np.float32], pairs: list[Pair]) -> None:
    """Macro-F1 by source over the four stances, and the table of confusions."""
    truth = np.array([STANCES.index(p.label) for p in pairs])
    guess = logits.argmax(axis=1)
    for source in sorted({p.source for p in pairs}):
        mine = np.array([p.source == source for p in pairs])
        f1 = f1_score(truth[mine], guess[mine], average="macro", zero_division=0)
        print(f"{source}: {mine.sum()} pairs, macro-F1 {f1:.3f}")
        print(confusion_matrix(truth[mine], guess[mine], labels=range(len(STANCES))))
