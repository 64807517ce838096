from __future__ import annotations

from datetime import date

import pytest

from service.catalogue import load_blocs, load_states
from service.domain.blocs import Blocs
from tests.conftest import PROJECT

BLOCS = load_blocs(PROJECT / "data")
STATES = load_states(PROJECT / "data")


@pytest.mark.parametrize(
    ("bloc", "day", "count"),
    [
        ("permanent-five", "1950-01-01", 5), ("permanent-five", "2023-01-01", 5),
        ("eu", "1960-01-01", 6), ("eu", "1973-06-01", 9), ("eu", "1981-06-01", 10),
        ("eu", "1986-06-01", 12), ("eu", "1995-06-01", 15), ("eu", "2004-04-30", 15),
        ("eu", "2004-05-01", 25), ("eu", "2007-06-01", 27), ("eu", "2014-06-01", 28),
        ("eu", "2020-01-31", 28), ("eu", "2020-02-01", 27),
        ("nato", "1950-01-01", 12), ("nato", "1960-01-01", 15), ("nato", "1983-01-01", 16),
        ("nato", "2000-01-01", 19), ("nato", "2005-01-01", 26), ("nato", "2010-01-01", 28),
        ("nato", "2021-01-01", 30), ("nato", "2023-06-01", 31), ("nato", "2024-06-01", 32),
        ("asean", "1970-01-01", 5), ("asean", "1990-01-01", 6), ("asean", "2000-01-01", 10),
        ("brics", "2009-12-01", 4), ("brics", "2015-01-01", 5), ("brics", "2024-06-01", 9),
        ("g77", "2021-01-01", 134), ("non-aligned-movement", "2021-01-01", 120),
        ("arab-league", "2021-01-01", 22), ("oic", "2021-01-01", 57), ("gcc", "2000-01-01", 6),
        ("african-union", "1990-01-01", 50), ("african-union", "2021-01-01", 54),
        ("ldcs", "2021-01-01", 46), ("sids", "2021-01-01", 38), ("lldcs", "2021-01-01", 32),
        ("g4", "2010-01-01", 4), ("uniting-for-consensus", "2015-01-01", 12),
        ("african-group", "2021-01-01", 54), ("asia-pacific-group", "2021-01-01", 54),
        ("eastern-european-group", "2021-01-01", 23), ("grulac", "2021-01-01", 33),
        ("weog", "2021-01-01", 29), ("osce", "2021-01-01", 57), ("commonwealth", "2023-01-01", 56),
        ("caricom", "2021-01-01", 14), ("g7", "1980-01-01", 7), ("g20", "2010-01-01", 19),
    ],
)  # fmt: skip
def test_member_counts(bloc: str, day: str, count: int) -> None:
    assert len(BLOCS.members(bloc, date.fromisoformat(day))) == count


def test_every_member_is_a_known_state() -> None:
    unknown = {code for bloc in BLOCS for code in bloc.members() if STATES.get(code) is None}
    assert unknown == set()


def test_every_bloc_names_its_source() -> None:
    assert all(bloc.source for bloc in BLOCS)
    assert len(BLOCS) >= 20


def test_a_state_may_leave_and_join_again() -> None:
    inside = {y: "MAR" in BLOCS.members("african-union", date(y, 6, 1)) for y in (1980, 2000, 2018)}
    assert inside == {1980: True, 2000: False, 2018: True}


@pytest.mark.parametrize(
    ("name", "bloc"),
    [("P5", "permanent-five"), ("G77", "g77"), ("Group of 77 and China", "g77"),
     ("OAU", "african-union"),
     ("European Union", "eu"), ("NAM", "non-aligned-movement"), ("UfC", "uniting-for-consensus"),
     ("Caricom", "caricom"), ("GCC", "gcc"), ("least developed countries", "ldcs")],
)  # fmt: skip
def test_names(name: str, bloc: str) -> None:
    found = BLOCS.resolve(name)
    assert found is not None
    assert found.id == bloc


def test_blocs_of_a_state() -> None:
    ids = {bloc.id for bloc in BLOCS.of("FRA", date(2020, 6, 1))}
    assert {"permanent-five", "eu", "nato", "g7", "g20"} <= ids
    assert "g77" not in ids


def test_mentions_in_running_text() -> None:
    found = BLOCS.find_mentions("on behalf of the Group of 77 and China, not of the European Union")
    assert [bloc.id for bloc in found] == ["g77", "eu"]


def test_two_blocs_cannot_share_a_name() -> None:
    (one, two, *_) = BLOCS
    with pytest.raises(ValueError, match="claimed by"):
        Blocs([one, type(two)(two.id, one.name, "a test", {})])


def test_one_state_is_looked_up_like_all() -> None:
    for bloc in BLOCS:
        for day in (date(1950, 1, 1), date(1991, 12, 25), date(2020, 1, 31), date(2024, 6, 1)):
            assert {s.code for s in STATES if bloc.includes(s.code, day)} == bloc.members(day)
