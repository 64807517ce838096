"""Processes forked from one that has imported the service: they begin at once, so that a random
moment of theirs is a moment of their work."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [
        "tests.faults.readers",
        "service.cli",
        "service.retrieval.onnx_encoder",
        "service.web.serve",
    ]
)


class Command:
    """`python -m service ...`, in a process group of its own. What it writes goes into files."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self._out, self._err = folder / "out", folder / "err"
        self._process = ForkServerProcess(
            target=_command, args=(arguments, dict(environment), self._out, self._err)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def wait(self, seconds: float) -> int | None:
        """The exit code; None where it is still at work then."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self, *, group: bool = False) -> bool:
        """SIGKILL, to its children as well with `group`; False where it had ended before."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def said(self) -> tuple[str, str]:
        """What it has written so far to standard output and to standard error."""
        return tuple(  # type: ignore[return-value]
            path.read_text("utf-8", "replace") if path.exists() else ""
            for path in (self._out, self._err)
        )


def _command(arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    os.setpgid(0, 0)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(environment)
    from service.cli import main

    main(arguments, prog_name="concord")
