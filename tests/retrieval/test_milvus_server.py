"""A Milvus that several processes share (milvus-lite's server): the command line uploads to it, the
service reads from it, and says so where it is away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.retrieval import milvus
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import PROJECT
from tests.ray_head import free_ports

TEXT = "The veto must be abolished."


@contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(folder),
         "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


def until(client: FlaskClient, status: int) -> None:
    """Ready or not, in half a minute."""
    for _ in range(60):
        if client.get("/readyz").status_code == status:
            return
        time.sleep(0.5)
    pytest.fail(f"/readyz never said {status}")


@pytest.mark.slow
def test_ready_only_while_milvus_is_there(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "_ANSWER_S", 1.0)
    (port,) = free_ports(1)
    folder, uri = tmp_path / "ix", f"http://127.0.0.1:{port}"
    shutil.copytree(bundled.settings.indexes, folder)
    settings = Settings(indexes=folder, stance_model=None, database_url=None, milvus_uri=uri)
    comparator = Comparator(settings)
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    app.extensions["accounts"] = Accounts(settings)
    client = app.test_client()
    assert client.get("/readyz").status_code == 503
    with serving(tmp_path / "milvus", port):
        said = subprocess.run(
            [sys.executable, "-m", "service", "build"],
            env=os.environ | {"CONCORD_INDEXES": str(folder), "MILVUS_URI": uri},
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        assert "Nothing changed" in said.stdout
        assert "uploading" in said.stderr
        until(client, 200)
        first = comparator.search(TEXT).to_dict()
        assert first == bundled.search(TEXT).to_dict()
    until(client, 503)
    found = client.get("/v1/search", query_string={"text": TEXT, "stance": "off"})
    assert found.status_code == 503
    assert str(port) not in found.text  # the operator reads it in the log
    with serving(tmp_path / "milvus", port):  # nothing is loaded in it
        until(client, 200)
        assert comparator.search(TEXT).to_dict() == first
