"""Propositions in our own words, for which claims of the corpus were found and labelled. Those
marked `tuning` are far from all that is trained on: thresholds are set on them."""

from __future__ import annotations

from pathlib import Path

from service.data_files import read_objects
from service.domain.issues import Issue
from service.errors import CatalogueError

PROPOSITIONS = "stance/propositions.jsonl"


def read_propositions(path: Path) -> tuple[list[Issue], list[Issue]]:
    """Those to train on, and those to tune on. Raises CatalogueError naming the line."""
    trained: list[Issue] = []
    tuned: list[Issue] = []
    for where, entry in read_objects(path):
        try:
            issue = Issue(
                entry["id"],
                entry["proposition"],
                entry["contrary"],
                (entry["paraphrase"],),
                (entry["contrary_paraphrase"],),
            )
        except KeyError as error:
            raise CatalogueError(f"{where}: without {error}") from error
        if not all(isinstance(t, str) and t.strip() for t in (*issue.wordings, *issue.contraries)):
            raise CatalogueError(f"{where}: a wording is no text")
        (tuned if entry.get("tuning") else trained).append(issue)
    return trained, tuned
