"""The client through HTTP, on the bundled positions and on a small index that may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import Client
from service.comparison import Comparator
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.client.servers import Service, build, watched
from tests.conftest import statement


@pytest.fixture(scope="module")
def service(bundled: Comparator) -> Iterator[Service]:
    yield from watched(create_app(comparator=bundled, bound_host="127.0.0.1"))


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    service.seen.clear()
    with Client(service.address) as made:
        yield made


@pytest.fixture
def importing(tmp_path: Path) -> Iterator[Service]:
    """A small index of its own, and a service whose address is new each time."""
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=None, rate_limit="none"))
    list(StatementStore(tmp_path).put([statement("FRA", "2020", "yes to peace")]))
    build(comparator)
    yield from watched(create_app(comparator=comparator, bound_host="127.0.0.1"))
