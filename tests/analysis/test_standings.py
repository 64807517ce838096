"""Issues over a real index of the bundled positions, judged by the tests' tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.analysis.annotations import read_annotations
from service.catalogue import load_issues, read_issue
from service.comparison import Comparator
from service.corpus.bundled import read_positions
from service.domain.standing import Basis, Side
from service.errors import CatalogueError, InvalidInput, NotFound
from tests.conftest import PROJECT

DATA = PROJECT / "data"


@pytest.fixture
def asking(bundled: Comparator, stance_folder: Path, tmp_path: Path) -> Comparator:
    """With the tiny model, and a folder for issues of one's own."""
    changed = {"stance_model": stance_folder, "issues": tmp_path / "issues"}
    return Comparator(bundled.settings.model_copy(update=changed))


def on(comparator: Comparator, issue: str, **filters: Any) -> dict[str, Any]:
    return comparator.standings(issue, **filters).to_dict(comparator.state_name, evidence=True)


def test_annotated_positions_decide_where_their_states_stand(asking: Comparator) -> None:
    labelled = [p for p in read_positions(DATA) if p.issue == "D01" and p.stance == "favor"]
    assert labelled
    rows = {row["state"]: row for row in on(asking, "D01")["states"]}
    for position in labelled:
        quoted = {e["claim_id"]: e for e in rows[position.state]["evidence"]}
        piece = quoted[f"{position.document}:{position.start}-{position.end}"]
        assert (piece["side"], piece["basis"], piece["probability"]) == ("for", "annotated", None)
        assert piece["text"] == position.text


def test_every_state_is_on_one_side_and_counted(asking: Comparator) -> None:
    found = on(asking, "D01")
    codes = [row["state"] for row in found["states"]]
    assert codes == sorted(set(codes))
    assert set(codes) == set(asking.generation.columns.states)
    for side in Side:
        assert found["counts"][side] == sum(row["side"] == side for row in found["states"])
    for row in found["states"]:
        dates = [e["date"] for e in row["evidence"]]
        assert dates == sorted(dates)
        assert (row["since"] is None) == (row["side"] == "silent") == (not row["evidence"])
        assert {e["basis"] for e in row["evidence"]} <= set(map(str, Basis))


def test_filters_narrow_who_and_when(asking: Comparator) -> None:
    found = on(asking, "D01", states=["CUB", "FRA"], **{"from": 2010})
    assert {row["state"] for row in found["states"]} <= {"CUB", "FRA"}
    assert all(e["date"] >= "2010" for row in found["states"] for e in row["evidence"])
    with pytest.raises(InvalidInput, match="no such parameter"):
        asking.standings("D01", sort="recent")
    with pytest.raises(NotFound, match="no such issue: X999"):
        asking.standings("X999")


@pytest.mark.parametrize("asked", [{"states": ["CUB", "FRA", "USA"]}, {"exclude": ["CUB"]}])
def test_what_is_found_of_a_state_is_the_same_whoever_else_is_asked_for(
    asking: Comparator, asked: dict[str, Any]
) -> None:
    everybody = {row["state"]: row for row in on(asking, "D01")["states"]}
    some = on(asking, "D01", most=0, **asked)["states"]
    assert some
    assert some == [everybody[row["state"]] for row in some]
    assert any(row["evidence"] for row in some)


def test_the_same_question_is_judged_once(asking: Comparator) -> None:
    first = json.dumps(on(asking, "D02"))
    again = Comparator(asking.settings)
    judged: list[int] = []
    judge = again.stance_model.judge
    again.stance_model.judge = lambda pairs: judged.append(len(pairs)) or judge(pairs)  # type: ignore[method-assign,func-returns-value]
    assert json.dumps(on(again, "D02")) == first
    assert not judged


def test_an_issue_of_ones_own_is_answered_like_the_others(
    asking: Comparator, tmp_path: Path
) -> None:
    (tmp_path / "issues").mkdir()
    claim = next(p for p in read_positions(DATA) if p.state == "FRA")
    said = f"{claim.document}:{claim.start}-{claim.end}"
    (tmp_path / "issues" / "moon.yaml").write_text(
        "proposition: Nobody may own land on the Moon.\n"
        "contrary: States may claim land on the Moon.\n"
        "topics: [outer-space]\n"
        "examples:\n"
        "- {side: for, text: The Moon belongs to everybody.}\n"
        f"- {{side: against, claim: '{said}'}}\n",
        "utf-8",
    )
    rows = {row["state"]: row for row in on(asking, "moon")["states"]}
    (piece,) = [e for e in rows["FRA"]["evidence"] if e["claim_id"] == said]
    assert (piece["side"], piece["basis"]) == ("against", "annotated")
    assert "The Moon belongs to everybody." in asking.issues["moon"].said(Side.FOR)
    assert len(asking.issues) == len(load_issues(DATA)) + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "names with values"),
        ("proposition: P.\n", "contrary"),
        ("proposition: P.\ncontrary: ''\n", "no text"),
        ("proposition: P.\ncontrary: C.\nwording: W.\n", "wording"),
        ("proposition: P.\ncontrary: C.\nexamples: [{text: T.}]\n", "side"),
        ("proposition: P.\ncontrary: C.\nexamples: [{side: both, text: T.}]\n", "both"),
        ("proposition: P.\ncontrary: C.\nexamples: [{side: for}]\n", "example 1"),
        ("proposition: P.\ncontrary: C.\nparaphrases: Q.\n", "must be a list"),
        ("proposition: [P.\n", "can't be read"),
    ],
)
def test_a_bad_issue_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(CatalogueError, match=message) as refused:
        read_issue(path)
    assert "mine.yaml" in str(refused.value)


def test_an_own_issue_may_not_take_a_bundled_id(tmp_path: Path) -> None:
    (tmp_path / "D01.yaml").write_text("proposition: P.\ncontrary: C.\n", "utf-8")
    with pytest.raises(CatalogueError, match="D01"):
        load_issues(DATA, tmp_path)


def test_every_annotation_is_on_an_issue_that_there_is() -> None:
    issues = load_issues(DATA)
    found = read_annotations(DATA)
    assert set(found) <= {issue.id for issue in issues}
    assert len(found) >= 100
    assert {a.side for labels in found.values() for a in labels} == set(Side)
