"""Roll calls of 1946 to January 2020: the tables of the R package unvotes, after the data of Erik
Voeten (Voeten, Strezhnev and Bailey 2009, "United Nations General Assembly Voting Data")."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from service.corpus.report import ImportReport
from service.domain.states import States
from service.votes.roll_calls import (
    Kind,
    RollCall,
    Vote,
    bad_row,
    checked_session,
    day_of,
    rows_of,
)

ROLL_CALLS, VOTES, ISSUES = "un_roll_calls.csv.gz", "un_votes.csv.gz", "un_roll_call_issues.csv.gz"
_COLUMNS = ("rcid", "session", "date", "unres", "amend", "para", "short", "descr")
# Names that the catalogue hasn't. Taiwan's votes, which end in 1971, are those of China's seat.
_NAMES = {"Myanmar (Burma)": "MMR", "Taiwan": "CHN", "Yemen People's Republic": "YMD"}
# The source calls the seat Yugoslavia to the end; statements are Serbia's since this day.
_SERBIA, _YUGOSLAVIA = "SRB", "YUG"
_SERBIA_SINCE = date(2006, 6, 3)
# The list's own symbols name resolutions since session 31; before, records of meetings.
_FIRST_NAMED = 31
_SYMBOL = re.compile(r"R/(\d+/.+)")
_AGENDA = re.compile(r"A/\d+/251 ")
# What library catalogues add to a title.
_ADDED = re.compile(r"\s*:?\s*resolution\s*/\s*adopted by the General.*", re.IGNORECASE)
_SPOKEN = re.compile(r"The (Acting )?President\b")


def read_early(folder: Path, states: States, report: ImportReport) -> Iterator[RollCall]:
    """Raises InvalidInput naming file and line for a row that can't be used. States that the
    catalogue hasn't are told to the report with the number of their votes."""
    subjects = _subjects(folder / ISSUES)
    votes = _votes(folder / VOTES, states, report)
    path = folder / ROLL_CALLS
    seen = set()
    for line, row in rows_of(path, _COLUMNS):
        number = _number(path, line, "rcid", row["rcid"])
        if number in seen:
            raise bad_row(path, line, f"roll call {number} is there twice")
        seen.add(number)
        day = day_of(path, line, row["date"])
        session = checked_session(path, line, _number(path, line, "session", row["session"]))
        short, description = " ".join(row["short"].split()), " ".join(row["descr"].split())
        # Of sessions 71 to 73 the description is the agenda item, and the title is beside it.
        title, other = description, short
        if not description or _AGENDA.match(description):
            title, other = short, description
        title = _ADDED.sub("", title)
        cast = votes.pop(number, {})
        if not cast:
            report.skipped(str(path), f"roll call {number} has no votes", line)
            continue
        yield RollCall(
            f"unvotes-{number}",
            _symbol(row["unres"].strip(), session),
            day,
            session,
            title,
            tuple(filter(None, (other, *subjects[number]))),
            _kind(path, line, row, title),
            {
                _SERBIA if state == _YUGOSLAVIA and day >= _SERBIA_SINCE else state: vote
                for state, vote in cast.items()
            },
        )
    for number in votes:
        report.skipped(str(folder / VOTES), f"votes of roll call {number}, which isn't listed")


def _votes(path: Path, states: States, report: ImportReport) -> dict[int, dict[str, Vote]]:
    known: dict[str, str | None] = {}
    unknown: dict[str, list[int]] = defaultdict(list)
    found: dict[int, dict[str, Vote]] = defaultdict(dict)
    numbers: dict[str, int] = {}
    cast = {str(vote): vote for vote in Vote}
    for line, row in rows_of(path, ("rcid", "country", "vote")):
        country, text = row["country"], row["rcid"]
        if country not in known:
            code = _NAMES.get(country, country)
            state = states.get(code) or states.resolve(code)
            known[country] = sys.intern(state.code) if state else None
        state_code = known[country]
        if state_code is None:
            unknown[country].append(line)
            continue
        if text not in numbers:
            numbers[text] = _number(path, line, "rcid", text)
        votes = found[numbers[text]]
        if row["vote"] not in cast:
            raise bad_row(path, line, f"{row['vote']!r} is no vote (yes, no, abstain)")
        if state_code in votes:
            raise bad_row(path, line, f"{country} voted twice in roll call {numbers[text]}")
        votes[state_code] = cast[row["vote"]]
    for country, lines in unknown.items():
        report.skipped(
            str(path), f"{country!r} isn't in the catalogue: {len(lines)} votes left out", lines[0]
        )
    return found


def _subjects(path: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for line, row in rows_of(path, ("rcid", "issue")):
        found[_number(path, line, "rcid", row["rcid"])].append(row["issue"])
    return found


def _number(path: Path, line: int, column: str, text: str) -> int:
    """Whole numbers, of which some files write 3 as 3.0."""
    try:
        value = float(text)
        if value.is_integer():
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise bad_row(path, line, f"{column} {text!r} is no whole number")


def _symbol(text: str, session: int) -> str | None:
    found = _SYMBOL.fullmatch(text)
    if found and session >= _FIRST_NAMED:
        return f"A/RES/{found[1]}"
    return text or None


def _kind(path: Path, line: int, row: dict[str, str], title: str) -> Kind:
    """Since session 45 the marks are there for some only: what has none is a resolution."""
    for column in ("amend", "para"):
        if row[column] not in ("", "0", "1"):
            raise bad_row(path, line, f"{column} {row[column]!r} is neither 0 nor 1")
    if row["amend"] == "1":
        return Kind.AMENDMENT
    if row["para"] == "1":
        return Kind.PARAGRAPH
    # What was voted on can't be told without the text, whatever symbol stands beside it.
    return Kind.PROCEDURE if _SPOKEN.match(title) or not title else Kind.RESOLUTION
