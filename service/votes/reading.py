"""All roll calls of a folder: the older and the newer set as one."""

from __future__ import annotations

from pathlib import Path

from service.corpus.report import ImportReport
from service.domain.states import States
from service.errors import InvalidInput
from service.votes import early, late
from service.votes.roll_calls import FIELD, Kind, RollCall, RollCalls

FILES = (early.ROLL_CALLS, early.VOTES, early.ISSUES, late.RESOLUTIONS, late.VOTES)


def read_roll_calls(folder: Path, states: States) -> RollCalls:
    """Both sets, whose time overlaps by some months: a resolution that both have is taken from the
    newer one, by its symbol. In that time an older roll call whose symbol the newer set hasn't is
    kept and noted.

    Raises InvalidInput where a file is missing, or for a row that can't be used.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InvalidInput(FIELD, f"{folder} has no {', '.join(missing)}")
    report = ImportReport()
    newer = list(late.read_late(folder, states, report))
    have = {call.symbol for call in newer}
    since = min((call.date for call in newer), default=None)
    found: list[RollCall] = []
    dropped = 0
    for call in early.read_early(folder, states, report):
        if call.kind is Kind.RESOLUTION and call.symbol in have:
            dropped += 1
            continue
        if since and call.date >= since:
            where = str(folder / early.ROLL_CALLS)
            report.note(where, f"{call.id} ({call.symbol}) is in the older set only")
        found.append(call)
    if dropped:
        report.note(
            str(folder / early.ROLL_CALLS), f"{dropped} roll calls are in {late.VOTES} as well"
        )
    found += newer
    report.read = len(found)
    return RollCalls(
        tuple(sorted(found, key=lambda call: (call.session, call.date, call.id))), report
    )
