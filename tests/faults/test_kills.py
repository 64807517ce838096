"""Killed at random moments of import, build, switch and serving, the service starts each time with
a whole generation, and has what it acknowledged, once."""

from __future__ import annotations

import csv
import http.client
import os
import re
import shutil
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from service.comparison import Comparator
from service.errors import ConcordError, IndexUnusable
from service.retrieval.build import in_place
from service.retrieval.generations import Generations, exclusive
from service.retrieval.manifest import LIBRARY, verify
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.faults.forked import Command
from tests.faults.service import ask, free_port, wait_for

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("CONCORD_FAULTS_SEED", "1"))
KILLS = int(os.environ.get("CONCORD_KILLS", "200"))
# Kills of one index folder; then a new one begins, without an index.
LIFE = 16
STATES = ("CHL", "FJI", "KEN", "NOR", "PER", "THA")
SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi wo xu zy".split()
Version = str | None  # of a statement: its text, None where it isn't stored


@pytest.mark.faults
def test_killed_hundreds_of_times(
    bundled: Comparator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(bundled, tmp_path, KILLS, capsys)


def test_killed_twice(
    bundled: Comparator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(bundled, tmp_path, 2, capsys)


def _kill(
    bundled: Comparator, folder: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = Random(SEED)
    template = Deployment(folder / "template", rng)
    template.prepare(bundled.settings.indexes)
    done: Counter[str] = Counter()
    acknowledged = number = 0
    while done.total() < kills:
        deployment = Deployment(folder / f"deployment-{number}", rng)
        deployment.copy(template)
        while deployment.kills.total() < LIFE and done.total() + deployment.kills.total() < kills:
            deployment.disturb()
        deployment.check_built()
        done += deployment.kills
        acknowledged += len(deployment.said)
        shutil.rmtree(deployment.folder)
        number += 1
    with capsys.disabled():
        each = ", ".join(f"{count} of {kind}" for kind, count in sorted(done.items()))
        said = f"\n{done.total()} kills: {each}; {acknowledged:,} acknowledged statements\n"
        sys.stdout.write(said)


class Killer(threading.Thread):
    """Kills a service in the midst of a request."""

    def __init__(self, command: Command, after_s: float, group: bool) -> None:
        super().__init__()
        self._command, self._after_s, self._group = command, after_s, group
        self.start()

    def run(self) -> None:
        time.sleep(self._after_s)
        self._command.kill(group=self._group)


class Deployment:
    """An index folder, commands on it that are killed, and what they acknowledged before."""

    def __init__(self, folder: Path, rng: Random) -> None:
        self.folder, self._rng = folder, rng
        self._indexes = folder / "indexes"
        self._environment = {
            "CONCORD_INDEXES": str(self._indexes),
            "CONCORD_MODELS": str(Settings().models),
            "CONCORD_STANCE_MODEL": "none",
            "CONCORD_RATE_LIMIT": "none",
        }
        self._key = ""
        self._lasts: dict[str, float] = {}
        self._numbers = iter(range(10**9))
        self._was_current = False
        self.kills: Counter[str] = Counter()
        # What is stored: the version acknowledged last, and those sent since.
        self.said: dict[str, Version] = {}
        self._sent: dict[str, set[Version]] = {}

    def prepare(self, bundled: Path) -> None:
        """A key, and the vectors of the bundled positions: what needn't be made each time."""
        self._indexes.mkdir(parents=True)
        shutil.copytree(bundled / "vectors", self._indexes / "vectors")
        self._key = self._finish("keys", "create", "faults", "--scope", "import").strip()
        self._finish("build")

    def copy(self, template: Deployment) -> None:
        """Begin where `template` is, but without an index."""
        self._key, self._lasts = template._key, template._lasts
        self._indexes.mkdir(parents=True)
        for name in ("accounts.sqlite", "vectors"):
            source, target = template._indexes / name, self._indexes / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def disturb(self) -> None:
        """One command that is killed, then a service that starts after it, and is killed."""
        kind = self._rng.choice(("import", "import", "build", "build", "switch"))
        {"import": self._import, "build": self._build, "switch": self._switch}[kind]()
        self._check()
        if self._was_current or self._rng.random() < 0.3:
            self._serve()
            self._check()

    # -- what is killed ------------------------------------------------------------------------

    def _import(self) -> None:
        rows = [self._row() for _ in range(self._rng.choice((20, 130, 220)))]
        rows += [self._again() for _ in range(20) if self.said]
        rows = list({row["id"]: row for row in rows}.values())
        with (self.folder / "table.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        for row in rows:
            self._sent.setdefault(row["id"], set()).add(row["text"])
        command = self._start("import", "table", str(self.folder / "table.csv"))
        self._strike("import", command)
        out, err = command.said()
        # The bar counts what is on the disk, in the order of the table.
        counted = len(rows) if " read: " in out else 0
        counted = max([counted, *map(int, re.findall(r"(\d+) statements \[", err))])
        for row in rows[:counted]:
            self._acknowledge(row["id"], row["text"])

    def _build(self) -> None:
        self._strike("build", self._start("build"))

    def _switch(self) -> None:
        ids = [manifest.id for manifest in Generations(self._indexes).all()]
        if len(ids) < 2:
            return self._build()
        command = self._start("generations", "--roll-back", self._rng.choice(ids))
        return self._strike("switch", command)

    def _serve(self) -> None:
        """Statements come in, change and go until the service is killed, in one of five cases while
        it starts."""
        port = free_port()
        command = self._start("serve", "--port", str(port))
        group = self._rng.random() < 0.5
        if self._rng.random() < 0.2:
            self._strike("start", command, group=group)
            return
        ready = wait_for(lambda: ask(port, "/readyz")[0] == 200, lambda: command.alive)
        assert ready, command.said()
        self._was_current = True
        end = time.monotonic() + self._rng.uniform(0.0, 2.5)
        killed = False
        while not killed:
            killed = time.monotonic() > end
            self._request(port, command if killed else None, group=group)
        self.kills["serving"] += 1
        self._stop_group(command)

    def _request(self, port: int, doomed: Command | None, *, group: bool) -> None:
        """One import or deletion; where the service is `doomed`, it is killed meanwhile."""
        rows = [self._row() for _ in range(self._rng.choice((1, 1, 5, 40)))]
        deleted = None
        if self.said and self._rng.random() < 0.3:
            rows = [self._again()]
        elif self.said and self._rng.random() < 0.2:
            deleted = self._rng.choice(sorted(self.said))
            rows = []
        for row in rows:
            self._sent.setdefault(row["id"], set()).add(row["text"])
        if deleted:
            self._sent.setdefault(deleted, set()).add(None)
        headers = {"X-API-Key": self._key, "Idempotency-Key": f"{next(self._numbers)}"}
        killer = Killer(doomed, self._rng.uniform(0.0, 0.03), group) if doomed else None
        try:
            if deleted:
                status, said = ask(
                    port, f"/v1/statements/{deleted}", method="DELETE", headers=headers
                )
            else:
                body = {"statements": rows} if len(rows) > 1 else rows[0]
                status, said = ask(port, "/v1/statements", body, headers=headers)
        except (OSError, http.client.HTTPException, ValueError):
            assert doomed is not None, "the service died of itself"
            return
        finally:
            if killer:
                killer.join()
        if deleted and status in (200, 404):
            self._acknowledge(deleted, None)
            return
        assert status in (200, 201), (status, said)
        for row in rows:
            self._acknowledge(row["id"], row["text"])

    # -- what must hold ------------------------------------------------------------------------

    def _check(self) -> None:
        """The index is whole, or there never was one; the store has what was acknowledged."""
        with self._alone():
            self._check_store()
            self._check_index()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Once a build that outlived its service has ended."""
        end = time.monotonic() + 60
        while True:
            try:
                with exclusive(self._indexes):
                    yield
                return
            except ConcordError as error:
                if "another import or build" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.05)

    def _check_index(self) -> None:
        generations = Generations(self._indexes)
        current = generations.current_id()
        if current is None:
            assert not self._was_current, "the index is gone"
            with pytest.raises(IndexUnusable, match="no index yet"):
                generations.current()
            said = self._finish("search", "Nets must be wide.", code=1)
            assert "there is no index yet" in said
            assert "Traceback" not in said
            return
        self._was_current = True
        manifest = verify(generations.folder(current))
        opened = generations.current()
        assert opened.manifest.id == current
        assert opened.index.count == len(opened.columns) == manifest.claims
        counts = (
            "SELECT count(*), count(DISTINCT id) FROM statement",
            "SELECT count(*), count(DISTINCT statement || ' ' || start || ' ' || \"end\") "
            "FROM claim",
        )
        library = generations.folder(current) / LIBRARY
        with closing(sqlite3.connect(f"{library.as_uri()}?mode=ro", uri=True)) as connection:
            for sql, expected in zip(counts, (manifest.statements, manifest.claims), strict=True):
                assert connection.execute(sql).fetchone() == (expected, expected)

    def _check_store(self) -> None:
        path = self._indexes / "statements.sqlite"
        held: dict[str, str] = {}
        if path.exists():
            held = {s.id: s.text for s in StatementStore(self._indexes).by_state()}
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for name in self._sent.keys() | self.said.keys() | held.keys():
            allowed = {self.said.get(name), *self._sent.get(name, ())}
            assert held.get(name) in allowed, f"{name}: {held.get(name)!r}, not of {allowed}"
            if name in held or name in self.said:
                self.said[name] = held.get(name)
        self._sent.clear()

    def check_built(self) -> None:
        """Built to the end, the index has every stored statement as it is stored, once."""
        self._finish("build")
        self._check()
        store, library = StatementStore(self._indexes), Generations(self._indexes).current().library
        for statement in store.by_state():
            assert library.statement(statement.id) == in_place(statement)
        assert set(store.digests()) == {name for name, text in self.said.items() if text}
        assert not list((self._indexes / "generations").glob(".building-*"))
        left = {path.name for path in self._indexes.iterdir() if path.name.startswith(".")}
        assert left <= {".lock"}, left

    # -- commands ------------------------------------------------------------------------------

    def _start(self, *arguments: str) -> Command:
        return Command(list(arguments), self._environment, self.folder)

    def _finish(self, *arguments: str, code: int = 0) -> str:
        """What a command says that nobody kills; it may have to wait for one that is left over."""
        for _ in range(100):
            began = time.monotonic()
            command = self._start(*arguments)
            ended = command.wait(120)
            out, err = command.said()
            if "another import or build" in err:
                time.sleep(0.2)
                continue
            assert ended == code, (arguments, ended, err)
            self._lasts[arguments[0]] = time.monotonic() - began
            return out if code == 0 else err
        raise AssertionError("the lock is never free")

    def _strike(self, kind: str, command: Command, *, group: bool = True) -> None:
        """Kill it at a random moment of the time that such commands take."""
        lasts = self._lasts.get(kind, 1.0)
        began = time.monotonic()
        ended = command.wait(self._rng.uniform(0.0, 1.05 * lasts))
        if ended is None and command.kill(group=group):
            self.kills[kind] += 1
            self._lasts[kind] = max(lasts, time.monotonic() - began)
        else:
            # It may have come to its end between the look and the blow.
            ended = command.wait(0)
            assert ended == 0 or "another import or build" in command.said()[1], command.said()
            self._lasts[kind] = time.monotonic() - began
        self._stop_group(command)

    def _stop_group(self, command: Command) -> None:
        """A build that a service began goes on where only the service was killed; in half of the
        cases it does."""
        if self._rng.random() < 0.5:
            command.kill(group=True)

    def _row(self) -> dict[str, str]:
        return self._worded(f"made-{next(self._numbers)}")

    def _again(self) -> dict[str, str]:
        """A statement of before, mostly with other words."""
        name = self._rng.choice(sorted(self.said))
        text = self.said[name]
        return (
            self._worded(name)
            if text is None or self._rng.random() < 0.7
            else {**self._worded(name), "text": text}
        )

    def _worded(self, name: str) -> dict[str, str]:
        words = ["".join(self._rng.choices(SYLLABLES, k=3)) for _ in range(6)]
        state = STATES[int(name.split("-")[1]) % len(STATES)]
        return {"id": name, "state": state, "date": "2024-05-01",
                "text": f"We ask for {' '.join(words)}."}  # fmt: skip

    def _acknowledge(self, name: str, version: Version) -> None:
        self.said[name] = version
        self._sent.pop(name, None)
