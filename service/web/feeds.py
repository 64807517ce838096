"""`/v1/feed`: new positions on a topic, an issue or any text, for feed readers (Atom, RFC 4287)."""

from __future__ import annotations

from datetime import UTC, datetime, time

from feedgen.feed import FeedGenerator
from flask import Response, request, url_for
from werkzeug.urls import iri_to_uri

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.schemas.analyses import FeedQuery

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
    given = query.given()
    said = [given[name] for name in ("issue", "topic", "text") if given.get(name)]
    found = asked.latest(most=ENTRIES, **given)
    made = FeedGenerator()
    own = iri_to_uri(request.url)
    made.id(own)
    made.title(f"Concord: {_visible(' '.join(said))}")
    made.link(href=own, rel="self", type=ATOM)
    made.generator("Concord")
    made.updated(datetime.fromisoformat(asked.generation.manifest.created))
    for record in found:
        claim, statement = record.claim, record.statement
        name = asked.state_name(statement.state)
        day = datetime.combine(statement.date.first, time(), UTC)
        address = url_for("records.claim", claim_id=claim.id, _external=True)
        entry = made.add_entry(order="append")
        entry.id(address)
        entry.link(href=address)
        entry.title(_visible(f"{name}: {claim.text[:100]}"))
        entry.content(_visible(claim.text), type="text")
        entry.author(name=_visible(statement.speaker or name))
        entry.published(day)
        entry.updated(day)
    return Response(made.atom_str(), mimetype=ATOM)


def _visible(text: str) -> str:
    """What XML may hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
