import re
from pathlib import Path

import pytest

from service.catalogue import load_states
from service.domain.states import State, States
from service.errors import CatalogueError
from service.figures.tiles import Tiles, load_tiles
from tests.conftest import PROJECT

DATA = PROJECT / "data"
FEW = States([State("FRA", "France"), State("ESP", "Spain"),
              State("YUG", "Yugoslavia", status="former", until="2003-02-03")])  # fmt: skip
# Neighbours on land, or over a strait, in every part of the world.
NEIGHBOURS = """
CAN-USA USA-MEX MEX-GTM CRI-PAN COL-VEN PER-ECU CHL-ARG HTI-DOM NOR-SWE ESP-PRT FRA-ESP DEU-POL
GRC-MKD UKR-MDA MAR-DZA EGY-LBY NGA-CMR KEN-TZA ZAF-LSO ETH-ERI ISR-PSE SAU-YEM IRN-IRQ KAZ-UZB
IND-BGD IND-PAK CHN-MNG PRK-KOR THA-KHM IDN-TLS PNG-SLB WSM-TON
""".split()


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    return load_tiles(DATA, load_states(DATA))


def written(folder: Path, text: str) -> Path:
    (folder / "tiles.yaml").write_text(text, "utf-8")
    return folder


def test_every_present_state_has_one_square_of_its_own(tiles: Tiles) -> None:
    present = sorted(state.code for state in load_states(DATA) if state.until is None)
    assert sorted(tiles.squares) == present
    assert {"PSE", "VAT", "EU"} <= set(present)
    assert len(set(tiles.squares.values())) == len(present)
    # A code written twice would silently keep its last square.
    text = (DATA / "tiles.yaml").read_text("utf-8")
    assert sorted(re.findall(r"(\w+): \[", text)) == present


def test_the_map_is_a_map(tiles: Tiles) -> None:
    assert tiles.columns <= 28
    assert tiles.rows <= 22
    for pair in NEIGHBOURS:
        (x, y), (u, v) = (tiles.squares[code] for code in pair.split("-"))
        assert max(abs(x - u), abs(y - v)) <= 2, pair
    for line in (
        "CAN USA MEX PAN COL ARG",
        "NOR DEU ITA LBY CAF ZAF",
        "RUS IRN OMN",
        "MNG IDN NZL",
    ):
        rows = [tiles.squares[code][1] for code in line.split()]
        assert rows == sorted(rows), line
    for line in ("USA GBR RUS CHN JPN", "BRA SEN SOM LKA FJI", "PRT ITA TUR IRN IND VNM"):
        columns = [tiles.squares[code][0] for code in line.split()]
        assert columns == sorted(columns), line


def test_the_lower_left_is_free_for_the_legend(tiles: Tiles) -> None:
    assert not [c for c, x, y in tiles if x < 9 and y >= tiles.rows - 4]


def test_reading_order(tiles: Tiles) -> None:
    read = [(row, column) for _, column, row in tiles]
    assert read == sorted(read)


def test_a_small_map(tmp_path: Path) -> None:
    tiles = load_tiles(written(tmp_path, "{FRA: [1, 0], ESP: [0, 2]}"), FEW)
    assert list(tiles) == [("FRA", 1, 0), ("ESP", 0, 2)]
    assert (tiles.columns, tiles.rows) == (2, 3)
    assert "FRA" in tiles
    assert "YUG" not in tiles


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[FRA, ESP]", "codes with their squares"),
        ("{FRA: [1, 0]}", "no square for ESP"),
        ("{FRA: [1, 0], ESP: [1, 0]}", "ESP: FRA is on this square"),
        ("{FRA: [1, 0], ESP: [0, 0], YUG: [2, 0]}", "YUG: no present state"),
        ("{FRA: [1, 0], ESP: [0, 0], XXX: [2, 0]}", "XXX: no present state"),
        ("{FRA: [1, 0], ESP: [0, 0], [1]: [2, 0]}", "can't be read|no present state"),
        ("{FRA: [1, 0], ESP: [0]}", "ESP: give a column and a row"),
        ("{FRA: [1, 0], ESP: [0, -1]}", "ESP: give a column and a row"),
        ("{FRA: [1, 0], ESP: [0, true]}", "ESP: give a column and a row"),
        ("{FRA: [1, 0], ESP: [0, 1.5]}", "ESP: give a column and a row"),
        ("{FRA: [1, 0], ESP: [0, 1000]}", "ESP: give a column and a row"),
        ("{FRA: [1, 0], ESP: north}", "ESP: give a column and a row"),
        ("{FRA: [1, 0", "can't be read"),
    ],
)
def test_errors_name_the_file_and_the_code(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(CatalogueError, match=wrong) as caught:
        load_tiles(written(tmp_path, text), FEW)
    assert "tiles.yaml" in str(caught.value)
