"""The served model: does one claim hold another's position, and how sure is that?

A cross-encoder in int8 on ONNX Runtime. Each pair is run alone and unpadded: dynamic quantisation
rounds by the extremes of its input, and so a pair's figures never depend on its neighbours.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from service.domain.stance import STANCES, Stance, Verdict
from service.errors import CatalogueError
from service.inference import Graph, cores
from service.retrieval.encoder import file_sha256
from service.stance.judge import Remembering

Probabilities = npt.NDArray[np.float64]
# Compressed: weights take few values, so that a third of them is air.
GRAPH = "model.onnx.gz"
_ALIGNED, _PARTIAL, _OPPOSED, _UNCLEAR = range(len(STANCES))


class StanceModel:
    """Judges pairs (a, b): where b stands towards a. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Raises CatalogueError where a file of `folder` isn't the one its manifest names."""
        try:
            described: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
            for name, digest in described["files"].items():
                if file_sha256(folder / name) != digest:
                    raise CatalogueError(f"{folder / name} isn't the file that was trained")
            # Of the manifest: it holds the weights' hash, and how probabilities are read from them.
            self.fingerprint = file_sha256(folder / "manifest.json")
            self.calibration = Calibration(**described["calibration"])
            self._graph = Graph(gzip.decompress((folder / GRAPH).read_bytes()))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(described["max_tokens"])
        except CatalogueError:
            raise
        except Exception as error:  # the runtime and the tokenizer have no common error
            raise CatalogueError(f"{folder}: the stance model can't be read: {error!r}") from error
        self.name = f"stance-{self.fingerprint[:12]}"
        self._remembering = Remembering(self._verdicts)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """What was judged before isn't judged again."""
        return self._remembering(pairs)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Shape (pairs, 4), in the order of `Stance`."""
        encodings = self._tokenizer.encode_batch_fast([(a, b) for a, b in pairs])
        if len(encodings) < 2:
            rows = [self._run(encoding) for encoding in encodings]
        else:
            # The long ones first, so that no core waits for a last long one.
            order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i].ids))
            with ThreadPoolExecutor(cores()) as pool:
                found = dict(
                    zip(order, pool.map(self._run, [encodings[i] for i in order]), strict=True)
                )
            rows = [found[i] for i in range(len(encodings))]
        return np.stack(rows) if rows else np.empty((0, len(STANCES)), np.float32)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Probabilities:
        """Calibrated; shape (pairs, 4), each row sums to 1."""
        return self.calibration.probabilities(self.logits(pairs))

    def _verdicts(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        return [self.calibration.verdict(row) for row in self.probabilities(pairs)]

    def _run(self, encoding: Encoding) -> npt.NDArray[np.float32]:
        ids = np.array([encoding.ids], np.int64)
        row: npt.NDArray[np.float32] = self._graph.run(ids, np.ones_like(ids))[0]
        return row


class Calibration:
    """How logits become probabilities, and probabilities verdicts; fitted on issues that the
    model wasn't trained on.

    `temperature` and `bias` (one a stance) make the probabilities; a verdict of aligned or opposed
    needs the probability `least` of that stance, and aligned that opposed has at most `doubt`.
    Of what a search finds most is beside the point: there aligned needs the probability `found`,
    and partial as little `doubt`.
    """

    def __init__(
        self,
        temperature: float,
        bias: Sequence[float],
        least: dict[str, float],
        doubt: float = 1.0,
        found: float = 0.0,
    ) -> None:
        self.temperature = temperature
        self.bias = np.array(bias)
        self.least = {Stance(name): value for name, value in least.items()}
        self.doubt = doubt
        self._found = found

    def probabilities(self, logits: npt.NDArray[np.float32]) -> Probabilities:
        scaled = logits.astype(np.float64) / self.temperature + self.bias
        scaled -= scaled.max(axis=1, keepdims=True)
        found = np.exp(scaled)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def stances(self, probabilities: Probabilities) -> npt.NDArray[np.int64]:
        """Numbers in the order of `Stance`. Aligned or opposed where it is the likelier side, and
        likely enough; else partial where that is likelier than no side at all. Whether a text holds
        all of a position or a part is harder to tell than whether it opposes it: so aligned needs
        little doubt of the second kind rather than of the first."""
        aligned, partial = probabilities[:, _ALIGNED], probabilities[:, _PARTIAL]
        opposed, unclear = probabilities[:, _OPPOSED], probabilities[:, _UNCLEAR]
        found = np.full(len(probabilities), _UNCLEAR)
        found[(partial >= unclear) & (partial >= opposed)] = _PARTIAL
        surely = (aligned >= self.least[Stance.ALIGNED]) & (opposed <= self.doubt)
        found[surely & (aligned > opposed)] = _ALIGNED
        found[(opposed >= self.least[Stance.OPPOSED]) & (opposed >= aligned)] = _OPPOSED
        return found

    def found(self, verdict: Verdict) -> Verdict:
        """Of a text that a search found: one that isn't surely aligned for a find is partial where
        that is likelier than no side at all, else unclear; and partial, too, needs little doubt
        whether the text opposes."""
        aligned, partial, opposed, unclear = verdict.probabilities
        stance = verdict.stance
        if stance is Stance.ALIGNED and aligned < self._found:
            stance = Stance.PARTIAL if partial >= unclear else Stance.UNCLEAR
        if stance is Stance.PARTIAL and opposed > self.doubt:
            stance = Stance.UNCLEAR
        return replace(verdict, stance=stance)

    def verdict(self, row: npt.NDArray[np.float64]) -> Verdict:
        a, p, o, u = (float(value) for value in row)
        return Verdict(STANCES[int(self.stances(row[None])[0])], (a, p, o, u))
