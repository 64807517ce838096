"""A real Chromium on a real server over real indexes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.domain.dates import PartialDate
from service.domain.statements import Statement
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import Quiet
from tests.serving import served

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# The rest keeps it from looking up hosts of its maker's.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
LONG = "w" * 10_000
HOSTILE = (
    "The <script>document.title='run'</script> veto <b onmouseover=alert(1)>must</b> be abolished "
    "\u202edehsiloba eb tsum otev ehT\u202c now. "
    f"The veto {LONG} must go. "
    'We demand that "><img src=x onerror=alert(1)> sanctions {{ 7 * 7 }} be lifted. '
    "The Security Council must be reformed &lt;before&gt; 2030."
)


@pytest.fixture(scope="session")
def comparator(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """The bundled positions, two years of an invented speaker, and a hostile statement; judged by
    the bundled stance model."""
    folder = tmp_path_factory.mktemp("browser")
    made = Comparator(Settings(indexes=folder))
    speeches = [
        ("FJI_HOSTILE_2020", "2020", HOSTILE),
        ("FJI_2021", "2021", "The veto must be abolished. We must protect the oceans from plastic. "
                             "The Security Council must have more permanent members."),
        ("FJI_2022", "2022", "The veto should be abolished. Debt relief must reach small islands. "
                             "The Security Council must have no more permanent members."),
    ]  # fmt: skip
    store = StatementStore(folder)
    list(store.put(
        Statement(key, "FJI", PartialDate(year), text, "invented", speaker="A. <i>Speaker</i>",
                  forum="General Assembly, general debate",
                  claims=made.maker.claims(key, text))
        for key, year, text in speeches
    ))  # fmt: skip
    Builder(
        folder, made.encoder, made.catalogue.topics.ids, bundled_statements(made.settings.data)
    ).build(Quiet())
    return made


@pytest.fixture(scope="session")
def address(comparator: Comparator) -> Iterator[str]:
    with served(create_app(comparator=comparator, bound_host="127.0.0.1")) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("CHROMIUM IS NOT HERE (apt install chromium): no page was seen in a browser")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Visit:
    """A browser that was never here, what went wrong in it, and how often its user acted."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.interactions = 0
        self._address = address
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.errors.append("dialog"), dialog.dismiss()))
        self.page.on(
            "console",
            lambda said: self.errors.append(said.text) if said.type == "error" else None,
        )

    def open(self, path: str) -> Page:
        self.page.goto(self._address + path)
        return self.page

    def does(self, what: Any, *given: Any, **named: Any) -> Any:
        self.interactions += 1
        return what(*given, **named)


@pytest.fixture
def new_visit(browser: Browser, address: str) -> Iterator[Any]:
    """Makes a Visit; keyword arguments are those of a browser's context."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Visit:
        contexts.append(browser.new_context(**{"locale": "en-GB"} | options))
        return Visit(contexts[-1], address)

    yield make
    for context in contexts:
        context.close()
