from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.standing import Side
from service.figures.columns import AS_STANCE, columns
from tests.figures.parsed import HOSTILE, SPELT, check_frame, read, titled

WORDS = {Side.FOR: "for", Side.AGAINST: "against", Side.RESERVATIONS: "with reservations"}
SHAPES = {"solid-aligned": Side.FOR, "hollow-partial": Side.RESERVATIONS,
          "solid-opposed": Side.AGAINST}  # fmt: skip
YEARS = st.dictionaries(
    st.integers(1990, 2023),
    st.fixed_dictionaries({side: st.integers(0, 193) for side in Side}),
    min_size=1,
    max_size=12,
)


def figure(years, title="Sides", desc="By year", **more):
    return columns(years, title=title, desc=desc, labels=more.pop("labels", WORDS), **more)


@settings(max_examples=25, deadline=None)
@given(YEARS)
def test_columns_reach_as_far_as_their_counts(years) -> None:
    root = read(figure(years))
    labels = [(float(e.text), float(e.get("y")) - 4) for e in root.iter("text")
              if e.get("class") == "end quiet"]  # fmt: skip
    zero = next(y for value, y in labels if value == 0)
    value, y = next((value, y) for value, y in labels if value != 0) if len(labels) > 1 else (1, 0)
    unit = abs(y - zero) / value
    for year, counts in years.items():
        ((_, column),) = [(t, e) for t, e in titled(root).items() if t.startswith(f"{year}:")]
        found: dict[Side, list[float]] = defaultdict(list)
        for e in column.iter("rect"):
            if side := SHAPES.get(e.get("class")):
                edge = 0.75 if side is Side.RESERVATIONS else 0
                top = float(e.get("y")) - edge
                found[side] = [top, top + float(e.get("height")) + 2 * edge]
        held, reserved, against = (counts[side] for side in AS_STANCE)
        wanted = {
            Side.FOR: [zero - held * unit, zero],
            Side.RESERVATIONS: [zero - (held + reserved) * unit, zero - held * unit],
            Side.AGAINST: [zero, zero + against * unit],
        }
        for side, (upper, lower) in wanted.items():
            if not counts[side]:
                assert side not in found
            elif lower - upper > 2:  # of the thinnest, the outline is all there is
                assert found[side] == pytest.approx([upper, lower], abs=0.5)


def test_a_column_says_its_counts_and_the_silent_are_not_drawn() -> None:
    root = read(figure({2000: {Side.FOR: 3, Side.SILENT: 90}, 2002: {Side.AGAINST: 1}}))
    assert set(titled(root)) == {
        "2000: for 3, with reservations 0, against 0",
        "2002: for 0, with reservations 0, against 1",
    }
    assert "90" not in [e.text for e in root.iter("text")]


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure({2000: {Side.FOR: 3}}, title=HOSTILE, desc=HOSTILE, standalone=standalone,
                 labels=dict.fromkeys(WORDS, HOSTILE))  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_nothing_at_all() -> None:
    check_frame(figure({}), standalone=False, title="Sides", desc="By year")
