"""Disks that are full or read-only: a clear message, and the service goes on as it was."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.faults.places import SEARCH, SEED, Place, current, refusal
from tests.faults.service import ask

pytestmark = pytest.mark.slow

SQLITES_ROOM = 1 << 16
MEGABYTE = 1024 * 1024


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """Skips, loudly, where this user may not mount."""
    done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"MAY NOT MOUNT HERE, NOT TESTED: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.faults
def test_a_full_disk(template: Path, tmp_path: Path) -> None:
    rng = Random(SEED)
    size = sum(path.stat().st_size for path in template.rglob("*") if path.is_file())
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", f"size={size + 12 * MEGABYTE}", "tmpfs"):
        place = Place(disk / "indexes")
        shutil.copytree(template, place.indexes)
        with place.serving() as service:
            failed = 0
            frees = [0, 1 << 12, 1 << 15, *(rng.randrange(5 * MEGABYTE) for _ in range(7))]
            for number, free in enumerate(frees, start=10):
                command = place.import_(number)
                before = current(place), place.stored()
                fill(disk / "filler", shutil.disk_usage(disk).free - free)
                for arguments in (command, ("build",), ("generations", "--roll-back")):
                    process = place.start(*arguments)
                    err = process.communicate(timeout=120)[1]
                    assert "Traceback" not in err
                    if process.returncode:
                        failed += 1
                        assert str(place.indexes) in err.splitlines()[-1], err
                        assert "full" in err or "No space left" in err, err
                    current(place)
                    service.generation()
                status, said = ask(service.port, "/readyz")
                # With less than this SQLite can't even read, and no key can be checked.
                if shutil.disk_usage(disk).free >= SQLITES_ROOM:
                    assert status == 200, said
                else:
                    assert status == 200 or said["type"] == "/problems/database-unusable", said
                (disk / "filler").unlink()
                # Not before: SQLite needs a little room even to read.
                assert before[1] <= place.stored()
                place.run(*command)
                place.run("build")
                assert service.generation() == current(place)
            assert failed >= 5


def fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(bytes(max(size, 0) // 4096 * 4096))


@pytest.mark.faults
@pytest.mark.parametrize(
    "limit",
    [
        8_192,
        100_000,
        400_000,
        1_000_000,
        1_250_000,
        1_256_000,
    ],
)
def test_files_may_not_grow(place: Place, limit: int) -> None:
    """As on a disk with a quota: the same errors, at a place of our choice."""
    place.run(*place.import_(10))
    before = current(place)
    with place.serving() as service:
        held = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: E731
        line = place.refused("build", prepare=held)
        assert str(place.indexes) in line
        assert current(place) == before
        assert not list((place.indexes / "generations").glob(".building-*"))
        service.generation()
    place.run("build")
    assert current(place) != before


def test_an_answer_that_cannot_be_written(place: Place) -> None:
    with Path("/dev/full").open("w") as full:
        line = refusal(place.start(*SEARCH, stdout=full))
    assert line == "Error: No space left on device"


@pytest.fixture(params=["mount", "permissions"])
def read_only(place: Place, request: pytest.FixtureRequest) -> Iterator[Place]:
    """With a statement that isn't built yet."""
    place.run(*place.import_(10))
    if request.param == "mount":
        with mounted(place.indexes, "--bind", str(place.indexes)):
            subprocess.run(["mount", "-o", "remount,ro,bind", place.indexes], check=True)
            yield place
        return
    if os.geteuid() == 0:  # whom permissions don't stop, unless he gives that up
        if shutil.which("setpriv") is None:
            pytest.skip("NO setpriv HERE: WHAT A ROOT MAY NOT WRITE ISN'T TESTED")
        place.prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    folders = [place.indexes, *(path for path in place.indexes.rglob("*") if path.is_dir())]
    files = [path for path in place.indexes.rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o444)
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield place
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.faults
def test_a_folder_that_cannot_be_written(read_only: Place) -> None:
    place, before = read_only, current(read_only)
    assert json.loads(place.run(*SEARCH))["generation"] == before
    info = json.loads(place.run("info", "--verify", "--format", "json"))
    assert info["imported_statements"] == 3
    assert len(place.run("corrections").splitlines()) == 1
    claim = json.loads(place.run(*SEARCH))["results"][0]["hits"][0]["claim_id"]
    correction = ("correct", "--text", "Other nets.", "--claim", claim, "--stance", "unclear",
                  "--author", "B", "--reason", "None.")  # fmt: skip
    for arguments in (
        place.import_(11),
        ("build",),
        ("generations", "--roll-back"),
        ("remove", "own-1"),
        correction,
        ("keys", "create", "second"),
    ):
        assert str(place.indexes) in place.refused(*arguments), arguments
    with place.serving() as service:
        assert service.generation() == before
    assert current(place) == before
