"""Tables as files: CSV, Parquet and JSON Lines, batch by batch, whole or not at all.

The same rows give the same bytes, as long as Python, pyarrow and orjson stay the same.
"""

from __future__ import annotations

import csv
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import orjson

from service.analysis.tabular import Column, Table, Type
from service.domain.stages import proceed
from service.retrieval.encoder import file_sha256

# Rows held in memory at a time; also a row group of Parquet.
BATCH = 65_536
Values = Sequence[Sequence[Any]]  # of a batch: column by column


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSONL: "application/jsonl",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole: its table's `rows`, its size in `bytes` and its hash."""

    format: Format
    path: Path
    rows: int
    bytes: int
    sha256: str


def write_table(table: Table, folder: Path, formats: Sequence[Format]) -> tuple[Written, ...]:
    """`folder`/`table.name`.`format` in each of the `formats`, from one reading of the rows.

    CSV is that of RFC 4180, in UTF-8, truth values as true and false. An unknown value is an empty
    cell in CSV, else null; an empty text counts as unknown. Each file has another name until all
    are whole. Raises ValueError where a value isn't of its column's type, or no finite number.
    """
    paths = {one: folder / f"{table.name}.{one}" for one in formats}
    aside = {one: path.with_name(f".{path.name}.part") for one, path in paths.items()}
    rows = 0
    try:
        with ExitStack() as files:
            writers: list[_Writer] = []
            for one in formats:
                writers.append(_WRITERS[one](aside[one], table.columns))
                files.callback(writers[-1].close)
            for batch in _batches(table.rows):
                proceed()
                values = [_values(table.name, column, batch) for column in table.columns]
                for writer in writers:
                    writer.write(values)
                rows += len(batch)
        for one, path in paths.items():
            aside[one].replace(path)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
    return tuple(
        Written(one, path, rows, path.stat().st_size, file_sha256(path))
        for one, path in paths.items()
    )


class _Writer(Protocol):
    def write(self, values: Values) -> None: ...

    def close(self) -> None: ...


class _Csv:
    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._truths = [number for number, c in enumerate(columns) if c.type is Type.BOOLEAN]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in columns])

    def write(self, values: Values) -> None:
        cells = list(values)
        for number in self._truths:
            cells[number] = [_TRUTHS[value] for value in values[number]]
        self._writer.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        self._file.close()


class _JsonLines:
    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._names = [column.name for column in columns]
        self._file = path.open("wb")

    def write(self, values: Values) -> None:
        for row in zip(*values, strict=True):
            named = dict(zip(self._names, row, strict=True))
            self._file.write(orjson.dumps(named, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types = {
            Type.STRING: pa.string(),
            Type.INTEGER: pa.int64(),
            Type.NUMBER: pa.float64(),
            Type.BOOLEAN: pa.bool_(),
        }
        self._schema = pa.schema(
            [
                pa.field(c.name, types[c.type], metadata={"description": c.description})
                for c in columns
            ]
        )
        self._batch = pa.RecordBatch
        self._array = pa.array
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, values: Values) -> None:
        arrays = [
            self._array(column, field.type)
            for column, field in zip(values, self._schema, strict=True)
        ]
        self._writer.write_batch(self._batch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_WRITERS: Mapping[Format, Callable[[Path, Sequence[Column]], _Writer]] = {
    Format.CSV: _Csv,
    Format.PARQUET: _Parquet,
    Format.JSONL: _JsonLines,
}
_TRUTHS = {True: "true", False: "false", None: None}


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def _values(table: str, column: Column, batch: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Of one column, as plain str, int, float or bool, or None."""
    exact, plain = _PLAIN[column.type]
    values = [row[column.name] for row in batch]
    try:
        if not {*map(type, values)} <= {exact, type(None)}:
            values = [None if value is None else plain(value) for value in values]
        if column.type is Type.NUMBER and not all(isfinite(v) for v in values if v is not None):
            raise ValueError("no finite number")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{table}.{column.name}: {error}") from error
    return [value or None for value in values] if column.type is Type.STRING else values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return str.__str__(value)


def _truth(value: Any) -> bool:
    if value not in (True, False):
        raise TypeError(f"{value!r} is no truth value")
    return bool(value)


_PLAIN: Mapping[Type, tuple[type, Callable[[Any], Any]]] = {
    Type.STRING: (str, _text),
    Type.INTEGER: (int, operator.index),
    Type.NUMBER: (float, float),
    Type.BOOLEAN: (bool, _truth),
}
