"""Where every state stands on an issue: its `candidates`, judged one by one. A claim that a reader
has labelled, or a user corrected, isn't judged again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.described import EVIDENCE, SIDE_CHANGES, STANDINGS
from service.analysis.tabular import Table, Tabular
from service.domain.issues import Annotation, Example, Issue
from service.domain.stance import STANCES, Stance, Verdict
from service.domain.standing import Basis, Evidence, Side, Standing, standing
from service.errors import NotFound
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord

# Of an annotated passage and a claim, this share of the shorter one must be common.
SAME_PLACE = 0.6
SIDE_OF = {
    Stance.ALIGNED: Side.FOR,
    Stance.OPPOSED: Side.AGAINST,
    Stance.PARTIAL: Side.RESERVATIONS,
    Stance.UNCLEAR: Side.SILENT,
}
# Of texts, towards the issue's proposition.
Judge = Callable[[Sequence[str]], Sequence[Verdict]]
# An inferred side counts as evidence from this probability.
LEAST_SURE = 0.5


@dataclass(frozen=True, slots=True)
class StateStanding:
    """`records` holds the claim of each piece of evidence, in the same order."""

    state: str
    standing: Standing
    records: tuple[ClaimRecord, ...]


@dataclass(frozen=True, slots=True)
class IssueStandings(Tabular):
    """Of every state that speaks within the filters, by code."""

    issue: Issue
    generation: str
    model: str
    stance_model: str
    states: tuple[StateStanding, ...]

    def counts(self) -> dict[str, int]:
        return {side: sum(s.standing.side is side for s in self.states) for side in Side}

    def to_dict(self, name: Callable[[str], str], *, evidence: bool) -> dict[str, Any]:
        """In the API's names; `name` gives a state's. Without `evidence`, sides and dates only."""
        return {
            "issue": issue_as_row(self.issue),
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "counts": self.counts(),
            "states": [_as_row(found, name(found.state), evidence) for found in self.states],
        }

    def tables(self) -> tuple[Table, ...]:
        """The states, what their sides rest on, and when they changed sides."""
        pieces = (
            {"state": found.state, **_quotation(piece, record)}
            for found in self.states
            for piece, record in zip(found.standing.evidence, found.records, strict=True)
        )
        changes = (
            {"state": found.state, **asdict(change)}
            for found in self.states
            for change in found.standing.changes
        )
        return (
            Table("states", STANDINGS, map(_counted, self.states)),
            Table("evidence", EVIDENCE, pieces),
            Table("changes", SIDE_CHANGES, changes),
        )


def issue_as_row(issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "proposition": issue.proposition,
        "contrary": issue.contrary,
        "topics": list(issue.topics),
    }


def standings(
    generation: Generation,
    chosen: npt.NDArray[np.int64],
    mask: Mask,
    known: Mapping[int, tuple[Side, Basis]],
    judge: Judge,
) -> list[StateStanding]:
    """Every state that has a claim under `mask`, by code. `chosen` are the candidates, of all
    states, so that what is found of a state is the same whoever else is asked for; `known` tells
    the sides that people gave, by row."""
    columns = generation.columns
    chosen = chosen[mask[chosen]]
    known = {row: found for row, found in known.items() if mask[row]}
    rows = sorted(known.keys() | set(chosen.tolist()))
    records = dict(zip(rows, generation.library.records(rows), strict=True))
    asked = [row for row in rows if row not in known]
    verdicts = judge([records[row].claim.text for row in asked])
    pieces: dict[str, list[tuple[Evidence, ClaimRecord]]] = defaultdict(list)
    for row, verdict in zip(asked, verdicts, strict=True):
        side = SIDE_OF[verdict.stance]
        if side is not Side.SILENT:
            sure = verdict.probabilities[STANCES.index(verdict.stance)]
            if sure >= LEAST_SURE:
                _add(pieces, records[row], side, Basis.INFERRED, round(sure, 4))
    for row, (side, basis) in known.items():
        if side is not Side.SILENT:
            _add(pieces, records[row], side, basis, None)
    speaking = sorted({columns.states[i] for i in np.unique(columns.state[mask])})
    return [_of_state(state, pieces[state]) for state in speaking]


def annotated_rows(
    generation: Generation, annotations: Iterable[Annotation]
) -> dict[int, tuple[Side, Basis]]:
    """The claims of this generation at the places that were labelled; others aren't in it."""
    found: dict[int, tuple[Side, Basis]] = {}
    by_statement: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        by_statement[annotation.statement_id].append(annotation)
    for statement_id, labels in by_statement.items():
        try:
            rows = generation.library.rows_of(statement_id)
        except NotFound:
            continue
        for record in generation.library.records(list(rows)):
            for label in labels:
                if _same_place(record, label):
                    found[record.row] = (label.side, Basis.ANNOTATED)
    return found


def example_rows(
    generation: Generation, examples: Iterable[Example]
) -> dict[int, tuple[Side, Basis]]:
    """A user's examples that are claims of this generation; others only widen the search."""
    found: dict[int, tuple[Side, Basis]] = {}
    for example in examples:
        if example.claim_id is not None:
            try:
                record = generation.library.claim(example.claim_id)
            except NotFound:
                continue
            found[record.row] = (example.side, Basis.ANNOTATED)
    return found


def _same_place(record: ClaimRecord, label: Annotation) -> bool:
    claim = record.claim
    common = min(claim.end, label.end) - max(claim.start, label.start)
    return common >= SAME_PLACE * min(claim.end - claim.start, label.end - label.start)


def _add(
    pieces: dict[str, list[tuple[Evidence, ClaimRecord]]],
    record: ClaimRecord,
    side: Side,
    basis: Basis,
    probability: float | None,
) -> None:
    date = str(record.statement.date)
    made = Evidence(record.claim.id, date, side, basis, probability)
    pieces[record.statement.state].append((made, record))


def _of_state(state: str, pieces: Sequence[tuple[Evidence, ClaimRecord]]) -> StateStanding:
    found = standing(evidence for evidence, _ in pieces)
    by_id = {evidence.claim_id: record for evidence, record in pieces}
    return StateStanding(state, found, tuple(by_id[e.claim_id] for e in found.evidence))


def _counted(found: StateStanding) -> dict[str, Any]:
    standing = found.standing
    return {
        "state": found.state,
        "side": standing.side,
        "since": standing.since,
        "basis": standing.basis,
        "claims": len(standing.evidence),
        "changes": len(standing.changes),
    }


def _as_row(found: StateStanding, name: str, evidence: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "state": found.state,
        "name": name,
        "side": found.standing.side,
        "since": found.standing.since,
        "basis": found.standing.basis,
        "changes": [asdict(change) for change in found.standing.changes],
    }
    if evidence:
        row["evidence"] = [
            _quotation(piece, record)
            for piece, record in zip(found.standing.evidence, found.records, strict=True)
        ]
    return row


def _quotation(piece: Evidence, record: ClaimRecord) -> dict[str, Any]:
    claim, statement = record.claim, record.statement
    return {
        "claim_id": claim.id,
        "statement_id": statement.id,
        "date": piece.date,
        "date_precision": statement.date.precision,
        "side": piece.side,
        "basis": piece.basis,
        "probability": piece.probability,
        "text": claim.text,
        "start": claim.start,
        "end": claim.end,
        "speaker": statement.speaker,
        "forum": statement.forum,
        "symbol": statement.symbol,
        "source": statement.source,
        "rendered": claim.rendered,
    }
