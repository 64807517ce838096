"""A heat map of states against states: a square a pair, by classes that a legend explains."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from service.figures import groups as marks
from service.figures.axes import SIZE
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "heat-map"
_MOST_CLASSES = 11
_STEPS = (1, 2, 5, 10)
# What lies beyond these, in hundredths of all values, belongs to the outermost classes.
_ENDS = (2, 98)
_SIDE, _SMALLEST, _LARGEST = 800, 8, 24
_NAME_WIDTH = 320
_PALEST = 0.1
_NOTHING = 1e-9  # values that differ by less are in one class

Floats = npt.NDArray[np.float64]


def heat_map(
    values: Floats,
    names: Sequence[str],
    codes: Sequence[str],
    *,
    title: str,
    desc: str,
    empty: str,
    groups: Sequence[int] | None = None,
    group_names: Mapping[int, str] | None = None,
    write: Callable[[float], str] = "{:g}".format,
    standalone: bool = False,
) -> str:
    """An SVG of a matrix of shape (n, n), rows and columns in their order: what is not a number is
    an empty cell with a line through it, for which `empty` are the words.

    Rows have the `names`, columns the `codes`. `groups`, from 1 on, stand together and are parted
    by lines; `group_names` are for the legend. Where there are values on both sides of zero, those
    below it are stripes of another colour. `write` puts a break in the reader's notation.
    """
    n = len(names)
    cell = max(_SMALLEST, min(_LARGEST, _SIDE // max(1, n)))
    scale = min(1.0, cell / (SIZE + 1))
    shown = [(wrapped(name, _NAME_WIDTH, SIZE, 1) or [""])[0] for name in names]
    left = max((length(name, SIZE) for name in shown), default=0.0) * scale + 8
    left += 14 if groups else 0
    above = max((length(code, SIZE) for code in codes), default=0.0) * scale + 8
    side = n * cell
    width = left + side + above
    breaks = round_breaks(values[np.isfinite(values)])
    classes = _classes(breaks)
    of_cell = np.where(np.isfinite(values), np.searchsorted(breaks, values, side="right"), -1)
    key, top = _legend(breaks, classes, empty if (of_cell < 0).any() else None, write, width)
    if group_names:
        drawn, height = marks.legend(group_names, width, SIZE)
        key, top = key + f'<g transform="translate(0 {number(top)})">{drawn}</g>', top + height
    top += above
    cells = "".join(
        f'<path {how} d="{"".join(_runs(of_cell == number, cell, striped))}"/>'
        for number, (how, striped) in enumerate(classes)
        if (of_cell == number).any()
    )
    cells += f'<path class="grid" d="{"".join(_lines(of_cell < 0, cell))}"/>'
    edges = [0, *(i for i in range(1, n) if groups and groups[i] != groups[i - 1]), n]
    frame = "".join(f"M0 {at * cell}h{side}M{at * cell} 0v{side}" for at in edges)
    body = f'{cells}<path class="axis" d="{frame}"/>{_labels(shown, codes, cell, scale)}'
    if groups:
        body += "".join(
            marks.mark(group, -left + 6, (i + 0.5) * cell, min(4.5, cell * 0.4))
            for i, group in enumerate(groups)
        )
    return drawing(
        f'{key}<g transform="translate({number(left)} {number(top)})">{body}</g>',
        width=width,
        height=top + side + above,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def round_breaks(values: Floats) -> list[float]:
    """Between classes, at most _MOST_CLASSES of them: in a step of 1, 2 or 5 times a power of ten,
    over nearly all of the values. Zero is a break where there are values on both sides of it."""
    if not len(values):
        return []
    low, high = (float(end) for end in np.percentile(values, _ENDS))
    raw = (high - low) / (_MOST_CLASSES - 2)
    if raw < _NOTHING:
        return []
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _STEPS if s * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _classes(breaks: Sequence[float]) -> list[tuple[str, bool]]:
    """Of each class how it is filled, and whether in stripes: the farther from zero (from the
    lowest, where zero is no break), the darker."""
    if 0.0 not in breaks:
        return [(_fill(1, rank, len(breaks) + 1), False) for rank in range(len(breaks) + 1)]
    below = breaks.index(0.0) + 1
    above = len(breaks) + 1 - below
    most = max(below, above)
    return [(_fill(2, rank, most), True) for rank in reversed(range(below))] + [
        (_fill(1, rank, most), False) for rank in range(above)
    ]


def _fill(colour: int, rank: int, of: int) -> str:
    opacity = _PALEST + (1 - _PALEST) * rank / (of - 1) if of > 1 else 1.0
    return f'class="dot-{colour}" fill-opacity="{opacity:.2g}"'


def _runs(chosen: npt.NDArray[np.bool_], cell: int, striped: bool) -> list[str]:
    """Neighbours of a row in one rectangle each."""
    inset = cell // 4 if striped else 0
    tall = cell - 2 * inset
    return [
        f"M{first * cell} {row * cell + inset}h{(last - first) * cell}v{tall}H{first * cell}z"
        for row, first, last in _stretches(chosen)
    ]


def _lines(chosen: npt.NDArray[np.bool_], cell: int) -> list[str]:
    return [
        f"M{first * cell + 1} {row * cell + cell // 2}h{(last - first) * cell - 2}"
        for row, first, last in _stretches(chosen)
    ]


def _stretches(chosen: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first column and the one after the last, of each run of cells that are `chosen`."""
    edges = np.diff(np.pad(chosen.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, firsts = np.nonzero(edges == 1)
    _, lasts = np.nonzero(edges == -1)
    return list(zip(rows.tolist(), firsts.tolist(), lasts.tolist(), strict=True))


def _labels(names: Sequence[str], codes: Sequence[str], cell: int, scale: float) -> str:
    side, down = len(names) * cell, SIZE * 0.36 * scale
    size = f"scale({scale:.3g})" if scale < 1 else ""
    pieces = []
    for i, (name, code) in enumerate(zip(names, codes, strict=True)):
        at = number((i + 0.5) * cell + down)
        pieces += [
            f'<text class="end" transform="translate(-4 {at}){size}">{text(name)}</text>',
            f'<text transform="translate({side + 4} {at}){size}">{text(code)}</text>',
            f'<text transform="translate({at} -4)rotate(-90){size}">{text(code)}</text>',
            f'<text class="end" transform="translate({at} {side + 4})rotate(-90){size}">'
            f"{text(code)}</text>",
        ]
    return "".join(pieces)


def _legend(
    breaks: Sequence[float],
    classes: Sequence[tuple[str, bool]],
    empty: str | None,
    write: Callable[[float], str],
    width: float,
) -> tuple[str, float]:
    words = [f"{write(low)} to {write(high)}" for low, high in pairwise(breaks)]
    if breaks:
        words = [f"below {write(breaks[0])}", *words, f"{write(breaks[-1])} and more"]
    entries = []
    for (how, striped), said in zip(classes, words, strict=False):
        entries.append((f'<path {how} d="{_swatch(striped)}"/>', said))
    entries = entries[::-1]
    if empty is not None:
        frame = '<path class="grid" d="M.5 2.5h13v11h-13zM2.5 8h9"/>'
        entries.append((frame, empty))
    pieces, x, y = [], 0.0, 0.0
    for swatch, said in entries:
        needed = 20 + length(said, SIZE) + 16
        if x and x + needed > width:
            x, y = 0.0, y + 20
        pieces.append(
            f'<g transform="translate({number(x)} {number(y)})">{swatch}'
            f'<text x="20" y="12">{text(said)}</text></g>'
        )
        x += needed
    return "".join(pieces), y + 24


def _swatch(striped: bool) -> str:
    return "M0 5h14v6h-14z" if striped else "M0 2h14v12h-14z"
