"""Those who disagree word it differently: where a query says what an issue says, the issue's
contrary is asked as well."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.domain.issues import Issues
from service.domain.standing import Side
from service.retrieval.encoder import Encoder, Vectors

log = logging.getLogger(__name__)

# Cosine of the query to an issue's wording from which it is taken to be that issue.
SAME_ISSUE = 0.70


@dataclass(frozen=True, slots=True)
class Sides:
    """What is asked beside a query that is one of the issues: `contrary` denies it.

    `holds` and `denies` have shape (dimension,). A claim's inner product with one of them is the
    mean of its similarity to that side's first wording (for `holds`, the query itself) and of its
    mean similarity to all of that side's wordings, so that no single wording decides.
    """

    issue: str
    contrary: str
    holds: Vectors
    denies: Vectors


class Contraries:
    """Finds the contrary of a query among the issues."""

    def __init__(self, issues: Issues, encoder: Encoder, folder: Path) -> None:
        """Wordings are encoded once a machine; their vectors are kept in `folder`."""
        self._issues = list(issues)
        wordings: list[str] = []
        # Of each wording: its issue, and whether it holds the proposition or denies it.
        self._entries: list[tuple[int, bool]] = []
        for number, issue in enumerate(self._issues):
            holding, denying = issue.said(Side.FOR), issue.said(Side.AGAINST)
            wordings += [*holding, *denying]
            self._entries += [(number, True)] * len(holding)
            self._entries += [(number, False)] * len(denying)
        self._vectors = _kept(wordings, encoder, folder)

    def of(self, query: Vectors) -> Sides | None:
        """`query` has shape (dimension,)."""
        if not self._entries:
            return None
        alike = self._vectors @ query
        best = int(alike.argmax())
        if alike[best] < SAME_ISSUE:
            return None
        number, holds = self._entries[best]
        return self._sides(number, holds, query)

    def on(self, issue_id: str) -> Sides:
        """Both sides of one issue, asked with its proposition. Raises KeyError."""
        numbers = {issue.id: number for number, issue in enumerate(self._issues)}
        number = numbers[issue_id]
        first = self._vectors[self._entries.index((number, True))]
        return self._sides(number, True, first)

    def _sides(self, number: int, holds: bool, query: Vectors) -> Sides:
        issue = self._issues[number]
        own, other = (
            self._vectors[[entry == (number, side) for entry in self._entries]]
            for side in (holds, not holds)
        )
        return Sides(
            issue.id,
            issue.contrary if holds else issue.proposition,
            (query + own.mean(axis=0)) / 2,
            (other[0] + other.mean(axis=0)) / 2,
        )


def _kept(texts: list[str], encoder: Encoder, folder: Path) -> Vectors:
    digest = hashlib.sha256("\n".join([encoder.fingerprint, *texts]).encode()).hexdigest()[:16]
    path = folder / f"issues-{digest}.npy"
    try:
        found: Vectors = np.load(path, allow_pickle=False)
        if found.shape == (len(texts), encoder.dimension):
            return found
    except (OSError, ValueError, EOFError):
        pass  # not there, or cut off: made anew
    made = encoder.encode(texts)
    aside = path.with_suffix(f".{np.random.default_rng().integers(2**32)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.save(file, made, allow_pickle=False)
        aside.replace(path)
        for old in folder.glob("issues-*.npy"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s can't be kept: %s", path, error)
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    return made
