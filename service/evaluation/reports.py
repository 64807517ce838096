"""An evaluation's report, as JSON and as tables."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from service.evaluation.figures import Figure
from service.evaluation.goals import GOALS, number
from service.tables import columns_as_text

_HEAD = 17  # characters; as wide as a figure with its interval


@dataclass(frozen=True, slots=True)
class Block:
    """Figures on one set, a row for each way of judging it (or for each part of it). `ours` is the
    row to which the goals of `name` apply; `about` says what the set is."""

    name: str
    rows: Mapping[str, Mapping[str, Any]]
    about: str = ""
    ours: str = "model"

    def goals(self) -> dict[str, dict[str, Any]]:
        """By figure: the goal, and whether our row reaches it."""
        row = self.rows.get(self.ours, {})
        return {
            goal.figure: {"goal": str(goal), "holds": goal.holds(row)}
            for goal in GOALS.get(self.name, ())
            if goal.figure in row
        }


def to_json(blocks: Sequence[Block]) -> str:
    return json.dumps(
        {
            block.name: {"about": block.about, "rows": _plain(block.rows)}
            | ({"goals": goals} if (goals := block.goals()) else {})
            for block in blocks
        },
        indent=2,
    )


def to_tables(blocks: Sequence[Block]) -> str:
    """One table a block; under our row, the goals and whether they hold."""
    return "\n\n".join(_table(block) for block in blocks)


def _table(block: Block) -> str:
    columns = list(dict.fromkeys(key for row in block.rows.values() for key in row))
    heads = [textwrap.wrap(column.replace("_", " "), _HEAD) for column in columns]
    lines = [["", *line] for line in zip_longest(*heads, fillvalue="")]
    goals = block.goals()
    for name, row in block.rows.items():
        lines.append([name, *(_cell(row.get(column)) for column in columns)])
        if goals and name == block.ours:
            lines.append(["  goal", *(_goal(goals.get(column)) for column in columns)])
    title = f"{block.name.upper()}: {block.about}" if block.about else block.name.upper()
    table = columns_as_text(lines)
    return "\n".join([title, *(line.rstrip() for line in table.splitlines())])


def _goal(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    goal = found["goal"].replace("brier_of_base_rates", "base rates")
    return f"{goal} {'holds' if found['holds'] else 'MISSED'}"


def _cell(value: Any) -> str:
    if value is None or number(value) != number(value):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """NaN, where there was nothing to reckon with, becomes null."""
    if isinstance(value, Figure):
        return {"value": _plain(value.value), "interval": [_plain(value.low), _plain(value.high)]}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return round(value, 4) if value == value else None
    return value
