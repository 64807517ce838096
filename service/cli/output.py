"""What all commands share: the comparator, and how answers are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from service.comparison import Comparator


FORMATS = click.Choice(["json", "table", "csv"])
JSON_OR_TABLE = click.Choice(["json", "table"])


def open_comparator() -> Comparator:
    """Imported here and not above: `--help` and wrong usage must not wait for numpy."""
    from service.comparison import Comparator

    return Comparator()


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_json_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
