"""The same brief as Markdown, Word and PDF, opened as their readers open them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from service.domain.visible import visible
from service.takeaway import pandoc
from service.takeaway.brief import Brief, brief_of
from service.takeaway.document import FORMATS, markdown, pdf
from service.takeaway.document import docx as as_docx
from tests.takeaway.answers import ENGLISH, MADE, answer, group, hit

COMMONMARK = "commonmark+footnotes+pipe_tables"
STATES = ("FRA", "NOR", "CHN", "USA", "KEN")
USER = {"author": "A. Reader", "reason": "It is irony.", "date": "2025-01-02",
        "was": {"stance": "aligned", "model": "stance-1"}}  # fmt: skip
NASTY = [
    "<script>alert(1)</script> &amp; *stars* _lines_ `code` [a](b) [^1] @who $x$ {#id} ~~no~~ \\n",
    "#let x = 1; -- --- ... \"straight\" 'quotes' // no comment /* none */ https://a.b/c_d www.a.b",
    "turned \u202e round \u2066 hidden \u200b nul \x00 bell \x07 escape \x1b \ufffe half \ud800 .",
    "w" * 10_000,
    "= 1. - + > | a | b | :smile: e\u0301 السلام \u00a0\u00ad",
]
# Characters that begin or end something in one of the three formats, and some that don't.
markup = st.text(
    st.sampled_from("ab1 .,:;!?-–+*/=\\|_`~^#$%&@<>()[]{}\"'“”’é\u00a0\u202e\x00\n"), min_size=1
).map(lambda text: f"a{text}z")
# Word has marks of its own for a soft and a hard hyphen.
anything = st.text(
    st.characters(exclude_characters="\u00ad\u2011"), min_size=1, max_size=60
).filter(str.strip)


def brief(*texts: str, **more: Any) -> Brief:
    groups = [group(hit(state, text)) for state, text in zip(STATES, texts, strict=False)]
    return brief_of(answer(groups, **more), ENGLISH, made=MADE, we="IND")


def whole() -> Brief:
    groups = [
        group(hit("FRA", "The veto must go.", on_behalf_of=("eu",), aligned_with=("NOR",)),
              hit("FRA", "The veto may stay.", "opposed"), count=5),
        group(hit("NOR", "Perhaps it should go.", "partial", rendered=True, symbol=None,
                  date="2021", date_precision="year", date_inferred=True, folded=2)),
        group(hit("CHN", "Nobody touches the veto.", "opposed", corrected=USER, similarity=0.1,
                  attribution="reported", speaker=None, office=None, percentile=None)),
        group(hit("KEN", "It was debated.", "unclear")),
        group(hit("USA", "It rained.", "unclear", probabilities=None)),
    ]  # fmt: skip
    asked = answer(
        groups, more="next", exclude=["IND"], contraries=[{"issue": "D1", "text": "Keep the veto."}]
    )
    return brief_of(asked, ENGLISH, made=MADE, we="IND")


def plain(file: bytes, form: str = COMMONMARK) -> str:
    """A Markdown file's text as its readers see it, a paragraph a line, footnotes in their
    places."""
    return said(json.loads(pandoc.run(["-f", form, "-t", "json"], file))["blocks"])


def said(node: Any) -> str:
    if isinstance(node, list):
        return "".join(map(said, node))
    if not isinstance(node, dict):
        return ""
    kind, content = node.get("t"), node.get("c")
    if kind == "Str":
        return str(content)
    if kind in ("Space", "SoftBreak"):
        return " "
    if kind == "CodeBlock":
        return f"{content[1]}\n"
    if kind in ("Link", "Span"):  # GitHub makes links of bare addresses
        return said(content[1])
    assert kind not in ("RawInline", "RawBlock", "Math", "Image", "Cite", "Code"), node
    return said(content) + ("\n" if kind in ("Para", "Plain", "Header") else "")


def quotations(file: bytes) -> list[str]:
    """What a Word document has in the style of quotations: the question first."""
    paragraphs = docx.Document(io.BytesIO(file)).paragraphs
    return [p.text for p in paragraphs if p.style is not None and p.style.name == "Block Text"]


def pdf_text(file: bytes) -> str:
    """Without white space: a PDF breaks lines, and words, wherever they end."""
    return "".join(
        "".join(page.extract_text() for page in PdfReader(io.BytesIO(file)).pages).split()
    )


def footnotes(file: bytes) -> list[str]:
    """The texts of those that the document refers to, in the order in which it does."""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        notes = etree.fromstring(parts.read("word/footnotes.xml"))
        body = etree.fromstring(parts.read("word/document.xml"))
    by_id = {note.get(qn("w:id")): "".join(note.itertext(qn("w:t"))).strip() for note in notes}
    return [by_id[place.get(qn("w:id"))] for place in body.iter(qn("w:footnoteReference"))]


def test_word_has_a_real_footnote_for_every_quotation() -> None:
    file = as_docx(whole(), ENGLISH)
    notes = footnotes(file)
    assert len(notes) == 3
    assert notes[0].startswith(
        "France, Ms. A. Speaker, Minister, 2021-09-21, General Assembly, A/76/PV.3. Source: "
        "records.csv; statement FRA_76_2021, characters 10 to 27 (claim FRA_76_2021:10-27). "
    )
    assert "99.9% of random pairs" in notes[0]
    assert "2021 (only the year is known; date inferred from the text)" in notes[1]
    assert "no document symbol known" in notes[1]
    assert notes[2].startswith("China, 2021-09-21, General Assembly, A/76/PV.3.")
    assert notes[2].endswith("Similarity: 0.10.")
    opened = docx.Document(io.BytesIO(file))
    texts = [paragraph.text for paragraph in opened.paragraphs]
    assert quotations(file) == [
        "“The veto must be abolished.”",
        "“The veto must go.”",
        "In our words, not a quotation: Perhaps it should go.",
        "“Nobody touches the veto.”",
    ]
    assert texts[0] == "Where other states stand"
    assert texts[1] == "Made for India on 2025-11-26"
    (table,) = opened.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Where they stand", "States", "Of them quoted here"], ["Aligned", "1", "1"],
        ["With reservations", "1", "1"], ["Opposed", "1", "1"], ["Unclear", "2", "0"],
        ["Together", "5", "3"],
    ]  # fmt: skip
    (page,) = opened.sections
    sides = page.page_width, page.page_height
    assert sides == (pytest.approx(Mm(210), abs=999), pytest.approx(Mm(297), abs=999))  # EMU
    assert "PAGE" in page.footer._element.xml
    assert opened.core_properties.title == "Where other states stand"
    assert opened.core_properties.language == "en"


@pytest.mark.parametrize("ending", ["md", "docx", "pdf"])
def test_every_format_says_all(ending: str) -> None:
    file = FORMATS[ending][0](whole(), ENGLISH)
    if ending == "docx":
        opened = docx.Document(io.BytesIO(file))
        text = "".join([p.text for p in opened.paragraphs] + footnotes(file))
    else:
        text = plain(file) if ending == "md" else pdf_text(file)
    text = "".join(text.split())
    for sentence in (
        "Made for India on 2025-11-26", "Read this first.", "check the quotation before you rely",
        "More states answer than are counted here", "“The veto must go.”",
        "aligned, probability 70%", "On behalf of European Union", "Joins the statement of Norway",
        "Other quotations of this state in the answer: opposed 1",
        "This state's claims on the point: 5", "In our words, not a quotation: Perhaps it should",
        "Nearly identical sentences, not shown: 2", "“Nobody touches the veto.”",
        "Corrected by A. Reader: It is irony.", "The model had said: aligned", "Far from the point",
        "Reported by the source, not the state's own words", "Not quoted here (1): Kenya.",
        "and weren't judged (1): United States of America.", "Left out", "4b7014", "stance-1",
        "Asked as well, for the opposed: “Keep the veto.”", "A/76/PV.3", "FRA_76_2021:10-27",
        "python -m service brief 'The veto must be abolished.' --we IND",
    ):  # fmt: skip
        assert "".join(sentence.split()) in text, sentence


# A process each: many quotations in one brief test as much as many briefs.
@settings(max_examples=10, deadline=None)
@given(texts=st.lists(markup, min_size=5, max_size=5))
def test_markdown_gives_the_quotation_back_word_for_word(texts: list[str]) -> None:
    groups = [
        group(hit(state, text, "opposed", speaker=text, corrected=USER | {"reason": text}))
        for state, text in zip(STATES, texts, strict=True)
    ]
    found = brief_of(answer(groups, text=texts[0]), ENGLISH, made=MADE)
    file = markdown(found, ENGLISH)
    for form in (COMMONMARK, "gfm", "markdown-smart"):
        text = plain(file, form)
        for state, said in zip(STATES, map(visible, texts), strict=True):
            name = ENGLISH.state(state)
            assert f"{name} · 2021-09-21 · {said} · opposed\n“{said}”{name}, {said}, Minis" in text
            assert f"Corrected by A. Reader: {said} · The model had" in text


@settings(max_examples=6, deadline=None)
@given(texts=st.lists(markup.filter(lambda text: "\u00a0" not in text), min_size=5, max_size=5))
def test_the_pdf_shows_the_quotation_word_for_word(texts: list[str]) -> None:
    shown = pdf_text(pdf(brief(*texts), ENGLISH)).replace("\xad", "")
    for text in texts:
        assert "".join(f"“{visible(text)}”".split()) in shown


@settings(max_examples=8, deadline=None)
@given(texts=st.lists(anything, min_size=5, max_size=5))
def test_word_holds_any_text(texts: list[str]) -> None:
    assert quotations(as_docx(brief(*texts), ENGLISH))[1:] == [f"“{visible(t)}”" for t in texts]


@pytest.mark.parametrize("ending", ["md", "docx", "pdf"])
def test_what_is_made_to_break_breaks_nothing(ending: str) -> None:
    found = brief(*NASTY, text=" ".join(NASTY), parts=NASTY[:3])
    file = FORMATS[ending][0](found, ENGLISH)
    text = {
        "md": lambda: plain(file),
        "docx": lambda: "\n".join(p.text for p in docx.Document(io.BytesIO(file)).paragraphs),
        "pdf": lambda: pdf_text(file),
    }[ending]()
    for sign in ("\u202e", "\u2066", "\x00", "\x1b", "\ufffe", "\ud800"):
        assert sign not in text
    squeezed = "".join(text.split()).replace("\u200b", "")
    assert "turned[U+202E]round[U+2066]hidden" in squeezed
    assert "<script>alert(1)</script>&amp;*stars*_lines_" in squeezed
    assert squeezed.count("w") > 10_000  # over several pages
    if ending == "pdf":
        page = PdfReader(io.BytesIO(file)).pages[0]
        (_, _, width, _) = page.mediabox
        for found_page in PdfReader(io.BytesIO(file)).pages:
            places: list[float] = []
            found_page.extract_text(visitor_text=lambda _t, _c, m, *_: places.append(m[4]))  # noqa: B023
            assert all(0 <= place < float(width) for place in places)


@pytest.mark.parametrize("ending", ["md", "docx", "pdf"])
def test_the_same_brief_gives_the_same_bytes(ending: str) -> None:
    write = FORMATS[ending][0]
    found = whole()
    assert write(found, ENGLISH) == write(found, ENGLISH)
    assert write(found, ENGLISH) != write(replace(found, made=date(2025, 11, 27)), ENGLISH)


def test_files_are_dated_by_the_brief() -> None:
    with zipfile.ZipFile(io.BytesIO(as_docx(whole(), ENGLISH))) as parts:
        assert {entry.date_time[:3] for entry in parts.infolist()} == {(2025, 11, 26)}
        core = parts.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2025-11-26T00:00:00Z"}
    made = PdfReader(io.BytesIO(pdf(whole(), ENGLISH)))
    assert made.metadata is not None
    assert made.metadata.creation_date is not None
    assert made.metadata.creation_date.date() == MADE
    assert made.metadata.title == "Where other states stand"


def test_the_pdf_is_on_a4_with_its_fonts_and_its_language() -> None:
    found = PdfReader(io.BytesIO(pdf(whole(), replace(ENGLISH, code="fr-CA"))))
    for page in found.pages:
        assert [round(float(side)) for side in page.mediabox] == [0, 0, 595, 842]
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    assert found.trailer["/Root"]["/Lang"] == "fr"
    assert found.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_our_words_are_translated_and_others_are_not() -> None:
    shouted = replace(ENGLISH, code="fr", words=str.upper, day=lambda day: f"le {day}")
    loud = replace(shouted, words=lambda text: re.sub(r"\{\w+\}|[^{]+", upper, text))
    found = brief_of(answer([group(hit("FRA", "The veto must go."))]), loud, made=MADE)
    text = plain(markdown(found, loud))
    assert "WHERE OTHER STATES STAND" in text
    assert "MADE ON le 2025-11-26" in text
    assert "“The veto must go.”" in text
    for sentence in text.splitlines():
        ours = re.sub(
            r"“.*?”|python.*|France|Ms\. A\. Speaker|Minister|General Assembly", "", sentence
        )
        words = set(re.findall(r"\b[a-z]{3,}\b", ours)) - {"csv", "toy", "stance", "records"}
        assert not words, sentence
    with zipfile.ZipFile(io.BytesIO(as_docx(found, loud))) as parts:
        body, styles = (parts.read(f"word/{n}.xml").decode() for n in ("document", "styles"))
    assert re.search('<w:lang [^>]*w:val="fr"', styles)
    assert body.count('<w:lang w:val="en" />') >= 2


def upper(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith("{") else match[0].upper()
