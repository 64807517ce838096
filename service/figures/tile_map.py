"""A tile map of the world: one square a state, by its stance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from service.figures import marks
from service.figures.drawing import drawing, href, identity, text
from service.figures.tiles import Tiles

KIND = "tile-map"
# The key of `labels` for the asker's own state.
OURS = "ours"
PITCH = 32
_GAP = 16
_LEGEND_LINE = 20


def tile_map(
    tiles: Tiles,
    stances: Mapping[str, str | None],
    *,
    title: str,
    desc: str,
    labels: Mapping[str, str],
    name: Callable[[str], str],
    link: Callable[[str], str | None] | None = None,
    ours: str | None = None,
    standalone: bool = False,
) -> str:
    """An SVG of every state's stance, None or absent where none is known.

    `labels` are the words for the stances and for `none`, and for `ours`; only what has one is in
    the legend, and a stance without one is a ValueError. The state `ours` is framed, and counted
    where it has a stance. `link` gives a state's address, None for no link. States of `stances`
    that the map doesn't have, former ones, follow below it.
    """
    places, height = _places(tiles, [code for code, stance in stances.items() if stance])
    kinds = {code: stances.get(code) or marks.NONE for code in places}
    asker = ours if ours in places else None
    # The asker is left out of its own answers: that it has no stance there says nothing of it.
    counts = Counter(kind for code, kind in kinds.items() if code != asker or stances.get(code))
    marks.known(counts, labels)
    key = identity(KIND, title, desc)

    drawn = []
    for code, (x, y) in places.items():
        kind = kinds[code]
        words = [labels[OURS]] if code == asker and OURS in labels else []
        if code != asker or stances.get(code):
            words.append(labels[kind])
        square = (
            f"<title>{text(': '.join((name(code), *words)))}</title>"
            f"<use {href(f'#{key}-{kind}', standalone=standalone)}/>"
            + marks.code(kind, code, loud=code == asker)
        )
        address = link(code) if link else None
        if address is not None:
            square = f"<a {href(address, standalone=standalone)}>{square}</a>"
        role = ' role="listitem"' if link else ""
        drawn.append(f'<g{role} transform="translate({x} {y})">{square}</g>')
    squares = "".join(drawn)
    if link:
        squares = f'<g role="list">{squares}</g>'
    if asker in places:
        squares += _frame(*places[asker])
    shapes = "".join(f'<g id="{key}-{kind}">{marks.tile(kind)}</g>' for kind in marks.KINDS)
    return drawing(
        f"<defs>{shapes}</defs>{squares}"
        + _legend(labels, counts, tiles.rows * PITCH, key, asker, standalone),
        width=tiles.columns * PITCH - 2,
        height=height,
        title=title,
        desc=desc,
        kind=KIND,
        listed=link is not None,
        standalone=standalone,
    )


def _places(tiles: Tiles, codes: Iterable[str]) -> tuple[dict[str, tuple[int, int]], int]:
    """The upper left of each square, in reading order, and the whole height. Those of `codes` that
    have no place on the map are in lines below it."""
    places = {code: (column * PITCH, row * PITCH) for code, column, row in tiles}
    height = tiles.rows * PITCH - 2
    for n, code in enumerate(sorted(code for code in codes if code not in tiles)):
        row, column = divmod(n, tiles.columns)
        y = tiles.rows * PITCH + _GAP + row * PITCH
        places[code] = (column * PITCH, y)
        height = y + marks.TILE
    return places, height


def _frame(x: int, y: int) -> str:
    size = marks.TILE + 3
    return f'<rect class="ours" x="{x - 1.5}" y="{y - 1.5}" width="{size}" height="{size}" rx="4"/>'


def _legend(
    labels: Mapping[str, str],
    counts: Mapping[str, int],
    bottom: int,
    key: str,
    asker: str | None,
    standalone: bool,
) -> str:
    """In the lower left, where the layout has the Pacific."""
    entries = [(kind, str(counts.get(kind, 0))) for kind in marks.KINDS if kind in labels]
    if asker is not None and OURS in labels:
        entries.append((OURS, asker))
    lines = []
    for n, (kind, count) in enumerate(entries):
        y = bottom - _LEGEND_LINE * (len(entries) - n)
        shape = (
            '<rect class="ours" x="1.5" y="1.5" width="27" height="27" rx="4"/>'
            if kind == OURS
            else f"<use {href(f'#{key}-{kind}', standalone=standalone)}/>"
        )
        lines.append(
            f'<g transform="translate(0 {y})"><g transform="scale(.6)">{shape}</g>'
            f'<text class="end" x="50" y="13">{text(count)}</text>'
            f'<text x="58" y="13">{text(labels[kind])}</text></g>'
        )
    return "".join(lines)
