"""Statements that the client imports and deletes: once each, even where an answer is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service.client import ApiProblem, Client
from service.comparison import Comparator
from service.domain.access import Scope
from tests.client.servers import Environ, Service, Start

BOTH = (Scope.READ, Scope.IMPORT)
ROW = {"state": "NOR", "date": "2024-09", "text": "Mines must be cleared. We thank them."}


@pytest.mark.slow
def test_stored_searched_deleted(importing: Service) -> None:
    comparator: Comparator = importing.app.extensions["comparator"]
    with comparator.ingest.building(), Client(importing.address, importing.key(*BOTH)) as c:
        made = c.import_statements(ROW)
        own = made.statements[0].statement_id
        assert (made.statements[0].change, made.searchable) == ("added", False)
        c.wait_until_searchable(made, timeout=180)
        assert c.search("Mines must be cleared.", states=["NOR"], kind=["any"]).hits
        assert c.delete_statement(own).removed
        assert not c.delete_statement(own).removed
    with Client(importing.address, importing.key(*BOTH)) as c:
        made = c.import_statements([ROW | {"text": "Ships must pass freely."}])
        with pytest.raises(TimeoutError, match="off"):  # nobody builds any more
            c.wait_until_searchable(made, timeout=0.5)
    with Client(importing.address, importing.key(Scope.READ)) as c:
        with pytest.raises(ApiProblem) as raised:
            c.import_statements(ROW)
        assert raised.value.type == "/problems/forbidden"


def test_an_import_whose_answer_was_lost_is_done_once(importing: Service) -> None:
    """The service answers, and the connection drops before the answer arrives."""
    lost: list[tuple[str, bytes]] = []
    inner = importing.app.wsgi_app

    def losing(environ: Environ, start: Start) -> Any:
        answer = inner(environ, start)
        if environ["REQUEST_METHOD"] == "POST" and len(lost) < 2:
            lost.append((environ["HTTP_IDEMPOTENCY_KEY"], b"".join(answer)))
            return _cut()
        return answer

    importing.app.wsgi_app = losing  # type: ignore[method-assign]
    with Client(importing.address, importing.key(Scope.IMPORT)) as client:
        made = client.import_statements(ROW)
    assert [status for *_, status in importing.seen] == [201, 201, 201]
    assert len({name for name, _ in lost}) == 1
    assert [json.loads(body) for _, body in lost] == [made.raw, made.raw]
    assert made.statements[0].change == "added"  # that of the first time


def _cut() -> Iterator[bytes]:
    """A body that ends before the length that was told."""
    yield b"{"


def test_a_name_of_one_s_own_holds_for_one_body(importing: Service) -> None:
    key = importing.key(Scope.IMPORT)
    with Client(importing.address, key) as client:
        client.import_statements(ROW, idempotency_key="mine")
    with Client(importing.address, key) as client:
        again = client.import_statements(ROW, idempotency_key="mine")
        assert again.statements[0].change == "added"
        with pytest.raises(ApiProblem) as raised:
            client.import_statements(ROW | {"date": "2023"}, idempotency_key="mine")
    assert (raised.value.type, raised.value.status) == ("/problems/conflict", 409)
