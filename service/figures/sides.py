"""Two texts side by side, claim by claim, with a line between claims on the same point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.figures import marks
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "sides"
# Claims of one side; more make an image that nobody can read, or print.
MOST_CLAIMS = 300
# How a line of each kind is drawn, by its class in the drawing's rules: whole, dotted, dashed and
# thin ones are told apart in grey, and so are the marks at their ends.
_LINES = {
    "aligned": "line-1", "partial": "line-3", "opposed": "line-2", "unclear": "axis",
    marks.NONE: "grid",
}  # fmt: skip
_WIDTH, _SIZE = 1_000, 12
_PITCH, _HEADING = 17, 24
_NUMBER, _TEXT, _MARK, _GAP = 26, 350, 12, 6
_SAMPLE = 30  # a line of the legend


@dataclass(frozen=True, slots=True)
class SideClaim:
    """`kind` is a stance, `none` where it wasn't judged, or None for what only this side says."""

    text: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """Between claim `left` and claim `right`, counted from 0, of a `kind` of marks."""

    left: int
    right: int
    kind: str


def sides(
    left: Sequence[SideClaim],
    right: Sequence[SideClaim],
    links: Sequence[Link],
    *,
    names: tuple[str, str],
    title: str,
    desc: str,
    labels: Mapping[str, str],
    standalone: bool = False,
) -> str:
    """An SVG: the claims in their order, numbered from 1, each with what its line says.

    `labels` are the words for the kinds; only what has one is in the legend, and a kind without one
    is a ValueError, as are more than MOST_CLAIMS claims of a side.
    """
    marks.known((link.kind for link in links), labels)
    marks.known((c.kind for c in (*left, *right) if c.kind is not None), labels)
    if max(len(left), len(right)) > MOST_CLAIMS:
        raise ValueError(f"more than {MOST_CLAIMS} claims of a side")
    key, top = _legend(labels)
    top += 10 + _HEADING
    ends = _NUMBER + _TEXT + _GAP + _MARK, _WIDTH - _NUMBER - _TEXT - _GAP - _MARK
    drawn = [key, _headings(names, top - _GAP - 4)]
    # What takes a side lies above what doesn't.
    order = {kind: place for place, kind in enumerate(reversed(marks.KINDS))}
    for link in sorted(links, key=lambda link: (order[link.kind], link.left, link.right)):
        drawn.append(_line(link, ends, top, labels))
    for n, claim in enumerate(left):
        drawn.append(_claim(n, claim, top, 0, ends[0] - _MARK))
    for n, claim in enumerate(right):
        drawn.append(_claim(n, claim, top, ends[1] + _MARK + _GAP, ends[1]))
    return drawing(
        "".join(drawn),
        width=_WIDTH,
        height=top + _PITCH * max(len(left), len(right), 1),
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def _middle(n: int, top: float) -> float:
    return top + _PITCH * (n + 0.5)


def _line(link: Link, ends: tuple[float, float], top: float, labels: Mapping[str, str]) -> str:
    """Bent so that it leaves and meets the claims level, and lines to one claim can be followed."""
    (x, beyond), y, end = ends, _middle(link.left, top), _middle(link.right, top)
    bend = number((x + beyond) / 2)
    return (
        f"<g><title>{link.left + 1} – {link.right + 1}: {text(labels[link.kind])}</title>"
        f'<path class="{_LINES[link.kind]}" d="M{number(x + 2)} {number(y)}C{bend} {number(y)} '
        f'{bend} {number(end)} {number(beyond - 2)} {number(end)}"/></g>'
    )


def _claim(n: int, claim: SideClaim, top: float, x: float, mark: float) -> str:
    """Its number, as much of its words as fits, and its mark at `mark`."""
    y = _middle(n, top)
    words = "".join(wrapped(claim.text, _TEXT, _SIZE, 1))
    quiet = ' class="quiet"' if claim.kind is None else ""
    shown = "" if claim.kind is None else marks.block(claim.kind, mark, y - 6, _MARK, _MARK)
    return (
        f"<g><title>{text(claim.text)}</title>"
        f'<text class="end quiet" x="{number(x + _NUMBER - 6)}" y="{number(y + 4)}">{n + 1}</text>'
        f'<text{quiet} x="{number(x + _NUMBER)}" y="{number(y + 4)}">{text(words)}</text>'
        f"{shown}</g>"
    )


def _headings(names: tuple[str, str], y: float) -> str:
    places = _NUMBER, _WIDTH - _TEXT
    return "".join(
        f'<text class="name" x="{number(x)}" y="{number(y)}">'
        f"{text(''.join(wrapped(name, _TEXT, _SIZE, 1)))}</text>"
        for x, name in zip(places, names, strict=True)
    )


def _legend(labels: Mapping[str, str]) -> tuple[str, float]:
    """Each kind with its line, its mark and its words: the drawing and its height."""
    pieces, x, y = [], 0.0, 0.0
    for kind in (kind for kind in marks.KINDS if kind in labels):
        needed = _SAMPLE + _MARK + 6 + length(labels[kind], _SIZE) + 16
        if x and x + needed > _WIDTH:
            x, y = 0.0, y + 20
        pieces.append(
            f'<path class="{_LINES[kind]}" d="M{number(x)} {number(y + 8)}h{_SAMPLE - 2}"/>'
            f"{marks.block(kind, x + _SAMPLE, y + 2, _MARK, _MARK)}"
            f'<text x="{number(x + _SAMPLE + _MARK + 6)}" y="{number(y + 12)}">'
            f"{text(labels[kind])}</text>"
        )
        x += needed
    return "".join(pieces), y + 20 if pieces else 0.0
