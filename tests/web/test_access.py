"""Who may: keys, scopes, quotas and rates, as a client sees them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.accounts import keys as keys_module
from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.domain.access import Scope
from service.settings import Settings
from service.web.access import caller, install_access, is_loopback
from service.web.app import create_app
from service.web.contract import Contract, operations
from service.web.problems import install_problems
from tests.web.test_api import TEXT

Serve = Callable[..., FlaskClient]


def answered() -> dict[str, Any]:
    """An answer"""
    key = caller().key
    return {"key": key.id if key else None}


def opened() -> dict[str, Any]:
    """Open to all"""
    return {"open": True}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A small application whose operations need each scope, and one that needs none."""
    made: list[Accounts] = []

    def started(bound: str | None = "127.0.0.1", **given: Any) -> FlaskClient:
        settings = Settings(indexes=tmp_path, database_url=None, **given)
        app = Flask(__name__)
        app.config["BOUND_HOST"] = bound
        made.append(Accounts(settings))
        install_access(app, made[-1])
        contract = Contract("probe")
        contract.get("/read", answer=None, scope=Scope.READ)(answered)
        for scope in (Scope.IMPORT, Scope.ADMIN):
            function = type(answered)(answered.__code__, answered.__globals__, str(scope))
            contract.post(f"/{scope}", answer=None, scope=scope)(function)
        contract.get("/open", answer=None, scope=None)(opened)
        pages = Blueprint("pages", __name__)
        pages.add_url_rule("/", "page", lambda: "a page", methods=["GET", "POST"])
        app.register_blueprint(contract)
        app.register_blueprint(pages)
        install_problems(app)
        return app.test_client()

    yield started
    for accounts in made:
        accounts.close()


def accounts_of(client: FlaskClient) -> Accounts:
    found: Accounts = client.application.extensions["accounts"]
    return found


def new_key(client: FlaskClient, *scopes: Scope, quota: int | None = None) -> str:
    return accounts_of(client).keys.create("test", scopes, quota)[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refused(answer: TestResponse, status: int, kind: str) -> Mapping[str, Any]:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["type"] == f"/problems/{kind}"
    found: Mapping[str, Any] = answer.json
    return found


def test_scopes_reach_as_far_as_they_say(serve: Serve) -> None:
    client = serve("0.0.0.0")
    reach = {
        (Scope.READ,): (200, 403, 403),
        (Scope.IMPORT,): (403, 200, 403),
        (Scope.READ, Scope.IMPORT): (200, 200, 403),
        (Scope.ADMIN,): (200, 200, 200),
    }
    for scopes, expected in reach.items():
        token = new_key(client, *scopes)
        for sent in (bearer(token), {"X-API-Key": token}, {"authorization": f"bearer  {token}"}):
            found = (
                client.get("/read", headers=sent),
                client.post("/import", headers=sent),
                client.post("/admin", headers=sent),
            )
            assert tuple(answer.status_code for answer in found) == expected
            assert client.get("/", headers=sent).status_code == expected[0]
            # What nobody declared is for admins, unless it only reads.
            assert client.post("/", headers=sent).status_code == expected[2]
    answer = client.post("/admin", headers=bearer(new_key(client, Scope.IMPORT)))
    assert "scope admin" in refused(answer, 403, "forbidden")["detail"]
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="concord", error="insufficient_scope", scope="admin"'
    )


def test_the_view_knows_who_asks(serve: Serve) -> None:
    client = serve()
    token = new_key(client, Scope.READ)
    assert client.get("/read", headers=bearer(token)).json["key"] == token.split("_")[1]
    assert client.get("/read").json["key"] is None


@pytest.mark.parametrize(
    ("setting", "bound", "headers", "address", "status"),
    [
        (None, "127.0.0.1", {}, "127.0.0.1", 200),
        (None, "::1", {}, "::1", 200),
        (None, "localhost", {}, "127.0.0.1", 200),
        (None, "0.0.0.0", {}, "127.0.0.1", 401),
        (None, "", {}, "127.0.0.1", 401),
        (None, None, {}, "127.0.0.1", 401),
        (None, "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1", 401),
        (None, "127.0.0.1", {}, "203.0.113.9", 401),  # as a trusted proxy tells
        (True, "0.0.0.0", {}, "203.0.113.9", 200),
        (False, "127.0.0.1", {}, "127.0.0.1", 401),
    ],
)
def test_who_reads_without_a_key(
    serve: Serve, setting: bool | None, bound: str | None, headers: dict[str, str], address: str,
    status: int,
) -> None:  # fmt: skip
    client = serve(bound, anonymous_read=setting)
    client.environ_base["REMOTE_ADDR"] = address
    for path in ("/read", "/"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status
        if status == 401:
            assert "API key is needed" in refused(answer, 401, "unauthorized")["detail"]
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="concord"'
    # Reading is all that anyone may.
    assert client.post("/import", headers=headers).status_code == 401
    assert client.post("/", headers=headers).status_code == 401
    assert client.get("/open", headers=headers).status_code == 200


def test_a_bad_key_is_refused_even_where_anyone_reads(serve: Serve) -> None:
    client = serve()
    revoked = new_key(client, Scope.READ)
    accounts_of(client).keys.revoke(revoked.split("_")[1])
    for sent in (
        bearer("hunter2"), bearer(f"concord_ffffffff_{'A' * 43}"), bearer(revoked),
        {"X-API-Key": ""}, {"X-API-Key": "hunter2\xe9"}, {"Authorization": "Basic aHVudGVyMg=="},
        {"Authorization": "Bearer"}, {"Authorization": "hunter2"},
    ):  # fmt: skip
        answer = client.get("/read", headers=sent)
        body = refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == (
            'Bearer realm="concord", error="invalid_token"'
        )
        assert "hunter2" not in str(body)
        assert revoked[-43:] not in str(body)
        assert client.get("/open", headers=sent).status_code == 200
    token = new_key(client, Scope.READ)
    twice = bearer(token) | {"X-API-Key": revoked}
    assert refused(client.get("/read", headers=twice), 400, "invalid-input")["field"] == "X-API-Key"
    assert client.get("/read", headers=bearer(token) | {"X-API-Key": token}).status_code == 200
    # A key in an address ends up in logs; it is no key there.
    assert client.get(f"/?api_key={token}").status_code == 200
    assert serve(anonymous_read=False).get(f"/?api_key={token}").status_code == 401


def test_a_revoked_key_is_refused_within_seconds(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "FRESH_S", 0.3)
    here, elsewhere = serve(rate_limit="none"), serve()
    token = new_key(here, Scope.READ)
    assert here.get("/read", headers=bearer(token)).status_code == 200
    accounts_of(elsewhere).keys.revoke(token.split("_")[1])
    deadline = time.monotonic() + 5
    while here.get("/read", headers=bearer(token)).status_code == 200:
        assert time.monotonic() < deadline
    answer = here.get("/read", headers=bearer(token))
    assert "was revoked" in refused(answer, 401, "unauthorized")["detail"]


def test_rates_go_by_key_or_address(serve: Serve) -> None:
    client = serve(rate_limit="4 per hour")
    assert [client.get("/read").status_code for _ in range(5)] == [200] * 4 + [429]
    answer = client.get("/read")
    assert "more than 4 requests in 3,600" in refused(answer, 429, "rate-limited")["detail"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert answer.headers["RateLimit-Policy"] == '"3600s";q=4;w=3600'
    assert answer.headers["RateLimit"].startswith('"3600s";r=0;t=')
    # Whoever has a key is not held up by others at the same address, once it was seen.
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    token = new_key(client, Scope.READ)
    assert client.get("/read", headers=bearer(token)).status_code == 200
    client.environ_base["REMOTE_ADDR"] = "127.0.0.1"
    left = [client.get("/read", headers=bearer(token)) for _ in range(5)]
    assert [answer.status_code for answer in left] == [200] * 4 + [429]
    assert left[0].headers["RateLimit"].startswith('"3600s";r=3;t=')
    # Probes are never held up, preflights neither.
    assert client.get("/open").status_code == 200
    assert "RateLimit" not in client.get("/open").headers
    assert client.options("/read").status_code == 200


def test_guessing_and_wandering_are_slowed_down(serve: Serve) -> None:
    client = serve("0.0.0.0", rate_limit="5 per day")
    tries = [client.get("/read", headers=bearer(f"concord_{n:08x}_{'A' * 43}")) for n in range(6)]
    assert [answer.status_code for answer in tries] == [401] * 5 + [429]
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert [client.get(f"/no/{n}").status_code for n in range(6)] == [404] * 5 + [429]


def test_an_ipv6_network_is_one_caller(serve: Serve) -> None:
    client = serve("::", anonymous_read=True, rate_limit="3 per hour")

    def ask(address: str) -> int:
        client.environ_base["REMOTE_ADDR"] = address
        return client.get("/read").status_code

    assert [ask(f"2001:db8::{n}") for n in range(4)] == [200] * 3 + [429]
    assert ask("2001:db8:0:1::1") == 200
    assert [ask("::ffff:203.0.113.9"), ask("203.0.113.9")] == [200] * 2
    assert [ask("203.0.113.9"), ask("203.0.113.9"), ask("203.0.113.10")] == [200, 429, 200]


def test_a_quota_ends_at_midnight(serve: Serve) -> None:
    client = serve(rate_limit="none")
    token = new_key(client, Scope.READ, quota=3)
    assert client.post("/import", headers=bearer(token)).status_code == 403  # isn't counted
    answers = [client.get("/read", headers=bearer(token)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429]
    assert answers[0].headers["RateLimit-Policy"] == '"day";q=3;w=86400'
    assert answers[0].headers["RateLimit"].startswith('"day";r=2;t=')
    detail = refused(answers[3], 429, "quota-exhausted")["detail"]
    assert "has used up its 3 requests" in detail
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 86_400
    accounts_of(client).quotas.flush()
    # Another process goes on counting.
    assert serve().get("/read", headers=bearer(token)).status_code == 429
    assert client.get("/read", headers=bearer(new_key(client, Scope.READ))).status_code == 200


def test_without_the_database_those_who_need_no_key_still_read(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "accounts.sqlite").mkdir()
    client = serve()
    assert client.get("/read").status_code == 200
    answer = client.get("/read", headers=bearer(f"concord_ffffffff_{'A' * 43}"))
    body = refused(answer, 503, "database-unusable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "sqlite" not in str(body)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("[::1]", True), ("localhost", True),
     ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("", False), (None, False),
     ("localhost.example", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_loopback(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.fixture
def concord(bundled: Comparator, tmp_path: Path) -> Iterator[Flask]:
    """The whole application, on an address that others reach."""
    settings = bundled.settings.model_copy(update={"anonymous_read": None, "rate_limit": "none"})
    comparator = Comparator(settings)
    app = create_app(comparator=comparator)
    app.config["BOUND_HOST"] = "0.0.0.0"
    accounts: Accounts = app.extensions["accounts"]
    yield app
    accounts.close()


def test_every_operation_of_the_contract_asks_for_its_scope(concord: Flask) -> None:
    client = concord.test_client()
    others = {
        scope: new_key(client, *(other for other in (Scope.READ, Scope.IMPORT) if other != scope))
        for scope in Scope
    }
    declared = operations(concord)
    assert {operation.scope for operation in declared} >= {None, Scope.READ, Scope.IMPORT}
    for operation in declared:
        path = operation.path
        for name in operation.path_parameters:
            path = path.replace(f"{{{name}}}", "x")
        without = client.open(path, method=operation.method)
        if operation.scope is None:
            assert without.status_code not in (401, 403), path
            continue
        refused(without, 401, "unauthorized")
        wrong = client.open(path, method=operation.method, headers=bearer(others[operation.scope]))
        assert operation.scope in refused(wrong, 403, "forbidden")["detail"]


def test_a_search_with_a_key(concord: Flask) -> None:
    client = concord.test_client()
    token = new_key(client, Scope.READ, quota=10)
    asked = {"text": TEXT, "limit": "2", "stance": "off"}
    answer = client.get("/v1/search", query_string=asked, headers=bearer(token))
    assert answer.status_code == 200
    assert answer.headers["RateLimit"].startswith('"day";r=9;t=')
    assert client.get("/v1/search", query_string=asked).status_code == 401
    assert client.get("/").status_code == 401
