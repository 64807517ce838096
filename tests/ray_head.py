"""A real Ray cluster of two workers on this machine, and what its workers are told to do."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from service.errors import InvalidInput

START_S = 60


@dataclass(frozen=True)
class Head:
    address: str
    token: str
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def at_work(self) -> list[int]:
        """The workers that have a piece in hand."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        rows = [line.split(maxsplit=2) for line in listed]
        ours = {self.process.pid}
        for _ in range(3):  # ray start, raylet, worker
            ours |= {int(pid) for pid, parent, _ in rows if int(parent) in ours}
        return [int(pid) for pid, _, args in rows if int(pid) in ours and "::_piece" in args]


@contextmanager
def ray_head() -> Iterator[Head]:
    folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets' paths are limited
    port, *others = free_ports(4)
    token = secrets.token_hex(32)
    log = Path(folder) / "head.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("ray")), "start", "--head", "--block",
                f"--port={port}", f"--ray-client-server-port={others[0]}",
                f"--dashboard-agent-listen-port={others[1]}",
                f"--metrics-export-port={others[2]}", "--num-cpus=2",
                "--object-store-memory=80000000", "--include-dashboard=false",
                "--disable-usage-stats", f"--temp-dir={folder}",
            ],
            env=os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token},
            stdout=said, stderr=said,
        )  # fmt: skip
    try:
        until = time.monotonic() + START_S
        while "Ray runtime started" not in log.read_text("utf-8", "replace"):
            assert process.poll() is None and time.monotonic() < until, log.read_text("utf-8")
            time.sleep(0.1)
        yield Head(f"127.0.0.1:{port}", token, process)
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def squared(number: int) -> int:
    return number * number


def scaled(by: list[int], number: int) -> int:
    return by[0] * number


def noted(folder: Path, number: int, seconds: float) -> int:
    """Leaves its process' number before it works."""
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(seconds)
    return number


def refusing(field: str) -> None:
    if field == "key":
        raise KeyError(field)
    raise InvalidInput(field, "isn't one")


def deadly() -> None:
    os.kill(os.getpid(), SIGKILL)
