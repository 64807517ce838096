"""A standalone figure as an image, by typst: with its own fonts, so that the same drawing gives the
same bytes on every machine that has the same typst."""

from __future__ import annotations

import typst

# Two pixels for each of the drawing's own, of which an inch has 96.
_PIXELS_PER_INCH = 192.0
_PAGE = b"""\
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def png(svg: str) -> bytes:
    """Of a standalone figure. Its text is set in Libertinus Serif, which has Latin, Greek, Cyrillic
    and Hebrew letters, and in DejaVu Sans Mono, which has Arabic ones. Other scripts show as boxes.
    """
    image = typst.compile(
        _PAGE,
        format="png",
        ppi=_PIXELS_PER_INCH,
        sys_inputs={"svg": svg},
        ignore_system_fonts=True,
    )
    assert isinstance(image, bytes)  # one page
    return image
