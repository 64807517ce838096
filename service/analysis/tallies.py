"""Where states stood on each issue when it was last judged as a whole, kept for lists of issues:
judging again to show 184 counts would take a minute, even from kept verdicts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from service.domain.corrections import Correction, folded
from service.domain.issues import Issue
from service.domain.standing import Basis, Evidence, Side
from service.stance.cache_file import CacheFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tally (
    issue TEXT PRIMARY KEY, mark TEXT NOT NULL, basis TEXT NOT NULL, sides TEXT NOT NULL,
    evidence TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """`sides` has every state that spoke, by code. `current` is False where statements came or
    went, or verdicts on this issue were corrected, since it was judged."""

    sides: Mapping[str, Side]
    current: bool

    def counts(self) -> dict[Side, int]:
        found = Counter(self.sides.values())
        return {side: found[side] for side in Side}


@dataclass(frozen=True, slots=True)
class Tallies:
    """In the file of the kept verdicts, and like them no more than a cache. `model` tells apart
    whatever judges and finds: of another model's tallies nothing is shown."""

    path: Path
    model: str

    def put(
        self,
        issue: Issue,
        generation: str,
        corrected: str,
        sides: Mapping[str, Side],
        evidence: Mapping[str, Sequence[Evidence]] = MappingProxyType({}),
    ) -> None:
        """`corrected` is `corrections_mark` of those that were counted; `evidence`, by state, is
        what the sides rest on."""
        pieces = {state: [astuple(piece) for piece in of] for state, of in evidence.items() if of}
        basis = f"{generation} {corrected}"
        row = (self._mark(issue), basis, json.dumps(sides), json.dumps(pieces))
        with self._file.useful(), self._file.connected() as connection:
            kept = connection.execute(
                "SELECT mark, basis, sides, evidence FROM tally WHERE issue = ?", (issue.id,)
            ).fetchone()
            if kept != row:
                connection.execute(
                    "INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?, ?)", (issue.id, *row)
                )

    def of(
        self, issues: Iterable[Issue], generation: str, corrections: Iterable[Correction]
    ) -> dict[str, Tally]:
        """By issue, of those that were judged; `corrections` are what holds for them now."""
        held: dict[str, list[Correction]] = {}
        for correction in corrections:
            held.setdefault(folded(correction.text), []).append(correction)
        found: dict[str, Tally] = {}
        with self._file.useful(), self._file.connected() as connection:
            kept = {
                row[0]: row[1:]
                for row in connection.execute("SELECT issue, mark, basis, sides FROM tally")
            }
            for issue in issues:
                mark, basis, sides = kept.get(issue.id, ("", "", ""))
                if mark != self._mark(issue):
                    continue
                now = f"{generation} {corrections_mark(held.get(folded(issue.proposition), ()))}"
                by_state = {str(s): Side(side) for s, side in dict(json.loads(sides)).items()}
                found[issue.id] = Tally(by_state, basis == now)
        return found

    def evidence(self, issues: Iterable[Issue]) -> dict[str, dict[str, tuple[Evidence, ...]]]:
        """By issue, of those that `of` gives, and by state: what their sides rest on. Claims may
        have left the corpus since."""
        found: dict[str, dict[str, tuple[Evidence, ...]]] = {}
        with self._file.useful(), self._file.connected() as connection:
            kept = {
                row[0]: row[1:]
                for row in connection.execute("SELECT issue, mark, evidence FROM tally")
            }
            for issue in issues:
                mark, pieces = kept.get(issue.id, ("", ""))
                if mark == self._mark(issue):
                    by_state = dict(json.loads(pieces)).items()
                    found[issue.id] = {state: tuple(map(_piece, of)) for state, of in by_state}
        return found

    @property
    def _file(self) -> CacheFile:
        return CacheFile(self.path, _SCHEMA)

    def _mark(self, issue: Issue) -> str:
        """Of the model and of all that the issue says."""
        return hashlib.sha256(f"{self.model}\n{issue!r}".encode()).hexdigest()[:32]


def _piece(fields: Sequence[Any]) -> Evidence:
    claim_id, date, side, basis, probability = fields
    return Evidence(claim_id, date, Side(side), Basis(basis), probability)


def corrections_mark(corrections: Iterable[Correction]) -> str:
    said = sorted((*c.key, str(c.stance)) for c in corrections)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
