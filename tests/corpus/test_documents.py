import io
import zipfile
from pathlib import Path

import docx
import pytest

from service.corpus.documents import read_document
from service.errors import UnreadableFile

PAGE = """<!doctype html>
<html><head><title>Short title | Daily Courier</title>
<meta property="og:title" content="Ministers argue about wheat">
<meta property="og:site_name" content="Daily Courier">
<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle",
 "datePublished": "2023-03-08T10:15:00+01:00"}]}</script>
<style>p { color: red }</style></head>
<body class="with-sidebar">
<header>Masthead and slogan</header>
<nav><ul><li>Home</li><li>World</li></ul></nav>
<div id="cookie-notice"><p>We use cookies to serve you better.</p></div>
<article><h1>Ministers argue about wheat</h1>
<p>By Nora Beck</p>
<time datetime="2023-03-09">9 March</time>
<figure><img src="a.jpg"><figcaption>A field, photographed from above.</figcaption></figure>
<p>The minister   said that wheat
must reach <b>every</b> port.</p>
<p>She added that "nobody gains" from a blockade.<br><br>The talks go on &amp; on.</p>
<div class="related-links"><p>Read our story about rye.</p></div>
<aside>Advertisement for tractors</aside>
<script>track("reader")</script>
</article>
<footer>Imprint</footer></body></html>"""


def pdf(*pages: str) -> bytes:
    """A minimal PDF: one line of text for each line given."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for page in pages:
        lines = "".join(f"({line}) Tj 0 -14 Td " for line in page.split("\n"))
        stream = f"BT /F1 11 Tf 40 750 Td {lines}ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    ).encode("latin-1")
    return out


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_keeps_its_paragraphs(tmp_path: Path) -> None:
    document = read_document(write(tmp_path / "a.txt", "\ufeffOne.\r\n\r\nTwo ends.\r\n"))
    assert document.format == "text"
    assert document.text.strip() == "One.\n\nTwo ends."


@pytest.mark.parametrize("name", ["page.html", "page.txt", "page"])
def test_html_gives_the_article_and_nothing_else(tmp_path: Path, name: str) -> None:
    document = read_document(write(tmp_path / name, PAGE))
    assert document.format == "html"
    assert document.text.split("\n\n") == [
        "By Nora Beck",
        "9 March",
        "The minister said that wheat must reach every port.",
        'She added that "nobody gains" from a blockade.',
        "The talks go on & on.",
    ]
    assert document.title == "Ministers argue about wheat"
    assert str(document.published) == "2023-03-08"
    assert document.site == "Daily Courier"


def test_html_without_marked_article(tmp_path: Path) -> None:
    page = (
        "<html><head><title>Bare</title></head><body><div class='menu'><p>Home</p></div>"
        "<div class='story hidden-never'><p>First thought of the envoy.</p><p>Second thought.</p>"
        "</div><div><p>Imprint</p></div><p><time datetime='2020-02-30'>x</time></p></body></html>"
    )
    document = read_document(write(tmp_path / "bare.htm", page))
    assert document.text == "First thought of the envoy.\n\nSecond thought."
    assert document.title == "Bare"
    assert document.published is None


def test_html_in_its_declared_encoding(tmp_path: Path) -> None:
    page = (
        "<html><head><meta charset='windows-1252'></head><body><p>Élan – “naïve”.</p></body></html>"
    )
    document = read_document(write(tmp_path / "old.html", page.encode("cp1252")))
    assert document.text == "Élan – “naïve”."


def test_pdf_without_its_running_lines(tmp_path: Path) -> None:
    pages = [f"Courier Service\nThe envoy spoke about\nsea number {n}.\n{n}" for n in range(1, 5)]
    document = read_document(write(tmp_path / "a.pdf", pdf(*pages)))
    assert document.format == "pdf"
    assert "Courier" not in document.text
    assert document.text.split("\n\n")[2].split() == [
        "The",
        "envoy",
        "spoke",
        "about",
        "sea",
        "number",
        "3.",
    ]
    assert document.mended


def test_docx_paragraphs_and_tables_in_order(tmp_path: Path) -> None:
    made = docx.Document()
    made.core_properties.title = "Note on fisheries"
    made.add_paragraph("The sea is shared.")
    made.add_table(rows=1, cols=2).rows[0].cells[0].text = "Quota"
    made.add_paragraph("")
    made.add_paragraph("Nets must be wide.")
    made.save(str(tmp_path / "note.bin"))
    document = read_document(tmp_path / "note.bin")
    assert document.format == "docx"
    assert document.text == "The sea is shared.\n\nQuota\n\nNets must be wide."
    assert document.title == "Note on fisheries"
    assert document.published is None


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return packed.getvalue()


def encrypted_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret words."))))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n \n", "no text"),
        (b"<html><body><nav>Home</nav></body></html>", "no text"),
        (b"<html><body>" + b"<div>" * 5000 + b"Words.", "too deeply"),
        (b"%PDF-1.7 and then nothing", "broken PDF"),
        (pdf(""), "no text"),
        (encrypted_pdf(), "encrypted"),
        (b"PK\x03\x04 cut off", "broken DOCX"),
        (zipped(mimetype=b"application/epub"), "no DOCX"),
        (zipped(word__document=b"<w:nonsense"), "broken DOCX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "Office"),
        (b"\x7fELF\x00\x00\x01", "neither text"),
        (b"\x01\x02\x03\x04" * 40, "neither text"),  # no NUL betrays it
        (b"<html><body><p>\x01\x02\x03\x04\x05 a</p></body></html>", "neither text"),
        ("Words.".encode("utf-32"), "neither text"),  # its mark is that of UTF-16, and then a NUL
    ],
)
def test_unreadable_files_are_named_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = write(tmp_path / "bad.file", content)
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read_document(path)
    assert "bad.file" in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UnreadableFile, match="no such file"):
            read_document(path)
