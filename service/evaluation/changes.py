"""`evaluate changes`: of the pairs that `service.analysis.changes` makes of two years' positions,
how many are on the same point, and of those called kept, how many say the same.

Labels (`data/labels/changes.jsonl`) are by reference. Pairs were drawn, stratified by similarity,
from the best one-to-one pairing of 80 statements of the General Debate (1971-2023) with those of
the year before, on similarity alone, from 0.60 on; `weight` is the number of pairs that one stands
for. A reader called each `same` (a desk officer would report no news), `changed` (the same point;
something was added, left out, strengthened or turned) or `other` (another point), and 145 a second
time, in another order: the same reader, so that the agreement with himself is the most that two
readers could have. Thresholds were chosen on `tuning`; the states of `held-out` are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.changes import SAME_POINT_WORDS, is_kept
from service.comparison import Comparator
from service.corpus.text import decode
from service.corpus.ungdc import speech_files
from service.data_files import read_objects
from service.domain.stance import Verdict
from service.domain.statements import Kind
from service.errors import CatalogueError
from service.evaluation.figures import Reckon, bootstrap, kappa
from service.evaluation.reports import Block
from service.retrieval.levels import SAME_WORDING
from service.retrieval.wording import SharedWords
from service.stance.training.passages import CitedSpeeches

LABELS = "labels/changes.jsonl"
SAME, CHANGED, OTHER = "same", "changed", "other"


@dataclass(frozen=True, slots=True)
class LabelledChange:
    """A pair of positions with what was read and what is reckoned of them."""

    statement: str
    before: str
    now: str
    label: str
    second: str | None
    split: str
    weight: float
    shared_words: float


def evaluate_changes(comparator: Comparator, corpus: Path) -> list[Block]:
    """Shares with intervals by statement, each pair by its weight. Needs no index."""
    pairs = list(_labelled(comparator, corpus))
    alike = _similarities(comparator, pairs)
    verdicts: list[Verdict | None] = [None] * len(pairs)
    ways = {"similarity": alike >= SAME_WORDING}
    if comparator.settings.stance_model is not None:
        judged = comparator.stance_model.judge([(pair.before, pair.now) for pair in pairs])
        ways["words"] = _kept(pairs, alike, verdicts)
        verdicts = list(judged)
    ways["model"] = _kept(pairs, alike, verdicts)
    words = np.array([pair.shared_words for pair in pairs])
    near = np.ones(len(pairs), np.bool_)
    on_point = (words >= SAME_POINT_WORDS) | (alike >= SAME_WORDING)
    twice = [(pair.label, pair.second) for pair in pairs if pair.second]
    first, second = np.unique(twice, return_inverse=True)[1].reshape(-1, 2).T
    agreed = {
        "pairs": len(twice),
        "agreed": float((first == second).mean()),
        "kappa": kappa(first, second),
    }
    blocks = [Block("second reading", {"reader": agreed}, "pairs that were read twice")]
    for split in ("tuning", "held-out"):
        inside = np.array([pair.split == split for pair in pairs])
        rows = {
            way: _figures(pairs, inside, near if way == "similarity" else on_point, kept)
            for way, kept in ways.items()
        }
        blocks.append(Block(f"changes, {split}", rows, f"{inside.sum()} pairs of positions"))
    return blocks


def _figures(
    pairs: Sequence[LabelledChange],
    inside: npt.NDArray[np.bool_],
    paired: npt.NDArray[np.bool_],
    kept: npt.NDArray[np.bool_],
) -> dict[str, Any]:
    rows = np.flatnonzero(inside)
    label = np.array([pair.label for pair in pairs])[rows]
    weight = np.array([pair.weight for pair in pairs])[rows]
    subject = np.array([pair.statement for pair in pairs])[rows]
    is_pair, is_same = label != OTHER, label == SAME
    paired, kept = paired[rows], (paired & kept)[rows]
    return {
        "pairs_are_on_the_same_point": bootstrap(_share(paired, is_pair, weight), subject),
        "on_the_same_point_are_paired": bootstrap(_share(is_pair, paired, weight), subject),
        "kept_are_the_same": bootstrap(_share(kept, is_same, weight), subject),
        "the_same_are_kept": bootstrap(_share(is_same & paired, kept, weight), subject),
    }


def _share(
    of: npt.NDArray[np.bool_], are: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64]
) -> Reckon:
    """Of the rows that are `of`, what share by weight `are`."""

    def reckon(rows: npt.NDArray[np.int64]) -> float:
        whole = weight[rows] @ of[rows]
        return float(weight[rows] @ (of & are)[rows] / whole) if whole else float("nan")

    return reckon


def _kept(
    pairs: Sequence[LabelledChange],
    alike: npt.NDArray[np.float32],
    verdicts: Sequence[Verdict | None],
) -> npt.NDArray[np.bool_]:
    return np.array(
        [
            is_kept(float(similarity), pair.shared_words, pair.before, pair.now, verdict)
            for pair, similarity, verdict in zip(pairs, alike, verdicts, strict=True)
        ]
    )


def _similarities(
    comparator: Comparator, pairs: Sequence[LabelledChange]
) -> npt.NDArray[np.float32]:
    before = comparator.encoder.encode([pair.before for pair in pairs])
    now = comparator.encoder.encode([pair.now for pair in pairs])
    alike: npt.NDArray[np.float32] = np.einsum("ij,ij->i", before, now)
    return alike


def _labelled(comparator: Comparator, corpus: Path) -> Iterator[LabelledChange]:
    """Every label with its sentences, from the corpus and checked by their hashes."""
    cited, positions = CitedSpeeches(corpus), _Positions(comparator, corpus)
    shares: dict[tuple[str, str], SharedWords] = {}
    for where, entry in read_objects(comparator.settings.data / LABELS):
        try:
            before, now = (cited.text(where, entry[side]) for side in ("before", "now"))
            statements = entry["before"]["document"], entry["now"]["document"]
            if statements not in shares:
                texts = [text for document in statements for text in positions.of(document)]
                shares[statements] = SharedWords(texts)
            yield LabelledChange(
                statements[1], before, now, entry["label"], entry.get("second"), entry["split"],
                float(entry["weight"]), shares[statements].share(before, now),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueError(f"{where}: {error!r}") from error


class _Positions:
    """The positions of a speech, as an import would make them."""

    def __init__(self, comparator: Comparator, corpus: Path) -> None:
        self._maker = comparator.maker
        self._files = {path.stem: path for path in speech_files(corpus)}

    def of(self, document: str) -> list[str]:
        text = decode(self._files[document].read_bytes()).text
        claims = self._maker.claims(document, text)
        return [claim.text for claim in claims if claim.kind is Kind.POSITION]
