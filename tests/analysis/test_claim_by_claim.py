"""Two statements compared, against the texts alone: every position once, both ways round."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.alignment import LEAST_SIDES
from service.analysis.claim_by_claim import COUNTERPART_PERCENTILE, compare_statements
from service.analysis.statement_comparison import SIDES, Shared, StatementComparison
from service.analysis.statements import Compared
from service.catalogue import Catalogue
from service.comparison import Comparator
from service.domain.statements import Claim, Kind
from service.errors import InvalidInput, NotFound
from service.questions import LONGEST_TEXT, MOST_PARTS
from service.retrieval.build import Builder
from service.retrieval.generations import Generation, Generations
from service.retrieval.store import StatementStore
from service.settings import Settings
from tests.conftest import PROJECT, TOPICS, Quiet, ToyEncoder, statement
from tests.peace import AGAINST, FOR, RESERVATIONS

CATALOGUE = Catalogue.load(PROJECT / "data")
WORDS = ("ban", "veto", "debt", "mines", "wheat", "islands", "treaty", "seats", "whales", "snow")
SAID = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
TEXTS = st.lists(SAID, min_size=1, max_size=7)


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """So many positions that the level of a counterpart is one."""
    folder, rng = tmp_path_factory.mktemp("compared"), np.random.default_rng(3)
    words = [f"word{n}" for n in range(80)]
    said = [
        statement(state, "2019", *(" ".join(rng.choice(words, 4)) for _ in range(40)))
        for state in ("USA", "IND", "FRA")
    ]
    list(StatementStore(folder).put(said))
    Builder(folder, ToyEncoder(), TOPICS).build(Quiet())
    return Generations(folder).current()


def _side(field: str, texts: list[str]) -> Compared:
    claims = tuple(
        Claim(f"text_{field}", 100 * n, 100 * n + len(text), text, topics=TOPICS[: n % 3])
        for n, text in enumerate(texts)
    )
    return Compared(None, "\n".join(texts), claims, ToyEncoder().encode(texts))


def _compared(generation: Generation, a: list[str], b: list[str]) -> StatementComparison:
    return compare_statements(
        _side("a", a), _side("b", b), generation, CATALOGUE, None, None, {"seed": 0}, 0
    )


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_the_texts_alone_say_the_same(generation: Generation, a: list[str], b: list[str]) -> None:
    found = _compared(generation, a, b)
    alike = ToyEncoder().encode(a) @ ToyEncoder().encode(b).T
    level = generation.similarity_at(COUNTERPART_PERCENTILE)
    assert found.level == pytest.approx(level, abs=1e-6)
    assert 0.5 < level < 0.95
    # Where the last bit decides, either is right.
    sure = np.abs(alike - level) > 1e-5
    ids = [{p.claim_id: n for n, p in enumerate(_own(found, side))} for side in SIDES]
    pairs = {(ids[0][p.claim_a], ids[1][p.claim_b]): p for p in found.pairs}
    for i, j in np.argwhere(sure):
        assert ((i, j) in pairs) == (alike[i, j] > level)
    for pair, told in pairs.items():
        assert told.similarity == pytest.approx(float(alike[pair]), abs=1e-5)
        assert told.percentile == pytest.approx(generation.percentile(told.similarity), abs=0.01)
        assert told.percentile is not None
        assert told.percentile >= COUNTERPART_PERCENTILE - 0.05
        assert (told.stance, told.probabilities) == (None, None)
    matched = [pair for pair, told in pairs.items() if told.matched]
    assert len({i for i, _ in matched}) == len({j for _, j in matched}) == len(matched)


def _own(found: StatementComparison, side: str):
    return [p for p in found.positions if p.side == side]


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_every_position_is_in_one_group(generation: Generation, a: list[str], b: list[str]) -> None:
    found = _compared(generation, a, b)
    for side, texts in zip(SIDES, (a, b), strict=True):
        own = _own(found, side)
        assert [p.text for p in own] == texts
        groups = [found.group(side, group) for group in Shared]
        assert sorted(p.start for group in groups for p in group) == [p.start for p in own]
        assert found.counts[side] == {str(g): len(found.group(side, g)) for g in Shared}
        for p in own:
            reaching = [q for q in found.pairs if p.claim_id in (q.claim_a, q.claim_b)]
            assert p.counterparts == len(reaching)
            assert (p.group is Shared.ONLY) == (not reaching) == (p.counterpart is None)
            assert p.group in (Shared.ONLY, Shared.NOT_JUDGED)
            assert p.matched == any(q.matched for q in reaching)
            if reaching and not p.matched:
                assert p.similarity == max(q.similarity for q in reaching)
    _check_topics(found)


def _check_topics(found: StatementComparison) -> None:
    for row in found.topics:
        own = [
            p for p in _own(found, row.side)
            if row.topic in p.topics or (row.topic is None and not p.topics)
        ]  # fmt: skip
        assert row.positions == len(own)
        assert Counter(str(p.group) for p in own) == Counter(
            {str(group): n for group in Shared if (n := getattr(row, str(group)))}
        )
    spoken = {topic for p in found.positions for topic in p.topics or (None,)}
    assert [row.side for row in found.topics] == list("ab") * len(spoken)


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_the_other_way_round_it_is_the_same(
    generation: Generation, a: list[str], b: list[str]
) -> None:
    one, other = _compared(generation, a, b), _compared(generation, b, a)
    assert one.similarity == other.similarity

    def pairs(found: StatementComparison, order: int):
        return {
            (*(p.claim_a[7:], p.claim_b[7:])[::order], p.matched, p.similarity) for p in found.pairs
        }

    assert pairs(one, 1) == pairs(other, -1)
    for side, turned in (("a", "b"), ("b", "a")):
        groups = [[(p.text, p.group, p.counterpart) for p in _own(f, s)]
                  for f, s in ((one, side), (other, turned))]  # fmt: skip
        assert groups[0] == groups[1]


def test_tables_hold_what_the_answer_holds(generation: Generation) -> None:
    found = _compared(generation, ["ban veto", "debt", "snow snow"], ["ban veto", "veto ban"])
    positions = found.to_frame()
    assert positions["text"].tolist() == [p.text for p in found.positions]
    assert positions["matched"].sum() == 2
    assert len(found.to_frame("pairs")) == len(found.pairs) == 2
    topics = found.to_frame("topics")
    assert topics["positions"].sum() == sum(len(p.topics or (None,)) for p in found.positions)
    for table in found.tables():
        rows = list(table.rows)
        assert all({c.name for c in table.columns} <= set(row) for row in rows)


PEACE = [FOR, AGAINST, RESERVATIONS, "peace was debated in May"]


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    """Two statements that the tests' tiny model can judge, word for word."""
    folder = tmp_path_factory.mktemp("peaceful")
    comparator = Comparator(Settings(indexes=folder, stance_model=stance_folder))
    wanted = [f"we want {thing} now" for thing in ("peace", "trade", "reform", "clean water")]
    answers = ["yes to peace", "no to trade", "yes to reform", "later some clean water perhaps"]
    said = [
        statement("NOR", "2020", *wanted, "thank you", kinds=[Kind.POSITION] * 4 + [Kind.CEREMONY]),
        statement("CUB", "2020", *answers),
        statement("CHN", "2020", "thank you", kinds=[Kind.CEREMONY]),
    ]
    things = ("bees", "lamps", "wheat", "canals", "music", "glass", "sheep", "snow", "letters")
    said += [statement("FRA", "2018", f"We sell {one}.", number=i) for i, one in enumerate(things)]
    folk = ("pilots", "judges", "nurses", "miners", "poets", "tailors", "cooks", "divers")
    said += [
        statement("IND", "2018", f"In spring the {one} sing.", number=i)
        for i, one in enumerate(folk)
    ]
    list(StatementStore(folder).put(said))
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    return comparator


def test_stances_make_the_groups_and_the_agreement(peaceful: Comparator) -> None:
    found = peaceful.compare("NOR:2020", "CUB_0_2020")
    judge = peaceful.stance_model.judge
    texts = {p.claim_id: p.text for p in found.positions}
    for pair in found.pairs:
        (verdict,) = judge([(texts[pair.claim_a], texts[pair.claim_b])])
        assert (pair.stance, pair.probabilities) == (str(verdict.stance), verdict.to_dict())
    matched = [pair.stance for pair in found.pairs if pair.matched]
    assert found.judged == len(matched)
    assert found.aligned == matched.count("aligned")
    assert found.opposed == matched.count("opposed")
    sided = found.aligned + found.opposed
    assert sided >= 1
    if sided < LEAST_SIDES:
        assert found.agreement is None
    else:
        assert found.agreement is not None
        assert found.agreement.value == pytest.approx(found.aligned / sided)
    for p in found.positions:
        assert p.group == (p.stance or "only")
    assert found.stance_model == peaceful.stance_model.name
    assert (found.whole, found.b["name"]) == (True, "Cuba")
    # Kept: the same again, from the file.
    assert peaceful.compare("NOR:2020", "CUB_0_2020") == found


def test_a_text_is_split_as_a_draft_is(peaceful: Comparator) -> None:
    text = "We want peace now. Thank you, Mr. President. We want trade now and we demand seats."
    found = peaceful.compare("CUB:2020", text_b=text)
    draft, _ = peaceful.draft(text)
    own = _own(found, "b")
    assert [(p.text, p.start, p.end) for p in own] == [
        (part.text, part.start, part.end) for part in draft.parts
    ]
    assert [p.claim_id for p in own] == [f"text_b:{p.start}-{p.end}" for p in own]
    assert found.b["statement_id"] is None
    assert found.query == {
        "a": "CUB:2020", "b": None, "text_a": None, "text_b": text, "seed": 0,
    }  # fmt: skip
    # A single sentence is compared, whatever its kind.
    assert [p.text for p in peaceful.compare(text_a="Peace!", b="CUB:2020").group("a", Shared.ONLY)
            ] in (["Peace!"], [])  # fmt: skip


def test_what_cannot_be_compared(peaceful: Comparator) -> None:
    many = "We must ban mines. " * (MOST_PARTS + 1)
    again = "We must ban mines. " * 150  # 22,500 pairs
    for given_, field, reason in (
        ({"a": "NOR:2020"}, "b", "text_b"),
        ({"a": "NOR:2020", "text_a": "Peace.", "b": "CUB:2020"}, "a", "text_a"),
        ({"a": "CHN:2020", "b": "CUB:2020"}, "a", "no position"),
        ({"a": "Atlantis:2020", "b": "CUB:2020"}, "a", "no state"),
        ({"a": "NOR:2020", "text_b": "x" * (LONGEST_TEXT + 1)}, "text_b", "characters"),
        ({"a": "NOR:2020", "text_b": many}, "text_b", "positions"),
        ({"a": "NOR:2020", "text_b": " … "}, "text_b", "no words"),
        ({"a": "NOR:2020", "b": "CUB:2020", "seed": -1}, "seed", "below zero"),
        ({"text_a": again, "text_b": again}, "b", "22,500 pairs"),
    ):
        with pytest.raises(InvalidInput, match=reason) as refused:
            peaceful.compare(**given_)
        assert refused.value.field == field
    with pytest.raises(NotFound):
        peaceful.compare("NOR:1999", "CUB:2020")


def test_similarity_is_that_of_the_matrix(bundled: Comparator) -> None:
    """Of two statements that are all that their states said in their year."""
    library = bundled.generation.library
    made = bundled.matrix(least=2, **{"from": 2023, "to": 2023})
    cells = {(row["a"], row["b"]): row for row in made.rows()}
    compared = 0
    for (a, b), cell in list(cells.items())[::25]:
        if len(library.statements_of(a, 2023)) > 1 or len(library.statements_of(b, 2023)) > 1:
            continue
        found = bundled.compare(f"{a}:2023", f"{b}:2023")
        assert (found.a["positions"], found.b["positions"]) == (cell["claims_a"], cell["claims_b"])
        assert found.agreement is None
        assert found.stance_model is None
        assert not found.whole
        if min(cell["claims_a"], cell["claims_b"]) < 2:
            assert found.similarity is None
        else:
            assert found.similarity is not None
            assert found.similarity.value == pytest.approx(cell["similarity"], abs=2e-6)
        compared += 1
    assert compared >= 5


def test_a_statement_against_itself(bundled: Comparator) -> None:
    found = bundled.compare("MLI_78_2023", "MLI:2023")
    assert found.similarity is not None
    assert found.similarity.value == pytest.approx(1, abs=1e-5)
    assert [p.counterpart_id for p in _own(found, "a")] == [p.claim_id for p in _own(found, "b")]
