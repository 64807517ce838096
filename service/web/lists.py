"""What filters may name: states, blocs and topics."""

from __future__ import annotations

from typing import Any

from service.domain.dates import PartialDate
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Rows
from service.web.schemas.lists import BlocsAnswer, BlocsQuery, StatesAnswer, TopicsAnswer
from service.web.schemas.types import FormatQuery

lists = Contract("lists")


@lists.get("/v1/states", answer=StatesAnswer, rows=Rows.under("states"), example={})
def states(query: FormatQuery) -> dict[str, Any]:
    """States and territories, with today's blocs"""
    catalogue = comparator().catalogue
    return {
        "states": [
            {
                "code": state.code,
                "name": state.name,
                "status": state.status,
                "blocs": [bloc.id for bloc in catalogue.blocs.of(state.code, None)],
            }
            for state in catalogue.states
        ]
    }


@lists.get("/v1/blocs", answer=BlocsAnswer, rows=Rows.under("blocs"),
           example={"query": {"on": "1995"}})  # fmt: skip
def blocs(query: BlocsQuery) -> dict[str, Any]:
    """Blocs with their members of a day

    `on` (a year or a date) gives the members of that time; without it, those of today.
    """
    on = PartialDate(query.on).last if query.on else None
    return comparator().catalogue.blocs_as_rows(on)


@lists.get("/v1/topics", answer=TopicsAnswer, rows=Rows.under("topics"), example={})
def topics(query: FormatQuery) -> dict[str, Any]:
    """Topics of the taxonomy"""
    return {
        "topics": [
            {
                "id": topic.id,
                "name": topic.name,
                "definition": topic.definition,
                "synonyms": topic.synonyms,
                "examples": topic.examples,
            }
            for topic in comparator().catalogue.topics
        ]
    }
