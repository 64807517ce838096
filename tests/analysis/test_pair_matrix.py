"""Every pair against brute force; a killed run goes on; cells with too little are empty."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from service.analysis import pair_matrix as module
from service.analysis.kept_blocks import Arrays, KeptBlocks
from service.analysis.pair_matrix import (
    PAIR_COLUMNS,
    PairMatrix,
    Wanted,
    nearest_pairs,
    pair_matrix,
)
from service.analysis.proportions import wilson
from service.analysis.units import Unit, units
from service.catalogue import load_issues
from service.comparison import Comparator
from service.domain.stance import Stance, Verdict
from service.domain.standing import Basis, Evidence, Side
from service.domain.statements import Kind
from service.errors import InvalidInput
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation, Generations
from service.settings import Settings
from tests.conftest import BuildToy, statement

WORDS = ("veto", "debt", "climate", "peace", "trade", "law")


def speeches() -> list[list[str]]:
    """Of five states, each of two years, three claims a speech."""
    draw = np.random.default_rng(5)
    return [[" ".join(draw.choice(WORDS, 4)) for _ in range(3)] for _ in range(10)]


@pytest.fixture
def generation(build_toy: BuildToy, tmp_path: Path) -> Generation:
    said = speeches()
    states = ("CHN", "CUB", "FRA", "NOR", "USA")
    build_toy([
        statement(state, str(2000 + year), *said[2 * place + year])
        for place, state in enumerate(states)
        for year in range(2)
    ])  # fmt: skip
    return Generations(tmp_path).current()


def made(
    generation: Generation,
    kind: Unit,
    wanted: Wanted,
    blocks: KeptBlocks | None = None,
    sides: np.ndarray | None = None,
) -> PairMatrix:
    found = units(generation, generation.columns.kind == KINDS.index(Kind.POSITION), kind)
    blocks = blocks or KeptBlocks()
    pair_matrix(generation, found, wanted, blocks, judge=_judge)
    none = np.full((0, len(found)), list(Side).index(Side.SILENT), np.int8)
    return PairMatrix(
        query={}, generation="g", model="toy", stance_model=None,
        issues=() if sides is None else tuple(map(str, range(len(sides)))), left_out=(),
        units=found, names=found.states, wanted=wanted,
        sides=none if sides is None else sides, blocks=blocks,
    )  # fmt: skip


def _judge(pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
    """Who shares the first word is aligned, anybody else opposed."""
    same = [a.split()[0] == b.split()[0] for a, b in pairs]
    return [
        Verdict(Stance.ALIGNED, (1.0, 0.0, 0.0, 0.0))
        if yes
        else Verdict(Stance.OPPOSED, (0.0, 0.0, 1.0, 0.0))
        for yes in same
    ]


@pytest.mark.parametrize("kind", Unit)
@pytest.mark.parametrize("block", [4, 9, 10_000])
def test_every_pair_once_and_as_the_plain_loop_has_it(
    generation: Generation, monkeypatch: pytest.MonkeyPatch, kind: Unit, block: int
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    found = made(generation, kind, Wanted(least=2))
    rows = {(row["a"], row["b"]): row for row in found.rows()}
    assert list(rows[next(iter(rows))]) == [column.name for column in PAIR_COLUMNS]
    assert set(rows) == set(combinations(found.units.names, 2))
    vectors = {
        name: generation.index.vectors(found.units.rows_of(i, i + 1))
        for i, name in enumerate(found.units.names)
    }
    dense = found.similarity()
    for (a, b), row in rows.items():
        alike = vectors[a] @ vectors[b].T
        mean = (alike.max(axis=1).sum() + alike.max(axis=0).sum()) / sum(alike.shape)
        assert row["similarity"] == pytest.approx(mean, abs=2e-6)
        assert row["similarity_low"] <= row["similarity"] <= row["similarity_high"]
        assert (row["claims_a"], row["claims_b"]) == alike.shape
        place = found.units.names.index(a), found.units.names.index(b)
        assert dense[place] == dense[place[::-1]] == pytest.approx(mean, abs=2e-6)
    assert np.isnan(dense.diagonal()).all()


def test_without_intervals_the_same_similarity(generation: Generation) -> None:
    with_, without = (
        list(made(generation, Unit.STATE, Wanted(least=2, intervals=wish)).rows())
        for wish in (True, False)
    )
    for one, other in zip(with_, without, strict=True):
        assert one["similarity"] == pytest.approx(other["similarity"], abs=2e-6)
        assert other["similarity_low"] is other["similarity_high"] is None


def test_too_few_claims_make_an_empty_cell_with_its_counts(generation: Generation) -> None:
    rows = list(made(generation, Unit.STATEMENT, Wanted(least=4)).rows())
    assert {row["similarity"] for row in rows} == {None}
    assert {row["claims_a"] for row in rows} == {3}


def test_the_nearest_positions_are_judged_both_ways(generation: Generation) -> None:
    found = made(generation, Unit.STATE, Wanted(least=2, judged=2))
    rows = list(found.rows())
    assert any(row["judged"] for row in rows)
    for row in rows:
        assert row["judged"] % 2 == 0 and row["judged"] <= 4
        assert row["aligned"] + row["partial"] + row["opposed"] == row["judged"]


def test_nearest_pairs_takes_no_claim_twice() -> None:
    alike = np.array([[0.9, 0.8, 0.1], [0.85, 0.2, 0.3]], np.float32)
    assert nearest_pairs(alike, 5, 0.25) == [(0, 0), (1, 2)]
    assert nearest_pairs(alike, 1, 0.25) == [(0, 0)]
    assert nearest_pairs(alike, 5, 0.95) == []


def test_agreement_is_the_share_of_issues_on_the_same_side(generation: Generation) -> None:
    codes = {side: number for number, side in enumerate(Side)}
    draw = np.random.default_rng(1)
    sides = draw.choice(list(codes.values()), (7, 5)).astype(np.int8)
    found = made(generation, Unit.STATE, Wanted(least=2), sides=sides)
    names = found.units.names
    for row in found.rows():
        a, b = (sides[:, names.index(row[name])] for name in ("a", "b"))
        both = [(x, y) for x, y in zip(a, b, strict=True) if codes[Side.SILENT] not in (x, y)]
        same = sum(x == y for x, y in both)
        contrary = sum({x, y} == {codes[Side.FOR], codes[Side.AGAINST]} for x, y in both)
        assert (row["issues"], row["same"], row["contrary"]) == (len(both), same, contrary)
        if len(both) < 2:
            assert row["agreement"] is None
            continue
        ends = binomtest(same, len(both)).proportion_ci(method="wilson")
        assert row["agreement"] == pytest.approx(same / len(both), abs=1e-6)
        assert row["agreement_low"] == pytest.approx(ends.low, abs=1e-6)
        assert row["agreement_high"] == pytest.approx(ends.high, abs=1e-6)


def test_wilson_is_scipys() -> None:
    for of in range(1, 12):
        low, high = wilson(np.arange(of + 1), of)
        for count in range(of + 1):
            ends = binomtest(count, of).proportion_ci(method="wilson")
            assert (low[count], high[count]) == pytest.approx((ends.low, ends.high))
    assert all(np.isnan(end) for end in wilson(0, 0))


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_and_gives_the_same(
    generation: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", 6)
    whole = list(made(generation, Unit.STATE, Wanted(least=2)).rows())
    kept: list[int] = []
    keep = KeptBlocks.keep

    def keeping(self: KeptBlocks, number: int, arrays: Arrays) -> None:
        if len(kept) == 4:
            raise Killed
        kept.append(number)
        keep(self, number, arrays)

    run = {"unit": "state"}
    with monkeypatch.context() as patch:
        patch.setattr(KeptBlocks, "keep", keeping)
        with pytest.raises(Killed):
            made(generation, Unit.STATE, Wanted(least=2), KeptBlocks(tmp_path / "run", run))
    # What was being written when the machine went down is no more than a beginning.
    (tmp_path / "run" / "0000002.npz").write_bytes(b"PK\x03\x04")
    computed: list[int] = []
    compute = module.similar_block

    def counting(*given: object) -> Arrays:
        computed.append(1)
        return compute(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "similar_block", counting)
    again = made(generation, Unit.STATE, Wanted(least=2), KeptBlocks(tmp_path / "run", run))
    assert list(again.rows()) == whole
    assert 0 < len(computed) == len(list((tmp_path / "run").glob("*.npz"))) - 3
    with pytest.raises(InvalidInput, match="another run"):
        KeptBlocks(tmp_path / "run", {"unit": "statement"})


def test_a_unit_is_on_the_side_that_its_own_statements_take(generation: Generation) -> None:
    chosen = generation.columns.kind == KINDS.index(Kind.POSITION)
    issue = next(iter(load_issues(Settings().data, None)))
    pieces = tuple(
        Evidence(f"CUB_0_{year}:0-9", year, side, Basis.ANNOTATED)
        for year, side in (("2000", Side.FOR), ("2001", Side.AGAINST), ("1990", Side.FOR))
    )
    said = {issue.id: {"CUB": pieces}}
    by_state = units(generation, chosen, Unit.STATE)
    place = by_state.names.index("CUB")
    sides = by_state.sides([issue], said)[0].tolist()
    assert sides[place] == list(Side).index(Side.AGAINST)
    assert {side for i, side in enumerate(sides) if i != place} == {list(Side).index(Side.SILENT)}
    by_statement = units(generation, chosen, Unit.STATEMENT)
    found = dict(zip(by_statement.names, by_statement.sides([issue], said)[0], strict=True))
    assert found["CUB_0_2000"] == list(Side).index(Side.FOR)
    assert found["CUB_0_2001"] == list(Side).index(Side.AGAINST)


def test_the_bundled_index_by_the_comparator(bundled: Comparator) -> None:
    found = bundled.matrix(topics=["multilateralism"], least=2)
    frame = found.to_frame()
    assert list(frame.columns) == [column.name for column in PAIR_COLUMNS]
    n = len(found.units)
    assert len(frame) == n * (n - 1) // 2 > 100
    assert frame["similarity"].notna().any() and frame["similarity"].isna().any()
    assert found.to_frame("units")["claims"].sum() == len(found.units.rows)
    assert found.stance_model is None and frame["agreement"].isna().all()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("unit", {"unit": "planet"}),
        ("least", {"least": 1}),
        ("judged", {"judged": 99}),
        ("judged", {"judged": 1}),  # nothing judges here
        ("topics", {"topics": ["no such thing", "x" * 9]}),
        ("colour", {"colour": "red"}),
    ],
)
def test_what_is_wrong_is_named(bundled: Comparator, field: str, given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.matrix(**given)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_request_is_bounded(bundled: Comparator) -> None:
    with pytest.raises(InvalidInput, match="POST /v1/jobs"):
        bundled.matrix(unit="statement", bounded=True)
