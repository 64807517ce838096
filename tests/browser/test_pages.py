"""Every page in a real browser: what a desk officer does, with and without a mouse, in both
colours, on small and on large screens."""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from docx import Document
from playwright.sync_api import Page

from service.client import Client
from service.comparison import Comparator
from service.domain.access import Scope
from service.jobs.store import State
from service.settings import Settings
from service.web.app import create_app
from tests.browser.conftest import LONG
from tests.conftest import PROJECT
from tests.serving import served

# All of 2000-2023, as `make bench` builds it.
GENERAL_DEBATE = PROJECT / "indexes" / "bench"
QUESTION = "The veto must be abolished."
HELD = "The embargo against Cuba must be lifted."  # by bundled positions
ASKED = f"/?text={quote(QUESTION)}&we=CHN"
PATHS = [
    "/", ASKED, f"{ASKED}&per_state=3&states=FJI", "/draft", "/jobs", "/import", "/key", "/issues",
    "/issues/X004", "/topics", "/topics/veto", "/states", "/states/FJI", "/blocs", "/blocs/g77",
    "/statements/FJI_2022", "/statements/FJI_HOSTILE_2020", "/docs", "/problems/invalid-input",
    "/?text=veto&colour=red", "/nowhere",
]  # fmt: skip


@pytest.fixture(scope="session")
def paths(address: str) -> list[str]:
    """PATHS, a quotation explained, and what long work has found or does."""
    with Client(address) as client:
        claim = next(iter(client.hits(QUESTION, limit=1)))["claim_id"]
        job = client.submit("trends", {"topic": "veto"}, formats=["csv"])
        assert client.wait(job).state == "done"
    sent = urlencode({"text": "The veto must go. Debt must be cancelled.", "we": "FJI"}).encode()
    with urllib.request.urlopen(f"{address}/draft", sent) as answer:
        draft = urlsplit(answer.url).path
    _wait_for_end(f"{address}{draft}")
    with urllib.request.urlopen(f"{address}/issues/X004/judge", b"") as answer:
        judging = urlsplit(answer.url).path
    explained = f"/explain?{urlencode({'text': QUESTION, 'claim_id': claim})}"
    return [*PATHS, explained, f"/study/{job.id}", draft, judging]


def _wait_for_end(job: str, **headers: str) -> None:
    while True:
        with urllib.request.urlopen(urllib.request.Request(f"{job}.json", None, headers)) as answer:
            if State(json.load(answer)["job"]["state"]).ended:
                return
        time.sleep(0.1)


def test_from_an_empty_browser_to_a_brief(new_visit: Any, tmp_path: Path) -> None:
    visit = new_visit()
    page = visit.open("/")
    visit.does(page.get_by_label("A claim, a paragraph or a whole statement").fill, HELD)
    visit.does(page.get_by_label("We are").select_option, "CHN")
    visit.does(page.get_by_role("button", name="Compare").click)
    page.get_by_role("heading", name="Answer", exact=True).wait_for()
    visit.does(page.locator(".counts .aligned a").click)
    first = page.locator('section[aria-labelledby="aligned"] li.state').first
    said = first.locator("blockquote p").first.inner_text()
    with page.expect_download() as download:
        visit.does(page.get_by_role("link", name="brief (Word)").click)
    assert visit.interactions <= 6
    kept = tmp_path / "brief.docx"
    download.value.save_as(kept)
    brief = "\n".join(paragraph.text for paragraph in Document(str(kept)).paragraphs)
    assert HELD in brief
    assert said[:60] in brief
    assert not visit.errors


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", None), ("dark", {"runOnly": ["color-contrast"]})]
)
def test_no_page_has_an_accessibility_violation(
    new_visit: Any, paths: list[str], scheme: str, rules: dict[str, Any] | None
) -> None:
    """All rules in light colours; in dark ones those that colours can break."""
    visit = new_visit(color_scheme=scheme)
    found = []
    for path in paths:
        page = visit.open(path)
        for details in page.locator("details").all():
            details.evaluate("d => d.open = true")
        found += [(path, *violation) for violation in _violations(page, rules)]
    assert not found


def _violations(page: Page, rules: dict[str, Any] | None) -> list[tuple[str, list[str]]]:
    results = Axe().run(page, options={"resultTypes": ["violations"]} | (rules or {}))
    assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}, page.url
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"][:3]])
        for violation in results.response["violations"]
    ]


def test_the_report_of_an_import_is_a_page_like_the_others(new_visit: Any, tmp_path: Path) -> None:
    """On an index of its own, sent by the page's form."""
    table = tmp_path / "table.csv"
    table.write_text(
        "state,date,text\nNorway,2024-01-01,The veto must go.\nAtlantis,2024,We sank.\n"
    )
    app = create_app(
        comparator=Comparator(Settings(indexes=tmp_path / "own")), bound_host="127.0.0.1"
    )
    _, token = app.extensions["accounts"].keys.create("a test", (Scope.READ, Scope.IMPORT))
    with (
        closing(app.extensions["accounts"]),
        closing(app.extensions["work"].worker),
        closing(app.extensions["work"].slow),
        served(app) as address,
    ):
        page = new_visit(viewport={"width": 360, "height": 800}).page
        page.context.add_cookies([{"name": "key", "value": token, "url": address}])
        page.goto(f"{address}/import")
        page.locator("input[type=file]").set_input_files(table)
        page.get_by_role("button", name="Import").click()
        page.wait_for_url("**/import/*")
        _wait_for_end(page.url, **{"X-API-Key": token})
        page.goto(page.url)
        assert "Atlantis" in page.locator("main").inner_text()
        assert not _violations(page, None)
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_no_page_is_wider_than_its_window(new_visit: Any, paths: list[str], width: int) -> None:
    visit = new_visit(viewport={"width": width, "height": 900})
    wide = []
    for path in paths:
        page = visit.open(path)
        spill = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        if spill > 0:
            wide.append((path, spill))
    assert not wide


def test_every_page_is_small(address: str, paths: list[str]) -> None:
    large, refused = {}, {}
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    for path in paths:
        request = urllib.request.Request(address + path, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                body, how = answer.read(), answer.headers.get("Content-Encoding")
            assert how == "gzip"
        except urllib.error.HTTPError as error:  # refusals aren't compressed
            body, refused[path] = error.read(), error.code
        if len(body) > 150_000:
            large[path] = len(body)
    assert not large
    assert refused == {"/?text=veto&colour=red": 400, "/nowhere": 404}


def test_the_keyboard_is_enough(new_visit: Any) -> None:
    visit = new_visit()
    page = visit.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type(QUESTION)
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", focused
        if focused.strip() == "Compare":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer")
    # Everything that can be clicked is reached by Tab, in the order of the page.
    reachable = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]"
        ".filter(e => e.checkVisibility()).every(e => e.tabIndex === 0)"
    )
    assert reachable
    assert not visit.errors


def test_without_scripts_every_page_works(new_visit: Any) -> None:
    visit = new_visit(java_script_enabled=False)
    page = visit.open("/")
    page.get_by_label("A claim, a paragraph or a whole statement").fill(QUESTION)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Answer", exact=True).wait_for()
    assert page.locator("main li[id^=state-]").count() > 50
    page.get_by_role("link", name="why?").first.click()
    page.get_by_role("heading", name="Why this verdict?").wait_for()


def test_deciding_words_are_marked_as_they_come_into_view(new_visit: Any) -> None:
    visit = new_visit()
    page = visit.open(ASKED)
    quotation = page.locator(".quotation[data-asked]:has(a[href^='/explain'])").first
    before = quotation.locator("blockquote p").inner_text()
    quotation.scroll_into_view_if_needed()
    quotation.locator("mark.decides").first.wait_for()
    assert quotation.locator("blockquote p").inner_text() == before
    assert not visit.errors


def test_suggestions_lead_to_answers(new_visit: Any) -> None:
    visit = new_visit()
    page = visit.open("/")
    page.get_by_label("A claim, a paragraph or a whole statement").press_sequentially("veto abol")
    link = page.locator("#suggestions a").first
    link.wait_for()
    text = link.inner_text()
    link.click()
    page.wait_for_selector("#answer")
    assert page.locator("#text").input_value() == text
    assert not visit.errors


def test_a_dropped_text_is_read_into_the_box(new_visit: Any) -> None:
    visit = new_visit()
    page = visit.open("/")
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            const text = "Debt must be cancelled.";
            transfer.items.add(new File([text], "draft.txt", {type: "text/plain"}));
            const box = document.getElementById("text");
            box.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
        }"""
    )
    page.wait_for_function("document.getElementById('text').value === 'Debt must be cancelled.'")
    assert not visit.errors


@pytest.mark.parametrize(
    "path",
    [
        "/statements/FJI_HOSTILE_2020", "/states/FJI", "/topics/veto",
        "/?text=The+veto+must+be+abolished.&states=FJI",
        "/?text=Sanctions+must+be+lifted.&states=FJI",
    ],
)  # fmt: skip
def test_what_others_wrote_is_shown_as_text(new_visit: Any, path: str) -> None:
    visit = new_visit(viewport={"width": 360, "height": 800})
    page = visit.open(path)
    for details in page.locator("details").all():
        details.evaluate("d => d.open = true")
    assert page.title().endswith("· Concord")
    assert not page.locator("main b, main i, main img, main script").count()
    text = page.locator("main").inner_text()
    shown = ["<script>", "<b onmouseover=alert(1)>", LONG, "onerror=alert(1)", "{{ 7 * 7 }}",
             "<i>Speaker</i>"]  # fmt: skip
    if "HOSTILE" in path:  # the whole of it, as it was given
        shown += ["U+202E", "&lt;before&gt;"]
    assert not [part for part in shown if part not in text]
    assert "\u202e" not in text
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    assert not visit.errors


def test_a_french_reader_has_french_pages(new_visit: Any) -> None:
    visit = new_visit(locale="fr-FR")
    page = visit.open(ASKED)
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator('select[name="we"] option[selected]').inner_text() == "Chine"
    page.get_by_role("link", name="English").click()
    page.locator("html[lang=en]").wait_for()
    assert visit.open("/").locator("html").get_attribute("lang") == "en"


@pytest.mark.slow
@pytest.mark.xfail(reason="README: the goal isn't met on so small an index", strict=True)
def test_an_answer_is_seen_about_as_soon_as_the_api_has_it(
    new_visit: Any, address: str, comparator: Comparator
) -> None:
    page = new_visit(java_script_enabled=False).open(ASKED)
    assert _seen_over_answered(page, address, comparator) <= 1.2


@pytest.mark.slow
def test_an_answer_of_the_general_debate_is_seen_about_as_soon_as_the_api_has_it(
    new_visit: Any,
) -> None:
    if not (GENERAL_DEBATE / "CURRENT").is_file():
        pytest.skip(f"{GENERAL_DEBATE} ISN'T BUILT (make bench): no answer was timed on it")
    comparator = Comparator(Settings(indexes=GENERAL_DEBATE, rate_limit="none"))
    with served(create_app(comparator=comparator, bound_host="127.0.0.1")) as address:
        page = new_visit(java_script_enabled=False).page
        page.goto(f"{address}{ASKED}")
        assert _seen_over_answered(page, address, comparator) <= 1.2


def _seen_over_answered(page: Page, address: str, comparator: Comparator) -> float:
    """Of questions that nobody asked before, for the page and for the API in turn; without scripts,
    whose explanations would still be at work when the next question is asked."""
    asked = [issue.proposition for issue in comparator.issues][:60]
    seen, answered = [], []
    for number, text in enumerate(asked):
        query = urlencode({"text": text, "limit": 250, "per_state": 1})
        began = time.perf_counter()
        if number % 2:
            page.goto(f"{address}/?{query}", wait_until="commit")
            page.locator("#answer").wait_for()
            seen.append(time.perf_counter() - began)
        else:
            with urllib.request.urlopen(f"{address}/v1/search?{query}") as answer:
                answer.read()
            answered.append(time.perf_counter() - began)
    medians = [statistics.median(times) for times in (seen, answered)]
    ratio = medians[0] / medians[1]
    sys.stdout.write(
        f"page over API, medians of {len(seen)}: {ratio:.2f} "
        f"({1e3 * medians[0]:.0f} and {1e3 * medians[1]:.0f} ms)\n"
    )
    return ratio
