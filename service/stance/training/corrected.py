"""Users' corrections as training pairs, from what `python -m service corrections` exports."""

from __future__ import annotations

import json
from pathlib import Path

from service.domain.corrections import Correction, Key, moment, read_correction, text_sha256
from service.errors import UnreadableFile
from service.stance.training.pairs import Pair


def correction_pairs(path: Path) -> list[Pair]:
    """What holds at last for each query and claim, in the order of the file; exports may be
    joined. Lines without the claim's text add nothing. Raises UnreadableFile naming the line."""
    latest: dict[Key, Correction] = {}
    words: dict[Key, str] = {}
    for correction, text in _lines(path):
        before = latest.get(correction.key)
        if before is None or moment(before.date) <= moment(correction.date):
            latest[correction.key] = correction
        if text is not None:
            words[correction.key] = text
    return [
        Pair(c.text, words[key], c.stance, "correction", c.claim_id)
        for key, c in latest.items()
        if key in words
    ]


def _lines(path: Path) -> list[tuple[Correction, str | None]]:
    found = []
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} can't be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict):
                raise ValueError("must be a JSON object")
            correction = read_correction(fields)
            found.append((correction, _claim_text(fields.get("claim_text"), correction)))
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(f"{path}:{number}: {error}") from error
    return found


def _claim_text(text: object, correction: Correction) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str) or text_sha256(text) != correction.sha256:
        raise ValueError("`claim_text` isn't the text that was corrected (`sha256`)")
    return text
