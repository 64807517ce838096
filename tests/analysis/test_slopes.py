"""Slopes against the definition, and against scipy."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from service.analysis.slopes import LEAST_YEARS, SLOPE_COLUMNS, Slope, slope, slope_rows

SERIES = st.dictionaries(
    st.integers(1946, 2023),
    st.one_of(st.none(), st.floats(-1, 1).map(lambda v: round(v, 3))),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(SERIES)
def test_it_is_the_median_of_all_slopes(figures: dict[int, float | None]) -> None:
    found = slope(figures)
    known = {year: value for year, value in sorted(figures.items()) if value is not None}
    assert found.years == len(known)
    if len(known) < LEAST_YEARS:
        assert found == Slope(len(known))
        return
    steps = [(known[b] - known[a]) / (b - a) for a, b in combinations(known, 2)]
    assert found.slope == pytest.approx(np.median(steps), abs=1e-6)
    years, values = list(known), list(known.values())
    expected = stats.theilslopes(values, years, alpha=0.95)
    for own, theirs in ((found.low, expected[2]), (found.high, expected[3])):
        assert own is None if math.isnan(theirs) else own == pytest.approx(theirs, abs=1e-6)
    tau, p = stats.kendalltau(years, values)
    if math.isnan(tau):
        assert (found.tau, found.p) == (None, None)
    else:
        assert (found.tau, found.p) == pytest.approx((tau, p), abs=1e-6)


def test_a_gap_is_no_zero() -> None:
    rising = {year: 0.5 + 0.01 * (year - 2000) for year in range(2000, 2020)}
    gaps = rising | dict.fromkeys(range(2005, 2012))
    assert slope(rising).slope == slope(gaps).slope == 0.01
    assert (slope(gaps).years, slope(gaps).tau) == (13, 1.0)


def test_one_wild_year_decides_nothing() -> None:
    wild = {year: 0.01 * (year - 2000) for year in range(2000, 2020)} | {2007: 50.0}
    assert slope(wild).slope == pytest.approx(0.01)


def test_rows_have_the_described_columns() -> None:
    (row,) = slope_rows({"similarity": slope({})})
    assert tuple(row) == tuple(column.name for column in SLOPE_COLUMNS)
    assert row["slope"] is None
