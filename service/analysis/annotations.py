"""What readers said of single passages: which side of an issue each takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from service.corpus.bundled import read_positions
from service.data_files import read_objects
from service.domain.issues import Annotation
from service.domain.standing import Side
from service.errors import CatalogueError

LABELS = "labels/stance.jsonl"
_SIDES = {
    "favor": Side.FOR,
    "against": Side.AGAINST,
    "partial": Side.RESERVATIONS,
    "related": Side.SILENT,
}


def read_annotations(data_dir: Path) -> dict[str, list[Annotation]]:
    """By issue: the labelled passages (where two readers differ, none of them counts) and the
    bundled positions, each place once. Raises CatalogueError naming the line."""
    found: dict[str, dict[tuple[str, int, int], Annotation]] = defaultdict(dict)
    for made in (*_labelled(data_dir / LABELS), *_bundled(data_dir)):
        found[made.issue].setdefault((made.statement_id, made.start, made.end), made)
    return {issue: list(made.values()) for issue, made in found.items()}


def _labelled(path: Path) -> Iterator[Annotation]:
    for where, entry in read_objects(path):
        try:
            if entry.get("second_label") in (None, entry["label"]):
                yield Annotation(
                    entry["issue"],
                    entry["document"],
                    entry["start"],
                    entry["end"],
                    _SIDES[entry["label"]],
                )
        except (TypeError, KeyError) as error:
            raise CatalogueError(f"{where}: {error}") from error


def _bundled(data_dir: Path) -> Iterator[Annotation]:
    for position in read_positions(data_dir):
        if position.issue is not None and position.stance is not None:
            yield Annotation(
                position.issue,
                position.document,
                position.start,
                position.end,
                _SIDES[position.stance],
            )
