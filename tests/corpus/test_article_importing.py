"""An article's formats, what its importer says of it, what is left out and what nobody can tell."""

from pathlib import Path

import docx
import pytest

from service.errors import InvalidInput
from tests.corpus.articles import WIRE, read, read_text, words
from tests.corpus.test_documents import pdf

SUMMIT = """Kenya calls for reform of lending

NAIROBI - Kenya's Cabinet Secretary for Foreign Affairs Dr. Amina Wekesa on Thursday called for a \
fairer lending system, saying poor countries pay five times as much as rich ones.

Speaking at the opening of the Africa Finance Summit in Nairobi, Wekesa said African states should \
have a permanent seat on the boards of lenders.

"The present rules were written when most of us were colonies," the Cabinet Secretary said. "They \
must be rewritten."

Wekesa emphasized the need for concessional finance. She further noted that "debt is not a moral \
failing".

Over 2,000 delegates are attending the three-day summit.

The minister also underscored Kenya's commitment to climate action and pledged to plant five \
billion trees by 2032.

Opposition leader Peter Kamau dismissed the speech as empty words. "She says this every year," he \
said.
"""
SUMMIT_CLAIMS = [
    "called for a fairer lending system, saying poor countries pay five times as much as rich "
    "ones.",
    "African states should have a permanent seat on the boards of lenders.",
    "The present rules were written when most of us were colonies",
    "They must be rewritten.",
    "emphasized the need for concessional finance.",
    '"debt is not a moral failing".',
    "underscored Kenya's commitment to climate action and pledged to plant five billion trees "
    "by 2032.",
]


def test_minister_at_a_summit(tmp_path: Path) -> None:
    (kenya,) = read_text(tmp_path, SUMMIT, date="2023-06-01", source="Own desk").values()
    assert [text.strip('".') for text in words(kenya)] == [t.strip('".') for t in SUMMIT_CLAIMS]
    assert (kenya.speaker, kenya.office) == (
        "Amina Wekesa",
        "Cabinet Secretary for Foreign Affairs",
    )
    assert (kenya.forum, kenya.source) == ("Africa Finance Summit", "Own desk")
    assert kenya.id == "KEN_2023-06-01_story"


def test_same_article_as_page_pdf_and_docx(tmp_path: Path) -> None:
    paragraphs = SUMMIT.strip().split("\n\n")
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(str(tmp_path / "story.docx"))
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs[1:])
    (tmp_path / "story.html").write_text(
        "<html><head><title>x</title><meta property='article:published_time' "
        "content='2023-06-02T08:00:00Z'><meta property='og:site_name' content='The Ledger'></head>"
        f"<body><nav>Home</nav><article><h1>{paragraphs[0]}</h1>{body}</article></body></html>"
    )
    lines: list[str] = []
    for paragraph in paragraphs:
        row = ""
        for word in paragraph.replace("(", "").split():
            if len(row) + len(word) > 80:
                lines.append(row)
                row = ""
            row = f"{row} {word}".strip()
        lines += [row, ""]
    (tmp_path / "story.pdf").write_bytes(pdf("\n".join(lines)))
    for suffix in ("docx", "html", "pdf"):
        overrides = {} if suffix == "html" else {"date": "2023-06-01"}
        found, _ = read(tmp_path / f"story.{suffix}", **overrides)
        (kenya,) = found.values()
        stripped = [text.strip('".').replace("’", "'") for text in words(kenya)]
        if suffix == "pdf":  # its paragraphs are lost, and with them the certainty of some
            assert set(stripped) <= {text.strip('".') for text in SUMMIT_CLAIMS}
            assert len(stripped) >= 6
        else:
            assert stripped == [text.strip('".') for text in SUMMIT_CLAIMS]
        if suffix == "html":
            assert kenya.source == "The Ledger"
            assert (str(kenya.date), kenya.date.inferred) == ("2023-06-01", True), "on Thursday"


def test_what_is_left_out_is_reported_by_line(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text(WIRE)
    _, report = read(path)
    reasons = {(e.line, e.reason.split(":")[0]) for e in report.entries}
    assert (1, "frame") in reasons
    assert (3, "frame") in reasons
    assert (9, "the correspondent's own words") in reasons
    assert (15, "not a state's representative") in reasons
    assert (21, "not a state's representative") in reasons
    assert any("Bertil Aamodt" in entry.reason for entry in report.entries)


NAMELESS = "Ambassador Lee Min-ho said that rivers must be shared. He urged patience."


def test_unknown_state_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Lee Min-ho") as caught:
        read_text(tmp_path, NAMELESS, date="2020-01-01")
    assert caught.value.field == "state"
    (statement,) = read_text(tmp_path, NAMELESS, date="2020-01-01", state="KOR").values()
    assert (statement.state, statement.speaker) == ("KOR", "Lee Min-ho")
    assert words(statement) == ["rivers must be shared.", "urged patience."]


def test_state_picks_among_several(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text(WIRE)
    found, report = read(path, state="Kenya", speaker="J. Otieno", source="x", forum="Dam talks")
    (kenya,) = found.values()
    assert (kenya.state, kenya.speaker, kenya.source, kenya.forum) == (
        "KEN",
        "J. Otieno",
        "x",
        "Dam talks",
    )
    assert sum("not for KEN" in entry.reason for entry in report.entries) == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"state": "Narnia"}, "state"),
        ({"state": "CHL"}, "state"),
        ({"speaker": "Nobody Here"}, "speaker"),
        ({"date": "4 March"}, "date"),
    ],
)
def test_impossible_wishes(tmp_path: Path, given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, WIRE, **given)
    assert caught.value.field == field


def test_date_without_a_year(tmp_path: Path) -> None:
    story = "OSLO, May 2 (NTB) - Norway's minister, Liv Dahl, said that fish are friends."
    with pytest.raises(InvalidInput, match="give its date, YYYY-MM-DD") as caught:
        read_text(tmp_path, story)
    assert caught.value.field == "date"
    (told,) = read_text(tmp_path, story, date="2018-05-02").values()
    assert (str(told.date), told.date.inferred) == ("2018-05-02", False)
    (worked_out,) = read_text(tmp_path, story + " They met on 2 May 2017.").values()
    assert (str(worked_out.date), worked_out.date.inferred) == ("2017-05-02", True)
    with pytest.raises(InvalidInput, match="date"):
        read_text(tmp_path, story.replace("May 2 ", "") + " The law is of 3 May 1998.")


@pytest.mark.parametrize(
    "text", ["The weather was fine in Oslo.", "Professor Ida Lund said that fish are friends."]
)
def test_article_in_which_no_state_speaks(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="representative of a state") as caught:
        read_text(tmp_path, text, date="2020")
    assert caught.value.field == "state"
