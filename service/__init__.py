"""Concord: which other states hold this position?

>>> from service import Comparator
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.comparison import Comparator

__all__ = ["Comparator", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Comparator is imported where it is first asked for: `--help`, and the client, which stands
    alone, must not wait for numpy."""
    if name == "Comparator":
        return import_module("service.comparison").Comparator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
