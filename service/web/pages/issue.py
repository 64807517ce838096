"""`/issues`: debatable propositions by topic; `/issues/<id>`: where every state stands on one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from service.analysis.standings import IssueStandings, StateStanding, issue_as_row
from service.analysis.subject import FILTERS, find_issue
from service.analysis.tallies import Tally
from service.domain.issues import Issue
from service.domain.standing import Side
from service.domain.states import fold
from service.figures.columns import columns
from service.stance.kept import TooManyToJudge
from service.web.asked import comparator
from service.web.pages.frame import Pages
from service.web.pages.language import gettext, number_in_words, state_in_words
from service.web.pages.state import fields

issue = Pages("issue_page")

# Pairs that are judged while a reader waits, or so many seconds of them at the pace measured of
# late; for more a job is begun.
JUDGED_AT_ONCE, SECONDS_AT_ONCE = 200, 3.0
# Quotations that are shown at once; beyond them, of each state its latest, and the others on its
# own address.
MOST_QUOTATIONS = 120
_MOST_RELATED = 8
_OF_A_QUOTATION = (
    "claim_id", "statement_id", "text", "start", "end", "speaker", "office", "date",
    "date_precision", "date_inferred", "forum", "symbol", "source", "rendered",
)  # fmt: skip


@issue.page("/issues", "issues.html")
def issues() -> dict[str, Any]:
    """By their first topic; with `q`, those that hold all its words. Counts of states by side are
    there where the issue was judged as a whole before."""
    asked = fields("q").get("q", "")
    words = " ".join(asked if isinstance(asked, list) else [asked]).casefold().split()
    every = list(comparator().issues)
    known = comparator().tallies() if judges() else {}
    found = [one for one in every if _holds(one, words)]
    return {
        "q": " ".join(words),
        "topics": _by_topic(found, known),
        "found": len(found),
        "issues": len(every),
        "judged": len(known),
        "current": sum(tally.current for tally in known.values()),
        "judges": judges(),
    }


@issue.page("/issues/<issue_id>", "issue.html")
def standing(issue_id: str) -> dict[str, Any]:
    """Every state's side, with its latest quotation, its changes of position, and how many states
    were on each side year by year. `judged` is False, and `pairs` says how many sentences are to be
    judged, where that takes too long to wait for."""
    asked, filters = comparator(), fields(*FILTERS)
    one = find_issue(asked.issues, issue_id)
    shown: dict[str, Any] = {
        "issue": issue_as_row(one),
        "related": related(one, asked.issues),
        "query": {name: _listed(name, filters.get(name)) for name in FILTERS},
        "judges": judges(),
        "judged": False,
        "pairs": None,
        "seconds": None,
    }
    if not judges():
        return shown
    try:
        found = asked.standings(one.id, most=JUDGED_AT_ONCE, **filters)
    except TooManyToJudge as error:
        if error.seconds is None or error.seconds > SECONDS_AT_ONCE:
            seconds = error.seconds and round(error.seconds, 1)
            return shown | {"pairs": error.pairs, "seconds": seconds}
        found = asked.standings(one.id, **filters)
    return shown | {
        "judged": True,
        "generation": found.generation,
        "model": found.model,
        "stance_model": found.stance_model,
        "counts": found.counts(),
        "states": _states(found),
        "changes": _changes(found),
        "years": _years(one.id, filters),
    }


@issue.app_context_processor
def _for_the_page() -> dict[str, Any]:
    return {"side_columns": _side_columns}


def judges() -> bool:
    """Whether this deployment has a stance model."""
    return comparator().settings.stance_model is not None


def related(one: Issue, known: Iterable[Issue]) -> list[dict[str, Any]]:
    """Issues whose subjects touch: of the same group, or else of the same first topic."""
    others = [other for other in known if other.id != one.id]
    group = [other for other in others if one.group and other.group == one.group]
    topic = [other for other in others if one.topics[:1] and other.topics[:1] == one.topics[:1]]
    chosen = list({other.id: other for other in (*group, *topic)}.values())[:_MOST_RELATED]
    return [{"id": other.id, "proposition": other.proposition} for other in chosen]


def with_counts(one: Issue, known: Mapping[str, Tally]) -> dict[str, Any]:
    """As lists of issues show it; `counts` are None where it wasn't judged, and from before the
    latest changes where it isn't `current`."""
    tally = known.get(one.id)
    return issue_as_row(one) | {
        "counts": tally and tally.counts(),
        "current": tally is None or tally.current,
    }


def _holds(one: Issue, words: Sequence[str]) -> bool:
    """Whether each of the words is part of what the issue says, or of what it is about."""
    topics = comparator().catalogue.topics
    about = [topic for topic in map(topics.get, one.topics) if topic is not None]
    said = [one.id, *one.wordings, *one.contraries]
    said += [name for topic in about for name in (topic.name, gettext(topic.name))]
    text = "\n".join(said).casefold()
    return all(word in text for word in words)


def _by_topic(found: Sequence[Issue], known: Mapping[str, Tally]) -> list[dict[str, Any]]:
    """Topics in the order of the reader's alphabet, issues of none of them last."""
    rows: dict[str | None, list[dict[str, Any]]] = {}
    for one in found:
        rows.setdefault(next(iter(one.topics), None), []).append(with_counts(one, known))
    names = {topic.id: fold(gettext(topic.name)) for topic in comparator().catalogue.topics}
    order = sorted(rows, key=lambda topic: (topic is None, names.get(topic or "", topic or "")))
    return [{"topic": topic, "issues": rows[topic]} for topic in order]


def _listed(name: str, given: Any) -> Any:
    """A filter as it was given: a list, but for the ends of the period."""
    if name in ("from", "to"):
        return given or None
    return [one for one in (given if isinstance(given, list) else [given]) if one]


def _states(found: IssueStandings) -> list[dict[str, Any]]:
    """By name. `quotation` is the latest on the side that the state is on, `evidence` all that were
    found, the latest first: None where there are too many to show them all at once."""
    pieces = sum(len(one.records) for one in found.states)
    rows = [_state(one, all_of_them=pieces <= MOST_QUOTATIONS) for one in found.states]
    known = comparator().catalogue.states
    named = {one.code: fold(state_in_words(one)) for one in known}
    return sorted(rows, key=lambda row: named.get(row["state"], fold(row["state"])))


def _state(one: StateStanding, *, all_of_them: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"state": one.state, "side": one.standing.side}
    if one.standing.side is Side.SILENT:
        return row
    quoted = [
        {name: record.to_dict()[name] for name in _OF_A_QUOTATION}
        | {"side": piece.side, "basis": piece.basis, "probability": piece.probability}
        for piece, record in zip(one.standing.evidence, one.records, strict=True)
    ][::-1]
    return row | {
        "since": one.standing.since,
        "basis": one.standing.basis,
        "changes": len(one.standing.changes),
        "quotation": next(piece for piece in quoted if piece["side"] is one.standing.side),
        "quotations": len(quoted),
        "evidence": quoted if all_of_them else None,
    }


def _changes(found: IssueStandings) -> list[dict[str, Any]]:
    """The latest first."""
    rows = [
        {
            "state": one.state,
            "date": change.date,
            "before": change.before,
            "after": change.after,
            "tentative": change.tentative,
        }
        for one in found.states
        for change in one.standing.changes
    ]
    return sorted(rows, key=lambda row: str(row["date"]), reverse=True)


def _side_columns(years: Sequence[Mapping[str, Any]]) -> Markup:
    """The figure of a page's `years`."""
    return Markup(  # noqa: S704 (the figure escapes what it is given)
        columns(
            {row["year"]: {Side(side): n for side, n in row["sides"].items()} for row in years},
            title=gettext("States on each side, year by year"),
            desc=gettext("Columns up from the line are states for the proposition, those down from "
                         "it states against it."),
            labels={
                Side.FOR: gettext("for"),
                Side.RESERVATIONS: gettext("with reservations"),
                Side.AGAINST: gettext("against"),
            },
            write=number_in_words,
        )
    )  # fmt: skip


def _years(issue_id: str, filters: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """How many states were on each side at the end of each year, by what they had said until then;
    None where that isn't judged yet, because only a period is."""
    try:
        found = comparator().trends(issue=issue_id, most=JUDGED_AT_ONCE, **filters)
    except TooManyToJudge:
        return None
    return [
        {"year": row.year, "positions": row.positions, "states": row.states, "sides": row.sides}
        for row in found.rows
    ]
