"""`/v1/search`: the same question and answer as the library's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.domain.access import Scope
from service.errors import ConcordError, InvalidInput
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Row, Rows, checked_fields, thin
from service.web.problems import Unprocessable, described
from service.web.schemas.search import (
    Batch,
    BatchAnswer,
    Hit,
    Question,
    SearchAnswer,
    SearchBody,
    SearchQuery,
)

search = Contract("search")

_EXAMPLE = {
    "text": "Sanctions decided by the Security Council must be carried out by every State.",
    "exclude": ["CHN"],
    "limit": 5,
}


def _hits(answer: Mapping[str, Any]) -> Iterator[Row]:
    """One row a hit; those of a group follow each other."""
    for result in answer["results"]:
        for hit in result.get("hits", (result,)):
            yield {"name": comparator().state_name(hit["state"]), **hit}


def _where(answer: Mapping[str, Any]) -> Iterator[list[Row]]:
    for part in (answer, *answer.get("parts", ())):
        results = part["results"]
        if results and "hits" in results[0]:
            yield from (group["hits"] for group in results)
        else:
            yield results


HITS = Rows(_hits, _where)


@search.get("/v1/search", answer=SearchAnswer, rows=HITS, others=(410,),
            example={"query": _EXAMPLE})  # fmt: skip
def search_get(query: SearchQuery) -> dict[str, Any]:
    """The most similar positions of other states

    Grouped by state, the best quotation first, each with where it stands towards what was asked.
    As text/csv and application/x-ndjson, one row a quotation.
    """
    return answered(query)


@search.post("/v1/search", answer=SearchAnswer, rows=HITS, others=(410,), repeatable=True,
             example={"body": _EXAMPLE})  # fmt: skip
def search_post(body: SearchBody) -> dict[str, Any]:
    """The same with the fields in the body: for long texts"""
    return answered(body)


@search.post(
    "/v1/search/batch", answer=BatchAnswer, scope=Scope.READ,
    example={"body": {"queries": [_EXAMPLE | {"stance": ["off"]}, {"text": "Lift the embargo."}]}},
)  # fmt: skip
def search_batch(body: Batch) -> dict[str, Any]:
    """Up to 100 questions at once

    Answers stand in the order of the questions; one that can't be answered has its problem in its
    place, and the others their answers.
    """
    found: list[dict[str, Any]] = []
    for question in body.queries:
        try:
            answer = answered(question)
            thin(answer, HITS, question.fields)
            found.append(answer)
        except InvalidInput as error:
            found.append(described(Unprocessable(error.field, error.reason)))
        except ConcordError as error:
            found.append(described(error))
    return {"answers": found}


def answered(question: Question) -> dict[str, Any]:
    checked_fields(question.fields, Hit.model_fields)
    asked = question.given()
    for name in ("fields", "format"):
        asked.pop(name, None)
    return comparator().search(asked.pop("text"), **asked).to_dict()
