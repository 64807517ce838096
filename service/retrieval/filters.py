"""Which claims a question is about: a statement's facts are looked at once a statement, and what
differs from claim to claim, kind and topics, a claim at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import reduce

import numpy as np

from service.domain.blocs import Blocs
from service.domain.questions import Question, SearchMode
from service.domain.statements import Kind
from service.retrieval.columns import KINDS, Mask
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.levels import ON_POINT_PERCENTILE
from service.retrieval.passing import Passing
from service.retrieval.scoping import scope_of

# Combinations of blocs whose members are remembered, a byte a statement.
_MOST_KEPT = 100


def allowed_rows(
    question: Question, generation: Generation, blocs: Blocs, topic_vectors: Sequence[Vectors]
) -> Mask:
    """Rows that pass every filter."""
    return passing(question, generation, blocs, topic_vectors).mask


def passing(
    question: Question, generation: Generation, blocs: Blocs, topic_vectors: Sequence[Vectors]
) -> Passing:
    """What passes every filter."""
    statements = _statements(question, generation, blocs)
    found = _of_kinds(question.kinds, generation, statements)
    if not question.topics:
        return found
    rows = found.mask & _on_topics(question, generation, blocs, topic_vectors, found)
    return Passing(generation, statements, rows=rows)


def _of_kinds(
    kinds: Sequence[Kind] | None, generation: Generation, statements: Mask | None
) -> Passing:
    if kinds is None:
        return Passing(generation, statements)
    positions, others = Kind.POSITION in kinds, set(KINDS) - {Kind.POSITION}
    if others <= set(kinds) or not others & set(kinds):
        return Passing(
            generation, statements, positions=positions, others=bool(others & set(kinds))
        )
    kind = generation.columns.kind
    rows = reduce(np.logical_or, (kind == KINDS.index(one) for one in kinds))
    return Passing(generation, statements, positions=positions, rows=rows)


def _statements(question: Question, generation: Generation, blocs: Blocs) -> Mask | None:
    """Of each statement, in the order of the index, whether it passes; None where all do."""
    columns, starts = generation.columns, generation.statement_starts
    found: list[Mask] = []
    if question.exclude or question.states:
        states = ~_among(question.exclude, columns.states)
        if question.states:
            states &= _among(question.states, columns.states)
        found.append(states[columns.state[starts]])
    if question.earliest:
        found.append(columns.last[starts] >= question.earliest.first.toordinal())
    if question.latest:
        found.append(columns.first[starts] <= question.latest.last.toordinal())
    if question.forum:
        found.append(np.isin(columns.forum[starts], columns.forums_named(question.forum)))
    if question.blocs:
        found.append(_members_at_the_time(tuple(sorted(question.blocs)), generation, blocs))
    return reduce(np.logical_and, found) if found else None


def _among(codes: Sequence[str], states: Sequence[str]) -> Mask:
    return np.array([state in codes for state in states], np.bool_)


def _members_at_the_time(names: tuple[str, ...], generation: Generation, blocs: Blocs) -> Mask:
    """Statements whose state belonged to one of the blocs on the last day that their date can mean:
    the General Debate, dated by its year alone, is held in September."""
    kept = generation.members.get(names)
    if kept is not None and kept[0] is blocs:
        return kept[1]
    columns, starts = generation.columns, generation.statement_starts
    days, of_day = np.unique(columns.last[starts], return_inverse=True)
    members = np.zeros((len(days), len(columns.states)), np.bool_)
    for number, day in enumerate(days.tolist()):
        codes: set[str] = set()
        for name in names:
            codes |= blocs.members(name, date.fromordinal(day))
        members[number] = [code in codes for code in columns.states]
    found: Mask = members[of_day, columns.state[starts]]
    if len(generation.members) >= _MOST_KEPT:
        generation.members.clear()
    generation.members[names] = blocs, found
    return found


def _on_topics(
    question: Question,
    generation: Generation,
    blocs: Blocs,
    vectors: Sequence[Vectors],
    within: Passing,
) -> Mask:
    """Rows tagged with one of the topics, or near to one that is given in free text."""
    columns = generation.columns
    mask = np.zeros(len(columns), np.bool_)
    free = iter(vectors)
    least = generation.similarity_at(ON_POINT_PERCENTILE)
    others = replace(question, topics=(), mode=SearchMode.DENSE)
    for topic in question.topics:
        if topic.id is None:
            near = scope_of(others, generation, within, blocs).at_least(next(free), least)
            mask[near] = True
        else:
            mask |= columns.on_topic(topic.id)
    return mask
