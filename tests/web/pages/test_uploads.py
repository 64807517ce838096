"""Uploaded files' names."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage

from service.web.pages.uploads import plain_name


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\table.CSV", "table.csv"),
        ("..", "upload"),
        (".csv", "csv"),
        ("\u202e.parquet", "upload.parquet"),
        ("t\x00.csv\n", "t.csv"),
        ("данные.jsonl", "upload.jsonl"),
        ("a" * 999 + ".html", "a" * 100 + ".html"),
        ("x.csv/", "x.csv"),
        ("<script>.html", "script.html"),
        ("con .txt", "con.txt"),
    ],
)
def test_a_files_name_is_made_harmless(given: str, plain: str) -> None:
    made = plain_name(FileStorage(io.BytesIO(), given))
    assert made == plain
    assert Path(made).name == made
