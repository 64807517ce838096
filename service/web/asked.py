"""What every endpoint and page asks."""

from __future__ import annotations

from flask import current_app

from service.comparison import Comparator


def comparator() -> Comparator:
    found = current_app.extensions["comparator"]
    assert isinstance(found, Comparator)
    return found
