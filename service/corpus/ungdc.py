"""The UN General Debate Corpus, as its authors distribute it (doi:10.7910/DVN/0TJX8Y)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import openpyxl

from service.corpus.alliances import joined_statements, spoken_for
from service.corpus.claims import ClaimMaker
from service.corpus.report import ImportReport
from service.corpus.text import LONGEST, decode
from service.domain.blocs import Blocs
from service.domain.dates import PartialDate
from service.domain.statements import Statement
from service.domain.states import States
from service.errors import InvalidInput

SPEAKERS = "Speakers_by_session.xlsx"
# The authors' sheet has some 11,000 rows, and unpacks to 4 MB.
_MOST_UNPACKED, _MOST_ROWS, _COLUMNS_READ = 12_000_000, 100_000, 50
_NAME = re.compile(r"([A-Z]{2,3})_(\d{2,3})_((?:19|20)\d{2})")
_Speaker = tuple[str | None, str | None]
# The sheet's own codes where the files have others.
_SHEET_CODES = {"YDYE": "YMD", "EC": "EU", "CZK": "CSK"}
_COLUMNS = {
    "year": "Year",
    "code": "ISO Code",
    "speaker": "Name of Person Speaking",
    "office": "Post",
}


def speech_files(root: Path) -> list[Path]:
    """The speeches' files under `root`, by year and code; whatever else lies there isn't among
    them."""
    return sorted(
        (path for path in root.rglob("*") if _is_speech(path)),
        key=lambda path: (path.stem[-4:], path.stem, path),
    )


def forum(session: int) -> str:
    """The General Debate of a session, e.g. `General Assembly, general debate, 76th session`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(session % 10, "th")
    if session % 100 in (11, 12, 13):
        ending = "th"
    return f"General Assembly, general debate, {session}{ending} session"


def read_ungdc(
    root: Path,
    *,
    maker: ClaimMaker,
    states: States,
    blocs: Blocs,
    report: ImportReport,
    first_year: int | None = None,
    last_year: int | None = None,
) -> Iterator[Statement]:
    """Every speech of the years asked, by year and code. Dates are years; symbols are unknown.

    `root` is the folder that holds `TXT/` and the speakers' sheet, or `TXT/` itself. A file that
    can't be used is reported and passed over. Raises InvalidInput where there is no speech.
    """
    files = speech_files(root)
    if not files:
        raise InvalidInput(
            "directory", f"{root} holds no speech: expected TXT/Session NN - YYYY/ISO_NN_YYYY.txt"
        )
    _report_strangers(root, report)
    speakers = _speakers(root, report)
    seen: dict[str, Path] = {}
    for path in files:
        code, session, year = _parts(path)
        if (first_year and year < first_year) or (last_year and year > last_year):
            continue
        if path.stem in seen:
            report.skipped(_shown(path, root), f"the same as {_shown(seen[path.stem], root)}")
            continue
        seen[path.stem] = path
        if states.get(code) is None:
            report.skipped(path.name, f"unknown state code {code}")
            continue
        text = _text(path, report)
        claims = maker.claims(path.stem, text) if text is not None else ()
        if text is None or not claims:
            if text is not None:
                report.skipped(path.name, "holds no sentence" if text.strip() else "empty")
            continue
        speaker, office = _speaker(path.name, speakers, (year, code), report)
        report.read += 1
        yield Statement(
            id=path.stem,
            state=code,
            date=PartialDate(f"{year:04d}"),
            text=text,
            source=f"UN General Debate Corpus, {path.name}",
            speaker=speaker,
            office=office,
            forum=forum(session),
            on_behalf_of=spoken_for(text, blocs),
            aligned_with=joined_statements(text, states, blocs),
            claims=claims,
        )


def _is_speech(path: Path) -> bool:
    return path.suffix.lower() == ".txt" and bool(_NAME.fullmatch(path.stem))


def _text(path: Path, report: ImportReport) -> str | None:
    """What the file holds; None, reported, where that is no text."""
    try:
        size = path.stat().st_size
        decoded = decode(path.read_bytes() if size <= 4 * LONGEST else b"")
    except OSError as error:
        report.skipped(path.name, f"can't be read: {error.strerror}")
        return None
    if size > 4 * LONGEST or len(decoded.text) > LONGEST:
        report.skipped(path.name, f"{size:,} bytes, too long for a speech")
        return None
    if (at := decoded.text.find("\0")) != -1:
        report.skipped(path.name, "isn't text", _line(decoded.text, at))
        return None
    for mending in decoded.mended:
        report.mended(path.name, mending)
    if (at := decoded.text.find("\ufffd")) != -1:
        reason = "holds characters that can't be told"
        report.note(path.name, reason, _line(decoded.text, at))
    return decoded.text


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _speaker(
    name: str,
    speakers: dict[tuple[int, str], list[_Speaker]],
    key: tuple[int, str],
    report: ImportReport,
) -> _Speaker:
    found = speakers.get(key, [])
    if speakers and not found:
        report.note(name, "has no speaker in the sheet")
    if len(found) > 1:
        report.note(name, "has several speakers in the sheet: the first is taken")
    return found[0] if found else (None, None)


def _parts(path: Path) -> tuple[str, int, int]:
    code, session, year = path.stem.split("_")
    return code, int(session), int(year)


def _report_strangers(root: Path, report: ImportReport) -> None:
    """Files that are no speeches; those that macOS leaves are counted, not named."""
    hidden = 0
    for path in sorted(root.rglob("*")):
        if path.name.startswith("."):
            hidden += 1
        elif path.suffix.lower() == ".txt" and not _is_speech(path):
            if path.name.lower() != "readme.txt":
                report.skipped(_shown(path, root), "its name isn't ISO_SESSION_YEAR.txt")
        elif path.is_file() and not _is_speech(path) and path.name != SPEAKERS:
            report.note(_shown(path, root), "is no text file: left out")
    if hidden:
        report.note(root.name, f"{hidden} hidden files (.DS_Store and the like) left out")


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _speakers(root: Path, report: ImportReport) -> dict[tuple[int, str], list[_Speaker]]:
    """Who spoke, by year and code, in the sheet's order. Without a readable sheet, nobody is
    known, and the report says so."""
    candidates = [root / SPEAKERS, root.parent / SPEAKERS, *root.rglob(SPEAKERS)]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        report.note(SPEAKERS, "not found: speakers and offices are unknown")
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
                raise ValueError("it unpacks to more than a sheet of speakers")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        # What a sheet says of its own size may be anything.
        book.worksheets[0].reset_dimensions()
        rows = book.worksheets[0].iter_rows(
            values_only=True, max_row=_MOST_ROWS, max_col=_COLUMNS_READ
        )
        header = [(_tidy(cell) or "").casefold() for cell in next(rows, ())]
        places = {name: header.index(title.casefold()) for name, title in _COLUMNS.items()}
    except Exception as error:  # openpyxl raises whatever zip, XML or the sheet's form brings
        report.note(SPEAKERS, f"can't be read ({error}): speakers and offices are unknown")
        return {}
    found: dict[tuple[int, str], list[_Speaker]] = {}
    for number, row in enumerate(_guarded(rows, report), start=2):
        cells = {name: _tidy(row[at]) if at < len(row) else None for name, at in places.items()}
        year, code = cells["year"], cells["code"]
        who = (cells["speaker"], cells["office"])
        if who == (None, None):
            continue
        if not year or not code or not year.isdigit():
            report.note(SPEAKERS, "a row without a year or a code", number)
            continue
        known = found.setdefault((int(year), _SHEET_CODES.get(code, code)), [])
        if who not in known:
            known.append(who)
    book.close()
    return found


def _guarded(rows: Iterable[tuple[Any, ...]], report: ImportReport) -> Iterator[tuple[Any, ...]]:
    try:
        yield from rows
    except Exception as error:  # a sheet that is cut off in the middle
        report.note(SPEAKERS, f"ends early ({error}): later speakers are unknown")


def _tidy(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = " ".join(str(cell).split()) if cell is not None else ""
    return text or None
