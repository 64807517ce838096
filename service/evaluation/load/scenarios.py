"""The three loads, and how each is laid on a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from service.comparison import Comparator
from service.errors import IndexUnusable
from service.evaluation.load.generator import Plan
from service.evaluation.load.peer import APPROXIMATE_ABOVE, EXACT, LIMIT, Peer
from service.evaluation.load.queries import concord_targets, distinct_queries, txtai_targets
from service.evaluation.load.servers import Running, concord
from service.evaluation.reports import Block
from service.settings import PROJECT, Settings

WARM_UP_S = 20.0
# Of what the server can do at most, tried in turn until one is held.
STEPS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
REPEATED = 500
P99_MS = 150.0
PEERS_S = 120.0  # a peer's load takes no longer: it is for comparison


@dataclass(frozen=True, slots=True)
class Scenario:
    """`index` is the folder's name; `rate` the goal, in questions a second."""

    name: str
    index: str
    rate: float
    about: str
    repeated: bool = False


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("bundled", "bundled", 150, "distinct questions, bundled positions, stances off"),
        Scenario("corpus", "2000-2023", 30, "distinct questions, 2000-2023, stances off"),
        Scenario("repeated", "bundled", 500, f"{REPEATED} questions again and again", True),
    )
}
Targets = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Bench:
    """`seconds` and `rate` are those of each load (None: the goal's); `probe_s` of each probe."""

    folders: Mapping[str, Path]
    peer: Peer
    peers: Sequence[str]
    seconds: float
    probe_s: float
    rate: float | None
    search: bool

    @cached_property
    def queries(self) -> list[str]:
        return distinct_queries(PROJECT / "data")

    def run(self, scenario: Scenario) -> Block:
        """One row a server. Raises IndexUnusable where the index isn't there."""
        folder = self.folders[scenario.index]
        if not folder.is_dir():
            raise IndexUnusable(f"{folder}: there is no such index: run `make bench` first")
        generation = Comparator(Settings(indexes=folder)).generations.current()
        rows: dict[str, dict[str, Any]] = {}
        others = os.getloadavg()[0]
        started = concord(folder, folder / "load.log")
        rows["concord"] = self._row(scenario, started, concord_targets, self.seconds)
        for kind in self.peers:
            if kind == EXACT and generation.manifest.positions <= APPROXIMATE_ABOVE:
                continue  # it is the default then
            self.peer.install()
            started = self.peer.serving(generation, kind)
            seconds = min(self.seconds, PEERS_S)
            rows[kind] = self._row(scenario, started, _txtai_targets, seconds)
            if self.search:
                held = rows[kind]["highest_per_s"]
                rows["concord"][f"{kind.replace(' ', '_')}_per_s"] = held
        about = (
            f"{scenario.about} ({generation.manifest.positions:,} positions); "
            f"load average of the machine before: {others:.1f}"
        )
        return Block(f"load_{scenario.name}", rows, about, ours="concord")

    def _row(
        self,
        scenario: Scenario,
        started: AbstractContextManager[Running],
        targets: Targets,
        seconds: float,
    ) -> dict[str, Any]:
        left = iter(self.queries)
        if scenario.repeated:
            left = cycle(self.queries[:REPEATED])
        row: dict[str, Any] = {}
        with started as server:
            load = _Load(server, left, targets)
            # Memory is counted from where the server has its working set and its caches are full.
            row["most_per_s"] = most = load.saturated(WARM_UP_S)
            if self.search:
                row["highest_per_s"] = load.highest(most, self.probe_s)
            if seconds:
                row |= load.at(self.rate or scenario.rate, seconds)
        return row


def _txtai_targets(queries: Sequence[str]) -> list[str]:
    return txtai_targets(queries, LIMIT)


class _Load:
    """Lays loads on one server, one after the other, each with questions not asked before."""

    def __init__(self, server: Running, left: Iterator[str], targets: Targets) -> None:
        self._server = server
        self._left = left
        self._targets = targets

    def saturated(self, seconds: float) -> float:
        """Answers a second where each connection asks again as soon as it is answered."""
        found, _ = self._asked(Plan(self._server.port, self._take(20_000), 0.0, seconds))
        return float(found["answered_per_s"])

    def highest(self, most: float, seconds: float) -> float:
        """The highest of some steps below `most` with 99% of answers within P99_MS, none wrong."""
        for step in STEPS:
            rate = round(most * step, 1)
            found, _ = self._asked(self._plan(rate, seconds, 2.0))
            if found["p99_ms"] <= P99_MS and not found["errors"] and not found["unsent"]:
                return rate
        return 0.0

    def at(self, rate: float, seconds: float) -> dict[str, Any]:
        found, used = self._asked(self._plan(rate, seconds, 2.0))
        client, server = found["client_cpu_s"], used["server_cpu_s"]
        return {
            "asked_per_s": rate,
            "answered_per_s": found["answered_per_s"],
            **{name: found[name] for name in ("p50_ms", "p99_ms", "max_ms")},
            "errors": found["errors"],
            "never_sent": found["unsent"],
            "server_mb_start": used["start_mb"],
            "server_mb_end": used["end_mb"],
            "memory_change": abs(used["end_mb"] / used["start_mb"] - 1),
            "server_ms_an_answer": 1e3 * server / max(1, found["answered_per_s"] * seconds),
            "server_cores": server / found["elapsed_s"],
            "client_cores": client / found["elapsed_s"],
            "client_share": client / (client + server),
        }

    def _plan(self, rate: float, seconds: float, warm_up_s: float) -> Plan:
        many = int(rate * (seconds + warm_up_s)) + 1
        return Plan(self._server.port, self._take(many), rate, seconds, warm_up_s)

    def _take(self, many: int) -> list[str]:
        taken = list(islice(self._left, many))
        if len(taken) < many:
            raise RuntimeError("the questions are used up: fewer --minutes, or a lower --rate")
        return self._targets(taken)

    def _asked(self, plan: Plan) -> tuple[dict[str, Any], dict[str, float]]:
        """The client's figures, and the server's from the end of the warm-up on."""
        with subprocess.Popen(
            [sys.executable, "-m", "service.evaluation.load.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stdin and client.stdout
            json.dump(asdict(plan), client.stdin)
            client.stdin.close()
            if client.stdout.readline().strip() != "measuring":
                raise RuntimeError("the load's client failed: see above")
            start_mb, start_s = self._server.rss_mb(), self._server.cpu_s()
            found: dict[str, Any] = json.loads(client.stdout.readline())
            used = {
                "server_cpu_s": self._server.cpu_s() - start_s,
                "start_mb": start_mb,
                "end_mb": self._server.rss_mb(),
            }
        return found, used
