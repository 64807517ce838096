"""Parts and copies of a record, and what is read from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.evaluation.record import nearest, sizes, sizing
from service.retrieval import codes, scope
from service.retrieval.build import Builder
from service.retrieval.generations import Generation, Generations
from service.retrieval.passing import Passing
from service.retrieval.store import StatementStore
from tests.conftest import TOPICS, Quiet, ToyEncoder
from tests.retrieval.test_search import small_corpus


@pytest.fixture
def generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generation:
    monkeypatch.setattr(codes, "LEAST_ROWS", 1)
    monkeypatch.setattr(scope, "FEW_ROWS", 0)
    list(StatementStore(tmp_path).put(small_corpus()))
    Builder(tmp_path, ToyEncoder(), TOPICS).build(Quiet())
    return Generations(tmp_path).current()


@pytest.mark.parametrize("share", [0.5, 1.0, 2.5])
def test_a_part_has_its_share_of_every_state(
    generation: Generation, tmp_path: Path, share: float
) -> None:
    count = generation.index.count
    folder = tmp_path / "part"
    folder.mkdir()
    part = sizes._part(generation, folder, round(count * share))
    of_states = np.diff(generation.state_starts, append=count)
    of_part = np.diff(part.state_starts, append=part.index.count)
    assert np.allclose(of_part, of_states * share, atol=1)
    lengths = np.linalg.norm(part.index.vectors(slice(None)), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    first = part.index.vectors(slice(0, int(min(of_part[0], of_states[0]))))
    assert np.array_equal(first, generation.index.vectors(slice(0, len(first))))


def test_recall_is_that_of_brute_force(generation: Generation) -> None:
    asked = list(ToyEncoder().encode(["veto", "abolish veto", "cancel debt"]))
    rows = np.ones(generation.index.count, np.bool_)
    rows[::3] = False
    some = Passing(generation, rows=rows)
    assert nearest._recall(generation, lambda: some, asked) == 1.0
    found = nearest._of_states(generation, asked, 1.0)
    assert found["recall"] == 1.0


def test_what_so_many_claims_need() -> None:
    each = dict.fromkeys(("vectors", "codes", "columns", "library", "columns_in_memory"), 1.0)
    row = sizing._row(1_000_000_000, each | {"states_ns": 7.0, "encoded_a_core_second": 100.0})
    assert (row["index_gb"], row["memory_gb"], row["search_ms_one_core"]) == (4.0, 2.0, 7_000.0)
    assert row["encoding_core_hours"] == pytest.approx(1e9 / 100 / 3600, rel=0.05)
    assert row["cores_for_30_searches_a_second"] == 300.0
