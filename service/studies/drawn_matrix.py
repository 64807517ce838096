"""A matrix of pairs as figures: a heat map in the order of a tree, the tree, and a map."""

from __future__ import annotations

from collections import Counter

import numpy as np

from service.analysis.grouping import cut, distances, in_order, in_plane, tree, without_effects
from service.analysis.pair_matrix import PairMatrix
from service.analysis.units import Unit
from service.figures.dendrogram import dendrogram
from service.figures.heat_map import heat_map
from service.figures.plane import plane

# More can't be read; fewer have no groups. Groups that are tried, at most.
MOST_UNITS, LEAST_UNITS, MOST_GROUPS = 250, 3, 10
_OF_WORDING = "Of wording and subject; it never says that they agree."
_ORDER = (
    "what each is to everybody is taken out, then those are near to which the same others are near"
)


def matrix_figures(found: PairMatrix) -> dict[str, str]:
    """By name; none of more than MOST_UNITS units, or where fewer than LEAST_UNITS have a figure.

    Units stand in the order of the tree, cut into the number of groups that has the largest mean
    silhouette; the heat map has those without a figure as well, after the others.
    """
    if len(found.units) > MOST_UNITS:
        return {}
    similarity = found.similarity()
    known = np.isfinite(similarity).any(axis=1)
    placed, without = np.flatnonzero(known), np.flatnonzero(~known)
    if len(placed) < LEAST_UNITS:
        return {}
    values = similarity[np.ix_(placed, placed)]
    np.fill_diagonal(values, 0.0)
    values = without_effects(values)
    order, merges = in_order(tree(distances(values)))
    placed, apart = placed[order], distances(values[np.ix_(order, order)])
    numbers = range(2, min(MOST_GROUPS, len(placed) - 1) + 1)
    groups = (cut(apart, merges, numbers).labels + 1).tolist()
    points, stress = in_plane(apart)
    sizes = Counter(groups)
    of_groups = {group: f"group {group} ({size})" for group, size in sizes.items()}
    names, codes = _names(found), _codes(found)
    of_placed, codes_of_placed = [names[i] for i in placed], [codes[i] for i in placed]
    last, after = len(sizes) + 1, {}
    if len(without):
        after = {last: f"too few claims ({len(without)})"}
    everybody = np.concatenate((placed, without))
    unit, subject = str(found.query["unit"]), _subject(found)
    return {
        "heat-map": heat_map(
            similarity[np.ix_(everybody, everybody)],
            [names[i] for i in everybody],
            [codes[i] for i in everybody],
            title=f"{unit.capitalize()} against {unit}: {subject}",
            desc="Each cell is the mean cosine of the claims of both with the nearest of the "
            f"other; who says more comes nearer to everybody. In the order of the tree: {_ORDER}. "
            f"{_OF_WORDING}",
            empty=f"a {unit} and itself" + (", or too few claims" if after else ""),
            groups=[*groups, *[last] * len(without)],
            group_names=of_groups | after,
            standalone=True,
        ),
        "dendrogram": dendrogram(
            merges,
            of_placed,
            title=f"Which {unit}s speak alike: {subject}",
            desc=f"The nearer to the names two branches meet, the nearer are their {unit}s: "
            f"{_ORDER}. Dashed: where the groups are cut; whether there are any, `clusters` tells. "
            f"{_OF_WORDING}",
            groups=groups,
            group_names=of_groups,
            standalone=True,
        ),
        "map": plane(
            points,
            codes_of_placed,
            of_placed,
            title=f"Which {unit}s speak alike: {subject}",
            desc=f"The nearer, the more alike: {_ORDER}; directions mean nothing. Stress "
            f"{stress:.2f}: 0 is exact, above 0.2 only the large distances can be trusted. "
            f"{_OF_WORDING}",
            groups=groups,
            group_names=of_groups,
            standalone=True,
        ),
    }


def _names(found: PairMatrix) -> list[str]:
    dates = found.units.dates
    return [
        name if date is None else f"{name}, {date}"
        for name, date in zip(found.names, dates, strict=True)
    ]


def _codes(found: PairMatrix) -> list[str]:
    """Of each unit its state's, with the date where the state has several."""
    units = found.units
    if units.kind is Unit.STATE:
        return list(units.names)
    times = Counter(units.states)
    return [
        state if times[state] == 1 else f"{state} {date}"
        for state, date in zip(units.states, units.dates, strict=True)
    ]


def _subject(found: PairMatrix) -> str:
    """The topics and the period."""
    query = found.query
    about = ", ".join(query["topics"]) or "all topics"
    first, last = query["from"], query["to"]
    if first is None and last is None:
        return about
    if first == last:
        return f"{about}, {first}"
    return f"{about}, {first or 'the first'} to {last or 'the last'}"
