"""Where a state stands, from dated evidence."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from service.domain.standing import Basis, Change, Evidence, Side, standing

FOR, AGAINST, PARTLY = Side.FOR, Side.AGAINST, Side.RESERVATIONS


def seen(date: str, side: Side, sure: float | None = 0.9, claim: str = "c") -> Evidence:
    basis = Basis.INFERRED if sure is not None else Basis.ANNOTATED
    return Evidence(f"{claim}-{date}", date, side, basis, sure)


def test_without_evidence_a_state_is_silent() -> None:
    found = standing([])
    assert (found.side, found.since, found.evidence, found.changes) == (Side.SILENT, None, (), ())
    assert found.basis is None


def test_since_is_the_first_date_of_the_present_side() -> None:
    found = standing([seen("2003", FOR), seen("2001", FOR), seen("2010", FOR)])
    assert (found.side, found.since, found.changes) == (FOR, "2001", ())


def test_a_change_is_dated_by_what_is_said_after_it() -> None:
    found = standing(
        [seen("2001", FOR), seen("2005", AGAINST), seen("2006", AGAINST), seen("2009", AGAINST)]
    )
    assert (found.side, found.since) == (AGAINST, "2005")
    assert found.changes == (Change("2005", FOR, AGAINST, False),)


def test_a_lone_inferred_date_between_two_that_agree_is_no_change() -> None:
    found = standing([seen("2001", FOR), seen("2003", AGAINST), seen("2005", FOR)])
    assert (found.side, found.since, found.changes) == (FOR, "2001", ())
    assert [e.side for e in found.evidence] == [FOR, AGAINST, FOR]


def test_what_a_person_labelled_is_a_change_even_alone() -> None:
    found = standing([seen("2001", FOR), seen("2003", AGAINST, None), seen("2005", FOR)])
    assert [(c.date, c.tentative) for c in found.changes] == [("2003", False), ("2005", True)]


def test_one_last_inferred_claim_is_a_tentative_change() -> None:
    found = standing([seen("2001", FOR), seen("2002", FOR), seen("2005", PARTLY)])
    assert found.changes == (Change("2005", FOR, PARTLY, True),)
    assert found.basis is Basis.INFERRED


def test_a_person_outranks_the_model_at_the_same_date() -> None:
    model = [seen("2001", AGAINST, 0.99, claim) for claim in "abc"]
    found = standing([*model, seen("2001", FOR, None)])
    assert (found.side, found.basis) == (FOR, Basis.ANNOTATED)


EVIDENCE = st.lists(
    st.builds(
        Evidence,
        st.uuids().map(str),
        st.integers(2000, 2008).map(str),
        st.sampled_from([FOR, AGAINST, PARTLY]),
        st.sampled_from(Basis),
        st.floats(0.5, 1),
    ),
    max_size=12,
)


@given(EVIDENCE, st.integers(0, 99))
def test_the_order_of_evidence_doesnt_matter_and_runs_fit_together(
    evidence: list[Evidence], seed: int
) -> None:
    found = standing(evidence)
    mixed = evidence.copy()
    random.Random(seed).shuffle(mixed)
    assert standing(mixed) == found
    assert sorted(e.claim_id for e in found.evidence) == sorted(e.claim_id for e in evidence)
    for change in found.changes:
        assert change.before is not change.after
    for one, other in zip(found.changes, found.changes[1:], strict=False):
        assert one.after is other.before
        assert one.date < other.date
    if found.changes:
        assert (found.side, found.since) == (found.changes[-1].after, found.changes[-1].date)
    elif evidence:
        assert found.since == min(e.date for e in evidence)


@given(EVIDENCE)
def test_the_side_of_a_year_follows_the_changes(evidence: list[Evidence]) -> None:
    found = standing(evidence)
    if not evidence:
        assert found.side_in(2024) is Side.SILENT
        return
    first = min(int(e.date) for e in evidence)
    assert found.side_in(first - 1) is Side.SILENT
    assert found.side_in(2024) is found.side
    turns = {int(change.date): change for change in found.changes}
    for year in range(first + 1, 2024):
        before, after = found.side_in(year - 1), found.side_in(year)
        if year in turns:
            assert (before, after) == (turns[year].before, turns[year].after)
        else:
            assert before is after


def test_a_lone_inferred_date_moves_no_year() -> None:
    found = standing([seen("2001", FOR), seen("2003-05-01", AGAINST), seen("2005-09", FOR)])
    assert {found.side_in(year) for year in range(2001, 2007)} == {FOR}
    changed = standing([seen("2001-12-31", FOR), seen("2003-05", AGAINST, None)])
    assert [changed.side_in(year) for year in (2000, 2001, 2002, 2003)] == [
        Side.SILENT, FOR, FOR, AGAINST
    ]  # fmt: skip
