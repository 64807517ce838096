"""Citations, read back as reference managers read them."""

from __future__ import annotations

import json
from typing import Any

import rispy
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.answers import Answer, Hit
from service.domain.visible import visible
from service.takeaway import pandoc
from service.takeaway.citations import bibtex, csl_items, ris
from tests.takeaway.answers import ENGLISH, MADE, answer, group, hit

# No star: pandoc, reading `\textgreater*`, takes it for the command's.
any_text = st.text(
    st.sampled_from("ab .,:;-–/\\_`~^#$%&@<>(){}[]\"'éß\u202e\x00\n"), min_size=1
).map(lambda text: f"a{text}z")


def quoted() -> Answer:
    first, second = (
        hit("FRA", "The veto must go.", start=10, end=27),
        hit("FRA", "It must go now.", start=40, end=55),
    )
    vague = hit(
        "NOR", "Perhaps.", "partial", date="2021-06", date_precision="month", date_inferred=True,
        speaker=None, symbol=None, forum=None, rendered=True, source="https://un.org/a;b?c=1&d_e",
    )  # fmt: skip
    return answer([group(first, second), group(vague)])


def from_bibtex(file: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(pandoc.run(["-f", "bibtex", "-t", "csljson"], file))
    return found


def test_one_item_a_statement_with_what_is_known_of_it() -> None:
    french, norwegian = csl_items(quoted(), ENGLISH)
    assert french == {
        "id": "FRA_76_2021",
        "type": "speech",
        "author": [{"literal": "France (Ms. A. Speaker)"}],
        "title": "Statement, Minister, General Assembly",
        "issued": {"date-parts": [[2021, 9, 21]]},
        "container-title": "General Assembly",
        "event-title": "General Assembly",
        "number": "A/76/PV.3",
        "note": "2021-09-21; Source: records.csv; Quoted: characters 10 to 27 of FRA_76_2021; "
        "Quoted: characters 40 to 55 of FRA_76_2021",
    }
    assert norwegian["author"] == [{"literal": "Norway"}]
    assert norwegian["issued"] == {"date-parts": [[2021, 6]], "circa": True}
    assert norwegian["URL"] == "https://un.org/a;b?c=1&d_e"
    assert "In our words: characters 10 to 18 of NOR_76_2021" in norwegian["note"]
    assert not {"number", "container-title"} & set(norwegian)


def test_hits_without_groups_are_cited_too() -> None:
    alone = answer([hit("FRA", "One."), hit("NOR", "Two.", None)], group_by="none")
    assert [item["id"] for item in csl_items(alone, ENGLISH)] == ["FRA_76_2021", "NOR_76_2021"]


def test_bibtex_is_read_back() -> None:
    french, norwegian = from_bibtex(bibtex(csl_items(quoted(), ENGLISH), MADE))
    assert (french["id"], norwegian["id"]) == ("FRA_76_2021", "NOR_76_2021")
    assert french["author"] == [{"literal": "France (Ms. A. Speaker)"}]
    assert french["title"] == "Statement, Minister, General Assembly"
    assert french["number"] == "A/76/PV.3"
    assert french["issued"]["date-parts"] == [[2021, 9]]
    assert french["note"].startswith("2021-09-21; Source: records.csv; Quoted")
    assert norwegian["URL"] == "https://un.org/a;b?c=1&d_e"


def test_ris_is_read_back() -> None:
    file = ris(csl_items(quoted(), ENGLISH)).decode()
    assert file.startswith("TY  - GOVDOC\n")
    french, norwegian = rispy.loads(file)
    assert french["id"] == "FRA_76_2021"
    assert french["authors"] == ["France (Ms. A. Speaker)"]
    assert (french["year"], french["date"]) == ("2021", "2021/09/21/")
    assert (french["number"], french["secondary_title"]) == ("A/76/PV.3", "General Assembly")
    assert (norwegian["year"], norwegian["date"]) == ("2021", "2021/06//")
    assert norwegian["urls"] == ["https://un.org/a%3Bb?c=1&d_e"]
    assert "number" not in norwegian


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(any_text, any_text, any_text, any_text), min_size=5, max_size=5))
def test_no_text_is_markup(texts: list[tuple[str, str, str, str]]) -> None:
    hits = [
        hit("FRA", "No.", statement_id=f"S{number}", speaker=speaker, forum=forum, symbol=symbol,
            source=source)
        for number, (speaker, forum, symbol, source) in enumerate(texts)
    ]  # fmt: skip
    items = csl_items(answer([group(*hits)]), ENGLISH)
    from_ris, from_bib = rispy.loads(ris(items).decode()), from_bibtex(bibtex(items, MADE))
    for told, item, given_texts in zip(from_ris, from_bib, texts, strict=True):
        speaker, forum, symbol, source = map(visible, given_texts)
        assert (told["number"], told["secondary_title"]) == (symbol, forum)
        assert told["authors"] == [f"France ({speaker})"]
        assert squeezed(item["title"]) == squeezed(f"Statement, Minister, {forum}")
        assert squeezed(item["number"]) == squeezed(symbol)
        assert squeezed(item["author"][0]["literal"]) == squeezed(f"France ({speaker})")
        assert squeezed(f"Source: {source}; Quoted") in squeezed(item["note"])


def squeezed(text: str) -> str:
    """LaTeX has its own hyphens and quotation marks, and a space ends a command."""
    for own, usual in {"–": "-", "--": "-", "—": "-", "“": "''", "”": "''", '"': "''"}.items():
        text = text.replace(own, usual)
    return "".join(text.replace("`", "'").replace("‘", "'").replace("’", "'").split())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8, unique=True))
def test_keys_are_unique_stable_and_plain(ids: list[str]) -> None:
    def cited(statement_id: str) -> Hit:
        return hit("FRA", "No.", statement_id=statement_id)

    keys = [item["id"] for item in csl_items(answer([group(*map(cited, ids))]), ENGLISH)]
    assert len(set(keys)) == len(ids)
    for statement_id, key in zip(ids, keys, strict=True):
        (alone,) = csl_items(answer([group(cited(statement_id))]), ENGLISH)
        assert alone["id"] == key
        assert not set(key) - set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"
        )
