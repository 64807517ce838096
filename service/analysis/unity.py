"""How alike what the members of a bloc say of a topic is, beside what members and others say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.best_matches import Groups, sums_between
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation

# Of members, and of outsiders, with enough positions on a topic; fewer are too few for figures.
LEAST_STATES = 3
# Of the interval: what lies below its upper end.
_UPPER = 0.975

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TopicUnity:
    """`members` and `outsiders` have LEAST_POSITIONS positions and more on the topic; `positions`
    counts all the members'. `within` is the mean similarity (`matrix.Alike`) of two members,
    `between` that of a member and an outsider, and `difference` the first less the second, with a
    95% interval: None where there are fewer than LEAST_STATES of either.

    Above 0 members word the topic more like each other than like outsiders; it doesn't say that
    they agree. The interval covers which states belong to the bloc and which don't, not that those
    who say more find nearer matches: over two years of the General Debate that moved a difference
    by 0.005 on average, a tenth of half an interval.
    """

    topic: str
    name: str
    positions: int
    members: int
    outsiders: int
    within: float | None
    between: float | None
    difference: float | None
    low: float | None
    high: float | None


def topic_unity(
    generation: Generation, rows: Rows, member: Mask, topic: str, name: str
) -> TopicUnity:
    """Of `rows`, positions on the topic that ascend; `member` marks those of a state that belonged
    to the bloc. One that joined or left meanwhile is a member and an outsider, never compared with
    itself."""
    order = np.argsort(~member, kind="stable")  # members first, each state's rows together
    ours = int(member.sum())
    owner = generation.columns.state[rows[order]]
    starts = np.concatenate(
        [generation.columns.starts(owner[:ours]), ours + generation.columns.starts(owner[ours:])]
    )
    counts = np.diff(np.append(starts, len(rows)))
    enough = counts >= LEAST_POSITIONS
    inside, outside = enough & (starts < ours), enough & (starts >= ours)
    members, outsiders = int(inside.sum()), int(outside.sum())
    counted = (topic, name, ours, members, outsiders)
    if min(members, outsiders) < LEAST_STATES:
        return TopicUnity(*counted, None, None, None, None, None)
    kept = np.repeat(enough, counts)
    rows, owner = rows[order][kept], owner[kept]
    starts = np.cumsum(counts[enough]) - counts[enough]
    groups = Groups(generation.index.vectors(rows), starts)
    ours_only = groups.of((0, members))
    there, back = sums_between(ours_only, groups)
    alike = (there + back) / (ours_only.counts[:, None] + groups.counts)
    states = owner[starts]
    different = states[:members, None] != states[None, members:]
    figures = difference(alike[:, :members], alike[:, members:], different)
    return TopicUnity(*counted, *(round(figure, 6) for figure in figures))


def difference(
    among: Floats, beside: Floats, different: Mask
) -> tuple[float, float, float, float, float]:
    """Means within and between, their difference, and its 95% interval.

    `among` has shape (members, members) and is symmetric, `beside` (members, outsiders); the pairs
    that aren't `different` don't count. The interval is Student's about the jackknife over states,
    both sides left out one by one (Arvesen 1969; for networks, Snijders and Borgatti 1999): with
    the few states that there are, the percentile bootstrap is too narrow.
    """
    from scipy.special import stdtrit

    members, outsiders = beside.shape
    own = among.sum(axis=1) - among.diagonal()
    counting = np.where(different, beside, 0.0)
    sum_, pairs = counting.sum(), different.sum()
    within = own.sum() / (members * (members - 1))
    between = sum_ / pairs
    fewer = (own.sum() - 2 * own) / ((members - 1) * (members - 2)) - (
        sum_ - counting.sum(axis=1)
    ) / (pairs - different.sum(axis=1))
    fewer_outside = within - (sum_ - counting.sum(axis=0)) / (pairs - different.sum(axis=0))
    error = np.sqrt(_spread(fewer) + _spread(fewer_outside))
    half = float(stdtrit(min(members, outsiders) - 1, _UPPER)) * error
    found = within - between
    return float(within), float(between), float(found), float(found - half), float(found + half)


def _spread(left_out: Floats) -> float:
    n = len(left_out)
    return float((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
