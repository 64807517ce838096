"""The results as a table, as a figure, and in the README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.errors import ConcordError
from service.evaluation.peers.dataset import EACH
from service.figures.png import png
from service.figures.scatter import Point, scatter

_BEGIN, _END = "<!-- peers -->", "<!-- /peers -->"
FIGURE = "peers"

Results = Mapping[str, Any]


def markdown(results: Results) -> str:
    """What was measured, and two tables: of filters and of peers."""
    about = results["about"]
    head = ["", *about["shares"]]
    lines = [
        f"{about['claims']:,} claims, {about['dimension']} dimensions, {about['queries']} queries "
        f"that are in no statement, given as vectors, {about['most']} rows asked for; "
        f"{about['machine']}. In each cell: recall against brute force; p50 / p99 in ms; answers "
        "a second with one thread on one core / with two on two.",
        "",
        _row(head),
        _row(["---"] * len(head)),
        _row(["of the claims", *(_share(name, part) for name, part in about["shares"].items())]),
    ]
    peers = results["peers"]
    for name, found in peers.items():
        cells = [_cell(found, wanted, about["queries"]) for wanted in about["shares"]]
        lines.append(_row([f"**{name}**" if found["ours"] else name, *cells]))
    lines += [
        "",
        _row(["", "configured", "build", "peak of it", "on disk", "first answer", "memory"]),
        _row(["---"] * 7),
        *(_row([name, found["configured"], *_sizes(found)]) for name, found in peers.items()),
    ]
    notes = _notes(results)
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def figure(results: Results) -> str:
    """An SVG of recall against answers a second with one thread, a panel a filter."""
    peers = results["peers"]
    names = {n: name for n, name in enumerate(peers, start=1) if peers[name]["filters"]}
    panels = {
        wanted: [
            Point(n, figures["per_s"], figures["recall"],
                  f"{peer}, {wanted}: recall {figures['recall']:.3f}, {figures['per_s']:,.1f}/s")
            for n, peer in reversed(names.items())  # the first ones on top
            if "per_s" in (figures := peers[peer]["filters"].get(wanted, {}))
        ]
        for wanted in results["about"]["shares"]
    }  # fmt: skip
    about = results["about"]
    return scatter(
        panels,
        names,
        title="Recall and speed under filters",
        desc=f"Recall at {about['most']} against brute force, and answers a second with one thread "
        f"on one core, on {about['claims']:,} claims. Up and to the right is better. Who has no "
        "mark in a panel has no such filter, or was stopped.",
        across="answers a second",
        standalone=True,
    )


def write(results: Results, readme: Path, docs: Path) -> None:
    """The figure into `docs`, the tables between the README's marks. ConcordError without them."""
    words = readme.read_text("utf-8")
    if words.count(_BEGIN) != 1 or words.count(_END) != 1:
        raise ConcordError(f"{readme} has no {_BEGIN} and {_END}, once each, around the table")
    place = docs.relative_to(readme.parent).as_posix()
    between = (
        f"{_BEGIN}\n{markdown(results)}\n\n![Recall against answers a second, by filter]"
        f"({place}/{FIGURE}.svg)\n\nTo repeat it: `{results['about']['command']}`.\n{_END}"
    )
    # Not as a pattern: a backslash in a peer's last words is no escape.
    pattern = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    if not pattern.search(words):
        raise ConcordError(f"{readme} has {_END} before {_BEGIN}")
    save_figure(results, docs)
    readme.write_text(pattern.sub(lambda _: between, words), "utf-8")


def save_figure(results: Results, folder: Path) -> None:
    svg = figure(results)
    (folder / f"{FIGURE}.svg").write_text(svg, "utf-8")
    (folder / f"{FIGURE}.png").write_bytes(png(svg))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _share(name: str, part: float) -> str:
    return "1 row a state" if name == EACH else f"{100 * part:.3g}%"


def _cell(found: Mapping[str, Any], wanted: str, queries: int) -> str:
    figures = found["filters"].get(wanted)
    if figures is None:
        return "–"
    if "missing" in figures:
        return "no filters"
    lines = [
        f"{figures['recall']:.3f}",
        f"{_short(figures['p50_ms'])} / {_short(figures['p99_ms'])}",
        f"{_short(figures['per_s'])} / {_short(figures.get('per_s_two_threads'))}",
    ]
    if figures["queries"] < queries:
        number = figures["queries"]
        lines.append("(1 query)" if number == 1 else f"({number} queries)")
    return "<br>".join(lines)


def _sizes(found: Mapping[str, Any]) -> list[str]:
    def said(key: str, write: str) -> str:
        return write.format(found[key]) if key in found else "–"

    build, disk = said("build_s", "{:,.0f} s"), said("disk_mb", "{:,.0f} MB")
    memory = said("rss_mb", "{:,.0f} MB")
    return [build, said("build_peak_mb", "{:,.0f} MB"), disk,
            said("first_answer_s", "{:.1f} s"), memory]  # fmt: skip


def _notes(results: Results) -> list[str]:
    """Who was stopped, or lacks something, and why."""
    notes = []
    for name, found in results["peers"].items():
        if found["failed"]:
            notes.append(f"- {name}: {found['failed']}")
        reasons = {f["missing"] for f in found["filters"].values() if "missing" in f}
        notes += [f"- {name}: {reason}" for reason in sorted(reasons)]
        failed = {f["two_threads_failed"] for f in found["filters"].values()
                  if f.get("two_threads_failed")}  # fmt: skip
        notes += [f"- {name}, two threads: {reason}" for reason in sorted(failed)]
    return notes


def _short(value: float | None) -> str:
    """Two digits, or all before the point."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"
