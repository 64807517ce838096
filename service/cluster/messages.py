"""What Concord and the driver, its process on the cluster, say to each other.

Concord begins with `Begin`, then sends each `Piece`, and before it each `Put` that it needs; the
driver answers with `Room` once it is connected, with `Done` or `Raised` for each piece in any
order, and with `Broken` where there is nothing more to be had of the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shared:
    """Stands, as an argument of a piece, for a value that several have: it is sent once."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Begin:
    address: str
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Put:
    shared: Shared
    value: object


@dataclass(frozen=True, slots=True)
class Piece:
    """`last` are those of its arguments that no later piece has."""

    number: int
    arguments: tuple[object, ...]
    last: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """So many pieces may be under way at a time, twice as many as can be at work. It changes with
    the size of the cluster."""

    pieces: int


@dataclass(frozen=True, slots=True)
class Done:
    number: int
    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """By the work itself. `trace` is where, on the worker."""

    error: BaseException
    trace: str


@dataclass(frozen=True, slots=True)
class Broken:
    reason: str


Answer = Room | Done | Raised | Broken
