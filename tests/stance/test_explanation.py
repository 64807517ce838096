"""The words that are said to decide do decide: against deletions made by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from service.domain.stance import STANCES, Stance, Verdict
from service.stance.classifier import Calibration, StanceModel
from service.stance.explanation import MOST_VARIANTS, SHORTLIST, Explanation, explain
from tests.conftest import PROJECT
from tests.tiny_stance import SAID

PAIRS = [
    ("we want peace now", "Well, in May we said yes to peace, (and later) perhaps: no to trade!"),
    ("we want debt relief now", "no  to debt relief; no,\nno to it now"),
    ("we want seats now", "The third-largest donor gave 1,000,000 in May, later."),
    *[(a, b) for a, b, _ in SAID[:8]],
]


@pytest.fixture(scope="module")
def model(stance_folder: Path) -> StanceModel:
    return StanceModel(stance_folder)


def left(model: StanceModel, a: str, b: str, stance: Stance, *gone: tuple[int, int]) -> float:
    """What the model makes of b without these characters; the spaces stay."""
    text = "".join(c for i, c in enumerate(b) if not any(x <= i < y for x, y in gone))
    return round(float(model.probabilities([(a, text)])[0][STANCES.index(stance)]), 4)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_what_is_reported_is_measured(
    model: StanceModel, stance_folder: Path, a: str, b: str
) -> None:
    found = explain(model, a, b)
    (verdict,) = model.judge([(a, b)])
    assert found.stance is verdict.stance
    assert found.probability == left(model, a, b, found.stance)
    places = [(word.start, word.end) for word in found.words]
    for word, place in zip(found.words, places, strict=True):
        assert b[word.start : word.end] == word.text
        alone = left(model, a, b, found.stance, place)
        assert word.drop == pytest.approx(found.probability - alone, abs=1e-9)
        assert word.drop > 0
    for one, other in combinations(sorted(places), 2):
        assert one[1] <= other[0]
    assert len(found.words) <= 5
    assert found.without == left(model, a, b, found.stance, *places)
    assert (found.without < found.probability) == bool(found.words)
    assert explain(StanceModel(stance_folder), a, b) == found


@pytest.mark.parametrize(("a", "b", "label"), SAID)
def test_no_word_decides_more_than_the_first(
    model: StanceModel, a: str, b: str, label: Stance
) -> None:
    found = explain(model, a, b)
    assert found.stance is label
    words = b.split()
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    places = [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)]
    drops = [found.probability - left(model, a, b, label, place) for place in places]
    assert found.words[0].drop >= max(drops) - 1e-9
    if label in (Stance.ALIGNED, Stance.OPPOSED):  # only "yes" and "no" tell these two apart
        assert {"yes", "no"} & {part for word in found.words for part in word.text.split()}


def test_fewer_words_are_the_first_of_more(model: StanceModel) -> None:
    for a, b in PAIRS[:3]:
        all_of_them = explain(model, a, b)
        for most in range(len(all_of_them.words) + 1):
            found = explain(model, a, b, most=most)
            assert found.words == all_of_them.words[:most]
        assert explain(model, a, b, most=0).without == all_of_them.probability


class ToyJudge:
    """Its probability of aligned is any function of the words that are left."""

    name = "toy"
    fingerprint = "0" * 64
    calibration = Calibration(1.0, [0.0] * 4, {"aligned": 0.5, "opposed": 0.5})

    def __init__(self, aligned: Callable[[list[str]], float]) -> None:
        self.aligned = aligned
        self.calls: list[int] = []

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        self.calls.append(len(pairs))
        found = [self.aligned(b.lower().replace(".", "").split()) for _, b in pairs]
        return np.array([[p, 0, 0, 1 - p] for p in found])

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        return np.log(self.probabilities(pairs)).astype(np.float32)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        return [self.calibration.verdict(row) for row in self.probabilities(pairs)]


def chosen(found: Explanation) -> list[tuple[str, float]]:
    return [(word.text, word.drop) for word in found.words]


def test_a_span_counts_where_its_words_belong_together() -> None:
    """Deleted one by one, either word is enough to leave the verdict; both together aren't."""
    judge = ToyJudge(lambda words: 0.9 if {"human", "rights"} & set(words) else 0.2)
    found = explain(judge, "q", "We defend human rights.")
    assert chosen(found) == [("human rights", 0.7)]
    assert (found.probability, found.without) == (0.9, 0.2)


def test_words_that_add_up_stand_alone() -> None:
    judge = ToyJudge(lambda words: 0.6 + 0.2 * ("never" in words) + 0.1 * ("veto" in words))
    found = explain(judge, "q", "Never veto peace.")
    assert chosen(found) == [("Never", 0.2), ("veto", 0.1)]
    assert found.without == 0.6


def test_words_between_commas_are_no_span() -> None:
    judge = ToyJudge(lambda words: 0.9 if {"human,", "rights"} & set(words) else 0.2)
    assert chosen(explain(judge, "q", "We defend human, rights.")) == []


def test_a_word_that_adds_nothing_to_the_others_is_left_out() -> None:
    """Each of the three lowers it, but one is enough."""
    judge = ToyJudge(lambda words: 0.9 if words.count("no") == 3 else 0.4)
    found = explain(judge, "q", "no and no and no")
    assert chosen(found) == [("no", 0.5)]
    assert found.words[0].start == 0


def test_something_is_always_left_to_judge() -> None:
    judge = ToyJudge(lambda words: 0.5 + 0.1 * len(words))
    found = explain(judge, "q", "no more bases")
    assert len(found.words) == 2
    assert found.without == 0.6
    assert explain(judge, "q", "Veto").words == explain(judge, "q", "...").words == ()


@pytest.mark.parametrize(("count", "longest"), [(41, 3), (42, 2), (60, 2), (61, 1), (400, 1)])
def test_long_quotations_are_asked_about_in_fewer_variants(count: int, longest: int) -> None:
    judge = ToyJudge(lambda words: 0.5 + len(words) / 1000)
    explain(judge, "q", " ".join(["word"] * count))
    expected = sum(count - length + 1 for length in range(1, longest + 1))
    assert judge.calls[1] == min(expected, MOST_VARIANTS)
    assert len(judge.calls) <= 6
    assert max(judge.calls[2:], default=0) <= SHORTLIST


def test_the_command_line_explains_each_line(stance_folder: Path, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"a": a, "b": b, "id": i}) + "\n" for i, (a, b) in enumerate(PAIRS))
    done = subprocess.run(
        [sys.executable, "-m", "service", "stance", "--pairs", "-", "--explain"],
        cwd=PROJECT, input=lines, capture_output=True, text=True, check=True,
        env=os.environ | {"CONCORD_STANCE_MODEL": str(stance_folder),
                          "CONCORD_INDEXES": str(tmp_path)},
    )  # fmt: skip
    written = [json.loads(line) for line in done.stdout.splitlines()]
    model = StanceModel(stance_folder)
    assert [line["id"] for line in written] == list(range(len(PAIRS)))
    for (a, b), line in zip(PAIRS, written, strict=True):
        assert line["explanation"] == explain(model, a, b).to_dict()
        assert line["explanation"]["probability"] == line["probabilities"][line["stance"]]
