"""Pandoc's document tree, as JSON: text is a value in it and is never read as markup.

https://hackage.haskell.org/package/pandoc-types, version 1.23 of the format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from service.domain.visible import visible

Node = dict[str, Any]
Inlines = list[Node]

_VERSION = [1, 23, 1]
# Whatever may begin something in CommonMark, GitHub's Markdown or pandoc's.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>&@~^$|]|:(?=//|[\w+-]+:)|(?<=www)\.|(?<=WWW)\.")
# Typst doesn't break a word that is longer than a line; it may break it where nothing is wide.
_LONG_WORD = re.compile(r"\S{60,}")
_PIECE = re.compile(r"\S{20}(?=\S)")
_TYPST = str.maketrans({"\\": "\\\\", '"': '\\"'})
_PLAIN_ATTRIBUTES: list[Any] = ["", [], []]


class Medium(StrEnum):
    """What pandoc writes, in its names, with what we want of each."""

    DOCX = "docx"
    MARKDOWN = "commonmark+footnotes+pipe_tables"
    TYPST = "typst-smart"


class Markup:
    """Nodes for one medium. Pandoc 3.9 leaves some of what begins markup unescaped (`&amp;` and
    `\\>` in Markdown, `--` and `...` in Typst), so that text is escaped here for these two and
    handed through."""

    def __init__(self, medium: Medium, language: str) -> None:
        self.medium = medium
        self._language = language

    def text(self, text: str, language: str | None = None) -> Inlines:
        """On one line. A `language` (BCP 47) other than the document's is told where the medium can
        tell it."""
        shown = visible(text)
        if not shown:
            return []
        if self.medium is Medium.MARKDOWN:
            return [_raw("commonmark", _MARKDOWN.sub(r"\\\g<0>", shown))]
        if self.medium is Medium.TYPST:
            found = [_raw("typst", f"#{_typst_string(shown)};")]
        else:
            found = list(_words(shown))
        if language is None or language == self._language:
            return found
        return [{"t": "Span", "c": [["", [], [["lang", language]]], found]}]

    def strong(self, text: str) -> Node:
        return {"t": "Strong", "c": self.text(text)}

    def emphasis(self, inlines: Inlines) -> Node:
        return {"t": "Emph", "c": inlines}

    def note(self, inlines: Inlines) -> Node:
        """A footnote."""
        return {"t": "Note", "c": [paragraph(inlines)]}

    def styled(self, style: str, block: Node) -> Node:
        """A paragraph in a named style, where the medium has styles: those of `service.takeaway`'s
        Word and Typst sheets."""
        if self.medium is Medium.MARKDOWN:
            return block
        if self.medium is Medium.DOCX:
            return {"t": "Div", "c": [["", [], [["custom-style", style]]], [block]]}
        name = style.lower().replace(" ", "-")
        return {
            "t": "Para",
            "c": [_raw("typst", f"#{name}["), *block["c"], _raw("typst", "]")],
        }

    def code(self, text: str) -> Node:
        shown = visible(text)
        if self.medium is Medium.TYPST:
            return {"t": "RawBlock", "c": ["typst", f"#raw(block: true, {_typst_string(shown)})"]}
        return {"t": "CodeBlock", "c": [_PLAIN_ATTRIBUTES, shown]}

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Node:
        """The first column on the left, the others, which hold figures, on the right."""
        aligned = ["AlignLeft", *["AlignRight"] * (len(head) - 1)]
        columns = [[{"t": name}, {"t": "ColWidthDefault"}] for name in aligned]
        body = [_PLAIN_ATTRIBUTES, 0, [], [self._row(row) for row in rows]]
        return {
            "t": "Table",
            "c": [
                _PLAIN_ATTRIBUTES,
                [None, []],
                columns,
                [_PLAIN_ATTRIBUTES, [self._row(head, strong=self.medium is Medium.DOCX)]],
                [body],
                [_PLAIN_ATTRIBUTES, []],
            ],
        }

    def _row(self, cells: Sequence[str], *, strong: bool = False) -> list[Any]:
        made = []
        for cell in cells:
            text = [self.strong(cell)] if strong else self.text(cell)
            plain = [{"t": "Plain", "c": text}]
            made.append([_PLAIN_ATTRIBUTES, {"t": "AlignDefault"}, 1, 1, plain])
        return [_PLAIN_ATTRIBUTES, made]


def paragraph(inlines: Inlines) -> Node:
    return {"t": "Para", "c": inlines}


def header(level: int, inlines: Inlines) -> Node:
    return {"t": "Header", "c": [level, _PLAIN_ATTRIBUTES, inlines]}


def block_quote(blocks: list[Node]) -> Node:
    return {"t": "BlockQuote", "c": blocks}


def ordered_list(items: Iterable[Inlines]) -> Node:
    style = [1, {"t": "Decimal"}, {"t": "Period"}]
    return {"t": "OrderedList", "c": [style, [[{"t": "Plain", "c": item}] for item in items]]}


def bullet_list(items: Iterable[Inlines]) -> Node:
    return {"t": "BulletList", "c": [[{"t": "Plain", "c": item}] for item in items]}


def meta_text(text: str) -> Node:
    """A value of a document's description that isn't read as markup."""
    return {"t": "MetaInlines", "c": list(_words(visible(text)))}


def document(blocks: list[Node], meta: dict[str, Node]) -> bytes:
    """The whole, as pandoc's reader `json` takes it."""
    whole = {"pandoc-api-version": _VERSION, "meta": meta, "blocks": blocks}
    return json.dumps(whole, ensure_ascii=False).encode()


def _words(text: str) -> Iterable[Node]:
    for number, word in enumerate(text.split(" ")):
        if number:
            yield {"t": "Space"}
        if word:
            yield {"t": "Str", "c": word}


def _raw(form: str, text: str) -> Node:
    return {"t": "RawInline", "c": [form, text]}


def _typst_string(text: str) -> str:
    breakable = _LONG_WORD.sub(lambda word: _PIECE.sub("\\g<0>\u200b", word[0]), text)
    return f'"{breakable.translate(_TYPST)}"'
