import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.figures.heat_map import heat_map, round_breaks
from tests.figures.parsed import HOSTILE, SPELT, check_frame, classes, read

MOST_BYTES = 1_500_000


def figure(values, names=None, codes=None, **more):
    n = len(values)
    names = names or [f"State {i}" for i in range(n)]
    codes = codes or [f"S{i}" for i in range(n)]
    given = {"title": "Alike", "desc": "Of wording", "empty": "too little"} | more
    return heat_map(np.asarray(values, float), names, codes, **given)


def runs(root):
    """Each path of cells with its rectangles: left, top, width and height. Those of the legend have
    another form."""
    for path in root.iter("path"):
        if path.get("fill-opacity"):
            for run in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)H\d+z", path.get("d")):
                yield path, tuple(map(int, run))


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        float, st.integers(1, 9).map(lambda n: (n, n)),
        elements=st.one_of(st.floats(-1, 1), st.just(np.nan)),
    )
)  # fmt: skip
def test_each_cell_is_in_the_class_of_its_value(values) -> None:
    cell = 24
    breaks = round_breaks(values[np.isfinite(values)])
    root = read(figure(values))
    place = {}
    for path, (x, y, wide, tall) in runs(root):
        row = y // cell
        for column in range(x // cell, (x + wide) // cell):
            assert (row, column) not in place
            place[row, column] = (path.get("class"), float(path.get("fill-opacity")), tall < cell)
    finite = {(i, j) for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True)}
    assert place.keys() == finite
    of_class = {(i, j): int(np.searchsorted(breaks, values[i, j], side="right")) for i, j in finite}
    # The same class, the same look; another class, another look.
    assert len(set(place.values())) == len(set(of_class.values()))
    assert len({(of_class[at], place[at]) for at in finite}) == len(set(of_class.values()))
    if 0.0 in breaks:
        assert all((place[at][0] == "dot-2") == (values[at] < 0) for at in finite)
        assert all(place[at][2] == (values[at] < 0) for at in finite)
    else:
        assert all(look[0] == "dot-1" and not look[2] for look in place.values())


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_breaks_are_round_and_few(values) -> None:
    breaks = round_breaks(np.array(values, float))
    assert len(breaks) <= 11
    assert breaks == sorted(set(breaks))
    for step in np.diff(breaks):
        assert f"{step:.0e}"[0] in "125"


def test_empty_cells_have_a_line_and_a_word() -> None:
    values = np.arange(16, dtype=float).reshape(4, 4)
    assert "too little" not in figure(values)
    values[1, 1:3] = np.nan
    root = read(figure(values))
    assert "too little" in {e.text for e in root.iter("text")}
    lines = [e.get("d") for e in root.iter("path") if e.get("class") == "grid"]
    assert "M25 36h46" in lines


def test_groups_are_parted_and_marked() -> None:
    values = np.random.default_rng(0).random((6, 6))
    root = read(
        figure(values, groups=[1, 1, 2, 2, 2, 3], group_names={1: "one", 2: "two", 3: "three"})
    )
    assert classes(root)["axis"] == 1
    (frame,) = (e.get("d") for e in root.iter("path") if e.get("class") == "axis")
    assert [int(y) for y in re.findall(r"M0 (\d+)h", frame)] == [0, 48, 120, 144]
    assert {"one", "two", "three"} <= {e.text for e in root.iter("text")}
    assert classes(root)["dot-2"] >= 3 + 1


@pytest.mark.parametrize("standalone", [False, True])
def test_193_states_fit_and_are_all_named(standalone) -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((193, 193))
    values[rng.random((193, 193)) < 0.3] = np.nan  # no runs to speak of
    names = [f"State number {i}" for i in range(193)]
    codes = [f"C{i:03}" for i in range(193)]
    svg = figure(values, names, codes, groups=[1 + i // 20 for i in range(193)],
                 standalone=standalone)  # fmt: skip
    assert len(svg.encode()) < MOST_BYTES
    root = check_frame(svg, standalone=standalone, title="Alike", desc="Of wording")
    words = [e.text for e in root.iter("text")]
    assert set(names) <= set(words)
    assert all(words.count(code) == 3 for code in codes)


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure([[0.1, np.nan], [0.3, 0.4]], [HOSTILE, "b"], ["a", HOSTILE], title=HOSTILE,
                 desc=HOSTILE, empty=HOSTILE, standalone=standalone)  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_nothing_at_all() -> None:
    for values in (np.empty((0, 0)), [[np.nan]], [[0.5]]):
        check_frame(figure(values), standalone=False, title="Alike", desc="Of wording")
