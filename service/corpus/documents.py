"""Any readable file -> plain text with paragraphs, and what its format says about itself."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from service.corpus.text import decode
from service.domain.dates import PartialDate
from service.errors import UnreadableFile

MAX_BYTES = 64 * 1024 * 1024
_MAX_UNPACKED = 512 * 1024 * 1024  # a DOCX that unpacks to more is an attack, not a statement
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

        document = Document(format="html", **read_html(path, raw))
        if _is_binary(document.text):
            raise _unreadable(path)
    else:
        document = _text(path, raw)
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
    import docx  # heavy, needed only here
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
            unpacked = sum(member.file_size for member in archive.infolist())
        if "word/document.xml" not in names:
            raise UnreadableFile(f"{path}: a zip archive, but no DOCX")
        if unpacked > _MAX_UNPACKED:
            raise UnreadableFile(f"{path}: unpacks to {unpacked:,} bytes, too much for a DOCX")
        opened = docx.Document(io.BytesIO(raw))
        blocks: list[str] = []
        for block in opened.iter_inner_content():
            if isinstance(block, Table):
                cells = [cell.text for row in block.rows for cell in row.cells]
                blocks += dict.fromkeys(cells)  # merged cells come once for each place
            else:
                blocks.append(block.text)
        title = opened.core_properties.title
    except UnreadableFile:
        raise
    except Exception as error:  # zipfile, lxml and python-docx each have their own errors
        raise UnreadableFile(f"{path}: a broken DOCX: {error!r}") from error
    paragraphs = [fold(block) for block in blocks]
    return Document(
        text="\n\n".join(filter(None, paragraphs)), format="docx", title=_or_none(title)
    )


def fold(text: str) -> str:
    """One paragraph on one line."""
    return " ".join(text.split())


def _or_none(text: str | None) -> str | None:
    return fold(text) or None if text else None
