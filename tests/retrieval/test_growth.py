"""A generation that grew against one of the same statements that was built from nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.blocs import Blocs
from service.domain.questions import GroupBy, Part, Question, SearchMode
from service.domain.statements import Kind, Statement
from service.retrieval import codes, growth, scope
from service.retrieval.build import Builder
from service.retrieval.filters import passing
from service.retrieval.generations import Generation, Generations
from service.retrieval.manifest import CALIBRATION, VECTORS
from service.retrieval.ranking import RankedGroup
from service.retrieval.search import Asked, Search
from service.retrieval.store import StatementStore
from tests.conftest import TOPICS, Quiet, ToyEncoder, statement

STATES = ("CHN", "FRA", "NOR", "USA")
WORDS = ("veto", "abolish", "keep", "debt", "cancel", "sea", "peace", "climate", "we", "must")
NONE = Blocs([])


def made(number: int, seed: int) -> Statement:
    """One of the statements there may be; another `seed` makes another text of it."""
    rng = np.random.default_rng([number, seed])
    size = int(rng.integers(1, 5))
    return statement(
        STATES[number % len(STATES)] if number < 40 else "ZAF",
        str(2000 + number % 7),
        *(" ".join(rng.choice(WORDS, int(rng.integers(1, 5)))) for _ in range(size)),
        number=number,
        kinds=[list(Kind)[int(i)] for i in rng.choice(3, size)],
        topics=[tuple(t for t in TOPICS if rng.random() < 0.3) for _ in range(size)],
        forum=["General Assembly", "Security Council"][int(rng.integers(2))],
    )


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Codes, and growth whatever the change, on few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "LEAST_ROWS", 1)
        patch.setattr(scope, "FEW_ROWS", 0)
        patch.setattr(growth, "CHANGED", 10.0)
        patch.setattr(growth, "DEAD", 0.7)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    list(StatementStore(folder).put([made(number, 0) for number in range(40)]))
    Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
    return folder


def answer(generation: Generation, text: str, **fields: object) -> list[RankedGroup]:
    question = Question(text=text, parts=(Part(text, 0, len(text)),), **fields)  # type: ignore[arg-type]
    found = passing(question, generation, NONE, [])
    asked = Asked(question.parts[0], ToyEncoder().encode([text])[0])
    return Search(question, generation, found).page([asked], 0, 100)


def check_same(grown: Generation, built: Generation) -> None:
    assert grown.manifest.id == built.manifest.id
    for name in ("states", "statements", "claims", "positions", "rendered", "truncated"):
        assert getattr(grown.manifest, name) == getattr(built.manifest, name)
    for name in (VECTORS, CALIBRATION):
        assert grown.manifest.files[name]["sha256"] == built.manifest.files[name]["sha256"]
    for name in ("states", "forums", "topic_ids"):
        assert getattr(grown.columns, name) == getattr(built.columns, name)
    for name in ("state", "first", "last", "kind", "forum", "topics"):
        assert np.array_equal(getattr(grown.columns, name), getattr(built.columns, name)), name
    assert np.array_equal(grown.statement_starts, built.statement_starts)
    rows = list(range(grown.manifest.claims))
    assert grown.library.records(rows) == built.library.records(rows)
    assert grown.library.texts(rows) == built.library.texts(rows)
    for record in built.library.records(rows):
        assert grown.library.claim(record.claim.id) == record
        assert grown.library.rows_of(record.statement.id) == built.library.rows_of(
            record.statement.id
        )
    for mode in SearchMode:
        for group_by in GroupBy:
            asked = {"mode": mode, "group_by": group_by, "kinds": None}
            assert answer(grown, "abolish veto", **asked) == answer(built, "abolish veto", **asked)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sets(st.integers(0, 44), max_size=6),
            st.lists(st.tuples(st.integers(0, 44), st.integers(0, 2)), max_size=6),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_as_if_built_from_nothing(
    first: Path,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[set[int], list[tuple[int, int]]]],
) -> None:
    folder = tmp_path_factory.mktemp("grown")
    shutil.copytree(first, folder, dirs_exist_ok=True)
    store = StatementStore(folder)
    for gone, put in steps:
        with store.snapshot() as held:
            ids = [one.id for number in gone if held.get((one := made(number, 0)).id)]
        if ids:
            store.remove(ids)
        list(store.put([made(number, seed) for number, seed in put]))
        Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
    grown = Generations(folder).current()

    other = tmp_path_factory.mktemp("built")
    shutil.copy(folder / "statements.sqlite", other)
    Builder(other, ToyEncoder(), TOPICS).build(Quiet())
    check_same(grown, Generations(other).current())


def test_only_what_is_new_is_encoded_and_rows_of_the_library_stay(
    first: Path, tmp_path: Path
) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    before = Generations(tmp_path).current()
    new, gone = made(41, 5), made(3, 0)
    store = StatementStore(tmp_path)
    list(store.put([new]))
    store.remove([gone.id])
    shutil.rmtree(tmp_path / "vectors")  # growth has those of the generation before
    encoder = ToyEncoder()
    built = Builder(tmp_path, encoder, TOPICS).build(Quiet())
    assert encoder.encoded == built.embedded == len({claim.text for claim in new.claims})
    after = Generations(tmp_path).current()
    kept = np.isin(after.columns.stored, before.columns.stored)
    assert np.count_nonzero(~kept) == len(new.claims)
    assert len(before.columns) - np.count_nonzero(kept) == len(gone.claims)


def test_the_words_of_what_is_gone_are_gone(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    gone = made(3, 0)
    StatementStore(tmp_path).remove([gone.id])
    Builder(tmp_path, ToyEncoder(), TOPICS).build(Quiet())
    after = Generations(tmp_path).current()
    rows, _ = after.library.matches(" ".join(WORDS))
    assert (rows >= 0).all()
    assert gone.id not in {record.statement.id for record in after.library.records(rows.tolist())}


def test_too_much_change_or_other_topics_build_from_nothing(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    list(StatementStore(tmp_path).put([made(number, 0) for number in (40, 41)]))
    monkeypatch.setattr(growth, "CHANGED", 0.01)
    Builder(tmp_path, ToyEncoder(), TOPICS).build(Quiet())
    rebuilt = Generations(tmp_path).current()
    assert np.array_equal(rebuilt.columns.stored, np.arange(len(rebuilt.columns)))
    monkeypatch.setattr(growth, "CHANGED", 10.0)
    Builder(tmp_path, ToyEncoder(), TOPICS[:1]).build(Quiet())
    assert Generations(tmp_path).current().columns.topic_ids == tuple(TOPICS[:1])
