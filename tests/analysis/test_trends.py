"""Positions over the years, against counting the records themselves."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.trends import TREND_COLUMNS
from service.cli import main
from service.comparison import Comparator
from service.domain.standing import Side, Standing
from service.errors import InvalidInput, NotFound
from service.retrieval.library import ClaimRecord
from tests.analysis.brute import blocs_of, filters, on_point, passes, records

VETO = "The veto in the Security Council must be abolished."


@pytest.fixture
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


def span(comparator: Comparator, asked: dict[str, Any]) -> range:
    years = [record.statement.date.year for record in records(comparator)]
    first = max(min(years), asked.get("from", 0))
    return range(first, min(max(years), asked.get("to", 9999)) + 1)


@settings(max_examples=25, deadline=None)
@given(
    subject=st.sampled_from([{"topic": "palestine"}, {"topic": "veto"}, {"text": VETO}]),
    by=st.sampled_from([None, "state", "bloc"]),
    asked=filters("states", "exclude", "blocs", "period"),
)
def test_years_count_what_is_on_the_subject(
    bundled: Comparator, subject: dict[str, str], by: str | None, asked: dict[str, Any]
) -> None:
    found = bundled.trends(**subject, by=by, **asked)
    within = [r for r in records(bundled) if passes(bundled, r, asked)]
    if "topic" in subject:
        about = {r.row for r in within if subject["topic"] in r.claim.topics}
    else:
        about = on_point(bundled, [VETO])

    def groups(record: ClaimRecord) -> list[str | None]:
        if by is None:
            return [None]
        return [record.statement.state] if by == "state" else [*blocs_of(bundled, record)]

    years = span(bundled, asked)
    named = {*asked.get("states", ())} - {*asked.get("exclude", ())} if by == "state" else set()
    if by == "bloc":
        named = {*asked.get("blocs", ())}
    seen = {group for r in within if r.row in about and r.statement.date.year in years
            for group in groups(r)}  # fmt: skip
    if by == "bloc" and "blocs" in asked:
        seen &= named
    expected = ({None} if by is None else seen | named) if len(years) else set()
    assert {row.group for row in found.rows} == expected
    assert [(r.group, r.year) for r in found.rows if by != "bloc"] == [
        (group, year) for group in sorted(expected, key=str) for year in years if by != "bloc"
    ]
    assert len(found.rows) == len(expected) * len(years)
    by_place: dict[tuple[str | None, int], list[ClaimRecord]] = defaultdict(list)
    for record in within:
        for group in groups(record):
            by_place[group, record.statement.date.year].append(record)
    for row in found.rows:
        mine = by_place[row.group, row.year]
        on = [r for r in mine if r.row in about]
        assert (row.positions, row.of) == (len(on), len(mine))
        assert row.states == len({r.statement.state for r in on})
        assert row.share == (round(len(on) / len(mine), 6) if mine else None)
        assert row.sides is None


def test_empty_years_are_kept(bundled: Comparator) -> None:
    found = bundled.trends(topic="veto", states=["FRA"], **{"from": 1900, "to": 9999})
    assert [row.year for row in found.rows] == list(span(bundled, {}))
    nothing = [row for row in found.rows if row.of == 0]
    assert nothing
    assert {(row.positions, row.share, row.states) for row in nothing} == {(0, None, 0)}
    assert any(row.of and row.share == 0 for row in found.rows)
    assert bundled.trends(topic="veto", **{"from": 2100}).rows == ()


def test_a_text_counts_as_the_facets_of_a_search_do(bundled: Comparator) -> None:
    years = {c.value: c.count for c in bundled.facets(VETO).year}
    rows = bundled.trends(text=VETO).rows
    assert {str(row.year): row.positions for row in rows if row.positions} == years


def stood(standing: Standing, year: int) -> Side:
    """Read off the evidence: the run that a year lies in."""
    if not any(int(e.date[:4]) <= year for e in standing.evidence):
        return Side.SILENT
    later = [c for c in standing.changes if int(c.date[:4]) > year]
    return later[0].before if later else standing.side


@pytest.mark.parametrize("issue", ["D01", "D10"])
@pytest.mark.parametrize("asked", [{}, {"from": 1995, "exclude": ["CUB"]}, {"blocs": ["g77"]}])
def test_sides_are_those_of_each_years_end(
    judging: Comparator, issue: str, asked: dict[str, Any]
) -> None:
    always = {name: value for name, value in asked.items() if name != "from"}
    states = {s.state: s.standing for s in judging.standings(issue, **always).states}
    since: dict[str, int] = {}
    for record in records(judging):
        if passes(judging, record, always):
            year = record.statement.date.year
            since[record.statement.state] = min(since.get(record.statement.state, year), year)
    until = {s.code: int(s.until[:4]) if s.until else 9999 for s in judging.catalogue.states}
    found = judging.trends(issue=issue, **asked)
    assert found.stance_model == judging.stance_model.name
    for row in found.rows:
        there = [s for s in states if since[s] <= row.year <= until[s]]
        sides = [stood(states[state], row.year) for state in there]
        assert row.sides == {side: sides.count(side) for side in Side}
    last = found.rows[-1].sides
    assert last is not None
    assert sum(last.values()) > last[Side.SILENT]
    ended = [s for s in states if until[s] < found.rows[-1].year]
    counts = judging.standings(issue, **always).counts()
    assert sum(last.values()) == sum(counts.values()) - len(ended)


def test_sides_by_state_and_by_bloc_add_up(judging: Comparator) -> None:
    alone = {row.year: row.sides for row in judging.trends(issue="D01").rows}
    by_state = judging.trends(issue="D01", by="state").rows
    for year, sides in alone.items():
        mine = [row.sides for row in by_state if row.year == year]
        assert sides is not None
        for side in (Side.FOR, Side.AGAINST, Side.RESERVATIONS):
            assert sum(one[side] for one in mine if one) == sides[side]
    standings = {s.state: s.standing for s in judging.standings("D01").states}
    bloc = judging.catalogue.blocs.get("g77")
    assert bloc is not None
    mine = [row for row in judging.trends(issue="D01", by="bloc").rows if row.group == "g77"]
    assert [row.year for row in mine] == list(alone)
    assert any(row.sides and row.sides[Side.FOR] > 1 for row in mine)
    for row in mine:
        members = bloc.members(date(row.year, 12, 31))
        sides = [stood(standings[s], row.year) for s in standings if s in members]
        assert row.sides is not None
        assert row.sides[Side.FOR] == sides.count(Side.FOR)
        assert row.sides[Side.AGAINST] == sides.count(Side.AGAINST)


def test_without_a_stance_model_an_issue_has_no_sides(bundled: Comparator) -> None:
    found = bundled.trends(issue="D01")
    assert found.stance_model is None
    assert sum(row.positions for row in found.rows) > 0
    assert {row.sides for row in found.rows} == {None}


def test_as_dictionary_and_as_rows(judging: Comparator) -> None:
    found = judging.trends(issue="D01", by="state", states=["CUB", "USA"], **{"from": 2010})
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["query"]["by"] == "state"
    assert (plain["query"]["issue"], plain["query"]["text"]) == ("D01", None)
    rows = found.as_rows()
    assert {tuple(row) for row in rows} == {TREND_COLUMNS}
    for row, whole in zip(rows, plain["rows"], strict=True):
        assert {side: row[side] for side in whole.pop("sides")} == {s: row[str(s)] for s in Side}
        assert whole == {name: row[name] for name in whole}
    flat = judging.trends(topic="veto").as_rows()
    assert {row["for"] for row in flat} == {None}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "topic"), ({"topic": "veto", "text": "x"}, "text"), ({"topic": "Atlantis"}, "topic"),
        ({"text": "?!"}, "text"), ({"topic": "veto", "by": "planet"}, "by"),
        ({"topic": "veto", "mode": "dense"}, "mode"),
        ({"topic": "veto", "blocs": ["g99"]}, "blocs"),
        ({"topic": "veto", "from": 2010, "to": 2001}, "to"),
    ],
)  # fmt: skip
def test_refusals_name_the_field(bundled: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.trends(**asked)
    assert refused.value.field == field
    with pytest.raises(NotFound, match="X999"):
        bundled.trends(issue="X999")


def test_the_command_line_says_the_same(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(bundled.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    expected = bundled.trends(text=VETO, by="bloc", blocs=["eu", "g77"], **{"from": 2000})
    asked = ["trends", VETO, "--by", "bloc", "--blocs", "eu", "--blocs", "g77", "--from", "2000"]
    found = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).output)
    assert found == json.loads(json.dumps(expected.to_dict()))
    listed = csv.DictReader(
        io.StringIO(CliRunner().invoke(main, [*asked, "--format", "csv"]).output)
    )
    assert tuple(listed.fieldnames or ()) == TREND_COLUMNS
    assert [(r["group"], int(r["year"]), int(r["positions"])) for r in listed] == [
        (row.group, row.year, row.positions) for row in expected.rows
    ]
    table = CliRunner().invoke(main, asked).output.splitlines()
    assert table[0].split() == list(TREND_COLUMNS[:-4])
    assert len(table) == len(expected.rows) + 1
    assert CliRunner().invoke(main, ["trends"]).exit_code == 1
