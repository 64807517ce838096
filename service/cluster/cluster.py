"""A function over many pieces of work, on all machines of a Ray cluster."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from service.cluster.messages import Answer, Begin, Broken, Done, Piece, Put, Raised, Room, Shared
from service.domain.stages import proceed
from service.errors import ClusterUnusable

SETTING = "CONCORD_RAY_ADDRESS (or RAY_ADDRESS)"
# Seconds: for a port to answer, for a cluster to be joined (a local one to be started), between two
# looks whether the work is still wanted, and for the driver to end.
_PORT_S, _JOIN_S, _LOOK_S, _END_S = 5.0, 120.0, 1.0, 15.0

Result = TypeVar("Result")


class Cluster:
    """`address` is `host:port` of a cluster of which this machine is one, `auto` for the one that
    runs here, `ray://host:port` of any other, or `local`: one of this machine's cores, started for
    each job. Nothing is opened before there is work; safe to share between threads."""

    def __init__(self, address: str) -> None:
        self.address = address

    def each(
        self,
        function: Callable[..., Result],
        pieces: Sequence[tuple[object, ...]],
        load: Callable[[Any], object] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """`function` of each piece's arguments, in any order: the piece's number and what came of
        it. An argument `Shared(key)` is `load(key)`, which is called, and sent, once.

        A piece whose worker or machine died is done again. Twice as many as the cluster has cores
        are under way at a time; those of a run that is given up are stopped. The function must be
        at the top of a module that the workers have too; each has one core. What it raises is
        raised here, as itself. Raises ClusterUnusable where the cluster can't be had, or is lost.
        """
        if not pieces:
            return
        last = {one: number for number, piece in enumerate(pieces) for one in _shared(piece)}
        sent: set[Shared] = set()
        number = under_way = 0
        with self._driver(function) as (driver, room):
            while number < len(pieces) or under_way:
                while number < len(pieces) and under_way < room:
                    own = _shared(pieces[number])
                    for one in own:
                        if one not in sent:
                            assert load is not None
                            driver.send(Put(one, load(one.key)))
                            sent.add(one)
                    done_with = tuple(one for one in own if last[one] == number)
                    driver.send(Piece(number, pieces[number], done_with))
                    number, under_way = number + 1, under_way + 1
                match driver.answer():
                    case Room(pieces=room):
                        pass
                    case Done(of, value):
                        under_way -= 1
                        yield of, value

    @contextmanager
    def _driver(self, function: Callable[..., Any]) -> Iterator[tuple[_Driver, int]]:
        _knock(self.address)
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", "from service.cluster.driver import main; main()",
                 str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for Concord, which then ends it
            )  # fmt: skip
            theirs.close()
            try:
                with Connection(ours.detach()) as connection:
                    driver = _Driver(connection, self.address, said)
                    driver.send(Begin(self.address, function))
                    match driver.answer(_JOIN_S):
                        case Room(room):
                            yield driver, room
            finally:
                _end(process)


class _Driver:
    """The process that works on the cluster, as Concord sees it."""

    def __init__(self, connection: Connection, address: str, said: IO[bytes]) -> None:
        self._connection, self._address, self._said = connection, address, said

    def send(self, message: Begin | Put | Piece) -> None:
        with suppress(OSError):  # gone: `answer` says why
            self._connection.send(message)

    def answer(self, seconds: float = float("inf")) -> Room | Done:
        until = time.monotonic() + seconds
        while True:
            proceed()
            try:
                if self._connection.poll(_LOOK_S):
                    answer: Answer = self._connection.recv()
                    break
            except (EOFError, OSError):
                raise self._refused(f"the connection was lost{self._last_words()}") from None
            if time.monotonic() > until:
                raise self._refused(f"it wasn't joined in {seconds:.0f} seconds")
        match answer:
            case Raised(error, trace):
                error.add_note(trace)
                raise error
            case Broken(reason):
                raise self._refused(f"{reason.rstrip('.')}{self._last_words()}")
        return answer

    def _refused(self, reason: str) -> ClusterUnusable:
        return _unusable(self._address, reason)

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        return next((f": {line.strip()}" for line in reversed(lines) if line.strip()), "")


def _shared(piece: tuple[object, ...]) -> list[Shared]:
    return list(dict.fromkeys(one for one in piece if isinstance(one, Shared)))


def _unusable(address: str, reason: str) -> ClusterUnusable:
    return ClusterUnusable(
        f"{SETTING}: the Ray cluster {address!r} can't be used: {reason.rstrip('.')}. What was "
        "done is kept"
    )


def _knock(address: str) -> None:
    """Ray itself takes minutes to find that nobody is there, and then ends the process."""
    if address in ("local", "auto"):
        return
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise ClusterUnusable(
            f"{SETTING}: {address!r} is none of local, auto, host:port, ray://host:port"
        )
    try:
        socket.create_connection((host, port), _PORT_S).close()
    except OSError as error:
        raise _unusable(address, f"nobody answers there ({error})") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its connection is closed: it stops what it began on the cluster."""
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
