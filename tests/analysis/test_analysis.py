"""State against state, against brute force; how a statement is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from service.analysis.matrix import alike
from service.analysis.statements import find_statement
from service.catalogue import Catalogue
from service.domain.statements import Kind
from service.errors import InvalidInput, NotFound
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation, Generations
from tests.conftest import PROJECT, BuildToy, ToyEncoder, statement

CATALOGUE = Catalogue.load(PROJECT / "data")


@pytest.fixture
def generation(build_toy: BuildToy, tmp_path: Path) -> Generation:
    words = ("veto", "debt", "sea", "peace", "climate", "sun", "rain", "law", "trade", "work")
    rng = np.random.default_rng(5)
    made = [
        statement("FRA", "2020", "abolish veto", "cancel debt", "thank you",
                  kinds=[Kind.POSITION, Kind.POSITION, Kind.CEREMONY]),
        statement("NOR", "2020", "abolish veto", "guard whales", topics=[("veto",), ()]),
        statement("CHN", "2021", "keep veto", topics=[("veto",)]),
        statement("CHN", "2021", "keep debt", number=2),
    ]  # fmt: skip
    for number in range(40):  # so that percentiles mean something
        made.append(
            statement(
                str(rng.choice(["USA", "ZAF", "IND"])), "2019",
                " ".join(rng.choice(words, 4)), number=number,
            )
        )  # fmt: skip
    build_toy(made)
    return Generations(tmp_path).current()


def test_naming_a_statement(generation: Generation) -> None:
    assert find_statement(generation, CATALOGUE, "a", "France:2020") == "FRA_0_2020"
    assert find_statement(generation, CATALOGUE, "a", "FRA_0_2020") == "FRA_0_2020"
    with pytest.raises(InvalidInput, match="several"):
        find_statement(generation, CATALOGUE, "a", "CHN:2021")
    with pytest.raises(InvalidInput, match="no state"):
        find_statement(generation, CATALOGUE, "a", "Atlantis:2021")
    for name in ("FRA:1999", "FRA_9_2020"):
        with pytest.raises(NotFound):
            find_statement(generation, CATALOGUE, "a", name)


def test_likeness_is_the_mean_of_nearest_positions(generation: Generation) -> None:
    columns = generation.columns
    of_2020 = columns.overlapping(date(2020, 1, 1), date(2020, 12, 31))
    rows = np.flatnonzero(of_2020 & (columns.kind == KINDS.index(Kind.POSITION)))
    found = alike(generation, rows, "from")
    assert found.states == ("FRA", "NOR")
    assert found.counts.tolist() == [2, 2]
    scores = (
        ToyEncoder().encode(["abolish veto", "cancel debt"])
        @ ToyEncoder().encode(["abolish veto", "guard whales"]).T
    )
    expected = (scores.max(axis=1).sum() + scores.max(axis=0).sum()) / 4
    assert found.similarity == pytest.approx(np.array([[1, expected], [expected, 1]]), abs=1e-5)
    assert alike(generation, rows[:0], "from").states == ()
