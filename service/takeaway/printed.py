"""Typst's pages: https://typst.app/docs, from the package typst, which carries its fonts."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import typst

from service.takeaway.pandoc import midnight

_SHEET = Path(__file__).with_name("brief.typ")


def printed(body: str, *, title: str, dated: str, language: str, made: date) -> bytes:
    """A PDF of `body`, in Typst's markup. The same values give the same bytes."""
    source = f"{_sheet()}\n#show: brief\n\n{body}"
    made_of = {
        "title": title,
        "dated": dated,
        "language": language.partition("-")[0],
        "made": made.isoformat(),
    }
    # Fonts of the machine are looked at last, for writing systems that Typst's own don't have.
    found = typst.compile(
        source.encode(), format="pdf", sys_inputs=made_of, timestamp=midnight(made)
    )
    assert isinstance(found, bytes)
    return found


@cache
def _sheet() -> str:
    return _SHEET.read_text("utf-8")
