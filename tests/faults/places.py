"""An index folder with the service's commands on it, and a service that answers from it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.retrieval.generations import Generations
from service.retrieval.manifest import verify
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import PROJECT
from tests.faults.service import ask, free_port, wait_for

SEED = int(os.environ.get("CONCORD_FAULTS_SEED", "1"))
QUERY = "Wide nets must be used by every fleet."
SEARCH = ("search", QUERY, "--limit", "3", "--format", "json")
PATIENCE_S = 60.0
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
