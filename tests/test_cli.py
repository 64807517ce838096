"""The command line as its users run it: in a process."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from service.cli import main
from service.comparison import Comparator
from tests.conftest import PROJECT

TABLE = """state,date,text,speaker
France,2021-09-21,We reject the veto wherever mass crimes are at stake.,A. Speaker
Norway,2021,Debt of poor countries must be cancelled. We thank the President.,
Atlantis,2021,Our island sinks.,
"""


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=PROJECT, env=os.environ | {"CONCORD_INDEXES": str(folder)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_import_build_search_remove(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    said = run(tmp_path / "ix", "import", "table", str(table))
    assert "2 added" in said
    assert "Atlantis" in said
    assert "2 unchanged" in run(tmp_path / "ix", "import", "table", str(table))
    run(tmp_path / "ix", "build")
    assert "Nothing changed" in run(tmp_path / "ix", "build")
    ask = ["search", "We oppose the veto.", "--stance", "off", "--states", "FRA",
           "--from", "2021-09-21", "--to", "2021-09-21", "--format"]  # fmt: skip
    found = json.loads(run(tmp_path / "ix", *ask, "json"))
    (group,) = found["results"]
    (hit, *_) = group["hits"]
    assert (hit["speaker"], hit["date_precision"], hit["rendered"]) == ("A. Speaker", "day", False)
    (row, *_) = csv.DictReader(io.StringIO(run(tmp_path / "ix", *ask, "csv")))
    assert row["text"] == hit["text"]
    assert hit["text"] in " ".join(run(tmp_path / "ix", *ask, "table").split())
    run(tmp_path / "ix", "remove", hit["statement_id"])
    run(tmp_path / "ix", "build")
    assert hit["text"] not in run(tmp_path / "ix", *ask, "json")
    listed = run(tmp_path / "ix", "generations").splitlines()
    assert len(listed) == 2
    run(tmp_path / "ix", "generations", "--roll-back")
    assert hit["text"] in run(tmp_path / "ix", *ask, "json")


def test_article_dry_run_stores_nothing(tmp_path: Path) -> None:
    article = tmp_path / "article.txt"
    article.write_text(
        "OSLO, March 3, 2020 - Norway's Foreign Minister Kari Test said on Tuesday that small "
        "arms must be traced. She added that mines should be cleared.\n"
    )
    found = json.loads(
        run(tmp_path / "ix", "import", "article", str(article), "--dry-run", "--format", "json")
    )
    (statement,) = found["statements"]
    assert (statement["state"], statement["date"]) == ("NOR", "2020-03-03")
    assert statement["speaker"] == "Kari Test"
    text = article.read_text()
    for claim in statement["claims"]:
        assert claim["text"] == text[claim["start"] : claim["end"]]
    info = json.loads(run(tmp_path / "ix", "info", "--format", "json"))
    assert info["imported_statements"] == 0


def test_refusals_have_code_1_and_wrong_usage_2(tmp_path: Path) -> None:
    assert "no index" in run(tmp_path, "search", "veto", code=1)
    assert "Usage" in run(tmp_path, "search", "--colour", "red", code=2)
    assert "No such command" in run(tmp_path, "fly", code=2)
    assert "no such statement" in run(tmp_path, "remove", "X", code=1)
    nowhere = tmp_path / "empty"
    nowhere.mkdir()
    assert "holds no speech" in run(tmp_path, "import", "ungdc", str(nowhere), code=1)
    article = tmp_path / "a.txt"
    article.write_text("It rained all day and nobody said a word about anything at all.")
    assert "date" in run(tmp_path, "import", "article", str(article), code=1)
    dated = ["import", "article", str(article), "--date", "2021-06-29"]
    assert "state" in run(tmp_path, *dated, code=1)


def test_catalogue_commands(tmp_path: Path) -> None:
    assert "CIV" in run(tmp_path, "states")
    assert "sanctions-enforcement" in run(tmp_path, "topics")
    assert "France" in run(tmp_path, "blocs", "P5")
    assert run(tmp_path, "blocs", "eu", "--on", "1960").count("\n") == 7  # six, and the source


def test_compare_and_matrix(bundled: Comparator) -> None:
    folder = bundled.settings.indexes
    cells = list(
        csv.DictReader(
            io.StringIO(
                run(folder, "matrix", "--topics", "Palestine", "--least", "2", "--format", "csv")
            )
        )
    )
    assert cells
    known = [c for c in cells if c["similarity"]]
    assert known and all(-1 <= float(c["similarity"]) <= 1 for c in known)
    assert {min(int(c["claims_a"]), int(c["claims_b"])) for c in cells if c not in known} <= {1}
    states = bundled.generation.columns.states
    assert {c["state_a"] for c in cells} <= set(states)
    assert "no statement" in run(folder, "compare", "CHN:1912", "FRA:1912", code=1)


def test_serve_builds_and_answers_and_stops(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", str(port)],
        cwd=PROJECT, env=os.environ | {"CONCORD_INDEXES": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                    assert json.load(answer)["status"] == "ready"
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.2)
        else:
            pytest.fail("the service didn't get ready")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_every_api_field_is_a_flag() -> None:
    from service.questions import FIELDS

    command = main.commands["search"]
    flags = {flag.removeprefix("--") for p in command.params for flag in p.opts}
    assert {name.replace("_", "-") for name in FIELDS if name != "text"} <= flags


def test_every_command_has_help() -> None:
    for name in """search import download build remove compare matrix info states topics blocs
    generations serve verify-positions""".split():
        assert main.commands[name].help
