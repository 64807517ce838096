"""Clocks that jump: what is current, which keys hold and who may ask don't jump with them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.retrieval.generations import Generations
from tests.faults.places import QUERY, Place, Service, current
from tests.faults.service import ask

pytestmark = pytest.mark.slow


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("NO libfaketime HERE (apt-get install faketime): NO CLOCK JUMPED")
    return Clock(found[0], tmp_path / "offset")


@dataclass
class Clock:
    """The system's clock, as processes see it that are started with its environment; what they
    measure spans of time by isn't changed."""

    library: Path
    offset: Path

    def set(self, days: int) -> dict[str, str]:
        aside = self.offset.with_name(".offset")
        aside.write_text(f"{days:+d}d\n")
        aside.replace(self.offset)
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@pytest.mark.faults
def test_a_clock_that_jumps(place: Place, clock: Clock) -> None:
    """By a year forth and back, while it is built, switched and served: the order of generations is
    that of their building, a key holds to its last day, and nobody is shut out for a year."""
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
    key = place.run(
        "keys", "create", "third", "--scope", "read", "--scope", "import", "--expires", tomorrow
    ).strip()
    order = [manifest.id for manifest in Generations(place.indexes).all()]
    environment = clock.set(0)
    headers = {"X-API-Key": key}
    with place.serving(**environment) as service:
        for number, (days, good) in enumerate(
            [(365, False), (0, True), (-365, True), (365, False), (-365, True)], start=10
        ):
            clock.set(days)
            time.sleep(1.1)  # for as long a key's goodness and readiness are believed
            place.run(*place.import_(number), **environment)
            place.run("build", **environment)
            order.append(current(place))
            assert service.generation() == order[-1]
            for _ in range(20):
                service.generation()
            status, said = ask(service.port, "/v1/search", {"text": QUERY}, headers=headers)
            assert status == (200 if good else 401), said
            row = {"id": f"sent-{number}", "state": "NOR", "date": "2024", "text": "Nets again."}
            sent = headers | {"Idempotency-Key": f"once-{number}"}
            for _ in range(2):
                status, said = ask(service.port, "/v1/statements", row, headers=sent)
                assert status == (201 if good else 401), said
            if good:
                wait_built(place, service, order)
    kept = [manifest.id for manifest in Generations(place.indexes).all()]
    assert kept == order[-len(kept) :]
    place.run("generations", "--roll-back")
    assert current(place) == order[-2]


def wait_built(place: Place, service: Service, order: list[str]) -> None:
    """Until what was sent is built by the service itself."""
    end = time.monotonic() + 60
    while service.generation() == order[-1]:
        assert time.monotonic() < end
        time.sleep(0.2)
    order.append(current(place))
