"""Queries that nobody said, and times."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from service.catalogue import load_issues
from service.retrieval.encoder import DEFAULT_MODEL, Vectors, open_encoder
from service.settings import Settings

_MOST = 100
_Asked = TypeVar("_Asked")


def propositions() -> list[str]:
    """Our wordings of issues, one for and one against in turn."""
    issues = list(load_issues(Settings().data))[:_MOST]
    return [(i.proposition, i.contrary)[place % 2] for place, i in enumerate(issues)]


def queries() -> list[Vectors]:
    encoder = open_encoder(DEFAULT_MODEL, Settings().models)
    return [encoder.encode([text])[0] for text in propositions()]


def seconds(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def each_ms(act: Callable[[_Asked], Any], asked: Sequence[_Asked]) -> list[float]:
    """Once before, to warm up."""
    act(asked[0])
    return [1e3 * seconds(lambda one=one: act(one)) for one in asked]  # type: ignore[misc]


def median_ms(act: Callable[[_Asked], Any], asked: Sequence[_Asked]) -> float:
    return statistics.median(each_ms(act, asked))


def run(command: Sequence[str], environment: dict[str, str]) -> None:
    subprocess.run(
        command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
