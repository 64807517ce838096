"""`compare`, as its users run it: statements of the bundled index, files, every format."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.comparison import Comparator
from service.errors import InvalidInput
from service.figures.sides import MOST_CLAIMS
from service.takeaway.comparison import as_html, figure
from tests.figures.parsed import HOSTILE, read

TEXT = (
    "Sanctions on the Niger must be eased because they hurt the people. "
    "Every State must join the treaty against mines. Autonomous weapons need limits in law."
)


@pytest.fixture
def runner(bundled: Comparator) -> CliRunner:
    """With the bundled stance model."""
    return CliRunner(env={"CONCORD_INDEXES": str(bundled.settings.indexes)})


def asked(runner: CliRunner, *arguments: str) -> bytes:
    done = runner.invoke(main, ["compare", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


def test_json_is_what_python_answers(runner: CliRunner, bundled: Comparator) -> None:
    found = json.loads(asked(runner, "MLI_78_2023", "NZL:2023", "--format", "json"))
    told = json.loads(json.dumps(bundled.compare("MLI_78_2023", "NZL:2023").to_dict()))
    for name in ("query", "generation", "model", "a", "b", "whole", "level", "similarity"):
        assert found[name] == told[name], name
    assert found["stance_model"]
    assert told["stance_model"] is None
    seeded = json.loads(asked(runner, "MLI_78_2023", "NZL:2023", "--format", "json", "--seed", "5"))
    assert seeded["similarity"]["value"] == found["similarity"]["value"]
    assert seeded["similarity"] != found["similarity"]


def test_a_file_is_split_and_compared(runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "draft.txt"
    path.write_text(TEXT)
    found = json.loads(asked(runner, "MLI:2023", str(path), "--format", "json"))
    own = [p for p in found["positions"] if p["side"] == "b"]
    assert [TEXT[p["start"] : p["end"]] for p in own] == [p["text"] for p in own]
    (niger,) = (p for p in own if "Niger" in p["text"])
    assert niger["group"] != "only"
    assert "Niger" in niger["counterpart"]
    rows = list(csv.DictReader(io.StringIO(
        asked(runner, "MLI:2023", str(path), "--output", str(tmp_path / "o.csv")).decode()
        or (tmp_path / "o.csv").read_text()
    )))  # fmt: skip
    assert [row["claim_id"] for row in rows] == [p["claim_id"] for p in found["positions"]]
    assert [row["group"] for row in rows] == [p["group"] for p in found["positions"]]
    table = asked(runner, "MLI:2023", str(path)).decode()
    assert "B  a text, 3 positions" in table
    assert all(position["text"][:40] in table for position in found["positions"])
    assert "never agreement" in table
    assert "others may just be missing" in " ".join(table.split())


class _Page(HTMLParser):
    """Its tags, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def test_the_page_stands_alone_and_takes_markup_for_text(runner: CliRunner, tmp_path: Path) -> None:
    hostile = HOSTILE.replace("\x00", "")
    path = tmp_path / "hostile.txt"
    path.write_text(f"{TEXT} We must ban {hostile} and <img src=x onerror=alert(1)> everywhere.")
    output = tmp_path / "page.html"
    asked(runner, "MLI:2023", str(path), "--output", str(output))
    source = output.read_text()
    page = _Page(source)
    assert not page.tags & {"script", "img", "link", "iframe", "object"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert "src" not in page.attributes
    assert not re.search(r"url\(|@import|https?://", source)
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "Mali, 2023" in page.text
    assert "svg" in page.tags


def test_figures(runner: CliRunner, tmp_path: Path) -> None:
    root = read(asked(runner, "MLI_78_2023", "NZL_78_2023", "--format", "svg").decode())
    assert root.findtext("title") == "Two statements, claim by claim"
    asked(runner, "MLI_78_2023", "NZL_78_2023", "--output", str(tmp_path / "o.png"))
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    long = tmp_path / "long.txt"
    long.write_text("We must ban mines. " * 299 + "We must keep the peace. We must share wheat.")
    done = runner.invoke(main, ["compare", "MLI:2023", str(long), "--format", "svg"])
    assert done.exit_code == 1
    assert done.stdout_bytes == b""
    assert "text_b" in done.stderr


def test_a_page_without_a_figure_that_nobody_could_read(bundled: Comparator) -> None:
    found = bundled.compare("MLI_78_2023", "NZL_78_2023")
    assert "<svg" in as_html(found).decode()
    long = replace(found, b=found.b | {"positions": MOST_CLAIMS + 1})
    assert "<svg" not in as_html(long).decode()
    with pytest.raises(InvalidInput, match=f"at most {MOST_CLAIMS}"):
        figure(long)


def test_what_cannot_be_asked(runner: CliRunner, tmp_path: Path) -> None:
    output = tmp_path / "o.html"
    done = runner.invoke(main, ["compare", "MLI:1950", "NZL:2023", "--output", str(output)])
    assert done.exit_code == 1
    assert "MLI has no statement of 1950" in done.stderr
    assert runner.invoke(main, ["compare", "MLI:2023"]).exit_code == 2
    assert runner.invoke(main, ["compare", "a", "b", "--seed", "-1"]).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_all_is_the_matrix_of_statements(runner: CliRunner, tmp_path: Path) -> None:
    asking = ["--states", "MLI", "--states", "NZL", "--least", "2", "--no-intervals"]
    both = [
        runner.invoke(main, [*command, *asking, "--format", "json"], catch_exceptions=False)
        for command in (["compare", "--all"], ["matrix", "--unit", "statement"])
    ]
    assert [done.exit_code for done in both] == [0, 0]
    assert both[0].stdout == both[1].stdout
    found = json.loads(both[0].stdout)
    assert found["query"]["unit"] == "statement"
    assert {unit["state"] for unit in found["units"]} == {"MLI", "NZL"}
    assert any(cell["similarity"] is not None for cell in found["cells"])
    out = tmp_path / "out"
    done = runner.invoke(main, ["compare", "--all", *asking, "--out", str(out)])
    assert done.exit_code == 0, done.output
    described = json.loads((out / "datapackage.json").read_text())
    assert described["concord"]["study"] == "matrix"
    assert described["concord"]["parameters"]["unit"] == "statement"


def test_all_takes_no_statements_and_help_says_so(runner: CliRunner) -> None:
    assert runner.invoke(main, ["compare", "--all", "MLI:2023", "NZL:2023"]).exit_code == 2
    assert runner.invoke(main, ["compare"]).exit_code == 2
    told = " ".join(runner.invoke(main, ["compare", "--help"]).output.split())
    assert "--all" in told
    assert "`matrix --unit statement`" in told
    assert "--year" in runner.invoke(main, ["compare", "--all", "--help"]).output
