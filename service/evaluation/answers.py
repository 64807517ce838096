"""`evaluate answers`: of the states that an answer shows as aligned, how many truly are?

Thirty queries (`data/labels/queries.jsonl`), asked over 2000-2023. A label (`answers.jsonl`) is a
reader's judgement of one quotation towards one query, kept by reference. What is shown and has no
label yet is written to a file for reading, and never counted as right. What a second, blind reader
read too is counted again by either's labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from service.comparison import Comparator
from service.domain.answers import Group, Hit
from service.domain.stance import Stance
from service.errors import CatalogueError
from service.evaluation.figures import bootstrap, share
from service.evaluation.reports import Block
from service.evaluation.second_reading import FIRST_LABELS, SECOND_LABELS, read_answer_labels

QUERIES = "labels/queries.jsonl"
FIRST = 10
YEARS = {"from": 2000, "to": 2023}
ABOUT = "30 queries, 2000-2023: the first ten states shown as aligned, and the default page"


def evaluate_answers(comparator: Comparator, unread: Path | None = None) -> list[Block]:
    """Shares with intervals by query. `unread` gets a JSON line for each quotation without a
    label: query, claim_id, a, b."""
    data = comparator.settings.data
    labels, second = (read_answer_labels(data / name) for name in (FIRST_LABELS, SECOND_LABELS))
    shown: list[tuple[str, Stance | None]] = []
    twice: list[tuple[str, str]] = []
    opposed: list[tuple[str, Stance]] = []
    called: list[tuple[str, Stance | None]] = []
    missing: list[dict[str, str]] = []
    for entry in read_lines(data / QUERIES):
        query, text = entry["id"], entry["text"]
        first = [hits[0] for hits in _quoted(comparator, text, stance="aligned", limit=FIRST)]
        page = [hit for hits in _quoted(comparator, text, stance="on") for hit in hits]
        shown += [(query, labels.get((query, hit.claim_id))) for hit in first]
        reads = [(query, hit.claim_id) for hit in first]
        twice += [read for read in reads if read in labels and read in second]
        opposed += [
            (query, Stance(hit.stance or Stance.UNCLEAR))
            for hit in page
            if labels.get((query, hit.claim_id)) is Stance.OPPOSED
        ]
        called += [
            (query, labels.get((query, hit.claim_id)))
            for hit in page
            if hit.stance == Stance.OPPOSED
        ]
        missing += [
            {"query": query, "claim_id": claim_id, "a": text, "b": said}
            for claim_id, said in {hit.claim_id: hit.text for hit in (*first, *page)}.items()
            if (query, claim_id) not in labels
        ]
    if unread is not None:
        with unread.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in missing)
    rows = {"model": _figures(shown, opposed, called)}
    if twice:
        for reader, given in (("read twice: first", labels), ("read twice: second", second)):
            rows[reader] = _figures([(read[0], given[read]) for read in twice], [], [])
    return [Block("answers", rows, ABOUT)]


def _quoted(comparator: Comparator, text: str, **filters: Any) -> list[tuple[Hit, ...]]:
    results = comparator.search(text, **YEARS, **filters).results
    return [group.hits for group in results if isinstance(group, Group)]


def _figures(
    shown: list[tuple[str, Stance | None]],
    opposed: list[tuple[str, Stance]],
    called: list[tuple[str, Stance | None]],
) -> dict[str, Any]:
    read = [(query, label) for query, label in shown if label is not None]
    found: dict[str, Any] = {"shown_aligned": len(shown), "unread": len(shown) - len(read)}
    if read:
        queries = np.array([query for query, _ in read])
        for name, stance in (("aligned", Stance.ALIGNED), ("opposed", Stance.OPPOSED)):
            are = np.array([label is stance for _, label in read])
            found[f"are_{name}"] = bootstrap(share(np.ones_like(are), are), queries)
    if opposed:
        queries = np.array([query for query, _ in opposed])
        stances = np.array([str(stance) for _, stance in opposed])
        everyone = np.ones(len(stances), np.bool_)
        found |= {
            "opposed_judged": len(opposed),
            "opposed_not_hidden": bootstrap(
                share(everyone, np.isin(stances, [Stance.OPPOSED, Stance.UNCLEAR])), queries
            ),
            "opposed_unclear": bootstrap(share(everyone, stances == Stance.UNCLEAR), queries),
        }
    if called:
        right = np.array([label is Stance.OPPOSED for _, label in called])
        queries = np.array([query for query, _ in called])
        found["called_opposed"] = len(called)
        found["called_opposed_are"] = bootstrap(share(np.ones_like(right), right), queries)
    return found


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise CatalogueError(f"{path}:{number}: {error}") from error
