"""Forms that are posted, and the long work that they begin."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.domain.access import Scope
from service.jobs.store import State
from service.web.jobs import Work

SECRET = "We want trade now with zanzibarium."
DRAFT = f"We want peace now. {SECRET} We want reform now <b>\u202eand</b> seats."


def work(app: Flask) -> Work:
    found = app.extensions["work"]
    assert isinstance(found, Work)
    return found


def token(app: Flask, *scopes: Scope) -> str:
    made: tuple[Any, str] = app.extensions["accounts"].keys.create("a test", scopes)
    return made[1]


def file(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def post(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    return client.post(path, data=fields, content_type="multipart/form-data")


def submitted(client: FlaskClient, path: str = "/draft", **fields: Any) -> str:
    """The address of the job."""
    answer = post(client, path, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def ended(client: FlaskClient, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        found: dict[str, Any] = client.get(f"{address}.json").get_json()
        if State(found["job"]["state"]).ended:
            return found
        assert time.monotonic() < deadline, found["job"]
        time.sleep(0.02)


def cleared(folder: Path) -> bool:
    """Whether what was uploaded is gone, which a job's end is told a moment before."""
    deadline = time.monotonic() + 10
    while list(folder.glob("*/*")):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def refused(answer: TestResponse, status: int = 400) -> tuple[str, str]:
    """The field and the reason that a page names."""
    assert answer.status_code == status, answer.text[:300]
    told = BeautifulSoup(answer.text, "lxml").select_one("p.refused")
    assert told is not None
    strong = told.select_one("strong")
    return (strong.text if strong else ""), told.text
