"""Agreement in votes, against figures worked out pair by pair."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from service.catalogue import load_issues
from service.votes.agreement import (
    LEAST_IN_SESSION,
    Index,
    agreement,
    ballots,
    issue_sessions,
    whole_sessions,
)
from service.votes.resolutions import load_mapping
from service.votes.roll_calls import Kind, RollCall, RollCalls, Vote
from service.votes.statistics import voted_alike
from tests.conftest import PROJECT

Floats = npt.NDArray[np.float64]
TABLES = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.integers(2, 5)),
    elements=st.sampled_from([1.0, 0.0, -1.0, np.nan]),
)  # fmt: skip
Y, N, A = Vote.YES, Vote.NO, Vote.ABSTAIN


def call(title: str, session: int, **votes: Vote) -> RollCall:
    return RollCall(
        title, f"{title}/{session}", date(1945 + session, 12, 1), session, title, (),
        Kind.RESOLUTION, votes,
    )  # fmt: skip


def brute(votes: Floats, least: int, index: Index) -> Floats:
    n = votes.shape[1]
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = [(a, b) for a, b in votes[:, [i, j]] if not np.isnan(a + b)]
            if i == j or len(both) < least:
                continue
            distance = float(np.mean([abs(a - b) / 2 for a, b in both]))
            ours, theirs = [a for a, _ in both], [b for _, b in both]
            if index is Index.AGREEMENT:
                found[i, j] = 1 - distance
                continue
            if index is Index.PI:
                ours = theirs = ours + theirs
            expected = float(np.mean([abs(a - b) / 2 for a in ours for b in theirs]))
            if expected > 0:
                found[i, j] = 1 - distance / expected
    return found


@pytest.mark.parametrize("index", list(Index))
@given(votes=TABLES, least=st.integers(1, 4))
def test_agreement_is_as_worked_out_pair_by_pair(index: Index, votes: Floats, least: int) -> None:
    found = agreement(votes, least, index)
    np.testing.assert_allclose(found, brute(votes, least, index), atol=1e-9)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_kappa_is_scikit_learn_s() -> None:
    votes = np.random.default_rng(1).choice([1.0, 0.0, -1.0], (60, 2), p=[0.6, 0.25, 0.15])
    by_it = cohen_kappa_score(*votes.T.astype(int), labels=[-1, 0, 1], weights="linear")
    assert agreement(votes, index=Index.KAPPA)[0, 1] == pytest.approx(by_it)


def test_votes_against_each_other_and_abstentions() -> None:
    votes = np.array([[1.0, 0.0, -1.0, 0.0, np.nan]])
    found = agreement(votes)
    assert found[0, 1] == 0.5
    assert found[0, 2] == 0.0
    assert found[1, 3] == 1.0
    assert np.isnan(found[:, 4]).all()
    assert np.isnan(found.diagonal()).all()


def test_absent_states_are_not_no() -> None:
    states, votes = ballots([call("A", 60, FRA=Y, USA=N), call("B", 60, FRA=A)])
    assert states == ("FRA", "USA")
    np.testing.assert_array_equal(votes, [[1, -1], [0, np.nan]])


def test_issues_by_session_in_the_direction_of_the_proposition() -> None:
    mapping = load_mapping(PROJECT / "data", load_issues(PROJECT / "data"))
    globalisation = "Globalization and its impact on the full"
    calls = [
        call("The right to development", 60, CUB=Y, USA=N, FRA=Y),
        call("Towards a new international economic order", 60, CUB=Y, USA=N, FRA=A),
        call("The right to development", 61, CUB=Y, USA=N),
        call(globalisation, 60, CUB=Y, FRA=N),
        call("Rivers", 60, CUB=Y, FRA=N),
    ]
    found = issue_sessions(mapping, calls)
    assert [(each.issue, each.session) for each in found] == [
        ("D08", 60), ("X118", 60), ("X118", 61),
    ]  # fmt: skip
    order = found[1]
    assert order.states == ("CUB", "FRA", "USA")
    assert order.position is not None
    assert order.position.tolist() == [-1.0, -0.5, 1.0]  # a yes denies the proposition
    assert order.cast.tolist() == [2, 2, 2]
    assert order.joint[0, 1] == 2
    assert order.agreement[0, 1] == 0.75
    assert order.agreement[0, 2] == 0.0
    assert len(order.symbols) == 2


def test_whole_sessions_need_enough_joint_votes() -> None:
    calls = [
        call(f"T{i}", 60, FRA=Y, USA=N if i % 2 else Y, **({"FJI": Y} if i else {}))
        for i in range(LEAST_IN_SESSION)
    ]
    (found,) = whole_sessions(calls)
    assert (found.session, found.issue, found.position) == (60, None, None)
    assert found.states == ("FJI", "FRA", "USA")
    assert found.agreement[1, 2] == 0.5
    assert np.isnan(found.agreement[0, 1])
    assert found.joint[0, 1] == LEAST_IN_SESSION - 1
    (corrected,) = whole_sessions(calls, Index.PI)
    np.testing.assert_array_equal(
        corrected.agreement, agreement(ballots(calls)[1], LEAST_IN_SESSION, Index.PI)
    )


def test_alike_is_agreeing_in_all_on_an_issue_and_above_the_median_in_a_session(
    real: RollCalls,
) -> None:
    mapping = load_mapping(PROJECT / "data", load_issues(PROJECT / "data"))
    for each in issue_sessions(mapping, real.resolutions([70])):
        alike = voted_alike(each)
        known = ~np.isnan(each.agreement)
        np.testing.assert_array_equal(alike[known], each.agreement[known] == 1)
        assert np.isnan(alike[~known]).all()
    (session,) = whole_sessions(real.resolutions([70]))
    assert len(session.states) == 193
    known = ~np.isnan(session.agreement)
    assert 0.4 < voted_alike(session)[known].mean() <= 0.5
