"""A map of states by how alike they speak: near is alike, and directions mean nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from service.figures import groups as marks
from service.figures.axes import SIZE
from service.figures.drawing import drawing, length, number, text

KIND = "plane"
_WIDTH, _MARGIN = 900, 40
# A code's height, and half of a mark's, with the room about them.
_CODE_SIZE, _TALL, _HALF = 10.5, 12.0, 5.0
# Farther from its mark a code has a line to it.
_FAR = 16.0
# Between the rings on which a code is tried, and at most so many of them.
_RING, _RINGS = 5.0, 400

Floats = npt.NDArray[np.float64]


def plane(
    points: Floats,
    codes: Sequence[str],
    names: Sequence[str],
    *,
    title: str,
    desc: str,
    groups: Sequence[int] | None = None,
    group_names: Mapping[int, str] | None = None,
    standalone: bool = False,
) -> str:
    """An SVG of `points`, shape (n, 2), on one scale both ways; each a mark, by its one of `groups`
    from 1 on, with its code beside it: no code lies on another or on a mark, and one that is pushed
    away has a line to its own."""
    key, top = marks.legend(group_names, _WIDTH, SIZE) if group_names else ("", 0.0)
    low, high = (
        (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.zeros(2))
    )
    spread = float((high - low).max(initial=0.0)) or 1.0
    scale = (_WIDTH - 2 * _MARGIN) / spread
    at = (points - (low + high) / 2) * (scale, -scale)
    height = float((high - low)[1]) * scale + 2 * _MARGIN if len(points) else 2.0 * _MARGIN
    placed = _apart(at, [length(code, _CODE_SIZE) for code in codes])
    # Codes that are pushed out of the frame widen it.
    reach = np.abs(placed).max(axis=0, initial=0.0) + np.array([_MARGIN / 2, _TALL])
    width, height = max(float(_WIDTH), 2 * float(reach[0])), max(height, 2 * float(reach[1]))
    lines, drawn = [], []
    for i, (code, name) in enumerate(zip(codes, names, strict=True)):
        (x, y), (beside, down) = at[i], placed[i]
        if math.hypot(beside - x, down - y) > _FAR + length(code, _CODE_SIZE) / 2:
            lines.append(f"M{number(x)} {number(y)}L{number(beside)} {number(down)}")
        drawn.append(
            f"<g><title>{text(name)}</title>{marks.mark(groups[i] if groups else 1, x, y, 3.5)}"
            f'<text class="code" x="{number(beside)}" y="{number(down + 4)}">{text(code)}</text>'
            "</g>"
        )
    leading = f'<path class="grid" d="{"".join(lines)}"/>' if lines else ""
    middle = f"translate({number(width / 2)} {number(top + height / 2)})"
    return drawing(
        f'{key}<g transform="{middle}">{leading}{"".join(drawn)}</g>',
        width=width,
        height=top + height,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def _apart(at: Floats, widths: Sequence[float]) -> Floats:
    """The middle of each label: the free place nearest to its point, in rings about it. The points
    are taken from the middle outwards, so that who stands in a crowd isn't pushed through it."""
    n = len(at)
    placed = np.full((n, 2), np.inf)
    half = np.array([(width / 2 + 1, _TALL / 2) for width in widths]).reshape(n, 2)
    for i in np.argsort(np.hypot(*at.T), kind="stable").tolist() if n else []:
        for offset in _offsets(widths[i]):
            middle = at[i] + offset
            free_of_codes = (np.abs(placed - middle) >= half + half[i]).any(axis=1).all()
            free_of_marks = (np.abs(at - middle) >= half[i] + _HALF).any(axis=1).all()
            if free_of_codes and free_of_marks:
                placed[i] = middle
                break
        else:
            raise ValueError(f"no room for {n} labels")
    return placed


def _offsets(width: float) -> Iterator[tuple[float, float]]:
    """Right, left, above, below, then all around and farther and farther away."""
    aside, down = width / 2 + _HALF + 1.5, _TALL / 2 + _HALF + 0.5
    yield from ((aside, 0.0), (-aside, 0.0), (0.0, -down), (0.0, down))
    for ring in range(1, _RINGS):
        away, steps = 12 + ring * _RING, 8 + 4 * ring
        for step in range(steps):
            turn = 2 * math.pi * step / steps
            yield away * math.cos(turn), away * math.sin(turn)
