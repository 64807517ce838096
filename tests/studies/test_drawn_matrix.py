"""The figures of a matrix: planted groups found, who has too few claims last, nothing too large."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.analysis.kept_blocks import KeptBlocks
from service.analysis.pair_matrix import PairMatrix, Wanted, pair_matrix
from service.analysis.units import Unit, units
from service.comparison import Comparator
from service.domain.standing import Side
from service.retrieval.generations import Generations
from service.studies import drawn_matrix
from service.studies.drawn_matrix import matrix_figures
from tests.conftest import BuildToy, statement
from tests.figures.parsed import read

STATES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH")
# By every second state; each has words of its own beside them.
SUBJECTS = ("veto charter council", "debt loans finance")


@pytest.fixture
def planted(build_toy: BuildToy, tmp_path: Path) -> PairMatrix:
    """Eight states of two groups, and one that says too little."""
    draw = np.random.default_rng(2)
    said = [
        statement(
            state, "2021",
            *(f"{SUBJECTS[n % 2]} {draw.choice(['peace', 'law', 'trade'])} w{n}" for _ in range(4)),
        )
        for n, state in enumerate(STATES)
    ]  # fmt: skip
    build_toy([*said, statement("CZZ", "2021", "peace")])
    generation = Generations(tmp_path).current()
    found = units(generation, np.ones(len(generation.columns), np.bool_), Unit.STATE)
    blocks, wanted = KeptBlocks(), Wanted(least=2)
    pair_matrix(generation, found, wanted, blocks)
    return PairMatrix(
        query={"unit": "state", "topics": [], "from": "2021", "to": "2021"},
        generation="g", model="toy", stance_model=None, issues=(), left_out=(), units=found,
        names=tuple(f"State {state}" for state in found.states), wanted=wanted,
        sides=np.full((0, len(found)), list(Side).index(Side.SILENT), np.int8), blocks=blocks,
    )  # fmt: skip


def words(svg: str) -> list[str]:
    return [element.text or "" for element in read(svg).iter("text")]


def rows(svg: str) -> list[str]:
    """The names of a figure's rows, from above."""
    return [word for word in words(svg) if re.fullmatch("State [A-Z]{3}", word)]


def test_planted_groups_stand_together(planted: PairMatrix) -> None:
    drawn = matrix_figures(planted)
    assert list(drawn) == ["heat-map", "dendrogram", "map"]
    named = [name.removeprefix("State ") for name in rows(drawn["heat-map"])]
    parity = [STATES.index(state) % 2 for state in named[:-1]]
    assert parity in ([0] * 4 + [1] * 4, [1] * 4 + [0] * 4)
    assert rows(drawn["dendrogram"]) == rows(drawn["heat-map"])[:-1]
    for svg in drawn.values():
        assert {"group 1 (4)", "group 2 (4)"} <= set(words(svg))


def test_who_has_too_few_claims_comes_last_and_empty(planted: PairMatrix) -> None:
    drawn = matrix_figures(planted)
    assert rows(drawn["heat-map"])[-1] == "State CZZ"
    assert "too few claims (1)" in words(drawn["heat-map"])
    assert "a state and itself, or too few claims" in words(drawn["heat-map"])
    paths = [e.get("d", "") for e in read(drawn["heat-map"]).iter("path")]
    assert sum(path.endswith(f"h{9 * 24 - 2}") for path in paths) == 1  # all of the last row
    for name in ("dendrogram", "map"):
        assert "CZZ" not in drawn[name]
        assert "too few" not in drawn[name]


def test_too_many_or_too_few_are_not_drawn(
    planted: PairMatrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_matrix, "MOST_UNITS", len(planted.units) - 1)
    assert matrix_figures(planted) == {}
    monkeypatch.undo()
    monkeypatch.setattr(drawn_matrix, "LEAST_UNITS", len(planted.units))
    assert matrix_figures(planted) == {}


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"least": 6}, "State against state: all topics"),
        ({"least": 2, "topics": ["palestine"], "from": 2010},
         "State against state: palestine, 2010 to the last"),
        ({"least": 2, "blocs": ["EU"], "unit": "statement", "to": "2015"},
         "Statement against statement: all topics, the first to 2015"),
    ],
)  # fmt: skip
def test_real_positions_are_drawn_and_the_same_again(
    bundled: Comparator, asked: dict[str, Any], title: str
) -> None:
    found = bundled.matrix(intervals=False, **asked)
    drawn = matrix_figures(found)
    assert drawn == matrix_figures(bundled.matrix(intervals=False, **asked))
    assert read(drawn["heat-map"]).findtext("title") == title
    shown = words(drawn["heat-map"])
    codes = [word for word in shown if word[:3].isupper() and word[:3] in found.units.states]
    assert len(codes) >= 3 * len(found.units)  # above, below and beside
    if found.units.kind is Unit.STATEMENT:
        assert len(set(codes)) == len(found.units)
    few = (found.units.counts < asked["least"]).sum()
    assert (f"too few claims ({few})" in shown) == bool(few)
