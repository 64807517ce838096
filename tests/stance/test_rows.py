from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.domain.answers import Group, Hit
from service.domain.corrections import Correction
from service.domain.stance import STANCES, Stance, Verdict
from service.stance.rows import corrected, judged, ordered, row


def hit(number: int, stance: Stance | None, sure: float = 0.9) -> Hit:
    known: dict[str, Any] = {field.name: None for field in fields(Hit)}
    made = Hit(**known | {"claim_id": str(number), "similarity": 1 - number / 100})
    if stance is None:
        return made
    rest = (1 - sure) / 3
    a, p, o, u = (sure if s is stance else rest for s in STANCES)
    return judged(made, Verdict(stance, (a, p, o, u)))


def group(state: str, *hits: Hit) -> Group:
    return Group(state=state, name=state, count=len(hits), hits=hits)


stances = st.lists(
    st.tuples(st.sampled_from(STANCES), st.floats(0.3, 0.99)), min_size=1, max_size=6
)


@given(stances)
def test_a_row_loses_no_hit_and_shows_its_stance_first(said: list[tuple[Stance, float]]) -> None:
    before = group("AAA", *(hit(i, stance, sure) for i, (stance, sure) in enumerate(said)))
    after = row(before)
    assert sorted(h.claim_id for h in after.hits) == sorted(h.claim_id for h in before.hits)
    assert after.stance == after.hits[0].stance
    rest = [int(h.claim_id) for h in after.hits[1:]]
    assert rest == sorted(rest)


def test_a_side_outweighs_a_reservation_and_that_outweighs_silence() -> None:
    said = row(group("AAA", hit(0, Stance.UNCLEAR), hit(1, Stance.PARTIAL), hit(2, Stance.OPPOSED)))
    assert (said.stance, said.hits[0].claim_id) == ("opposed", "2")
    said = row(group("AAA", hit(0, Stance.UNCLEAR, 0.5), hit(1, Stance.UNCLEAR, 0.9)))
    assert [h.claim_id for h in said.hits] == ["0", "1"]  # the nearest stays in front


def test_of_two_sides_the_likelier_is_shown() -> None:
    said = row(group("AAA", hit(0, Stance.ALIGNED, 0.6), hit(1, Stance.OPPOSED, 0.8)))
    assert said.stance == "opposed"


def test_what_was_not_judged_stays_as_it_was() -> None:
    before = group("AAA", hit(0, None), hit(1, None))
    assert row(before) == before
    assert ordered([before]) == (before,)


def test_order_of_rows() -> None:
    rows = [
        replace(group(stance, hit(0, stance)), stance=str(stance)) for stance in reversed(STANCES)
    ]
    assert [g.stance for g in ordered(rows)] == ["aligned", "partial", "opposed", "unclear"]


def test_a_correction_outweighs_the_model() -> None:
    said = Correction(
        text="q", claim_id="1", statement_id="s", state="AAA", start=0, end=1, sha256="0" * 64,
        stance=Stance.UNCLEAR, author="a", reason="r", date="2025-11-25T00:00:00+00:00", was=None,
    )  # fmt: skip
    hits = [hit(0, Stance.OPPOSED, 0.99), corrected(hit(1, Stance.ALIGNED, 0.6), said)]
    shown = row(group("AAA", *hits))
    assert (shown.stance, [h.claim_id for h in shown.hits]) == ("unclear", ["1", "0"])
    assert shown.hits[0].probabilities == hit(1, Stance.ALIGNED, 0.6).probabilities
    # Of two corrected ones a side outweighs silence, whatever the model thought.
    other = corrected(hit(2, Stance.UNCLEAR), replace(said, stance=Stance.PARTIAL))
    assert row(group("AAA", *hits, other)).hits[0] == other


def test_a_row_that_was_judged_in_part_shows_what_was() -> None:
    shown = row(group("AAA", hit(0, None), hit(1, Stance.UNCLEAR)))
    assert (shown.stance, shown.hits[0].claim_id) == ("unclear", "1")
