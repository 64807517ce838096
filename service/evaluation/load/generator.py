"""The client of the load benchmark, in a process of its own: an open loop on a few connections.

Requests are due at a constant rate, whatever the server does, and a latency counts from when its
request was due: a server that stalls is charged for every request that it kept waiting, also for
those that no connection was free to send (no coordinated omission). Standard library only, and the
bytes to send are made beforehand: the client shares the server's cores.

Reads a plan (JSON) from standard input; prints `measuring` when the warm-up is over and at the end
the figures as one line of JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

GRACE_S = 10.0  # for answers still due when the time is over
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate` counts requests a second; 0 sends each as soon as a connection is free, which
    measures what the server can do at most. `targets` are paths with their query strings, asked in
    turn, and again from the start where they don't last."""

    port: int
    targets: Sequence[str]
    rate: float
    seconds: float
    warm_up_s: float = 0.0
    connections: int = 16


class _Connection:
    """One kept-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.due = 0.0
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = b""
        self._left = -1  # bytes of the body still to come; -1 while the head is read
        self.status = 0

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        with suppress(OSError):  # where the server hung up, `receive` tells
            self.socket.sendall(request)

    def receive(self) -> bool:
        """Whether the answer is complete. Raises OSError where the server hung up or spoke no
        HTTP with a Content-Length."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise ConnectionError("closed")
        if self._left < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self._head[:end].lower()
            self.status = int(head[9:12])
            place = head.find(b"\r\ncontent-length:")
            if place < 0:
                raise ConnectionError("no Content-Length")
            length = int(head[place + 17 :].split(b"\r\n", 1)[0])
            self._left = length - (len(self._head) - end - 4)
            self._head = b""
        else:
            self._left -= len(data)
        if self._left:
            return False
        self._left = -1
        return True


class OpenLoop:
    """Runs a plan once."""

    def __init__(self, plan: Plan, measuring: Callable[[], None] = lambda: None) -> None:
        self.plan = plan
        self._measuring = measuring
        self._requests = [
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n\r\n".encode()
            for target in plan.targets
        ]
        self._total = int(plan.rate * (plan.warm_up_s + plan.seconds))
        self._sent = 0
        self._busy: set[_Connection] = set()
        self._free: deque[_Connection] = deque()
        self._latencies = array("d")
        self._errors: Counter[str] = Counter()
        self._answered = 0

    def run(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            for _ in range(self.plan.connections):
                connection = _Connection(self.plan.port)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                self._free.append(connection)
            try:
                return self._run(selector)
            finally:
                for connection in (*self._free, *self._busy):
                    connection.socket.close()

    def _run(self, selector: selectors.BaseSelector) -> dict[str, Any]:
        start = time.perf_counter()
        self._from = start + self.plan.warm_up_s
        self._until = self._from + self.plan.seconds
        used: float | None = None
        while True:
            now = time.perf_counter()
            if used is None and now >= self._from:
                used = time.process_time()
                self._measuring()
            if now >= self._until and (not self._busy or now >= self._until + GRACE_S):
                break
            wait = self._until + (GRACE_S if now >= self._until else 0) - now
            if used is None:
                wait = min(wait, self._from - now)
            if now < self._until:
                wait = min(wait, self._send(start, now))
            for key, _ in selector.select(max(wait, 0.0)):
                self._receive(selector, key.data)
        now = time.perf_counter()
        for connection in self._busy:
            self._count(connection, "no answer")
        unsent = range(self._sent, self._total)
        for number in unsent:
            due = start + number / self.plan.rate
            if due >= self._from:
                self._latencies.append(now - due)  # it waited at least until now
        return self._figures(len(unsent), time.process_time() - (used or 0.0), now - self._from)

    def _send(self, start: float, now: float) -> float:
        """Send what is due where a connection is free; returns the seconds until the next is."""
        rate = self.plan.rate
        while self._free and (not rate or self._sent < self._total):
            due = start + self._sent / rate if rate else now
            if due > now:
                return due - now
            connection = self._free.popleft()
            self._busy.add(connection)
            connection.send(self._requests[self._sent % len(self._requests)], due)
            self._sent += 1
        return float("inf")

    def _receive(self, selector: selectors.BaseSelector, connection: _Connection) -> None:
        error = None
        try:
            if not connection.receive():
                return
        except (OSError, ValueError) as failure:
            error = type(failure).__name__
            selector.unregister(connection.socket)
            connection.socket.close()
            connection.open()
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        if connection in self._busy:  # else the server hung up where nothing was asked
            self._count(connection, error)
            self._busy.discard(connection)
            self._free.append(connection)

    def _count(self, connection: _Connection, error: str | None) -> None:
        now = time.perf_counter()
        good = error is None and connection.status == 200
        self._answered += good and self._from <= now <= self._until
        if connection.due < self._from:
            return
        self._latencies.append(now - connection.due)
        if not good:
            self._errors[error or str(connection.status)] += 1

    def _figures(self, unsent: int, cpu_s: float, elapsed_s: float) -> dict[str, Any]:
        ordered = sorted(self._latencies)

        def at(share: float) -> float | None:
            place = min(int(share * len(ordered)), len(ordered) - 1)
            return round(ordered[place] * 1e3, 2) if ordered else None

        return {
            "asked_per_s": self.plan.rate,
            "answered_per_s": self._answered / self.plan.seconds,
            "p50_ms": at(0.5),
            "p90_ms": at(0.9),
            "p99_ms": at(0.99),
            "p999_ms": at(0.999),
            "max_ms": at(1.0),
            "counted": len(ordered),
            "unsent": unsent,
            "errors": sum(self._errors.values()),
            "errors_by_kind": dict(self._errors),
            "client_cpu_s": cpu_s,
            "elapsed_s": elapsed_s,
        }


def main() -> None:
    plan = Plan(**json.load(sys.stdin))

    def measuring() -> None:
        print("measuring", flush=True)

    print(json.dumps(OpenLoop(plan, measuring).run()), flush=True)


if __name__ == "__main__":
    main()
