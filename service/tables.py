"""Answers as text tables and CSV, for the command line."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.domain.stance import sureness

HIT_COLUMNS = (
    "state", "name", "date", "date_precision", "speaker", "office", "forum", "symbol",
    "similarity", "percentile", "stance", "corrected", "text", "before", "after", "statement_id",
    "claim_id", "start", "end", "source", "topics", "matched", "folded", "asked", "rendered",
)  # fmt: skip


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """RFC 4180; lists are joined by semicolons, unknown values are empty."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return out.getvalue()


def hits_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every hit of an answer's dictionary, flat, with its state's name where grouped."""
    flat = []
    for result in answer["results"]:
        if "hits" in result:
            flat += [{"name": result["name"], **hit} for hit in result["hits"]]
        else:
            flat.append(dict(result))
    return flat


def answer_as_text(answer: Mapping[str, Any], width: int = 100) -> str:
    """State by state, quotation by quotation, with where each was said."""
    lines: list[str] = []
    parts = answer.get("parts") or [None]
    for number, part in enumerate(parts, start=1):
        results = part["results"] if part else answer["results"]
        if part:
            lines += ["", *textwrap.wrap(f"[{number}] {part['text']}", width), "-" * width]
        for result in results:
            if "hits" not in result:
                lines += ["", result["state"], *_quotation(result, answer, width)]
                continue
            noun = "claim" if result["count"] == 1 else "claims"
            lines += [
                "",
                f"{result['name']} ({result['state']}), {result['count']} {noun}"
                + (f": {result['stance']}" if result.get("stance") else ""),
            ]
            for hit in result["hits"]:
                lines += _quotation(hit, answer, width)
        if not results:
            lines += ["", "Nothing passes these filters."]
    lines += [
        "",
        "Similarity is of wording and subject; it doesn't say that these states agree.",
        *(
            ["Stances are a machine's judgement: check the quotation."]
            if answer.get("stance_model")
            else []
        ),
        f"generation {answer['generation']}, model {answer['model']}"
        + (f", {answer['stance_model']}" if answer.get("stance_model") else ""),
    ]
    return "\n".join(lines).lstrip("\n")


def changes_as_text(found: Mapping[str, Any], width: int = 100) -> str:
    """The counts, then each position by what became of it, the changed ones pair by pair."""
    shown, against, counts = found["statement_id"], found["against"], found["counts"]
    if against is None:
        return f"{shown} is the first statement of {found['state']} here: there is none before it."
    lines = [
        f"{shown} ({found['date']}) against {against['statement_id']} ({against['date']}): "
        + ", ".join(f"{count} {change}" for change, count in counts.items())
    ]
    if not found["whole"]:
        lines += ["Only some positions of one of them are known: others may just be missing."]
    for name in ("new_topics", "dropped_topics"):
        if found[name]:
            lines += _titled(f"{name.replace('_', ' ')}: ", ", ".join(found[name]), width)
    for row in found["changes"]:
        alike = "   -" if row["similarity"] is None else f"{row['similarity']:.2f}"
        judged = f" {row['stance']}" if row["stance"] else ""
        text = row["text"] or row["counterpart"]
        lines += ["", *_titled(f"{row['change']:8}{alike}{judged}  ", text, width)]
        if row["change"] == "changed":
            lines += _titled("  before: ", row["counterpart"], width)
        elif row["nearest"] is not None and row["same_point"]:
            lines += _titled("  on the same point: ", row["nearest"], width)
    lines += ["", "Similarity is of wording and subject, with the nearest where there's no pair."]
    if found["stance_model"]:
        lines += ["Stances, towards the position before, are a machine's: check the quotation."]
    return "\n".join(lines)


def standings_as_text(found: Mapping[str, Any], width: int = 100) -> str:
    """Side by side of an issue: its states, since when, and each one's latest quotation."""
    issue = found["issue"]
    lines = [*textwrap.wrap(issue["proposition"], width), *_titled("Contrary: ", issue["contrary"])]
    for side, count in found["counts"].items():
        rows = [row for row in found["states"] if row["side"] == side]
        lines += ["", f"{side.upper()} ({count})"]
        if side == "silent":
            lines += textwrap.wrap(", ".join(row["name"] for row in rows), width)
            continue
        for row in rows:
            lines += _standing(row, width)
    lines += [
        "",
        "Inferred sides are a machine's judgement: check the quotation.",
        f"generation {found['generation']}, model {found['model']}, {found['stance_model']}",
    ]
    return "\n".join(lines)


def _standing(row: Mapping[str, Any], width: int) -> list[str]:
    changes = "; ".join(
        f"{c['before']} to {c['after']} in {c['date']}" + (" (tentative)" if c["tentative"] else "")
        for c in row["changes"]
    )
    shown = next(e for e in reversed(row["evidence"]) if e["side"] == row["side"])
    sure = "" if shown["probability"] is None else f" {shown['probability']:.0%}"
    where = " · ".join(
        part for part in (shown["date"], shown["speaker"], shown["forum"], shown["symbol"]) if part
    )
    marks = "in our words, from " if shown["rendered"] else ""
    return [
        f"{row['name']} ({row['state']}), since {row['since']}, {row['basis']}"
        + (f"; changed: {changes}" if changes else ""),
        *_titled("  ", f"“{shown['text']}”", width),
        f"    {shown['basis']}{sure} · {where} · {marks}{shown['claim_id']}",
    ]


def _titled(title: str, text: str, width: int = 100) -> list[str]:
    return textwrap.wrap(title + text, width, subsequent_indent=" " * 3)


def columns_as_text(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns, the last one unpadded."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def _quotation(hit: Mapping[str, Any], answer: Mapping[str, Any], width: int) -> list[str]:
    percentile = hit["percentile"]
    figures = f"similarity {hit['similarity']:.2f}" + (
        f" (percentile {percentile:g})" if percentile is not None else ""
    )
    if hit.get("corrected"):
        figures = f"{hit['stance']}, {_corrected(hit['corrected'])} · {figures}"
    elif hit.get("probabilities"):
        figures = f"{hit['stance']} ({sureness(hit['stance'], hit['probabilities'])}) · {figures}"
    elif hit.get("stance"):
        figures = f"{hit['stance']} (about something else) · {figures}"
    who = ", ".join(part for part in (hit["speaker"], hit["office"]) if part)
    where = " · ".join(part for part in (who, hit["date"], hit["forum"], hit["symbol"]) if part)
    marks = "in our words, from " if hit["rendered"] else ""
    doubt = ", far from the point" if hit["similarity"] < answer["level"] else ""
    more = f" · {hit['folded']} more nearly identical" if hit["folded"] else ""
    return [
        *textwrap.wrap(f"“{hit['text']}”", width, initial_indent="  ", subsequent_indent="   "),
        f"    {figures}{doubt}{more} · {marks}{hit['claim_id']}",
        f"    {where}",
    ]


def _corrected(correction: Mapping[str, Any]) -> str:
    was = correction["was"]
    before = f" (the model: {was['stance']})" if was else ""
    return f"corrected by {correction['author']}{before}: {correction['reason']}"


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Mapping):  # a correction
        return _corrected(value)
    if isinstance(value, list | tuple):
        return ";".join(str(item) for item in value)
    return value
