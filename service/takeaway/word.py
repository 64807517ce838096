"""Word's pages: pandoc's document in a sheet of styles that is made here."""

from __future__ import annotations

import io
import tempfile
import zipfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from service.takeaway import pandoc
from service.takeaway.markup import Medium

_FONT = "Calibri"
_INK, _QUIET = RGBColor(0x1D, 0x24, 0x33), RGBColor(0x5A, 0x63, 0x72)
_ACCENT = RGBColor(0x1F, 0x4E, 0x8C)


def written(document: bytes, made: date) -> bytes:
    """A document tree as a Word file dated `made`; the same tree gives the same bytes."""
    with tempfile.TemporaryDirectory(prefix="concord-") as folder:
        sheet = Path(folder) / "sheet.docx"
        sheet.write_bytes(_sheet())
        found = pandoc.written(
            document, Medium.DOCX, made, [f"--reference-doc={sheet}", "--output=-"]
        )
    return _dated(found, made)


def _dated(file: bytes, made: date) -> bytes:
    """With every part dated alike: those of the sheet have the time at which it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as parts, zipfile.ZipFile(out, "w") as dated:
        for name in parts.namelist():
            entry = zipfile.ZipInfo(name, (made.year, made.month, made.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            dated.writestr(entry, parts.read(name))
    return out.getvalue()


@cache
def _sheet() -> bytes:
    """Pandoc's own reference document, on A4 and in our styles."""
    given = pandoc.run(["--print-default-data-file", "reference.docx"])
    sheet = Document(io.BytesIO(given))
    for section in sheet.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(26)
        section.top_margin, section.bottom_margin = Mm(24), Mm(22)
        section.footer_distance = Mm(11)
        _number(section.footer)
        for notes in section._sectPr.findall(qn("w:footnotePr")):
            section._sectPr.remove(notes)  # numbered anew under each heading, in LibreOffice
    for name in ("Who", "Aside"):
        made = sheet.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made.base_style = sheet.styles["Body Text"]
    for style in sheet.styles:
        if style.type in (WD_STYLE_TYPE.PARAGRAPH, WD_STYLE_TYPE.TABLE):
            _font(style)
    _style(sheet, "Normal", 10.5)
    _style(sheet, "Title", 22, bold=True, before=0, after=2)
    _style(sheet, "Date", 10.5, ink=_QUIET, after=14)
    for name in ("Title", "Date"):
        sheet.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    _style(sheet, "Heading 1", 14, bold=True, ink=_ACCENT, before=20, after=4)
    _style(sheet, "Who", 10.5, before=12, after=2).keep_with_next = True
    _style(sheet, "Aside", 9, ink=_QUIET, before=0, after=6)
    quotation = _style(sheet, "Block Text", 10.5, before=2, after=2)
    quotation.left_indent, quotation.right_indent = Mm(5), Mm(0)
    _rule_left(sheet.styles["Block Text"])
    _style(sheet, "Footnote Text", 8.5, before=0, after=2)
    out = io.BytesIO()
    sheet.save(out)
    return out.getvalue()


def _style(
    sheet: Any,
    name: str,
    size: float,
    *,
    bold: bool = False,
    ink: RGBColor = _INK,
    before: float | None = None,
    after: float | None = None,
) -> Any:
    """Sizes and distances in points; returns the paragraph's format."""
    style = sheet.styles[name]
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.color.rgb = ink
    format_ = style.paragraph_format
    if before is not None:
        format_.space_before = Pt(before)
    if after is not None:
        format_.space_after = Pt(after)
    return format_


def _font(style: Any) -> None:
    """One family for every writing system; a theme's fonts would outweigh it."""
    style.font.name = _FONT
    fonts = style.element.rPr.rFonts
    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(kind), _FONT)


def _rule_left(style: Any) -> None:
    borders = OxmlElement("w:pBdr")
    left = OxmlElement("w:left")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "8"), ("color", "C3C9D4")):
        left.set(qn(f"w:{name}"), value)
    borders.append(left)
    properties = style.element.get_or_add_pPr()
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc",
        "w:outlineLvl",
    )  # fmt: skip


def _number(footer: Any) -> None:
    """The page's number, on the right."""
    paragraph = footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
