"""Invariant 1 and its kin, against brute force in numpy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.blocs import Bloc, Blocs
from service.domain.dates import PartialDate
from service.domain.questions import GroupBy, Part, Question, SearchMode, Sort, TopicFilter
from service.domain.statements import Kind, Statement
from service.retrieval import codes, ranking, scope
from service.retrieval.build import Builder
from service.retrieval.filters import passing as passing_of
from service.retrieval.generations import Generation, Generations
from service.retrieval.index import VectorIndex
from service.retrieval.levels import ON_POINT_PERCENTILE, SAME_WORDING
from service.retrieval.passing import Passing
from service.retrieval.ranking import RankedGroup
from service.retrieval.search import Asked, Search
from service.retrieval.store import StatementStore
from tests.conftest import TOPICS, Quiet, ToyEncoder, statement

STATES = ("CHN", "FRA", "NOR", "USA", "ZAF")
WORDS = ("veto", "abolish", "keep", "debt", "cancel", "sea", "peace", "climate", "we", "must")
BLOCS = Blocs(
    [
        Bloc("north", "North", "a test", {"NOR": [(date(1900, 1, 1), None)]}),
        Bloc("leavers", "Leavers", "a test", {"FRA": [(date(1900, 1, 1), date(2010, 6, 30))]}),
    ]
)


def small_corpus() -> list[Statement]:
    rng = np.random.default_rng(3)
    made = []
    for number in range(60):
        state = str(rng.choice(STATES))
        size = int(rng.integers(1, 7))
        texts = [" ".join(rng.choice(WORDS, int(rng.integers(1, 5)))) for _ in range(size)]
        made.append(
            statement(
                state, str(int(rng.integers(2000, 2022))), *texts, number=number,
                kinds=[list(Kind)[int(i)] for i in rng.choice(3, size, p=[0.7, 0.1, 0.2])],
                topics=[tuple(t for t in TOPICS if rng.random() < 0.3) for _ in texts],
                forum=str(rng.choice(["General Assembly", "Security Council"])),
            )
        )  # fmt: skip
    return made


@pytest.fixture(scope="module", params=["every row is scored", "codes are scanned first"])
def generation(request: pytest.FixtureRequest) -> Iterator[Generation]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if request.param.startswith("codes"):
            patch.setattr(codes, "LEAST_ROWS", 1)
            patch.setattr(scope, "FEW_ROWS", 0)
            # So few rows that a second look would be at all of them.
            patch.setattr(scope, "_FIRST", 4)
            patch.setattr(scope, "_FIRST_OF_ALL", 20)
            patch.setattr(scope, "_ALL", 0.9)
        list(StatementStore(Path(folder)).put(small_corpus()))
        Builder(Path(folder), ToyEncoder(), TOPICS).build(Quiet())
        found = Generations(Path(folder)).current()
        assert (found.codes is None) == request.param.startswith("every")
        yield found


def ask(generation: Generation, text: str, **fields: Any) -> list[RankedGroup]:
    """The first page; ungrouped, its hits together."""
    question = Question(text=text, parts=(Part(text, 0, len(text)),), **fields)
    free = [t.text for t in question.topics if t.id is None]
    topics = list(ToyEncoder().encode(free))
    (query,) = ToyEncoder().encode([text])
    found = passing_of(question, generation, BLOCS, topics)
    return first_page(question, generation, found, [Asked(question.parts[0], query)])


def first_page(
    question: Question, generation: Generation, found: Passing, asked: list[Asked]
) -> list[RankedGroup]:
    groups = Search(question, generation, found).page(asked, 0, question.limit)
    if question.group_by is GroupBy.NONE and groups:
        return [RankedGroup(len(groups), tuple(group.hits[0] for group in groups))]
    return groups


def passing(generation: Generation, question: dict[str, Any]) -> list[int]:
    """Brute force: row by row from the library, with the rules written out again."""
    rows = []
    for row in range(generation.manifest.claims):
        (record,) = generation.library.records([row])
        s, c = record.statement, record.claim
        if s.state in question.get("exclude", ()):
            continue
        if question.get("states") and s.state not in question["states"]:
            continue
        kinds = question.get("kinds", (Kind.POSITION,))
        if kinds is not None and c.kind not in kinds:
            continue
        if question.get("earliest") and s.date.last < question["earliest"].first:
            continue
        if question.get("latest") and s.date.first > question["latest"].last:
            continue
        if question.get("forum") and question["forum"].lower() not in (s.forum or "").lower():
            continue
        if question.get("topics") and not {t.id for t in question["topics"]} & set(c.topics):
            continue
        if question.get("blocs") and not any(
            s.state in BLOCS.members(b, s.date.last) for b in question["blocs"]
        ):
            continue
        rows.append(row)
    return rows


questions = st.fixed_dictionaries(
    {},
    optional={
        "exclude": st.lists(st.sampled_from(STATES), max_size=3).map(tuple),
        "states": st.lists(st.sampled_from(STATES), max_size=3).map(tuple),
        "blocs": st.lists(st.sampled_from(["north", "leavers"]), max_size=2).map(tuple),
        "topics": st.lists(st.sampled_from(TOPICS), max_size=2).map(
            lambda ids: tuple(TopicFilter(i, i) for i in ids)
        ),
        "earliest": st.integers(1999, 2022).map(lambda y: PartialDate(str(y))),
        "latest": st.integers(1999, 2022).map(lambda y: PartialDate(f"{y}-06-30")),
        "forum": st.sampled_from(["security", "General"]),
        "kinds": st.sampled_from([None, (Kind.POSITION,), (Kind.CEREMONY, Kind.NARRATIVE)]),
    },
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
quick = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(text=texts, question=questions, limit=st.integers(1, 300))
def test_with_k_matching_claims_k_hits_come_back(
    generation: Generation, text: str, question: dict[str, Any], limit: int
) -> None:
    expected = passing(generation, question)
    groups = ask(generation, text, group_by=GroupBy.NONE, limit=limit, fold=False, **question)
    hits = [hit for group in groups for hit in group.hits]
    assert len(hits) == min(limit, len(expected))
    assert {hit.row for hit in hits} <= set(expected)
    vectors = generation.index.vectors(np.arange(generation.manifest.claims))
    similarity = vectors @ ToyEncoder().encode([text])[0]
    best = sorted(expected, key=lambda row: -similarity[row])[: len(hits)]
    assert np.allclose([h.similarity for h in hits], similarity[best], atol=1e-5)


@quick
@given(text=texts, question=questions)
def test_every_matching_claim_is_a_hit_or_folded_into_one(
    generation: Generation, text: str, question: dict[str, Any]
) -> None:
    expected = passing(generation, question)
    groups = ask(generation, text, group_by=GroupBy.NONE, limit=1000, **question)
    hits = [hit for group in groups for hit in group.hits]
    assert sum(1 + hit.folded for hit in hits) == len(expected)
    vectors = generation.index.vectors(np.arange(generation.manifest.claims))
    state = generation.columns.state
    for i, one in enumerate(hits):
        for other in hits[:i]:
            if state[one.row] == state[other.row]:
                assert vectors[one.row] @ vectors[other.row] < SAME_WORDING


@quick
@given(text=texts, question=questions, limit=st.integers(1, 6), per_state=st.integers(1, 4))
def test_best_of_each_state(
    generation: Generation, text: str, question: dict[str, Any], limit: int, per_state: int
) -> None:
    expected = passing(generation, question)
    groups = ask(generation, text, limit=limit, per_state=per_state, **question)
    names = generation.columns.states
    owner = {row: names[generation.columns.state[row]] for row in expected}
    assert len(groups) == min(limit, len(set(owner.values())))
    similarity = generation.index.vectors(slice(None)) @ ToyEncoder().encode([text])[0]
    best = {s: max(similarity[r] for r in expected if owner[r] == s) for s in owner.values()}
    assert np.allclose(
        [group.hits[0].similarity for group in groups],
        sorted(best.values(), reverse=True)[:limit],
        atol=1e-5,
    )
    for group in groups:
        assert len({owner[hit.row] for hit in group.hits}) == 1
        assert len(group.hits) <= per_state
        assert group.count >= sum(1 + hit.folded for hit in group.hits)
        shown = [hit.similarity for hit in group.hits]
        assert shown == sorted(shown, reverse=True)


@quick
@given(text=texts, question=questions)
def test_lexical_and_hybrid_keep_the_filters(
    generation: Generation, text: str, question: dict[str, Any]
) -> None:
    expected = set(passing(generation, question))
    sharing = {
        row
        for row in expected
        if set(text.split())
        & set(generation.library.records([row])[0].claim.text.split()) - {"we", "must"}
    }
    for mode, wanted in ((SearchMode.LEXICAL, sharing), (SearchMode.HYBRID, expected)):
        groups = ask(
            generation, text, mode=mode, group_by=GroupBy.NONE, limit=1000, fold=False, **question
        )
        assert {hit.row for group in groups for hit in group.hits} == wanted


def test_hybrid_is_reciprocal_rank_fusion(generation: Generation) -> None:
    def order(mode: SearchMode) -> list[int]:
        groups = ask(
            generation, "abolish veto", mode=mode, group_by=GroupBy.NONE, limit=1000, fold=False
        )
        return [hit.row for group in groups for hit in group.hits]

    dense, lexical = order(SearchMode.DENSE), order(SearchMode.LEXICAL)
    fused = {
        row: 1 / (61 + i) + (1 / (61 + lexical.index(row)) if row in lexical else 0)
        for i, row in enumerate(dense)
    }
    found = [fused[row] for row in order(SearchMode.HYBRID)]
    assert np.allclose(found, sorted(fused.values(), reverse=True))


def test_recent_gives_each_states_latest_on_the_point(generation: Generation) -> None:
    level = generation.similarity_at(ON_POINT_PERCENTILE)
    groups = ask(generation, "abolish veto", sort=Sort.RECENT, per_state=1, limit=10)
    similarity = generation.index.vectors(slice(None)) @ ToyEncoder().encode(["abolish veto"])[0]
    rows = [r for r in passing(generation, {}) if similarity[r] >= level]
    columns = generation.columns
    latest = {
        int(s): max(int(columns.last[r]) for r in rows if columns.state[r] == s)
        for s in {columns.state[r] for r in rows}
    }
    shown = [(int(columns.state[g.hits[0].row]), int(columns.last[g.hits[0].row])) for g in groups]
    assert dict(shown) == latest
    assert [day for _, day in shown] == sorted(latest.values(), reverse=True)


def test_free_text_topic_keeps_only_what_is_near_it(generation: Generation) -> None:
    groups = ask(
        generation, "peace", topics=(TopicFilter("abolish veto", None),),
        group_by=GroupBy.NONE, limit=1000, fold=False,
    )  # fmt: skip
    level = generation.similarity_at(ON_POINT_PERCENTILE)
    near = generation.index.vectors(slice(None)) @ ToyEncoder().encode(["abolish veto"])[0]
    expected = {r for r in passing(generation, {}) if near[r] >= level}
    assert {hit.row for group in groups for hit in group.hits} == expected


def test_several_parts_answer_by_the_nearest(generation: Generation) -> None:
    parts = (Part("abolish veto", 0, 12), Part("cancel debt", 13, 24))
    question = Question(
        text="x", parts=parts, group_by=GroupBy.NONE, limit=1000, fold=False, kinds=None
    )
    found = passing_of(question, generation, BLOCS, [])
    queries = ToyEncoder().encode([p.text for p in parts])
    asked = [Asked(part, query) for part, query in zip(parts, queries, strict=True)]
    merged = first_page(question, generation, found, asked)
    alike = generation.index.vectors(slice(None)) @ queries.T
    for hit in merged[0].hits:
        assert hit.similarity == pytest.approx(alike[hit.row].max(), abs=1e-5)
        assert alike[hit.row, hit.asked] == pytest.approx(alike[hit.row].max(), abs=1e-5)


def test_what_is_near_the_contrary_is_found_too(generation: Generation) -> None:
    """Ranked by the nearer of the two questions; the similarity stays that of the query."""
    question = Question(
        text="x", parts=(Part("abolish veto", 0, 12),), group_by=GroupBy.NONE, limit=1000,
        fold=False, kinds=None,
    )  # fmt: skip
    found = passing_of(question, generation, BLOCS, [])
    query, contrary = ToyEncoder().encode(["abolish veto", "cancel debt"])
    asked = Asked(question.parts[0], query, (query, contrary))
    (groups,) = first_page(question, generation, found, [asked])
    vectors = generation.index.vectors(slice(None))
    nearer = np.maximum(vectors @ query, vectors @ contrary)
    order = [hit.row for hit in groups.hits]
    assert sorted(order) == list(range(len(vectors)))
    assert np.allclose(np.sort(-nearer), -nearer[order], atol=1e-6)
    for hit in groups.hits:
        assert hit.similarity == pytest.approx(float(vectors[hit.row] @ query), abs=1e-5)


def test_nothing_passes(generation: Generation) -> None:
    assert ask(generation, "veto", exclude=STATES) == []


def test_few_rows_fold_as_many_do(generation: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    folded = 0
    for text, group_by, sort in product(("veto", "we must keep peace"), GroupBy, Sort):
        for limit in (1, 3, 50):
            asked: dict[str, Any] = {"group_by": group_by, "sort": sort, "per_state": limit}
            found = []
            for few in (0, 10_000):
                monkeypatch.setattr(ranking, "FEW", few)
                found.append(ask(generation, text, **asked))
            assert found[0] == found[1]
            folded += sum(hit.folded for group in found[0] for hit in group.hits)
    assert folded > 20


def test_products_of_rows_close_together_and_far_apart(generation: Generation) -> None:
    index = generation.index
    whole = index.vectors(slice(None))
    for rows in ([0], [3, 4, 5, 7], [0, 50, index.count - 1], range(index.count)):
        expected = whole[[5, 0]] @ whole[list(rows)].T
        for least in (-1.0, 0.5, SAME_WORDING):
            found = index.products([5, 0], np.array(rows), least)
            read = found > -np.inf
            np.testing.assert_allclose(found[read], expected[read], atol=1e-6)
            assert (expected[~read] < least).all()


def test_products_that_need_not_be_read_are_told_by_the_first_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(400, 384)).astype(np.float32)
    vectors[200:] = vectors[:200] + rng.normal(scale=0.3, size=(200, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    VectorIndex.write(tmp_path / "vectors.npy", vectors.shape, [vectors[:150], vectors[150:]])
    heads, rows = [0, 1, 2], np.arange(400)
    index = VectorIndex.open(tmp_path / "vectors.npy")
    found = index.products(heads, rows, SAME_WORDING)
    expected = index.vectors(heads) @ index.vectors(rows).T
    alike = expected >= SAME_WORDING
    assert alike.sum() == 6
    np.testing.assert_allclose(found[alike], expected[alike], atol=1e-6)
    assert (found == -np.inf).sum() > 1_000


def test_rows_outside_the_mask_have_no_score(generation: Generation) -> None:
    index = generation.index
    query = index.vectors(2)
    inside = np.zeros(index.count, np.bool_)
    inside[1:3] = inside[10:20] = True
    found = index.scores(query, inside)
    assert (found[inside] == index.scores(query)[inside]).all()
    np.testing.assert_allclose(found[inside], index.vectors(slice(None))[inside] @ query, atol=1e-6)
    assert (found[~inside] == -np.inf).all()
