"""A brief: what an answer says, state by state, as much of it as fits on a few pages.

It leaves things out, and says of each what and how many. It holds no markup and no layout.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.domain.answers import Answer, Group, Hit
from service.domain.stance import STANCES, Stance
from service.domain.visible import is_plain
from service.errors import InvalidInput
from service.takeaway.language import Language

# Rows of a section.
MOST_ROWS = 10
# A longer question isn't repeated in the command that asks it again.
_LONGEST_ARGUMENT = 300
# What is asked for a brief unless more is said: every state, each by its nearest position.
USUAL: dict[str, Any] = {"limit": 250, "per_state": 1}
# What the command line does where nothing is said; a command names the rest.
_UNSAID: dict[str, Any] = USUAL | {
    "kind": ["position"], "mode": "dense", "sort": "similarity", "group_by": "state", "fold": True,
    "stance": ["on"],
}  # fmt: skip
_FILTERS = (
    "exclude", "states", "blocs", "topics", "from", "to", "forum", "kind", "mode", "sort",
    "group_by", "limit", "per_state", "fold", "stance",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A state's position, by the quotation that shows its stance.

    `claim` is the number, from one, of the question's claim that it answers, None where there is
    one only. `on_behalf_of` and `aligned_with` are names. `far` says that the quotation is less
    like the question than `Answer.level`. `others` counts the state's other quotations in the
    answer by stance (None where not judged), in the order of stances; `count` its claims on the
    point.
    """

    name: str
    hit: Hit
    claim: int | None
    on_behalf_of: tuple[str, ...]
    aligned_with: tuple[str, ...]
    far: bool
    others: tuple[tuple[str | None, int], ...]
    count: int

    @property
    def probability(self) -> float | None:
        """Of the model's verdict, between 0 and 1; None where a user gave it, or nobody."""
        hit = self.hit
        if hit.corrected is not None or hit.stance is None or hit.probabilities is None:
            return None
        return hit.probabilities[hit.stance]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The states of one stance (None: not judged).

    `unquoted` are the names of those that have no row: all where the stance is unclear, else those
    beyond the most rows. `elsewhere` are of the unclear ones those whose nearest sentence is about
    something else, so that the model wasn't asked.
    """

    stance: Stance | None
    rows: tuple[Row, ...]
    unquoted: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def states(self) -> int:
        return len(self.rows) + len(self.unquoted) + len(self.elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """`claims` are those that were asked, where the question holds several; `contraries` what was
    asked beside them. `asked` are the filters in words, label and value. `command` asks the same
    again; `further` says that more states answer than this page of the answer holds."""

    question: str
    claims: tuple[str, ...]
    contraries: tuple[str, ...]
    we: str | None
    made: date
    generation: str
    model: str
    stance_model: str | None
    asked: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    command: str
    further: bool

    @property
    def states(self) -> int:
        return sum(section.states for section in self.sections)


def brief_of(
    answer: Answer,
    language: Language,
    *,
    made: date,
    we: str | None = None,
    cursor: str | None = None,
    most: int = MOST_ROWS,
) -> Brief:
    """The brief of an answer by state; `we` is the code of the state for which it is made, `cursor`
    that with which the answer was asked for. Raises InvalidInput for an answer not by state, or
    `most` below one."""
    query = answer.query
    if query["group_by"] != "state":
        raise InvalidInput("group_by", "a brief is by state")
    if most < 1:
        raise InvalidInput("most", f"{most} is less than 1")
    several = len(query["parts"]) > 1
    rows: dict[str | None, list[Row]] = {}
    for group in answer.results:
        assert isinstance(group, Group)
        row = _row(group, answer.level, several, language)
        rows.setdefault(row.hit.stance, []).append(row)
    return Brief(
        question=query["text"],
        claims=tuple(part["text"] for part in query["parts"]) if several else (),
        contraries=tuple(found["text"] for found in query.get("contraries", ()) if found),
        we=language.state(we) if we else None,
        made=made,
        generation=answer.generation,
        model=answer.model,
        stance_model=answer.stance_model,
        asked=_filters(query, cursor, language),
        sections=_sections(rows, most, judged=answer.stance_model is not None),
        command=_command(query, we, cursor, most),
        further=answer.next is not None,
    )


def _sections(
    rows: Mapping[str | None, Sequence[Row]], most: int, *, judged: bool
) -> tuple[Section, ...]:
    """Where stances were asked for each has a section, empty or not."""
    sections = [_section(stance, rows.get(stance, ()), most) for stance in STANCES if judged]
    if None in rows or not judged:
        sections.append(_section(None, rows.get(None, ()), most))
    return tuple(sections)


def _section(stance: Stance | None, rows: Sequence[Row], most: int) -> Section:
    if stance is Stance.UNCLEAR:
        judged = [row.probability is not None or row.hit.corrected is not None for row in rows]
        return Section(
            stance=stance,
            rows=(),
            unquoted=tuple(row.name for row, was in zip(rows, judged, strict=True) if was),
            elsewhere=tuple(row.name for row, was in zip(rows, judged, strict=True) if not was),
        )
    return Section(
        stance=stance,
        rows=tuple(rows[:most]),
        unquoted=tuple(row.name for row in rows[most:]),
    )


def _row(group: Group, level: float, several: bool, language: Language) -> Row:
    hit = group.hits[0]
    found = Counter(other.stance for other in group.hits[1:])
    return Row(
        name=language.state(group.state),
        hit=hit,
        claim=hit.asked + 1 if several else None,
        on_behalf_of=tuple(language.party(name) for name in hit.on_behalf_of),
        aligned_with=tuple(language.party(name) for name in hit.aligned_with),
        far=hit.similarity < level,
        others=tuple((stance, found[stance]) for stance in (*STANCES, None) if found[stance]),
        count=group.count,
    )


def _filters(
    query: Mapping[str, Any], cursor: str | None, language: Language
) -> tuple[tuple[str, str], ...]:
    """All that narrows or orders the answer, usual or not: who reads it can't look it up."""
    words = language.words
    kinds = {
        "position": words("positions"), "narrative": words("narrative"),
        "ceremony": words("ceremony"), "any": words("all sentences"),
    }  # fmt: skip
    stances = {
        "on": words("all, as judged"), "off": words("not judged"), "aligned": words("aligned"),
        "partial": words("with reservations"), "opposed": words("opposed"),
        "unclear": words("unclear"),
    }  # fmt: skip
    modes = {
        "dense": words("by similarity"), "exact": words("by similarity, every claim compared"),
        "lexical": words("by shared words"), "hybrid": words("by similarity and shared words"),
    }  # fmt: skip
    sorts = {
        "similarity": words("the nearest first"), "recent": words("the latest first"),
    }  # fmt: skip
    found = [
        (words("Left out"), list(dict.fromkeys(map(language.state, query["exclude"])))),
        (words("Only these states"), [language.state(code) for code in query["states"]]),
        (words("Only members, at the time, of"), [language.bloc(b) for b in query["blocs"]]),
        (words("Only on these topics"), [language.topic(topic) for topic in query["topics"]]),
        (words("From"), [language.day(query["from"])] if query["from"] else []),
        (words("Until"), [language.day(query["to"])] if query["to"] else []),
        (words("Only in forums whose name holds"), [query["forum"]] if query["forum"] else []),
        (words("Sentences"), [kinds[kind] for kind in query["kind"]]),
        (words("Stances"), [stances[stance] for stance in query["stance"]]),
        (words("Ranked"), [modes[query["mode"]], sorts[query["sort"]]]),
        (words("At most so many states"), [language.number(query["limit"])]),
        (words("At most so many quotations of a state"), [language.number(query["per_state"])]),
        (
            words("A state's near-identical sentences"),
            [words("shown once") if query["fold"] else words("all shown")],
        ),
        (words("Page of the answer"), [words("not the first one")] if cursor else []),
    ]
    return tuple((label, language.listed(values)) for label, values in found if values)


def _command(query: Mapping[str, Any], we: str | None, cursor: str | None, most: int) -> str:
    """Makes the same brief on the command line. A text too long for a line is in a file."""
    text = query["text"]
    told = len(text) <= _LONGEST_ARGUMENT and is_plain(text) and not text.startswith("-")
    command = ["python", "-m", "service", "brief", *([text] if told else ["--file", "FILE"])]
    for name in _FILTERS:
        value = query[name]
        if value == _UNSAID.get(name) or value in (None, []):
            continue
        if name == "fold":
            command.append("--no-fold")
            continue
        for item in value if isinstance(value, list) else [value]:
            if name == "exclude" and item == we:
                continue  # `--we` leaves it out
            command += ["--" + name.replace("_", "-"), str(item)]
    command += ["--we", we] if we else []
    command += ["--most", str(most)] if most != MOST_ROWS else []
    return shlex.join(command + (["--cursor", cursor] if cursor else []))
