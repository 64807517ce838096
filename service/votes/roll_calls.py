"""Roll calls of the General Assembly, and what reading them found."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from service.corpus.report import ImportReport
from service.errors import InvalidInput, UnreadableFile

FIRST_SESSION, LAST_SESSION = 1, 78
# A symbol that names its session: A/RES/74/7, and of the older list R/55/33B.
_OF_SESSION = re.compile(r"A/RES/(\d+)/")
# The field that errors name: the option under which the folder is given.
FIELD = "votes"


class Vote(StrEnum):
    """Of a state that took part. One that was away, or there and silent, has none."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"

    @property
    def score(self) -> float:
        """1, -1, and 0 between them."""
        return _SCORES[self]


_SCORES = {Vote.YES: 1.0, Vote.ABSTAIN: 0.0, Vote.NO: -1.0}


class Kind(StrEnum):
    """What was voted on. PROCEDURE are motions and oral amendments of which the source has only
    the words with which the President put them to the vote."""

    RESOLUTION = "resolution"
    PARAGRAPH = "paragraph"
    AMENDMENT = "amendment"
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True)
class RollCall:
    """`id` is unique in its source, `symbol` that of the resolution, None where there is none or
    it isn't known. `date` is the source's: the days of the first set are not exact before 2004.
    `subjects` are the source's keywords. `votes`, by ISO 3166-1 alpha-3 code as the catalogue has
    it, hold the states that voted and nobody else.
    """

    id: str
    symbol: str | None
    date: date
    session: int
    title: str
    subjects: tuple[str, ...]
    kind: Kind
    votes: Mapping[str, Vote]


@dataclass(frozen=True, slots=True)
class RollCalls:
    """`roll_calls` by session and date. `report` says what was left out, and why."""

    roll_calls: tuple[RollCall, ...]
    report: ImportReport

    def resolutions(self, sessions: Iterable[int] | None = None) -> list[RollCall]:
        """Those on resolutions as a whole, of the sessions given or of all."""
        wanted = None if sessions is None else set(sessions)
        return [
            call
            for call in self.roll_calls
            if call.kind is Kind.RESOLUTION and (wanted is None or call.session in wanted)
        ]


def session_of(symbol: str | None, day: date) -> int:
    """The session that the symbol names. Resolutions of special sessions name none: theirs is the
    regular session then under way, which is taken to open in the middle of September."""
    found = _OF_SESSION.match(symbol or "")
    if found:
        return int(found[1])
    return day.year - (1945 if (day.month, day.day) >= (9, 15) else 1946)


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a gzipped CSV file, each with the line on which it ends.

    Raises UnreadableFile where it can't be read, InvalidInput where a column is missing or a row
    has too few or too many fields.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise InvalidInput(FIELD, f"{path} has no column {', '.join(missing)}")
            for values in rows:
                if len(values) != len(header):
                    raise bad_row(
                        path, rows.line_num, f"{len(values)} fields under {len(header)} columns"
                    )
                yield rows.line_num, dict(zip(header, values, strict=True))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} can't be read: {error}") from error


def bad_row(path: Path, line: int, reason: str) -> InvalidInput:
    return InvalidInput(FIELD, f"{path}:{line}: {reason}")


def day_of(path: Path, line: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_row(path, line, f"{text!r} is no date (YYYY-MM-DD)") from error


def checked_session(path: Path, line: int, session: int) -> int:
    if not FIRST_SESSION <= session <= LAST_SESSION:
        raise bad_row(path, line, f"session {session}, known are {FIRST_SESSION} to {LAST_SESSION}")
    return session
