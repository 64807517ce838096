"""Speech against speech and state against state, against brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.analysis.matrix import state_matrix
from service.analysis.statements import compare_statements, find_statement
from service.catalogue import Catalogue
from service.domain.statements import Kind
from service.errors import InvalidInput, NotFound
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


def test_counterparts(generation: Generation) -> None:
    found = compare_statements(generation, CATALOGUE, "FRA:2020", "NOR:2020")
    assert [(p.text, p.counterpart) for p in found.shared] == [("abolish veto", "abolish veto")]
    assert [p.text for p in found.only_a] == ["cancel debt"]  # ceremony isn't compared


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


def test_a_cell_is_the_mean_of_nearest_positions(generation: Generation) -> None:
    cells = {(c.state_a, c.state_b): c for c in state_matrix(generation, 2020)}
    assert set(cells) == {("FRA", "NOR")}
    cell = cells["FRA", "NOR"]
    alike = (
        ToyEncoder().encode(["abolish veto", "cancel debt"])
        @ ToyEncoder().encode(["abolish veto", "guard whales"]).T
    )
    expected = (alike.max(axis=1).sum() + alike.max(axis=0).sum()) / 4
    assert cell.similarity == pytest.approx(expected, abs=1e-5)
    assert (cell.claims_a, cell.claims_b) == (2, 2)


def test_topic_and_empty_cells(generation: Generation) -> None:
    cells = list(state_matrix(generation, topic="veto"))
    assert [(c.state_a, c.state_b) for c in cells] == [("CHN", "NOR")]
    assert list(state_matrix(generation, year=1900)) == []
