"""The bundled positions: real statements' positions in our own words, each citing its passage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.data_files import read_objects
from service.domain.dates import PartialDate
from service.domain.statements import Claim, Kind, Statement
from service.errors import CatalogueError

POSITIONS = "positions.jsonl"


@dataclass(frozen=True, slots=True)
class Position:
    """`text` renders the passage `start`..`end` of `document`, whose SHA-256 is `sha256`.

    `stance` is favor, against or partial towards `issue`; both are None where the passage
    answers none of the issues.
    """

    document: str
    start: int
    end: int
    sha256: str
    text: str
    topics: tuple[str, ...]
    state: str
    year: int
    speaker: str | None
    office: str | None
    forum: str
    issue: str | None
    stance: str | None


def read_positions(data_dir: Path) -> Iterator[Position]:
    """Each line of `positions.jsonl`; a bad line is an error that names it."""
    path = data_dir / POSITIONS
    for where, fields in read_objects(path):
        try:
            fields["topics"] = tuple(fields["topics"])
            position = Position(**fields)
            PartialDate(f"{position.year:04d}")
        except (ValueError, TypeError, KeyError) as error:
            raise CatalogueError(f"{where}: {error}") from error
        yield position


def bundled_statements(data_dir: Path) -> tuple[Statement, ...]:
    """The positions gathered by the document that they cite, marked as rendered."""
    by_document: dict[str, list[Position]] = {}
    for position in read_positions(data_dir):
        by_document.setdefault(position.document, []).append(position)
    statements = []
    for document, positions in sorted(by_document.items()):
        first = positions[0]
        claims = tuple(
            Claim(document, p.start, p.end, p.text, Kind.POSITION, topics=p.topics, rendered=True)
            for p in sorted(positions, key=lambda p: p.start)
        )
        statements.append(
            Statement(
                id=document,
                state=first.state,
                date=PartialDate(f"{first.year:04d}"),
                text="",
                source=f"UN General Debate Corpus, {document}.txt",
                speaker=first.speaker,
                office=first.office,
                forum=first.forum,
                claims=claims,
                rendered=True,
            )
        )
    return tuple(statements)
