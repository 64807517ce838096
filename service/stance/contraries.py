"""Those who disagree word it differently: where a query says what an issue says, the issue's
contrary is asked as well."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.domain.issues import Issue, Issues
from service.retrieval.encoder import Encoder, Vectors

# Cosine of the query to an issue's wording from which it is taken to be that issue.
SAME_ISSUE = 0.70


@dataclass(frozen=True, slots=True)
class Contrary:
    """What is asked beside a query: `text` denies it, in the words of `issue`."""

    issue: str
    text: str
    vector: Vectors


class Contraries:
    """Finds the contrary of a query among the issues."""

    def __init__(self, issues: Issues, encoder: Encoder, folder: Path) -> None:
        """Wordings are encoded once a machine; their vectors are kept in `folder`."""
        self._entries: list[tuple[Issue, str]] = []
        wordings: list[str] = []
        for issue in issues:
            for text in issue.wordings:
                self._entries.append((issue, issue.contrary))
                wordings.append(text)
            for text in issue.contraries:
                self._entries.append((issue, issue.proposition))
                wordings.append(text)
        self._encoder = encoder
        self._vectors = _kept(wordings, encoder, folder)

    def of(self, query: Vectors) -> Contrary | None:
        """`query` has shape (dimension,)."""
        if not self._entries:
            return None
        alike = self._vectors @ query
        best = int(alike.argmax())
        if alike[best] < SAME_ISSUE:
            return None
        issue, text = self._entries[best]
        return Contrary(issue.id, text, self._encoder.encode([text])[0])


def _kept(texts: list[str], encoder: Encoder, folder: Path) -> Vectors:
    digest = hashlib.sha256("\n".join([encoder.fingerprint, *texts]).encode()).hexdigest()[:16]
    path = folder / f"issues-{digest}.npy"
    try:
        found: Vectors = np.load(path, allow_pickle=False)
        if found.shape == (len(texts), encoder.dimension):
            return found
    except (OSError, ValueError):
        pass  # not there, or cut off: made anew
    made = encoder.encode(texts)
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{np.random.default_rng().integers(2**32)}")
    with aside.open("wb") as file:
        np.save(file, made, allow_pickle=False)
    aside.replace(path)
    for old in folder.glob("issues-*.npy"):
        if old != path:
            old.unlink(missing_ok=True)
    return made
