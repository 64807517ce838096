"""What an import did: nothing is mended, skipped or lost in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from service.errors import shortened


class Outcome(StrEnum):
    MENDED = "mended"
    SKIPPED = "skipped"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, at a file and (where it has one) a line, row or sheet row counted from 1."""

    outcome: Outcome
    file: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{self.outcome} {place}: {self.reason}"


@dataclass(slots=True)
class ImportReport:
    """Filled by a reader while it streams; complete once its iterator is exhausted."""

    read: int = 0
    entries: list[Entry] = field(default_factory=list)

    def mended(self, file: str, reason: str, line: int | None = None) -> None:
        self.entries.append(Entry(Outcome.MENDED, file, shortened(reason), line))

    def skipped(self, file: str, reason: str, line: int | None = None) -> None:
        self.entries.append(Entry(Outcome.SKIPPED, file, shortened(reason), line))

    def note(self, file: str, reason: str, line: int | None = None) -> None:
        self.entries.append(Entry(Outcome.NOTE, file, shortened(reason), line))

    def count(self, outcome: Outcome) -> int:
        return sum(entry.outcome is outcome for entry in self.entries)

    def reasons(self) -> Counter[tuple[str, str]]:
        """How often each (outcome, reason) occurred, for the summary."""
        return Counter((str(entry.outcome), entry.reason) for entry in self.entries)
