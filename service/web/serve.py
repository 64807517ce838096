"""The server: one process, threads that share one model and one index, and a queue with an end."""

from __future__ import annotations

import contextlib
import copy
import logging
import select
import signal
import sys
import time
from http import HTTPStatus
from types import FrameType
from typing import Any

import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from service.comparison import Comparator
from service.errors import ConcordError
from service.operation.use import in_use
from service.settings import Settings
from service.web.app import create_app
from service.web.health import PROBE
from service.web.limits import ALWAYS, ARRIVED, TURNED_AWAY, UPLOADS
from service.web.logs import write_json_logs
from service.web.problems import problem

log = logging.getLogger(__name__)

# Open at a time; more wait, unaccepted, in the system's backlog. Each may hold three files, and a
# process usually may open 1,024.
CONNECTIONS = 300
IDLE_S = 60
# Threads for what is turned away or must always be answered; neither takes long.
ASIDE = 2
# A stop waits so long for answers that were begun, and for the next request of open connections.
STOP_WITHIN_S, LAST_REQUEST_S = 25.0, 0.5
_KINDS = {413: "too-large", 431: "too-large"}


def serve(comparator: Comparator, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT; then finish what was begun, and return. Raises ConcordError
    where the port can't be had, IndexUnusable where no question can be answered."""
    write_json_logs()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with in_use(comparator.settings.indexes):
        comparator.search(PROBE, limit=1)  # loads everything
        app = create_app(comparator=comparator, bound_host=host)
        accounts, work = app.extensions["accounts"], app.extensions["work"]
        with (
            contextlib.closing(accounts),
            contextlib.closing(work.worker),
            contextlib.closing(work.slow),
        ):
            work.worker.wake()
            work.slow.wake()
            server = Server(app, comparator.settings, host, port)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, server.stop)
            generation = comparator.generation.manifest.id
            log.info("Concord on http://%s:%s", host, port, extra={"generation": generation})
            with comparator.ingest.building():
                server.run()


class Queue(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress' queue of requests, which by itself has no end, with one.

    What finds it full is turned away at once by threads of its own, on which health and metrics
    are answered as well.
    """

    def __init__(self, threads: int, most: int) -> None:
        super().__init__()
        self.stopping = False
        self._most = most
        self._aside = ThreadedTaskDispatcher()
        self._aside.set_thread_count(ASIDE)
        self.set_thread_count(threads)

    def add_task(self, channel: Any) -> None:
        channel.arrived = time.monotonic()
        asked = channel.requests[0]
        full = len(self.queue) >= self._idle() + self._most
        channel.turned_away = full
        if full or asked.error or getattr(asked, "path", None) in ALWAYS:
            self._aside.add_task(channel)
        else:
            super().add_task(channel)

    def waiting(self) -> int:
        return max(0, len(self.queue) - self._idle())

    def running(self) -> int:
        return max(0, int(self.active_count))

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        self._aside.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))

    def _idle(self) -> int:
        return max(0, int(len(self.threads) - self.stop_count - self.active_count))


class Server:
    """Waitress with a bounded queue and a stop that drops no answer."""

    def __init__(self, app: Flask, settings: Settings, host: str, port: int) -> None:
        self.queue = Queue(settings.threads, settings.queue_length)
        self._map: dict[int, Any] = {}
        try:
            waitress.create_server(
                app,
                map=self._map,
                _dispatcher=self.queue,
                host=host,
                port=port,
                connection_limit=CONNECTIONS,
                channel_timeout=IDLE_S,
                # Reads on while a request is answered, and so sees that a client has gone.
                channel_request_lookahead=1,
                # What is somewhat too large is read and refused politely, what is far too large
                # is cut off.
                max_request_body_size=4 * settings.max_body_bytes,
                asyncore_use_poll=True,
                ident="concord",
                **_proxy(settings.trusted_proxy),
            )
        except (OSError, ValueError) as error:
            self.queue.shutdown(timeout=0)
            raise ConcordError(f"can't serve on {host}:{port}: {error}") from error
        self._servers = [one for one in self._map.values() if isinstance(one, BaseWSGIServer)]
        for one in self._servers:
            one.channel_class, one.app = _Channel, app
            one.adj.uploads = copy.copy(one.adj)
            one.adj.uploads.max_request_body_size += settings.max_upload_bytes
        self.port = int(self._servers[0].effective_port)
        app.extensions["load"].queue = self.queue

    def run(self) -> None:
        """Until `stop`."""
        while not self.queue.stopping:
            self._turn(1.0)
        began = time.monotonic()
        self._stop_listening()
        while (channels := self._channels()) and time.monotonic() < began + STOP_WITHIN_S:
            if time.monotonic() > began + LAST_REQUEST_S:
                for channel in channels:
                    channel.will_close = channel.will_close or not _is_busy(channel)
            self._turn(0.05)
        cut = sum(_is_busy(channel) for channel in self._channels())
        if cut:
            log.error("stopped after %g s: %d requests weren't finished", STOP_WITHIN_S, cut)
        else:
            log.info("stopped: every request was finished")
        self.queue.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """To be called from a signal or from another thread. A second signal stops at once."""
        self.queue.stopping = True
        if number:
            signal.signal(number, signal.SIG_DFL)
        for one in self._servers:
            one.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _stop_listening(self) -> None:
        """What the system has accepted for us would be reset: it is taken first."""
        for one in self._servers:
            while select.select([one.socket], [], [], 0)[0]:
                one.handle_accept()
            wasyncore.dispatcher.close(one)

    def _channels(self) -> list[Any]:
        return [c for one in self._servers for c in list(one.active_channels.values())]


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        environ[TURNED_AWAY] = self.channel.turned_away
        return environ

    def build_response_header(self) -> bytes:
        if self.channel.server.task_dispatcher.stopping:
            self.set_close_on_finish()
        return bytes(super().build_response_header())


class _Refusal(ErrorTask):  # type: ignore[misc]
    """What the application never sees: no HTTP, or too much of it."""

    def execute(self) -> None:
        error, app = self.request.error, self.channel.server.app
        kind, status = _KINDS.get(error.code, "invalid-input"), HTTPStatus(error.code)
        with app.app_context():
            answer = problem(kind, error.body, status)
        log.info("refused", extra={"status": error.code, "reason": error.body})
        app.extensions["figures"].requests.labels("none", "other", error.code).observe(0)
        body = answer.get_data()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", str(answer.content_type)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.command == "POST" and self.path in UPLOADS:
            self.adj = self.adj.uploads  # a large file goes to the disk as it comes


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class, error_task_class, parser_class = _Task, _Refusal, _Parser
    arrived, turned_away = 0.0, False

    def writable(self) -> bool:
        """Not while the answering thread sends by itself, and will tell what it leaves: until then
        the loop would turn for nothing, some fifty times an answer, and hold up that thread. Above
        the watermark that thread waits for the loop."""
        if 0 < self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            if not self.outbuf_lock.acquire(blocking=False):
                return False
            self.outbuf_lock.release()
        return bool(super().writable())


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len or channel.request is not None)


def _proxy(trusted: str | None) -> dict[str, Any]:
    if trusted is None:
        # Not taken away: that a request was passed on tells that it isn't of this machine.
        return {"clear_untrusted_proxy_headers": False}
    return {
        "trusted_proxy": trusted,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "clear_untrusted_proxy_headers": True,
    }
