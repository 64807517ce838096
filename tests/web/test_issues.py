"""Issues over HTTP and on the command line: the same answers as the library's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.comparison import Comparator
from service.corpus.bundled import read_positions
from service.web.app import create_app
from tests.conftest import PROJECT
from tests.serving import served
from tests.web.test_api import call

DATA = PROJECT / "data"


@pytest.fixture(scope="module")
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    settings = bundled.settings.model_copy(update={"stance_model": stance_folder})
    return Comparator(settings)


@pytest.fixture(scope="module")
def address(judging: Comparator) -> Iterator[str]:
    with served(create_app(comparator=judging, bound_host="127.0.0.1")) as address:
        yield address


def test_all_issues_are_listed(address: str, judging: Comparator) -> None:
    status, _, body = call(f"{address}/v1/issues")
    assert status == 200
    assert [row["id"] for row in body["issues"]] == [issue.id for issue in judging.issues]
    assert list(body["issues"][0]) == ["id", "proposition", "contrary", "topics"]
    assert call(f"{address}/v1/issues?sort=id")[0] == 400


def test_an_issue_with_and_without_its_evidence(address: str, judging: Comparator) -> None:
    expected = judging.standings("D01", states=["CUB", "USA"])
    query = "states=CUB&states=USA"
    for path, evidence in (("", False), ("/states", True)):
        status, _, body = call(f"{address}/v1/issues/D01{path}?{query}")
        assert status == 200
        assert body == json.loads(
            json.dumps(expected.to_dict(judging.state_name, evidence=evidence))
        )
        assert all(("evidence" in row) is evidence for row in body["states"])


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("X999", 404, None),
        ("D01?states=Atlantis", 400, "states"),
        ("D01?from=soon", 400, "from"),
        ("D01/states?limit=3", 400, "limit"),
    ],
)
def test_refusals_name_the_field(address: str, path: str, status: int, field: str | None) -> None:
    found, kind, body = call(f"{address}/v1/issues/{path}")
    assert found == status
    assert "problem+json" in kind
    assert body.get("field") == field


def test_the_command_line_shows_sides_and_quotations(
    judging: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(judging.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", str(judging.settings.stance_model))
    state = next(p.state for p in read_positions(DATA) if (p.issue, p.stance) == ("D01", "favor"))
    asked = ["issue", "D01", "--states", state]
    (row,) = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).output)["states"]
    shown = CliRunner().invoke(main, asked).output
    assert f"{row['name']} ({state}), since {row['since']}" in shown
    assert row["evidence"][-1]["claim_id"] in shown
    assert judging.issues["D01"].proposition in " ".join(shown.split())
    assert CliRunner().invoke(main, ["issue", "X999"]).exit_code == 1
    assert "D01" in CliRunner().invoke(main, ["issues"]).output
