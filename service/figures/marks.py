"""The shapes that tell stances apart without colour, and their legend.

In grey: aligned is solid, partial solid to the half, opposed solid with a line through it (a high
column: with several), unclear an outline, and where nothing is known a faint one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from service.domain.stance import STANCES
from service.figures.drawing import length, number, text

NONE = "none"  # no stance is known
KINDS = (*(str(stance) for stance in STANCES), NONE)

# A tile of the map and where its code and sign stand.
TILE = 30
_CODE_LINE, _SIGN_LINE = 14, 22
_STRIPE = 10


def known(kinds: Iterable[str], labels: Mapping[str, str]) -> None:
    """Each is a stance or `none`, and there is a word for it. ValueError where not."""
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
        if kind not in labels:
            raise ValueError(f"no label for {kind!r}")


def in_words(counts: Mapping[str, int], labels: Mapping[str, str]) -> str:
    """`aligned 3, opposed 1`: what there is none of is left out."""
    return ", ".join(f"{labels[kind]} {counts[kind]}" for kind in KINDS if counts.get(kind))


def tile(kind: str) -> str:
    """A square of the map, its upper left at 0, 0, without its code."""
    middle, line = TILE // 2, _SIGN_LINE
    match kind:
        case "aligned":
            sign = f"M{middle} {line - 4}v8M{middle - 4} {line}h8"
            return f'{_tile("solid", kind)}<path class="sign" d="{sign}"/>'
        case "opposed":
            sign = f"M0 {line}h{TILE}"
            return f'{_tile("solid", kind)}<path class="sign-wide" d="{sign}"/>'
        case "partial":
            top = f"M0 17V3a3 3 0 0 1 3-3h{TILE - 6}a3 3 0 0 1 3 3v14z"
            sign = f"M{middle} 18v7M{middle - 4} 21.5h8M{middle - 4} 26.5h8"
            return (
                f'{_tile("hollow", kind)}<path class="solid-{kind}" d="{top}"/>'
                f'<path class="sign-{kind}" d="{sign}"/>'
            )
        case "unclear":
            return (
                f"{_tile('hollow', kind)}"
                f'<text class="sign-unclear" x="{middle}" y="{line + 5}">?</text>'
            )
    return _tile("hollow", NONE)


def code(kind: str, letters: str, *, loud: bool = False) -> str:
    """A tile's code. Where none is known it is quiet, unless `loud`."""
    shades = {"unclear": "", NONE: "" if loud else " quiet"}
    where = f'class="code{shades.get(kind, " on")}" x="{TILE // 2}" y="{_CODE_LINE}"'
    return f"<text {where}>{text(letters)}</text>"


def block(
    kind: str, x: float, y: float, width: float, height: float, *, upright: bool = False
) -> str:
    """A stretch of a bar, or of a column where it is `upright`."""
    match kind:
        case "aligned":
            return _rect(f"solid-{kind}", x, y, width, height)
        case "partial":
            half = (width / 2, height) if upright else (width, height / 2)
            return _outline(kind, x, y, width, height) + _rect(f"solid-{kind}", x, y, *half)
        case "opposed":
            heights = range(_STRIPE, int(height), _STRIPE) if upright else (height / 2,)
            stripes = "".join(
                f"M{number(x)} {number(y + down)}h{number(width)}" for down in heights
            )
            line = f'<path class="sign" d="{stripes}"/>' if stripes else ""
            return _rect(f"solid-{kind}", x, y, width, height) + line
    return _outline(kind, x, y, width, height)


def legend(entries: Sequence[tuple[str, str]], width: float, size: float) -> tuple[str, float]:
    """Kinds with their words, in lines of at most `width`: the drawing and its height."""
    pieces, x, y = [], 0.0, 0.0
    for kind, words in entries:
        needed = 18 + length(words, size) + 12
        if x and x + needed > width:
            x, y = 0.0, y + 20
        pieces.append(
            f"{block(kind, x, y + 2, 12, 12)}"
            f'<text x="{number(x + 18)}" y="{number(y + 12)}">{text(words)}</text>'
        )
        x += needed
    return "".join(pieces), y + 20 if pieces else 0.0


def _tile(how: str, kind: str) -> str:
    if how == "solid":
        return f'<rect class="solid-{kind}" width="{TILE}" height="{TILE}" rx="3"/>'
    inner = number(TILE - 1.5)
    return (
        f'<rect class="hollow-{kind}" x=".75" y=".75" width="{inner}" height="{inner}" rx="2.5"/>'
    )


def _outline(kind: str, x: float, y: float, width: float, height: float) -> str:
    inset = min(0.75, width / 2, height / 2)
    return _rect(f"hollow-{kind}", x + inset, y + inset, width - 2 * inset, height - 2 * inset)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"/>'
    )
