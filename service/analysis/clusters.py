"""Groups of states that speak alike, beside the real blocs: what is asked and what is found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.partitions import BlocLikeness, Likeness
from service.analysis.tabular import Column, Table, Tabular, Type
from service.errors import InvalidInput

# Positions of a state that are needed to place it, and groups that are tried, unless others are
# asked for.
LEAST_POSITIONS, MOST_CLUSTERS = 5, 10
# As many as figures can tell apart.
_MOST_NUMBER = 20
# A silhouette below the first is "no substantial structure", here faint where chance doesn't come
# to as much; below the next a weak one, below the last a reasonable, else a strong one (Kaufman
# and Rousseeuw 1990, Finding Groups in Data, table 4).
_FAINT, _WEAK, _REASONABLE = 0.25, 0.5, 0.7
_BY_CHANCE = 0.05

Floats = npt.NDArray[np.float64]


class Structure(StrEnum):
    """`none`: one group of all is as good. `faint`: it is about as good, for what there is beyond
    chance runs into each other."""

    NONE = "none"
    FAINT = "faint"
    WEAK = "weak"
    REASONABLE = "reasonable"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to cluster. `number` of clusters, or None for the best from 2 to `most`; a state needs
    `least` positions; `correct` for how much each one says; `seed` of all that is drawn."""

    number: int | None = None
    most: int = MOST_CLUSTERS
    least: int = LEAST_POSITIONS
    correct: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InvalidInput naming the field."""
        for name, value in (("number", self.number), ("most", self.most)):
            if value is not None and not 2 <= value <= _MOST_NUMBER:
                raise InvalidInput(name, f"must be from 2 to {_MOST_NUMBER}")
        if self.least < 2:
            raise InvalidInput("least", "must be 2 or more")
        if self.seed < 0:
            raise InvalidInput("seed", "must be 0 or more")


@dataclass(frozen=True, slots=True)
class ClusteredState:
    """`silhouette`, -1 to 1, is how much nearer the state is to its own cluster than to the next;
    below 0 it is nearer to the other. `x` and `y` place it on the map. All are None where it has
    too few positions, or too few states have enough."""

    state: str
    name: str
    positions: int
    cluster: int | None = None
    silhouette: float | None = None
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Typical:
    """A position that sounds like its cluster and unlike the others."""

    claim_id: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """`silhouette` is the members' mean. `stability` is the mean, over half samples of all
    positions, of the Jaccard index with the cluster most like it that is found there (Hennig
    2007): from about 0.75 on it is found again, below 0.6 it shouldn't be believed."""

    cluster: int
    members: tuple[str, ...]
    silhouette: float
    stability: float
    typical: tuple[Typical, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters(Tabular):
    """`states` are in the order of the tree, so that clusters, numbered from 1 on, stand together;
    those that couldn't be placed come last, by code.

    `silhouette` is the mean of all, `by_number` that for each number of clusters tried. `usual` is
    what one cloud without groups comes to, on average, and `p` the share of such clouds that come
    to as much. `structure` is none where `p` is 0.05 or more, else by the silhouette. Where it is
    none or faint one group of all is as good, and the clusters divide what has no clear seams.

    `regions` is the likeness to the five regional groups of the United Nations, `blocs` that to
    being in each bloc or not, by memberships on `day`; of some twenty blocs one has a `p` below
    0.05 by chance.

    Each state was heard with `at_a_time` positions at a time, and its effect taken out, where the
    query says `correct`; else with all of its own, and `at_a_time` is None.

    `similarity` and `distances` have shape (n, n), for the n placed states in their order, `tree`
    (n - 1, 4) is scipy's table of merges, whose leaves stand in the same order. `similarity` is
    what is left of it above 0 where it is corrected. `stress` is that of the map.
    """

    query: dict[str, Any]
    generation: str
    model: str
    day: date | None
    at_a_time: int | None
    silhouette: float | None
    usual: float | None
    p: float | None
    structure: Structure | None
    by_number: dict[int, float]
    stress: float | None
    states: tuple[ClusteredState, ...]
    clusters: tuple[Cluster, ...]
    regions: Likeness | None
    blocs: tuple[BlocLikeness, ...]
    similarity: Floats = field(repr=False, compare=False)
    distances: Floats = field(repr=False, compare=False)
    tree: Floats = field(repr=False, compare=False)

    @property
    def placed(self) -> tuple[ClusteredState, ...]:
        """The states of the matrices, in their order."""
        return tuple(state for state in self.states if state.cluster is not None)

    def to_dict(self) -> dict[str, Any]:
        """In the API's names, without the matrices."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "day": self.day and self.day.isoformat(),
            "at_a_time": self.at_a_time,
            "silhouette": self.silhouette,
            "usual": self.usual,
            "p": self.p,
            "structure": self.structure and str(self.structure),
            "by_number": {str(number): mean for number, mean in self.by_number.items()},
            "stress": self.stress,
            "states": [asdict(state) for state in self.states],
            "clusters": [
                asdict(one)
                | {"size": len(one.members), "members": list(one.members),
                   "typical": [asdict(position) for position in one.typical]}
                for one in self.clusters
            ],
            "regions": self.regions and asdict(self.regions),
            "blocs": [_flat(one) for one in self.blocs],
        }  # fmt: skip

    def tables(self) -> tuple[Table, ...]:
        """The states, the clusters, and the blocs beside them, the regional groups together first;
        members and claims of a cluster are joined by semicolons."""
        clusters = (
            {
                "cluster": one.cluster,
                "size": len(one.members),
                "members": "; ".join(one.members),
                "silhouette": one.silhouette,
                "stability": one.stability,
                "typical": "; ".join(position.claim_id for position in one.typical),
            }
            for one in self.clusters
        )
        known = [_flat(one) for one in self.blocs]
        if self.regions:
            unknown = dict.fromkeys(column.name for column in BLOCS)
            known.insert(0, unknown | {"bloc": "regional-groups", "name": "UN regional groups"}
                         | asdict(self.regions))  # fmt: skip
        return (
            Table("states", STATES, (asdict(state) for state in self.states)),
            Table("clusters", CLUSTERS, clusters),
            Table("blocs", BLOCS, known),
        )


STATES = (
    Column("state", Type.STRING, "Code of a state, ISO 3166-1 alpha-3; in the order of the tree."),
    Column("name", Type.STRING, "Its name."),
    Column("positions", Type.INTEGER, "Its positions on the subject."),
    Column("cluster", Type.INTEGER, "Number of its cluster; empty where it couldn't be placed."),
    Column(
        "silhouette",
        Type.NUMBER,
        "-1 to 1: how much nearer it is to its own cluster than to the next one; below 0 it is "
        "nearer to the other.",
    ),
    Column("x", Type.NUMBER, "Place on the two-dimensional map, in units of distance."),
    Column("y", Type.NUMBER, "Place on the map, likewise."),
)
CLUSTERS = (
    Column("cluster", Type.INTEGER, "Number of the cluster."),
    Column("size", Type.INTEGER, "States in it."),
    Column("members", Type.STRING, "Their codes, joined by semicolons."),
    Column("silhouette", Type.NUMBER, "Mean silhouette of its states, -1 to 1."),
    Column(
        "stability",
        Type.NUMBER,
        "0 to 1: mean Jaccard index with the cluster most like it in half samples of all "
        "positions; below 0.6 it shouldn't be believed.",
    ),
    Column(
        "typical",
        Type.STRING,
        "Ids of the claims that sound most like it and least like the others.",
    ),
)
BLOCS = (
    Column(
        "bloc",
        Type.STRING,
        "Id of a bloc; regional-groups: the five regional groups as one partition.",
    ),
    Column("name", Type.STRING, "Its name."),
    Column("states", Type.INTEGER, "States on which the figures rest."),
    Column(
        "members", Type.INTEGER, "Those of them that belong to the bloc; empty for the partition."
    ),
    Column(
        "ari",
        Type.NUMBER,
        "Adjusted Rand index with the clusters: 1 the same, 0 as chance would have it.",
    ),
    Column(
        "p",
        Type.NUMBER,
        "Share of partitions at random with as large an index; by permutation of states.",
    ),
    Column("cluster", Type.INTEGER, "The cluster that holds most of its members."),
    Column("precision", Type.NUMBER, "Members' share of this cluster, 0 to 1."),
    Column("recall", Type.NUMBER, "This cluster's share of the members, 0 to 1."),
)


def structure(silhouette: float, p: float) -> Structure:
    """In the words of Kaufman and Rousseeuw."""
    if p >= _BY_CHANCE:
        return Structure.NONE
    if silhouette < _FAINT:
        return Structure.FAINT
    if silhouette < _WEAK:
        return Structure.WEAK
    return Structure.REASONABLE if silhouette < _REASONABLE else Structure.STRONG


def _flat(one: BlocLikeness) -> dict[str, Any]:
    row = asdict(one)
    likeness: dict[str, Any] = row.pop("likeness")
    return row | likeness
