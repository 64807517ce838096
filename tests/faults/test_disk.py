"""Disks that are full, read-only or damaged, files that others hold, and clocks that jump: each a
clear message, and the service goes on with a whole generation."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.manifest import FILES, verify
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement
from tests.faults.service import ask, free_port, wait_for

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("CONCORD_FAULTS_SEED", "1"))
QUERY = "Wide nets must be used by every fleet."
SEARCH = ("search", QUERY, "--limit", "3", "--format", "json")
SQLITES_ROOM = 1 << 16
PATIENCE_S = 60.0
MEGABYTE = 1024 * 1024
Prepare = Callable[[], None]


@dataclass
class Place:
    """An index folder, and the service's commands on it."""

    indexes: Path
    prefix: Sequence[str] = ()  # what the commands are run by

    def start(
        self,
        *arguments: str,
        prepare: Prepare | None = None,
        stdout: Any = subprocess.PIPE,
        **environment: str,
    ) -> subprocess.Popen[str]:
        own = {
            "CONCORD_INDEXES": str(self.indexes),
            "CONCORD_MODELS": str(Settings().models),
            "CONCORD_STANCE_MODEL": "none",
            "TQDM_DISABLE": "1",
        }
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "service", *arguments],
            cwd=PROJECT, env=os.environ | own | environment, preexec_fn=prepare, text=True,
            stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, prepare: Prepare | None = None, **environment: str) -> str:
        """What a command says that succeeds, once the service's own build is done."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            process = self.start(*arguments, prepare=prepare, **environment)
            out, err = process.communicate(timeout=120)
            if "another import or build is at work" not in err or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        assert process.returncode == 0, (arguments, err)
        assert "Traceback" not in err
        return out

    def refused(self, *arguments: str, prepare: Prepare | None = None, **environment: str) -> str:
        """What a command says that doesn't: one clear line."""
        return refusal(self.start(*arguments, prepare=prepare, **environment))

    @contextmanager
    def serving(self, **environment: str) -> Iterator[Service]:
        """Until the end it answers, and it never writes a stack trace."""
        port = free_port()
        process = self.start("serve", "--port", str(port), **environment)
        try:
            # Not until it is ready: that needs the database of keys, too.
            service = Service(port)
            assert wait_for(service.answers, lambda: process.poll() is None), process.communicate()
            yield service
            service.generation()
        finally:
            process.send_signal(signal.SIGTERM)
            service_said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, service_said
        assert "Traceback" not in service_said
        service.said = service_said

    def import_(self, number: int, **started: Any) -> tuple[str, ...]:
        """The command that imports a statement of its own, number `number`."""
        table = self.indexes.parent / f"table-{number}.csv"
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "state", "date", "text"])
            writer.writerow([f"own-{number}", "FJI", "2024", f"Net number {number} must be wide."])
        return ("import", "table", str(table))

    def stored(self) -> set[str]:
        return set(StatementStore(self.indexes).digests())


@dataclass
class Service:
    port: int
    said: str = ""  # its log, once it has stopped

    def answers(self) -> bool:
        return ask(self.port, "/v1/search", {"text": QUERY, "limit": 3})[0] == 200

    def generation(self) -> str:
        """Of the answer to a question."""
        status, said = ask(self.port, "/v1/search", {"text": QUERY, "limit": 3})
        assert status == 200, said
        assert said["results"]
        return str(said["generation"])


def refusal(process: subprocess.Popen[str]) -> str:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    line = err.strip().splitlines()[-1]
    assert line.startswith("Error: "), err
    return line


@pytest.fixture(scope="module")
def template(bundled: Comparator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled positions and two statements, in two generations; a key, and a correction."""
    folder = tmp_path_factory.mktemp("template") / "indexes"
    folder.mkdir()
    shutil.copytree(bundled.settings.indexes / "vectors", folder / "vectors")
    comparator = Comparator(Settings(indexes=folder, stance_model=None))
    for number in range(2):
        row = {"id": f"own-{number}", "state": "FJI", "date": "2024", "text": "Nets must be wide."}
        comparator.ingest.put([row])
        Builder(
            folder, bundled.encoder, comparator.catalogue.topics.ids,
            bundled_statements(comparator.settings.data),
        ).build(Quiet())  # fmt: skip
    comparator.correct(QUERY, comparator.search(QUERY).results[0].hits[0].claim_id, "opposed",
                       "A. Reader", "It says so.")  # fmt: skip
    accounts = Accounts(comparator.settings)
    accounts.keys.create("first", [Scope.READ])
    accounts.close()
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Place:
    shutil.copytree(template, tmp_path / "indexes")
    return Place(tmp_path / "indexes")


def current(place: Place) -> str:
    """The generation that is current; it is whole."""
    found = Generations(place.indexes)
    name = found.current_id()
    assert name is not None
    verify(found.folder(name))
    return name


def earlier(place: Place) -> str:
    ids = [manifest.id for manifest in Generations(place.indexes).all()]
    return ids[ids.index(current(place)) - 1]


# -- a full disk ---------------------------------------------------------------------------------


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


# -- a folder that can't be written --------------------------------------------------------------


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


# -- damaged files -------------------------------------------------------------------------------


def damage(path: Path, how: str, rng: Random) -> None:
    """Flip bytes of a file, or cut it off. It is replaced, as a disk's repair would: a file that is
    cut off in place takes with it whoever has it mapped."""
    content = bytearray(path.read_bytes())
    if how == "truncated":
        del content[rng.randrange(len(content)) :]
    else:
        # A database's first page tells most; of the others a change may hit nothing that is used.
        most = min(len(content), 4096) if path.suffix == ".sqlite" else len(content)
        for _ in range(200 if path.suffix == ".sqlite" else 5):
            content[rng.randrange(most)] ^= 1 << rng.randrange(8)
    aside = path.with_name(".damaged")
    aside.write_bytes(content)
    aside.replace(path)


@pytest.mark.faults
@pytest.mark.parametrize("how", ["flipped", "truncated"])
@pytest.mark.parametrize("name", [*FILES, "manifest.json", "CURRENT"])
def test_a_damaged_generation(place: Place, name: str, how: str) -> None:
    """The one before it is served, by a service that starts and by one that was running; a build
    mends it."""
    last, before = current(place), earlier(place)
    path = place.indexes / name
    if name != "CURRENT":
        path = place.indexes / "generations" / last / name
    with place.serving() as service:
        damage(path, how, Random(f"{SEED} {name} {how}"))
        assert service.generation() == last  # opened before
        # Of a damaged pointer nobody can tell to which one it pointed.
        whole = (last, before) if name == "CURRENT" else (before,)
        process = place.start(*SEARCH)
        out, err = process.communicate(timeout=60)
        assert json.loads(out)["generation"] in whole
        assert name.removesuffix(".json") in err
        assert "Traceback" not in err
        with place.serving() as new:
            # It builds what it finds missing, by itself.
            assert new.generation() in (before, last)
        place.run("build")
        assert current(place) == last
        assert service.generation() == last
    assert json.loads(place.run(*SEARCH))["generation"] == last


def test_the_only_generation_is_damaged(place: Place) -> None:
    last = current(place)
    shutil.rmtree(place.indexes / "generations" / earlier(place))
    damage(place.indexes / "generations" / last / "columns.npz", "truncated", Random(SEED))
    line = place.refused(*SEARCH)
    assert "columns.npz" in line
    assert "python -m service build" in line
    place.run("build")
    assert json.loads(place.run(*SEARCH))["generation"] == last


@pytest.mark.faults
@pytest.mark.parametrize("how", ["flipped", "truncated"])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("statements.sqlite", ("remove", "own-0")),
        ("corrections.sqlite", ("corrections",)),
        ("accounts.sqlite", ("keys", "list")),
    ],
)
def test_a_damaged_database(place: Place, name: str, command: tuple[str, ...], how: str) -> None:
    before = current(place)
    for extra in ("-wal", "-shm"):
        (place.indexes / f"{name}{extra}").unlink(missing_ok=True)
    damage(place.indexes / name, how, Random(f"{SEED} {name} {how}"))
    assert name in place.refused(*command)
    with place.serving() as service:
        assert service.generation() == before
    assert current(place) == before


@pytest.mark.faults
def test_damaged_vectors_are_made_anew(place: Place) -> None:
    """Each file of those kept from build to build; the index is what it would be without them."""
    rng = Random(SEED)
    (kept,) = (place.indexes / "vectors").iterdir()
    right = Generations(place.indexes).current()
    texts = [record.claim.text for record in right.library.records(range(right.index.count))]
    vectors = dict(zip(texts, right.index.vectors(slice(None)), strict=True))
    for number, path in enumerate(sorted(kept.iterdir()), start=10):
        for how in ("flipped", "truncated"):
            damage(path, how, rng)
            place.run(*place.import_(number))
            place.run("build")
            found = Generations(place.indexes).current()
            for record in found.library.records(range(found.index.count)):
                if record.claim.text in vectors:
                    made = found.index.vectors(record.row)
                    assert abs(made - vectors[record.claim.text]).max() < 1e-5


# -- another model -------------------------------------------------------------------------------


@pytest.mark.faults
def test_a_generation_of_another_model(place: Place) -> None:
    """The last one of the service's own model is served, and the log says why."""
    last = current(place)
    with place.serving() as service:
        toy = Builder(place.indexes, ToyEncoder(), TOPICS, [statement("FRA", "2020", "no veto")])
        other = toy.build(Quiet()).manifest.id
        assert current(place) == other
        assert service.generation() == last
    assert other in service.said
    process = place.start(*SEARCH)
    out, err = process.communicate(timeout=60)
    assert json.loads(out)["generation"] == last
    assert "CONCORD_MODEL=toy" in err
    for manifest in Generations(place.indexes).all():
        if manifest.id != other:
            shutil.rmtree(place.indexes / "generations" / manifest.id)
    line = place.refused(*SEARCH)
    assert other in line
    assert "CONCORD_MODEL=toy" in line


# -- databases that others hold ------------------------------------------------------------------


@pytest.mark.faults
def test_databases_that_another_process_holds(place: Place) -> None:
    """Whoever would write waits, and is then told; answers are given meanwhile."""
    before = current(place)
    claim = json.loads(place.run(*SEARCH))["results"][0]["hits"][0]["claim_id"]
    key = place.run("keys", "create", "third", "--scope", "import").strip()
    names = ("statements.sqlite", "corrections.sqlite", "accounts.sqlite", "verdicts.sqlite")
    with place.serving() as service:
        held = [sqlite3.connect(place.indexes / name, isolation_level=None) for name in names]
        for connection in held:
            connection.execute("BEGIN EXCLUSIVE")
        waiting = {
            "statements.sqlite": place.start(*place.import_(10)),
            "corrections.sqlite": place.start(
                "correct", "--text", "Nets.", "--claim", claim, "--stance", "unclear",
                "--author", "B", "--reason", "None.",
            ),
            "accounts.sqlite": place.start("keys", "create", "fourth"),
        }  # fmt: skip
        began = time.monotonic()
        assert service.generation() == before
        assert time.monotonic() - began < 5
        row = {"id": "own-20", "state": "NOR", "date": "2024", "text": "Nets must be narrow."}
        status, said = ask(service.port, "/v1/statements", row, headers={"X-API-Key": key})
        assert status == 503, said
        assert "Traceback" not in json.dumps(said)
        for name, process in waiting.items():
            assert name in refusal(process)
        assert service.generation() == before
        for connection in held:
            connection.execute("ROLLBACK")
            connection.close()
        place.run(*place.import_(10))
        status, said = ask(service.port, "/v1/statements", row, headers={"X-API-Key": key})
        assert status == 201, said
    assert {"own-10", "own-20"} <= place.stored()


# -- a clock that jumps --------------------------------------------------------------------------


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("NO libfaketime HERE (apt-get install faketime): NO CLOCK JUMPED")
    return Clock(found[0], tmp_path / "offset")


@dataclass
class Clock:
    """The system's clock, as processes see it that are started with its environment; what they
    measure spans of time by isn't changed."""

    library: Path
    offset: Path

    def set(self, days: int) -> dict[str, str]:
        aside = self.offset.with_name(".offset")
        aside.write_text(f"{days:+d}d\n")
        aside.replace(self.offset)
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@pytest.mark.faults
def test_a_clock_that_jumps(place: Place, clock: Clock) -> None:
    """By a year forth and back, while it is built, switched and served: the order of generations is
    that of their building, a key holds to its last day, and nobody is shut out for a year."""
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
    key = place.run(
        "keys", "create", "third", "--scope", "read", "--scope", "import", "--expires", tomorrow
    ).strip()
    order = [manifest.id for manifest in Generations(place.indexes).all()]
    environment = clock.set(0)
    headers = {"X-API-Key": key}
    with place.serving(**environment) as service:
        for number, (days, good) in enumerate(
            [(365, False), (0, True), (-365, True), (365, False), (-365, True)], start=10
        ):
            clock.set(days)
            time.sleep(1.1)  # for as long a key's goodness and readiness are believed
            place.run(*place.import_(number), **environment)
            place.run("build", **environment)
            order.append(current(place))
            assert service.generation() == order[-1]
            for _ in range(20):
                service.generation()
            status, said = ask(service.port, "/v1/search", {"text": QUERY}, headers=headers)
            assert status == (200 if good else 401), said
            row = {"id": f"sent-{number}", "state": "NOR", "date": "2024", "text": "Nets again."}
            sent = headers | {"Idempotency-Key": f"once-{number}"}
            for _ in range(2):
                status, said = ask(service.port, "/v1/statements", row, headers=sent)
                assert status == (201 if good else 401), said
            if good:
                wait_built(place, service, order)
    kept = [manifest.id for manifest in Generations(place.indexes).all()]
    assert kept == order[-len(kept) :]
    place.run("generations", "--roll-back")
    assert current(place) == order[-2]


def wait_built(place: Place, service: Service, order: list[str]) -> None:
    """Until what was sent is built by the service itself."""
    end = time.monotonic() + 60
    while service.generation() == order[-1]:
        assert time.monotonic() < end
        time.sleep(0.2)
    order.append(current(place))
