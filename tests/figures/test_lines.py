import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.figures.axes import round_ticks
from service.figures.lines import MOST_SERIES, Series, lines
from tests.figures.parsed import HOSTILE, SPELT, check_frame, classes, read, titled

VALUES = st.dictionaries(
    st.integers(1946, 2026), st.one_of(st.none(), st.integers(0, 20_000)), max_size=30
)


def figure(*series, title="By year", desc="Positions", **more):
    return lines(series, title=title, desc=desc, **more)


def drawn_years(root, n: int) -> int:
    """How many years the series' lines and lone dots show."""
    return sum(
        len(re.findall("[ML]", e.get("d", "")))
        for e in root.iter("path")
        if e.get("class") == f"line-{n}"
    )


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_years_are_joined_only_to_the_next_one(values) -> None:
    root = read(figure(Series("", values)))
    known = sorted(year for year, value in values.items() if value is not None)
    starts = [year for year in known if year - 1 not in known]
    alone = [year for year in starts if year + 1 not in known]
    paths = [e for e in root.iter("path") if e.get("class") == "line-1"]
    assert len(paths) == len(starts) - len(alone)
    assert drawn_years(root, 1) == len(known) - len(alone)
    short = not values or max(values) - min(values) < 40
    assert classes(root)["dot-1"] == (len(known) if short else len(alone))


@settings(max_examples=30, deadline=None)
@given(values=VALUES.filter(lambda v: any(x is not None for x in v.values())))
def test_places_are_in_proportion(values) -> None:
    """Each dot's place is checked against the axis, by the ticks that are drawn."""
    svg = figure(Series("", dict(list(values.items())[:3])), write=lambda v: f"{v:.0f}")
    root = read(svg)
    ticks = {
        float(e.text): float(e.get("y")) - 4
        for e in root.iter("text")
        if e.get("class") == "end quiet"
    }
    low, high = min(ticks), max(ticks)
    for title, dot in ((e.findtext("title"), e) for e in root.iter("circle")):
        value = float(title.split(": ")[1])
        height = ticks[low] + (value - low) / (high - low) * (ticks[high] - ticks[low])
        assert float(dot.get("cy")) == pytest.approx(height, abs=0.2)


@given(
    high=st.floats(0, 1e7),
    low=st.floats(-1e7, 0),
    whole=st.booleans(),
)
def test_ticks_are_round_and_reach_over_all(high, low, whole) -> None:
    ticks = round_ticks(high, low=low, whole=whole)
    assert 0.0 in ticks
    assert 2 <= len(ticks) <= 12
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + step / 1e6
    assert ticks[-1] >= high - step / 1e6
    assert f"{step:.0e}"[0] in "125"
    if whole:
        assert step == pytest.approx(round(step))
        assert step >= 1
    assert all(b - a == pytest.approx(step) for a, b in itertools.pairwise(ticks))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=MOST_SERIES))
def test_names_never_lie_on_each_other(ends) -> None:
    series = [Series(f"name{n} with words in more than a line", {2000: 3, 2001: end})
              for n, end in enumerate(ends)]  # fmt: skip
    root = read(figure(*series))
    heights = sorted(float(e.get("y")) for e in root.iter("text") if not e.get("class"))
    assert len(heights) >= 2 * len(ends)
    assert all(b - a >= 13.9 for a, b in itertools.pairwise(heights))
    assert heights[0] > 0
    assert heights[-1] < 220


def test_a_few_years_have_few_labels() -> None:
    root = read(figure(Series("", dict.fromkeys(range(1946, 2024), 1))))
    years = [int(e.text) for e in root.iter("text") if e.get("class") == "middle quiet"]
    assert years == [1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020]
    root = read(figure(Series("", {2001: 1, 2003: 2})))
    assert [e.text for e in root.iter("text") if e.get("class") == "middle quiet"] == [
        "2001", "2002", "2003",
    ]  # fmt: skip


def test_dots_tell_their_year_in_the_readers_notation() -> None:
    svg = figure(Series("", {2001: 0.25, 2002: 0.5}), write=lambda v: f"{v * 100:.0f} %")
    assert {"2001: 25 %", "2002: 50 %"} <= set(titled(read(svg)))


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure(Series(HOSTILE, {2000: 1}), Series("b", {2000: 2}), title=HOSTILE, desc=HOSTILE,
                 standalone=standalone)  # fmt: skip
    root = check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)
    assert any((e.text or "").startswith("<script>") for e in root.iter("text"))


def test_nothing_at_all() -> None:
    check_frame(figure(), standalone=False, title="By year", desc="Positions")
    check_frame(figure(Series("a", {})), standalone=False, title="By year", desc="Positions")
    check_frame(figure(Series("a", {2000: None})), standalone=False, title="By year",
                desc="Positions")  # fmt: skip


def test_what_it_cannot_draw() -> None:
    with pytest.raises(ValueError, match="5 series"):
        figure(*(Series(str(n), {2000: 1}) for n in range(5)))
    with pytest.raises(ValueError, match="below zero"):
        figure(Series("", {2000: -1}))


@given(
    st.dictionaries(
        st.integers(1990, 2010),
        st.tuples(st.integers(-50, 50), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=12,
    )
)
def test_bands_reach_from_the_lower_to_the_upper_ends(known) -> None:
    """Of each run of years one, its corners checked against the axis."""
    values = {year: value / 10 for year, (value, _, _) in known.items()}
    intervals = {y: ((v - low) / 10, (v + high) / 10) for y, (v, low, high) in known.items()}
    series = Series("a", values, intervals)
    root = read(figure(series, signed=True, write=lambda v: f"{v:g}"))
    ticks = {float(e.text): float(e.get("y")) - 4 for e in root.iter("text")
             if e.get("class") == "end quiet"}  # fmt: skip
    low, high = min(ticks), max(ticks)
    bands = [e.get("d") for e in root.iter("path") if e.get("class") == "band-1"]
    assert len(bands) == len(series.runs())
    for run, band in zip(series.runs(), bands, strict=True):
        corners = [tuple(map(float, at)) for at in re.findall(r"([-\d.]+) ([-\d.]+)", band)]
        drawn = sorted(low + (y - ticks[low]) / (ticks[high] - ticks[low]) * (high - low)
                       for _, y in corners)  # fmt: skip
        ends = [end for year, _ in run for end in intervals[year]]
        expected = sorted(ends * 2 if len(run) == 1 else ends)
        assert drawn == pytest.approx(expected, abs=(high - low) / 300)


def test_without_an_interval_a_run_has_no_band() -> None:
    values = {2000: 1.0, 2001: 2.0, 2004: 3.0}
    root = read(figure(Series("", values, {2000: (0.5, 1.5), 2004: (2.0, 4.0)})))
    assert classes(root)["band-1"] == 1
    with pytest.raises(ValueError, match="below zero"):
        figure(Series("", {2000: 1}, {2000: (-1, 2)}))
