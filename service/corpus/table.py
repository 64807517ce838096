"""Statements from a table: CSV, JSON Lines or Parquet, one statement a row."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from service.corpus.claims import ClaimMaker
from service.corpus.report import ImportReport
from service.corpus.text import decode
from service.domain.dates import PartialDate
from service.domain.statements import Statement
from service.domain.states import States
from service.errors import InvalidInput, UnreadableFile

REQUIRED = ("state", "date", "text")
OPTIONAL = ("id", "speaker", "office", "forum", "symbol", "source", "on_behalf_of")
_FIELD_LIMIT = 64 * 1024 * 1024  # a speech is one field; csv's own limit is 128 kB
_BATCH = 256

Row = Mapping[str, Any]
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
            rows = csv.reader(file, dialect, strict=True)
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
            for line, raw in enumerate(file, start=1):
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
            with pq.ParquetFile(self._path) as table:
                names = table.schema_arrow.names
                lowered = [name.strip().lower() for name in names]
                self._check_columns(lowered)
                wanted = [
                    n for n, low in zip(names, lowered, strict=True) if low in REQUIRED + OPTIONAL
                ]
                number = 0
                for batch in table.iter_batches(batch_size=_BATCH, columns=wanted):
                    for row in batch.to_pylist():
                        number += 1
                        yield number, {name.strip().lower(): value for name, value in row.items()}
        except (pa.ArrowException, ValueError) as error:
            raise UnreadableFile(f"{self._path}: a broken Parquet file: {error}") from error

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
        values: dict[str, str] = {}
        for name in REQUIRED + OPTIONAL:
            value = row.get(name)
            text = "" if value is None else str(value)
            if any("\ud800" <= char <= "\udfff" for char in text):
                self._skip(line, f"not UTF-8 in column {name!r}")
                return None
            values[name] = text if name == "text" else " ".join(text.split())
        if not values["text"].strip():
            self._skip(line, "the text is empty")
            return None
        state = self._states.resolve(values["state"]) if values["state"] else None
        if state is None:
            self._skip(line, self._unknown_state(values["state"]))
            return None
        try:
            # Parquet and databases write midnight after a date.
            day = PartialDate(values["date"].removesuffix(" 00:00:00"))
        except ValueError as error:
            self._skip(line, f"bad date: {error}")
            return None
        decoded = decode(values["text"].encode("utf-8"))
        for mended in decoded.mended:
            self._report.mended(str(self._path), mended, line)
        own = hashlib.sha256(decoded.text.encode("utf-8")).hexdigest()[:10]
        identity = values["id"] or f"{state.code}_{day}_{own}"
        if identity in self._seen:
            self._skip(line, f"id {identity!r} was in line {self._seen[identity]} already")
            return None
        self._seen[identity] = line
        blocs = tuple(filter(None, (part.strip() for part in values["on_behalf_of"].split(";"))))
        return Statement(
            id=identity,
            state=state.code,
            date=day,
            text=decoded.text,
            source=values["source"] or self._path.name,
            speaker=values["speaker"] or None,
            office=values["office"] or None,
            forum=values["forum"] or None,
            symbol=values["symbol"] or None,
            on_behalf_of=blocs,
            claims=self._maker.claims(identity, decoded.text),
        )

    def _unknown_state(self, name: str) -> str:
        if not name:
            return "the state is empty"
        near = ", ".join(f"{state.code} ({state.name})" for state in self._states.suggest(name))
        return f"unknown state {name!r}" + (f"; did you mean {near}?" if near else "")

    def _skip(self, line: int, reason: str) -> None:
        self._report.skipped(str(self._path), reason, line)
