import re

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.cluster.hierarchy import dendrogram as scipys

from service.figures.dendrogram import dendrogram
from tests.figures.parsed import HOSTILE, SPELT, check_frame, classes, read


def merged(n, seed=0):
    return linkage(np.random.default_rng(seed).random((n, 3)), "average")


def figure(merges, names=None, **more):
    names = names or [f"State {i}" for i in range(len(merges) + 1)]
    return dendrogram(merges, names, **({"title": "Tree", "desc": "Of wording"} | more))


def lines(root):
    """Of each merge: the two ends, the joint and their heights on the page."""
    (path,) = (e.get("d") for e in root.iter("path") if e.get("d").count("V") > 1)
    pattern = r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H([\d.]+)"
    return np.array([[float(n) for n in found] for found in re.findall(pattern, path)])


def test_joints_are_where_scipy_has_them() -> None:
    merges = merged(30)
    root = read(figure(merges))
    drawn = lines(root)
    theirs = scipys(merges, no_plot=True)
    names = [e.text for e in root.iter("text") if (e.text or "").startswith("State")]
    assert names == [f"State {leaf}" for leaf in theirs["leaves"]]
    ticks = {float(e.text): float(e.get("x")) for e in root.iter("text")
             if e.get("class") == "middle quiet"}  # fmt: skip
    low, high = min(ticks), max(ticks)
    scale = (ticks[high] - ticks[low]) / (high - low)
    distances = (drawn[:, 2] - ticks[low]) / scale
    assert distances == pytest.approx(merges[:, 2], abs=0.01)
    # scipy counts leaves by tens, from 5 on.
    top = drawn[:, [1, 3]].min() - 7.5
    wanted = sorted((d[1], tuple(sorted((i[0], i[2])))) for d, i in
                    zip(theirs["dcoord"], theirs["icoord"], strict=True))  # fmt: skip
    for (distance, ends), row in zip(wanted, drawn[np.argsort(merges[:, 2])], strict=True):
        assert (row[2] - ticks[low]) / scale == pytest.approx(distance, abs=0.01)
        assert sorted((row[[1, 3]] - top) / 15 * 10) == pytest.approx(ends, abs=0.3)


def test_the_cut_parts_the_groups() -> None:
    merges = merged(12)
    groups = (cut_tree(merges, 4)[:, 0] + 1).tolist()
    root = read(figure(merges, groups=groups, group_names={g: f"group {g}" for g in range(1, 5)}))
    (cut,) = (e.get("d") for e in root.iter("path") if e.get("class") == "line-2")
    at = float(re.match(r"M([\d.]+) ", cut)[1])
    joints = lines(root)[:, 2]
    assert (joints < at).sum() == 3
    assert {f"group {g}" for g in range(1, 5)} <= {e.text for e in root.iter("text")}
    marks = sum(classes(root)[f"dot-{n}"] for n in range(1, 5))
    assert marks == 12 + 4
    assert classes(read(figure(merges, groups=[1] * 12)))["line-2"] == 0


@pytest.mark.parametrize("standalone", [False, True])
def test_193_states_fit_and_are_all_named(standalone) -> None:
    names = [f"State number {i}" for i in range(193)]
    svg = figure(merged(193), names, standalone=standalone)
    assert len(svg.encode()) < 100_000
    root = check_frame(svg, standalone=standalone, title="Tree", desc="Of wording")
    assert set(names) <= {e.text for e in root.iter("text")}
    heights = [float(e.get("y")) for e in root.iter("text") if e.text in set(names)]
    assert np.diff(heights) == pytest.approx(15)


def test_a_chain_of_states_is_drawn() -> None:
    n = 1_500
    merges = np.array([[0 if i == 0 else n + i - 1, i + 1, i + 1, i + 2] for i in range(n - 1)])
    assert lines(read(figure(merges.astype(float)))).shape == (n - 1, 5)


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    svg = figure(merged(2), [HOSTILE, "b"], groups=[1, 2], group_names={1: HOSTILE},
                 title=HOSTILE, desc=HOSTILE, standalone=standalone)  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)


def test_what_it_cannot_draw() -> None:
    with pytest.raises(ValueError, match="4 merges, but 3 names"):
        figure(merged(5), ["a", "b", "c"])
