"""What is backed up comes back whole, and nothing half: invariants of an operator's last resort."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.accounts.accounts import Accounts
from service.errors import ConcordError, InvalidInput, UnreadableFile
from service.operation.backup import back_up
from service.operation.restore import restore
from service.operation.switch import finish
from service.operation.use import in_use
from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.manifest import verify
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.stance.corrections import Corrections
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement
from tests.operation.conftest import FIRST, ISSUE, PAIRS, SECOND, VERDICT, kept_verdicts


def elsewhere(tmp_path: Path) -> Settings:
    folder = tmp_path / "other"
    return Settings(indexes=folder, issues=folder / "issues", stance_model=None)


def check_deployed(settings: Settings) -> None:
    """Everything of `deploy` is there, and can be used."""
    folder = settings.indexes
    assert StatementStore(folder).get(FIRST.id) == FIRST
    assert set(StatementStore(folder).digests()) == {FIRST.id, SECOND.id}
    generation = Generations(folder).current()
    verify(folder / "generations" / generation.manifest.id)
    assert generation.library.records([0])[0].claim.text == "abolish veto"
    assert [c.author for c in Corrections(folder).all()] == ["A. Reader"]
    with closing(sqlite3.connect(folder / "verdicts.sqlite")) as connection:
        assert connection.execute("SELECT stance FROM verdict").fetchall() == [("opposed",)]
    assert kept_verdicts(folder).judge(PAIRS) == [VERDICT]
    assert (settings.issues / "veto.yaml").read_text() == ISSUE
    accounts = Accounts(settings)
    assert [key.name for key in accounts.keys.all()] == ["dashboard"]
    accounts.close()


def test_what_is_backed_up_comes_back(deployed: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    made = back_up(deployed, file)
    assert set(made.parts) == {
        "accounts.sqlite", "statements.sqlite", "corrections.sqlite", "verdicts.sqlite", "issues",
        "generations",
    }  # fmt: skip
    assert file.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".backup-*"))
    other = elsewhere(tmp_path)
    restored = restore(other, file)
    assert (restored.generation, restored.kept) == (made.generation, None)
    check_deployed(other)
    assert (other.indexes / "accounts.sqlite").stat().st_mode & 0o077 == 0
    assert not list(other.indexes.glob(".rest*"))


def test_a_backup_is_of_one_moment_while_statements_come(
    deployed: Settings, tmp_path: Path
) -> None:
    stop = threading.Event()
    acknowledged: list[str] = []

    def write() -> None:
        number = 1
        while not stop.is_set():
            one = statement("FRA", "2021", f"word{number} veto", number=number)
            for stored, _ in StatementStore(deployed.indexes).put([one]):
                acknowledged.append(stored.id)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(acknowledged) < 20:
            pass
        before = set(acknowledged)
        back_up(deployed, tmp_path / "backup.tar")
    finally:
        stop.set()
        writer.join()
    other = elsewhere(tmp_path)
    restore(other, tmp_path / "backup.tar")
    kept = set(StatementStore(other.indexes).digests()) - {FIRST.id, SECOND.id}
    assert before <= kept <= set(acknowledged)


def test_a_file_that_is_there_is_not_overwritten(deployed: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_text("precious")
    with pytest.raises(InvalidInput, match="there already"):
        back_up(deployed, file)
    assert file.read_text() == "precious"
    with pytest.raises(InvalidInput, match="no folder"):
        back_up(deployed, tmp_path / "nowhere" / "backup.tar")


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(
    deployed: Settings, tmp_path: Path
) -> None:
    path = deployed.indexes / "statements.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(ConcordError, match=r"statements\.sqlite"):
        back_up(deployed, tmp_path / "backup.tar")
    assert not (tmp_path / "backup.tar").exists()


def test_what_is_there_is_replaced_by_force_only_and_kept(
    deployed: Settings, tmp_path: Path
) -> None:
    back_up(deployed, tmp_path / "backup.tar")
    more = statement("CHN", "2022", "lift sanctions")
    list(StatementStore(deployed.indexes).put([more]))
    Builder(deployed.indexes, ToyEncoder(), TOPICS).build(Quiet())
    (deployed.issues / "other.yaml").write_text(ISSUE)
    with pytest.raises(InvalidInput, match="force"):
        restore(deployed, tmp_path / "backup.tar")
    assert StatementStore(deployed.indexes).get(more.id) == more
    done = restore(deployed, tmp_path / "backup.tar", force=True)
    check_deployed(deployed)
    assert not (deployed.issues / "other.yaml").exists()
    assert len(Generations(deployed.indexes).all()) == 1
    assert done.kept is not None
    assert StatementStore(done.kept).get(more.id) == more  # with what its log held
    assert (done.kept / "issues" / "other.yaml").read_text() == ISSUE
    assert len(list((done.kept / "generations").iterdir())) == 2


def test_a_served_folder_is_not_replaced(deployed: Settings, tmp_path: Path) -> None:
    back_up(deployed, tmp_path / "backup.tar")
    refused = pytest.raises(ConcordError, match="a service is running")
    with in_use(deployed.indexes), in_use(deployed.indexes), refused:
        restore(deployed, tmp_path / "backup.tar", force=True)
    restore(deployed, tmp_path / "backup.tar", force=True)


Change = Callable[[dict[str, bytes]], None]


def rewritten(source: Path, target: Path, change: Change) -> Path:
    """The backup with its files changed, and nothing else."""
    with tarfile.open(source) as tar:
        files = {m.name: (tar.extractfile(m) or io.BytesIO()).read() for m in tar}
    change(files)
    with tarfile.open(target, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target


def _flip(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.endswith("vectors.npy"))
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


def _contents(held: dict[str, bytes], **fields: Any) -> None:
    contents = json.loads(held.pop("backup.json")) | fields
    held["backup.json"] = json.dumps(contents).encode()


def _lose(files: dict[str, bytes]) -> None:
    del files["statements.sqlite"]


def _newer_store(files: dict[str, bytes]) -> None:
    """As a later version would write it, list of contents and all."""
    content = bytearray(files["statements.sqlite"])
    content[60:64] = (99).to_bytes(4, "big")  # user_version, in SQLite's header
    files["statements.sqlite"] = bytes(content)
    listed = json.loads(files["backup.json"])["files"]
    listed["statements.sqlite"]["sha256"] = hashlib.sha256(content).hexdigest()
    _contents(files, files=listed)


def _add(name: str) -> Change:
    def add(files: dict[str, bytes]) -> None:
        last = files.pop("backup.json")
        files[name] = b"x"
        files["backup.json"] = last

    return add


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_flip, "isn't what was backed up"),
        (_lose, "isn't what was backed up"),
        (_newer_store, "version 99"),
        (lambda files: _contents(files, format=2), "format 2"),
        (lambda files: _contents(files, generation="0" * 12), "doesn't hold the generation"),
        (lambda files: files.pop("backup.json"), "no list of its contents"),
        (_add("../evil"), "isn't of a backup"),
        (_add("/tmp/evil"), "isn't of a backup"),
        (_add("issues/../../evil"), "isn't of a backup"),
        (_add("CURRENT"), "isn't of a backup"),
        (_add("issues/extra.yaml"), "isn't what was backed up"),
    ],
)
def test_what_is_not_whole_changes_nothing(
    deployed: Settings, tmp_path: Path, change: Change, said: str
) -> None:
    back_up(deployed, tmp_path / "backup.tar")
    bad = rewritten(tmp_path / "backup.tar", tmp_path / "bad.tar", change)
    with pytest.raises(UnreadableFile, match=said):
        restore(deployed, bad, force=True)
    check_deployed(deployed)
    assert not list(deployed.indexes.glob(".rest*"))
    assert not list(deployed.indexes.glob("replaced-*"))


def test_links_and_cut_off_files_are_refused(deployed: Settings, tmp_path: Path) -> None:
    whole = tmp_path / "backup.tar"
    back_up(deployed, whole)
    content = whole.read_bytes()
    bad = tmp_path / "bad.tar"
    for size in (0, 100, 512, len(content) // 3, len(content) // 2, len(content) - 20_480):
        bad.write_bytes(content[:size])
        with pytest.raises(UnreadableFile):
            restore(deployed, bad, force=True)
    with tarfile.open(bad, "w") as tar:
        link = tarfile.TarInfo("issues/link.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(UnreadableFile, match="isn't of a backup"):
        restore(deployed, bad, force=True)
    check_deployed(deployed)


def test_killed_at_any_point_a_restore_leaves_the_old_or_finishes_the_new(
    deployed: Settings, tmp_path: Path
) -> None:
    """Killed at each of its renames in turn: the old deployment is there until it is decided, and
    from then on the new one, once the folder is opened again."""
    back_up(deployed, tmp_path / "backup.tar")
    more = statement("CHN", "2022", "lift sanctions")
    list(StatementStore(deployed.indexes).put([more]))
    (deployed.issues / "other.yaml").write_text(ISSUE)
    old = new = 0
    for number in range(100):
        folder = tmp_path / f"copy{number}"
        shutil.copytree(deployed.indexes, folder)
        settings = Settings(indexes=folder, issues=folder / "issues", stance_model=None)
        status = _restore_and_die(settings, tmp_path / "backup.tar", number)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        decided = (folder / ".restored").exists()
        finish(folder)
        if decided:
            new += 1
            check_deployed(settings)
            assert not (settings.issues / "other.yaml").exists()
        else:
            old += 1
            assert StatementStore(folder).get(more.id) == more
            assert (settings.issues / "other.yaml").exists()
        shutil.rmtree(folder)
    assert old >= 1
    assert new >= 8
    assert status == 0
    check_deployed(settings)


def _restore_and_die(settings: Settings, file: Path, renames: int) -> int:
    """In a process of its own, which is killed before the rename after so many; its exit status."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: other threads may run
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left, rename = [renames], Path.rename

    def counted(self: Path, target: Path) -> Path:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return rename(self, target)

    try:
        Path.rename = counted  # type: ignore[method-assign, assignment]
        restore(settings, file, force=True)
        os._exit(0)
    finally:
        os._exit(1)


def test_the_commands(deployed: Settings, tmp_path: Path) -> None:
    def run(folder: Path, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments], cwd=PROJECT, check=False, text=True,
            capture_output=True,
            env=os.environ
            | {"CONCORD_INDEXES": str(folder), "CONCORD_ISSUES": str(folder / "issues")},
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    file = str(tmp_path / "backup.tar")
    assert "statements.sqlite" in run(deployed.indexes, "backup", file)
    assert "there already" in run(deployed.indexes, "backup", file, code=1)
    assert "force" in run(deployed.indexes, "restore", file, code=1)
    assert "What was there is in" in run(deployed.indexes, "restore", file, "--force")
    run(tmp_path / "other", "restore", file)
    check_deployed(elsewhere(tmp_path))
