"""Other people's text on our pages: nothing in it is markup, and nothing in it is hidden."""

from __future__ import annotations

import re
from collections.abc import Collection

from markupsafe import Markup, escape

from service.domain.visible import HIDDEN, number_of

_WORD = re.compile(r"[^\W_]+")


def visible(text: str | None) -> Markup:
    """Escaped, with characters that would direct or hide text written out by their numbers."""
    return Markup(HIDDEN.sub(_named, str(escape(text or ""))))  # noqa: S704 (escaped)


def marked(text: str, words: Collection[str]) -> Markup:
    """`visible`, with each of `words` marked wherever it stands."""
    wanted = {word.casefold() for word in words}
    pieces, last = [], 0
    for match in _WORD.finditer(text):
        if match[0].casefold() in wanted:
            pieces += [visible(text[last : match.start()]), Markup("<mark>"), visible(match[0]),
                       Markup("</mark>")]  # fmt: skip
            last = match.end()
    return Markup("").join([*pieces, visible(text[last:])])


def _named(match: re.Match[str]) -> str:
    return f'<span class="hidden-character">{number_of(match)}</span>'
