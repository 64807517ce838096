"""Is the process alive, and can it answer?"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app

from service.web.access import accounts
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.schemas.health import Health, Readiness

health = Contract("health", tag="operation")

PROBE = "The United Nations must be strengthened."
# Seconds for which a probe's result is believed: watchers come often, and each probe is a search.
FRESH_S = 1.0


class _Probe:
    """One probe at a time. Its failure is raised again, as what it was, until it is stale."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[float, dict[str, Any] | Exception] | None = None

    def __call__(self) -> dict[str, Any]:
        with self._lock:
            if self._made is None or time.monotonic() - self._made[0] > FRESH_S:
                found: dict[str, Any] | Exception
                try:
                    found = _probed()
                except Exception as error:
                    found = error
                self._made = time.monotonic(), found
            result = self._made[1]
        if isinstance(result, Exception):
            raise result
        return result


def install_health(app: Flask) -> None:
    app.extensions["probe"] = _Probe()
    app.register_blueprint(health)


@health.get("/healthz", answer=Health, scope=None)
def healthz() -> dict[str, str]:
    """The process answers"""
    return {"status": "ok"}


@health.get("/readyz", answer=Readiness, scope=None)
def readyz() -> dict[str, Any]:
    """Questions can be answered; 503 where they can't

    The index is loaded, a question is answered from it, and the database of keys answers.
    """
    probe: _Probe = current_app.extensions["probe"]
    return probe()


def _probed() -> dict[str, Any]:
    answer = comparator().search(PROBE, limit=1, stance="off")
    accounts().quotas.used(datetime.now(UTC).date())
    return {"status": "ready", "generation": answer.generation, "model": answer.model}
