"""`scale` from the command line, against what Python gives."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.analysis.scaled import UNITS, ScaleName
from service.cli import main
from service.comparison import Comparator
from tests.analysis.schooling import BRIEF, TOPIC, Debate, all_near, comparator
from tests.figures.parsed import classes, read


@pytest.fixture
def schools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparator:
    found = comparator(tmp_path / "indexes", Debate(), None)
    all_near(monkeypatch)
    monkeypatch.setenv("CONCORD_INDEXES", str(found.settings.indexes))
    monkeypatch.setenv("CONCORD_ISSUES", str(found.settings.issues))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    return found


def run(*asked: str) -> Result:
    return CliRunner().invoke(main, ["scale", *asked])


@pytest.mark.slow
def test_the_command_line_says_the_same(schools: Comparator, tmp_path: Path) -> None:
    references = {"BEL": -2.0, "QAT": 2.0, "JOR": 0.5}
    expected = schools.scale(
        topic=TOPIC, anchor_low="BEL", anchor_high="QAT", reference=references, exclude=["PER"]
    )
    asked = ["--topic", TOPIC, "--exclude", "PER"]
    asked += ["--anchor-low", "Belgium", "--anchor-high", "QAT"]
    for unit, place in references.items():
        asked += ["--reference", f"{unit}={place}"]
    found = json.loads(run(*asked, "--format", "json").output)
    assert found == json.loads(json.dumps(expected.to_dict()))
    rows = list(csv.DictReader(io.StringIO(run(*asked, "--format", "csv").output)))
    assert list(rows[0]) == [column.name for column in UNITS]
    assert [row["unit"] for row in rows] == [unit.unit for unit in expected.units]
    lines = run(*asked).output.splitlines()
    assert lines[0].split()[0] == "unit"
    listed = [line.split()[0] for line in lines[1 : len(expected.units) + 1]]
    placed = [unit for unit in expected.units if ScaleName.SIMILARITY in unit.scores]
    placed.sort(key=lambda unit: -unit.scores[ScaleName.SIMILARITY].score)
    assert listed == [*[unit.unit for unit in placed], BRIEF]
    assert "Low end: BEL; high end: QAT." in lines[-2]
    assert lines[-1].startswith("Without stances: ")

    folder = tmp_path / "package"
    done = run(*asked, "--out", str(folder))
    assert done.exit_code == 0, done.output
    with (folder / "units.csv").open(newline="") as file:
        assert [row["unit"] for row in csv.DictReader(file)] == [row["unit"] for row in rows]
    for name in ("similarity", "wordscores", "wordfish"):
        root = read((folder / f"{name}.svg").read_text())
        assert classes(root)["dot-1"] == len(placed)
    assert not (folder / "stance.svg").exists()
    again = CliRunner().invoke(main, ["reproduce", str(folder / "datapackage.json")])
    assert again.exit_code == 0, again.output


def test_wrong_usage(schools: Comparator) -> None:
    assert run("--topic", TOPIC, "--reference", "BEL").exit_code == 2
    assert "isn't UNIT=NUMBER" in run("--topic", TOPIC, "--reference", "BEL=x").output
    refused = run("--topic", TOPIC, "--by", "bloc")
    assert refused.exit_code == 1
    assert "state, statement" in refused.output
    assert run().exit_code == 1
