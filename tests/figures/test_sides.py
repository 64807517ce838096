import itertools

import pytest

from service.figures.png import png
from service.figures.sides import MOST_CLAIMS, Link, SideClaim, sides
from tests.figures.parsed import HOSTILE, LABELS, SPELT, check_frame, classes, read, titled

KINDS = ("aligned", "partial", "opposed", "unclear", "none")


def figure(left, right, links, **more):
    given = {"names": ("A", "B"), "title": "Side by side", "desc": "Claims", "labels": LABELS}
    return sides(left, right, links, **(given | more))


def many(count):
    return [SideClaim(f"claim {n} " + "and so forth " * 9, KINDS[n % 5]) for n in range(count)]


def test_each_link_joins_its_claims() -> None:
    left, right = many(7), [*many(4), SideClaim("alone", None)]
    links = [Link(0, 3, "aligned"), Link(6, 0, "opposed"), Link(1, 1, "partial"),
             Link(2, 2, "unclear"), Link(3, 2, "none")]  # fmt: skip
    root = read(figure(left, right, links))
    heights = {(e.findtext("text") or "").strip(): e for e in root.iter("g")}
    assert heights
    shown = titled(root)
    for link in links:
        drawn = shown[f"{link.left + 1} – {link.right + 1}: {LABELS[link.kind]}"].find("path")
        numbers = [float(part) for part in drawn.get("d")[1:].replace("C", " ").split()]
        start, end = numbers[1], numbers[-1]
        assert start == pytest.approx(_middle(root, left[link.left]), abs=0.2)
        assert end == pytest.approx(_middle(root, right[link.right], last=True), abs=0.2)
    # One of each line for the legend, and one a link.
    assert [classes(root)[f"line-{n}"] for n in (1, 2, 3)] == [2, 2, 2]


def _middle(root, claim, last=False):
    groups = [e for e in root.iter("g") if e.findtext("title") == claim.text]
    group = groups[-1 if last else 0]
    return float(group.findall("text")[0].get("y")) - 4


def test_kinds_are_told_apart_without_colour() -> None:
    root = read(figure(many(5), many(5), [Link(n, n, KINDS[n]) for n in range(5)]))
    lines = [titled(root)[f"{n + 1} – {n + 1}: {LABELS[KINDS[n]]}"].find("path").get("class")
             for n in range(5)]  # fmt: skip
    assert len(set(lines)) == 5
    said = [e.text for e in root.iter("text")]
    assert all(LABELS[kind] in said for kind in KINDS)


def test_a_hundred_claims_a_side_have_a_line_each_and_never_overlap() -> None:
    root = read(figure(many(100), many(100), [Link(n, 99 - n, KINDS[n % 5]) for n in range(100)]))
    for left_edge in (20.0, 1000 - 350.0 - 6):
        heights = sorted(
            float(e.get("y")) for e in root.iter("text")
            if e.get("class") == "end quiet" and abs(float(e.get("x")) - left_edge) < 30
        )  # fmt: skip
        assert len(heights) == 100
        assert min(b - a for a, b in itertools.pairwise(heights)) >= 14
    assert all(len(e.text or "") <= 60 for e in root.iter("text"))


def test_a_claim_of_one_side_only_has_no_mark() -> None:
    root = read(figure([SideClaim("alone", None)], [SideClaim("with", "aligned")], []))
    alone = next(e for e in root.iter("g") if e.findtext("title") == "alone")
    assert alone.find("rect") is None
    assert next(e for e in root.iter("g") if e.findtext("title") == "with").find("rect") is not None


@pytest.mark.parametrize("standalone", [False, True])
def test_text_is_text(standalone) -> None:
    claim = SideClaim(HOSTILE, "aligned")
    svg = figure([claim], [claim], [Link(0, 0, "aligned")], names=(HOSTILE, HOSTILE),
                 title=HOSTILE, desc=HOSTILE, standalone=standalone)  # fmt: skip
    check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)
    assert png(figure([claim], [claim], [], standalone=True)).startswith(b"\x89PNG")


def test_what_it_cannot_draw() -> None:
    with pytest.raises(ValueError, match="none of"):
        figure(many(1), many(1), [Link(0, 0, "agreed")])
    with pytest.raises(ValueError, match="no label"):
        figure(many(1), [], [], labels={})
    with pytest.raises(ValueError, match=str(MOST_CLAIMS)):
        figure(many(MOST_CLAIMS + 1), [], [])
