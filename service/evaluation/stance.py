"""`evaluate stance`: the stance model on what it was never trained on, beside plain baselines.

Sets: the labelled passages of the test issues (proposition against passage, and passage against
another state's passage), Perspectrum's test split, and the minimal pairs. Intervals are
percentiles of a bootstrap that draws whole subjects, for pairs on one subject aren't independent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from service.catalogue import load_issues
from service.domain.stance import STANCES, Stance
from service.stance.classifier import StanceModel
from service.stance.training.pairs import (
    OF_PASSAGE,
    TEST,
    Pair,
    perspectrum,
    read_sets,
    relation_pairs,
    sentence_pairs,
)
from service.stance.training.passages import read_passages
from service.stance.training.prepare import MINIMAL

SEED = 20_261_126
DRAWS = 1_000
_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))
Numbers = npt.NDArray[np.int64]
Judge = Callable[[Sequence[tuple[str, str]]], tuple[npt.NDArray[np.float64], Numbers]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def test_pairs(data: Path, corpus: Path) -> dict[str, list[Pair]]:
    """The test sets by name. Of passages read twice, those on which both readers agree."""
    import random

    rng = random.Random(SEED)
    issues = load_issues(data)
    agreed = [
        p
        for p in read_passages(data, corpus)
        if p.issue in TEST and p.second_label in (None, p.label)
    ]
    proposition = [
        Pair(issues[p.issue].wordings[0], p.text, OF_PASSAGE[p.label], "proposition", p.issue)
        for p in agreed
    ]
    sentences = [
        *relation_pairs(data, corpus, set(TEST)),
        *sentence_pairs(agreed, set(TEST), rng),
    ]
    minimal = [
        Pair(e["a"], e["b"], Stance(e["expected"]), e["device"], e["id"])
        for e in read_sets(data / MINIMAL)
    ]
    return {"proposition": proposition, "sentences": sentences, "minimal": minimal}


def perspectrum_test(folder: Path) -> list[Pair]:
    """Supporting and undermining perspectives of the test split's claims."""
    import random

    found = perspectrum(folder, {"test"}, random.Random(SEED))
    return [pair for pair in found if pair.label is not Stance.UNCLEAR]


def evaluate_stance(
    model: StanceModel, data: Path, corpus: Path, public: Path | None
) -> dict[str, Any]:
    def judge(pairs: Sequence[tuple[str, str]]) -> tuple[npt.NDArray[np.float64], Numbers]:
        probabilities = model.probabilities(pairs)
        return probabilities, model.calibration.stances(probabilities)

    return evaluate(judge, test_pairs(data, corpus), perspectrum_test(public) if public else [])


def evaluate(
    judge: Judge, sets: Mapping[str, Sequence[Pair]], public: Sequence[Pair]
) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for name in ("proposition", "sentences"):
        report[name] = three_classes(judge, sets[name])
    report["minimal"] = minimal_pairs(judge, sets["minimal"])
    if public:
        report["perspectrum"] = two_classes(judge, public)
    return report


def three_classes(judge: Judge, pairs: Sequence[Pair], draws: int = DRAWS) -> dict[str, Any]:
    """For, against, neither; and what goes wrong in the ways that matter."""
    probabilities, guess = judge([(p.a, p.b) for p in pairs])
    truth = np.array([STANCES.index(p.label) for p in pairs])
    subjects = np.array([p.subject for p in pairs])
    sided = (truth == _ALIGNED) | (truth == _OPPOSED)

    def f1(rows: Numbers) -> float:
        return float(
            f1_score(_sides(truth[rows]), _sides(guess[rows]), average="macro", zero_division=0)
        )

    def share(of: npt.NDArray[np.bool_], are: npt.NDArray[np.bool_]) -> Callable[[Numbers], float]:
        return lambda rows: float(are[rows][of[rows]].mean()) if of[rows].any() else float("nan")

    def interval(figure: Callable[[Numbers], float]) -> Figure:
        return bootstrap(figure, subjects, draws)

    return {
        "pairs": len(pairs),
        "subjects": len(set(subjects.tolist())),
        "macro_f1": interval(f1),
        "opposed_called_aligned": interval(share(truth == _OPPOSED, guess == _ALIGNED)),
        "hedged_called_aligned": interval(share(truth == _PARTIAL, guess == _ALIGNED)),
        "sided_left_unclear": interval(share(sided, guess == _UNCLEAR)),
        "aligned_are_aligned": interval(share(guess == _ALIGNED, truth == _ALIGNED)),
        "calibration_error": calibration_error(probabilities, truth),
        "brier": brier(probabilities, truth),
        "brier_of_base_rates": brier(_base_rates(truth), truth),
        "majority_f1": float(
            f1_score(_sides(truth), np.full(len(truth), _mode(_sides(truth))), average="macro",
                     zero_division=0)
        ),
    }  # fmt: skip


def minimal_pairs(judge: Judge, pairs: Sequence[Pair]) -> dict[str, Any]:
    _, guess = judge([(p.a, p.b) for p in pairs])
    truth = np.array([STANCES.index(p.label) for p in pairs])
    devices = np.array([p.source for p in pairs])
    opposite, same, hedged = truth == _OPPOSED, truth == _ALIGNED, truth == _PARTIAL
    report: dict[str, Any] = {
        "pairs": len(pairs),
        "opposites_not_aligned": float((guess[opposite] != _ALIGNED).mean()),
        "opposites_opposed": float((guess[opposite] == _OPPOSED).mean()),
        "paraphrases_aligned": float((guess[same] == _ALIGNED).mean()),
        "hedges_not_aligned": float((guess[hedged] != _ALIGNED).mean()),
    }
    for device in sorted(set(devices.tolist())):
        mine = devices == device
        report[f"right_{device}"] = float((guess[mine] == truth[mine]).mean())
    return report


def two_classes(judge: Judge, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Support against undermine: the likelier of the two sides."""
    probabilities, _ = judge([(p.a, p.b) for p in pairs])
    truth = np.array([p.label is Stance.OPPOSED for p in pairs])
    guess = probabilities[:, _OPPOSED] > probabilities[:, _ALIGNED]
    subjects = np.array([p.subject for p in pairs])

    def f1(rows: Numbers) -> float:
        return float(f1_score(truth[rows], guess[rows], average="macro"))

    return {
        "pairs": len(pairs),
        "macro_f1": bootstrap(f1, subjects),
        "accuracy": float((truth == guess).mean()),
    }


def bootstrap(
    figure: Callable[[Numbers], float], subjects: npt.NDArray[Any], draws: int = DRAWS
) -> Figure:
    """`figure` of all rows, and of rows of subjects drawn with replacement. NaN where there is
    nothing to reckon with."""
    rng = np.random.default_rng(SEED)
    names, numbers = np.unique(subjects, return_inverse=True)
    rows = [np.flatnonzero(numbers == i) for i in range(len(names))]
    drawn = [
        figure(np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    known = [value for value in drawn if not np.isnan(value)] or [float("nan")]
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(figure(np.arange(len(subjects))), float(low), float(high))


def calibration_error(probabilities: npt.NDArray[np.float64], truth: Numbers) -> float:
    """Expected calibration error of the likeliest stance, in ten bins of equal width."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(
        sum(
            abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )


def brier(probabilities: npt.NDArray[np.float64], truth: Numbers) -> float:
    """Mean squared distance to the truth, summed over the stances."""
    return float(((probabilities - np.eye(len(STANCES))[truth]) ** 2).sum(axis=1).mean())


def to_json(report: Mapping[str, Any]) -> str:
    return json.dumps(_plain(report), indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        interval = [round(value.low, 4), round(value.high, 4)]
        return {"value": round(value.value, 4), "interval": interval}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _base_rates(truth: Numbers) -> npt.NDArray[np.float64]:
    shares = np.bincount(truth, minlength=len(STANCES)) / len(truth)
    return np.tile(shares, (len(truth), 1))


def _mode(values: Numbers) -> int:
    return int(np.bincount(values).argmax())


def _sides(stances: Numbers) -> Numbers:
    return np.where(stances == _UNCLEAR, _PARTIAL, stances)
