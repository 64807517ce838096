"""Real server processes, watched from outside: their memory and their share of the processor."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import ConcordError

START_S = 600.0  # a first start may have to export the model
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on `port` of the loopback interface."""

    port: int
    process: subprocess.Popen[bytes]

    def rss_mb(self) -> float:
        """Resident memory, mapped files included."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ConcordError("the server's process is gone")

    def cpu_s(self) -> float:
        """Processor time used so far, in user and system mode."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], ready: str, log: Path
) -> Iterator[Running]:
    """Start a server, wait until `ready` (a target) answers 200, and stop it at the end. `{port}`
    in `command` becomes a free port; what it prints goes to `log`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [word.replace("{port}", str(port)) for word in command],
            env=os.environ | dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, port, ready, log)
        yield Running(port, process)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def concord(indexes: Path, log: Path) -> Iterator[Running]:
    """`python -m service serve`, as anyone starts it; the rate limit stays on, out of the way."""
    command = [sys.executable, "-m", "service", "serve", "--port", "{port}"]
    environment = {"CONCORD_INDEXES": str(indexes), "CONCORD_RATE_LIMIT": "10000000 per minute"}
    with running(command, environment, "/readyz", log) as server:
        yield server


def _wait(process: subprocess.Popen[bytes], port: int, ready: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            tail = log.read_text("utf-8", "replace")[-2_000:]
            raise ConcordError(f"{log}: the server ended with {process.returncode}:\n{tail}")
        try:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            asked.request("GET", ready)
            if asked.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            asked.close()
        time.sleep(0.2)
    raise ConcordError(f"the server wasn't ready after {START_S:.0f} s: {log}")
