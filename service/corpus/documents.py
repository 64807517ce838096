"""Any readable file -> plain text with paragraphs, and what its format says about itself."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.corpus.text import LONGEST, decode
from service.domain.dates import PartialDate
from service.errors import UnreadableFile

MAX_BYTES = 64 * 1024 * 1024
# More than these make no article: bytes of a page and its tags, bytes of a DOCX file's text.
_MAX_HTML, _MAX_TAGS, _MAX_XML = 16 * 1024 * 1024, 50_000, 16 * 1024 * 1024
_DOCX_TEXT, _DOCX_CORE = _DOCX_PARTS = ("word/document.xml", "docProps/core.xml")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML_START = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|\s)*"
    rb"<(?:!doctype\s+html|html|head|body|article|main|div|p)\b",
    re.I | re.S,
)
_CONTROL = [chr(code) for code in (*range(9), *range(14, 27), *range(28, 32), 0xFFFD)]
_MAX_CONTROL = 0.02  # of the characters; a few stray ones are in many an old text
_HTML_SUFFIXES = {".html", ".htm", ".xhtml"}
_PAGE_NUMBER = re.compile(
    r"\s*(?:page\s+)?[-–—]?\s*\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\s*[-–—]?\s*", re.I
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text, paragraphs parted by a blank line, and its own word on title and date.

    `published` is the day on which it was published, as the page states it: not the day on
    which a file was saved, which word processors and converters set as they please.
    """

    text: str
    format: str
    title: str | None = None
    published: PartialDate | None = None
    site: str | None = None
    mended: tuple[str, ...] = ()


def read_document(path: Path) -> Document:
    """Read text, HTML, PDF or DOCX; told apart by content first, by suffix where that is mute."""
    raw = read_bytes(path)
    if raw[:1024].find(b"%PDF-") >= 0:
        document = _pdf(path, raw)
    elif raw.startswith(b"PK\x03\x04"):
        document = _docx(path, raw)
    elif raw.startswith(_OLE):
        raise UnreadableFile(
            f"{path}: an old or password-protected Office file: save it as an open .docx or text"
        )
    elif _HTML_START.match(raw[:4096]) or path.suffix.lower() in _HTML_SUFFIXES:
        # Its parser is loaded only for pages.
        from service.corpus.web_page import read_html

        if len(raw) > _MAX_HTML or raw.count(b"<") > _MAX_TAGS:
            raise UnreadableFile(f"{path}: too large for a news page: save its text")
        document = Document(format="html", **read_html(path, raw))
        if _is_binary(document.text):
            raise _unreadable(path)
    else:
        document = _text(path, raw)
    if len(document.text) > LONGEST:
        raise UnreadableFile(
            f"{path}: has {len(document.text):,} characters; at most {LONGEST:,} are read: split it"
        )
    if not document.text.strip():
        raise UnreadableFile(f"{path}: there is no text in this {document.format} file")
    return document


def read_bytes(path: Path) -> bytes:
    """A file's bytes, or a sentence on why there are none."""
    try:
        if not path.is_file():
            raise UnreadableFile(f"{path}: no such file")
        size = path.stat().st_size
        if size == 0:
            raise UnreadableFile(f"{path}: the file is empty")
        if size > MAX_BYTES:
            raise UnreadableFile(f"{path}: {size:,} bytes; at most {MAX_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error


def _text(path: Path, raw: bytes) -> Document:
    if b"\x00" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(path)
    if len(raw) > 4 * LONGEST:  # of whatever encoding
        raise UnreadableFile(
            f"{path}: {len(raw):,} bytes; at most {LONGEST:,} characters are read: split it"
        )
    decoded = decode(raw)
    if _is_binary(decoded.text):
        raise _unreadable(path)
    return Document(text=decoded.text, format="text", mended=tuple(decoded.mended))


def _is_binary(text: str) -> bool:
    """Whether so many control characters came out that the bytes were no text of any encoding."""
    return sum(map(text.count, _CONTROL)) > _MAX_CONTROL * len(text)


def _unreadable(path: Path) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: neither text nor a format that is read (PDF, DOCX, HTML): save it as UTF-8 text"
    )


def _pdf(path: Path, raw: bytes) -> Document:
    from pypdf import PdfReader  # heavy, needed only here
    from pypdf.errors import PyPdfError

    # It logs each damaged object; the first that matters comes as an error.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableFile(f"{path}: the PDF is encrypted: save a copy without a password")
        pages = [page.extract_text() for page in reader.pages]
        title = reader.metadata.title if reader.metadata else None
    except UnreadableFile:
        raise
    except PyPdfError as error:
        raise UnreadableFile(f"{path}: a broken PDF: {error}") from error
    except Exception as error:  # pypdf lets whatever a damaged object provokes escape
        raise UnreadableFile(f"{path}: a broken PDF: {error!r}") from error
    if not any(page.strip() for page in pages):
        raise UnreadableFile(f"{path}: the PDF holds no text (scanned pages need OCR first)")
    pages, mended = _without_running_lines(pages)
    return Document(
        text=_join_pages(pages), format="pdf", title=_or_none(title), mended=tuple(mended)
    )


def _without_running_lines(pages: list[str]) -> tuple[list[str], list[str]]:
    """Drop page numbers, and first and last lines that most pages share (headers, footers)."""
    split = [page.strip("\n").split("\n") for page in pages]
    edges = Counter(
        line.strip() for lines in split for line in {lines[0].strip(), lines[-1].strip()} if line
    )
    running = {line for line, count in edges.items() if count >= 3 and count > len(pages) / 2}
    dropped = 0
    kept = []
    for lines in split:
        for edge in (0, -1):
            while lines and (lines[edge].strip() in running or _PAGE_NUMBER.fullmatch(lines[edge])):
                lines.pop(edge)
                dropped += 1
            while lines and not lines[edge].strip():
                lines.pop(edge)
        kept.append("\n".join(lines))
    mended = [f"{dropped} running headers, footers and page numbers left out"] if dropped else []
    return kept, mended


def _join_pages(pages: list[str]) -> str:
    """A page break ends a paragraph only where a sentence ends with it."""
    text = ""
    for page in filter(None, pages):
        if text:
            text += "\n\n" if text.rstrip().endswith((".", "!", "?", ":", '"', "”")) else "\n"
        text += page
    return text


def _docx(path: Path, raw: bytes) -> Document:
    """Only the text and the title are unpacked: what a whole package unpacks to has no end."""
    from lxml import etree  # heavy, needed only here

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
            if _DOCX_TEXT not in names:
                raise UnreadableFile(f"{path}: a zip archive, but no DOCX")
            parts = {name: archive.getinfo(name) for name in _DOCX_PARTS if name in names}
            for name, part in parts.items():
                if part.file_size > _MAX_XML:
                    raise UnreadableFile(
                        f"{path}: its {name} unpacks to {part.file_size:,} bytes, too much for an "
                        "article"
                    )
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            roots = {name: etree.fromstring(archive.read(name), parser) for name in parts}
        paragraphs = [fold(block) for block in _docx_blocks(roots[_DOCX_TEXT])]
        titles = (
            [node.text for node in roots[_DOCX_CORE].iter("{*}title")]
            if _DOCX_CORE in roots
            else []
        )
    except UnreadableFile:
        raise
    except Exception as error:  # zipfile and lxml each have their own errors
        raise UnreadableFile(f"{path}: a broken DOCX: {error!r}") from error
    title = _or_none(titles[0]) if titles else None
    return Document(text="\n\n".join(filter(None, paragraphs)), format="docx", title=title)


def _docx_blocks(root: Any) -> Iterator[str]:
    """Paragraphs and the cells of tables, in order; of a table each text once, as merged cells
    come once for each place."""
    body = root.find("{*}body")
    for block in () if body is None else body.iterchildren("{*}p", "{*}tbl"):
        if block.tag.endswith("}p"):
            yield _docx_text(block)
        else:
            cells = block.iterfind("{*}tr/{*}tc")
            yield from dict.fromkeys(
                "\n".join(map(_docx_text, cell.iterfind("{*}p"))) for cell in cells
            )


def _docx_text(paragraph: Any) -> str:
    """What its runs say, those of its links among them."""
    pieces = []
    for run in paragraph.iterchildren("{*}r", "{*}hyperlink"):
        for node in run.iter("{*}t", "{*}tab", "{*}br", "{*}cr", "{*}noBreakHyphen"):
            name = node.tag.rpartition("}")[2]
            pieces.append(node.text or "" if name == "t" else "-" if "Hyphen" in name else "\n")
    return "".join(pieces)


def fold(text: str) -> str:
    """One paragraph on one line."""
    return " ".join(text.split())


def _or_none(text: str | None) -> str | None:
    return fold(text) or None if text else None
