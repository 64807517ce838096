"""A news page -> its article's text, without scripts, navigation, captions and notices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import NavigableString

from service.corpus.text import decode
from service.domain.dates import PartialDate
from service.errors import UnreadableFile

_NOT_TEXT = (
    "script style noscript template nav footer aside form button select figure figcaption "
    "iframe svg dialog object video audio picture menu head h1 h2 h3 h4 h5 h6"
).split()
_BLOCKS = frozenset(
    "p div section article main li ul ol blockquote table tr td th dl dt dd pre address header "
    "hgroup details summary center".split()
)
_NOT_ARTICLE = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|newsletter|subscri\w+|share|sharing|social|related|"
    r"recommend\w*|promo\w*|advert\w*|ads?|breadcrumbs?|comments?|sidebar|nav\w*|menu|footer|"
    r"caption|credits?|copyright|tags|popup|modal|paywall|skip|toolbar|trending|most-read|hidden|"
    r"banner)(?:$|[\s_-])",
    re.I,
)
_ROLES = {"navigation", "banner", "contentinfo", "complementary", "dialog", "search", "alertdialog"}
# Tags within tags; news pages have some dozens.
_DEEPEST = 200
_META_NAMES = ("property", "name", "itemprop")
_DATE_METAS = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "date",
    "pubdate",
    "publishdate",
    "publish-date",
    "dc.date",
    "dc.date.issued",
    "dcterms.date",
    "parsely-pub-date",
)
_ISO_DATE = re.compile(r"\s*(\d{4}-\d{2}-\d{2})(?!\d)")


class Page(TypedDict):
    """What a page says, in the words of `Document`."""

    text: str
    title: str | None
    published: PartialDate | None
    site: str | None
    mended: tuple[str, ...]


def read_html(path: Path, raw: bytes) -> Page:
    """The page's main article and the metadata that it states."""
    markup: str | bytes = raw
    mended: tuple[str, ...] = ()
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        pass  # the parser follows the page's own declaration
    else:
        decoded = decode(raw)
        markup, mended = decoded.text, tuple(decoded.mended)
    try:
        soup = BeautifulSoup(markup, "lxml")
        if _is_deep(soup):
            raise UnreadableFile(f"{path}: its HTML is nested too deeply to be an article")
        metas = _metas(soup)
        title, published = _title(soup, metas), _published(soup, metas)
        _strip(soup)
        text = "\n\n".join(_paragraphs(_container(soup)))
    except UnreadableFile:
        raise
    except Exception as error:  # lxml and bs4 raise what their parsers raise
        raise UnreadableFile(f"{path}: can't be parsed as HTML: {error!r}") from error
    site = _meta(metas, "og:site_name")
    return Page(text=text, title=title, published=published, site=site, mended=mended)


def _is_deep(soup: BeautifulSoup) -> bool:
    left: list[tuple[Tag, int]] = [(soup, 0)]
    while left:
        tag, depth = left.pop()
        if depth > _DEEPEST:
            return True
        left += [(child, depth + 1) for child in tag.children if isinstance(child, Tag)]
    return False


def _metas(soup: BeautifulSoup) -> dict[tuple[str, str], str]:
    """The first content by attribute and name, in one pass."""
    found: dict[tuple[str, str], str] = {}
    for tag in soup.find_all("meta"):
        content = " ".join(str(tag.get("content", "")).split())
        for attribute in _META_NAMES:
            if content and tag.has_attr(attribute):
                found.setdefault((attribute, str(tag[attribute]).lower()), content)
    return found


def _meta(metas: Mapping[tuple[str, str], str], *names: str) -> str | None:
    places = ((attribute, name) for name in names for attribute in _META_NAMES)
    return next((metas[place] for place in places if place in metas), None)


def _title(soup: BeautifulSoup, metas: Mapping[tuple[str, str], str]) -> str | None:
    title = _meta(metas, "og:title")
    if title is None and soup.title is not None:
        title = " ".join(soup.title.get_text().split())
    return title or None


def _published(soup: BeautifulSoup, metas: Mapping[tuple[str, str], str]) -> PartialDate | None:
    """The first of JSON-LD, metadata and <time> that gives a full date."""
    candidates = [*_json_dates(soup), _meta(metas, *_DATE_METAS)]
    for time in soup.find_all("time"):
        candidates.append(str(time.get("datetime") or ""))
    for candidate in candidates:
        match = _ISO_DATE.match(candidate or "")
        if match:
            try:
                return PartialDate(match[1])
            except ValueError:
                continue
    return None


def _json_dates(soup: BeautifulSoup) -> Iterator[str]:
    for script in soup.find_all("script", attrs={"type": re.compile("ld\\+json", re.I)}):
        try:
            yield from _dates_within(json.loads(script.get_text()))
        except (ValueError, RecursionError):
            continue  # a page's broken metadata is no reason not to read its article


def _dates_within(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _dates_within(part)
    elif isinstance(value, dict):
        if isinstance(value.get("datePublished"), str):
            yield value["datePublished"]
        for part in value.values():
            if isinstance(part, (list, dict)):
                yield from _dates_within(part)


def _strip(soup: BeautifulSoup) -> None:
    """Take out what no article consists of."""
    for comment in soup.find_all(string=lambda string: isinstance(string, Comment)):
        comment.extract()
    for tag in soup.find_all(_NOT_TEXT):
        tag.decompose()
    for tag in soup.find_all("header"):  # the site's, not the article's
        if tag.find_parent(["article", "main"]) is None and tag.find("article") is None:
            tag.decompose()
    whole = len(soup.get_text())
    for tag in soup.find_all(True):
        if tag.decomposed or tag.name in ("html", "body", "article", "main"):
            continue
        classes = tag.get("class")
        names = " ".join([*(classes if isinstance(classes, list) else []), str(tag.get("id", ""))])
        unwanted = (
            _NOT_ARTICLE.search(names)
            or tag.get("role") in _ROLES
            or tag.get("aria-hidden") == "true"
            or tag.has_attr("hidden")
        )
        # A wrapper named "with-sidebar" holds the article itself: most of the page's text.
        if unwanted and len(tag.get_text()) < whole / 2:
            tag.decompose()


def _container(soup: BeautifulSoup) -> Tag:
    """The element that holds the article: marked as such, else the one richest in paragraphs."""
    marked = soup.find_all(itemprop="articleBody") or soup.find_all("article")
    if marked:
        return max(marked, key=lambda tag: len(tag.get_text()))
    main = soup.find("main")
    if isinstance(main, Tag):
        return main
    scores: dict[int, tuple[int, Tag]] = {}
    for paragraph in soup.find_all("p"):
        parent = paragraph.parent
        if parent is not None:
            score = scores.get(id(parent), (0, parent))[0] + len(paragraph.get_text())
            scores[id(parent)] = (score, parent)
    total = sum(score for score, _ in scores.values())
    best = max(scores.values(), key=lambda pair: pair[0], default=(0, soup))
    # Paragraphs scattered over many boxes have no one home: take the whole page.
    return best[1] if best[0] > total * 0.6 else soup.body or soup


def _paragraphs(container: Tag) -> list[str]:
    """The text of each innermost block; two line breaks in a row part paragraphs as well."""
    pieces: list[str] = []

    def walk(tag: Tag) -> None:
        for child in tag.children:
            if isinstance(child, Tag):
                if child.name == "br":
                    pieces.append("\n")
                elif child.name in _BLOCKS:
                    pieces.append("\n\n")
                    walk(child)
                    pieces.append("\n\n")
                else:
                    walk(child)
            elif isinstance(child, NavigableString):
                pieces.append(re.sub(r"\s+", " ", str(child)))

    walk(container)
    blocks = re.split(r"\n(?:[ \t]*\n)+", "".join(pieces))
    return [folded for folded in (" ".join(block.split()) for block in blocks) if folded]
