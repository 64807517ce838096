import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.figures.drawing import length
from service.figures.plane import plane
from tests.figures.parsed import HOSTILE, SPELT, check_frame, classes, read, titled

POINTS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=1, max_size=40)


def figure(points, codes=None, **more):
    codes = codes or [f"A{i:02}" for i in range(len(points))]
    given = {"title": "Map", "desc": "Of wording"} | more
    return plane(np.asarray(points, float).reshape(-1, 2), codes, [f"State {c}" for c in codes],
                 **given)  # fmt: skip


def boxes(root):
    """Of each code: left, top, right and bottom, in letters of its size."""
    found = {}
    for e in root.iter("text"):
        if e.get("class") == "code":
            x, y, half = float(e.get("x")), float(e.get("y")) - 4, length(e.text, 10.5) / 2
            found[e.text] = (x - half, y - 5.25, x + half, y + 5.25)
    return found


def apart(one, other) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@settings(max_examples=30, deadline=None)
@given(POINTS)
def test_no_code_lies_on_another_or_on_a_mark(points) -> None:
    root = read(figure(points))
    placed = boxes(root)
    assert len(placed) == len(points)
    for one, other in itertools.combinations(placed.values(), 2):
        assert apart(one, other)
    for e in root.iter("circle"):
        x, y = float(e.get("cx")), float(e.get("cy"))
        mark = (x - 3.5, y - 3.5, x + 3.5, y + 3.5)
        assert all(apart(box, mark) for box in placed.values())


@settings(max_examples=30, deadline=None)
@given(POINTS.filter(lambda points: len(set(points)) > 1))
def test_distances_are_in_proportion(points) -> None:
    root = read(figure(points))
    drawn = np.array([[float(e.get("cx")), -float(e.get("cy"))] for e in root.iter("circle")])
    wanted = np.array(points, float)
    apart_by = np.linalg.norm(wanted - wanted[0], axis=1)
    shown = np.linalg.norm(drawn - drawn[0], axis=1)
    spread = np.ptp(wanted, axis=0).max()
    assert shown == pytest.approx(apart_by * 820 / spread, abs=0.5)


def test_all_is_within_the_frame() -> None:
    rng = np.random.default_rng(0)
    for points in (
        rng.standard_normal((193, 2)),
        np.zeros((193, 2)),
        rng.random((193, 2)) * (9, 0),
    ):
        root = read(figure(points, [f"{i:03}" for i in range(193)]))
        _, _, width, height = map(float, root.get("viewBox").split())
        for left, top, right, bottom in boxes(root).values():
            assert -width / 2 < left < right < width / 2
            assert -height / 2 < top < bottom < height / 2


def test_who_is_pushed_away_has_a_line_to_its_mark() -> None:
    assert classes(read(figure([(0, 0), (5, 5)])))["grid"] == 0
    crowd = read(figure(np.zeros((30, 2))))
    assert classes(crowd)["grid"] == 1


def test_groups_are_told_by_shape_and_colour() -> None:
    points = [(0, 0), (1, 3), (4, 1)]
    root = read(figure(points, ["FRA", "CUB", "IND"], groups=[1, 2, 3],
                       group_names={1: "one", 2: "two", 3: "three"}))  # fmt: skip
    assert {"one", "two", "three"} <= {e.text for e in root.iter("text")}
    shown = titled(root)
    assert classes(shown["State CUB"])["dot-2"] == 1
    assert classes(shown["State IND"])["dot-3"] == 1


@pytest.mark.parametrize("standalone", [False, True])
def test_193_states_fit_and_are_all_named(standalone) -> None:
    points = np.random.default_rng(1).standard_normal((193, 2))
    codes = [f"{i:03}" for i in range(193)]
    svg = figure(points, codes, groups=[1 + i % 7 for i in range(193)], standalone=standalone)
    assert len(svg.encode()) < 100_000
    root = check_frame(svg, standalone=standalone, title="Map", desc="Of wording")
    assert set(codes) == set(boxes(root))


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure([(0, 0), (1, 1)], [HOSTILE, "b"], group_names={1: HOSTILE}, title=HOSTILE,
                 desc=HOSTILE, standalone=standalone)  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_nothing_at_all() -> None:
    check_frame(figure([]), standalone=False, title="Map", desc="Of wording")
