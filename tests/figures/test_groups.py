import pytest

from service.figures.groups import MOST_GROUPS, legend, mark
from tests.figures.parsed import read


def test_no_two_groups_share_shape_and_colour() -> None:
    drawn = {mark(group, 10, 20) for group in range(1, MOST_GROUPS + 1)}
    assert len(drawn) == MOST_GROUPS == 20
    for group in (0, MOST_GROUPS + 1):
        with pytest.raises(ValueError, match=f"group {group}"):
            mark(group, 0, 0)


def test_a_legend_breaks_its_lines() -> None:
    names = {group: f"a group with number {group}" for group in range(1, 9)}
    drawn, height = legend(names, 440, 12)
    root = read(f"<svg>{drawn}</svg>")
    places = [(float(e.get("x")), float(e.get("y"))) for e in root.iter("text")]
    assert [e.text for e in root.iter("text")] == list(names.values())
    assert len({y for _, y in places}) > 1
    assert max(x for x, _ in places) < 440 > max(y for _, y in places)
    assert height > max(y for _, y in places)
    assert legend({}, 440, 12) == ("", 0.0)
