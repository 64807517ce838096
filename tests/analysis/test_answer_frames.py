"""Answers, changes, drafts, facets and standings as frames, against what they hold as JSON."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pandas as pd
import pytest

from service.analysis.overview import Overview
from service.analysis.profile import Speaker
from service.analysis.tabular import Tabular, Type
from service.analysis.tallies import Tally
from service.comparison import Comparator
from service.domain.corrections import Correction
from service.domain.questions import Question
from service.domain.statements import Statement
from service.retrieval.library import ClaimRecord

VETO = "The veto in the Security Council must be abolished."
DEBT = "The external debt of poor countries must be cancelled."


@pytest.fixture
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


def cells(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows with None where nothing is known."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def check_columns(found: Tabular) -> None:
    for table in found.tables():
        frame = found.to_frame(table.name)
        assert list(frame) == [column.name for column in table.columns]
        assert len(set(frame)) == len(table.columns)
        for column in table.columns:
            assert column.description.endswith("."), column
            assert column.type in Type


@pytest.mark.parametrize("group_by", ["state", "statement", "none"])
def test_an_answer_has_a_row_a_hit(judging: Comparator, group_by: str) -> None:
    found = judging.search(VETO, group_by=group_by, limit=7, per_state=2)
    check_columns(found)
    plain, rows = found.to_dict(), cells(found.to_frame())
    groups = plain["results"]
    hits = groups if group_by == "none" else [hit for group in groups for hit in group["hits"]]
    assert [row["claim_id"] for row in rows] == [hit["claim_id"] for hit in hits]
    for row, hit in zip(rows, hits, strict=True):
        for name in ("text", "similarity", "percentile", "stance", "start", "rendered", "asked"):
            assert row[name] == hit[name], name
        assert row["topics"] == "; ".join(hit["topics"])
        if hit["probabilities"] is None:
            assert row["probability"] is None
        else:
            assert row["probability"] == hit["probabilities"][hit["stance"]]
        assert row["corrected"] is False
    if group_by == "none":
        assert {(row["name"], row["count"]) for row in rows} == {(None, None)}
    else:
        named = {(group["state"], group["name"], group["count"]) for group in groups}
        assert {(row["state"], row["name"], row["count"]) for row in rows} == named
    assert not len(found.to_frame("parts"))


def test_parts_have_rows_of_their_own(bundled: Comparator) -> None:
    found = bundled.search(f"{VETO} {DEBT}", limit=3)
    parts = found.to_frame("parts")
    for number, part in enumerate(found.to_dict()["parts"]):
        own = parts[parts["asked"] == number]
        expected = [hit["claim_id"] for group in part["results"] for hit in group["hits"]]
        assert list(own["claim_id"]) == expected
    assert set(parts["asked"]) == {0, 1}
    for name in ("stance", "probability", "corrected"):
        assert parts[name].isna().all()


def test_facets_as_a_frame(bundled: Comparator) -> None:
    found = bundled.facets(VETO)
    check_columns(found)
    assert cells(found.to_frame()) == found.as_rows()


def test_changes_as_a_frame(judging: Comparator) -> None:
    both = {record.statement.id for record in judging.latest(topic="peacekeeping", most=400)}
    states = pd.Series({one: one.split("_")[0] for one in sorted(both)})
    state = states.value_counts().index[0]
    later, earlier = sorted(states[states == state].index)[-2:][::-1]
    found = judging.changes(later, earlier)
    check_columns(found)
    rows = cells(found.to_frame())
    assert len(rows) == len(found.changes) > 0
    for row, position in zip(rows, found.to_dict()["changes"], strict=True):
        assert row["topics"] == "; ".join(position["topics"])
        for name in ("change", "text", "counterpart", "similarity", "same_point", "nearest_id"):
            assert row[name] == position[name]
        sure = position["probabilities"] and position["probabilities"][position["stance"]]
        assert row["probability"] == sure


def test_a_draft_is_read_once_as_a_frame_or_one_by_one(judging: Comparator) -> None:
    text = f"{VETO} {DEBT}"
    frame = judging.check_draft(text, we="FRA").to_frame()
    claims = list(judging.check_draft(text, we="FRA"))
    assert len(frame) == len(claims) == 2
    for row, claim in zip(cells(frame), claims, strict=True):
        plain = claim.to_dict()
        for stance, count in plain["counts"].items():
            assert row[stance] == count
        assert row["ally"] == (plain["ally"] and plain["ally"]["state"])
        assert row["opponent_claim_id"] == (plain["opponent"] and plain["opponent"]["claim_id"])
        assert row["said_before"] == "; ".join(q["claim_id"] for q in plain["said_before"])
        assert text[row["start"] : row["end"]] == row["text"] == plain["text"]
    begun = judging.check_draft(text)
    assert next(begun).number == 0
    assert list(begun.to_frame()["number"]) == [1]
    assert judging.check_draft(text).to_frame()["said_before"].isna().all()


def test_standings_are_three_frames(judging: Comparator) -> None:
    found = judging.standings("D01")
    check_columns(found)
    plain = found.to_dict(judging.state_name, evidence=True)
    states, evidence = found.to_frame(), found.to_frame("evidence")
    assert states["side"].value_counts().to_dict() == {s: n for s, n in found.counts().items() if n}
    assert list(states["state"]) == [row["state"] for row in plain["states"]]
    for row, expected in zip(cells(states), plain["states"], strict=True):
        own = cells(evidence[evidence["state"] == row["state"]])
        assert [{k: v for k, v in e.items() if k != "state"} for e in own] == [
            {**e, "side": str(e["side"]), "basis": str(e["basis"])} for e in expected["evidence"]
        ]
        assert row["claims"] == len(own)
        assert row["changes"] == len(expected["changes"])
        assert row["since"] == expected["since"]
    assert len(found.to_frame("changes")) == sum(len(row["changes"]) for row in plain["states"])


def test_a_topic_is_five_frames(judging: Comparator) -> None:
    for issue in ("D10", "D20"):
        judging.standings(issue)
    found = judging.topic("palestine")
    check_columns(found)
    plain = found.to_dict()
    for name, key in (("states", "state"), ("blocs", "bloc")):
        rows = cells(found.to_frame(name))
        assert [{"id": row.pop(key), **row} for row in rows] == plain[name]
    assert cells(found.to_frame("years")) == plain["years"]
    pairs = cells(found.to_frame("pairs"))
    for name in ("nearest", "divided"):
        own = [
            {k: v for k, v in row.items() if k != "list"} for row in pairs if row["list"] == name
        ]
        assert own == plain[name]
    for row, issue in zip(cells(found.to_frame("issues")), plain["issues"], strict=True):
        counts = {side: row[side] for side in ("for", "against", "reservations")}
        assert counts == (issue["counts"] or dict.fromkeys(counts))
        assert row["proposition"] == issue["proposition"]
    assert any(issue["counts"] for issue in plain["issues"])


# What isn't a result of many figures: what is asked, one record, or what another method tabulates.
NO_TABLE = {Question, Statement, ClaimRecord, Correction, Speaker, Overview, Tally}


def test_every_result_is_a_frame() -> None:
    tabular = set()
    for name, method in inspect.getmembers(Comparator, inspect.isfunction):
        if name.startswith("_") or not method.__module__.startswith("service.comparison"):
            continue
        given = get_type_hints(method)["return"]
        for one in (given, *get_args(given)):
            if inspect.isclass(one) and (is_dataclass(one) or issubclass(one, Tabular)):
                assert issubclass(one, Tabular) != (one in NO_TABLE), f"{name}: {one}"
                if issubclass(one, Tabular) and get_origin(given) is None:
                    tabular.add(name)
    assert {"search", "standings", "compare", "changes", "matrix", "facets"} <= tabular
