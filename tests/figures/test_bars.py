import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.figures.bars import Bar, bars
from service.figures.marks import KINDS
from tests.figures.parsed import HOSTILE, LABELS, SPELT, check_frame, read, titled

WIDTH = 440
# The shapes that a stretch of bar is drawn with, and how far an outline's edge lies inside it.
OUTER = {"solid-aligned": ("aligned", 0), "hollow-partial": ("partial", 0.75),
         "solid-opposed": ("opposed", 0), "hollow-unclear": ("unclear", 0.75),
         "hollow-none": ("none", 0.75)}  # fmt: skip
OUTLINED = {kind for kind, inset in OUTER.values() if inset}
COUNTS = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 193))


def figure(rows, title="Blocs", desc="By stance", **more):
    return bars(rows, title=title, desc=desc, labels=LABELS, **more)


def stretches(row) -> dict[str, float]:
    """Width by kind of the row's bar, which is its lowest line."""
    found = {}
    rects = [e for e in row.iter("rect") if e.get("class") in OUTER]
    bottom = max(float(e.get("y")) for e in rects) if rects else 0.0
    for e in rects:
        kind, inset = OUTER[e.get("class")]
        if float(e.get("y")) >= bottom - 1:
            found[kind] = float(e.get("width")) + 2 * inset
    return found


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(COUNTS, min_size=1, max_size=4), shares=st.booleans())
def test_lengths_are_counts(counts, shares) -> None:
    rows = [Bar(f"Bloc {n}", found) for n, found in enumerate(counts)]
    root = read(figure(rows, shares=shares))
    most = max(row.total for row in rows)
    for row in rows:
        ((told, drawn),) = [(t, e) for t, e in titled(root).items() if t.startswith(f"{row.name}:")]
        present = {kind: count for kind, count in row.counts.items() if count}
        whole = row.total if shares else most
        wanted = {
            # An outline has a width of its own.
            kind: pytest.approx(max(WIDTH * n / whole, 1.5 * (kind in OUTLINED)), abs=0.3)
            for kind, n in present.items()
        }
        assert stretches(drawn) == wanted
        figures = [t.text for t in drawn.iter("text") if t.get("class") == "end quiet"]
        assert figures == [str(present[kind]) for kind in KINDS if kind in present]
        words = ", ".join(f"{LABELS[kind]} {present[kind]}" for kind in KINDS if kind in present)
        assert told == f"{row.name}: {words}"


@pytest.mark.parametrize("standalone", [False, True])
def test_a_row_leads_on_and_shows_text_as_text(standalone) -> None:
    rows = [Bar(HOSTILE, {"aligned": 2, "none": 1}, link=f"/b?{HOSTILE}"), Bar("Other", {})]
    svg = figure(rows, title=HOSTILE, desc=HOSTILE, standalone=standalone)
    root = check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)
    (link,) = root.iter("a")
    assert link.get("href") == f"/b?{SPELT}"
    assert link.findtext("title") == f"{SPELT}: with us 2, no position found 1"
    assert [e.get("role") for e in root.iter("g") if e.get("role")] == ["list", *["listitem"] * 2]


def test_without_links_it_is_one_image() -> None:
    svg = figure([Bar("Nordic", {"opposed": 5})])
    check_frame(svg, standalone=False, title="Blocs", desc="By stance")
    assert "listitem" not in svg


def test_a_long_name_keeps_clear_of_the_figures() -> None:
    name = "A bloc whose name was found by a committee " * 3
    root = read(figure([Bar(name, dict.fromkeys(KINDS, 100)), Bar("x" * 10_000, {"none": 1})]))
    lines = [e.text or "" for e in root.iter("text") if e.get("class") == "name"]
    assert 2 < len(lines) <= 6
    first = min(float(e.get("x")) for e in root.iter("text") if e.get("class") == "end quiet")
    assert all(len(line) * 12 * 0.6 < first for line in lines[:3])


def test_only_what_has_a_word_is_counted() -> None:
    with pytest.raises(ValueError, match="no label for 'unclear'"):
        bars([Bar("A", {"unclear": 1})], title="", desc="", labels={"aligned": "for"})
    with pytest.raises(ValueError, match="'silent' is none of"):
        figure([Bar("A", {"silent": 1})])


def test_counts_in_the_readers_notation() -> None:
    svg = figure([Bar("A", {"aligned": 1234})], write=lambda n: f"{n:,}".replace(",", "\u202f"))
    assert "1\u202f234" in svg


def test_no_rows() -> None:
    check_frame(figure([]), standalone=False, title="Blocs", desc="By stance")
