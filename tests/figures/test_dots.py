import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.figures.dots import Dot, dots
from service.figures.png import png
from tests.figures.parsed import HOSTILE, SPELT, check_frame, classes, read, titled


def figure(*rows, title="By stance", desc="With intervals", **more):
    return dots(rows, title=title, desc=desc, **more)


VALUES = st.tuples(*[st.floats(-3, 3)] * 3).map(sorted)


@settings(max_examples=30, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=60))
def test_places_are_in_proportion(values) -> None:
    rows = [Dot(f"S{n}", middle, low, high) for n, (low, middle, high) in enumerate(values)]
    root = read(figure(*rows, write=lambda v: f"{v:.6f}"))
    ticks = {
        float(e.text): float(e.get("x"))
        for e in root.iter("text")
        if e.get("class") == "middle quiet"
    }
    low, high = min(ticks), max(ticks)
    heights = []
    for row, group in zip(rows, [e for e in root.iter("g") if e.find("title") is not None],
                          strict=True):  # fmt: skip
        assert group.findtext("text") == row.name
        dot = group.find("circle")
        place = ticks[low] + (row.value - low) / (high - low) * (ticks[high] - ticks[low])
        assert float(dot.get("cx")) == pytest.approx(place, abs=0.2)
        heights.append(float(dot.get("cy")))
        begin, end = group.find("path").get("d")[1:].split("H")
        assert float(begin.split()[0]) <= float(dot.get("cx")) + 0.1
        assert float(end) >= float(dot.get("cx")) - 0.1
    assert all(b - a >= 16.9 for a, b in itertools.pairwise(heights))


def test_193_states_are_legible() -> None:
    rows = [Dot(f"The Republic of Number {n}", n / 100 - 1, n / 100 - 1.1, n / 100 - 0.9)
            for n in range(193)]  # fmt: skip
    root = read(figure(*rows, standalone=True))
    assert classes(root)["dot-1"] == 193
    assert float(root.get("height")) > 193 * 17
    assert sum(e.text == "0" for e in root.iter("text")) == 6  # above, below, after each 40 lines
    names = [e for e in root.iter("text") if e.get("class") == "end"]
    assert all(len(e.text) * 0.6 * 12 <= float(e.get("x")) for e in names)


def test_dots_tell_their_interval_in_the_readers_notation() -> None:
    told = titled(read(figure(Dot("Chad", 0.25, -0.1, 0.5), write="{:.2f}".format)))
    assert set(told) == {"Chad: 0.25 (-0.10 to 0.50)"}


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure(Dot(HOSTILE, 0, -1, 1), title=HOSTILE, desc=HOSTILE, standalone=standalone)
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_nothing_at_all() -> None:
    check_frame(figure(), standalone=False, title="By stance", desc="With intervals")


def test_a_png() -> None:
    assert png(figure(Dot("Chad", 0.25, -0.1, 0.5), standalone=True)).startswith(b"\x89PNG")
