"""Roll calls of sessions 74 to 78, from October 2019: tables made from the data on resolutions that
the United Nations Secretariat publishes."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
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
    session_of,
)

RESOLUTIONS, VOTES = "ga_resolutions_74_78.csv.gz", "ga_votes_74_78.csv.gz"
_COLUMNS = (
    "symbol", "date", "title", "committee", "adoption_type", "yes", "no", "abstain", "subjects",
)  # fmt: skip
_VOTES = {"Y": Vote.YES, "N": Vote.NO, "A": Vote.ABSTAIN}
_WITHOUT, _RECORDED = "Without a vote", "By a recorded vote"


def read_late(folder: Path, states: States, report: ImportReport) -> Iterator[RollCall]:
    """Whole resolutions only: the source has no others.

    Raises InvalidInput naming file and line for a row that can't be used. The report tells of
    states that the catalogue hasn't, of votes whose resolution isn't listed, of resolutions whose
    votes aren't, and of totals that the votes don't make up.
    """
    votes = _votes(folder / VOTES, states, report)
    path = folder / RESOLUTIONS
    seen = set()
    for line, row in rows_of(path, _COLUMNS):
        symbol, adopted = row["symbol"].strip(), row["adoption_type"]
        if not symbol or symbol in seen:
            raise bad_row(path, line, f"symbol {symbol!r} is missing or there twice")
        seen.add(symbol)
        if adopted not in (_WITHOUT, _RECORDED):
            raise bad_row(path, line, f"{adopted!r} is no way in which resolutions are adopted")
        if adopted == _WITHOUT:
            continue
        day = day_of(path, line, row["date"])
        session = checked_session(path, line, session_of(symbol, day))
        cast = votes.pop(symbol, {})
        if not cast:
            report.skipped(str(path), f"{symbol} was voted on, and no votes are listed", line)
            continue
        _check_totals(path, line, row, cast, report)
        yield RollCall(
            symbol,
            symbol,
            day,
            session,
            " ".join(row["title"].split()),
            tuple(filter(None, row["subjects"].split("|"))),
            Kind.RESOLUTION,
            cast,
        )
    for symbol, cast in votes.items():
        report.skipped(
            str(folder / VOTES), f"{len(cast)} votes on {symbol}, which isn't in {RESOLUTIONS}"
        )


def _votes(path: Path, states: States, report: ImportReport) -> dict[str, dict[str, Vote]]:
    unknown: dict[str, list[int]] = defaultdict(list)
    found: dict[str, dict[str, Vote]] = defaultdict(dict)
    for line, row in rows_of(path, ("symbol", "ms_name", "vote", "iso3")):
        code, symbol = row["iso3"], row["symbol"].strip()
        state = states.get(code)
        if state is None:
            unknown[f"{row['ms_name']} ({code})"].append(line)
            continue
        if row["vote"] not in _VOTES:
            raise bad_row(path, line, f"{row['vote']!r} is no vote (Y, N, A)")
        if code in found[symbol]:
            raise bad_row(path, line, f"{code} voted twice on {symbol}")
        found[symbol][sys.intern(code)] = _VOTES[row["vote"]]
    for name, lines in unknown.items():
        report.skipped(
            str(path), f"{name} isn't in the catalogue: {len(lines)} votes left out", lines[0]
        )
    return found


def _check_totals(
    path: Path, line: int, row: dict[str, str], cast: dict[str, Vote], report: ImportReport
) -> None:
    counts = Counter(cast.values())
    listed = tuple(counts[vote] for vote in (Vote.YES, Vote.NO, Vote.ABSTAIN))
    given = tuple(row[name] for name in ("yes", "no", "abstain"))
    if given != tuple(map(str, listed)):
        report.note(
            str(path),
            f"{row['symbol']}: {', '.join(given)} yes, no, abstaining by the total, "
            f"{', '.join(map(str, listed))} by the votes, which count",
            line,
        )
