"""Statements that come while the service runs: checked, stored whole or not at all, then built."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service import ingest as ingest_module
from service.builds import Phase
from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.corpus.text import clean
from service.errors import InvalidInput, NotFound, Overloaded
from service.ingest import MOST_STATEMENTS, MOST_TEXT, MOST_TEXTS
from service.retrieval.build import Builder
from service.retrieval.generations import exclusive
from service.retrieval.store import Change, StatementStore
from service.settings import Settings
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement

pytestmark = pytest.mark.slow

ROW = {"state": "Norway", "date": "2024-09", "text": "Mines must be cleared. We thank them."}


@pytest.fixture(scope="session")
def few_positions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's data with a few bundled positions: a build of it takes a second or two."""
    folder = tmp_path_factory.mktemp("data") / "data"
    shutil.copytree(PROJECT / "data", folder)
    lines = (folder / "positions.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "positions.jsonl").write_text("".join(lines[:30]), "utf-8")
    return folder


@pytest.fixture(scope="session")
def built(few_positions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index folder with a generation of them."""
    folder = tmp_path_factory.mktemp("built")
    made = Comparator(Settings(indexes=folder, data=few_positions, stance_model=None))
    bundled = bundled_statements(few_positions)
    Builder(folder, made.encoder, made.catalogue.topics.ids, bundled).build(Quiet())
    return folder


@pytest.fixture
def comparator(tmp_path: Path, few_positions: Path, built: Path) -> Comparator:
    indexes = tmp_path / "indexes"
    shutil.copytree(built, indexes)
    return Comparator(Settings(indexes=indexes, data=few_positions, stance_model=None))


def until(reached: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def row(number: int, **more: Any) -> dict[str, Any]:
    return ROW | {"text": f"Mine number {number} must be cleared."} | more


def is_searchable(comparator: Comparator, statement_id: str) -> Callable[[], bool]:
    return lambda: comparator.ingest.find(statement_id).searchable


def test_what_is_stored_comes_to_be_searched_and_what_is_deleted_no_longer(
    comparator: Comparator,
) -> None:
    ingest = comparator.ingest
    with ingest.building():
        before = comparator.generation.manifest.id
        (taken,) = ingest.put([ROW], batch=False)
        assert (taken.change, taken.claims, taken.searchable) == (Change.ADDED, 2, False)
        assert taken.statement_id.startswith("NOR_2024-09_")
        assert StatementStore(comparator.settings.indexes).get(taken.statement_id).state == "NOR"
        until(is_searchable(comparator, taken.statement_id))
        assert comparator.generation.manifest.id != before
        answer = comparator.search("Mines must be cleared.", states=["NOR"], kind="any")
        assert answer.results[0].hits[0].text == "Mines must be cleared."
        assert answer.results[0].hits[0].source == "API"
        (again,) = ingest.put([ROW])
        assert (again.change, again.searchable) == (Change.UNCHANGED, True)
        (other,) = ingest.put([ROW | {"speaker": "A. Speaker"}])
        assert (other.statement_id, other.change, other.searchable) == (
            taken.statement_id, Change.CHANGED, False
        )  # fmt: skip
        until(is_searchable(comparator, taken.statement_id))
        assert comparator.statement(taken.statement_id).speaker == "A. Speaker"
        assert ingest.delete(taken.statement_id)
        found = ingest.find(taken.statement_id)
        assert (found.stored, found.searchable) == (False, True)
        assert not ingest.delete(taken.statement_id)
        until(lambda: not ingest.is_searched(taken.statement_id))
        until(lambda: ingest.build.phase is Phase.IDLE)
        assert ingest.build.error is None
    assert ingest.build.phase is Phase.OFF
    for ask in (ingest.find, ingest.delete):
        with pytest.raises(NotFound, match=taken.statement_id):
            ask(taken.statement_id)


def test_bundled_positions_are_found_but_are_nothing_to_delete(comparator: Comparator) -> None:
    bundled = comparator.generation.library.records([0])[0].statement.id
    found = comparator.ingest.find(bundled)
    assert (found.stored, found.searchable) == (False, True)
    with pytest.raises(NotFound):
        comparator.ingest.delete(bundled)


def test_what_came_while_nobody_built_is_built_at_the_start(comparator: Comparator) -> None:
    (taken,) = comparator.ingest.put([ROW])
    later = Comparator(comparator.settings)
    with later.ingest.building():
        until(is_searchable(later, taken.statement_id))


def test_many_at_once_are_built_together(comparator: Comparator) -> None:
    ingest = comparator.ingest
    with ingest.building():
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda n: ingest.put([row(n)])[0], range(24)))
        for one in taken:
            until(is_searchable(comparator, one.statement_id))
    assert len({one.statement_id for one in taken}) == 24
    assert len(comparator.generations.all()) <= 3  # the bundled one, and at most two more


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"state": "Norwey"}, "state", "NOR"),
        ({"state": None}, "state", "empty"),
        ({"date": "27/09/2024"}, "date", "27/09/2024"),
        ({"date": "2024-02-30"}, "date", "2024-02-30"),
        ({"text": " \u200b\n"}, "text", "no words"),
        ({"text": "x" * (MOST_TEXT + 1)}, "text", "250,000"),
        ({"text": "half a character \ud800"}, "text", "UTF-8"),
        ({"speaker": "\udfff"}, "speaker", "UTF-8"),
        ({"speaker": ["A"]}, "speaker", "text"),
        ({"forum": "f" * 301}, "forum", "at most 300"),
        ({"id": "../secret"}, "id", "letters"),
        ({"id": "a/b"}, "id", "letters"),
        ({"on_behalf_of": ["the neighbours"]}, "on_behalf_of", "the neighbours"),
        ({"mood": "merry"}, "mood", "no such field"),
    ],
)
def test_one_that_is_wrong_is_named_and_none_is_stored(
    comparator: Comparator, change: dict[str, Any], field: str, reason: str
) -> None:
    rows = [row(0), row(1), ROW | change, row(3)]
    with pytest.raises(InvalidInput, match=reason) as raised:
        comparator.ingest.put(rows)
    assert raised.value.field == f"statements[2].{field}"
    with pytest.raises(InvalidInput, match=reason) as raised:
        comparator.ingest.put([ROW | change], batch=False)
    assert raised.value.field == field
    assert StatementStore(comparator.settings.indexes).digests() == {}


def test_one_id_for_two_statements_is_refused_but_the_same_twice_is_one(
    comparator: Comparator,
) -> None:
    with pytest.raises(InvalidInput, match=r"statements\[0\]") as raised:
        comparator.ingest.put([row(0, id="one"), row(1), row(2, id="one")])
    assert raised.value.field == "statements[2].id"
    first, second = comparator.ingest.put([ROW, dict(ROW)])
    assert (first.change, second.change) == (Change.ADDED, Change.UNCHANGED)
    assert len(StatementStore(comparator.settings.indexes).digests()) == 1


def test_there_is_an_end_to_what_is_taken_at_a_time(comparator: Comparator) -> None:
    for rows in ([], [row(n) for n in range(MOST_STATEMENTS + 1)]):
        with pytest.raises(InvalidInput) as raised:
            comparator.ingest.put(rows)
        assert raised.value.field == "statements"
    long = "word " * (MOST_TEXTS // 15)
    with pytest.raises(InvalidInput, match="characters") as raised:
        comparator.ingest.put([ROW | {"text": f"{n} {long}"} for n in range(4)])
    assert raised.value.field == "statements"
    assert len(comparator.ingest.put([row(n) for n in range(MOST_STATEMENTS)])) == MOST_STATEMENTS


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> <b>Peace</b> must hold.",
        "\u202eReversed\u202c words must\u0000 stay \u200breadable.\x07",
        f"The word {'x' * 10_000} must be short.",
        f"A word {'y' * 100_000}\nthat is long must not take long.",
        "Mr. " * 20_000 + "President.",
        "Первое предложение. 我们要求和平。 We ask for peace.\r\nAnd soon.",
        "🕊" * 1_000 + " must fly",
    ],
)
def test_any_text_is_kept_as_it_is_and_shown_cleaned(comparator: Comparator, text: str) -> None:
    began = time.process_time()
    (taken,) = comparator.ingest.put([ROW | {"text": text, "speaker": "\u202eA.\n Speaker"}])
    assert time.process_time() - began < 10  # the catalogue and the kinds are read within it
    stored = StatementStore(comparator.settings.indexes).get(taken.statement_id)
    assert stored.text == text.replace("\r\n", "\n")
    assert stored.speaker == "A. Speaker"
    assert [claim.text for claim in stored.claims] == [
        clean(stored.text[claim.start : claim.end]) for claim in stored.claims
    ]
    assert len(stored.claims) == taken.claims > 0
    built = Builder(comparator.settings.indexes, ToyEncoder(), TOPICS).build(Quiet())
    assert built.manifest.claims == taken.claims
    assert comparator.ingest.find(taken.statement_id).searchable


def test_a_table_and_the_api_agree_on_a_statement(comparator: Comparator, tmp_path: Path) -> None:
    table = tmp_path / "API.csv"  # without a source, a table's statements have its name
    table.write_text("state,date,text,on_behalf_of\nNorway,2024-09,Mines must be cleared.,g77\n")
    done = _service(comparator, "import", "table", str(table))
    assert done.returncode == 0, done.stderr
    given = {"state": "NOR", "date": "2024-09", "text": "Mines must be cleared.",
             "source": "API.csv", "on_behalf_of": ["Group of 77"]}  # fmt: skip
    (taken,) = comparator.ingest.put([given])
    assert taken.change is Change.UNCHANGED


def test_who_writes_is_waited_for_but_not_for_long(
    comparator: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "WAIT_S", 0.3)
    comparator = Comparator(comparator.settings)
    (taken,) = comparator.ingest.put([ROW])
    path = comparator.settings.indexes / "statements.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Overloaded, match="another process") as raised:
            comparator.ingest.put([row(1)])
        assert raised.value.retry_after > 0
        with pytest.raises(Overloaded):
            comparator.ingest.delete("one")
        assert comparator.ingest.find(taken.statement_id).stored
    assert comparator.ingest.put([row(1)])[0].change is Change.ADDED


def test_what_was_rolled_back_stays_so_until_something_changes(comparator: Comparator) -> None:
    ingest, generations = comparator.ingest, comparator.generations
    with ingest.building():
        first = generations.current_id()
        (bad,) = ingest.put([row(1)])
        until(is_searchable(comparator, bad.statement_id))
        until(lambda: ingest.build.phase is Phase.IDLE)
    with exclusive(comparator.settings.indexes):
        assert generations.roll_back().id == first
    assert not ingest.is_behind()
    later = Comparator(comparator.settings)
    with later.ingest.building():
        until(lambda: later.ingest.build.phase is Phase.WAITING)
        until(lambda: later.ingest.build.phase is Phase.IDLE)
        assert generations.current_id() == first
        (good,) = later.ingest.put([row(2)])
        until(is_searchable(later, good.statement_id))
    # A build that somebody asks for goes forward, too.
    with exclusive(comparator.settings.indexes):
        generations.roll_back(first)
    done = _service(comparator, "build")
    assert done.returncode == 0, done.stderr
    assert is_searchable(comparator, good.statement_id)()


def test_a_build_waits_for_an_import_that_is_at_work(comparator: Comparator) -> None:
    with exclusive(comparator.settings.indexes), comparator.ingest.building():
        (taken,) = comparator.ingest.put([ROW])  # storing doesn't wait
        until(lambda: comparator.ingest.build.phase is Phase.WAITING)
        time.sleep(2)
        assert comparator.ingest.build.phase is Phase.WAITING
        assert not comparator.ingest.find(taken.statement_id).searchable
    with comparator.ingest.building():
        until(is_searchable(comparator, taken.statement_id))


def test_a_build_that_fails_says_why_and_is_tried_again(comparator: Comparator) -> None:
    ingest = comparator.ingest
    (taken,) = ingest.put([ROW])
    in_the_way = comparator.settings.indexes / "vectors"
    shutil.rmtree(in_the_way)
    in_the_way.write_text("no folder")
    with ingest.building():
        until(lambda: ingest.build.error is not None)
        assert "vectors" in (ingest.build.error or "")
        assert not ingest.find(taken.statement_id).searchable
        in_the_way.unlink()
        until(is_searchable(comparator, taken.statement_id))
        until(lambda: ingest.build.phase is Phase.IDLE)
        assert ingest.build.error is None


def test_a_service_that_stops_stops_its_build(comparator: Comparator) -> None:
    (taken,) = comparator.ingest.put([ROW])
    with comparator.ingest.building():
        until(lambda: comparator.ingest.build.phase is Phase.BUILDING)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    with exclusive(comparator.settings.indexes):  # nobody builds any more
        assert comparator.ingest.find(taken.statement_id).stored
    with comparator.ingest.building():
        until(is_searchable(comparator, taken.statement_id))


def test_what_comes_during_a_build_is_the_next_ones(tmp_path: Path) -> None:
    """The generation is named by what the store held when it was begun, and holds just that."""
    store = StatementStore(tmp_path)
    list(store.put([statement("FRA", "2020", "abolish veto")]))

    class Meddling(Quiet):
        def start(self, step: str, total: int | None) -> None:
            list(store.put([statement("NOR", "2021", f"keep veto {step}", number=1)]))

    builder = Builder(tmp_path, ToyEncoder(), TOPICS)
    meddled = builder.build(Meddling()).manifest
    assert (meddled.statements, meddled.claims) == (1, 1)
    alone = tmp_path / "alone"
    list(StatementStore(alone).put([statement("FRA", "2020", "abolish veto")]))
    assert Builder(alone, ToyEncoder(), TOPICS).build(Quiet()).manifest.corpus == meddled.corpus
    assert builder.build(Quiet()).manifest.statements == 2


def test_the_command_line_removes_while_a_service_runs(comparator: Comparator) -> None:
    ingest = comparator.ingest
    with ingest.building():
        (taken,) = ingest.put([ROW])
        until(is_searchable(comparator, taken.statement_id))
        until(lambda: ingest.build.phase is Phase.IDLE)
        done = _service(comparator, "remove", taken.statement_id)
        assert done.returncode == 0, done.stderr
        (other,) = ingest.put([row(1)])
        until(is_searchable(comparator, other.statement_id))
        assert not ingest.is_searched(taken.statement_id)
    assert "no such statement" in _service(comparator, "remove", taken.statement_id).stderr


def _service(comparator: Comparator, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = comparator.settings
    environment = os.environ | {
        "CONCORD_INDEXES": str(settings.indexes), "CONCORD_DATA": str(settings.data)
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
