from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.dates import PartialDate, Precision


@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        ("2021", Precision.YEAR, date(2021, 1, 1), date(2021, 12, 31)),
        ("2020-02", Precision.MONTH, date(2020, 2, 1), date(2020, 2, 29)),
        ("2021-06-29", Precision.DAY, date(2021, 6, 29), date(2021, 6, 29)),
    ],
)
def test_a_date_says_how_exact_it_is(
    text: str, precision: Precision, first: date, last: date
) -> None:
    found = PartialDate(text)
    assert (found.precision, found.first, found.last, str(found)) == (precision, first, last, text)


@pytest.mark.parametrize("text", ["21", "2021-13", "2021-02-30", "2021-6-1", "June", "", "20211"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        PartialDate(text)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_any_day_lies_within_its_month_and_year(day: date) -> None:
    for text in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]):
        found = PartialDate(text)
        assert found.first <= day <= found.last
