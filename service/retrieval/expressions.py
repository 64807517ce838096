"""A question's filters as Milvus writes conditions: what `filters.allowed_rows` lets pass, said to
whoever has the facts of each claim as fields of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from service.domain.blocs import Blocs
from service.domain.questions import Question
from service.retrieval.columns import Columns

NOTHING = "row < 0"


def expression_of(question: Question, columns: Columns, blocs: Blocs | None) -> str:
    """Empty where everything passes. Topics in free text can't be said (`says_all`), and without
    `blocs` members aren't: then it lets pass more than the question does, never less."""
    said = []
    if question.exclude:
        said.append(f"state not in {_listed(question.exclude)}")
    if question.states:
        said.append(f"state in {_listed(question.states)}")
    if question.kinds is not None:
        said.append(f"kind in {_listed(question.kinds)}")
    if question.earliest:
        said.append(f"last >= {question.earliest.first.toordinal()}")
    if question.latest:
        said.append(f"first <= {question.latest.last.toordinal()}")
    if question.forum:
        numbers = columns.forums_named(question.forum)
        said.append(f"forum in {numbers}" if numbers else NOTHING)
    if question.blocs and blocs is not None:
        said.append(_members(question.blocs, columns.states, blocs))
    if question.topics and says_all(question):
        known = [t.id for t in question.topics if t.id in columns.topic_ids]
        numbers = sorted(columns.topic_ids.index(topic) for topic in known if topic)
        said.append(f"array_contains_any(topics, {numbers})" if numbers else NOTHING)
    return all_of(said)


def says_all(question: Question) -> bool:
    """Whether `expression_of` lets pass no more than the question does."""
    return all(topic.id is not None for topic in question.topics)


def all_of(said: Iterable[str]) -> str:
    return " and ".join(f"({one})" for one in said if one)


def of_state(state: str) -> str:
    return f"state == {json.dumps(state)}"


def in_rows(start: int, end: int) -> str:
    """From `start` to before `end`."""
    return f"row >= {start} and row < {end}"


def _members(names: Sequence[str], states: Sequence[str], blocs: Blocs) -> str:
    """Whose state belonged to one of the blocs on the last day that the date can mean."""
    periods: dict[tuple[date, date | None], list[str]] = defaultdict(list)
    for name in names:
        bloc = blocs.get(name)
        for state, memberships in bloc.memberships.items() if bloc else ():
            for period in memberships if state in states else ():
                periods[period].append(state)
    said = []
    for (begin, end), members in periods.items():
        until = f" and last <= {end.toordinal()}" if end else ""
        said.append(f"(state in {_listed(members)} and last >= {begin.toordinal()}{until})")
    return " or ".join(said) or NOTHING


def _listed(names: Iterable[str]) -> str:
    return json.dumps(sorted({str(name) for name in names}))
