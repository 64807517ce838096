"""The UN General Debate reader, on small files of our own laid out like the distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest

from service.catalogue import load_blocs, load_states
from service.corpus.claims import ClaimMaker
from service.corpus.report import ImportReport, Outcome
from service.corpus.text import clean
from service.corpus.ungdc import SPEAKERS, forum, read_ungdc, speech_files
from service.domain.dates import Precision
from service.domain.statements import Statement
from service.errors import InvalidInput

DATA = Path(__file__).parents[2] / "data"
HEADER = ("Year", "Session", "ISO Code", "Country", "Name of Person Speaking", "Post", None)
SPEECH = "Mr. President,\nOur seas are rising and we must act. We ask for help.\n"
Rows = Sequence[Sequence[object]]
Read = Callable[..., tuple[dict[str, Statement], ImportReport]]


@pytest.fixture(scope="module")
def maker() -> ClaimMaker:
    return ClaimMaker.load(DATA)


@pytest.fixture
def read(maker: ClaimMaker) -> Read:
    states, blocs = load_states(DATA), load_blocs(DATA)

    def run(root: Path, **years: int) -> tuple[dict[str, Statement], ImportReport]:
        report = ImportReport()
        found = read_ungdc(root, maker=maker, states=states, blocs=blocs, report=report, **years)
        return {statement.id: statement for statement in found}, report

    return run


def lay_out(root: Path, speeches: dict[str, str | bytes], rows: Rows | None = ()) -> Path:
    """`root` as the authors distribute it; without a sheet where `rows` is None."""
    for stem, text in speeches.items():
        session, year = stem.split("_")[-2:]
        folder = root / "TXT" / f"Session {session} - {year}"
        folder.mkdir(parents=True, exist_ok=True)
        raw = text if isinstance(text, bytes) else text.encode()
        (folder / f"{stem}.txt").write_bytes(raw)
    if rows is not None:
        write_sheet(root / SPEAKERS, [HEADER, *rows])
    return root


def write_sheet(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    book.close()


def entries(report: ImportReport, outcome: Outcome) -> list[str]:
    return [str(entry).removeprefix(f"{outcome} ") for entry in report.entries
            if entry.outcome is outcome]  # fmt: skip


def test_a_speech(tmp_path: Path, read: Read) -> None:
    rows = [(2021, 76, "FJI ", "Fiji", "  Ana   Tui ", "Prime Minister", None)]
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH}, rows)
    found, report = read(root)
    statement = found["FJI_76_2021"]
    assert statement.state == "FJI"
    assert str(statement.date) == "2021"
    assert statement.date.precision is Precision.YEAR
    assert statement.forum == "General Assembly, general debate, 76th session"
    assert statement.source == "UN General Debate Corpus, FJI_76_2021.txt"
    assert (statement.speaker, statement.office) == ("Ana Tui", "Prime Minister")
    assert statement.symbol is None
    assert statement.text == SPEECH
    assert [claim.text for claim in statement.claims] == [
        "Mr. President,",
        "Our seas are rising and we must act.",
        "We ask for help.",
    ]
    for claim in statement.claims:
        assert clean(statement.text[claim.start : claim.end]) == claim.text
    assert report.read == 1
    assert report.entries == []


@pytest.mark.parametrize(
    ("session", "ordinal"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (13, "13th"), (21, "21st"), (112, "112th")],
)
def test_forum(session: int, ordinal: str) -> None:
    assert forum(session) == f"General Assembly, general debate, {ordinal} session"


@pytest.mark.parametrize("inside", ["", "TXT", "nested"])
def test_layouts(tmp_path: Path, inside: str, read: Read) -> None:
    rows = [(2021, 76, "FJI", "Fiji", "Ana Tui", None, None)]
    folder = tmp_path / "UNGDC_1946-2023" if inside == "nested" else tmp_path
    folder.mkdir(exist_ok=True)
    lay_out(folder, {"FJI_76_2021": SPEECH}, rows)
    found, _ = read(tmp_path / "TXT" if inside == "TXT" else tmp_path)
    assert found["FJI_76_2021"].speaker == "Ana Tui"


def test_groups(tmp_path: Path, read: Read) -> None:
    text = (
        "I have the honour to speak at dawn on behalf of the European Union.\n"
        "We align ourselves with the statement made by Peru on behalf of the Group of 77.\n"
    )
    found, _ = read(lay_out(tmp_path, {"FIN_54_1999": text}))
    assert found["FIN_54_1999"].on_behalf_of == ("eu",)
    assert found["FIN_54_1999"].aligned_with == ("g77",)


def test_years_and_order(tmp_path: Path, read: Read) -> None:
    stems = ["PER_75_2020", "FJI_76_2021", "CHL_75_2020", "YUG_01_1946", "EU_66_2011"]
    root = lay_out(tmp_path, dict.fromkeys(stems, SPEECH))
    assert list(read(root)[0]) == [
        "YUG_01_1946", "EU_66_2011", "CHL_75_2020", "PER_75_2020", "FJI_76_2021",
    ]  # fmt: skip
    assert list(read(root, first_year=2011, last_year=2020)[0]) == [
        "EU_66_2011", "CHL_75_2020", "PER_75_2020",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"\xef\xbb\xbf" + SPEECH.encode(), "byte-order mark removed"),
        (SPEECH.replace("\n", "\r\n").encode(), "line ends normalised"),
        (SPEECH.replace("seas", "seas â€” all â€”").encode(), "mojibake mended"),
        (SPEECH.replace("seas", "caf\xe9s").encode("cp1252"), "not UTF-8"),
    ],
)
def test_mended(tmp_path: Path, raw: bytes, told: str, read: Read) -> None:
    found, report = read(lay_out(tmp_path, {"FJI_76_2021": raw}, None))
    assert len(found["FJI_76_2021"].claims) == 3
    (mended,) = entries(report, Outcome.MENDED)
    assert mended.startswith(f"FJI_76_2021.txt: {told}")


@pytest.mark.parametrize(
    ("stem", "raw", "skipped"),
    [
        ("XQZ_76_2021", SPEECH, "XQZ_76_2021.txt: unknown state code XQZ"),
        ("PER_76_2021", "", "PER_76_2021.txt: empty"),
        ("PER_76_2021", " \n\n", "PER_76_2021.txt: empty"),
        ("PER_76_2021", "* * *\n42\n", "PER_76_2021.txt: holds no sentence"),
        ("PER_76_2021", b"We\nask\0\x01\x02", "PER_76_2021.txt:2: isn't text"),
        ("Peru_76_2021", SPEECH, "TXT/Session 76 - 2021/Peru_76_2021.txt: its name isn't "
         "ISO_SESSION_YEAR.txt"),
        ("PER_76_0000", SPEECH, "TXT/Session 76 - 0000/PER_76_0000.txt: its name isn't "
         "ISO_SESSION_YEAR.txt"),
    ],
)  # fmt: skip
def test_skipped(tmp_path: Path, stem: str, raw: str | bytes, skipped: str, read: Read) -> None:
    rows = [(2021, 76, code, "", "Ana Tui", None, None) for code in ("FJI", "PER")]
    found, report = read(lay_out(tmp_path, {"FJI_76_2021": SPEECH, stem: raw}, rows))
    assert list(found) == ["FJI_76_2021"]
    assert entries(report, Outcome.SKIPPED) == [skipped]
    assert report.read == 1


def test_unreadable_and_doubled_files(tmp_path: Path, read: Read) -> None:
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH})
    (root / "TXT" / "PER_76_2021.txt").mkdir()
    (root / "copy").mkdir()
    (root / "copy" / "FJI_76_2021.txt").write_text(SPEECH)
    found, report = read(root)
    assert list(found) == ["FJI_76_2021"]
    assert entries(report, Outcome.SKIPPED) == [
        "copy/FJI_76_2021.txt: the same as TXT/Session 76 - 2021/FJI_76_2021.txt",
        "PER_76_2021.txt: can't be read: Is a directory",
    ]


def test_characters_that_are_lost(tmp_path: Path, read: Read) -> None:
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH + "So be \ufffd it.\n"}, None)
    _, report = read(root)
    assert "FJI_76_2021.txt:3: holds characters that can't be told" in entries(report, Outcome.NOTE)


def test_hidden_and_other_files(tmp_path: Path, read: Read) -> None:
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH}, None)
    for name in (".DS_Store", "TXT/._FJI_76_2021.txt", "README.txt", "codebook.pdf"):
        (root / name).write_bytes(b"\0")
    found, report = read(root)
    assert list(found) == ["FJI_76_2021"]
    assert entries(report, Outcome.SKIPPED) == []
    notes = entries(report, Outcome.NOTE)
    assert "codebook.pdf: is no text file: left out" in notes
    assert f"{root.name}: 2 hidden files (.DS_Store and the like) left out" in notes


def test_speakers(tmp_path: Path, read: Read) -> None:
    rows = [
        (2021, 76, "FJI", "Fiji", "Ana Tui", None, None),
        (2021, 76, "FJI", "Fiji", "Ana Tui", None, None),
        (2021, 76, "BRA", "Brazil", "João Silva", "President", None),
        (2021, 76, "BRA", "Brazil", "Rui Lima", "Minister", None),
        (None, None, None, None, None, None, None),
        (2021, 76, None, "A league", "Some One", None, None),
        (1975, 30, "YDYE ", "Democratic Yemen", "Mr. X", None, None),
    ]
    stems = ["FJI_76_2021", "BRA_76_2021", "PER_76_2021", "YMD_30_1975"]
    found, report = read(lay_out(tmp_path, dict.fromkeys(stems, SPEECH), rows))
    spoke = {key: (statement.speaker, statement.office) for key, statement in found.items()}
    assert spoke == {
        "YMD_30_1975": ("Mr. X", None),
        "BRA_76_2021": ("João Silva", "President"),
        "FJI_76_2021": ("Ana Tui", None),
        "PER_76_2021": (None, None),
    }
    assert entries(report, Outcome.NOTE) == [
        f"{SPEAKERS}:7: a row without a year or a code",
        "BRA_76_2021.txt: has several speakers in the sheet: the first is taken",
        "PER_76_2021.txt: has no speaker in the sheet",
    ]


def test_sheet_with_its_columns_moved(tmp_path: Path, read: Read) -> None:
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH}, None)
    write_sheet(
        root / SPEAKERS,
        [("Post ", "name of person speaking", "ISO Code", "Year"), ("Envoy", "Ana", "FJI", 2021.0)],
    )
    found, _ = read(root)
    assert (found["FJI_76_2021"].speaker, found["FJI_76_2021"].office) == ("Ana", "Envoy")


@pytest.mark.parametrize("sheet", [None, b"no sheet", b"", [("Year", "Who")], []])
def test_sheet_that_cannot_be_read(tmp_path: Path, sheet: bytes | Rows | None, read: Read) -> None:
    root = lay_out(tmp_path, {"FJI_76_2021": SPEECH}, None)
    if isinstance(sheet, bytes):
        (root / SPEAKERS).write_bytes(sheet)
    elif sheet is not None:
        write_sheet(root / SPEAKERS, sheet)
    found, report = read(root)
    assert found["FJI_76_2021"].speaker is None
    (note,) = entries(report, Outcome.NOTE)
    assert note.startswith(SPEAKERS)
    assert note.endswith("speakers and offices are unknown")


@pytest.mark.parametrize("name", ["", "empty", "nowhere"])
def test_no_speeches(tmp_path: Path, name: str, read: Read) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput) as error:
        read(tmp_path / name)
    assert error.value.field == "directory"


@pytest.mark.slow
def test_the_corpus(ungdc: Path, read: Read) -> None:
    """One year in ten: who spoke, and that nothing was skipped."""
    for year in range(1946, 2024, 10):
        found, report = read(ungdc, first_year=year, last_year=year)
        files = [path for path in speech_files(ungdc) if path.stem.endswith(str(year))]
        assert len(found) == len(files) == report.read
        assert report.count(Outcome.SKIPPED) == 0
        assert sum(s.speaker is not None for s in found.values()) >= 0.9 * len(files)
