"""`/v1/facets`, `/v1/agreement`, `/v1/trends`: figures for dashboards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Row, Rows
from service.web.schemas.analyses import (
    AgreementAnswer,
    AgreementQuery,
    FacetsAnswer,
    FacetsQuery,
    TrendsAnswer,
    TrendsQuery,
)

analyses = Contract("analyses")


def _counts(answer: Mapping[str, Any]) -> Iterator[Row]:
    for facet, counts in answer["facets"].items():
        for count in counts or ():
            yield {"facet": facet, **count}


def _years(answer: Mapping[str, Any]) -> Iterator[Row]:
    """A column for each side."""
    for row in answer["rows"]:
        flat = {name: value for name, value in row.items() if name != "sides"}
        yield flat | (row["sides"] or {})


def _all(answer: Mapping[str, Any]) -> Iterator[list[Row]]:
    yield from (counts for counts in answer["facets"].values() if counts)


@analyses.get(
    "/v1/facets", answer=FacetsAnswer, rows=Rows(_counts, _all),
    example={"query": {"text": "Sanctions must be carried out.", "stance": "off"}},
)  # fmt: skip
def facets(query: FacetsQuery) -> dict[str, Any]:
    """The claims on the point of a question, counted by state, bloc, topic, year and stance

    Stances are those of the quotations that the search shows: only these are judged.
    """
    asked = _plain(query)
    return comparator().facets(asked.pop("text"), **asked).to_dict()


@analyses.get(
    "/v1/agreement", answer=AgreementAnswer, rows=Rows.under("cells"), others=(404,),
    example={"query": {"topic": "multilateralism", "states": ["CHN", "FRA", "NOR"]}},
)  # fmt: skip
def agreement(query: AgreementQuery) -> dict[str, Any]:
    """State by state: how alike their positions on a topic or an issue are, and where they agree

    `similarity` and `agreement` are two figures: the first is of wording and subject, the second
    the share of the topic's issues on which both took the same side. Cells with too little behind
    them are null.
    """
    asked = _plain(query)
    return comparator().agreement(**asked).to_dict()


@analyses.get(
    "/v1/trends", answer=TrendsAnswer, rows=Rows(_years, lambda answer: [answer["rows"]]),
    others=(404,),
    example={"query": {"topic": "multilateralism", "from": "2000"}},
)  # fmt: skip
def trends(query: TrendsQuery) -> dict[str, Any]:
    """Positions on a topic, an issue or any text, year by year

    On an issue also how many states were on each side at the end of each year.
    """
    return comparator().trends(**_plain(query)).to_dict()


def _plain(query: Any) -> dict[str, Any]:
    asked: dict[str, Any] = query.given()
    asked.pop("format", None)
    return asked
