"""An answer as a table for a spreadsheet, and how any rows of ours are written as CSV."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from service.domain.answers import Answer, Group, Hit
from service.takeaway.language import Language

# A spreadsheet runs a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def hits_of(answer: Answer) -> Iterator[Hit]:
    """Every quotation that the answer shows, in its order."""
    for result in answer.results:
        yield from result.hits if isinstance(result, Group) else (result,)


def table(answer: Answer, language: Language) -> bytes:
    """One row a quotation, with the columns of the API's CSV; `name` is the state's in the reader's
    language. In UTF-8 with its mark, without which Excel takes it for something else."""
    rows = [
        {"name": language.state(hit["state"])} | hit
        for result in answer.to_dict()["results"]
        for hit in result.get("hits", (result,))
    ]
    names = list(rows[0]) if rows else ["name", *(field.name for field in fields(Hit))]
    return codecs.BOM_UTF8 + as_csv(rows, names).encode("utf-8", "replace")


def as_csv(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """RFC 4180, with a header. Lists are joined by `; `, objects are JSON, and no cell is a
    formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in rows])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return _cell("; ".join(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return value
