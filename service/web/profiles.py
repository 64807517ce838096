"""`/v1/states/{code}/profile`, `/v1/blocs/{bloc_id}/cohesion`: one state among all, and how united
a bloc is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.web.asked import comparator
from service.web.contract import Contract
from service.web.negotiation import Row, Rows
from service.web.schemas.profiles import CohesionAnswer, CohesionQuery, PeriodQuery, ProfileAnswer

profiles = Contract("profiles")


def _profile_rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    """Topics, states and issues in one table, told apart by `part`."""
    yield from _parts(answer, topic="topics", state="nearest", issue="issues")


def _cohesion_rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    yield from _parts(answer, topic="topics", issue="issues")


def _parts(answer: Mapping[str, Any], **lists: str) -> Iterator[Row]:
    for part, name in lists.items():
        for row in answer[name]:
            yield {"part": part, **row}


# What is judged meanwhile changes these answers: they aren't kept.
@profiles.get(
    "/v1/states/<code>/profile", answer=ProfileAnswer, repeatable=False,
    rows=Rows(_profile_rows, lambda answer: [answer["topics"], answer["nearest"]]),
    example={"path": {"code": "FRA"}, "query": {"from": "2015"}},
)  # fmt: skip
def state_profile(code: str, query: PeriodQuery) -> dict[str, Any]:
    """A state among all: its topics, the states nearest to it in words, its sides on issues

    `similarity`, with a 95% interval, and `agreement`, on the issues judged so far, are two
    figures. Where the period has too many positions to be compared, `compared` says which years
    were.
    """
    return comparator().profile(code, **_given(query)).to_dict()


@profiles.get(
    "/v1/blocs/<bloc_id>/cohesion", answer=CohesionAnswer, repeatable=False,
    rows=Rows(_cohesion_rows, lambda answer: [answer["topics"], answer["issues"]]),
    example={"path": {"bloc_id": "eu"}, "query": {"from": "2015"}},
)  # fmt: skip
def bloc_cohesion(bloc_id: str, query: CohesionQuery) -> dict[str, Any]:
    """How united a bloc is, by topic and by issue, and who breaks ranks

    By what its members said while they were members. `difference` is of wording: the mean
    similarity of two members less that of a member and an outsider. `unity` is of stance: the share
    of the larger side among members that took one, on the issues judged so far; `rice` is Rice's
    index of the same.
    """
    return comparator().cohesion(bloc_id, **_given(query)).to_dict()


def _given(query: PeriodQuery) -> dict[str, Any]:
    asked = query.given()
    asked.pop("format", None)
    return asked
