"""The states' pages over real HTTP: what they show is the profile, and hostile text is text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from bs4 import BeautifulSoup

from service.comparison import Comparator
from service.domain.issues import Issues
from service.web.pages.state import SHOWN, TOPICS_SHOWN, on_ratio_scale
from tests.conftest import statement
from tests.peace import FOR, PROPOSITION, STATEMENTS, peaceful
from tests.web.pages.conftest import browsing, page, refused, words

HOSTILE = statement(
    "NRU", "2005", "<script>alert(1)</script> \u202eyob must be banned", "we want more of it",
    forum='General "Assembly" <b>',
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    """`peaceful`, judged, with a hostile statement."""
    folder = tmp_path_factory.mktemp("states")
    found = peaceful(folder, stance_folder, [*STATEMENTS, HOSTILE])
    found.issues = Issues([found.issues["peace"], found.issues["D01"]])
    found.standings("peace")
    return found


@pytest.fixture(scope="module")
def judged(small: Comparator) -> Iterator[httpx.Client]:
    with browsing(small) as client:
        yield client


def test_every_state_is_listed_by_name_under_its_letter(
    site: httpx.Client, judging: Comparator
) -> None:
    shown = page(site, "/states")
    letters = [link["href"] for link in shown.select(".letters a")]
    assert letters == sorted(letters)
    assert letters == [f"#{heading['id']}" for heading in shown.select(".letter h2")]
    listed: dict[str, str] = {}
    for section in shown.select(".letter"):
        letter = words(section.h2)
        for item in section.select("li"):
            code = item.a["href"].removeprefix("/states/")
            listed[code] = words(item.small)
            assert words(item.a)[0].replace("É", "E") == letter
    speakers = {one.state: one for one in judging.speakers()}
    assert listed.keys() == speakers.keys()
    for code, told in listed.items():
        assert told.split()[0] == str(speakers[code].statements)
    silent = {link["href"].removeprefix("/states/") for link in shown.select("details a")}
    assert silent == {state.code for state in judging.catalogue.states} - speakers.keys()
    french = httpx.get(f"{site.base_url}/states", headers={"Accept-Language": "fr"}).text
    assert "Allemagne" in [
        words(a) for a in BeautifulSoup(french, "html.parser").select("#A ~ ul a")
    ]


def test_the_page_shows_the_profile(site: httpx.Client, judging: Comparator) -> None:
    found = judging.profile("FRA")
    assert site.get("/states/FRA.json").json() == found.to_dict()
    shown = page(site, "/states/FRA")
    assert words(shown.h1) == "France FRA"
    blocs = [link["href"] for link in shown.select('main > p a[href^="/blocs/"]')]
    assert blocs == [f"/blocs/{bloc}" for bloc in found.blocs]
    statements = [unquote(a["href"]) for a in shown.select(".years a")]
    expected = [f"/statements/{s}" for year in reversed(found.years) for s in year.statements]
    assert statements == expected
    for link in shown.select(".years a"):
        assert site.get(link["href"]).status_code == 200
    rows = [[words(cell) for cell in row.select("th, td")] for row in shown.select("tbody tr")]
    spoken = [topic for topic in found.topics if topic.positions]
    for row, topic in zip(rows, spoken[:TOPICS_SHOWN], strict=False):
        assert row[:2] == [topic.name, str(topic.positions)]
        assert row[2] == f"{100 * (topic.share or 0):.1f}%"
        assert row[5] == f"{topic.ratio:.2f}"
        assert row[6] == f"{topic.low:.2f}–{topic.high:.2f}"
    near = [
        [words(cell) for cell in row.select("th, td")]
        for row in shown.select("section[aria-labelledby=near] tbody tr")
    ]
    assert len(near) == len(found.nearest)
    first, last = found.nearest[0], found.nearest[-1]
    for row, one in ((near[0], first), (near[SHOWN], last)):
        assert row[4:6] == [f"{one.expected:.2f}", str(one.positions)]
        assert row[:3] == [one.name, f"{one.similarity:.2f}", f"{one.low:.2f}–{one.high:.2f}"]
    quoted = [words(quote) for quote in shown.select("#latest ~ figure blockquote")]
    assert quoted == [" ".join(record.claim.text.split()) for record in found.latest]


def test_a_period_is_kept_and_narrows(site: httpx.Client, judging: Comparator) -> None:
    shown = page(site, "/states/FRA", **{"from": "2015", "to": "2020", "lang": "en"})
    assert [field["value"] for field in shown.select(".period input")] == ["2015", "2020"]
    years = [words(link) for link in shown.select(".years a")]
    assert years
    assert all("2015" <= year <= "2020" for year in years)
    nothing = page(site, "/states/FRA", to="1950")
    assert "says nothing here" in words(nothing.main)
    assert nothing.select('main a[href="/states/FRA"]')


def test_sides_stand_with_the_words_that_show_them(judged: httpx.Client) -> None:
    shown = page(judged, "/states/IND")
    (on,) = shown.select("#sides ~ ul > li")
    assert words(on.h3) == PROPOSITION
    assert on.h3.a["href"] == "/issues/peace"
    assert words(on.select_one(".badge.reservations")) == "with reservations"
    assert "since 2009" in words(on)
    assert "machine judgement, check the quotation" in words(on)
    assert words(on.blockquote) == "later some peace perhaps"
    assert on.select_one('figcaption a[href^="/statements/IND_0_2009"]')
    assert "1 of 2 issues are judged so far" in words(shown.main)
    france = page(judged, "/states/FRA")
    assert words(france.select_one("#sides ~ ul blockquote")) == FOR


def test_unjudged_issues_are_said_to_be(site: httpx.Client) -> None:
    assert "issues" in words(page(site, "/states/FRA").select_one("#sides ~ .note"))


def test_hostile_text_is_text(judged: httpx.Client) -> None:
    answer = judged.get("/states/NRU")
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    shown = BeautifulSoup(answer.text, "html.parser")
    assert "<script>alert(1)</script> U+202Eyob must be banned" in words(shown.main)
    assert 'General "Assembly" <b>' in words(shown.main)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/states/XXX", 404), ("/states/FRA?from=x", 400), ("/states/FRA?colour=red", 400),
     ("/states/FRA?judge_all=true", 400), ("/states/FRA?from=2010&to=2000", 400)],
)  # fmt: skip
def test_refusals_are_pages_and_problems(site: httpx.Client, path: str, status: int) -> None:
    refused(site, path, status)


def test_the_api_says_the_same(site: httpx.Client, judging: Comparator) -> None:
    found = site.get("/v1/states/FRA/profile", params={"from": "2005"})
    assert found.json() == judging.profile("FRA", **{"from": 2005}).to_dict()
    assert site.get("/v1/states/XXX/profile").status_code == 404
    assert site.get("/v1/states/FRA/profile", params={"from": "x"}).status_code == 400
    lines = site.get("/v1/states/FRA/profile", params={"format": "csv"}).text.splitlines()
    whole = judging.profile("FRA")
    assert len(lines) == 1 + len(whole.topics) + len(whole.nearest) + len(whole.issues)


def test_ratios_are_drawn_about_the_middle() -> None:
    assert [on_ratio_scale(ratio) for ratio in (0, 1 / 8, 1, 8, 100)] == [0, 0, 50, 100, 100]
    assert on_ratio_scale(2) - 50 == pytest.approx(50 - on_ratio_scale(0.5))
