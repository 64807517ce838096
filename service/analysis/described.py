"""The columns of standings, agreement, trends, cohesion, and profiles of states and topics,
described for files and packages."""

from __future__ import annotations

from service.analysis.tabular import Column, Type
from service.domain.standing import Side

_SIMILARITY = (
    "How alike their positions are in subject and wording, -1 to 1: the mean, over the positions "
    "of both, of each one's cosine with the nearest of the other. It never says that they agree."
)
_PAIR = "the issues on which both states took a side"


def _text(name: str, description: str) -> Column:
    return Column(name, Type.STRING, description)


def _count(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description)


def _number(name: str, description: str) -> Column:
    return Column(name, Type.NUMBER, description)


def _truth(name: str, description: str) -> Column:
    return Column(name, Type.BOOLEAN, description)


_ISSUE = (
    _text("issue", "The issue's id."),
    _text("proposition", "The debatable proposition that the issue asks about."),
)
_CURRENT = _truth(
    "current", "False where the corpus or the corrections changed since the issue was judged."
)
_SINCE = _text("since", "Date from which on the state is found on that side, ISO 8601.")
_BASIS = _text("basis", "How the side is known: corrected, annotated or inferred (by the model).")

STANDINGS = (
    _text("state", "Code of a state, ISO 3166-1 alpha-3 where there is one."),
    _text("side", "Its latest side: " + ", ".join(Side) + "."),
    _SINCE,
    _BASIS,
    _count("claims", "Its claims that take a side, whichever."),
    _count("changes", "How often it changed sides."),
)
EVIDENCE = (
    _text("state", "Code of the state."),
    _text("claim_id", "A claim of its that takes a side."),
    _text("statement_id", "The claim's statement."),
    _text("date", "When it was said, ISO 8601, as precise as it is known."),
    _text("date_precision", "year, month or day."),
    _text("side", "The side that the claim takes: for, against or reservations."),
    _BASIS,
    _number("probability", "The model's of that side, 0 to 1; empty where a person decided."),
    _text("text", "The claim, word for word."),
    _count("start", "Where it begins in the stored source, in characters."),
    _count("end", "Where it ends there."),
    _text("speaker", "Who spoke."),
    _text("forum", "Where."),
    _text("symbol", "Symbol of the document."),
    _text("source", "Where the text came from."),
    _truth("rendered", "Whether it is in our own words; offsets point into the cited document."),
)
SIDE_CHANGES = (
    _text("state", "Code of the state."),
    _text("date", "From when on it is found on another side, ISO 8601."),
    _text("before", "Its side until then."),
    _text("after", "Its side from then on."),
    _truth("tentative", "Whether the new side rests on a single inferred claim so far."),
)

AGREEMENT = (
    _text("state_a", "Code of the first state, ISO 3166-1 alpha-3."),
    _text("name_a", "Its name."),
    _text("state_b", "Code of the second state; each pair stands once."),
    _text("name_b", "Its name."),
    _number("similarity", _SIMILARITY + " Empty where either has fewer than two positions."),
    _count("claims_a", "Positions of the first state on the subject."),
    _count("claims_b", "Positions of the second state on the subject."),
    _number(
        "agreement", f"Share, 0 to 1, of {_PAIR} on which it was the same. Empty where too few are."
    ),
    _count("same", f"How many of {_PAIR} have the same side of both."),
    _count("issues", f"How many are {_PAIR}."),
    _text("side_a", "The first state's side where one issue was asked: " + ", ".join(Side) + "."),
    _text("side_b", "The second state's side, likewise."),
)
AGREEMENT_STATES = (
    _text("state", "Code of a state on which the pairs rest, ISO 3166-1 alpha-3."),
    _text("name", "Its name."),
    _count("claims", "Its positions on the subject."),
)
AGREEMENT_SIDES = (
    _text("state", "Code of a state that spoke within the filters."),
    _text("issue", "Id of an issue that counts."),
    _text("side", "Its latest side on the issue: " + ", ".join(Side) + "."),
)

TRENDS = (
    _count("year", "Calendar year."),
    _text("group", "Code of a state or id of a bloc; empty where all states are counted."),
    _text("name", "Its name."),
    _count("positions", "Positions on the subject."),
    _count("of", "Positions on anything."),
    _number("share", "The first by the second, 0 to 1; empty where there was no position at all."),
    _count("states", "States with a position on the subject."),
    *(
        _count(
            str(side), f"States {meaning} at the end of the year, by what they had said by then."
        )
        for side, meaning in (
            (Side.FOR, "for the proposition"),
            (Side.AGAINST, "against it"),
            (Side.RESERVATIONS, "for it with reservations"),
            (Side.SILENT, "that had spoken but taken no side"),
        )
    ),
)

PROFILE_TOPICS = (
    _text("topic", "The topic's id."),
    _text("name", "The topic's name."),
    _count("positions", "The state's positions on it."),
    _number("share", "Share of the state's positions that are on the topic, 0 to 1."),
    _number("others_share", "The same share of all other states' positions."),
    _number("ratio", "The first share by the second; empty where no other state speaks of it."),
    _number("low", "Lower end of the ratio's 95% interval, over positions."),
    _number("high", "Upper end of the ratio's 95% interval."),
)
PROFILE_STATES = (
    _text("state", "Code of another state, those nearest in words first."),
    _text("name", "Its name."),
    _count("positions", "Its positions in the years compared."),
    _number("similarity", _SIMILARITY),
    _number("low", "Lower end of the similarity's 95% interval, over the positions of both."),
    _number("high", "Upper end of the similarity's 95% interval."),
    _number("expected", "Similarity that states with as many positions have on average."),
    _number(
        "agreement", f"Share, 0 to 1, of {_PAIR} on which it was the same. Empty where too few are."
    ),
    _count("same", f"How many of {_PAIR} have the same side of both."),
    _count("issues", f"How many are {_PAIR}."),
)
PROFILE_ISSUES = (
    *_ISSUE,
    _text("side", "The state's side: for, against or reservations."),
    _SINCE,
    _BASIS,
    _CURRENT,
)

COHESION_TOPICS = (
    _text("topic", "The topic's id, the most united topic first."),
    _text("name", "The topic's name."),
    _count("positions", "Positions of members on it."),
    _count("members", "Members with two positions or more."),
    _count("outsiders", "Other states with two positions or more."),
    _number("within", "Mean similarity of two members, -1 to 1; of wording, not agreement."),
    _number("between", "Mean similarity of a member and an outsider, -1 to 1."),
    _number("difference", "The first less the second; empty where there are too few states."),
    _number("low", "Lower end of the difference's 95% interval, over states."),
    _number("high", "Upper end of the difference's 95% interval."),
)
COHESION_ISSUES = (
    *_ISSUE,
    _count("members", "Members that spoke while they belonged to the bloc."),
    *(_count(str(side), f"Members whose side is {side}.") for side in Side),
    _text("side", "The side of most members that took one; empty where there is none."),
    _number("unity", "Share of the largest side among members that took one, 0 to 1."),
    _number("rice", "Rice's index of cohesion, 0 to 1: for less against, by their sum."),
    _count("inferred", "Sides that rest on the model's verdicts alone."),
    _CURRENT,
)
COHESION_BREAKERS = (
    _text("issue", "Id of an issue on which most members took one side."),
    _text("state", "Code of a member on another side."),
    _text("name", "Its name."),
    _text("side", "Its own side."),
    _SINCE,
    _BASIS,
    _truth("opposed", "Whether one is for and the other against; else one has reservations."),
)
COHESION_RANKS = (
    _text("state", "Code of a member, those that most often stood apart first."),
    _text("name", "Its name."),
    _count("issues", "Issues with a side of most members, on which it took a side."),
    _count("apart", "On how many of them it took another side than most."),
    _count("opposed", "On how many of these the contrary one."),
)

_SHARE = (
    _text("name", "Its name."),
    _count("positions", "Its positions on the topic."),
    _count("of", "Its positions on anything."),
    _number("share", "The first by the second, 0 to 1."),
    _number("others_share", "The same of all others together."),
    _number(
        "ratio",
        "Its share by theirs; empty where no other speaks of it, or it has too few positions.",
    ),
    _number("low", "Lower end of the ratio's 95% interval, positions taken for independent."),
    _number("high", "Upper end of the ratio's 95% interval."),
)
TOPIC_STATES = (
    _text("state", "Code of a state, those that most surely speak more of it than others first."),
    *_SHARE,
)
TOPIC_BLOCS = (
    _text("bloc", "Id of a bloc, in the same order; of its members of the time."),
    *_SHARE,
)
TOPIC_YEARS = (
    _count("year", "The year."),
    _count("positions", "Positions on the topic."),
    _count("of", "Positions on anything."),
    _number("share", "The first by the second, 0 to 1."),
    _count("states", "States that spoke of the topic."),
)
TOPIC_ISSUES = (
    *_ISSUE,
    _text("contrary", "What the other side would itself assert."),
    *(
        _count(str(side), f"States whose side is {side}; empty where it wasn't judged.")
        for side in Side
        if side is not Side.SILENT
    ),
    _CURRENT,
)
TOPIC_PAIRS = (
    _text("list", "nearest: of the most similar wording; divided: contrary on the most issues."),
    _text("state_a", "Code of the first state."),
    _text("name_a", "Its name."),
    _text("state_b", "Code of the second state."),
    _text("name_b", "Its name."),
    _number("similarity", _SIMILARITY + " Empty where either has too few."),
    _count("claims_a", "Positions of the first in the years compared."),
    _count("claims_b", "Positions of the second."),
    _count("same", "Of the topic's issues, those on which both took the same side."),
    _count("opposed", "Those with one for and one against."),
    _count("issues", "Those on which both took a side."),
)
