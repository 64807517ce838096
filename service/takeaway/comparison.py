"""A comparison of two statements to be taken away: as text, as a page of its own, as a figure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from service.analysis.alignment import LEAST_SIDES, Estimate
from service.analysis.statement_comparison import (
    SIDES,
    ComparedPosition,
    Shared,
    StatementComparison,
    TopicCounts,
)
from service.domain.visible import visible
from service.errors import InvalidInput
from service.figures import marks
from service.figures.drawing import PALETTE, RULES, SHAPE_RULES
from service.figures.sides import MOST_CLAIMS, Link, SideClaim, sides

GROUPS = {
    Shared.ALIGNED: "shared",
    Shared.PARTIAL: "with reservations",
    Shared.OPPOSED: "opposed",
    Shared.UNCLEAR: "same point, unclear",
    Shared.NOT_JUDGED: "same point, not judged",
}
SIMILARITY = (
    "Similarity is of subject and wording, never agreement: the mean, over the positions of both, "
    "of each one's similarity to the nearest of the other. Its interval covers what it would be if "
    "both had said as many other positions of the same mind."
)
AGREEMENT = (
    "Agreement is of the pairs that take a side: the share in which B is aligned with A. Its "
    "interval covers other pairs of the same two speakers, not that the model errs. Stances, of B "
    "towards A, are a machine's judgement: read the words."
)
RENDERED = "Only some positions of one of them are known: others may just be missing."


def as_text(found: StatementComparison, width: int = 100) -> str:
    """The figures, the counts by topic, then group by group the positions of both."""
    lines = [f"A  {named(found.a)}", f"B  {named(found.b)}"]
    lines += ["", f"Similarity  {interval(found.similarity)}", f"Agreement   {agreed(found)}"]
    if not found.whole:
        lines += ["", RENDERED]
    lines += ["", *_columns(topic_rows(found))]
    for group in _groups(found):
        pairs, others = parted(found, group)
        lines += ["", f"{GROUPS[group].upper()} ({len(pairs)} pairs)"]
        for position in (*pairs, *others):
            lines += _pair(position, width)
    for side in SIDES:
        alone = found.group(side, Shared.ONLY)
        lines += ["", f"ONLY IN {side.upper()} ({len(alone)})"]
        for position in alone:
            lines += _wrapped("  ", position.text, width)
    lines.append("")
    for told in (SIMILARITY, AGREEMENT) if found.stance_model else (SIMILARITY,):
        lines += textwrap.wrap(told, width)
    models = ", ".join(name for name in (found.model, found.stance_model) if name)
    return "\n".join([*lines, f"generation {found.generation}, model {models}"])


def as_html(found: StatementComparison) -> bytes:
    """One page that needs nothing else: its style is in it, and so is the figure; no scripts. All
    that others said is escaped. UTF-8."""
    page = _template().render(
        found=found,
        groups=[(GROUPS[group], *parted(found, group)) for group in _groups(found)],
        only=[(side.upper(), found.group(side, Shared.ONLY)) for side in SIDES],
        topics=topic_rows(found),
        similarity=interval(found.similarity),
        agreement=agreed(found),
        # The drawing escapes what it is given.
        figure=Markup(figure(found, standalone=False)) if is_drawn(found) else None,  # noqa: S704
        rules=Markup(_rules()),  # noqa: S704  # our own
        told={"similarity": SIMILARITY, "agreement": AGREEMENT, "rendered": RENDERED},
    )
    return page.encode("utf-8", "replace")


def is_drawn(found: StatementComparison) -> bool:
    return bool(max(found.a["positions"], found.b["positions"]) <= MOST_CLAIMS)


def figure(found: StatementComparison, *, standalone: bool = True) -> str:
    """An SVG of all positions: a line joins each to the counterpart by which it is shown. Raises
    InvalidInput where a side has more than MOST_CLAIMS."""
    if not is_drawn(found):
        raise InvalidInput("format", f"a figure has at most {MOST_CLAIMS} positions of a side")
    own = {side: [p for p in found.positions if p.side == side] for side in SIDES}
    place = {side: {p.claim_id: n for n, p in enumerate(own[side])} for side in SIDES}
    links = {}
    for p in found.positions:
        if p.counterpart_id is not None:
            a, b = (p.claim_id, p.counterpart_id)[:: 1 if p.side == "a" else -1]
            links[place["a"][a], place["b"][b]] = _kind(p)
    used = [group for group in GROUPS if any(p.group is group for p in found.positions)]
    left, right = ([SideClaim(p.text, _kind(p)) for p in own[side]] for side in SIDES)
    return sides(
        left,
        right,
        [Link(*pair, kind or marks.NONE) for pair, kind in links.items()],
        names=(f"A: {named(found.a)}", f"B: {named(found.b)}"),
        title="Two statements, claim by claim",
        desc="A line joins two positions on the same point; its kind says where B stands towards "
        "A, as a machine judges. Positions without a mark are in one statement only."
        + ("" if found.whole else f" {RENDERED}"),
        labels={_MARK_OF[group]: GROUPS[group] for group in used},
        standalone=standalone,
    )


_MARK_OF = {group: str(group) for group in GROUPS} | {Shared.NOT_JUDGED: marks.NONE}


def _kind(position: ComparedPosition) -> str | None:
    return _MARK_OF.get(position.group)


def named(side: Mapping[str, Any]) -> str:
    """`China, 2023 (CHN_78_2023), 12 positions`."""
    count = f"{side['positions']} position" + ("s" if side["positions"] != 1 else "")
    if side["statement_id"] is None:
        return f"a text, {count}"
    return f"{side['name']}, {side['date']} ({side['statement_id']}), {count}"


def interval(found: Estimate | None) -> str:
    if found is None:
        return "not told: too few positions"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def agreed(found: StatementComparison) -> str:
    """The share with its interval, and what it counts."""
    if found.stance_model is None:
        return "not told: nothing was judged"
    sided = found.aligned + found.opposed
    if found.agreement is None:
        return f"not told: {sided} of {found.judged} pairs take a side, {LEAST_SIDES} must"
    return (
        f"{interval(found.agreement)}, {found.aligned} aligned and {found.opposed} opposed of "
        f"{found.judged} pairs judged"
    )


def topic_rows(found: StatementComparison) -> list[list[str]]:
    """A header, then a row a topic: positions of A and of B by group, `3 | 2`."""
    groups = [*_groups(found), Shared.ONLY]
    rows = [["topic", "positions", *(GROUPS.get(group, "only one has") for group in groups)]]
    for a, b in zip(found.topics[::2], found.topics[1::2], strict=True):
        rows.append(
            [a.name, _both(a, b, "positions"), *(_both(a, b, str(group)) for group in groups)]
        )
    return rows


def _both(a: TopicCounts, b: TopicCounts, name: str) -> str:
    counts = getattr(a, name), getattr(b, name)
    return f"{counts[0]} | {counts[1]}" if any(counts) else ""


def _groups(found: StatementComparison) -> list[Shared]:
    """Those that this comparison can have, in the order of `Shared`."""
    judged = [group for group in GROUPS if group is not Shared.NOT_JUDGED]
    if found.stance_model is None:
        return [Shared.NOT_JUDGED]
    left = any(p.group is Shared.NOT_JUDGED for p in found.positions)
    return [*judged, *([Shared.NOT_JUDGED] if left else [])]


def parted(
    found: StatementComparison, group: Shared
) -> tuple[list[ComparedPosition], list[ComparedPosition]]:
    """Of a group the pairs made one to one, each by its position of A; and the positions of either
    whose counterpart is matched to another."""
    of_group = [p for side in SIDES for p in found.group(side, group)]
    pairs = [p for p in of_group if p.matched and p.side == "a"]
    return pairs, [p for p in of_group if not p.matched]


def _pair(position: ComparedPosition, width: int) -> Iterator[str]:
    yield ""
    a, b = (position.text, position.counterpart or "")[:: 1 if position.side == "a" else -1]
    mark = f"{position.similarity:.2f} " if position.matched else "also "
    yield from _wrapped(f"{mark} A  ", a, width)
    yield from _wrapped("      B  ", b, width)


def _wrapped(lead: str, words: str, width: int) -> list[str]:
    # Of a text the sentences are as they were sent: nothing in them may steer the terminal.
    return textwrap.wrap(
        visible(words), width, initial_indent=lead, subsequent_indent=" " * len(lead)
    )


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


@cache
def _template() -> jinja2.Template:
    folder = Path(__file__).parent
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("comparison.html")


def _rules() -> str:
    """The style of a figure in a page, in its light colours."""
    colours = " ".join(f"--{name}: {colour};" for name, colour in PALETTE.items())
    own = "\n".join(f".drawing {rule}" for rule in RULES)
    return f":root {{ {colours} }}\n{own}\n" + "\n".join(SHAPE_RULES)
