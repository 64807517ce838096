"""The statement page over real HTTP: hostile text is text, long ones are paged, news is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from service.comparison import Comparator
from service.domain.statements import Kind
from service.retrieval.build import Builder
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import Quiet
from tests.serving import served

WORD = "supercalifragilistic" * 500
SAID = {
    "id": "HOSTILE-1",
    "state": "NOR",
    "date": "2024-09-27",
    "speaker": 'A. <i>Speaker</i> "\u202eyob"',
    "office": "Minister </title><script>alert(0)</script>",
    "forum": "General Assembly, general debate, 79th session",
    "symbol": "A/79/PV.<9>",
    "source": "javascript:alert(1)",
    "text": (
        "<script>alert(document.cookie)</script> must be banned by every State.\n\n"
        "We call for <b onclick='x()'>peace</b> &amp; for \u202ehsilbats\u202c rights of all.\n\n"
        f"States must accept that {WORD} is a word. {{{{ 7 * 7 }}}} must be respected by all.\n\n"
        "We thank the President.\n\n"
        '"><img src=x onerror=alert(2)> shall be condemned.'
    ),
}
EARLIER = [
    {"id": "NOR-2023", "state": "NOR", "date": "2023",
     "forum": "General Assembly, general debate, 78th session",
     "text": "The veto of the five permanent members must be abolished. Whales must be spared. "
             "Small islands must be heard."},
    {"id": "NOR-2024", "state": "NOR", "date": "2024-09-01",
     "forum": "General Assembly, general debate, 79th session",
     "text": "The veto of the five permanent members must be kept. Whales must be spared. "
             "Forests must be planted by every State. We thank the President."},
]  # fmt: skip
LONG = "\n\n".join(
    " ".join(
        f"State {number} of group {group} must disarm and clear mine number {group * number}."
        for number in range(1, 30)
    )
    for group in range(1, 33)
)


@pytest.fixture(scope="module")
def concord(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """Hostile, ordinary and long statements, imported and built, judged by the bundled model."""
    comparator = Comparator(Settings(indexes=tmp_path_factory.mktemp("pages"), rate_limit="none"))
    long = {"id": "LONG", "state": "CUB", "date": "2020", "text": LONG}
    comparator.ingest.put([SAID, *EARLIER, long])
    Builder(comparator.settings.indexes, comparator.encoder, comparator.catalogue.topics.ids).build(
        Quiet()
    )
    return comparator


@pytest.fixture(scope="module")
def site(concord: Comparator) -> Iterator[httpx.Client]:
    app = create_app(comparator=concord, bound_host="127.0.0.1")
    with served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client
    app.extensions["accounts"].close()


def page(site: httpx.Client, path: str, status: int = 200, **asked: Any) -> BeautifulSoup:
    answer = site.get(path, params=asked or None)
    assert answer.status_code == status, answer.text[:500]
    return BeautifulSoup(answer.text, "html.parser")


def twin(site: httpx.Client, path: str, **asked: Any) -> dict[str, Any]:
    answer = site.get(f"{path}.json", params=asked)
    assert answer.status_code == 200, answer.text[:500]
    found: dict[str, Any] = answer.json()
    return found


def text_of(found: dict[str, Any]) -> str:
    return "".join(piece["text"] for run in found["paragraphs"] for piece in run)


def words(element: Tag) -> str:
    return " ".join(element.get_text().split())


def in_context(claim_id: str) -> str:
    statement_id, _, place = claim_id.rpartition(":")
    start = place.partition("-")[0]
    return f"/statements/{statement_id}?claim={quote(claim_id, safe='')}#claim-{start}"


def test_hostile_text_is_shown_as_text(site: httpx.Client) -> None:
    answer = site.get("/statements/HOSTILE-1")
    markup = answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for harmful in ("<script>alert", "<b onclick", "<img", "<i>Speaker", "\u202e", "\u202c"):
        assert harmful not in markup
    shown = BeautifulSoup(markup, "html.parser")
    assert [script["src"] for script in shown.select("script")] == ["/static/concord.js"]
    assert not shown.select('[href^="javascript:" i]')
    assert not [name for tag in shown.find_all() for name in tag.attrs if name.startswith("on")]
    # Each character is there, those that would hide or turn text by their numbers.
    said = " ".join(words(piece) for piece in shown.select(".speech .said"))
    expected = SAID["text"].replace("\u202e", "U+202E").replace("\u202c", "U+202C")
    assert said == " ".join(expected.split())
    assert WORD in said and "{{ 7 * 7 }}" in said
    facts = words(shown.select_one("dl.facts"))
    for name in ("office", "forum", "symbol", "source"):
        assert SAID[name] in facts
    assert 'A. <i>Speaker</i> "yob"' in facts  # an import takes such characters out of names
    for piece in shown.select(".speech .said"):
        assert (piece["lang"], piece["dir"]) == ("en", "auto")


def test_each_position_leads_to_who_else_says_it(site: httpx.Client, concord: Comparator) -> None:
    shown = page(site, "/statements/NOR-2024")
    claims = concord.statement("NOR-2024").claims
    assert {claim.kind for claim in claims} >= {Kind.POSITION, Kind.CEREMONY}
    for claim in claims:
        row = shown.find(id=f"claim-{claim.start}")
        assert row and str(claim.kind) in row["class"]
        links = [link["href"] for link in row.select("a")]
        if claim.kind is not Kind.POSITION:
            assert not links and str(claim.kind) in words(row.select_one(".margin"))
            continue
        (link,) = links
        assert httpx.URL(link).params.multi_items() == [("text", claim.text), ("exclude", "NOR")]
        asked = page(site, link)
        assert asked.select_one("textarea").get_text().strip() == claim.text
        names = {t.id: t.name for t in concord.catalogue.topics}
        assert [t.text for t in row.select(".topic")] == [names[t] for t in claim.topics]


def test_what_is_new(site: httpx.Client, concord: Comparator) -> None:
    shown, news = page(site, "/statements/NOR-2024"), concord.changes("NOR-2024")
    assert news.against and news.against.id == "NOR-2023"
    assert all(news.counts.values()), news.counts
    section = shown.select_one("section.news")
    for change, count in news.counts.items():
        link = section.select_one(f'a[href="#{change}"]')
        assert words(link) == f"{count} {change}"
        rows = section.find("ol", id=change).find_all("li")
        own = [p for p in news.changes if p.change == change]
        assert len(rows) == len(own) == count
        for row, position in zip(rows, own, strict=True):
            # A kept one is shown once.
            both = (
                (position.claim_id, position.text),
                (
                    position.counterpart_id,
                    position.counterpart,
                ),
            )
            for claim_id, text in both[: 1 if change == "kept" else 2]:
                if claim_id is not None:
                    assert text in words(row)
                    assert in_context(claim_id) in [link["href"] for link in row.select("a")]
    changed = section.find("ol", id="changed")
    assert words(changed.select_one("del")) == "abolished"
    assert words(changed.select_one("ins")) == "kept"
    assert "opposed" in words(changed) and "machine judgement" in words(changed)
    (pair,) = (position for position in news.changes if position.change == "changed")
    assert f"similarity {pair.similarity:.2f}" in words(changed)
    # Beside the sentences themselves as well.
    labels = {row["id"]: row.select_one(".margin strong") for row in shown.select(".claim")}
    became = {p.claim_id: str(p.change) for p in news.changes if p.claim_id}
    for claim in concord.statement("NOR-2024").claims:
        label = labels[f"claim-{claim.start}"]
        assert (label and label.text) == became.get(claim.id)


def test_previous_and_next(site: httpx.Client) -> None:
    shown = page(site, "/statements/NOR-2024")
    ways = {a["rel"][0]: a["href"] for a in shown.select("nav.neighbours a")}
    assert ways == {"prev": "/statements/NOR-2023", "next": "/statements/HOSTILE-1"}
    first = page(site, "/statements/NOR-2023")
    assert "none before it" in words(first.select_one("section.news"))
    assert not first.select("section.news form") and not first.select(".margin strong")
    # Another one than the last may be named, and what can't be is refused in its place.
    last = page(site, "/statements/HOSTILE-1", against="NOR-2023")
    assert last.select_one("select option[selected]")["value"] == "NOR-2023"
    assert page(site, "/statements/HOSTILE-1").select_one("option[selected]")["value"] == "NOR-2024"
    refused = page(site, "/statements/HOSTILE-1", against="LONG")
    assert "is of CUB" in words(refused.select_one("section.news .refused"))
    assert refused.select(".speech .said")


def test_long_statements_are_paged(site: httpx.Client, concord: Comparator) -> None:
    first = twin(site, "/statements/LONG")
    assert first["pages"] >= 3
    numbers = range(1, first["pages"] + 1)
    twins = [twin(site, "/statements/LONG", page=number) for number in numbers]
    assert "".join(map(text_of, twins)) == concord.statement("LONG").text == LONG
    assert [bool(found["changes"]) for found in twins] == [number == 1 for number in numbers]
    said = []
    for number in numbers:
        answer = site.get("/statements/LONG", params={"page": number})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.num_bytes_downloaded < 150_000
        shown = BeautifulSoup(answer.text, "html.parser")
        said += [words(piece) for piece in shown.select(".speech .said")]
        ways = {a["rel"][0]: httpx.URL(a["href"]).params["page"] for a in
                shown.select("nav.pagination")[0].select("a")}  # fmt: skip
        beside = {"prev": number - 1, "next": number + 1}
        assert ways == {rel: str(n) for rel, n in beside.items() if n in numbers}
    assert " ".join(said) == " ".join(LONG.split())
    for wrong in ("0", str(first["pages"] + 1), "x", "-1", "", f"{99:011}", "9" * 5_000):
        page(site, "/statements/LONG", status=400, page=wrong)


def test_a_claim_is_found_on_its_page(site: httpx.Client, concord: Comparator) -> None:
    claims = concord.statement("LONG").claims
    pages = set()
    for claim in claims[:: len(claims) // 4]:
        shown = page(site, "/statements/LONG", claim=claim.id)
        named = shown.find(id=f"claim-{claim.start}")
        assert "named" in named["class"]
        assert words(named.select_one(".said")) == " ".join(claim.text.split())
        pages.add(words(shown.select_one("nav.pagination span")))
    assert len(pages) >= 2
    lost = page(site, "/statements/LONG", claim="LONG:1-2")
    assert "isn't in this text" in words(lost) and not lost.select(".named")


def test_what_is_too_much_news_is_counted(
    site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["service.web.pages.statement"], "MOST_SENT", 600)
    groups = twin(site, "/statements/NOR-2024")["changes"]["groups"]
    left_out = {change: group["left_out"] for change, group in groups.items()}
    assert left_out["changed"] == 0 and sum(left_out.values()) >= 2
    shown = page(site, "/statements/NOR-2024")
    links = [a["href"] for a in shown.select('section.news a[href^="/v1/"]')]
    assert len(links) == sum(map(bool, left_out.values()))
    counts = site.get(links[0]).json()["counts"]
    assert counts == {
        change: len(group["positions"]) + group["left_out"] for change, group in groups.items()
    }


def test_a_stored_statement_that_is_not_searched_yet(
    site: httpx.Client, concord: Comparator
) -> None:
    concord.ingest.put([EARLIER[0] | {"id": "NOR-new", "text": "Rivers must run free."}])
    shown = page(site, "/statements/NOR-new")
    assert "isn't searched yet" in words(shown)
    assert words(shown.select_one(".speech .said")) == "Rivers must run free."
    assert not shown.select("section.news, nav.neighbours")
    assert twin(site, "/statements/NOR-new")["searched"] is False
    page(site, "/statements/nowhere", status=404)
    assert (
        site.get("/statements/nowhere.json")
        .headers["Content-Type"]
        .startswith("application/problem+json")
    )


def test_renderings_cite_their_document(bundled: Comparator) -> None:
    app = create_app(comparator=bundled, bound_host="127.0.0.1")
    with served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        shown = page(client, "/statements/CHN_78_2023")
        claims = bundled.statement("CHN_78_2023").claims
        for claim in claims:
            row = shown.find(id=f"claim-{claim.start}")
            assert words(row.select_one(".said")) == claim.text
            assert f"characters {claim.start} to {claim.end} of the document" in words(row)
        assert len(shown.select(".claim")) == len(claims)
        assert not shown.select(".margin strong")  # none can be called new
        assert "rendered in our own words" in words(shown)
        assert "may just be missing here" in words(shown.select_one("section.news"))
        assert "UN General Debate Corpus, CHN_78_2023.txt" in words(shown.select_one("dl.facts"))
        found = twin(client, "/statements/CHN_78_2023")
        assert found["statement"]["rendered"] and not found["changes"]["whole"]
    app.extensions["accounts"].close()
