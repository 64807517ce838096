"""`evaluate cost`: what judging adds to an answer, in milliseconds on this machine.

Each of the queries of `data/labels/queries.jsonl` is asked without stances, with them, and with
them again; the first query only warms up.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from service.comparison import Comparator
from service.evaluation.answers import QUERIES, read_lines
from service.evaluation.reports import Block

ABOUT = "milliseconds that judging adds, median and slowest of {} queries"
# The default page, and every state by its nearest claim.
PAGES = {"default page": {}, "all states": {"limit": 1000, "per_state": 1}}


def evaluate_cost(comparator: Comparator) -> list[Block]:
    """Raises IndexUnusable where there is no generation."""
    _, *texts = (entry["text"] for entry in read_lines(comparator.settings.data / QUERIES))
    _timed(comparator, "The United Nations must be strengthened.", "on", {})
    rows = {name: _row(comparator, texts, page) for name, page in PAGES.items()}
    return [Block("cost", rows, ABOUT.format(len(texts)), ours="default page")]


def _row(comparator: Comparator, texts: list[str], page: dict[str, Any]) -> dict[str, Any]:
    added, again = [], []
    for text in texts:
        # The very first answer to a text also reads its rows from the disk: not counted.
        _timed(comparator, text, "off", page)
        plain = _timed(comparator, text, "off", page)
        added.append(_timed(comparator, text, "on", page) - plain)
        again.append(_timed(comparator, text, "on", page) - plain)
    return {
        "added_ms": float(np.median(added)),
        "added_ms_slowest": float(np.max(added)),
        "repeated_ms": float(np.median(again)),
    }


def _timed(comparator: Comparator, text: str, stance: str, page: dict[str, Any]) -> float:
    started = time.perf_counter()
    comparator.search(text, stance=stance, **page)
    return (time.perf_counter() - started) * 1000
