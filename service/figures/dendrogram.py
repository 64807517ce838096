"""A tree of states that speak alike: a line a state, joined where their groups are joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from service.figures import groups as marks
from service.figures.axes import SIZE, round_ticks
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "dendrogram"
_PLOT, _PITCH, _NAME_WIDTH = 440, 15, 320

Floats = npt.NDArray[np.float64]


def dendrogram(
    merges: Floats,
    names: Sequence[str],
    *,
    title: str,
    desc: str,
    groups: Sequence[int] | None = None,
    group_names: Mapping[int, str] | None = None,
    write: Callable[[float], str] = "{:g}".format,
    standalone: bool = False,
) -> str:
    """An SVG of scipy's table of `merges`, shape (n - 1, 4), for n leaves with `names`, whose
    `groups`, from 1 on, are what the tree gives when it is cut. The nearer to the names two
    branches meet, the nearer are their states; a dashed line is the cut. `write` puts a distance in
    the reader's notation."""
    n = len(names)
    if len(merges) != n - 1:
        raise ValueError(f"{len(merges)} merges, but {n} names")
    ticks = round_ticks(float(merges[:, 2].max(initial=0.0)), whole=False)
    order = _leaves(merges, n)
    shown = [(wrapped(name, _NAME_WIDTH, SIZE, 1) or [""])[0] for name in names]
    beside = 16 if groups else 6
    width = _PLOT + beside + max(length(name, SIZE) for name in shown) + 4
    key, top = marks.legend(group_names, width, SIZE) if group_names else ("", 0.0)
    top += 18
    bottom = top + n * _PITCH

    def x(distance: float) -> float:
        return 20 + (_PLOT - 20) * (1 - distance / ticks[-1])

    drawn = [key]
    for tick in ticks:
        kind = "grid" if tick else "axis"
        drawn.append(
            f'<path class="{kind}" d="M{number(x(tick))} {number(top)}V{number(bottom)}"/>'
            f'<text class="middle quiet" x="{number(x(tick))}" y="{number(top - 6)}">'
            f"{text(write(tick))}</text>"
        )
    y = {leaf: top + (place + 0.5) * _PITCH for place, leaf in enumerate(order)}
    at = dict.fromkeys(range(n), x(0))
    path = []
    for node, (one, other, distance, _) in enumerate(merges.tolist(), start=n):
        a, b = int(one), int(other)
        at[node], y[node] = x(distance), (y[a] + y[b]) / 2
        path.append(
            f"M{number(at[a])} {number(y[a])}H{number(at[node])}V{number(y[b])}H{number(at[b])}"
        )
    drawn.append(f'<path class="axis" d="{"".join(path)}"/>')
    if groups and 1 < len(set(groups)) < n:
        cut = x(float(merges[-len(set(groups)) : len(merges) - len(set(groups)) + 2, 2].mean()))
        drawn.append(f'<path class="line-2" d="M{number(cut)} {number(top)}V{number(bottom)}"/>')
    for leaf in order:
        drawn.append(
            (marks.mark(groups[leaf], _PLOT + 7, y[leaf]) if groups else "")
            + f'<text x="{_PLOT + beside}" y="{number(y[leaf] + 4)}">{text(shown[leaf])}</text>'
        )
    return drawing(
        "".join(drawn),
        width=width,
        height=bottom + 6,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def _leaves(merges: Floats, n: int) -> list[int]:
    """From the first of each merge to the second. A loop: a chain of states is as deep as long."""
    found, waiting = list[int](), [n + len(merges) - 1]
    while waiting:
        node = waiting.pop()
        if node < n:
            found.append(node)
        else:
            waiting += [int(merges[node - n, 1]), int(merges[node - n, 0])]
    return found
