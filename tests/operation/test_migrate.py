"""Folders of an older version: refused with what to do, and brought to the present one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.errors import ConcordError, IndexUnusable, UnreadableFile
from service.operation.backup import back_up
from service.operation.migrate import migrate_store, outdated, remove_outdated
from service.operation.restore import restore
from service.retrieval import build, generations, manifest
from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.manifest import FORMAT
from service.retrieval.store import Change, StatementStore
from service.settings import Settings
from tests.conftest import TOPICS, Quiet, ToyEncoder
from tests.operation.conftest import FIRST, SECOND, deploy


def unmarked(folder: Path) -> Path:
    """The folder's statements as they were kept before files had a version: the same table, with no
    index by state yet, one body written with spaces."""
    path = folder / "statements.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        ((body,),) = connection.execute("SELECT body FROM statement WHERE id = ?", (FIRST.id,))
        spaced = body.replace('","', '", "')
        assert spaced != body
        connection.execute(
            "UPDATE statement SET body = ?, digest = 'old' WHERE id = ?", (spaced, FIRST.id)
        )
        connection.execute("DROP INDEX statement_by_state")
        connection.execute("PRAGMA user_version = 0")
    return path


def test_an_unmarked_store_is_refused_then_migrated(deployed: Settings) -> None:
    path = unmarked(deployed.indexes)
    for use in (
        lambda: StatementStore(deployed.indexes).digests(),
        lambda: list(StatementStore(deployed.indexes).put([FIRST])),
        lambda: Builder(deployed.indexes, ToyEncoder(), TOPICS).build(Quiet()),
    ):
        with pytest.raises(IndexUnusable, match=r"version 0.*python -m service migrate"):
            use()
    assert migrate_store(path) == 0
    store = StatementStore(deployed.indexes)
    assert list(store.by_state()) == [FIRST, SECOND]
    # What is imported again is the same, and so is the index.
    assert [change for _, change in store.put([FIRST, SECOND])] == [Change.UNCHANGED] * 2
    assert not Builder(deployed.indexes, ToyEncoder(), TOPICS).build(Quiet()).changed
    assert migrate_store(path) == 1  # again: nothing to do


def test_a_statement_that_cannot_be_read_stops_a_migration(deployed: Settings) -> None:
    path = unmarked(deployed.indexes)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE statement SET body = '{' WHERE id = ?", (SECOND.id,))
        before = connection.execute("SELECT * FROM statement").fetchall()
    with pytest.raises(ConcordError, match=f"{SECOND.id}.*nothing was changed"):
        migrate_store(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM statement").fetchall() == before
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_newer_store_is_refused(deployed: Settings) -> None:
    with closing(sqlite3.connect(deployed.indexes / "statements.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(IndexUnusable, match="use the version of Concord that wrote it"):
        StatementStore(deployed.indexes).digests()


@pytest.fixture
def older_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment whose index was built when the format was 0."""
    with monkeypatch.context() as then:
        for module in (manifest, generations, build):
            then.setattr(module, "FORMAT", 0)
        return deploy(tmp_path / "older")


def test_an_older_index_is_refused_and_built_again(older_index: Settings) -> None:
    found = Generations(older_index.indexes)
    with pytest.raises(IndexUnusable, match=r"format 0.*python -m service migrate"):
        found.current()
    (old,) = outdated(found)
    built = Builder(older_index.indexes, ToyEncoder(), TOPICS).build(Quiet())
    assert (built.changed, built.embedded) == (True, 0)
    assert remove_outdated(found) == [old.name]
    assert found.current().manifest.id == built.manifest.id != old.name
    assert outdated(found) == []


def test_a_newer_index_is_not_taken_for_an_older_one(
    deployed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (manifest, generations):
        monkeypatch.setattr(module, "FORMAT", 0)
    found = Generations(deployed.indexes)
    with pytest.raises(IndexUnusable, match=rf"format {FORMAT}.*python -m service build"):
        found.current()


def test_a_backup_of_an_older_version_is_migrated(older_index: Settings, tmp_path: Path) -> None:
    unmarked(older_index.indexes)
    old = Generations(older_index.indexes).current_id()
    back_up(older_index, tmp_path / "old.tar")
    other = Settings(indexes=tmp_path / "other", issues=tmp_path / "issues", stance_model=None)
    restored = restore(other, tmp_path / "old.tar")
    assert (restored.migrated, restored.outdated, restored.generation) == (0, old, None)
    assert list(StatementStore(other.indexes).by_state()) == [FIRST, SECOND]
    with pytest.raises(IndexUnusable, match="python -m service build"):
        Generations(other.indexes).current()
    Builder(other.indexes, ToyEncoder(), TOPICS).build(Quiet())
    assert Generations(other.indexes).current().manifest.statements == 2
    assert (other.issues / "veto.yaml").exists()


def test_no_file_and_no_backup(tmp_path: Path) -> None:
    assert migrate_store(tmp_path / "statements.sqlite") is None
    with pytest.raises(UnreadableFile, match="no file"):
        restore(Settings(indexes=tmp_path), tmp_path / "nothing.tar")


def test_the_command(older_index: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    unmarked(older_index.indexes)
    monkeypatch.setenv("CONCORD_INDEXES", str(older_index.indexes))
    refused = CliRunner().invoke(main, ["info"])
    assert (refused.exit_code, "service migrate" in refused.output) == (1, True)
    done = CliRunner().invoke(main, ["migrate"])
    assert done.exit_code == 0, done.output
    assert "from version 0" in done.output
    assert "built again as generation" in done.output
    info = CliRunner().invoke(main, ["info", "--verify"])
    assert info.exit_code == 0, info.output
    again = CliRunner().invoke(main, ["migrate"])
    assert again.output.count("up to date") == 3
