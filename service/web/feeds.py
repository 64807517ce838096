"""`/v1/feed`: new positions on a topic, an issue or any text, for feed readers (Atom, RFC 4287)."""

from __future__ import annotations

from datetime import UTC, datetime, time

from feedgen.feed import FeedGenerator
from flask import Response, request, url_for
from werkzeug.urls import iri_to_uri

from service.domain.answers import Hit
from service.domain.dates import PartialDate
from service.errors import InvalidInput, NotFound
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.schemas import FeedQuery

feeds = Contract("feeds")

ATOM = "application/atom+xml"
ENTRIES = 50


@feeds.get("/v1/feed", answer=None, media=(ATOM,), others=(404,),
           example={"query": {"topic": "multilateralism"}})  # fmt: skip
def feed(query: FeedQuery) -> Response:
    """The latest positions on a topic, an issue or any text, as an Atom feed

    At most fifty, the latest first. An entry's time is the first day that its statement's date can
    mean.
    """
    asked = comparator()
    title, text = _subject(query)
    answer = asked.search(
        text,
        sort="recent", group_by="none", limit=ENTRIES, stance="off",
        states=query.states, blocs=query.blocs, exclude=query.exclude,
        topics=[query.topic] if query.topic else [],
    )  # fmt: skip
    made = FeedGenerator()
    here = iri_to_uri(request.url)
    made.id(here)
    made.title(_visible(f"Concord: {title}"))
    made.link(href=here, rel="self", type=ATOM)
    made.generator("Concord")
    made.updated(datetime.fromisoformat(asked.generation.manifest.created))
    for hit in answer.results:
        assert isinstance(hit, Hit)
        entry = made.add_entry(order="append")
        day = datetime.combine(PartialDate(hit.date).first, time(), UTC)
        entry.id(url_for("records.claim", claim_id=hit.claim_id, _external=True))
        entry.link(href=url_for("records.claim", claim_id=hit.claim_id, _external=True))
        entry.title(_visible(f"{asked.state_name(hit.state)}: {hit.text[:100]}"))
        entry.content(_visible(hit.text), type="text")
        entry.author(name=_visible(hit.speaker or asked.state_name(hit.state)))
        entry.published(day)
        entry.updated(day)
    return Response(made.atom_str(), mimetype=ATOM)


def _subject(query: FeedQuery) -> tuple[str, str]:
    """The feed's title, and what is searched."""
    given = [name for name in ("topic", "issue", "text") if getattr(query, name)]
    if len(given) != 1:
        raise InvalidInput("topic", "give a topic, an issue or a text: one of them")
    if query.issue:
        issue = comparator().issues.get(query.issue)
        if issue is None:
            raise NotFound(f"no such issue: {query.issue}")
        return issue.proposition, issue.proposition
    if query.topic:
        topic = comparator().catalogue.topics.resolve(query.topic)
        return (topic.name, topic.definition) if topic else (query.topic, query.topic)
    return query.text, query.text


def _visible(text: str) -> str:
    """What XML may hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
