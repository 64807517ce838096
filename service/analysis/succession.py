"""A state's statements one after the other: which come before and after one, and which is the last
one of the same forum."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.statements import Statement
from service.retrieval.generations import Generation

_ORDINAL = (
    r"(?:\w+ty[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|"
    r"twelfth|\w+teenth|\w+tieth)"
)
# What tells the meetings of a forum apart: `76th session`, `seventy-sixth regular session`.
_NUMBERING = re.compile(
    rf"\b\d+(?:st|nd|rd|th)?\b|\b{_ORDINAL}(?=(?: \w+)? (?:session|meeting)\b)|\W+", re.I
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A statement's place among those of its state, by date: all `before` it, the earliest first,
    and the `next` one. `compared` is the one that it is compared with: the last before it of its
    forum, or else of any."""

    before: tuple[Statement, ...]
    next: Statement | None
    compared: Statement | None

    @property
    def previous(self) -> Statement | None:
        return self.before[-1] if self.before else None


def neighbours(generation: Generation, statement: Statement) -> Neighbours:
    """Statements without texts and claims."""
    all_of_it = generation.library.succession(statement.state)
    place = [other.id for other in all_of_it].index(statement.id)
    before = tuple(all_of_it[:place])
    same = tuple(other for other in before if is_same_forum(other.forum, statement.forum))
    return Neighbours(
        before=before,
        next=all_of_it[place + 1] if place + 1 < len(all_of_it) else None,
        compared=(same or before)[-1] if before else None,
    )


def is_same_forum(a: str | None, b: str | None) -> bool:
    """Whether two names are of one forum, whatever the session or meeting."""
    first, second = (_NUMBERING.sub(" ", name or "").casefold().split() for name in (a, b))
    return bool(first) and first == second
