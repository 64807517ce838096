"""Facets from the columns, against counting the records themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.facets import FACET_COLUMNS, FACETS, Facets
from service.comparison import Comparator
from service.domain.answers import Group
from service.errors import InvalidInput
from service.retrieval.library import Library
from tests.analysis.brute import blocs_of, filters, on_point, passes, records

CUBA = "The United States embargo against Cuba must be lifted."
TEXTS = (
    CUBA,
    "Sanctions decided by the Security Council must be carried out by every State.",
    "The veto in the Security Council must be abolished.",
)


@pytest.fixture
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


def counts(found: Facets, facet: str) -> dict[str, int]:
    return {count.value: count.count for count in getattr(found, facet)}


@settings(max_examples=25, deadline=None)
@given(
    text=st.sampled_from(TEXTS),
    asked=filters("states", "exclude", "blocs", "topics", "kind", "period"),
)
def test_facets_count_what_is_on_the_point(
    bundled: Comparator, text: str, asked: dict[str, Any]
) -> None:
    found = bundled.facets(text, **asked)
    near = on_point(bundled, [text])
    expected = [r for r in records(bundled) if r.row in near and passes(bundled, r, asked)]
    assert found.total == len(expected)
    assert counts(found, "state") == Counter(r.statement.state for r in expected)
    assert counts(found, "year") == Counter(str(r.statement.date.year) for r in expected)
    assert counts(found, "topic") == Counter(t for r in expected for t in r.claim.topics)
    assert counts(found, "bloc") == Counter(b for r in expected for b in blocs_of(bundled, r))
    assert found.stance is None
    for facet in ("state", "bloc", "topic"):
        shown = [(-c.count, c.value) for c in getattr(found, facet)]
        assert shown == sorted(shown)


def test_states_count_as_the_rows_of_a_search_do(bundled: Comparator) -> None:
    found = bundled.facets(CUBA)
    by_state = counts(found, "state")
    assert found.total == sum(by_state.values()) > 3
    for group in bundled.search(CUBA, limit=1000).results:
        assert isinstance(group, Group)
        shown = sum(1 + hit.folded for hit in group.hits)
        assert group.count == max(by_state.get(group.state, 0), shown)


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_other_modes_keep_to_the_filters(bundled: Comparator, mode: str) -> None:
    found = bundled.facets(CUBA, mode=mode, exclude=["CUB"], **{"from": 2000})
    assert found.total > 0
    assert "CUB" not in counts(found, "state")
    assert min(counts(found, "year")) >= "2000"


def test_without_stances_no_text_is_read(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(Library, "records", lambda self, rows: read.append(rows))
    assert bundled.facets(CUBA).total > 0
    assert not read


@pytest.mark.parametrize("asked", [{}, {"group_by": "none"}, {"stance": ["unclear"]}])
def test_stances_are_those_of_the_hits_that_are_shown(
    judging: Comparator, asked: dict[str, Any]
) -> None:
    answer = judging.search(CUBA, limit=7, **asked)
    hits = [hit for r in answer.results for hit in (r.hits if isinstance(r, Group) else (r,))]
    found = judging.facets(CUBA, limit=7, **asked)
    assert found.stance is not None
    assert [count.value for count in found.stance] == ["aligned", "partial", "opposed", "unclear"]
    assert counts(found, "stance") == {
        stance: sum(hit.stance == stance for hit in hits) for stance in counts(found, "stance")
    }
    assert found.judged == len(hits) > 0
    assert found.stance_model == judging.stance_model.name
    off = judging.facets(CUBA, limit=7, stance="off")
    assert (off.stance, off.judged, off.stance_model) == (None, 0, None)
    assert off.state == found.state


def test_a_paragraph_counts_a_claim_once(bundled: Comparator) -> None:
    both = bundled.facets(f"{TEXTS[0]} {TEXTS[1]}")
    assert len(both.query["parts"]) == 2
    near = on_point(bundled, TEXTS[:2])
    assert both.total == sum(r.row in near and passes(bundled, r, {}) for r in records(bundled))


def test_as_dictionary_and_as_rows(judging: Comparator) -> None:
    found = judging.facets(CUBA, limit=2)
    plain = found.to_dict()
    assert tuple(plain["facets"]) == FACETS
    assert not set(FACETS) & set(plain)
    assert plain["query"]["text"] == CUBA
    rows = found.as_rows()
    names = tuple(column.name for column in FACET_COLUMNS)
    assert {tuple(row) for row in rows} == {names}
    for facet in FACETS:
        mine = [row for row in rows if row["facet"] == facet]
        without = [{name: row[name] for name in names[1:]} for row in mine]
        assert without == list(plain["facets"][facet])
    assert rows[0]["name"] == judging.state_name(rows[0]["value"])


def test_a_wrong_filter_is_named(bundled: Comparator) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.facets(CUBA, colour="red")
    assert refused.value.field == "colour"
