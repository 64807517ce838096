from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.figures.png import png
from service.figures.scatter import Point, scatter
from tests.figures.parsed import HOSTILE, SPELT, check_frame, read, titled


def figure(panels, names=None, title="By filter", desc="Up is better", **more):
    return scatter(panels, names or {1: "One"}, title=title, desc=desc, across="a second", **more)


POINTS = st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(0, 1)), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(POINTS)
def test_places_are_in_proportion_of_powers(values) -> None:
    points = [Point(1, x, share, f"p{n}") for n, (x, share) in enumerate(values)]
    root = read(figure({"panel": points}))
    plot = next(e for e in root.iter("g") if e.findtext("text") == "panel")
    below = [e for e in plot.iter("text") if e.get("class") == "middle quiet"]
    beside = [e for e in plot.iter("text") if e.get("class") == "end quiet"]
    ticks = {float(e.text.replace(",", "")): float(e.get("x")) for e in below[:-1]}
    shares = {float(e.text): float(e.get("y")) - 4 for e in beside}
    low, high = min(ticks), max(ticks)
    assert low <= min(x for x, _ in values)
    for point in points:
        dot = titled(root)[point.told].find("circle")
        assert dot is not None
        along = (math.log10(point.x) - math.log10(low)) / (math.log10(high) - math.log10(low))
        place = ticks[low] + along * (ticks[high] - ticks[low])
        assert float(dot.get("cx")) == pytest.approx(place, abs=0.5)
        up = shares[0] + point.share * (shares[1] - shares[0])
        assert float(dot.get("cy")) == pytest.approx(up, abs=0.2)


def test_powers_are_told_evenly_and_have_room() -> None:
    points = [Point(1, 0.05, 0, "slow"), Point(1, 90_000, 1, "quick")]
    root = read(figure({"panel": points}))
    below = [e for e in root.iter("text") if e.get("class") == "middle quiet"][:-1]
    powers = [math.log10(float(e.text.replace(",", ""))) for e in below]
    places = [float(e.get("x")) for e in below]
    assert len(set(np.diff(powers).round(6))) == 1
    assert np.diff(places).min() >= max(len(e.text) for e in below) * 0.6 * 12


def test_panels_stand_beside_and_below_each_other() -> None:
    panels = {f"panel {n}": [Point(1, 1, 0.5, f"p{n}")] for n in range(7)}
    root = read(figure(panels, standalone=True))
    dots = [titled(root)[f"p{n}"].find("circle") for n in range(7)]
    places = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in dots]
    assert len(set(places)) == 7
    assert len({x for x, _ in places}) == len({y for _, y in places}) == 3
    assert max(y for _, y in places) < float(root.get("height"))


@pytest.mark.parametrize(("x", "share"), [(0, 1), (1, 1.1), (math.nan, 1), (math.inf, 1)])
def test_what_has_no_place_is_refused(x, share) -> None:
    with pytest.raises(ValueError, match="no place"):
        figure({"panel": [Point(1, x, share, "")]})


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure({HOSTILE: [Point(1, 1, 1, HOSTILE)]}, {1: HOSTILE}, title=HOSTILE, desc=HOSTILE,
                 standalone=standalone)  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_nothing_at_all() -> None:
    check_frame(figure({}), standalone=False, title="By filter", desc="Up is better")
    check_frame(figure({"panel": []}), standalone=False, title="By filter", desc="Up is better")


def test_a_png() -> None:
    assert png(figure({"a": [Point(1, 1, 1, "p")]}, standalone=True)).startswith(b"\x89PNG")
