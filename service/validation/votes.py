"""Do states whose statements agree also vote together?

The unit is a pair of states on an issue in a session: agreement in the statements of that session's
General Debate against agreement in its votes. Gurciullo and Mikhaylov (2017, "Detecting Policy
Preferences and Dynamics in the UN General Debate with Neural Word Embeddings") found no relation
between likeness of speeches and votes; here each measure says for itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.analysis.issue_judge import IssueJudge
from service.domain.issues import Issue, Issues
from service.errors import InvalidInput
from service.retrieval.generations import Generation
from service.retrieval.levels import SAME_SUBJECT_PERCENTILE
from service.stance.contraries import Contraries
from service.stance.kept import Progress
from service.validation import measures
from service.validation.debates import Debate, Floats
from service.validation.learning import Known, places
from service.validation.measures import COSINE
from service.validation.tested import Tested, VoteValidation
from service.votes.agreement import Voting, issue_sessions, whole_sessions
from service.votes.resolutions import VoteMapping
from service.votes.roll_calls import RollCall, RollCalls
from service.votes.statistics import Sample, relations_beside, sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is held against each other: `roll_calls` are on resolutions as a whole, of sessions of
    which there are `debates`. Without `judge` nothing is judged."""

    generation: Generation
    issues: Issues
    contraries: Contraries
    judge: IssueJudge | None
    mapping: VoteMapping
    roll_calls: Sequence[RollCall]
    debates: Mapping[int, Debate]


def parse_sessions(given: Mapping[str, Any], mapping: VoteMapping) -> range:
    """From `from` to `to`, those of the mapping where nothing is given."""
    ends = []
    for name, default in (("from", mapping.first), ("to", mapping.last)):
        value = given.get(name)
        value = default if value is None else value
        if not str(value).isdecimal() or not mapping.first <= int(value) <= mapping.last:
            raise InvalidInput(
                name, f"must be a session from {mapping.first} to {mapping.last}, for which roll "
                "calls are mapped to issues"
            )  # fmt: skip
        ends.append(int(value))
    if ends[0] > ends[1]:
        raise InvalidInput("to", f"session {ends[1]} is before session {ends[0]}")
    return range(ends[0], ends[1] + 1)


def parse_draws(draws: Any, seed: Any) -> None:
    for name, value, most in (("draws", draws, 100_000), ("seed", seed, 2**32 - 1)):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise InvalidInput(name, f"must be a whole number from 0 to {most}")


def hold_against(
    ground: Ground,
    read: RollCalls,
    draws: int,
    seed: int,
    stance_model: str | None,
    progress: Progress | None,
) -> VoteValidation:
    """Issue by issue, then over all."""
    whole = {
        number: measures.of_speeches(ground.generation, debate)
        for number, debate in ground.debates.items()
    }
    by_issue: dict[str, list[Voting]] = defaultdict(list)
    for voting in issue_sessions(ground.mapping, ground.roll_calls):
        by_issue[voting.issue or ""].append(voting)
    found: list[Tested] = []
    leanings: dict[str, dict[int, dict[str, Floats]]] = {}
    for done, (issue_id, votings) in enumerate(by_issue.items()):
        if progress is not None:
            progress(done, len(by_issue) + 1)
        issue = ground.issues.get(issue_id)
        assert issue is not None
        leanings[issue_id] = _leanings(ground, issue)
        samples = list(_on_issue(ground, votings, whole, leanings[issue_id]))
        found += _tested(issue, samples, draws, seed)
    found += _tested(None, list(_on_all(ground, whole, leanings)), draws, seed)
    if progress is not None:
        progress(len(by_issue) + 1, len(by_issue) + 1)
    sessions = tuple(ground.debates)
    mapped = ground.mapping.by_issue(ground.roll_calls)
    return VoteValidation(
        query={
            "from": sessions[0], "to": sessions[-1], "judge": ground.judge is not None,
            "draws": draws, "seed": seed,
        },
        generation=ground.generation.manifest.id,
        model=ground.generation.manifest.model,
        stance_model=stance_model,
        sessions=sessions,
        read=len(read.roll_calls),
        mapped=len({call.id for calls in mapped.values() for call, _ in calls}),
        tested=tuple(found),
    )  # fmt: skip


def _leanings(ground: Ground, issue: Issue) -> dict[int, dict[str, Floats]]:
    """By session and measure one figure a state, from its positions on the issue's subject."""
    index, level = ground.generation.index, ground.generation.similarity_at(SAME_SUBJECT_PERCENTILE)
    sides = ground.contraries.on(issue.id)
    holds, denies = index.scores(sides.holds), index.scores(sides.denies)
    near = np.maximum(holds, denies) >= level
    leaning = np.full(index.count, np.nan)
    if ground.judge is not None:
        rows = np.concatenate([d.rows[near[d.rows]] for d in ground.debates.values()])
        leaning[rows] = ground.judge.leanings(issue, rows)
    found: dict[int, dict[str, Floats]] = {}
    for number, debate in ground.debates.items():
        rows = debate.rows
        contrast = (holds[rows] - denies[rows]).astype(np.float64)
        found[number] = {measures.CONTRAST: debate.means_of(contrast, near[rows])}
        if ground.judge is not None:
            found[number][measures.STANCE] = debate.means_of(leaning[rows], near[rows])
    return found


def _on_issue(
    ground: Ground,
    votings: Sequence[Voting],
    whole: Mapping[int, Mapping[str, Floats]],
    leanings: Mapping[int, Mapping[str, Floats]],
) -> Iterator[Sample]:
    earlier: list[Known] = []
    for voting in votings:
        debate = ground.debates.get(voting.session)
        if debate is None:
            continue
        made = {name: measures.product(places) for name, places in leanings[voting.session].items()}
        made |= measures.informed(earlier, debate) if earlier else {}
        yield sample(voting, debate.states, {**whole[voting.session], **made})
        assert voting.position is not None
        earlier.append(Known(debate, _of(debate, voting, voting.position[:, None])))


def _on_all(
    ground: Ground,
    whole: Mapping[int, Mapping[str, Floats]],
    leanings: Mapping[str, Mapping[int, Mapping[str, Floats]]],
) -> Iterator[Sample]:
    earlier: list[Known] = []
    for voting in whole_sessions(ground.roll_calls):
        debate = ground.debates.get(voting.session)
        if debate is None:
            continue
        made: dict[str, Floats] = {}
        for name in (measures.CONTRAST, measures.STANCE):
            of_issues = [of[voting.session][name] for of in leanings.values()
                         if name in of[voting.session]]  # fmt: skip
            if of_issues:
                made[name] = measures.mean_product(of_issues)
        made |= measures.informed_of_all(earlier, debate) if earlier else {}
        yield sample(voting, debate.states, {**whole[voting.session], **made})
        before = _before(earlier, voting.states)
        earlier.append(Known(debate, _of(debate, voting, places(voting.agreement, before))))


def _of(debate: Debate, voting: Voting, figures: Floats) -> Floats:
    """In the order of the debate's states, NaN for one that didn't vote."""
    place = {state: i for i, state in enumerate(voting.states)}
    found = np.full((len(debate.states), figures.shape[1]), np.nan)
    for number, state in enumerate(debate.states):
        if state in place:
            found[number] = figures[place[state]]
    return found


def _before(earlier: Sequence[Known], states: Sequence[str]) -> Floats | None:
    """Places on the axis of the session before."""
    if not earlier:
        return None
    known = dict(zip(earlier[-1].debate.states, earlier[-1].targets[:, 1].tolist(), strict=True))
    return np.array([known.get(state, np.nan) for state in states])


def _tested(issue: Issue | None, samples: list[Sample], draws: int, seed: int) -> Iterator[Tested]:
    if not samples:
        return
    found = relations_beside(samples, COSINE, draws, seed)
    yield from (Tested(issue, relation, beyond) for relation, beyond in found.values())
