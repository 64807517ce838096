"""`brief`, `bib` and `ris`, as their users run them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import docx
import pytest
import rispy
from click.testing import CliRunner
from pypdf import PdfReader

from service.cli import main
from service.comparison import Comparator

TEXT = "The veto must be abolished."


@pytest.fixture
def runner(bundled: Comparator) -> CliRunner:
    return CliRunner(
        env={"CONCORD_INDEXES": str(bundled.settings.indexes), "CONCORD_STANCE_MODEL": "none"}
    )


def asked(runner: CliRunner, *arguments: str) -> bytes:
    done = runner.invoke(main, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


def test_every_format_is_written_by_its_name_or_by_the_files(
    runner: CliRunner, tmp_path: Path
) -> None:
    asking = ["brief", TEXT, "--we", "France", "--limit", "5", "--most", "2"]
    for ending in ("pdf", "docx"):
        asked(runner, *asking, "--output", str(tmp_path / f"named.{ending}"))
    assert "Made for France" in PdfReader(tmp_path / "named.pdf").pages[0].extract_text()
    named = docx.Document(str(tmp_path / "named.docx"))
    told = docx.Document(io.BytesIO(asked(runner, *asking, "--format", "docx")))
    assert [p.text for p in told.paragraphs] == [p.text for p in named.paragraphs]
    text = asked(runner, *asking).decode()
    assert "Not quoted here (3):" in text
    assert "--limit 5 --stance off --we FRA --most 2\n" in text
    asked(runner, *asking, "--output", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere").read_text() == text


def test_citations_are_of_the_statements_found(runner: CliRunner) -> None:
    options = (TEXT, "--exclude", "France", "--limit", "4")
    found: dict[str, Any] = json.loads(asked(runner, "search", *options, "--per-state", "1",
                                             "--format", "json"))  # fmt: skip
    wanted = [group["hits"][0]["statement_id"] for group in found["results"]]
    entries = rispy.loads(asked(runner, "ris", *options).decode())
    assert [entry["id"] for entry in entries] == wanted
    bib = asked(runner, "bib", *options).decode()
    assert all(f"{{{statement_id},\n" in bib for statement_id in wanted)


def test_what_cannot_be_asked_leaves_no_file(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "brief.pdf"
    for options in (["--we", "Atlantis"], ["--group-by", "none"]):
        done = runner.invoke(main, ["brief", TEXT, *options, "--output", str(path)])
        assert done.exit_code == 1
        assert options[0].removeprefix("--").replace("-", "_") in done.stderr
    assert runner.invoke(main, ["brief", TEXT, "--most", "0"]).exit_code == 2
    assert runner.invoke(main, ["ris"]).exit_code == 2
    assert list(tmp_path.iterdir()) == []
