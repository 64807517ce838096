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
import select
import socket
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
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
        self._total = int(plan.rate * (plan.warm_up_s + plan.seconds)) if plan.rate else 0
        self._latencies = array("d")
        self._errors: Counter[str] = Counter()
        self._answered = 0

    def run(self) -> dict[str, Any]:
        plan = self.plan
        requests = [
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n\r\n".encode()
            for target in plan.targets
        ]
        connections = [_Connection(plan.port) for _ in range(plan.connections)]
        poll = select.epoll()
        by_number = {one.socket.fileno(): one for one in connections}
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        free = deque(connections)
        busy: set[_Connection] = set()
        start = time.perf_counter()
        self._from = start + plan.warm_up_s
        end = self._from + plan.seconds
        sent, used, began = 0, 0.0, False
        while True:
            now = time.perf_counter()
            if not began and now >= self._from:
                began, used = True, time.process_time()
                self._measuring()
            if now >= end and (not busy or now >= end + GRACE_S):
                break
            wait = end - now if now < end else end + GRACE_S - now
            if now < end and (sent < self._total or not plan.rate):
                while free:
                    due = start + sent / plan.rate if plan.rate else now
                    if due > now:
                        wait = min(wait, due - now)
                        break
                    if plan.rate and sent == self._total:
                        break
                    connection = free.popleft()
                    busy.add(connection)
                    connection.send(requests[sent % len(requests)], due)
                    sent += 1
            if not began:
                wait = min(wait, self._from - now)
            for number, _ in poll.poll(max(wait, 0.0)):
                connection = by_number[number]
                try:
                    if not connection.receive():
                        continue
                    self._count(connection, None)
                except (OSError, ValueError) as error:
                    self._count(connection, type(error).__name__)
                    poll.unregister(number)
                    del by_number[number]
                    connection.socket.close()
                    connection.open()
                    by_number[connection.socket.fileno()] = connection
                    poll.register(connection.socket.fileno(), select.EPOLLIN)
                busy.discard(connection)
                free.append(connection)
        now = time.perf_counter()
        cpu = time.process_time() - used
        for connection in busy:
            self._count(connection, "no answer")
        unsent = self._total - sent if plan.rate else 0
        # What was never sent waited at least until now.
        for number in range(sent, sent + unsent):
            due = start + number / plan.rate
            if due >= self._from:
                self._latencies.append(now - due)
        return self._figures(unsent, cpu, now - self._from)

    def _count(self, connection: _Connection, error: str | None) -> None:
        now = time.perf_counter()
        good = error is None and connection.status == 200
        self._answered += good and self._from <= now <= self._from + self.plan.seconds
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
