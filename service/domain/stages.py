"""The stages of an answer, told while the work is done: to metrics, and to whoever may stop it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from time import perf_counter
from typing import Protocol


class Stage(StrEnum):
    ENCODE = "encode"  # texts to vectors
    FILTER = "filter"  # which claims pass
    SEARCH = "search"  # which of them are near, and their scores
    GROUP = "group"  # ranking, grouping, folding
    TEXTS = "texts"  # the words of the hits
    JUDGE = "judge"  # their stances


class Stages(Protocol):
    """Told of one request's work, in the thread that does it."""

    def proceed(self) -> None:
        """Before a stage, and between the pieces of a long one. Raises to give the work up."""

    def spent(self, stage: Stage, seconds: float) -> None: ...

    def looked_up(self, cache: str, found: int, missing: int) -> None: ...

    def answered_from(self, generation: str) -> None: ...


_told: ContextVar[Stages | None] = ContextVar("told", default=None)


@contextmanager
def telling(stages: Stages) -> Iterator[None]:
    """Tell `stages` of what this thread does until the end of the block."""
    token = _told.set(stages)
    try:
        yield
    finally:
        _told.reset(token)


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    told = _told.get()
    if told is None:
        yield
        return
    told.proceed()
    start = perf_counter()
    try:
        yield
    finally:
        told.spent(name, perf_counter() - start)


def proceed() -> None:
    """Between the pieces of a long stage."""
    told = _told.get()
    if told is not None:
        told.proceed()


def looked_up(cache: str, found: int, missing: int) -> None:
    """How many of what was asked for a cache held, and how many it didn't."""
    told = _told.get()
    if told is not None:
        told.looked_up(cache, found, missing)


def answered_from(generation: str) -> None:
    told = _told.get()
    if told is not None:
        told.answered_from(generation)
