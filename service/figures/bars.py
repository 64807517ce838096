"""Horizontal bars, one a bloc or any other group, each divided by stance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.figures import marks
from service.figures.drawing import drawing, href, length, number, text, wrapped

KIND = "bars"
# Drawn for the width of a telephone; wider rooms scale it.
_WIDTH = 440
_SIZE = 12
_NAME_LINE, _BAR, _GAP, _SWATCH = 15, 14, 12, 10
_MOST_NAME_LINES = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """`counts` by stance, `none` for those of whom none is known. `link`: where the row leads."""

    name: str
    counts: Mapping[str, int]
    link: str | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def bars(
    rows: Sequence[Bar],
    *,
    title: str,
    desc: str,
    labels: Mapping[str, str],
    shares: bool = True,
    write: Callable[[int], str] = str,
    standalone: bool = False,
) -> str:
    """An SVG of the rows in their order, each with its counts in figures.

    `shares`: every bar is as long as the next, its parts are shares of its own total; else lengths
    are counts, on one scale. `labels` are the words for the stances and for `none`; a count without
    one is a ValueError. `write` puts a count in the reader's notation.
    """
    marks.known((kind for row in rows for kind, count in row.counts.items() if count), labels)
    kinds = [kind for kind in marks.KINDS if kind in labels]
    columns = _columns(rows, kinds, write)
    listed = any(row.link is not None for row in rows)
    most = max((row.total for row in rows), default=0)
    key, y = marks.legend([(kind, labels[kind]) for kind in kinds], _WIDTH, _SIZE)
    drawn = []
    for row in rows:
        inside, height = _row(row, y + _GAP, columns, write, row.total if shares else most)
        inside = (
            f"<title>{text(row.name)}: {text(marks.in_words(row.counts, labels))}</title>{inside}"
        )
        if row.link is not None:
            inside = f"<a {href(row.link, standalone=standalone)}>{inside}</a>"
        drawn.append(f'<g role="listitem">{inside}</g>' if listed else f"<g>{inside}</g>")
        y += _GAP + height
    body = "".join(drawn)
    return drawing(
        key + (f'<g role="list">{body}</g>' if listed else body),
        width=_WIDTH,
        height=y,
        title=title,
        desc=desc,
        kind=KIND,
        listed=listed,
        standalone=standalone,
    )


def _columns(
    rows: Sequence[Bar], kinds: Sequence[str], write: Callable[[int], str]
) -> dict[str, float]:
    """The right edge of each kind's figures, in the kinds' order."""
    edges, right = dict.fromkeys(kinds, 0.0), float(_WIDTH)
    for kind in reversed(kinds):
        edges[kind] = right
        widest = max((length(write(row.counts.get(kind, 0)), _SIZE) for row in rows), default=0.0)
        right -= _SWATCH + 3 + widest + 8
    return edges


def _row(
    row: Bar,
    y: float,
    columns: Mapping[str, float],
    write: Callable[[int], str],
    whole: int,
) -> tuple[str, float]:
    """The row's drawing, its upper edge at `y`, and its height. A bar of `whole` is full width."""
    figures, stretches = [], []
    room, x = float(_WIDTH), 0.0
    for kind, right in columns.items():
        if count := row.counts.get(kind, 0):
            left = right - length(write(count), _SIZE) - _SWATCH - 3
            room = min(room, left - 8)
            figures.append(
                marks.block(kind, left, y + 2, _SWATCH, _SWATCH)
                + f'<text class="end quiet" x="{number(right)}" y="{number(y + 11)}">'
                f"{text(write(count))}</text>"
            )
            stretches.append((kind, x, _WIDTH * count / whole))
            x += stretches[-1][2]
    lines = wrapped(row.name, room, _SIZE, _MOST_NAME_LINES)
    names = [
        f'<text class="name" x="0" y="{number(y + 11 + n * _NAME_LINE)}">{text(line)}</text>'
        for n, line in enumerate(lines)
    ]
    top = y + max(1, len(lines)) * _NAME_LINE + 2
    blocks = [marks.block(kind, x, top, width, _BAR) for kind, x, width in stretches]
    return "".join((*names, *figures, *blocks)), top + _BAR - y
