"""What a stance model is, and which one a deployment uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from service.domain.stages import looked_up, proceed
from service.domain.stance import Verdict
from service.errors import CatalogueError

if TYPE_CHECKING:
    from service.stance.classifier import Calibration

Pair = tuple[str, str]
# Verdicts kept in memory, about 1 kB each with their texts.
MOST_KNOWN = 50_000
# Pairs judged at a time: an answer that is given up keeps what was judged so far.
_AT_A_TIME = 64
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class StanceJudge(Protocol):
    """Judges pairs (a, b): where b stands towards a. Safe to share between threads.

    `name` is shown with the answers; `fingerprint` is a hash of what decides the figures, so that
    verdicts of two models are never mixed.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def calibration(self) -> Calibration: ...

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict a pair; those given before are remembered."""
        ...

    def logits(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float32]:
        """Shape (pairs, 4), in the order of `Stance`."""
        ...

    def probabilities(self, pairs: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """Calibrated; shape (pairs, 4), each row sums to 1."""
        ...


class Remembering:
    """Verdicts by pair; `make` is asked only for those that aren't known."""

    def __init__(self, make: Callable[[Sequence[Pair]], Sequence[Verdict]]) -> None:
        self._make = make
        self._known: dict[Pair, Verdict] = {}

    def __call__(self, pairs: Sequence[Pair]) -> list[Verdict]:
        known = self._known  # another thread may put a new one in its place
        distinct = dict.fromkeys(pairs)
        missing = [pair for pair in distinct if pair not in known]
        looked_up("verdicts", len(distinct) - len(missing), len(missing))
        verdicts: dict[Pair, Verdict] = {}
        for start in range(0, len(missing), _AT_A_TIME):
            proceed()
            piece = missing[start : start + _AT_A_TIME]
            made = dict(zip(piece, self._make(piece), strict=True))
            if len(self._known) + len(made) > MOST_KNOWN:
                self._known = {}
            self._known |= made
            verdicts |= made
        return [verdicts.get(pair) or known[pair] for pair in pairs]


def open_stance_model(named: Path | str) -> StanceJudge:
    """The model of CONCORD_STANCE_MODEL: a folder that our training wrote, a folder of a
    sentence-transformers cross-encoder, or a cross-encoder's name on the hub.

    Raises CatalogueError. Imports are lazy: torch takes seconds to load, and our own model doesn't
    need it.
    """
    folder = Path(named)
    if (folder / "manifest.json").is_file():
        from service.stance.classifier import StanceModel

        return StanceModel(folder)
    if not (folder / "config.json").is_file() and (
        folder.exists() or not _HUB_NAME.fullmatch(str(named))
    ):
        raise CatalogueError(
            f"CONCORD_STANCE_MODEL: {named} is no stance model: it takes a folder with "
            "manifest.json (our own) or config.json (a cross-encoder), or cross-encoder/NAME"
        )
    from service.stance.named_model import NamedStanceModel

    return NamedStanceModel(str(named))
