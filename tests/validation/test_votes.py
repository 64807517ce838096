"""Statements against roll calls, in invented worlds where the truth is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from service.catalogue import load_issues
from service.domain.standing import Side
from service.domain.statements import Statement
from service.errors import InvalidInput
from service.retrieval.generations import Generations
from service.settings import Settings
from service.stance.contraries import Contraries
from service.validation import measures
from service.validation.debates import debates
from service.validation.learning import Known, by_vectors, by_words, foretold, places
from service.validation.tested import RELATION_COLUMNS, SUMMARY_COLUMNS, VoteValidation
from service.validation.votes import Ground, hold_against, parse_draws, parse_sessions
from service.votes.resolutions import Rule, VoteMapping
from service.votes.roll_calls import Kind, RollCall, RollCalls, Vote
from tests.conftest import BuildToy, ToyEncoder, statement

STATES = tuple("ARG AUS BRA CAN CHN CUB DEU EGY FRA GBR IND IRN ITA JPN NOR USA".split())
SESSIONS = (55, 56, 57, 58)
OURS, THEIRS, COMMON = (
    ("lift", "embargo", "freedom"),
    ("keep", "pressure", "order"),
    ("world", "hope"),
)
MAPPING = VoteMapping(
    55, 78, (Rule("D01", Side.FOR, (re.compile("embargo"),), frozenset(), "invented"),)
)


def place(state: str) -> int:
    return 1 if STATES.index(state) % 2 else -1


def speeches() -> list[Statement]:
    draw = np.random.default_rng(2)
    made = []
    for session in SESSIONS:
        for state in STATES:
            words = OURS if place(state) > 0 else THEIRS
            said = [" ".join([*draw.choice(words, 2), *draw.choice(COMMON, 2)]) for _ in range(6)]
            made.append(
                statement(state, str(1945 + session), *said,
                          forum=f"General Assembly, general debate, {session}th session")
            )  # fmt: skip
    return made


def roll_calls(voted: Mapping[str, Vote]) -> list[RollCall]:
    """Three a session on the embargo, and ten on anything, in which all vote as `voted`."""
    return [
        RollCall(
            f"{session}-{n}", None, date(1945 + session, 11, 1), session,
            "ending an embargo" if n < 3 else "anything else", (), Kind.RESOLUTION, voted,
        )
        for session in SESSIONS
        for n in range(13)
    ]  # fmt: skip


@pytest.fixture
def validated(build_toy: BuildToy, tmp_path: Path):  # type: ignore[no-untyped-def]
    build_toy(speeches())
    generation = Generations(tmp_path).current()
    issues = load_issues(Settings().data, None)
    found = debates(generation, SESSIONS)

    def validate(voted: Mapping[str, Vote]) -> VoteValidation:
        calls = roll_calls(voted)
        ground = Ground(
            generation=generation, issues=issues,
            contraries=Contraries(issues, ToyEncoder(), tmp_path / "models"), judge=None,
            mapping=MAPPING, roll_calls=calls,
            debates={debate.session: debate for debate in found},
        )  # fmt: skip
        return hold_against(ground, RollCalls(tuple(calls), None), 99, 0, None, None)  # type: ignore[arg-type]

    return validate


def test_votes_that_go_with_speeches_are_found(validated) -> None:  # type: ignore[no-untyped-def]
    voted = {state: Vote.YES if place(state) > 0 else Vote.NO for state in STATES}
    found = validated(voted)
    rows = {(row["issue"], row["measure"]): row for row in found.relation_rows()}
    for issue in ("D01", None):
        for name in (measures.COSINE, measures.TF_IDF, measures.NEAREST, measures.LEARNED,
                     measures.WORDSCORES):  # fmt: skip
            assert rows[issue, name]["auc"] > 0.95, (issue, name)
        assert rows[issue, measures.COSINE]["sessions"] == 4
        assert rows[issue, measures.LEARNED]["sessions"] == 3  # the first has nothing before it
        assert rows[issue, measures.COSINE]["auc_p"] <= 0.02
    assert found.mapped == 12
    assert list(rows["D01", measures.COSINE]) == [column.name for column in RELATION_COLUMNS]
    summary = {row["measure"]: row for row in found.summary_rows()}
    assert list(summary[measures.LEARNED]) == [column.name for column in SUMMARY_COLUMNS]
    assert summary[measures.LEARNED]["informed"] and not summary[measures.COSINE]["informed"]
    assert summary[measures.LEARNED]["issues"] == 1
    assert found.to_dict()["roll_calls"] == {"read": 52, "mapped": 12}
    assert len(found.to_frame()) == len(rows)


def test_votes_that_have_nothing_to_do_with_speeches(validated) -> None:  # type: ignore[no-untyped-def]
    """Drawn by lot once, the same in every session: what is learned of others says nothing."""
    draw = np.random.default_rng(8)
    yes = set(draw.permutation(STATES)[:8].tolist())
    found = validated({state: Vote.YES if state in yes else Vote.NO for state in STATES})
    for row in found.relation_rows():
        if row["auc"] is not None:
            assert 0.3 < row["auc"] < 0.7
            assert row["auc_p"] > 0.01


def test_a_states_own_votes_and_the_sessions_have_no_part_in_what_is_foretold(
    build_toy: BuildToy, tmp_path: Path
) -> None:
    build_toy(speeches())
    found = debates(Generations(tmp_path).current(), SESSIONS)
    targets = np.array([[place(state)] for state in STATES], np.float64)
    earlier = [Known(debate, targets) for debate in found[:2]]
    for fit in (by_vectors, by_words):
        made = foretold(fit, earlier, found[2])
        assert np.corrcoef(made[:, 0], targets[:, 0])[0, 1] > 0.9
        for number in range(len(STATES)):
            other = targets.copy()
            other[number] = -5.0
            again = foretold(fit, [Known(debate, other) for debate in found[:2]], found[2])
            assert again[number] == pytest.approx(made[number])
            assert not np.allclose(again, made)
        assert np.isnan(foretold(fit, [], found[2])).all()
    # Who didn't vote is foretold all the same.
    absent = targets.copy()
    absent[3] = np.nan
    assert not np.isnan(foretold(by_vectors, [Known(found[0], absent)], found[1])).any()


def test_places_find_what_agreement_was_made_of() -> None:
    draw = np.random.default_rng(4)
    level, axis = draw.normal(0, 0.05, 30), draw.choice([-0.5, 0.5], 30) + draw.normal(0, 0.1, 30)
    level -= level.mean()
    made = 0.6 + level[:, None] + level[None, :] + np.outer(axis, axis)
    np.fill_diagonal(made, np.nan)
    made[2, 5] = made[5, 2] = np.nan
    found = places(made, axis)
    assert abs(np.corrcoef(found[:, 1], axis)[0, 1]) > 0.99
    assert np.corrcoef(found[:, 1], axis)[0, 1] > 0  # turned to go with what was before
    told = 0.6 + found[:, :1] + found[:, 0] + np.outer(found[:, 1], found[:, 1])
    known = ~np.isnan(made)
    assert np.corrcoef(told[known], made[known])[0, 1] > 0.97
    assert np.allclose(places(made, -axis)[:, 1], -found[:, 1])


def test_mean_product_is_that_of_the_plain_loop() -> None:
    draw = np.random.default_rng(6)
    table = np.where(draw.random((5, 7)) < 0.5, np.nan, draw.normal(size=(5, 7)))
    found = measures.mean_product(list(table))
    for i in range(7):
        for j in range(7):
            known = [a * b for a, b in zip(table[:, i], table[:, j], strict=True) if a * b == a * b]
            if i == j or not known:
                assert np.isnan(found[i, j])
            else:
                assert found[i, j] == pytest.approx(np.mean(known))


def test_a_debate_holds_whoever_says_enough(build_toy: BuildToy, tmp_path: Path) -> None:
    few = statement("SWE", "2000", "hope world", forum="General Assembly, general debate")
    elsewhere = statement("FIN", "2000", *["hope world"] * 9, forum="Security Council")
    build_toy([*speeches(), few, elsewhere])
    generation = Generations(tmp_path).current()
    (debate,) = debates(generation, [55])
    assert debate.states == STATES
    assert debate.means.sum(axis=0) == pytest.approx(np.zeros(16), abs=1e-6)
    assert debate.words.shape[0] == len(STATES) and debate.words.sum() > 0
    values = np.arange(len(debate.rows), dtype=float)
    assert debate.means_of(values, values % 6 < 2)[1] == pytest.approx(6.5)
    assert np.isnan(debate.means_of(values, values < 6)[1:]).all()
    assert debates(generation, [70]) == []


@pytest.mark.parametrize("given", [{"from": "x"}, {"from": 54}, {"to": 79}, {"from": 60, "to": 58}])
def test_sessions_are_checked(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        parse_sessions(given, MAPPING)


def test_draws_are_checked() -> None:
    assert parse_sessions({"from": 60}, MAPPING) == range(60, 79)
    for draws, seed in ((-1, 0), (0, -1), (True, 0), ("9", 0)):
        with pytest.raises(InvalidInput):
            parse_draws(draws, seed)
