"""The same counts, claim by claim from the texts' own records: what the columns must agree with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from service.comparison import Comparator
from service.domain.blocs import Blocs
from service.domain.statements import Kind
from service.retrieval.levels import ON_POINT_PERCENTILE
from service.retrieval.library import ClaimRecord

STATES = ("FRA", "CUB", "RUS", "CHN", "NGA", "IND", "USA", "GBR", "YUG", "PSE")
BLOCS = ("permanent-five", "eu", "g77", "african-union", "nato", "brics")

_years = st.tuples(st.integers(1946, 2024), st.integers(1946, 2024)).map(sorted)


def filters(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these, in the API's names; `period` stands for from and to."""
    known: dict[str, st.SearchStrategy[Any]] = {
        "states": st.lists(st.sampled_from(STATES), min_size=1, max_size=6, unique=True),
        "exclude": st.lists(st.sampled_from(STATES), min_size=1, max_size=3, unique=True),
        "blocs": st.lists(st.sampled_from(BLOCS), min_size=1, max_size=2, unique=True),
        "topics": st.lists(
            st.sampled_from(["palestine", "veto", "development"]), min_size=1, unique=True
        ),
        "kind": st.sampled_from(["position", "any"]),
        "period": _years,
    }
    made = st.fixed_dictionaries({}, optional={name: known[name] for name in names})
    return made.map(_dated)


def _dated(given: dict[str, Any]) -> dict[str, Any]:
    if "period" in given:
        given["from"], given["to"] = given.pop("period")
    return given


@cache
def records(comparator: Comparator) -> list[ClaimRecord]:
    """Every claim of the generation, in the order of the index."""
    generation = comparator.generation
    return generation.library.records(range(len(generation.columns)))


def passes(comparator: Comparator, record: ClaimRecord, given: Mapping[str, Any]) -> bool:
    statement, claim = record.statement, record.claim
    return (
        (given.get("kind") == "any" or claim.kind is Kind.POSITION)
        and ("states" not in given or statement.state in given["states"])
        and statement.state not in given.get("exclude", ())
        and ("blocs" not in given or bool({*given["blocs"]} & {*blocs_of(comparator, record)}))
        and ("topics" not in given or bool({*given["topics"]} & {*claim.topics}))
        and ("from" not in given or statement.date.last >= date(given["from"], 1, 1))
        and ("to" not in given or statement.date.first <= date(given["to"], 12, 31))
    )


def blocs_of(comparator: Comparator, record: ClaimRecord) -> list[str]:
    return _blocs(comparator.catalogue.blocs, record.statement.state, record.statement.date.last)


@cache
def _blocs(blocs: Blocs, state: str, day: date) -> list[str]:
    return [bloc.id for bloc in blocs.of(state, day)]


def on_point(comparator: Comparator, texts: Sequence[str]) -> set[int]:
    """Rows at least as near to one of the texts as one random pair in a thousand."""
    generation = comparator.generation
    alike = generation.index.vectors(slice(None)) @ comparator.encoder.encode(list(texts)).T
    near = alike.max(axis=1) >= generation.similarity_at(ON_POINT_PERCENTILE)
    return {row for row, is_near in enumerate(near) if is_near}
