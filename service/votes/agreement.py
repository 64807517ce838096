"""How far states agree in their votes: every two of them, over a set of roll calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from service.votes.resolutions import VoteMapping
from service.votes.roll_calls import RollCall

# Roll calls in which both states must have voted. On an issue a session has one or two; over all
# of a session's some seventy, of which five would say little.
LEAST_ON_ISSUE, LEAST_IN_SESSION = 1, 10

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Index(StrEnum):
    """By how far two votes are apart: nothing for the same vote, 1/2 where one abstains, 1 for yes
    against no. `d` is the mean of that over the roll calls in which both voted.

    - AGREEMENT: 1 - d, the index of agreement of Lijphart (1963, "The Analysis of Bloc Voting in
      the General Assembly"), in [0, 1]. The S of Signorino and Ritter (1999, "Tau-b or Not
      Tau-b") with equal weights and absolute distances is 2 (1 - d) - 1: the same order.
    - PI: 1 - d / e, where e is the mean distance expected by chance, if both drew their votes from
      the same box, that of all their votes together (Scott 1955).
    - KAPPA: the same, if each drew from a box of its own (Cohen 1968, weighted).

    Where nearly all vote yes, two states agree by chance; Häge (2011, "Choice or Circumstance?
    Adjusting Measures of Foreign Policy Similarity for Chance Agreement") recommends PI.
    """

    AGREEMENT = "agreement"
    PI = "pi"
    KAPPA = "kappa"


@dataclass(frozen=True, slots=True)
class Voting:
    """The votes of one session: on `issue`, or over all resolutions where that is None.

    `states` are codes in order, n of them, each of which voted. Shapes: `agreement` and `joint`
    (n, n), symmetric; `cast` and `position` (n,). `joint` counts the roll calls in which both voted
    and `cast` those in which one did. `agreement` is nan on the diagonal, and where joint votes are
    too few. `position` is the mean vote, from 1, always for the proposition, to -1, always against;
    None without an issue.
    """

    session: int
    issue: str | None
    symbols: tuple[str, ...]
    states: tuple[str, ...]
    agreement: Floats
    joint: Counts
    cast: Counts
    position: Floats | None


def issue_sessions(mapping: VoteMapping, roll_calls: Iterable[RollCall]) -> list[Voting]:
    """Each issue in each session in which it was voted on, by issue as in the mapping and by
    session."""
    found = []
    for issue, calls in mapping.by_issue(roll_calls).items():
        of_session: dict[int, list[tuple[RollCall, int]]] = defaultdict(list)
        for call, sign in calls:
            of_session[call.session].append((call, sign))
        for session, signed in sorted(of_session.items()):
            chosen = [call for call, _ in signed]
            signs = [sign for _, sign in signed]
            found.append(_voting(session, issue, chosen, signs, LEAST_ON_ISSUE))
    return found


def whole_sessions(roll_calls: Iterable[RollCall], index: Index = Index.AGREEMENT) -> list[Voting]:
    """All of each session's roll calls, by session."""
    of_session: dict[int, list[RollCall]] = defaultdict(list)
    for call in roll_calls:
        of_session[call.session].append(call)
    return [
        _voting(session, None, calls, None, LEAST_IN_SESSION, index)
        for session, calls in sorted(of_session.items())
    ]


def ballots(roll_calls: Sequence[RollCall]) -> tuple[tuple[str, ...], Floats]:
    """The states that voted, by code, and what they voted: shape (roll calls, states), 1 yes, 0
    abstaining, -1 no, nan where a state didn't vote."""
    states = tuple(sorted({state for call in roll_calls for state in call.votes}))
    place = {state: i for i, state in enumerate(states)}
    found = np.full((len(roll_calls), len(states)), np.nan)
    for row, call in zip(found, roll_calls, strict=True):
        for state, vote in call.votes.items():
            row[place[state]] = vote.score
    return states, found


def agreement(votes: Floats, least: int = 1, index: Index = Index.AGREEMENT) -> Floats:
    """Of `votes` as `ballots` has them: shape (states, states), symmetric, nan on the diagonal and
    where two have fewer than `least` joint votes; of the indices corrected for chance, also where
    chance alone makes them agree in everything."""
    chosen = [(votes == score).astype(float) for score in (1.0, 0.0, -1.0)]
    voted = (~np.isnan(votes)).astype(float)
    joint = voted.T @ voted
    yes, abstain, no = chosen
    apart = 0.5 * (_either(yes, abstain) + _either(abstain, no)) + _either(yes, no)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = apart / joint
        if index is not Index.AGREEMENT:
            # own[v][i, j]: the share of v among the votes of i in which j voted too.
            own = [column.T @ voted / joint for column in chosen]
            other = [share.T for share in own]
            if index is Index.PI:
                own = other = [(a + b) / 2 for a, b in zip(own, other, strict=True)]
            expected = (
                0.5 * (own[0] * other[1] + own[1] * other[0])
                + 0.5 * (own[1] * other[2] + own[2] * other[1])
                + own[0] * other[2]
                + own[2] * other[0]
            )
            distance = np.where(expected > 0, distance / expected, np.nan)
    found = 1 - distance
    found[joint < max(least, 1)] = np.nan
    np.fill_diagonal(found, np.nan)
    return np.asarray(found)


def _voting(
    session: int,
    issue: str | None,
    calls: list[RollCall],
    signs: list[int] | None,
    least: int,
    index: Index = Index.AGREEMENT,
) -> Voting:
    states, votes = ballots(calls)
    voted = ~np.isnan(votes)
    cast = voted.sum(axis=0)
    position = None
    if signs is not None:
        signed = np.where(voted, votes, 0.0) * np.array(signs)[:, None]
        position = signed.sum(axis=0) / cast
    return Voting(
        session,
        issue,
        tuple(call.symbol or call.id for call in calls),
        states,
        agreement(votes, least, index),
        voted.T.astype(np.int64) @ voted.astype(np.int64),
        cast.astype(np.int64),
        position,
    )


def _either(one: Floats, other: Floats) -> Floats:
    """In how many roll calls one of two states chose the first and the other the second."""
    found = one.T @ other
    return np.asarray(found + found.T)
