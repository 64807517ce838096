"""Statements from a table: CSV, JSON Lines or Parquet, one statement a row."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, AnyStr, TextIO

from service.corpus.claims import ClaimMaker
from service.corpus.report import ImportReport
from service.corpus.row import OPTIONAL, REQUIRED, Row, statement_of
from service.corpus.text import LONGEST
from service.domain.statements import Statement
from service.domain.states import States
from service.errors import InvalidInput, UnreadableFile

_FIELD_LIMIT = 16 * 1024 * 1024  # a speech is one field; csv's own limit is 128 kB
_LONGEST_VALUE = 4 * LONGEST  # bytes of UTF-8
_BATCH = 64
# Rows that can't be used before a file counts as no table of statements, and those of an unknown
# state for which one that is spelt nearly so is looked for.
_MOST_SKIPPED, _MOST_HINTS = 100_000, 500

Fault = Callable[[int, str], None]


def read_table(
    path: Path, *, states: States, maker: ClaimMaker, report: ImportReport
) -> Iterator[Statement]:
    """Read statements row by row; what is wrong with a row is reported, and the next one read.

    The format follows the file's start and suffix: CSV (comma, semicolon, tab or bar; UTF-8, with
    a header line), JSON Lines (an object a line) or Parquet. Columns:

    - `state`: name or ISO 3166-1 alpha-3 code; `date`: YYYY, YYYY-MM or YYYY-MM-DD; `text`.
    - optional `id` (else made of state, date and a hash of the text), `speaker`, `office`,
      `forum`, `symbol`, `source` (else the file's name), `on_behalf_of` (blocs' ids, parted by
      semicolons).

    Columns of other names are noted once and not read. Rows are named by the line on which they
    start (CSV, JSON Lines) or by their number, from 1 (Parquet).
    """
    reader = _Table(path, states, maker, report)
    return reader.statements()


class _Table:
    def __init__(self, path: Path, states: States, maker: ClaimMaker, report: ImportReport) -> None:
        self._path = path
        self._states = states
        self._maker = maker
        self._report = report
        self._seen: dict[str, int] = {}
        self._extra: set[str] = set()
        self._skipped = 0

    def statements(self) -> Iterator[Statement]:
        try:
            rows = self._rows()
            for line, row in rows:
                statement = self._statement(line, row)
                if statement is not None:
                    self._report.read += 1
                    yield statement
        except OSError as error:
            raise UnreadableFile(f"{self._path}: {error.strerror or error}") from error

    def _rows(self) -> Iterator[tuple[int, Row]]:
        if not self._path.is_file():
            raise UnreadableFile(f"{self._path}: no such file")
        with self._path.open("rb") as file:
            start = file.read(4096)
        if not start:
            raise UnreadableFile(f"{self._path}: the file is empty")
        if start.startswith(b"PAR1"):
            return self._parquet()
        if self._path.suffix.lower() == ".parquet":
            raise UnreadableFile(f"{self._path}: no Parquet file, whatever its name says")
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in start:
            raise UnreadableFile(f"{self._path}: save it as UTF-8 text (or as Parquet)")
        first = start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        if first == b"[" and self._path.suffix.lower() == ".json":
            raise UnreadableFile(f"{self._path}: one JSON array: write an object a line instead")
        if first == b"{" or self._path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            return self._json_lines()
        return self._csv()

    # -- formats -------------------------------------------------------------------------------

    def _csv(self) -> Iterator[tuple[int, Row]]:
        csv.field_size_limit(_FIELD_LIMIT)
        # Bytes that aren't UTF-8 survive as surrogates: their row is refused, the others are read.
        with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            dialect = self._dialect(file)
            # strict: a quotation mark that never closes is an error, not half of the file.
            rows = csv.reader(self._lines(file), dialect, strict=True)
            try:
                header = [name.strip().lower() for name in next(rows)]
            except (StopIteration, csv.Error) as error:
                raise UnreadableFile(f"{self._path}: no header line: {error}") from error
            self._check_columns(header)
            line = rows.line_num + 1
            while True:
                try:
                    values = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    reason = f"malformed CSV: {error}"
                    if rows.line_num > line:
                        reason += (
                            f" (lines {line} to {rows.line_num} not read: a quotation "
                            "mark that never closes?)"
                        )
                    self._skip(line, reason)
                    line = rows.line_num + 1
                    continue
                if len(values) == len(header):
                    yield line, dict(zip(header, values, strict=True))
                elif any(value.strip() for value in values):
                    self._skip(line, f"{len(values)} fields under {len(header)} columns")
                line = rows.line_num + 1

    def _dialect(self, file: TextIO) -> type[csv.Dialect]:
        """The separator is the one that the header has most of: texts are full of commas."""
        first = file.readline()
        file.seek(0)

        class Dialect(csv.excel):
            delimiter = max(",;\t|", key=first.count)

        return Dialect

    def _json_lines(self) -> Iterator[tuple[int, Row]]:
        missing_everywhere = True
        columns: set[str] = set()
        with self._path.open("rb") as file:
            for line, raw in enumerate(self._lines(file), start=1):
                if line == 1:
                    raw = raw.removeprefix(codecs.BOM_UTF8)
                if not raw.strip():
                    continue
                try:
                    row = json.loads(raw.decode("utf-8"))
                except UnicodeDecodeError as error:
                    self._skip(line, f"not UTF-8: {error.reason} at byte {error.start + 1}")
                    continue
                except (ValueError, RecursionError) as error:
                    self._skip(line, f"malformed JSON: {error}")
                    continue
                if not isinstance(row, dict):
                    self._skip(line, "not a JSON object")
                    continue
                row = {name.strip().lower(): value for name, value in row.items()}
                columns |= row.keys()
                self._note_extra(row)
                if missing := [name for name in REQUIRED if name not in row]:
                    self._skip(line, f"missing {', '.join(missing)}")
                    continue
                missing_everywhere = False
                yield line, row
        if missing_everywhere and columns:
            self._check_columns(columns)

    def _parquet(self) -> Iterator[tuple[int, Row]]:
        import pyarrow as pa  # heavy, needed only here
        import pyarrow.parquet as pq

        try:
            names = pq.read_schema(self._path).names
            lowered = [name.strip().lower() for name in names]
            self._check_columns(lowered)
            wanted = [
                n for n, low in zip(names, lowered, strict=True) if low in REQUIRED + OPTIONAL
            ]
            number = 0
            # As dictionaries: a text that many rows share is written once, and read once.
            with pq.ParquetFile(self._path, read_dictionary=wanted) as table:
                for batch in table.iter_batches(batch_size=_BATCH, columns=wanted):
                    self._check_texts(batch, number)
                    for row in batch.to_pylist():
                        number += 1
                        yield number, {name.strip().lower(): value for name, value in row.items()}
        except (pa.ArrowException, ValueError) as error:
            raise UnreadableFile(f"{self._path}: a broken Parquet file: {error}") from error

    def _check_texts(self, batch: Any, number: int) -> None:
        """Before they become our own: the same long text in each row would fill the memory."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for column in batch.columns:
            texts = column.dictionary if pa.types.is_dictionary(column.type) else column
            if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
                longest = pc.max(pc.binary_length(texts)).as_py() or 0
                if longest > _LONGEST_VALUE:
                    raise UnreadableFile(
                        f"{self._path}: after row {number}: a text of {longest:,} bytes"
                    )

    def _lines(self, file: IO[AnyStr]) -> Iterator[AnyStr]:
        """A file's lines, as it would give them, but none that fills the memory."""
        while line := file.readline(_FIELD_LIMIT):
            if len(line) == _FIELD_LIMIT:
                raise UnreadableFile(f"{self._path}: a line is longer than {_FIELD_LIMIT:,} bytes")
            yield line

    def _check_columns(self, columns: list[str] | set[str]) -> None:
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise InvalidInput(
                "table",
                f"{self._path} has no column {', '.join(missing)}; it needs {', '.join(REQUIRED)} "
                f"and has {', '.join(sorted(filter(None, columns)))}",
            )
        if isinstance(columns, list):
            twice = {name for name in columns if columns.count(name) > 1}
            if twice:
                raise InvalidInput("table", f"{self._path} has {', '.join(sorted(twice))} twice")
        self._note_extra(columns)

    def _note_extra(self, columns: list[str] | set[str] | Row) -> None:
        new = {name for name in columns if name not in REQUIRED + OPTIONAL} - self._extra
        for name in sorted(new):
            self._report.note(str(self._path), f"column {name!r} isn't known and wasn't read")
        self._extra |= new

    # -- a row ---------------------------------------------------------------------------------

    def _statement(self, line: int, row: Row) -> Statement | None:
        try:
            bare, mended = statement_of(
                row,
                states=self._states,
                source=self._path.name,
                hints=self._skipped < _MOST_HINTS,
            )
        except InvalidInput as error:
            self._skip(line, error.reason)
            return None
        for how in mended:
            self._report.mended(str(self._path), how, line)
        if bare.id in self._seen:
            self._skip(line, f"id {bare.id!r} was in line {self._seen[bare.id]} already")
            return None
        self._seen[bare.id] = line
        return replace(bare, claims=self._maker.claims(bare.id, bare.text))

    def _skip(self, line: int, reason: str) -> None:
        self._skipped += 1
        if self._skipped > _MOST_SKIPPED:
            raise UnreadableFile(
                f"{self._path}:{line}: over {_MOST_SKIPPED:,} rows can't be used, the last as "
                f"{reason}: is it a table of statements?"
            )
        self._report.skipped(str(self._path), reason, line)
