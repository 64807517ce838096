"""Marks that tell groups of states apart by shape and by colour, and their legend."""

from __future__ import annotations

from collections.abc import Mapping

from service.figures.drawing import length, number, text

_COLOURS = 4
# Corners of each shape, in half sizes about its middle; the first is a circle. Of five shapes and
# four colours no two of twenty groups share both.
_SHAPES = (
    (),
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    ((-1.2, -0.4), (-0.4, -0.4), (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4),
     (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4)),
)  # fmt: skip
MOST_GROUPS = _COLOURS * len(_SHAPES)


def mark(group: int, x: float, y: float, half: float = 4.5) -> str:
    """Of a group from 1 on, its middle at `x`, `y`. ValueError: more than MOST_GROUPS."""
    if not 1 <= group <= MOST_GROUPS:
        raise ValueError(f"group {group}, of at most {MOST_GROUPS}")
    corners = _SHAPES[(group - 1) % len(_SHAPES)]
    kind = f'class="dot-{(group - 1) % _COLOURS + 1}"'
    if not corners:
        return f'<circle {kind} cx="{number(x)}" cy="{number(y)}" r="{number(half)}"/>'
    path = "L".join(
        f"{number(x + half * right)} {number(y + half * down)}" for right, down in corners
    )
    return f'<path {kind} d="M{path}z"/>'


def legend(names: Mapping[int, str], width: float, size: float) -> tuple[str, float]:
    """Each group's mark with its name, in lines of at most `width`: the drawing and its height."""
    pieces, x, y = [], 0.0, 0.0
    for group, name in names.items():
        needed = 16 + length(name, size) + 16
        if x and x + needed > width:
            x, y = 0.0, y + 20
        pieces.append(
            mark(group, x + 6, y + 8)
            + f'<text x="{number(x + 16)}" y="{number(y + 12)}">{text(name)}</text>'
        )
        x += needed
    return "".join(pieces), y + 24 if pieces else 0.0
