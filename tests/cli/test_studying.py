"""`--out` and `reproduce`, as their users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.comparison import Comparator
from service.studies.catalogue import STUDIES


@pytest.fixture
def runner(bundled: Comparator) -> CliRunner:
    return CliRunner(
        env={"CONCORD_INDEXES": str(bundled.settings.indexes), "CONCORD_STANCE_MODEL": "none"}
    )


def run(runner: CliRunner, *arguments: str, code: int = 0) -> Result:
    done = runner.invoke(main, [*arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize(
    ("asking", "table"),
    [
        (["agreement", "--topic", "palestine", "--exclude", "FRA"], "agreement"),
        (["trends", "--topic", "veto", "--from", "2015"], "trends"),
        (["trends", "The veto must go.", "--by", "bloc"], "trends"),
        (["profile", "Chile", "--to", "2019"], "topics"),
        (["cohesion", "EU", "--topic", "trade"], "topics"),
    ],
)
def test_what_is_written_is_reproduced(
    runner: CliRunner, tmp_path: Path, asking: list[str], table: str
) -> None:
    out = tmp_path / "out"
    said = run(runner, *asking, "--out", str(out), "--formats", "parquet, csv").output
    assert "datapackage.json" in said
    rows = pd.read_parquet(out / f"{table}.parquet")
    assert f"{table}: {len(rows):,} rows" in said
    assert len(pd.read_csv(out / f"{table}.csv")) == len(rows) > 0
    shown = run(runner, "reproduce", str(out / "datapackage.json")).output.splitlines()
    assert {line.split()[0] for line in shown} == {"equal"}
    assert {line.split()[1] for line in shown} == {path.name for path in out.iterdir()}


def test_the_exit_code_says_whether_all_files_are_equal(runner: CliRunner, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(runner, "trends", "--topic", "veto", "--out", str(out))
    described = json.loads((out / "datapackage.json").read_text())
    described["concord"]["versions"]["numpy"] = "1.0"
    text = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    (out / "datapackage.json").write_text(text)
    assert "numpy was 1.0" in run(runner, "reproduce", str(out)).stderr
    (out / "trends.csv").write_text("year\n2001\n")
    asking = ["reproduce", str(out), "--out", str(tmp_path / "again"), "--format", "json"]
    found = json.loads(run(runner, *asking, code=1).stdout)
    assert not found["equal"]
    assert {"file": "trends.csv", "outcome": "changed"} in found["files"]
    assert (tmp_path / "again" / "trends.csv").stat().st_size > 10
    described["concord"]["generation"]["id"] = "abc"
    (out / "datapackage.json").write_text(json.dumps(described))
    assert "generation abc" in run(runner, "reproduce", str(out), code=1).stderr


def test_wrong_usage(runner: CliRunner, tmp_path: Path) -> None:
    asking = ["trends", "--topic", "veto"]
    assert "go with --out" in run(runner, *asking, "--formats", "csv", code=2).stderr
    assert "go with --out" in run(runner, *asking, "--overwrite", code=2).stderr
    out = ["--out", str(tmp_path / "out")]
    assert "'xls' is none of" in run(runner, *asking, *out, "--formats", "csv,xls", code=2).stderr
    run(runner, *asking, *out)
    assert "--overwrite" in run(runner, *asking, *out, code=1).stderr
    run(runner, *asking, *out, "--overwrite")
    assert "topic" in run(runner, "trends", "--topic", "x y z", *out, "--overwrite", code=1).stderr
    assert (tmp_path / "out" / "trends.csv").is_file()


def test_every_study_has_a_command_that_writes_it() -> None:
    commands = main.commands | main.commands["validate"].commands
    for name in STUDIES:
        assert "out" in {parameter.name for parameter in commands[name].params}, name
