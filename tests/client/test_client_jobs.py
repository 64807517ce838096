"""Studies that the client submits, waits for and gives up, and the files it saves of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.client import ApiProblem, Client
from service.comparison import Comparator
from service.domain.access import Scope
from service.settings import Settings
from service.studies.catalogue import find_study
from service.studies.formats import Format as FileFormat
from service.studies.package import write_package
from service.web.app import create_app
from tests.client.servers import PROBLEM, Service, Shedding, watched
from tests.serving import served


@dataclass
class Deployment:
    """The bundled positions in a folder of their own, with workers that look often."""

    service: Service
    comparator: Comparator


@pytest.fixture
def working(bundled: Comparator, tmp_path: Path) -> Iterator[Deployment]:
    folder = tmp_path / "indexes"
    apart = shutil.ignore_patterns("accounts.*", "uploads", "jobs")
    shutil.copytree(bundled.settings.indexes, folder, ignore=apart)
    comparator = Comparator(Settings(indexes=folder, stance_model=None, rate_limit="none"))
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    for service in watched(app):
        yield Deployment(service, comparator)
        for worker in (app.extensions["work"].worker, app.extensions["work"].slow):
            worker.close()


def test_a_study_is_submitted_waited_for_and_fetched(working: Deployment, tmp_path: Path) -> None:
    service = working.service
    asked = {"topic": "palestine", "from_": 2000, "states": "FRA"}
    with Client(service.address, service.key(Scope.READ)) as client:
        job = client.submit("trends", asked, formats=["csv", "jsonl"])
        assert (job.study, job.parameters["from"], job.parameters["states"]) == (
            "trends", 2000, ["FRA"],
        )  # fmt: skip
        found = client.wait(job.id, timeout=60)
        assert (found.state, found.is_over, found.error) == ("done", True, None)
        paths = client.download(found, tmp_path / "new" / "folder")
        assert [path.name for path in paths] == [one.name for one in found.files]
        assert "trends.csv" in {path.name for path in paths}
        given = {"topic": "palestine", "from": 2000, "states": ["FRA"]}
        formats = [FileFormat.CSV, FileFormat.JSONL]
        write_package(find_study("trends"), given, tmp_path / "whole", working.comparator, formats)
        for path in paths:
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
        assert len(list((tmp_path / "new" / "folder").iterdir())) == len(paths)
        assert [one.id for one in client.jobs()] == [job.id]
        assert client.cancel(job)
        with pytest.raises(ApiProblem) as raised:
            client.job(job)
        assert raised.value.status == 404
        with pytest.raises(ApiProblem) as raised:
            client.submit("matrix", {"unit": "speech"})
        assert (raised.value.status, raised.value.field) == (422, "parameters.unit")


def test_a_job_is_left_or_given_up(working: Deployment, tmp_path: Path) -> None:
    service, work = working.service, working.service.app.extensions["work"]
    work.worker.wake = lambda: None
    with Client(service.address, service.key(Scope.READ)) as client:
        job = client.submit("trends", {"topic": "palestine"}, idempotency_key="mine")
        assert client.submit("trends", {"topic": "palestine"}, idempotency_key="mine").id == job.id
        with pytest.raises(TimeoutError, match="queued"):
            client.wait(job, timeout=0.3)
        with pytest.raises(ValueError, match="is queued"):
            client.download(job, tmp_path / "none")
        assert not client.cancel(job)
        assert client.wait(job).state == "cancelled"
        with pytest.raises(ValueError, match="is cancelled"):
            client.download(job, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "a/b", ""])
def test_no_file_is_saved_elsewhere(tmp_path: Path, name: str) -> None:
    """Whatever a service says."""
    file = {"name": name, "media_type": "text/csv", "bytes": 1, "sha256": "0", "href": "/x"}
    with (
        served(Shedding([_job_with(file)])) as address,
        Client(address) as client,
        pytest.raises(ValueError, match="plain name"),
    ):
        client.download("x", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["into"]


def test_a_file_that_isn_t_what_it_should_be_is_not_kept(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    file = {"name": "a.csv", "media_type": "text/csv", "bytes": 1, "sha256": sha256, "href": "/x"}
    good: tuple[str, dict[str, str], bytes] = ("200 OK", {}, b"x")
    bad: tuple[str, dict[str, str], bytes] = ("200 OK", {}, b"y")
    shed: tuple[str, dict[str, str], bytes] = ("503 Busy", {"Retry-After": "0"}, PROBLEM)
    shedding = Shedding([_job_with(file), shed, bad, _job_with(file), shed, good])
    with served(shedding) as address, Client(address) as client:
        with pytest.raises(ValueError, match="didn't arrive"):
            client.download("x", tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert client.download("x", tmp_path) == (tmp_path / "a.csv",)
    assert (tmp_path / "a.csv").read_bytes() == b"x"


def _job_with(file: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    job = {
        "id": "x", "study": "trends", "title": "", "state": "done", "done": 1, "total": 1,
        "phrase": "", "error": None, "created": "", "started": None, "ended": None,
        "parameters": {}, "result": {"tables": [], "files": [file]},
    }  # fmt: skip
    return "200 OK", {"Content-Type": "application/json"}, json.dumps(job).encode()
