"""Verdicts kept on disk: judged once, step by step, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.domain.stance import Stance, Verdict
from service.stance.kept import KeptVerdicts, TooManyToJudge

Pair = tuple[str, str]
PAIRS = [("a claim", f"sentence {number}") for number in range(600)]


class Model:
    """A verdict made of the pair's own words, and a record of what was asked."""

    def __init__(self, seconds_each: float = 0.0) -> None:
        self.asked: list[Pair] = []
        self._seconds_each = seconds_each

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        time.sleep(self._seconds_each * len(pairs))
        self.asked += pairs
        return [verdict_on(pair) for pair in pairs]


def verdict_on(pair: Pair) -> Verdict:
    share = len(pair[1]) / 100
    return Verdict(Stance.ALIGNED, (1 - share, share, 0.0, 0.0))


def kept(folder: Path, model: Model) -> KeptVerdicts:
    return KeptVerdicts(folder / "verdicts.sqlite", "f" * 64, model.judge)


def test_progress_counts_only_what_wasnt_kept(tmp_path: Path) -> None:
    model, told = Model(), list[tuple[int, int]]()
    kept(tmp_path, model).judge(PAIRS[:50])
    found = kept(tmp_path, model).judge(PAIRS, progress=lambda *how_far: told.append(how_far))
    assert found == [verdict_on(pair) for pair in PAIRS]
    assert told == [(0, 550), (256, 550), (512, 550), (550, 550)]
    assert sorted(model.asked) == sorted(PAIRS)
    kept(tmp_path, model).judge(PAIRS, progress=lambda *how_far: told.append(how_far))
    assert told[4:] == [(0, 0)]


def test_what_was_judged_before_it_was_stopped_is_kept(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Stopped

    first, second = Model(), Model()
    with pytest.raises(Stopped):
        kept(tmp_path, first).judge(PAIRS, progress=stop)
    assert len(first.asked) == 256
    kept(tmp_path, second).judge(PAIRS)
    assert sorted(first.asked + second.asked) == sorted(PAIRS)


def test_too_many_are_counted_and_none_is_judged(tmp_path: Path) -> None:
    model = Model(seconds_each=0.002)
    with pytest.raises(TooManyToJudge) as refused:
        kept(tmp_path, model).judge(PAIRS, most=599)
    assert (refused.value.pairs, refused.value.seconds, model.asked) == (600, None, [])
    kept(tmp_path, model).judge(PAIRS[:100], most=100)
    with pytest.raises(TooManyToJudge) as refused:
        kept(tmp_path, model).judge(PAIRS, most=499)
    assert refused.value.pairs == 500
    assert refused.value.seconds is not None
    assert 500 * 0.002 <= refused.value.seconds < 500 * 0.02
    assert len(model.asked) == 100


def test_a_file_that_cant_be_used_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "verdicts.sqlite").write_bytes(b"no database at all" * 100)
    model = Model()
    assert kept(tmp_path, model).judge(PAIRS[:3]) == [verdict_on(pair) for pair in PAIRS[:3]]
    with pytest.raises(TooManyToJudge) as refused:
        kept(tmp_path, model).judge(PAIRS, most=10)
    assert (refused.value.pairs, refused.value.seconds) == (600, None)
