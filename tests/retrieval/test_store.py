from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.domain.dates import PartialDate
from service.errors import NotFound
from service.retrieval.store import Change, StatementStore, decode_statement, encode_statement
from tests.conftest import statement


def test_the_same_statement_twice_changes_nothing(tmp_path: Path) -> None:
    store = StatementStore(tmp_path)
    one = statement("FRA", "2020", "We reject the veto.")
    assert [change for _, change in store.put([one])] == [Change.ADDED]
    before = store.digests()
    assert [change for _, change in store.put([one])] == [Change.UNCHANGED]
    assert store.digests() == before


def test_a_changed_statement_replaces_its_former_version(tmp_path: Path) -> None:
    store = StatementStore(tmp_path)
    one = statement("FRA", "2020", "We reject the veto.")
    list(store.put([one]))
    changed = replace(one, speaker="A. Person")
    assert [change for _, change in store.put([changed])] == [Change.CHANGED]
    assert store.get(one.id) == changed
    assert len(store.digests()) == 1


def test_removing_names_what_is_missing_and_then_removes_nothing(tmp_path: Path) -> None:
    store = StatementStore(tmp_path)
    one = statement("FRA", "2020", "We reject the veto.")
    list(store.put([one]))
    with pytest.raises(NotFound, match="NOR_1_1999"):
        store.remove([one.id, "NOR_1_1999"])
    assert store.get(one.id) == one
    store.remove([one.id])
    assert store.digests() == {}


def test_a_statement_survives_its_encoding() -> None:
    one = replace(
        statement("CHN", "2021-06", "Debt must be cut.", topics=[("debt",)]),
        date=PartialDate("2021-06-29", inferred=True),
        on_behalf_of=("g77",),
        symbol="A/76/PV.3",
    )
    assert decode_statement(encode_statement(one)) == one


def test_an_import_that_dies_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """The reader fails after 150 statements: those that were yielded as stored are there."""

    def failing():  # type: ignore[no-untyped-def]
        for number in range(150):
            yield statement("FRA", "2020", f"We ask for {number}.", number=number)
        raise RuntimeError

    store = StatementStore(tmp_path)
    acknowledged = []
    with pytest.raises(RuntimeError):
        for stored, _ in store.put(failing()):
            acknowledged.append(stored.id)
    assert acknowledged
    assert set(acknowledged) <= set(StatementStore(tmp_path).digests())


def test_statements_come_by_state_then_date(tmp_path: Path) -> None:
    store = StatementStore(tmp_path)
    given = [
        statement("NOR", "2001", "a"), statement("FRA", "2020", "b"), statement("FRA", "1999", "c")
    ]  # fmt: skip
    list(store.put(given))
    assert [(s.state, s.date.year) for s in store.by_state()] == [
        ("FRA", 1999), ("FRA", 2020), ("NOR", 2001)
    ]  # fmt: skip
