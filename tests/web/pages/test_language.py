"""The interface in French: nothing of it is left in English, and who gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from flask import Flask

from service.catalogue import load_states
from service.comparison import Comparator
from service.web.app import create_app
from service.web.pages import language
from service.web.translations.__main__ import update
from service.web.translations.strings import strings, untranslated
from tests.serving import served

DATA = Path(__file__).parents[3] / "data"
FILE = language.FOLDER / "fr" / "messages.po"
TEXT = "Sanctions decided by the Security Council must be carried out by every State."
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|\{\w+\}")


@pytest.fixture(scope="module")
def french() -> Catalog:
    with FILE.open("rb") as file:
        return read_po(file, locale="fr")


@pytest.fixture(scope="module")
def found(french: Catalog) -> Catalog:
    return strings(DATA, french)


@pytest.fixture(scope="module")
def address(judging: Comparator) -> Iterator[str]:
    with served(create_app(comparator=judging, bound_host="127.0.0.1")) as url:
        yield url


def forms(message: Message) -> tuple[str, ...]:
    """Of the message, and of its translation."""
    both = (message.id, message.string)
    return tuple(form for said in both for form in ([said] if isinstance(said, str) else said))


def test_every_string_is_translated(found: Catalog, french: Catalog) -> None:
    ours, theirs = ({m.id for m in catalogue} for catalogue in (found, french))
    assert len(ours) > 600
    assert theirs == ours
    assert untranslated(french) == []
    assert not french.obsolete


def test_strings_are_found_where_they_stand(found: Catalog) -> None:
    """One of each source: what would be missed there would be missed everywhere."""
    for text in ("Skip to the content", ("aligned", "aligned"), "all sentences",
                 "Where other states stand", "What other states say on:", "Made on {day}",
                 "has no words", "Not Found", "The veto", "Group of 77",
                 "Czechoslovakia"):  # fmt: skip
        assert text in found


def test_an_update_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "messages.po"
    copy.write_bytes(FILE.read_bytes())
    assert update(copy, "fr", DATA) == []
    assert copy.read_bytes() == FILE.read_bytes()


def test_an_update_takes_up_the_new_and_drops_the_old(tmp_path: Path) -> None:
    copy, kept = tmp_path / "messages.po", 'msgid "Skip to the content"'
    text = FILE.read_text("utf-8")
    copy.write_text(text.replace(kept, 'msgid "Said no longer"'), "utf-8")
    assert update(copy, "fr", DATA) == ["Skip to the content"]
    assert "Said no longer" not in copy.read_text("utf-8")
    assert len(update(tmp_path / "new" / "messages.po", "fr", DATA)) > 600


def test_translations_keep_the_places_for_values(french: Catalog) -> None:
    for message in french:
        kept = [sorted(set(PLACEHOLDER.findall(form))) for form in forms(message)]
        assert all(one == kept[0] for one in kept), message.id


def test_french_is_set_as_in_print(french: Catalog) -> None:
    """No-break spaces before high signs and within guillemets, and curled apostrophes."""
    for message in french:
        if not message.id:
            continue
        said = (message.string,) if isinstance(message.string, str) else message.string
        for form in said:
            assert not re.search(r"[^\u00a0]:(?!:)(?=\s|$)|^:", re.sub("`.*?`", "", form)), form
            assert not re.search(r"(?<!\u202f)[;?!](?=\s|$)", form), form
            assert not re.search(r"«(?!\u00a0)|(?<!\u00a0)»| %(?!\()|[“”']", form), form


def test_every_state_has_a_name(judging: Comparator) -> None:
    app = Flask("names")
    states = list(load_states(DATA))
    with app.test_request_context("/?lang=fr"):
        names = {state.code: language.state_in_words(state) for state in states}
    assert all(names.values())
    assert len(set(names.values())) == len(states)
    # As the United Nations names them, and not as CLDR does.
    assert names["PSE"] == "État de Palestine"
    assert names["KOR"] == "République de Corée"
    assert names["MMR"] == "Myanmar"
    # CLDR has no names for those that are no more, and none for a union.
    assert names["CSK"] == "Tchécoslovaquie"
    assert names["EU"] == "Union européenne"
    assert names["YUG"] == "Yougoslavie"
    # Its own names for the others.
    assert names["DZA"] == Locale("fr").territories["DZ"] == "Algérie"
    with app.test_request_context("/"):
        assert [language.state_in_words(state) for state in states] == [s.name for s in states]


@pytest.mark.parametrize(
    ("accepted", "query", "cookie", "expected"),
    [
        ("fr", "", "", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.5", "", "", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.5", "", "", "en"),
        ("de", "", "", "en"),
        ("", "", "", "en"),
        ("en", "fr", "", "fr"),
        ("en", "", "fr", "fr"),
        ("fr", "en", "fr", "en"),
        ("fr", "", "en", "en"),
        ("de", "xx", "", "en"),
        ("fr", "xx", "", "fr"),
        ("de", "", "../../etc", "en"),
    ],
)
def test_who_gets_french(
    address: str, accepted: str, query: str, cookie: str, expected: str
) -> None:
    answer = requests.get(
        f"{address}/states",
        params={"lang": query} if query else None,
        headers={"Accept-Language": accepted},
        cookies={"lang": cookie} if cookie else None,
        timeout=30,
    )
    page = BeautifulSoup(answer.text, "lxml")
    assert page.html is not None
    assert page.html["lang"] == expected
    assert page.html["dir"] == "ltr"
    assert page.h1 is not None
    assert page.h1.text == {"en": "States", "fr": "États"}[expected]
    assert {"Accept-Language", "Cookie"} <= set(re.split(r",\s*", answer.headers["Vary"]))


def test_a_chosen_language_is_remembered(address: str) -> None:
    browser = requests.Session()
    browser.headers["Accept-Language"] = "en"
    assert "Who holds this position" in browser.get(address, timeout=30).text
    assert "Qui défend cette position" in browser.get(f"{address}/?lang=fr", timeout=30).text
    assert "Thèmes" in browser.get(f"{address}/topics", timeout=30).text
    browser.get(f"{address}/?lang=xx", timeout=30)
    assert "Thèmes" in browser.get(f"{address}/topics", timeout=30).text


def test_an_answer_in_french(address: str, judging: Comparator) -> None:
    answer = requests.get(
        address, params={"text": TEXT, "we": "CHN", "to": "2010", "lang": "fr"}, timeout=120
    )
    page = BeautifulSoup(answer.text, "lxml")
    quotations = page.select("blockquote")
    assert len(quotations) > 3
    assert {quotation["lang"] for quotation in quotations} == {"en"}
    assert "jugement automatique, vérifiez la citation" in page.text
    shares = re.findall(r"plus proche que ([\d,]+)\u00a0% des paires", page.text)
    assert len(shares) > 3
    options = [option.text for option in page.select("select[name=we] option")][1:]
    assert options.index("Égypte") == options.index("El Salvador") - 1
    assert {a["href"].rpartition("lang=")[2] for a in page.select(".take-away a")} == {"fr"}
    # What isn't said to be English is in words of the catalogue, not in its msgids.
    for english in page.select('[lang="en"]'):
        english.decompose()
    for untold in ("check the quotation", "Only these", "positions in all", "Take away"):
        assert untold not in page.text


def test_a_refusal_in_french(address: str) -> None:
    def refused(path: str, **sent: str) -> BeautifulSoup:
        answer = requests.request(
            "POST" if sent else "GET", f"{address}{path}", data=sent or None, timeout=30,
            headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8,a/b;v=b3;q=0.7",
                     "Accept-Language": "fr"},
        )  # fmt: skip
        assert answer.status_code in (400, 404)
        return BeautifulSoup(answer.text, "lxml")

    for path, lang in (("/states/XXX", "en"), ("/nowhere", None)):
        page = refused(path)
        assert page.h1 is not None
        assert page.h1.text == "Introuvable"
        (reason,) = page.select("[role=alert] span")
        assert reason.get("lang") == lang
    (reason,) = refused("/draft", we="CHN", text="").select("[role=alert] span")
    assert reason.text == "manque\u00a0: donnez une affirmation, un paragraphe ou une déclaration"
    assert "lang" not in reason.attrs


def test_dates_and_figures() -> None:
    app = Flask("figures")
    with app.test_request_context("/?lang=fr"):
        assert language.day_in_words("2026-11-26") == "26 novembre 2026"
        assert language.day_in_words("2026-10-01") == "1er octobre 2026"
        assert language.day_in_words("2026-10-11") == "11 octobre 2026"
        assert language.day_in_words("2026-11") == "novembre 2026"
        assert language.day_in_words("2026") == "2026"
        assert language.number_in_words(12345) == "12\u202f345"
        assert language.number_in_words(0.5, 2) == "0,50"
        assert language.percent_in_words(0.9999, 2) == "99,99\u00a0%"
        positions = ("%(num)s position", "%(num)s positions")
        said = [language.ngettext(*positions, n) for n in (0, 1, 2, 12345)]
        assert said == ["0 position", "1 position", "2 positions", "12\u202f345 positions"]
    with app.test_request_context("/?lang=en"):
        assert language.day_in_words("2026-10-01") == "October 1, 2026"
        assert language.number_in_words(12345) == "12,345"
        assert language.percent_in_words(0.9999, 2) == "99.99%"
        assert language.ngettext(*positions, 0) == "0 positions"


def test_a_language_that_is_written_from_right_to_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(language.LANGUAGES, "ar", "العربية")
    with Flask("direction").test_request_context("/", headers={"Accept-Language": "ar"}):
        assert (language.language(), language.direction()) == ("ar", "rtl")
        # Without a catalogue, strings stay English; dates and names are there.
        assert language.gettext("States") == "States"
        (china,) = [state for state in load_states(DATA) if state.code == "CHN"]
        assert language.state_in_words(china) == "الصين"
    with Flask("direction").test_request_context("/", headers={"Accept-Language": "fr"}):
        assert language.direction() == "ltr"
