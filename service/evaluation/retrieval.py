"""`evaluate retrieval`: are those who hold a proposition, and those who oppose it, among the
candidates at all? Measured on the labelled passages of the test issues, over whatever corpus the
current generation holds.

A passage counts as found where its sentence is among the `ALL` best of all states, or among the
`OWN` best of its own state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.candidates import words_in_common
from service.comparison import Comparator
from service.domain.issues import Issue
from service.errors import InvalidInput, NotFound
from service.evaluation.figures import Figure, bootstrap
from service.evaluation.reports import Block
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation
from service.stance.training.pairs import TEST
from service.stance.training.passages import Passage, read_passages

ALL, OWN = 1_000, 20
SIDES = {"favor": "for", "against": "against"}
OURS = "both sides and their words"
_Way = Callable[[Comparator, Generation, Issue], npt.NDArray[Any]]


def evaluate_retrieval(comparator: Comparator, corpus: Path) -> list[Block]:
    """Shares by way of asking, side and kind of candidate list, with intervals by issue.

    Raises InvalidInput where the current generation holds none of the labelled passages.
    """
    generation = comparator.generation
    passages = [
        p
        for p in read_passages(comparator.settings.data, corpus)
        if p.issue in TEST and p.label in SIDES and p.second_label in (None, p.label)
    ]
    rows = {i: row for i, p in enumerate(passages) if (row := _row(generation, p)) is not None}
    if not rows:
        raise InvalidInput("corpus", "the current generation holds none of the labelled passages")
    ways: dict[str, _Way] = {
        "proposition": _by_proposition,
        "proposition and contrary": _by_both,
        OURS: _as_issues_do,
        "words (BM25)": _by_words,
    }
    report = {}
    for name, way in ways.items():
        found: dict[str, list[tuple[str, int, int]]] = {side: [] for side in SIDES}
        for issue in comparator.issues:
            mine = [(i, row) for i, row in rows.items() if passages[i].issue == issue.id]
            if not mine:
                continue
            scores = way(comparator, generation, issue)
            for i, row in mine:
                among_all, among_own = _places(generation, scores, row)
                found[passages[i].label].append((issue.id, among_all, among_own))
        report[name] = {key: f for side in SIDES for key, f in _shares(side, found[side]).items()}
    about = (
        f"{len(rows)} labelled passages ({len(passages) - len(rows)} more aren't in this "
        f"generation) among the first {ALL} of all states, the first {OWN} of their own"
    )
    return [Block("retrieval", report, about, ours=OURS)]


def _shares(side: str, found: Sequence[tuple[str, int, int]]) -> dict[str, Figure]:
    if not found:
        return {}
    subjects = np.array([issue for issue, *_ in found])
    among_all = np.array([place < ALL for _, place, _ in found])
    among_own = np.array([place < OWN for _, _, place in found])
    name = SIDES[side]
    return {
        f"{name}_among_all": bootstrap(lambda r: float(among_all[r].mean()), subjects),
        f"{name}_among_own": bootstrap(lambda r: float(among_own[r].mean()), subjects),
    }


def _places(generation: Generation, scores: npt.NDArray[Any], row: int) -> tuple[int, int]:
    """How many positions of all states, and of its own, are ahead of the row."""
    columns = generation.columns
    positions = columns.kind == KINDS.index("position")
    ahead = (scores > scores[row]) & positions
    return int(ahead.sum()), int((ahead & (columns.state == columns.state[row])).sum())


def _row(generation: Generation, passage: Passage) -> int | None:
    """The claim that holds the passage: the same document, and the same words."""
    for row in _rows_of(generation, passage.document):
        (record,) = generation.library.records([row])
        if passage.text[:60] in record.claim.text or record.claim.text in passage.text:
            return row
    return None


def _rows_of(generation: Generation, document: str) -> range:
    try:
        return generation.library.rows_of(document)
    except NotFound:
        return range(0)


def _by_proposition(
    comparator: Comparator, generation: Generation, issue: Issue
) -> npt.NDArray[np.float32]:
    return _similarity(comparator, generation, issue.proposition)


def _by_both(
    comparator: Comparator, generation: Generation, issue: Issue
) -> npt.NDArray[np.float32]:
    (query,) = comparator.encoder.encode([issue.proposition])
    sides = comparator.contraries.of(query)
    assert sides is not None  # a proposition is its own issue
    return np.maximum(generation.index.scores(sides.holds), generation.index.scores(sides.denies))


def _as_issues_do(
    comparator: Comparator, generation: Generation, issue: Issue
) -> npt.NDArray[np.float32]:
    found = _by_both(comparator, generation, issue) + words_in_common(generation, issue)
    return np.asarray(found, np.float32)


def _by_words(
    comparator: Comparator, generation: Generation, issue: Issue
) -> npt.NDArray[np.float64]:
    scores = np.full(generation.index.count, -np.inf)
    rows, bm25 = generation.library.matches(issue.proposition)
    scores[rows] = bm25
    return scores


def _similarity(
    comparator: Comparator, generation: Generation, text: str
) -> npt.NDArray[np.float32]:
    (vector,) = comparator.encoder.encode([text])
    return generation.index.scores(vector)
