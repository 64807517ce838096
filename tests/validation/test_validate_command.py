"""`validate votes` as its users run it: invented speeches, the real encoder, files of votes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.comparison import Comparator
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.votes import early, late
from tests.conftest import Quiet, statement
from tests.votes.conftest import EARLY, LATE, table

HELD = (
    "We ask for an end to the embargo against Cuba.",
    "The blockade hurts the people of the island.",
    "Coercive measures taken by one side break the law.",
    "Poor countries need their debts forgiven.",
    "Trade must serve development in the South.",
)
DENIED = (
    "Pressure on the Cuban government stays until prisoners are free.",
    "Sanctions are a fair answer to repression.",
    "Elections must be free everywhere.",
    "Open markets create growth for everybody.",
    "Human rights defenders need our protection.",
)
SIDES = {"BRA": HELD, "CHN": HELD, "EGY": HELD, "IND": HELD, "CAN": DENIED, "ISR": DENIED,
         "JPN": DENIED, "USA": DENIED}  # fmt: skip
CODES = {"BRA": "BR", "CHN": "CN", "EGY": "EG", "IND": "IN", "CAN": "CA", "ISR": "IL", "JPN": "JP",
         "USA": "US"}  # fmt: skip
TITLE = "Lifting of the commercial and financial embargo imposed by a State"


@pytest.fixture(scope="module")
def indexes(bundled: Comparator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("debates")
    list(StatementStore(folder).put(
        statement(state, str(year), *said, forum=f"General Assembly, general debate, {year}")
        for state, said in SIDES.items()
        for year in (2000, 2001)
    ))  # fmt: skip
    Builder(folder, bundled.encoder, bundled.catalogue.topics.ids).build(Quiet())
    return folder


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("votes")
    numbers = range(1, 25)
    table(folder / early.ROLL_CALLS, EARLY, [
        [n, 55 + (n > 12), 0, f"{2000 + (n > 12)}-11-09", f"R/{55 + (n > 12)}/{n}", 0, 0, "CUBA",
         TITLE if n % 12 == 1 else "Rivers"]
        for n in numbers
    ])  # fmt: skip
    table(folder / early.VOTES, ("rcid", "country", "country_code", "vote"), [
        [n, state, CODES[state], "yes" if said is HELD else "no"]
        for n in numbers
        for state, said in SIDES.items()
    ])  # fmt: skip
    table(folder / early.ISSUES, ("rcid", "short_name", "issue"), [])
    table(folder / late.RESOLUTIONS, LATE, [])
    table(folder / late.VOTES, ("symbol", "ms_name", "vote", "iso3"), [])
    return folder


def run(indexes: Path, *arguments: str, code: int = 0) -> str:
    environment = {"CONCORD_INDEXES": str(indexes), "CONCORD_STANCE_MODEL": "none"}
    done = CliRunner(env=environment).invoke(main, [*arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_the_json_names_all_that_the_figures_rest_on(indexes: Path, votes: Path) -> None:
    said = run(indexes, "validate", "votes", "--votes", str(votes), "--draws", "99", "--format",
               "json")  # fmt: skip
    found = json.loads(said)
    assert found["sessions"] == [55, 56]
    assert found["roll_calls"] == {"read": 24, "mapped": 2}
    assert found["query"] == {"from": 55, "to": 56, "judge": False, "draws": 99, "seed": 0}
    assert found["stance_model"] is None
    cosine = {(row["issue"], row["measure"]): row for row in found["relations"]}
    assert cosine["D01", "cosine"]["auc"] == cosine[None, "tf-idf"]["auc"] == 1.0
    assert {row["measure"] for row in found["measures"]} >= {"cosine", "contrast", "wordfish"}


def test_the_table_says_what_is_informed(indexes: Path, votes: Path) -> None:
    said = run(indexes, "validate", "votes", "--votes", str(votes), "--draws", "0")
    assert "The United States embargo against Cuba must be lifted." in said
    assert "know how other states voted in earlier sessions" in said


def test_a_package_is_written_and_reproduced(indexes: Path, votes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(indexes, "validate", "votes", "--votes", str(votes), "--draws", "9", "--out", str(out))
    assert {"relations.csv", "measures.csv"} <= {path.name for path in out.iterdir()}
    said = run(indexes, "reproduce", str(out / "datapackage.json"))
    assert {line.split()[0] for line in said.splitlines()} == {"equal"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--from", "12"], "from: must be a session"), (["--draws", "-4"], "draws: must be a whole")],
)
def test_what_is_wrong_is_named(
    indexes: Path, votes: Path, arguments: list[str], said: str
) -> None:
    assert said in run(indexes, "validate", "votes", "--votes", str(votes), *arguments, code=1)


def test_a_folder_without_roll_calls_is_refused(indexes: Path, tmp_path: Path) -> None:
    assert "votes:" in run(indexes, "validate", "votes", "--votes", str(tmp_path), code=1)
