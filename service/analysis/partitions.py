"""Groups that were found beside groups that are known: blocs of states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Bloc, Blocs

# The groups by which the United Nations fill their elected seats: nearly every member belongs to
# one of them, none to two.
REGIONAL_GROUPS = (
    "african-group", "asia-pacific-group", "eastern-european-group", "grulac", "weog",
)  # fmt: skip
# Members, and others, that are needed for a figure on a bloc.
LEAST_MEMBERS = 3

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of two partitions of as many `states`: `ari` is the adjusted Rand index, 1 for the same one
    and 0 for what chance makes of groups of these sizes; `p` the share of partitions with the
    same groups, but states drawn at random, that come as near or nearer (the given one counts)."""

    states: int
    ari: float
    p: float


@dataclass(frozen=True, slots=True)
class BlocLikeness:
    """`likeness` is that of the clusters and of who is in the bloc or not. `members` are the
    bloc's of these states, `cluster` holds most of them: `recall` is its share of the members,
    `precision` the members' share of it."""

    bloc: str
    name: str
    members: int
    likeness: Likeness
    cluster: int
    precision: float
    recall: float


def adjusted_rand(labels: Labels, known: Labels) -> Floats:
    """Hubert and Arabie's index (1985) of each row of `labels`, shape (draws, n), and of `known`,
    shape (n,): shape (draws,). 1 where both are one group, or all groups of one."""
    draws, n = labels.shape
    of_known = (known[:, None] == np.unique(known)).astype(np.float64)
    both, own = np.zeros(draws), np.zeros(draws)
    for label in np.unique(labels):
        member = (labels == label).astype(np.float64)
        both += _pairs(member @ of_known).sum(axis=1)
        own += _pairs(member.sum(axis=1))
    theirs = float(_pairs(of_known.sum(axis=0)).sum())
    by_chance = own * theirs / (n * (n - 1) / 2)
    most = (own + theirs) / 2
    room = most - by_chance
    found = np.divide(both - by_chance, room, out=np.ones(draws), where=np.abs(room) > 1e-9)
    return np.asarray(found)


def likeness(labels: Labels, known: Labels, draws: int, seed: int) -> Likeness:
    """Of two partitions, both of shape (n,)."""
    random = np.random.default_rng(seed)
    shuffled = random.permuted(np.tile(labels, (draws, 1)), axis=1)
    found = float(adjusted_rand(labels[None], known)[0])
    as_near = int((adjusted_rand(shuffled, known) >= found - 1e-9).sum())
    return Likeness(len(labels), round(found, 6), round((1 + as_near) / (1 + draws), 6))


def regions(
    states: Sequence[str], labels: Labels, blocs: Blocs, day: date, draws: int, seed: int
) -> Likeness | None:
    """Beside the regional groups of that day, states of none left out. None where fewer than two
    groups have LEAST_MEMBERS."""
    groups = {bloc.id: bloc.members(day) for bloc in blocs if bloc.id in REGIONAL_GROUPS}
    region = _regions(states, groups)
    in_one = region >= 0
    if (np.bincount(region[in_one], minlength=1) >= LEAST_MEMBERS).sum() < 2:
        return None
    return likeness(labels[in_one], region[in_one], draws, seed)


def beside_blocs(
    states: Sequence[str], labels: Labels, blocs: Iterable[Bloc], day: date, draws: int, seed: int
) -> list[BlocLikeness]:
    """Of each bloc with LEAST_MEMBERS among the states on that day, and as many states outside:
    those most like the clusters first. `labels` are from 1 on."""
    found = []
    for bloc in blocs:
        now = bloc.members(day)
        member = np.array([state in now for state in states], np.bool_)
        members = int(member.sum())
        if not LEAST_MEMBERS <= members <= len(states) - LEAST_MEMBERS:
            continue
        inside = np.bincount(labels[member], minlength=int(labels.max()) + 1)
        size = np.bincount(labels)
        # Of clusters with as many members the smaller one.
        most = min(range(1, len(size)), key=lambda one: (-int(inside[one]), int(size[one])))
        found.append(
            BlocLikeness(
                bloc=bloc.id,
                name=bloc.name,
                members=members,
                likeness=likeness(labels, member.astype(np.int64), draws, seed),
                cluster=most,
                precision=round(float(inside[most] / size[most]), 6),
                recall=round(float(inside[most] / members), 6),
            )
        )
    return sorted(found, key=lambda one: (-one.likeness.ari, one.bloc))


def _regions(states: Sequence[str], groups: Mapping[str, frozenset[str]]) -> Labels:
    """The number of each state's group, -1 where it has none."""
    of = {state: number for number, members in enumerate(groups.values()) for state in members}
    return np.array([of.get(state, -1) for state in states], np.int64)


def _pairs(count: Floats) -> Floats:
    return np.asarray(count * (count - 1) / 2)
