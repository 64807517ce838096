"""`clusters`, as its users run it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from service.cli import main
from service.comparison import Comparator

ASKED = ("clusters", "--least", "6", "--to", "2023", "--seed", "3")


@pytest.fixture
def runner(bundled: Comparator) -> CliRunner:
    return CliRunner(
        env={"CONCORD_INDEXES": str(bundled.settings.indexes), "CONCORD_STANCE_MODEL": "none"}
    )


@pytest.mark.slow
def test_every_format_says_the_same(bundled: Comparator, runner: CliRunner) -> None:
    found = bundled.clusters(to=2023, least=6, seed=3)
    told = json.loads(runner.invoke(main, [*ASKED, "--format", "json"]).output)
    assert told == json.loads(json.dumps(found.to_dict()))
    rows = list(
        csv.DictReader(io.StringIO(runner.invoke(main, [*ASKED, "--format", "csv"]).output))
    )
    assert [row["state"] for row in rows] == [state.state for state in found.states]
    table = runner.invoke(main, [*ASKED]).output
    assert "One group of all states is as good" in table
    assert "never agreement" in table
    assert all(one.bloc in table for one in found.blocs)
    assert all(one.typical[0].claim_id in table for one in found.clusters)
    uncorrected = runner.invoke(main, [*ASKED, "--uncorrected", "--clusters", "3"]).output
    assert uncorrected.startswith("3 clusters of ")


def test_too_few_states_are_said_to_be_too_few(runner: CliRunner) -> None:
    done = runner.invoke(main, ["clusters", "--states", "FRA", "--states", "CUB"])
    assert done.exit_code == 0
    assert done.output.startswith("Too few states")
    refused = runner.invoke(main, ["clusters", "--clusters", "1"])
    assert refused.exit_code == 1
    assert "number" in refused.output


@pytest.mark.slow
def test_a_package_has_tables_and_figures(
    bundled: Comparator, runner: CliRunner, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = runner.invoke(main, [*ASKED, "--out", str(out)])
    assert done.exit_code == 0, done.output
    found = bundled.clusters(to=2023, least=6, seed=3)
    assert len((out / "states.csv").read_text().splitlines()) == 1 + len(found.states)
    for name in ("heat-map", "dendrogram", "map"):
        assert (out / f"{name}.png").stat().st_size > 0
        words = {element.text for element in ET.parse(out / f"{name}.svg").iter()}
        shown = {s.state for s in found.placed} if name != "dendrogram" else set()
        assert shown <= words
        assert {state.name for state in found.placed} <= words
    again = runner.invoke(main, ["reproduce", str(out / "datapackage.json")])
    assert {line.split()[0] for line in again.output.splitlines()} == {"equal"}
