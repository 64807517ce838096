"""Answers over a real Milvus (milvus-lite, in a file) are those of the embedded engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.comparison import Comparator
from service.domain.dates import PartialDate
from service.domain.questions import GroupBy, Part, Question, SearchMode, Sort, TopicFilter
from service.domain.statements import Kind
from service.errors import IndexUnusable
from service.retrieval import milvus as milvus_module
from service.retrieval import milvus_scope, scope
from service.retrieval.build import Builder
from service.retrieval.expressions import expression_of
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation, Generations
from service.retrieval.milvus import ALIAS, Milvus
from service.retrieval.passing import Passing
from service.retrieval.search import Asked, Search
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement
from tests.retrieval.test_search import BLOCS, questions, small_corpus, texts


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("milvus") / "claims.db")


@pytest.fixture(scope="module")
def milvus(uri: str) -> Iterator[Milvus]:
    found = Milvus(uri)
    yield found
    found.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, milvus: Milvus) -> Path:
    made = tmp_path_factory.mktemp("served")
    list(StatementStore(made).put(small_corpus()))
    Builder(made, ToyEncoder(), TOPICS, engine=milvus).build(Quiet())
    return made


@pytest.fixture(scope="module")
def both(folder: Path, milvus: Milvus) -> tuple[Generation, Generation]:
    return Generations(folder).current(), Generations(folder, milvus).current()


# Of a state and of all at first, and at most: the corpus has some 200 claims of five states.
@pytest.fixture(params=[(16, 400, 16_384), (2, 4, 150), (2, 4, 32)], ids=str)
def pair(
    request: pytest.FixtureRequest,
    both: tuple[Generation, Generation],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Generation, Generation]:
    """The same generation in this process, and in Milvus."""
    monkeypatch.setattr(scope, "FEW_ROWS", 0)
    for name, size in zip(("_FIRST", "_FIRST_OF_ALL", "MOST"), request.param, strict=True):
        monkeypatch.setattr(milvus_scope, name, size)
    return both


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many searches Milvus is asked for, each time that it is asked."""
    asked: list[int] = []
    search = Milvus.search

    def counting(self: Milvus, name: str, pairs: Any, *more: Any) -> Any:
        asked.append(len(pairs))
        return search(self, name, pairs, *more)

    monkeypatch.setattr(Milvus, "search", counting)
    return asked


def answers(generation: Generation, question: Question, skip: int = 0, sides: bool = False) -> Any:
    """A page, and all that is on the point."""
    free = [ToyEncoder().encode([t.text])[0] for t in question.topics if t.id is None]
    mask = allowed_rows(question, generation, BLOCS, free)
    queries = ToyEncoder().encode([part.text for part in question.parts])
    beside = tuple(ToyEncoder().encode(["veto must", "keep debt"])) if sides else None
    asked = [
        Asked(part, query, beside) for part, query in zip(question.parts, queries, strict=True)
    ]
    search = Search(question, generation, Passing(generation, rows=mask), BLOCS)
    return search.page(asked, skip, question.limit), search.on_point(asked).tolist()


free_topics = st.lists(
    st.sampled_from([TopicFilter("debt", "debt"), TopicFilter("abolish veto", None)]), max_size=2
).map(tuple)
usual = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@usual
@given(
    parts=st.lists(texts, min_size=1, max_size=2),
    filters=questions,
    topics=st.none() | free_topics,
    group_by=st.sampled_from(GroupBy),
    sort=st.sampled_from(Sort),
    mode=st.sampled_from([SearchMode.DENSE, SearchMode.EXACT]),
    limit=st.sampled_from([1, 3, 40]),
    skip=st.sampled_from([0, 2]),
    fold=st.booleans(),
    sides=st.booleans(),
)
def test_any_question_has_the_same_answer(
    pair: tuple[Generation, Generation],
    parts: list[str],
    filters: dict[str, Any],
    topics: tuple[TopicFilter, ...] | None,
    skip: int,
    sides: bool,
    **others: Any,
) -> None:
    asked = Question(
        text=" ".join(parts),
        parts=tuple(Part(text, 0, len(text)) for text in parts),
        **(filters | others | ({} if topics is None else {"topics": topics})),
    )
    plain, served = pair
    assert answers(served, asked, skip, sides) == answers(plain, asked, skip, sides)


@pytest.mark.parametrize("group_by", GroupBy)
def test_it_is_milvus_that_searches(
    pair: tuple[Generation, Generation], counted: list[int], group_by: GroupBy
) -> None:
    asked: dict[str, Any] = {"text": "x", "parts": (Part("abolish veto", 0, 12),), "limit": 3}
    plain, served = pair
    answers(plain, Question(**asked, group_by=group_by))
    assert not counted
    answers(served, Question(**asked, group_by=group_by))
    assert counted
    words = len(counted)
    answers(served, Question(**asked, mode=SearchMode.HYBRID))
    assert len(counted) == words


@usual
@given(filters=questions)
def test_conditions_let_pass_what_filters_do(
    pair: tuple[Generation, Generation], filters: dict[str, Any]
) -> None:
    _, served = pair
    question = Question(text="x", parts=(), **filters)
    assert served.finder is not None
    said = expression_of(question, served.columns, BLOCS)
    query = served.index.vectors([0])
    ((rows, _),) = served.finder.find([(query, said)], served.index.count + 1, -np.inf)
    mask = allowed_rows(question, served, BLOCS, ())
    assert sorted(rows.tolist()) == np.flatnonzero(mask).tolist()


@settings(usual, max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    most=st.integers(0, 30),
    least=st.sampled_from([0.2, 0.5, np.inf]),
)
def test_what_is_near_is_among_what_is_found(
    pair: tuple[Generation, Generation], seed: int, share: float, most: int, least: float
) -> None:
    """Whatever the mask: here Milvus isn't told of it."""
    _, served = pair
    rng = np.random.default_rng(seed)
    queries = rng.normal(size=(6, served.index.dimension)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    mask = rng.random(served.index.count) < share
    assert served.finder is not None
    found = milvus_scope.MilvusScope(served, Passing(served, rows=mask), served.finder, "")
    inside = np.flatnonzero(mask)
    alike = {
        row: float(served.index.similarities(queries[0], np.array([row]))[0]) for row in inside
    }
    state = served.columns.state

    rows, floor = found.nearest(queries[0], most)
    assert rows.tolist() == sorted(set(rows.tolist()) & set(inside.tolist()))
    assert all(alike[row] <= floor for row in set(inside.tolist()) - set(rows.tolist()))
    assert sum(alike[row] > floor for row in rows) >= min(most, len(inside))

    level = min(least, 0.8)
    assert found.at_least(queries[0], level).tolist() == [r for r in inside if alike[r] >= level]

    best = {
        int(s): max(inside[state[inside] == s], key=alike.get) for s in np.unique(state[inside])
    }
    nearest_states = sorted(best.values(), key=lambda row: -alike[row])[: max(1, most)]
    if len(inside):
        assert set(nearest_states) <= set(found.best_states(queries[0], max(1, most)).tolist())

    runs = np.array([0, 3, 1, 1, 4, 2])
    rows, of_query = found.of_each(queries, runs, most, least)
    assert (np.diff(of_query) >= 0).all()
    for number, run in enumerate(runs.tolist()):
        own = found.of_state(run)
        told = set(rows[of_query == number].tolist())
        assert told <= set(own.tolist())
        similar = served.index.similarities(queries[number], own)
        wanted = own[similar >= least].tolist() + own[np.argsort(-similar)[:most]].tolist()
        assert set(wanted) <= told


def test_days_at_the_ends_of_periods(tmp_path: Path, milvus: Milvus) -> None:
    days = ("2010-06-29", "2010-06-30", "2010-07-01", "1900-01-01", "2010-06", "2010")
    said = [
        statement(state, day, "sea", number=number, forum=forum)
        for number, day in enumerate(days)
        for state, forum in (("FRA", None), ("NOR", 'a "forum"'))
    ]
    list(StatementStore(tmp_path).put(said))
    build(tmp_path, milvus)
    served = Generations(tmp_path, milvus).current()
    assert served.finder is not None
    for day in days:
        for filters in (
            {"earliest": PartialDate(day)},
            {"latest": PartialDate(day)},
            {"blocs": ("leavers",)},
            {"blocs": ("leavers", "north"), "earliest": PartialDate(day)},
            {"forum": '"Forum', "latest": PartialDate(day)},
        ):
            question = Question(text="x", parts=(), **filters)  # type: ignore[arg-type]
            expected = np.flatnonzero(allowed_rows(question, served, BLOCS, ()))
            condition = expression_of(question, served.columns, BLOCS)
            asked = [(served.index.vectors([0]), condition)]
            ((rows, _),) = served.finder.find(asked, 100, -np.inf)
            assert sorted(rows.tolist()) == expected.tolist()


def test_many_at_least_so_similar_come_half_by_half(
    pair: tuple[Generation, Generation], monkeypatch: pytest.MonkeyPatch, counted: list[int]
) -> None:
    monkeypatch.setattr(milvus_scope, "MOST", 20)
    monkeypatch.setattr(milvus_scope, "_FIRST_OF_ALL", 4)
    plain, served = pair
    (query,) = ToyEncoder().encode(["we must"])
    mask = np.ones(served.index.count, np.bool_)
    mask[30:60] = False
    assert served.finder is not None
    found = milvus_scope.MilvusScope(
        served, Passing(served, rows=mask), served.finder, ""
    ).at_least(query, 0.1)
    expected = scope.Scope(plain, Passing(plain, rows=mask), exact=True).at_least(query, 0.1)
    assert found.tolist() == expected.tolist()
    assert len(expected) > 60
    assert len(counted) > 5


def build(folder: Path, milvus: Milvus | None, keep: int = 2) -> Any:
    return Builder(folder, ToyEncoder(), TOPICS, keep=keep, engine=milvus).build(Quiet())


def held(uri: str) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(uri)


def test_a_new_generation_beside_the_old_one(tmp_path: Path, milvus: Milvus, uri: str) -> None:
    reader, client = Generations(tmp_path, milvus), held(uri)
    ids, found = [], []
    for number, state in enumerate(("FRA", "NOR", "USA", "ZAF")):
        list(
            StatementStore(tmp_path).put([statement(state, "2001", "abolish veto", number=number)])
        )
        ids.append(build(tmp_path, milvus).manifest.id)
        found.append(reader.current())
        assert found[-1].manifest.id == ids[-1]
        assert client.describe_alias(ALIAS)["collection_name"] == f"concord_{ids[-1]}"
        asked = Question(text="x", parts=(Part("veto", 0, 4),))
        for generation in found[-2:]:  # the one before answers further
            page, _ = answers(generation, asked)
            assert len(page) == generation.manifest.states
    kept = [client.has_collection(f"concord_{one}") for one in ids]
    assert kept == [False, False, True, True]
    assert Generations(tmp_path, milvus).roll_back().id == ids[2]
    assert client.describe_alias(ALIAS)["collection_name"] == f"concord_{ids[2]}"


def test_an_older_one_that_is_kept_is_loaded_when_it_is_asked(
    tmp_path: Path, milvus: Milvus
) -> None:
    reader, found = Generations(tmp_path, milvus), []
    for number in range(3):
        list(StatementStore(tmp_path).put([statement("FRA", "2001", "veto", number=90 + number)]))
        build(tmp_path, milvus, keep=5)
        found.append(reader.current())
    page, _ = answers(found[0], Question(text="x", parts=(Part("veto", 0, 4),)))
    assert page[0].count == 1


def test_an_interrupted_upload_is_begun_anew(
    tmp_path: Path, milvus: Milvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "abolish veto", number=50)]))
    first = build(tmp_path, milvus).manifest
    list(StatementStore(tmp_path).put(small_corpus()[:20]))
    monkeypatch.setattr(milvus_module, "_MESSAGE", 4_000)

    class Killed(Quiet):
        def start(self, step: str, total: int | None) -> None:
            self.step, self.done = step, 0

        def advance(self, count: int) -> None:
            self.done += count
            if "upload" in self.step and self.done > 20:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Builder(tmp_path, ToyEncoder(), TOPICS, engine=milvus).build(Killed())
    assert Generations(tmp_path, milvus).current().manifest.id == first.id
    second = build(tmp_path, milvus)
    assert second.changed
    assert second.embedded == 0
    assert Generations(tmp_path, milvus).current().manifest.claims == second.manifest.claims > 20


def test_what_was_built_before_the_setting_is_uploaded_by_a_build(
    tmp_path: Path, milvus: Milvus
) -> None:
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "keep peace", number=60)]))
    name = build(tmp_path, None).manifest.id
    with pytest.raises(IndexUnusable, match=f"concord_{name} isn't there .* service build"):
        Generations(tmp_path, milvus).current()
    assert not build(tmp_path, milvus).changed
    assert Generations(tmp_path, milvus).current().finder is not None


def test_a_collection_that_lacks_claims_is_refused_and_made_anew(
    tmp_path: Path, milvus: Milvus, uri: str
) -> None:
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "sea", "debt", number=70)]))
    name = build(tmp_path, milvus).manifest.id
    held(uri).delete(f"concord_{name}", filter="row == 1")
    with pytest.raises(IndexUnusable, match="has 1 of 2 claims"):
        Generations(tmp_path, milvus).current()
    build(tmp_path, milvus)
    assert Generations(tmp_path, milvus).current().manifest.claims == 2


def test_a_collection_that_is_gone_says_what_to_do(
    tmp_path: Path, milvus: Milvus, uri: str
) -> None:
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "climate", number=80)]))
    name = build(tmp_path, milvus).manifest.id
    generation = Generations(tmp_path, milvus).current()
    client = held(uri)
    client.drop_alias(ALIAS)
    client.drop_collection(f"concord_{name}")
    with pytest.raises(IndexUnusable, match="CONCORD_MILVUS_URI"):
        answers(generation, Question(text="x", parts=(Part("sea", 0, 3),)))


def test_nobody_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus_module, "_CONNECT_S", 0.3)
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "climate", number=80)]))
    build(tmp_path, None)
    nobody = Milvus("http://reader:secret@127.0.0.1:9")
    with pytest.raises(IndexUnusable, match=r"127\.0\.0\.1:9 can't be reached") as caught:
        Generations(tmp_path, nobody).current()
    assert "CONCORD_MILVUS_URI" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("rubbish://reader:secret@host", "host can't be reached .*CONCORD_MILVUS_URI"),
        ("http://127.0.0.1:99999", "99999 can't be reached .*CONCORD_MILVUS_URI"),
        ("no/such/folder/claims.db", "claims.db can't be reached .*CONCORD_MILVUS_URI"),
    ],
)
def test_an_address_that_is_none(tmp_path: Path, uri: str, said: str) -> None:
    list(StatementStore(tmp_path).put([statement("FRA", "2001", "climate", number=81)]))
    with pytest.raises(IndexUnusable, match=said) as caught:
        build(tmp_path, Milvus(uri))
    assert "secret" not in str(caught.value)
    assert Generations(tmp_path).current_id() is None


def test_a_file_is_for_one_process(bundled: Comparator, folder: Path, uri: str) -> None:
    assert folder  # has opened the file
    said = subprocess.run(
        [sys.executable, "-m", "service", "search", "The veto must go."],
        env=os.environ
        | {"CONCORD_INDEXES": str(bundled.settings.indexes), "CONCORD_MILVUS_URI": uri},
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "`milvus-lite server` serves more" in said.stderr
    assert "Traceback" not in said.stderr


def test_one_settings_line(
    bundled: Comparator, milvus: Milvus, uri: str, counted: list[int], monkeypatch: Any
) -> None:
    current = bundled.generation.manifest
    Generations(bundled.settings.indexes, milvus).upload(current)
    monkeypatch.setenv("MILVUS_URI", uri)
    served = Comparator(Settings(indexes=bundled.settings.indexes, stance_model=None))
    text = "Sanctions of the Security Council must be enforced. The veto must be abolished."
    for asked in (
        {"exclude": ["CHN"]},
        {"states": ["FRA", "NOR", "RUS"], "from": 2010, "per_state": 5},
        {"blocs": ["eu"], "kind": "any", "group_by": "statement"},
        {"topics": ["sanctions-enforcement", "small islands and the sea"], "group_by": "none"},
        {"sort": "recent", "to": 2019, "limit": 40},
        {"mode": "exact", "topics": ["palestine"]},
    ):
        counted.clear()
        found = served.search(text, **asked).to_dict()  # type: ignore[arg-type]
        assert counted
        assert found == bundled.search(text, **asked).to_dict()  # type: ignore[arg-type]
    assert served.facets(text).to_dict() == bundled.facets(text).to_dict()


def test_kinds_are_known_by_their_names() -> None:
    said = expression_of(
        Question(text="x", parts=(), kinds=(Kind.POSITION,)),
        None,
        None,  # type: ignore[arg-type]
    )
    assert said == '(kind in ["position"])'
