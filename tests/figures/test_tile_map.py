import gzip
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.catalogue import load_states
from service.domain.stance import STANCES
from service.figures.drawing import PALETTE, RULES, SHAPE_RULES
from service.figures.marks import KINDS
from service.figures.tile_map import tile_map
from service.figures.tiles import Tiles, load_tiles
from tests.conftest import PROJECT
from tests.figures.parsed import HOSTILE, LABELS, SPELT, check_frame, classes, read, titled

STATES = load_states(PROJECT / "data")
WORLD = load_tiles(PROJECT / "data", STATES)
SMALL = Tiles({"FRA": (1, 0), "ESP": (0, 1), "DEU": (2, 0), "ITA": (2, 1)})
STYLE_SHEET = (PROJECT / "service/web/static/concord.css").read_text("utf-8")
SHAPE = {"aligned": "solid-aligned", "partial": "solid-partial", "opposed": "solid-opposed",
         "unclear": "hollow-unclear", "none": "hollow-none"}  # fmt: skip


def small(stances, title="Title", desc="Words", **more):
    return tile_map(SMALL, stances, title=title, desc=desc, labels=LABELS,
                    **{"name": STATES.name, **more})  # fmt: skip


def drawn_kinds(root) -> dict[str, str]:
    """Each tile's kind by its code, found by the shape that it shows."""
    shapes = {f"#{e.get('id')}": classes(e) for e in root.findall(".//defs/g")}
    found = {}
    for square in titled(root).values():
        shape = shapes[square.find(".//use").get("href")]
        (kind,) = [kind for kind, name in SHAPE.items() if name in shape]
        found[square.findtext(".//text")] = kind
    return found


def legend(root) -> dict[str, str]:
    """Count by word."""
    texts = [[t.text for t in e.findall("text")] for e in root.iter("g")]
    return {pair[1]: pair[0] for pair in texts if len(pair) == 2}


@settings(max_examples=25, deadline=None)
@given(
    stances=st.dictionaries(
        st.sampled_from(["FRA", "ESP", "DEU", "ITA", "YUG", "DDR"]),
        st.sampled_from([*(str(s) for s in STANCES), None]),
    ),
    ours=st.sampled_from(["FRA", "YUG", "XXX", None]),
    linked=st.booleans(),
    standalone=st.booleans(),
)
def test_each_state_is_shown_and_counted_as_it_stands(stances, ours, linked, standalone) -> None:
    link = (lambda code: f"#{code}") if linked else None
    svg = small(stances, ours=ours, link=link, standalone=standalone)
    root = read(svg)
    shown = {code: stances.get(code) or "none" for code in SMALL.squares}
    shown |= {code: stance for code, stance in stances.items() if stance}
    assert drawn_kinds(root) == shown
    counted = [k for code, k in shown.items() if code != ours or stances.get(code)]
    expected = {LABELS[kind]: str(counted.count(kind)) for kind in KINDS}
    assert legend(root) == expected
    links = {e.get("href") for e in root.iter("a")}
    assert links == ({f"#{code}" for code in shown} if linked else set())
    assert classes(root)["ours"] == (ours in shown)


def test_tiles_tell_name_and_stance_and_lead_on() -> None:
    svg = small({"FRA": "opposed", "ESP": None}, link=lambda c: f"/s/{c}" if c == "FRA" else None)
    root = check_frame(svg, standalone=False, title="Title", desc="Words")
    assert set(titled(root)) == {
        "France: against us", "Spain: no position found", "Germany: no position found",
        "Italy: no position found",
    }  # fmt: skip
    (link,) = root.iter("a")
    assert (link.get("href"), link.findtext("title")) == ("/s/FRA", "France: against us")
    (listed,) = [e for e in root.iter("g") if e.get("role") == "list"]
    assert {e.get("role") for e in listed} == {"listitem"}


def test_no_two_tiles_overlap_even_those_off_the_map() -> None:
    former = dict.fromkeys(("YUG", "DDR", "CSK", "YMD"), "aligned")
    root = read(small(former))
    places = [e.get("transform") for e in titled(root).values()]
    assert len(set(places)) == len(SMALL.squares) + len(former)
    lowest = max(float(re.findall(r"[\d.]+", place or "")[1]) for place in places)
    _, top, _, height = map(float, root.get("viewBox", "").split())
    assert lowest + 30 <= top + height


def test_our_own_state_is_framed_and_not_called_silent() -> None:
    labels = LABELS | {"ours": "our own state"}
    root = read(tile_map(SMALL, {"ESP": "aligned"}, title="T", desc="D", labels=labels,
                         name=STATES.name, ours="FRA"))  # fmt: skip
    assert "France: our own state" in titled(root)
    assert legend(root)["no position found"] == "2"
    assert legend(root)["our own state"] == "FRA"
    root = read(tile_map(SMALL, {"FRA": "partial"}, title="T", desc="D", labels=labels,
                         name=STATES.name, ours="FRA"))  # fmt: skip
    assert "France: our own state: with reservations" in titled(root)
    assert legend(root)["with reservations"] == "1"


def test_only_stances_with_a_word() -> None:
    with pytest.raises(ValueError, match="'for' is none of aligned"):
        small({"FRA": "for"})
    without = {kind: word for kind, word in LABELS.items() if kind != "unclear"}
    with pytest.raises(ValueError, match="no label for 'unclear'"):
        tile_map(SMALL, {"FRA": "unclear"}, title="", desc="", labels=without, name=str)
    root = read(tile_map(SMALL, {}, title="", desc="", labels=without, name=str))
    assert set(legend(root)) == set(without.values())


@pytest.mark.parametrize("standalone", [False, True])
def test_anybodys_text_is_text(standalone) -> None:
    svg = tile_map(SMALL, {"FRA": "aligned"}, title=HOSTILE, desc=HOSTILE,
                   labels=dict.fromkeys(LABELS, HOSTILE), name=lambda code: HOSTILE,
                   link=lambda code: f"/x?{HOSTILE}", standalone=standalone)  # fmt: skip
    root = check_frame(svg, standalone=standalone, title=SPELT, desc=SPELT)
    assert f"{SPELT}: {SPELT}" in titled(root)
    assert {e.get("href") for e in root.iter("a")} == {f"/x?{SPELT}"}


def test_a_standalone_map_shows_its_title_and_words_in_lines() -> None:
    long = "word " * 400 + "w" * 10_000
    root = check_frame(small({}, title=long, desc=long, standalone=True), standalone=True,
                       title=long, desc=long)  # fmt: skip
    headings = [e.text or "" for e in root.iter("text") if e.get("class") == "heading"]
    assert 1 < len(headings) <= 3
    assert headings[-1].endswith("…")
    width = float(root.get("width", "0"))
    assert all(len(line) * 18 * 0.6 <= width for line in headings)


def test_the_worlds_map_is_small() -> None:
    chosen = random.Random(7)
    stances = {code: chosen.choice(KINDS[:4]) for code in WORLD.squares}
    svg = tile_map(WORLD, stances, title="Where states stand", desc="As of today", labels=LABELS,
                   name=STATES.name, link=lambda code: f"#state-{code}", ours="FRA")  # fmt: skip
    assert len(svg.encode()) < 60_000
    assert len(gzip.compress(svg.encode())) < 10_000
    assert len(titled(read(svg))) == len(WORLD.squares)


def test_two_figures_in_a_page_share_no_id() -> None:
    first, second = (read(small({}, title=title)) for title in ("One", "Two"))
    ids = [{e.get("id") for e in root.iter() if e.get("id")} for root in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]


def themes() -> list[dict[str, str]]:
    """The style sheet's light and dark colours."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE_SHEET, re.DOTALL)[:2]
    found = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return [found[0], found[0] | found[1]]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [PALETTE, *themes()], ids=["file", "light", "dark"])
def test_what_is_written_can_be_read(colours) -> None:
    for ground in ("aligned", "partial", "opposed"):
        assert contrast(colours["paper"], colours[ground]) >= 4.5, ground
    for writing in ("ink", "quiet"):
        assert contrast(colours[writing], colours["paper"]) >= 4.5, writing
    for edge in ("unclear", "edge"):
        assert contrast(colours[edge], colours["paper"]) >= 3, edge


def test_files_look_as_pages_do() -> None:
    lines = STYLE_SHEET.splitlines()
    assert [rule for rule in RULES if f".drawing {rule}" not in lines] == []
    assert [rule for rule in SHAPE_RULES if rule not in lines] == []
    light = themes()[0]
    assert {name: light[name] for name in PALETTE} == PALETTE
