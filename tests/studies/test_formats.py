"""Tables in files, read back by pandas and pyarrow."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from service.analysis.tabular import Column, Table, Type
from service.domain.standing import Side
from service.studies import formats
from service.studies.formats import Format, write_table

COLUMNS = (
    Column("who", Type.STRING, "A name."),
    Column("count", Type.INTEGER, "How many."),
    Column("share", Type.NUMBER, "Of all, 0 to 1."),
    Column("new", Type.BOOLEAN, "Whether it wasn't there before."),
)
# But what pandas' reader takes for the end of a line, or of a text.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1)
ROWS = st.fixed_dictionaries(
    {
        "who": st.none() | TEXTS,
        "count": st.none() | st.integers(-(2**53), 2**53),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "new": st.none() | st.booleans(),
    }
)


def table(rows: list[dict[str, Any]]) -> Table:
    """Whose rows can be read once only."""
    return Table("counts", COLUMNS, iter(rows))


def read(path: Path, like: pd.DataFrame) -> pd.DataFrame:
    if path.suffix == ".parquet":
        found = pd.read_parquet(path, dtype_backend="numpy_nullable")
    elif path.suffix == ".csv":
        # Nothing else is missing: a state may be called NA.
        found = pd.read_csv(path, dtype=dict(like.dtypes), keep_default_na=False, na_values=[""])
    else:
        lines = path.read_bytes().splitlines()  # str.splitlines knows more ends of lines
        found = pd.DataFrame(
            [json.loads(line) for line in lines], columns=like.columns, dtype=object
        )
    return found.astype(like.dtypes)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROWS, max_size=12), batch=st.sampled_from([1, 3, 100]))
def test_what_is_read_back_is_the_frame(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], batch: int
) -> None:
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "BATCH", batch)
        written = write_table(table(rows), folder, list(Format))
    frame = table(rows).to_frame()
    assert [one.rows for one in written] == [len(rows)] * 3
    for one in written:
        pd.testing.assert_frame_equal(read(one.path, frame), frame)
        assert one.bytes == len(one.path.read_bytes())


def test_csv_is_that_of_rfc_4180(tmp_path: Path) -> None:
    rows = [
        {"who": 'She said "no",\r\nand "yes"', "count": 1, "share": 0.1, "new": True},
        {"who": None, "count": None, "share": 1e-6, "new": False},
    ]
    write_table(table(rows), tmp_path, [Format.CSV])
    raw = (tmp_path / "counts.csv").read_bytes().decode()
    assert raw == (
        'who,count,share,new\r\n"She said ""no"",\r\nand ""yes""",1,0.1,true\r\n,,1e-06,false\r\n'
    )
    assert next(csv.DictReader(io.StringIO(raw, newline="")))["who"] == rows[0]["who"]


def test_parquet_has_types_descriptions_and_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "BATCH", 4)
    rows = [{"who": "x", "count": n, "share": n / 10, "new": n > 5} for n in range(10)]
    write_table(table(rows), tmp_path, [Format.PARQUET])
    found = parquet.ParquetFile(tmp_path / "counts.parquet")
    assert [str(field.type) for field in found.schema_arrow] == [
        "string",
        "int64",
        "double",
        "bool",
    ]
    assert found.schema_arrow.field("share").metadata == {b"description": b"Of all, 0 to 1."}
    groups = [found.metadata.row_group(n) for n in range(found.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [4, 4, 2]
    assert groups[0].column(0).compression == "ZSTD"


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [{"who": f"état {n}", "count": n, "share": n / 7, "new": None} for n in range(500)]
    hashes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written = write_table(table(rows), tmp_path / name, list(Format))
        hashes.append([one.sha256 for one in written])
    assert hashes[0] == hashes[1]


def test_values_of_like_types_are_made_plain(tmp_path: Path) -> None:
    rows = [{"who": Side.FOR, "count": np.int64(3), "share": 1, "new": np.True_},
            {"who": "", "count": True, "share": np.float32(0.5), "new": None}]  # fmt: skip
    write_table(table(rows), tmp_path, [Format.JSONL])
    lines = (tmp_path / "counts.jsonl").read_text().splitlines()
    assert lines == [
        '{"who":"for","count":3,"share":1.0,"new":true}',
        '{"who":null,"count":1,"share":0.5,"new":null}',
    ]


@pytest.mark.parametrize(
    "bad", [{"count": 1.5}, {"share": float("nan")}, {"share": float("inf")}, {"who": ["a"]},
            {"new": "yes"}, {"count": "1"}],
)  # fmt: skip
def test_a_value_of_another_type_leaves_no_file(tmp_path: Path, bad: dict[str, Any]) -> None:
    good = {"who": "x", "count": 1, "share": 0.5, "new": True}
    (name,) = bad
    with pytest.raises(ValueError, match=f"counts.{name}: "):
        write_table(table([good, good | bad]), tmp_path, list(Format))
    assert list(tmp_path.iterdir()) == []


def test_rows_that_break_off_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BATCH", 1)
    seen = []

    def rows() -> Iterator[dict[str, Any]]:
        yield {"who": "x", "count": 1, "share": 0.5, "new": True}
        yield {"who": "y", "count": 2, "share": 0.5, "new": True}
        seen.extend(path.name for path in tmp_path.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(replace(table([]), rows=rows()), tmp_path, list(Format))
    assert sorted(seen) == [".counts.csv.part", ".counts.jsonl.part", ".counts.parquet.part"]
    assert list(tmp_path.iterdir()) == []


def test_memory_is_that_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BATCH", 1_000)

    def peak(count: int) -> int:
        rows = ({"who": f"{n}", "count": n, "share": n / 3, "new": True} for n in range(count))
        tracemalloc.start()
        write_table(replace(table([]), rows=rows), tmp_path, list(Format))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1_000)  # imports
    assert peak(40_000) < 1.5 * peak(4_000)
