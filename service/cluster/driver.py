"""The driver: the only process that imports ray, and the only module.

Ray ends the process that it runs in when it has lost its cluster for a minute, binds a local
cluster to the thread that started it, and writes to standard error; none of this may happen to a
service that answers questions. So a job has a driver of its own, which ends with it: whatever
happens here is a broken connection there. It ends, too, when Concord is killed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from service.cluster.messages import Answer, Begin, Broken, Done, Piece, Put, Raised, Room, Shared
from service.inference import cores, use_cores

LOCAL = "local"
# How often a piece is tried again whose worker, or whose machine, died.
RETRIES = 5
# Between two looks at the size of the cluster.
_LOOK_S = 10.0
_LONGEST = 24
_COLOURS = re.compile(r"\x1b\[\d*m")


def main() -> None:
    """The first argument is the number of the open socket to Concord."""
    with Connection(int(sys.argv[1])) as concord, suppress(EOFError, OSError):
        _drive(concord)


def _drive(concord: Connection) -> None:
    """Until Concord closes the connection, which raises EOFError."""
    begin: Begin = concord.recv()
    aside = _folder() if begin.address == LOCAL else None
    try:
        try:
            _connect(begin.address, aside)
        except Exception as error:  # Ray raises whatever it met
            concord.send(Broken(str(error) or type(error).__name__))
            return
        _work_on(concord, begin)
    finally:
        import ray

        ray.shutdown()
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def _folder() -> str:
    """A short path: those of Ray's sockets in it may have no more than a hundred characters."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="ray-", dir=usual if len(usual) <= _LONGEST else "/tmp")  # noqa: S108


def _connect(address: str, aside: str | None) -> None:
    # The workers run this very code: one of another version would give other results.
    own: dict[str, Any] = {"runtime_env": {"py_modules": [str(Path(__file__).parents[1])]}}
    if aside is not None:
        # Else it reports to Ray's makers, and leaves its token in the user's home.
        os.environ |= {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
        }
        own = {"num_cpus": cores(), "include_dashboard": False, "_temp_dir": aside}
    import ray

    ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)


def _work_on(concord: Connection, begin: Begin) -> None:
    import ray

    answers: SimpleQueue[Answer] = SimpleQueue()
    threading.Thread(target=_answer, args=(concord, answers), daemon=True).start()
    piece_of = ray.remote(max_retries=RETRIES, num_cpus=1)(_piece)
    function = ray.put(begin.function)
    held: dict[Shared, Any] = {}
    while True:
        match concord.recv():
            case Put(shared, value):
                held[shared] = ray.put(value)
            case Piece(number, arguments, last):
                given = [held[one] if isinstance(one, Shared) else one for one in arguments]
                future: Future[Any] = piece_of.remote(function, *given).future()
                # Called in a thread of Ray's, which must not wait for Concord to read.
                future.add_done_callback(partial(_put, answers, number))
                for shared in last:  # Ray holds it until the piece is done
                    del held[shared]


def _piece(function: Callable[..., Any], *arguments: Any) -> Any:
    """On a worker, which has one core."""
    use_cores(1)
    return function(*arguments)


def _put(answers: SimpleQueue[Answer], number: int, future: Future[Any]) -> None:
    try:
        answers.put(_outcome(number, future))
    except Exception as error:
        answers.put(Broken(f"what came of a piece can't be read: {error}"))


def _outcome(number: int, future: Future[Any]) -> Answer:
    from ray.exceptions import RayError, RayTaskError

    error = future.exception()
    if error is None:
        return Done(number, future.result())
    said = _COLOURS.sub("", str(error))
    if isinstance(error, RayTaskError) and not isinstance(error.cause, RayError):
        return Raised(error.cause, said)
    return Broken(f"a piece was tried {RETRIES + 1} times: {said}")


def _answer(concord: Connection, answers: SimpleQueue[Answer]) -> None:
    looked = -_LOOK_S
    with suppress(OSError):  # Concord has gone
        while True:
            try:
                if time.monotonic() - looked >= _LOOK_S:
                    looked = time.monotonic()
                    concord.send(Room(_room()))
                concord.send(answers.get())
            except OSError:
                raise
            except Exception as error:  # of Ray, or of pickling what a worker gave
                concord.send(Broken(f"what came of a piece can't be sent on: {error}"))


def _room() -> int:
    import ray

    return 2 * max(int(ray.cluster_resources().get("CPU", 0)), 1)
