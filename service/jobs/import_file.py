"""The job that takes in a file of statements, a piece at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from service.comparison import Comparator
from service.corpus.report import ImportReport, Outcome
from service.domain.statements import Statement
from service.errors import InvalidInput, Overloaded, UnreadableFile
from service.importing import Format, check_given, entries_as_rows, read_file
from service.jobs.uploads import Uploads
from service.jobs.worker import Kind, Run
from service.retrieval.store import Change, StatementStore

READING = "reading and storing statements"
# A piece is stored once it has so many statements, or has been gathered for so long.
_MOST, _PIECE_S = 500, 1.0
_MOST_ENTRIES = 500  # of the report, in one step
_MOST_REASONS = 50


def import_file(comparator: Comparator, uploads: Uploads) -> Kind:
    """Parameters: `format`, `given`, as `service.importing` has them.

    A step is either a piece of statements, `read` in all until then, its `changes` and its number
    of `claims`; or some entries of the `report`. A piece is written down before it is stored: then
    it is counted as what it was when it came first, however often it is stored again after a
    crash.
    """

    def work(run: Run) -> dict[str, Any]:
        path = uploads.file(run.job.id)
        folder = f"{path.parent}/"
        report = ImportReport()
        catalogue = comparator.catalogue
        form = Format(run.parameters["format"])
        given = check_given(form, run.parameters["given"], catalogue)
        store = StatementStore(comparator.settings.indexes)
        run.progress(_read(run), None, READING)
        try:
            statements = iter(
                read_file(
                    path, form, given, catalogue=catalogue, maker=comparator.maker,
                    data=comparator.settings.data, report=report,
                )
            )  # fmt: skip
            _catch_up(run, store, statements)
            for piece in _pieces(run, statements):
                _tell_report(run, report, folder)
                run.keep(_counted(store, piece, _read(run)))
                run.flush()
                _put(run, store, piece)
        except InvalidInput as error:
            raise InvalidInput(error.field, error.reason.replace(folder, "")) from None
        except UnreadableFile as error:
            raise UnreadableFile(str(error).replace(folder, "")) from None
        finally:
            if _read(run):
                comparator.ingest.ask()
        _tell_report(run, report, folder)
        return result(run.steps)

    return work


def result(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was `read`, its `changes` and `claims` in all; of the report, how many entries there
    are by outcome, and the commonest reasons."""
    changes: Counter[str] = Counter()
    entries = Counter((entry["outcome"], entry["reason"]) for entry in report_of(steps))
    outcomes: Counter[str] = Counter()
    for step in steps:
        changes.update(step.get("changes", {}))
    for (outcome, _), count in entries.items():
        outcomes[outcome] += count
    return {
        "read": max((step.get("read", 0) for step in steps), default=0),
        "changes": {str(change): changes[change] for change in Change},
        "claims": sum(step.get("claims", 0) for step in steps),
        "outcomes": {str(outcome): outcomes[outcome] for outcome in Outcome},
        "reasons": [
            {"outcome": outcome, "reason": reason, "count": count}
            for (outcome, reason), count in entries.most_common(_MOST_REASONS)
        ],
    }


def report_of(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every entry of the report, in the order in which the file was read."""
    return [entry for step in steps for entry in step.get("report", ())]


def _read(run: Run) -> int:
    return max((step.get("read", 0) for step in run.steps), default=0)


def _catch_up(run: Run, store: StatementStore, statements: Iterator[Statement]) -> None:
    """After an interruption: pass over what is stored. The last piece may not be; it is counted
    already, and storing it twice changes nothing."""
    counted = [step["read"] for step in run.steps if "read" in step]
    stored = counted[-2] if len(counted) > 1 else 0
    for _ in islice(statements, stored):
        run.proceed()
    if counted:
        _put(run, store, list(islice(statements, counted[-1] - stored)))


def _pieces(run: Run, statements: Iterator[Statement]) -> Iterator[list[Statement]]:
    piece: list[Statement] = []
    began = time.monotonic()
    for number, statement in enumerate(statements, start=_read(run) + 1):
        piece.append(statement)
        run.progress(number, None, READING)
        if len(piece) >= _MOST or time.monotonic() - began > _PIECE_S:
            yield piece
            piece, began = [], time.monotonic()
    if piece:
        yield piece


def _counted(store: StatementStore, piece: Sequence[Statement], before: int) -> dict[str, Any]:
    with store.snapshot() as held:
        changes = Counter(str(held.change(statement)) for statement in piece)
    return {
        "read": before + len(piece),
        "changes": dict(changes),
        "claims": sum(len(statement.claims) for statement in piece),
    }


def _put(run: Run, store: StatementStore, piece: Sequence[Statement]) -> None:
    while True:
        try:
            store.put_all(piece)
            return
        except Overloaded:  # another import is at work
            run.proceed()


def _tell_report(run: Run, report: ImportReport, folder: str) -> None:
    """Keep the entries that aren't kept yet, without the folder's path."""
    known = len(report_of(run.steps))
    fresh = entries_as_rows(report.entries[known:])
    for entry in fresh:
        entry |= {name: entry[name].replace(folder, "") for name in ("file", "reason")}
    for start in range(0, len(fresh), _MOST_ENTRIES):
        run.keep({"report": fresh[start : start + _MOST_ENTRIES]})
