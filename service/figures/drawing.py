"""What all figures share: the frame of an SVG for a page or for a file, and text in it.

Inline, a figure has classes only, whose rules are in the page's style sheet, as a page's security
policy wants it. Standalone, it carries the same rules with the light colours, and shows its title
and description, because no page does.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
import zlib
from xml.sax.saxutils import escape, quoteattr

from service.domain.visible import visible

# The light colours of the pages' style sheet, which a file of its own can't read.
PALETTE = {
    "ink": "#1b1f24", "quiet": "#57606a", "paper": "#ffffff", "line": "#d0d7de", "edge": "#6e7781",
    "aligned": "#0b5c93", "partial": "#5a3e85", "opposed": "#a33b00", "unclear": "#57606a",
}  # fmt: skip
# Simple selectors only: programs that import drawings know no others, and in a page nothing around
# a shape counts for the copies of it that `use` makes.
SHAPE_RULES = (
    ".solid-aligned { fill: var(--aligned); }",
    ".solid-partial { fill: var(--partial); }",
    ".solid-opposed { fill: var(--opposed); }",
    ".hollow-partial { fill: none; stroke: var(--partial); stroke-width: 1.5px; }",
    ".hollow-unclear { fill: none; stroke: var(--unclear); stroke-width: 1.5px; }",
    ".hollow-none { fill: none; stroke: var(--line); stroke-width: 1.5px; }",
    ".sign { fill: none; stroke: var(--paper); stroke-width: 2px; }",
    ".sign-wide { fill: none; stroke: var(--paper); stroke-width: 3.5px; }",
    ".sign-partial { fill: none; stroke: var(--partial); stroke-width: 2px; }",
    ".sign-unclear { fill: var(--ink); font-size: 13px; font-weight: 700; text-anchor: middle; }",
)
# In a page, within ".drawing".
RULES = (
    "text { fill: var(--ink); font-size: 12px; }",
    ".quiet { fill: var(--quiet); }",
    ".on { fill: var(--paper); }",
    ".end { text-anchor: end; }",
    ".middle { text-anchor: middle; }",
    ".code { font-size: 10.5px; font-weight: 600; text-anchor: middle; }",
    ".ours { fill: none; stroke: var(--ink); stroke-width: 3px; }",
    ".grid { fill: none; stroke: var(--line); }",
    ".axis { fill: none; stroke: var(--edge); }",
    ".line-1 { fill: none; stroke: var(--aligned); stroke-width: 2px; }",
    ".line-2 { fill: none; stroke: var(--opposed); stroke-width: 2px; stroke-dasharray: 7 3; }",
    ".line-3 { fill: none; stroke: var(--partial); stroke-width: 2px; stroke-dasharray: 2 3; }",
    ".line-4 { fill: none; stroke: var(--ink); stroke-width: 2px; stroke-dasharray: 9 3 2 3; }",
    ".dot-1 { fill: var(--aligned); }",
    ".dot-2 { fill: var(--opposed); }",
    ".dot-3 { fill: var(--partial); }",
    ".dot-4 { fill: var(--ink); }",
    ".band-1 { fill: var(--aligned); fill-opacity: .15; }",
    ".band-2 { fill: var(--opposed); fill-opacity: .15; }",
    ".band-3 { fill: var(--partial); fill-opacity: .15; }",
    ".band-4 { fill: var(--ink); fill-opacity: .15; }",
)
_ONLY_STANDALONE = (
    "svg { font-family: Arial, Helvetica, sans-serif; }",
    ".heading { font-size: 18px; font-weight: 600; }",
    ".ground { fill: var(--paper); }",
)

_VARIABLE = re.compile(r"var\(--([a-z]+)\)")
# Widths as parts of the text's size, on the generous side: the font is the reader's.
_LETTER, _WIDE_LETTER = 0.6, 1.0
_MARGIN = 16
_HEADING, _HEADING_LINE, _MOST_HEADING_LINES = 18, 24, 3
_WORDS, _WORDS_LINE, _MOST_WORDS_LINES = 12, 16, 6


def drawing(
    body: str,
    *,
    width: float,
    height: float,
    title: str,
    desc: str,
    kind: str,
    listed: bool,
    standalone: bool,
) -> str:
    """An SVG: `body`, which is markup, in a room of `width` by `height`, pixels unless something
    scales it. `listed`: `body` has lists of links in it; else the whole is one image, told by
    `title` and `desc`, which are anybody's text. `kind` is a class, for rules on size."""
    key = identity(kind, title, desc)
    opening = (
        f'class="drawing {kind}" role="{"group" if listed else "img"}" '
        f'aria-labelledby="{key}-title" aria-describedby="{key}-desc"'
    )
    told = f'<title id="{key}-title">{text(title)}</title><desc id="{key}-desc">{text(desc)}</desc>'
    if not standalone:
        # Frames reach out a little.
        box = f'viewBox="-2 -2 {number(width + 4)} {number(height + 4)}"'
        return f"<svg {opening} {box}>{told}{body}</svg>"
    headings = wrapped(title, width, _HEADING, _MOST_HEADING_LINES)
    words = wrapped(desc, width, _WORDS, _MOST_WORDS_LINES)
    top = _MARGIN + _HEADING_LINE * len(headings) + 8
    below = top + height + 20
    room = (number(width + 2 * _MARGIN), number(below + _WORDS_LINE * len(words)))
    shown = [
        f'<text class="heading" x="{_MARGIN}" y="{_MARGIN + 16 + _HEADING_LINE * n}">'
        f"{text(line)}</text>"
        for n, line in enumerate(headings)
    ] + [
        f'<text class="quiet" x="{_MARGIN}" y="{number(below + _WORDS_LINE * n)}">'
        f"{text(line)}</text>"
        for n, line in enumerate(words)
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{opening} width="{room[0]}" height="{room[1]}" viewBox="0 0 {room[0]} {room[1]}">'
        f'{told}<style>{_own_rules()}</style><rect class="ground" width="{room[0]}" '
        f'height="{room[1]}"/>{"".join(shown)}<g transform="translate({_MARGIN} {top})">{body}</g>'
        "</svg>\n"
    )


def identity(kind: str, title: str, desc: str) -> str:
    """Before every id in a figure: two in one page must not share one."""
    said = "\n".join((kind, title, desc)).encode("utf-8", "backslashreplace")
    return f"d{zlib.crc32(said):08x}"


def href(address: str, *, standalone: bool) -> str:
    """The attribute. Files are read by programs that know the older name only."""
    return f"{'xlink:href' if standalone else 'href'}={quoteattr(visible(address))}"


def text(words: str) -> str:
    """Anybody's text as text: no markup in it, and what would hide shown by its number."""
    return escape(visible(words))


def number(value: float) -> str:
    """A coordinate, no longer than it needs to be."""
    return f"{value:.1f}".removesuffix(".0")


def length(words: str, size: float) -> float:
    """About how wide `words` are in letters of a size."""
    return size * sum(_WIDE_LETTER if _is_wide(letter) else _LETTER for letter in words)


def wrapped(words: str, width: float, size: float, most: int) -> list[str]:
    """At most so many lines, the last one with an ellipsis where more was said. A word longer than
    a line is broken."""
    letter = _WIDE_LETTER if any(map(_is_wide, words)) else _LETTER
    letters = max(8, int(width / (letter * size)))
    # Nothing behind this can be shown; wrapping all of a speech takes its time.
    shown = visible(words[: letters * (most + 1)])
    return textwrap.wrap(shown, letters, max_lines=most, placeholder=" …")


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _own_rules() -> str:
    rules = "".join((*_ONLY_STANDALONE, *RULES, *SHAPE_RULES))
    return _VARIABLE.sub(lambda match: PALETTE[match[1]], rules)
