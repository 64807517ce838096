"""What an analysis is about: a topic, an issue, or any text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.catalogue import Catalogue
from service.domain.issues import Issue, Issues
from service.domain.topics import Topic
from service.errors import InvalidInput, NotFound

FILTERS = ("exclude", "states", "blocs", "from", "to")


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the three."""

    topic: Topic | None = None
    issue: Issue | None = None
    text: str | None = None

    @property
    def wording(self) -> str:
        if self.topic is not None:
            return self.topic.name
        return self.issue.proposition if self.issue is not None else self.text or ""

    def issues(self, known: Issues) -> list[Issue]:
        """The issue itself, or a topic's: those of which it is the first topic come first, then as
        `known` has them."""
        if self.topic is None:
            return [self.issue] if self.issue is not None else []
        topic = self.topic.id
        found = [issue for issue in known if topic in issue.topics]
        return sorted(found, key=lambda issue: issue.topics.index(topic))

    def to_dict(self) -> dict[str, str | None]:
        return {
            "topic": self.topic.id if self.topic else None,
            "issue": self.issue.id if self.issue else None,
            "text": self.text,
        }


def parse_subject(given: Mapping[str, Any], catalogue: Catalogue, issues: Issues) -> Subject:
    """`given` has the names that are allowed, of topic, issue and text; one of them a value.
    Raises InvalidInput naming it, NotFound for an unknown issue."""
    named = {name: value for name, value in given.items() if value not in (None, "")}
    choice = ", ".join(given)
    if not named:
        raise InvalidInput(next(iter(given)), f"is missing: give one of {choice}")
    for name, value in named.items():
        if not isinstance(value, str):
            raise InvalidInput(name, "must be a string")
    (name, value), *others = named.items()
    if others:
        raise InvalidInput(others[0][0], f"is given beside {name}: give one of {choice}")
    if name == "topic":
        topic = catalogue.topics.resolve(value)
        if topic is None:
            raise InvalidInput(
                "topic", f"{value!r} is no topic; give a topic's id, name or synonym"
            )
        return Subject(topic=topic)
    if name == "issue":
        return Subject(issue=find_issue(issues, value))
    return Subject(text=value)


def find_issue(issues: Issues, issue_id: str) -> Issue:
    issue = issues.get(issue_id)
    if issue is None:
        raise NotFound(f"no such issue: {issue_id}")
    return issue


def refuse_unknown(filters: Mapping[str, Any], known: Sequence[str] = FILTERS) -> None:
    for name in sorted(set(filters) - set(known)):
        raise InvalidInput(name, f"no such parameter; there are {', '.join(known)}")
