"""`drift`, `moves`, `convergence` and `cohesion-years`, as their users run them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from service.analysis.cohesion_years import COHESION_YEAR_COLUMNS
from service.analysis.convergence import CONVERGENCE_COLUMNS
from service.analysis.drift import DRIFT_COLUMNS
from service.analysis.moves import SERIES_COLUMNS
from service.analysis.tabular import Column
from service.cli import main
from service.comparison import Comparator

COMMANDS = {
    "drift": (["--topic", "palestine"], DRIFT_COLUMNS),
    "moves": (["--topic", "palestine"], SERIES_COLUMNS),
    "convergence": (["CUB", "France"], CONVERGENCE_COLUMNS),
    "cohesion-years": (["g77", "--from", "1990"], COHESION_YEAR_COLUMNS),
}


@pytest.fixture
def runner(bundled: Comparator) -> CliRunner:
    return CliRunner(
        env={"CONCORD_INDEXES": str(bundled.settings.indexes), "CONCORD_STANCE_MODEL": "none"}
    )


def asked(runner: CliRunner, *arguments: str) -> str:
    done = runner.invoke(main, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_csv_and_json_say_what_python_does(
    runner: CliRunner, bundled: Comparator, command: str
) -> None:
    arguments, columns = COMMANDS[command]
    found = {
        "drift": lambda: bundled.drift(topic="palestine"),
        "moves": lambda: bundled.moves(topic="palestine"),
        "convergence": lambda: bundled.convergence("CUB", "FRA"),
        "cohesion-years": lambda: bundled.cohesion_years("g77", **{"from": 1990}),
    }[command]()
    plain = json.loads(asked(runner, command, *arguments, "--format", "json"))
    assert plain == json.loads(json.dumps(found.to_dict()))
    rows = list(csv.reader(io.StringIO(asked(runner, command, *arguments, "--format", "csv"))))
    assert rows[0] == [column.name for column in columns]
    main_table = list(found.tables()[0].rows)
    assert len(rows) == len(main_table) + 1
    for written, row in zip(rows[1:], main_table, strict=True):
        assert written == [_cell(row, column) for column in columns]


def _cell(row: dict[str, object], column: Column) -> str:
    value = row[column.name]
    return "" if value is None else str(value)


def test_a_small_index_says_that_it_tells_little(runner: CliRunner) -> None:
    """A state of the bundled index has a position or two a year."""
    drift = asked(runner, "drift", "--topic", "palestine")
    assert "0 have a drift of wording and 0 one of stance; the others have too little" in drift
    moves = asked(runner, "moves", "--topic", "palestine")
    assert "0 of 0 series moved; " in moves
    assert " more have too few years to tell." in moves
    convergence = asked(runner, "convergence", "FRA", "CUB", "--from", "2010", "--to", "2015")
    assert "0 of 5 years have enough positions of both." in convergence
    assert "0 of 184 issues are judged so far (--judge-all judges the others)." in convergence
    cohesion = asked(runner, "cohesion-years", "eu", "--from", "2015")
    assert "European Union: 1 of 9 years have enough members and outsiders" in cohesion
    for told in (drift, moves, convergence, cohesion):
        assert "never agreement" in told
        assert " 0.0 " not in told


def test_figures_are_written_by_the_files_ending(runner: CliRunner, tmp_path: Path) -> None:
    drawing = ["cohesion-years", "g77", "--figure"]
    asked(runner, *drawing, str(tmp_path / "unity.svg"))
    root = ElementTree.parse(tmp_path / "unity.svg").getroot()
    assert "band-1" in {element.get("class") for element in root.iter()}
    assert "Group of 77" in {element.text for element in root.iter()}
    asked(runner, *drawing, str(tmp_path / "unity.png"))
    assert (tmp_path / "unity.png").read_bytes().startswith(b"\x89PNG")
    refused = runner.invoke(main, [*drawing, str(tmp_path / "unity.gif")])
    assert refused.exit_code == 2
    assert ".svg, .png" in refused.output
    many = runner.invoke(main, ["drift", "--topic", "veto", "--figure", str(tmp_path / "d.svg")])
    assert many.exit_code == 1
    assert "figure: there is nothing to draw" in many.output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_package_is_written_and_made_again(
    runner: CliRunner, tmp_path: Path, command: str
) -> None:
    arguments, columns = COMMANDS[command]
    told = asked(runner, command, *arguments, "--out", str(tmp_path / "made"))
    assert f"written to {tmp_path / 'made'}" in told
    described = json.loads((tmp_path / "made" / "datapackage.json").read_text("utf-8"))
    first = described["resources"][0]
    assert [field["name"] for field in first["schema"]["fields"]] == [c.name for c in columns]
    again = asked(runner, "reproduce", str(tmp_path / "made" / "datapackage.json"))
    assert "equal" in again


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["drift"], 1, "topic: is missing"),
        (["drift", "--topic", "veto", "--before", "0"], 2, "before"),
        (["convergence", "FRA", "France"], 1, "b: is France too"),
        (["convergence", "FRA"], 2, "Missing argument"),
        (["cohesion-years", "Atlantis"], 1, "no such bloc: Atlantis"),
        (["moves", "--topic", "veto", "--by", "planet"], 1, "by: 'planet'"),
    ],
)
def test_refusals(runner: CliRunner, arguments: list[str], code: int, told: str) -> None:
    done = runner.invoke(main, arguments)
    assert done.exit_code == code
    assert told in done.output
