"""The whole contract under schemathesis: what it promises is what is done, and nothing breaks.

A few hundred cases, the same each time. `make contract` runs at least CONCORD_CASES of them, and
prints how many were sent to each operation.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from schemathesis import Case, HookContext
from schemathesis.config import ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.engine import events, from_schema

from service.accounts.idempotency import HEADER
from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from service.web.contract import operations
from service.web.serve import Server
from tests.conftest import Quiet, statement

CASES = int(os.environ.get("CONCORD_CASES", "0"))
SEED = 20_240_927
# Characters of a failure that are shown.
LONGEST = 3_000
SAID = [
    statement("FRA", "2020", "yes to peace", "yes to trade"),
    statement("CHN", "2023", "sanctions of the Security Council must be carried out", number=78),
    statement("NOR", "2021", "no peace without justice", "the veto must go"),
]
CHECKS: dict[str, Any] = {
    "enabled": True,
    # The schema says what a field may be; what fields ask together, or of this corpus, it can't
    # say: a period that ends before it begins is refused by 422, a cursor whose generation is gone
    # by 410. A malformed field's status is 400, and stays a failure where the schema allows it. 429
    # is for whoever has ten jobs waiting.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "401", "403", "404", "409", "410", "422", "429", "431"]
    },
    # 431: an address that is longer than the server reads, before anybody looks what is in it.
    "negative_data_rejection": {
        "expected-statuses": [
            "400",
            "401",
            "403",
            "404",
            "405",
            "406",
            "409",
            "413",
            "415",
            "422",
            "431",
        ]
    },
}


@dataclass
class Run:
    """Cases by operation, and what failed, each once with a request that shows it."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError):
            self.failures[event.label, type(event.value).__name__] = str(event.value)
        if isinstance(event, events.FatalError):
            raise event.exception
        if not isinstance(event, events.ScenarioFinished):
            return
        recorder = event.recorder
        for case_id, interaction in recorder.interactions.items():
            case = recorder.cases[case_id].value
            self.cases[case.operation.label] += 1
            if interaction.response is not None:
                self.statuses[interaction.response.status_code] += 1
            for check in recorder.checks.get(case_id, ()):
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    key = case.operation.label, f"{check.name}: {failure.title}"
                    answer = interaction.response.text if interaction.response else ""
                    self.failures.setdefault(
                        key,
                        f"{failure.message}\n{check.failure_info.code_sample}\n{answer}"[:LONGEST],
                    )

    def report(self, seconds: float) -> str:
        lines = [f"{count:6} {label}" for label, count in sorted(self.cases.items())]
        answered = ", ".join(f"{n} x {status}" for status, n in sorted(self.statuses.items()))
        lines.append(f"{self.cases.total():6} cases in {seconds:.0f} s ({answered}),"
                     f" {len(self.failures)} failures")  # fmt: skip
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Served:
    """The real server of a small index, and an admin's key to it."""

    app: Flask
    address: str
    token: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fuzzed")
    settings = Settings(
        indexes=folder, stance_model=stance_folder, rate_limit="none", anonymous_read=False
    )
    comparator = Comparator(settings)
    list(StatementStore(folder).put(SAID))
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    _, token = app.extensions["accounts"].keys.create("fuzzing", [Scope.ADMIN])
    server = Server(app, settings, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Served(app, f"http://127.0.0.1:{server.port}", token)
    finally:
        server.stop()
        thread.join()
        for worker in (app.extensions["work"].worker, app.extensions["work"].slow):
            worker.close()


# Hypothesis' note on long texts, which are meant to be long.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_the_contract_holds_whatever_is_sent(served: Served) -> None:
    run, began, seed = Run(), time.monotonic(), SEED
    while not run.cases or (run.cases.total() < CASES and not run.failures):
        for event in from_schema(_schema(served, seed)).execute():
            run.add(event)
        seed += 1
    sys.stdout.write(f"\n{run.report(time.monotonic() - began)}\n")
    told = [f"{label}\n{kind}\n{shown}" for (label, kind), shown in sorted(run.failures.items())]
    assert not told, "\n\n".join(told)
    assert not [status for status in run.statuses if status >= 500]
    assert set(run.cases) >= {f"{one.method} {one.path}" for one in operations(served.app)}


def _schema(served: Served, seed: int) -> Any:
    """All phases where many cases are wanted; else those that few are enough for."""
    each = max(6, CASES // len(operations(served.app)) // 2)
    project = ProjectConfig.from_dict(
        {
            "base-url": served.address,
            "headers": {"X-API-Key": served.token},
            "checks": CHECKS,
            "continue-on-failure": True,
            "generation": {
                "max-examples": each,
                "deterministic": True,
                "database": "none",
                # Beside the key that is sent; `ignored_auth` tries others by itself.
                "with-security-parameters": False,
            },
            "phases": {
                "coverage": {"enabled": bool(CASES)},
                "stateful": {"generation": {"max-examples": each}},
            },
        }
    )
    config = SchemathesisConfig(seed=seed, projects=ProjectsConfig(default=project))
    # Not from its address, which would then itself be left out.
    document = served.app.test_client().get("/openapi.json").json
    return schemathesis.openapi.from_dict(document, config=config)


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Well-formed Idempotency-Keys that nobody sent before: else most imports, which come with the
    same few, would be refused as conflicts, and none be done."""
    name = str(case.headers.get(HEADER, "")) if case.headers else ""
    if 0 < len(name) < 200 and name.isascii() and name.isprintable() and " " not in name:
        case.headers[HEADER] = f"{name}.{uuid4().hex}"
