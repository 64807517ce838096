"""What the client is tried on: the real service, noting what it is asked, and one that sheds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from tests.conftest import Quiet
from tests.serving import served

Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass
class Service:
    """A served application, and what it was sent and answered: (method, path, status)."""

    app: Flask
    address: str
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    def key(self, *scopes: Scope) -> str:
        accounts: Accounts = self.app.extensions["accounts"]
        return accounts.keys.create("test", scopes)[1]


def watched(app: Flask) -> Iterator[Service]:
    with served(app) as address:
        made = Service(app, address)

        @app.after_request
        def note(answer: Any) -> Any:
            made.seen.append((request.method, request.path, answer.status_code))
            return answer

        yield made
    app.extensions["accounts"].close()


def build(comparator: Comparator) -> None:
    folder = comparator.settings.indexes
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())


@dataclass
class Shedding:
    """Answers what it is told to, one after the other, then `{"topics": []}`; notes the times."""

    answers: list[tuple[str, dict[str, str], bytes]]
    times: list[float] = field(default_factory=list)

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        self.times.append(time.monotonic())
        given = self.answers.pop(0) if self.answers else None
        status, headers, body = given or ("200 OK", {}, b'{"topics": []}')
        start(status, [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]


PROBLEM = json.dumps(
    {"type": "/problems/overloaded", "title": "Service Unavailable", "status": 503, "detail": "."}
).encode()
