"""Clusters as figures: a heat map in the order of the tree, the tree, and a map."""

from __future__ import annotations

import numpy as np

from service.analysis.clusters import Clusters
from service.figures.dendrogram import dendrogram
from service.figures.heat_map import heat_map
from service.figures.plane import plane

_OF_WORDING = "Of wording and subject; it never says that they agree."


def cluster_figures(found: Clusters) -> dict[str, str]:
    """By name; none where no state was placed."""
    placed = found.placed
    if not placed:
        return {}
    subject = found.query["topic"] or found.query["issue"] or "all positions"
    names, codes = [state.name for state in placed], [state.state for state in placed]
    groups = [state.cluster or 0 for state in placed]
    of_groups = {
        one.cluster: f"cluster {one.cluster} ({len(one.members)})" for one in found.clusters
    }
    cells = found.similarity.copy()
    np.fill_diagonal(cells, np.nan)
    meaning = (
        "Each cell is how much nearer two states come to each other than both come to anybody, "
        f"with {found.at_a_time} positions of each at a time."
        if found.query["correct"]
        else "Each cell is how near two states come to each other; who says more comes nearer to "
        "everybody."
    )
    return {
        "heat-map": heat_map(
            cells,
            names,
            codes,
            title=f"State against state: {subject}",
            desc=f"{meaning} Cosines. {_OF_WORDING}",
            empty="a state and itself",
            groups=groups,
            group_names=of_groups,
            standalone=True,
        ),
        "dendrogram": dendrogram(
            found.tree,
            names,
            title=f"Which states speak alike: {subject}",
            desc="The nearer to the names two branches meet, the more alike are their states' "
            f"similarities to all others. Dashed: where the clusters are cut. {_OF_WORDING}",
            groups=groups,
            group_names=of_groups,
            standalone=True,
        ),
        "map": plane(
            np.array([(state.x, state.y) for state in placed]),
            codes,
            names,
            title=f"Which states speak alike: {subject}",
            desc="States that lie near each other speak alike; directions mean nothing. Stress "
            f"{found.stress:.2f}: 0 is exact, above 0.2 only the large distances can be trusted. "
            f"{_OF_WORDING}",
            groups=groups,
            group_names=of_groups,
            standalone=True,
        ),
    }
