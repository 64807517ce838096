"""The one door, on the bundled positions with the real encoder."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from service.comparison import Comparator
from service.errors import IndexUnusable, InvalidInput
from service.settings import Settings

SANCTIONS = "Sanctions decided by the Security Council must be carried out by every State."


def test_the_asker_is_left_out(bundled: Comparator) -> None:
    codes = {state.code for state in bundled.catalogue.states}
    everybody = bundled.search(SANCTIONS, limit=1000)
    first = everybody.results[0].state
    without = bundled.search(SANCTIONS, limit=1000, exclude=[first])
    assert {group.state for group in everybody.results} <= codes
    assert {g.state for g in everybody.results} - {g.state for g in without.results} == {first}


def test_the_same_question_has_the_same_bytes(bundled: Comparator) -> None:
    asked: dict[str, Any] = {"exclude": ["CHN"], "mode": "hybrid", "limit": 50}
    first = json.dumps(bundled.search(SANCTIONS, **asked).to_dict())
    for _ in range(3):
        assert json.dumps(bundled.search(SANCTIONS, **asked).to_dict()) == first


def test_a_hit_shows_where_it_comes_from(bundled: Comparator) -> None:
    (hit, *_) = bundled.search(SANCTIONS, group_by="none", limit=5).results
    record = bundled.claim(hit.claim_id)
    assert record.claim.text == hit.text
    assert record.statement.state == hit.state
    assert (hit.rendered, hit.before, hit.after, hit.symbol) == (True, None, None, None)
    assert hit.date_precision == "year"
    assert hit.claim_id == f"{hit.statement_id}:{hit.start}-{hit.end}"
    assert hit.similarity == pytest.approx(
        float(np.dot(*bundled.encoder.encode([SANCTIONS, hit.text]))), abs=1e-5
    )


def test_a_percentile_is_the_share_of_random_pairs_below(bundled: Comparator) -> None:
    generation = bundled.generation
    assert generation.percentile(-1.0) == 0
    assert generation.percentile(1.01) == 100
    middle = generation.percentile(generation.similarity_at(50))
    assert middle == pytest.approx(50, abs=0.1)


def test_a_paragraph_is_asked_claim_by_claim(bundled: Comparator) -> None:
    text = f"{SANCTIONS} The external debt of poor countries must be cancelled."
    answer = bundled.search(text, limit=3)
    assert [part.text for part in answer.parts] == [
        SANCTIONS, "The external debt of poor countries must be cancelled."
    ]  # fmt: skip
    for part in answer.parts:
        assert text[part.start : part.end] == part.text
        alone = bundled.search(part.text, limit=3)
        assert [g.hits[0].claim_id for g in part.results] == [
            g.hits[0].claim_id for g in alone.results
        ]
    best = max(g.hits[0].similarity for part in answer.parts for g in part.results)
    assert answer.results[0].hits[0].similarity == best


def test_matched_words_are_the_hits_own(bundled: Comparator) -> None:
    (hit, *_) = bundled.search("sanction councils", group_by="none", mode="lexical").results
    assert hit.matched
    assert all(word in hit.text for word in hit.matched)
    assert {word.lower()[:7] for word in hit.matched} <= {"sanctio", "council"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exclude", "Atlantis"), ("states", "Nigera"), ("blocs", "g99"), ("from", "last year"),
        ("to", "2021-02-30"), ("kind", "lie"), ("mode", "fuzzy"), ("sort", "random"),
        ("group_by", "planet"), ("limit", 0), ("limit", "many"), ("limit", 10**6), ("limit", 2.5),
        ("per_state", -1), ("fold", "maybe"), ("topics", 3), ("forum", ["x"]), ("colour", "red"),
    ],
)  # fmt: skip
def test_bad_input_names_its_field(bundled: Comparator, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.search(SANCTIONS, **{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "  ", "?!…", "x" * 100_001])
def test_a_text_without_words_is_refused(bundled: Comparator, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.search(text)
    assert refused.value.field == "text"


def test_a_period_that_ends_before_it_begins_is_refused(bundled: Comparator) -> None:
    with pytest.raises(InvalidInput, match="before"):
        bundled.search(SANCTIONS, **{"from": "2015", "to": "2014-12-31"})


def test_names_are_resolved_and_echoed(bundled: Comparator) -> None:
    answer = bundled.search(
        SANCTIONS,
        exclude="Türkiye,South Korea",
        blocs="G77",
        topics=["True multilateralism", "sea ice"],
    )
    assert answer.query["exclude"] == ["TUR", "KOR"]
    assert answer.query["blocs"] == ["g77"]
    assert answer.query["topics"] == ["multilateralism", "sea ice"]


def test_an_index_of_another_model_is_refused(bundled: Comparator) -> None:
    other = Comparator(bundled.settings)
    other.__dict__["encoder"] = type(
        "Other", (), {"name": "other", "fingerprint": "1" * 64, "dimension": 3}
    )()
    with pytest.raises(IndexUnusable, match="CONCORD_MODEL"):
        other.search(SANCTIONS)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", "/somewhere/else")
    assert str(Settings().indexes) == "/somewhere/else"
