"""The blocs' pages over real HTTP: what they show is the cohesion, with the words that show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from service.comparison import Comparator
from service.domain.issues import Issues
from service.domain.states import fold
from service.web.pages.bloc import on_difference_scale, signed
from tests.conftest import statement
from tests.peace import AGAINST, FOR, peaceful
from tests.web.pages.conftest import browsing, page, refused, words

NAM, FILLING = "non-aligned-movement", ("ISL", "KOR")
SAID = (
    *(statement(state, "2001", FOR) for state in ("IND", "CUB", "EGY", "ZAF")),
    statement("IDN", "2005", AGAINST, forum="The <i>Movement</i>"),
    *(statement(state, "2003", *(f"{state} {n} {n}" for n in range(60))) for state in FILLING),
)  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Iterator[httpx.Client]:
    found = peaceful(tmp_path_factory.mktemp("blocs"), stance_folder, SAID)
    peace = found.issues["peace"]
    said = tuple(example for example in peace.examples if example.text)
    found.issues = Issues([replace(peace, examples=said), found.issues["D01"]])
    found.standings("peace")
    with browsing(found) as client:
        yield client


def test_every_bloc_is_listed(site: httpx.Client, judging: Comparator) -> None:
    shown = page(site, "/blocs")
    links = {item.a["href"]: words(item.small) for item in shown.select(".blocs li")}
    assert links.keys() == {f"/blocs/{bloc.id}" for bloc in judging.catalogue.blocs}
    today = judging.catalogue.blocs.members("eu", date.today())
    assert links["/blocs/eu"] == f"{len(today)} members"
    names = [words(link) for link in shown.select(".blocs a")]
    assert names == sorted(names, key=fold)


def test_members_are_those_of_the_day(site: httpx.Client, judging: Comparator) -> None:
    shown = page(site, "/blocs/eu", on="1990")
    listed = {a["href"] for a in shown.select('#members ~ details a[href^="/states/"]')}
    then = judging.catalogue.blocs.members("eu", date(1990, 12, 31))
    assert listed == {f"/states/{code}" for code in then}
    assert "December 31, 1990" in words(shown.select_one("#members"))
    assert shown.select_one("#on")["value"] == "1990"
    nobody = page(site, "/blocs/eu", on="1950")
    assert "None on that day" in words(nobody.main)


def test_the_page_shows_unity_of_wording(site: httpx.Client, judging: Comparator) -> None:
    found = judging.cohesion("g77")
    twin = site.get("/blocs/g77.json").json()
    assert {name: twin[name] for name in found.to_dict()} == found.to_dict()
    shown = page(site, "/blocs/g77")
    known = [topic for topic in found.topics if topic.difference is not None]
    rows = [
        [words(cell) for cell in row.select("th, td")]
        for row in shown.select("#topics ~ .scroll tbody tr")
    ]
    assert len(rows) == len(known) > 0
    for row, topic in zip(rows, known, strict=True):
        assert row[:3] == [topic.name, f"{topic.within:.2f}", f"{topic.between:.2f}"]
        assert row[3] == signed(topic.difference or 0)
        assert row[6:] == [str(topic.members), str(topic.outsiders), str(topic.positions)]


def test_who_breaks_ranks_is_shown_by_their_words(judged: httpx.Client) -> None:
    shown = page(judged, f"/blocs/{NAM}")
    ranks = [
        [words(cell) for cell in row.select("th, td")]
        for row in shown.select("#ranks ~ .scroll tbody tr")
    ]
    assert ranks == [["Indonesia", "1", "1", "1"]]
    on = shown.select_one("#issue-peace")
    assert on is not None
    told = words(on)
    assert "Most, as the machine judges: for" in told
    assert "4 for, 1 against" in told
    assert "unity 80% · Rice's index 0.60" in told
    assert "5 sides inferred: machine judgement, check the quotation" in told
    (breaker,) = on.select(".plain-list > li")
    assert breaker.a["href"] == "/states/IDN"
    assert words(breaker.select_one(".badge")) == "against"
    assert words(breaker.blockquote) == AGAINST
    assert "<i>Movement</i>" in words(breaker.figcaption)
    assert breaker.select_one('figcaption a[href^="/statements/IDN_0_2005"]')
    earlier = page(judged, f"/blocs/{NAM}", to="2003")
    assert "Nobody, as far as issues are judged" in words(earlier.main)


def test_one_topic_alone(site: httpx.Client) -> None:
    shown = page(site, "/blocs/eu", topic="human-rights")
    (chosen,) = shown.select("#topic option[selected]")
    assert chosen["value"] == "human-rights"
    links = [link["href"] for link in shown.select("#topics ~ .scroll tbody a")]
    assert links in ([], ["/topics/human-rights"])


@pytest.mark.parametrize(
    ("path", "status"),
    [("/blocs/nothing", 404), ("/blocs/eu?from=x", 400), ("/blocs/eu?on=x", 400),
     ("/blocs/eu?topic=Atlantis", 400), ("/blocs/eu?judge_all=true", 400)],
)  # fmt: skip
def test_refusals_are_pages_and_problems(site: httpx.Client, path: str, status: int) -> None:
    refused(site, path, status)


def test_the_api_says_the_same(site: httpx.Client, judging: Comparator) -> None:
    found = site.get("/v1/blocs/eu/cohesion", params={"from": "2005"})
    assert found.json() == judging.cohesion("eu", **{"from": 2005}).to_dict()
    assert site.get("/v1/blocs/nothing/cohesion").status_code == 404
    lines = site.get("/v1/blocs/eu/cohesion", params={"format": "ndjson"}).text.splitlines()
    whole = judging.cohesion("eu")
    assert len(lines) == len(whole.topics) + len(whole.issues)


def test_differences_have_their_sign() -> None:
    assert [signed(figure) for figure in (0.1234, 0, -0.0001, -0.1256)] == [
        "+0.123", "0.000", "0.000", "\u22120.126",
    ]  # fmt: skip
    assert [on_difference_scale(figure) for figure in (-1, -0.2, 0, 0.1, 1)] == [0, 0, 50, 75, 100]
