"""The table as a spreadsheet reads it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from service.takeaway.table import as_csv, table
from tests.takeaway.answers import ENGLISH, answer, group, hit


def test_one_row_a_quotation_with_the_names_of_its_state() -> None:
    shown = answer(
        [
            group(hit("FRA", "Go, “now”!\nOr later.", topics=("veto", "peace")),
                  hit("FRA", "Stay.", "opposed", symbol=None)),
            group(hit("NOR", "=HYPERLINK(1)", "unclear", speaker="+47", rendered=True)),
        ]
    )  # fmt: skip
    french = replace(ENGLISH, state=lambda code: {"FRA": "La France"}.get(code, "-Norvège"))
    file = table(shown, french)
    assert file.startswith(b"\xef\xbb\xbfname,claim_id,")
    rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))
    assert [row["text"] for row in rows] == ["Go, “now”!\nOr later.", "Stay.", "'=HYPERLINK(1)"]
    assert [row["name"] for row in rows] == ["La France", "La France", "'-Norvège"]
    assert [row["stance"] for row in rows] == ["aligned", "opposed", "unclear"]
    assert (rows[0]["topics"], rows[1]["symbol"], rows[2]["speaker"]) == ("veto; peace", "", "'+47")
    assert (rows[0]["rendered"], rows[2]["rendered"]) == ("false", "true")
    assert set(rows[0]) == {"name", *hit("FRA", "").__dataclass_fields__}


def test_hits_without_groups_or_stances_and_no_hits() -> None:
    alone = answer([hit("FRA", "One.", None)], judged=False, group_by="none")
    (row,) = csv.DictReader(io.StringIO(table(alone, ENGLISH).decode("utf-8-sig")))
    assert (row["name"], row["text"]) == ("France", "One.")
    assert "stance" not in row
    assert table(answer([]), ENGLISH).decode("utf-8-sig").startswith("name,claim_id,statement_id,")


@given(st.lists(st.text(st.characters(exclude_characters="\x00"))))
def test_no_cell_is_a_formula_and_no_text_is_lost(texts: list[str]) -> None:
    rows = [{"text": text, "list": [text]} for text in texts]
    for row, text in zip(
        csv.DictReader(io.StringIO(as_csv(rows, ["text", "list"]), newline="")), texts, strict=True
    ):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.removeprefix("'") == text.removeprefix("'")
