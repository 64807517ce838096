"""The tile map's layout: one square a state, read from `data/tiles.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.data_files import read_yaml
from service.domain.states import States
from service.errors import CatalogueError

# Columns or rows: beyond it a square is a slip of the pen.
MOST_SQUARES = 60


@dataclass(frozen=True, slots=True)
class Tiles:
    """`squares`: each code's column and row, counted from the upper left. No two share one."""

    squares: Mapping[str, tuple[int, int]]

    def __contains__(self, code: object) -> bool:
        return code in self.squares

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Code, column and row, in reading order."""
        placed = sorted(self.squares.items(), key=lambda entry: (entry[1][1], entry[1][0]))
        return ((code, column, row) for code, (column, row) in placed)

    @property
    def columns(self) -> int:
        return 1 + max(column for column, _ in self.squares.values())

    @property
    def rows(self) -> int:
        return 1 + max(row for _, row in self.squares.values())


def load_tiles(data_dir: Path, states: States) -> Tiles:
    """Every state that is not a former one, and no other code."""
    path = data_dir / "tiles.yaml"
    found = read_yaml(path)
    if not isinstance(found, dict):
        raise CatalogueError(f"{path} must hold codes with their squares")
    squares: dict[str, tuple[int, int]] = {}
    codes: dict[tuple[int, int], str] = {}
    wanted = {state.code for state in states if state.until is None}
    for code, given in found.items():
        if code not in wanted:
            raise CatalogueError(f"{path}, {code}: no present state has this code")
        square = _square(f"{path}, {code}", given)
        if square in codes:
            raise CatalogueError(f"{path}, {code}: {codes[square]} is on this square already")
        squares[code], codes[square] = square, code
    if missing := sorted(wanted - squares.keys()):
        raise CatalogueError(f"{path} has no square for {', '.join(missing)}")
    return Tiles(squares)


def _square(where: str, given: Any) -> tuple[int, int]:
    match given:
        case [int(column), int(row)] if (
            type(column) is type(row) is int and max(column, row) < MOST_SQUARES and min(given) >= 0
        ):
            return column, row
    raise CatalogueError(f"{where}: give a column and a row below {MOST_SQUARES}, not {given!r}")
