"""What studies give: tables whose columns are described, for files, frames and data packages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Type(StrEnum):
    """Of a column's values, by the names of the Frictionless Table Schema. Values are a str, int,
    float or bool each, or None where nothing is known."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """`description` says what a value means, in a sentence, with its unit or range."""

    name: str
    type: Type
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` have a value for each of `columns`, by name; they may be read once only, and be more
    than fit into memory."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Mapping[str, Any]]

    def to_frame(self) -> pd.DataFrame:
        """A pandas frame: numbers and truth values that may be missing are pandas' own nullable
        types, so that a count stays whole beside an empty cell."""
        import pandas as pd

        frame = pd.DataFrame.from_records(
            [[row[column.name] for column in self.columns] for row in self.rows],
            columns=[column.name for column in self.columns],
        )
        return frame.astype({column.name: _DTYPES[column.type] for column in self.columns})


_DTYPES = {Type.STRING: "string", Type.INTEGER: "Int64", Type.NUMBER: "float64",
           Type.BOOLEAN: "boolean"}  # fmt: skip


class Tabular(ABC):
    """A result that can be written as one table or several, the main one first."""

    @abstractmethod
    def tables(self) -> Sequence[Table]: ...

    def to_frame(self, table: str | None = None) -> pd.DataFrame:
        """The main table, or the one of that name. Raises KeyError where there is none."""
        known = {found.name: found for found in self.tables()}
        return (known[table] if table is not None else next(iter(known.values()))).to_frame()
