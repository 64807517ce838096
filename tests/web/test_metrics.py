"""What Prometheus reads: every request and stage counted, and shown to whom it may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.domain.access import Scope
from service.settings import Settings
from service.web.app import create_app
from tests.tiny_stance import SAID

TEXT = "The veto must be abolished."
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def made(comparator: Comparator, folder: Path, **changes: object) -> Flask:
    settings = comparator.settings.model_copy(update={"database_url": None, **changes})
    asked = Comparator(settings)
    for name in ("encoder", "catalogue", "maker"):
        setattr(asked, name, getattr(comparator, name))
    app = create_app(comparator=asked, bound_host="127.0.0.1")
    app.extensions["accounts"] = Accounts(settings.model_copy(update={"indexes": folder}))
    return app


@pytest.fixture
def app(bundled: Comparator, tmp_path: Path) -> Iterator[Flask]:
    app = made(bundled, tmp_path)
    yield app
    app.extensions["accounts"].close()


def read(app: Flask) -> Samples:
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(samples: Samples) -> dict[tuple[str, str, str], float]:
    """Counts by endpoint, method and status."""
    return {
        (dict(labels)["endpoint"], dict(labels)["method"], dict(labels)["status"]): value
        for (name, labels), value in samples.items()
        if name == "concord_request_seconds_count"
    }


def test_requests_by_endpoint_and_status(app: Flask) -> None:
    client = app.test_client()
    client.get("/v1/search", query_string={"text": TEXT})
    client.get("/v1/search", query_string={"text": TEXT})
    client.get("/v1/search", query_string={"colour": "red"})
    for number in range(3):
        client.get(f"/v1/claims/nobody-{number}:1-2")
        client.get(f"/nowhere/{number}")
    client.open("/v1/search", method="BREW")
    found = requests(read(app))
    assert found["/v1/search", "GET", "200"] == 2
    assert found["/v1/search", "GET", "400"] == 1
    # What a caller makes up is no label: a million paths are one row.
    assert found["/v1/claims/<path:claim_id>", "GET", "404"] == 3
    assert found["none", "GET", "404"] == 3
    assert found["none", "other", "405"] == 1
    assert len(found) == 5


def test_stages_of_an_answer(app: Flask) -> None:
    before = read(app)
    assert app.test_client().get("/v1/search", query_string={"text": TEXT}).status_code == 200
    after = read(app)

    def rise(name: str, stage: str) -> float:
        key = (name, (("stage", stage),))
        return after[key] - before[key]

    for stage in ("encode", "filter", "search", "group", "texts"):
        assert rise("concord_stage_seconds_count", stage) == 1
        assert 0 < rise("concord_stage_seconds_sum", stage) < 30
    assert rise("concord_stage_seconds_count", "judge") == 0


def lookups(app: Flask, cache: str) -> dict[str, float]:
    return {
        dict(labels)["result"]: value
        for (name, labels), value in read(app).items()
        if name == "concord_cache_lookups_total" and dict(labels)["cache"] == cache
    }


def test_answers_that_were_kept(app: Flask) -> None:
    for _ in range(3):
        app.test_client().get("/v1/search", query_string={"text": TEXT})
    assert lookups(app, "answers") == {"hit": 2, "miss": 1}
    assert read(app)["concord_stage_seconds_count", (("stage", "encode"),)] == 1


def test_verdicts_that_were_known_and_that_were_not(
    bundled: Comparator, tmp_path: Path, stance_folder: Path
) -> None:
    app = made(bundled, tmp_path, stance_model=stance_folder)

    def ask(most: int) -> dict[str, float]:
        asked = {"text": SAID[0][0], "limit": most, "group_by": "none"}
        assert app.test_client().get("/v1/search", query_string=asked).status_code == 200
        return lookups(app, "verdicts")

    first = ask(3)
    assert first["miss"] >= 3
    second = ask(2)  # another question, of the same pairs
    assert second["miss"] == first["miss"]
    assert second["hit"] - first["hit"] >= 2
    assert read(app)["concord_stage_seconds_count", (("stage", "judge"),)] >= 1


def test_generation_and_age_of_the_corpus(app: Flask, bundled: Comparator) -> None:
    found = read(app)
    manifest = bundled.generation.manifest
    (labels,) = [dict(labels) for name, labels in found if name == "concord_generation_info"]
    assert (labels["generation"], labels["model"]) == (manifest.id, manifest.model)
    built = found["concord_generation_built_timestamp_seconds", ()]
    assert built == pytest.approx(datetime.fromisoformat(manifest.created).timestamp())
    dates = [
        record.statement.date.first
        for record in bundled.generation.library.records(range(manifest.claims))
    ]
    newest = datetime.combine(max(dates), datetime.min.time(), UTC).timestamp()
    assert found["concord_corpus_newest_timestamp_seconds", ()] == newest
    assert found["concord_corpus_claims", ()] == manifest.claims
    assert found["concord_index_usable", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 1e7


def test_without_an_index_there_are_still_figures(tmp_path: Path, bundled: Comparator) -> None:
    app = made(bundled, tmp_path, indexes=tmp_path)
    assert app.test_client().get("/v1/search", query_string={"text": TEXT}).status_code == 503
    found = read(app)
    assert found["concord_index_usable", ()] == 0
    assert requests(found)["/v1/search", "GET", "503"] == 1
    assert not [name for name, _ in found if name.startswith("concord_corpus")]


def test_each_application_counts_its_own(app: Flask, bundled: Comparator, tmp_path: Path) -> None:
    app.test_client().get("/v1/search", query_string={"text": TEXT})
    assert not requests(read(made(bundled, tmp_path)))


def test_who_may_read(app: Flask) -> None:
    keys = app.extensions["accounts"].keys
    _, reading = keys.create("a dashboard", [Scope.READ])
    _, ruling = keys.create("an operator", [Scope.ADMIN])
    client, afar = app.test_client(), {"REMOTE_ADDR": "192.0.2.7"}

    def status(environ: dict[str, str], **headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get("/metrics", environ_base=environ, headers=sent).status_code

    assert status({"REMOTE_ADDR": "127.0.0.1"}) == 200
    assert status({"REMOTE_ADDR": "::1"}) == 200
    assert status(afar) == 401
    # A proxy on this machine that passes on what others ask isn't this machine asking.
    assert status({"REMOTE_ADDR": "127.0.0.1"}, X_Forwarded_For="192.0.2.7") == 401
    assert status({"REMOTE_ADDR": "127.0.0.1"}, Forwarded="for=192.0.2.7") == 401
    assert status(afar, X_API_Key=reading) == 403
    assert status(afar, X_API_Key=ruling) == 200
    assert status(afar, Authorization=f"Bearer {ruling}") == 200
    assert status(afar, X_API_Key="concord_00000000_" + "x" * 43) == 401


def test_shown_to_all_where_set_so(bundled: Comparator, tmp_path: Path) -> None:
    client = made(bundled, tmp_path, metrics="public").test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    with pytest.raises(ValueError, match="metrics"):
        Settings(metrics="everyone")  # type: ignore[arg-type]


def test_open_metrics_for_who_asks(app: Flask) -> None:
    answer = app.test_client().get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
