import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.catalogue import load_states
from service.corpus.report import ImportReport, Outcome
from service.corpus.table import read_table
from service.domain.statements import Statement
from service.errors import InvalidInput, UnreadableFile
from tests.corpus.plain import MAKER

DATA = Path(__file__).parents[2] / "data"
STATES = load_states(DATA)


def read(path: Path) -> tuple[list[Statement], ImportReport]:
    report = ImportReport()
    return list(read_table(path, states=STATES, maker=MAKER, report=report)), report


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def skipped(report: ImportReport) -> dict[int | None, str]:
    return {e.line: e.reason for e in report.entries if e.outcome is Outcome.SKIPPED}


ROWS = [
    {
        "state": "CHL",
        "date": "2021-06",
        "text": "The sea must be protected. Nets must be wide.",
        "id": "chl-1",
        "speaker": "Ana Rojas",
        "office": "Minister",
        "forum": "Ocean week",
        "symbol": "X/1",
        "source": "ministry",
        "on_behalf_of": "g77; aosis",
    },
    {
        "state": "Norway",
        "date": "2020",
        "text": "Whaling, too, needs rules.",
        "id": None,
        "speaker": None,
        "office": None,
        "forum": None,
        "symbol": None,
        "source": None,
        "on_behalf_of": None,
    },
]


def as_csv(delimiter: str) -> str:
    lines = [delimiter.join(ROWS[0])]
    for row in ROWS:
        lines.append(delimiter.join('"' + (value or "") + '"' for value in row.values()))
    return "\r\n".join(lines)


def as_file(path: Path, kind: str) -> Path:
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return path
    if kind == "jsonl":
        return write(path, "\n".join(json.dumps(row) for row in ROWS))
    return write(path, as_csv(kind).encode("utf-8-sig"))


@pytest.mark.parametrize("kind", [",", ";", "\t", "|", "jsonl", "parquet"])
def test_formats_agree(tmp_path: Path, kind: str) -> None:
    statements, report = read(as_file(tmp_path / "table.any", kind))
    assert report.read == 2
    assert not report.entries
    first, second = statements
    assert (first.id, first.state, str(first.date), first.speaker) == (
        "chl-1",
        "CHL",
        "2021-06",
        "Ana Rojas",
    )
    assert (first.office, first.forum, first.symbol) == ("Minister", "Ocean week", "X/1")
    assert (first.source, first.on_behalf_of) == ("ministry", ("g77", "aosis"))
    assert first.claims
    assert {claim.statement_id for claim in first.claims} == {"chl-1"}
    assert second.state == "NOR"
    assert second.speaker is second.office is second.symbol is None
    assert (second.source, second.on_behalf_of) == ("table.any", ())
    assert second.id.startswith("NOR_2020_")
    assert len(second.id) == len("NOR_2020_") + 10


def test_bad_rows_are_named_by_their_line_and_the_others_read(tmp_path: Path) -> None:
    lines = [
        "id,state,date,text,mood,mood2",
        'a,CHL,2021-01-01,"Two lines',
        'of one text.",x,y',  # line 3
        "b,Narnia,2021-01-01,Lions rule.,,",  # 4
        "c,CHL,01/02/2021,Odd date.,,",  # 5
        "d,CHL,2021-02-30,No such day.,,",  # 6
        "e,CHL,2021,   ,,",  # 7
        "a,CHL,2021,Again.,,",  # 8
        "f,CHL,2021,too,many,fields,here",  # 9
        "",
        "g,,2021,Nobody speaks.,,",  # 11
        "h,CHL,2021,Fine.,,",
    ]
    statements, report = read(write(tmp_path / "t.csv", "\n".join(lines)))
    assert [statement.id for statement in statements] == ["a", "h"]
    reasons = skipped(report)
    assert sorted(reasons, key=lambda line: line or 0) == [4, 5, 6, 7, 8, 9, 11]
    assert "unknown state 'Narnia'" in reasons[4]
    assert "01/02/2021" in reasons[5]
    assert "2021-02-30" in reasons[6]
    assert "empty" in reasons[7]
    assert "line 2" in reasons[8]
    assert "fields" in reasons[9]
    assert report.count(Outcome.NOTE) == 2, "each unknown column once"
    assert report.read == 2


def test_misspelt_state_brings_suggestions(tmp_path: Path) -> None:
    _, report = read(write(tmp_path / "t.csv", "state,date,text\nNorwey,2021,Hello there."))
    assert "NOR" in skipped(report)[2]


def test_wrong_encoding_costs_its_row_only(tmp_path: Path) -> None:
    raw = b"state,date,text\nCHL,2021,Ol\xe9 to all.\nNOR,2021,Sn\xc3\xb8 falls.\n"
    statements, report = read(write(tmp_path / "t.csv", raw))
    assert [s.text for s in statements] == ["Snø falls."]
    assert "not UTF-8" in skipped(report)[2]
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read(write(tmp_path / "u.csv", "state,date,text\n".encode("utf-16")))


def test_malformed_csv_quotation(tmp_path: Path) -> None:
    text = 'state,date,text\nCHL,2021,"bad" quote\nNOR,2021,Fine words.\nCHL,2021,"never closed\n'
    statements, report = read(write(tmp_path / "t.csv", text))
    assert [s.state for s in statements] == ["NOR"]
    assert set(skipped(report)) == {2, 4}


def test_malformed_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"state": "CHL", "date": 2021, "text": "Years may be numbers."}',
        '{"state": "CHL", ',
        '["CHL"]',
        '{"state": "CHL", "date": "2021"}',
        "",
        '{"State": "NOR", "Date": "2021", "Text": "Capital letters do.", "tone": 1}',
        '{"state": "NOR", "date": "2021", "text": "More.", "tone": 2}',
    ]
    raw = "\n".join(lines).encode() + b'\n{"state": "NOR", "date": "2021", "text": "\xff"}'
    statements, report = read(write(tmp_path / "t.jsonl", raw))
    assert [s.state for s in statements] == ["CHL", "NOR", "NOR"]
    assert set(skipped(report)) == {2, 3, 4, 8}
    assert "missing text" in skipped(report)[4]
    assert report.count(Outcome.NOTE) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"state,text\nCHL,Words."),
        ("t.jsonl", b'{"state": "CHL", "text": "Words."}'),
        ("t.csv", b"state,date,text,text\nCHL,2021,a,b"),
    ],
)
def test_columns_missing_or_twice(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"date|twice"):
        read(write(tmp_path / name, content))


def test_parquet_without_a_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"state": ["CHL"], "text": ["Words."]}), tmp_path / "t.parquet")
    with pytest.raises(InvalidInput, match="date"):
        read(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.csv", b"", "empty"),
        ("t.parquet", b"not parquet", "no Parquet"),
        ("t.parquet", b"PAR1 but cut", "broken Parquet"),
        ("t.json", b'[{"state": "CHL"}]', "object a line"),
    ],
)
def test_unreadable_tables(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(write(tmp_path / name, content))
    with pytest.raises(UnreadableFile, match="no such file"):
        read(tmp_path / "absent.csv")


def test_rows_stream(tmp_path: Path) -> None:
    """The first statement comes before the last row is read."""
    path = write(tmp_path / "t.csv", "state,date,text\n" + "CHL,2021,Words are few.\n" * 2)
    report = ImportReport()
    rows = read_table(path, states=STATES, maker=MAKER, report=report)
    next(rows)
    assert report.read == 1
