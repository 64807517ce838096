"""States or statements on one dimension of a topic or an issue: by stance, by similarity and, on
the texts of the same positions, by Wordscores and Wordfish.

Four scales that are never mixed: the first two go by what claims mean, the others by words counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from service.analysis.agreement import MOST_ISSUES
from service.analysis.inquiry import Inquiry
from service.analysis.on_issue import OnIssue, SidesOf, on_issues
from service.analysis.scale_means import Meant, meant
from service.analysis.scale_texts import LEAST_WORDS, Texts, find_texts
from service.analysis.scale_units import (
    LEAST_CLAIMS,
    LEAST_UNITS,
    Placed,
    UnitKind,
    Units,
    all_rows,
    find_units,
)
from service.analysis.scaled import (
    Correlation,
    Estimate,
    Loading,
    Scale,
    ScaledUnit,
    ScaleName,
    WordModel,
)
from service.analysis.wordscores import Wordscores
from service.domain.issues import Issues
from service.errors import InvalidInput

Ends = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How to scale, checked. `low` and `high` are units at the two ends, and `references` those
    whose places are given, by unit; None or empty: chosen by what is found. `whole`: words are
    counted in all that a statement says, not only in its positions on the subject."""

    by: UnitKind
    low: str | None
    high: str | None
    references: Mapping[str, float]
    whole: bool
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "by": str(self.by), "anchor_low": self.low, "anchor_high": self.high,
            "reference": dict(self.references), "whole": self.whole, "seed": self.seed,
        }  # fmt: skip


def parse_unit_kind(value: Any) -> UnitKind:
    try:
        return UnitKind(value)
    except ValueError:
        raise InvalidInput("by", f"{value!r} is none of {', '.join(UnitKind)}") from None


def check_scaling(scaling: Scaling) -> Scaling:
    """Raises InvalidInput naming the field."""
    places = scaling.references.values()
    if scaling.low is not None and scaling.low == scaling.high:
        raise InvalidInput("anchor_high", f"is {scaling.low} too: the two ends must differ")
    if not all(math.isfinite(value) for value in places):
        raise InvalidInput("reference", "a place must be a finite number")
    if places and len(set(places)) < 2:
        raise InvalidInput("reference", "give two units or more, with different places")
    if scaling.seed < 0:
        raise InvalidInput("seed", "must not be negative")
    return scaling


def scale(
    inquiry: Inquiry, known: Issues, sides: SidesOf, scaling: Scaling, most: int | None
) -> Scale:
    """On the subject's first MOST_ISSUES issues. Those of which more than an equal share of `most`
    pairs aren't judged yet (None: all are judged) count for similarity only.

    The ends, where none are named, are the units with the lowest and the highest stance (without
    stances, similarity) among those with a text whose positions are no fewer than their median: of
    equals, the first. Where none are named, a topic's stance rises with the issue that loads most.
    They are the reference texts too, at -1 and 1, where none are given. Raises InvalidInput naming
    the field.
    """
    issues = inquiry.subject.issues(known)
    found = on_issues(inquiry, issues[:MOST_ISSUES], sides, most)
    units = find_units(inquiry, found, scaling.by)
    texts = find_texts(inquiry, units, whole=scaling.whole)
    ends = _named(units, texts, scaling)
    meanings: dict[ScaleName, Meant] = {}
    for name in (ScaleName.STANCE, ScaleName.SIMILARITY):
        made = meant(inquiry, units, found, name, scaling.seed)
        if made is not None:
            meanings[name] = made.turned() if _upside_down(made, ends) else made
            ends = _ends(units, texts, meanings[name].placed, ends)
    placed = {name: made.placed for name, made in meanings.items()}
    both = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
    references = {units.ids.index(unit): place for unit, place in scaling.references.items()}
    if not references and both is not None and texts is not None and all(map(texts.has, both)):
        references = {both[0]: -1.0, both[1]: 1.0}
    word_model, scores = None, None
    if texts is not None:
        fish = texts.wordfish(both)
        placed[ScaleName.WORDFISH] = texts.by_wordfish(fish)
        size = len(texts.places), len(texts.words.words)
        word_model = WordModel(*size, round(fish.dispersion, 6), fish.sweeps, fish.converged)
        if references:
            scores = texts.wordscores(references)
            placed[ScaleName.WORDSCORES] = texts.by_wordscores(scores)
    judged = {on.issue.id for on in found if on.stance is not None}
    judge = inquiry.judge() if inquiry.judge is not None and judged else None
    return Scale(
        query=inquiry.echo() | scaling.to_dict(),
        generation=inquiry.generation.manifest.id,
        model=inquiry.generation.manifest.model,
        stance_model=judge.model.name if judge else None,
        issues=tuple(on.issue.id for on in found),
        left_out=tuple(issue.id for issue in issues if issue.id not in judged),
        anchors=(units.ids[both[0]], units.ids[both[1]]) if both else None,
        references={units.ids[unit]: place for unit, place in references.items()},
        word_model=word_model,
        shares={
            name: None if made.share is None else round(made.share, 6)
            for name, made in meanings.items()
            if made.component is not None
        },
        units=tuple(_rows(inquiry, units, found, placed, texts, scores, references)),
        correlations=tuple(_correlations(placed)),
        loadings=tuple(_loadings(units, found, meanings)),
    )


def _named(units: Units, texts: Texts | None, scaling: Scaling) -> Ends:
    """The ends' places. What is named must have a text, references too."""
    has_text = {units.ids[unit] for unit in texts.places} if texts else set[str]()
    for field, named in (
        ("anchor_low", [scaling.low]), ("anchor_high", [scaling.high]),
        ("reference", [*scaling.references]),
    ):  # fmt: skip
        for unit in named:
            if unit is not None and unit not in has_text:
                raise InvalidInput(
                    field,
                    f"{unit} has fewer than {LEAST_CLAIMS} positions on it, or fewer than "
                    f"{LEAST_WORDS} words that others use",
                )
    low, high = scaling.low, scaling.high
    return (
        None if low is None else units.ids.index(low),
        None if high is None else units.ids.index(high),
    )


def _upside_down(made: Meant, ends: Ends) -> bool:
    """Of a topic: by the ends where both have a place, else by the issue that loads most, of equals
    the first. An issue's own proposition is up."""
    if made.component is None:
        return False
    low, high = ends
    if low is not None and high is not None:
        apart = made.placed.score[high] - made.placed.score[low]
        if not np.isnan(apart):
            return bool(apart < 0)
    load = np.nan_to_num(made.component.loadings)
    return bool(load[np.abs(load).argmax()] < 0)


def _ends(units: Units, texts: Texts | None, placed: Placed, ends: Ends) -> Ends:
    """As `scale` says; an end stays None where nobody is left for it."""
    able = ~np.isnan(placed.score)
    if texts is not None:
        able &= np.isin(np.arange(len(able)), texts.places)
    if able.any():
        claims = units.counted(units.rows)
        able &= claims >= np.median(claims[able])
    low, high = ends
    able[[end for end in ends if end is not None]] = False
    if low is None and able.any():
        low = int(np.where(able, placed.score, np.inf).argmin())
        able[low] = False
    if high is None and able.any():
        high = int(np.where(able, placed.score, -np.inf).argmax())
    return low, high


def _rows(
    inquiry: Inquiry,
    units: Units,
    found: Sequence[OnIssue],
    placed: Mapping[ScaleName, Placed],
    texts: Texts | None,
    scores: Wordscores | None,
    references: Mapping[int, float],
) -> list[ScaledUnit]:
    columns, size = inquiry.generation.columns, len(units.ids)
    pairs = np.stack([units.of(units.rows), columns.statement[units.rows]], axis=1)
    statements = np.bincount(np.unique(pairs, axis=0)[:, 0], minlength=size)
    claims, on_issues = units.counted(units.rows), units.counted(all_rows(found))
    totals, lbg, mv = np.zeros(size, np.int64), np.full(size, np.nan), np.full(size, np.nan)
    if texts is not None:
        totals[texts.places] = texts.words.totals()
        if scores is not None:
            lbg, mv = texts.spread(scores.lbg), texts.spread(scores.mv)
    return [
        ScaledUnit(
            unit=unit,
            name=inquiry.catalogue.states.name(units.states[i]),
            state=units.states[i],
            date=units.dates[i],
            claims=int(claims[i]),
            statements=int(statements[i]),
            on_issues=int(on_issues[i]),
            words=int(totals[i]),
            scores={
                name: Estimate(*(round(float(part[i]), 6) for part in (on.score, on.low, on.high)))
                for name, on in placed.items()
                if not np.isnan(on.score[i])
            },
            wordscores_lbg=_rounded(lbg[i]),
            wordscores_mv=_rounded(mv[i]),
            reference=references.get(i),
        )
        for i, unit in enumerate(units.ids)
    ]


def _correlations(placed: Mapping[ScaleName, Placed]) -> list[Correlation]:
    from scipy.stats import spearmanr

    found = []
    for a, b in combinations(ScaleName, 2):
        if a not in placed or b not in placed:
            found.append(Correlation(a, b, None, 0))
            continue
        # As the tables have them, whose readers may reckon it again.
        one, other = np.round(placed[a].score, 6), np.round(placed[b].score, 6)
        both = ~np.isnan(one) & ~np.isnan(other)
        one, other = one[both], other[both]
        value = None
        if len(one) >= LEAST_UNITS and np.ptp(one) > 0 and np.ptp(other) > 0:
            value = _rounded(spearmanr(one, other).statistic)
        found.append(Correlation(a, b, value, len(one)))
    return found


def _loadings(
    units: Units, found: Sequence[OnIssue], meanings: Mapping[ScaleName, Meant]
) -> list[Loading]:
    """None on an issue."""
    nothing = np.full((2, len(found)), np.nan)
    of = {
        name: (made.component.loadings, made.component.means)
        for name, made in meanings.items()
        if made.component is not None
    }
    both = [of.get(name, nothing) for name in (ScaleName.STANCE, ScaleName.SIMILARITY)]
    return [
        Loading(
            on.issue.id,
            on.issue.proposition,
            int((units.counted(on.rows) > 0).sum()),
            *(_rounded(part[i]) for parts in both for part in parts),
        )
        for i, on in enumerate(found)
        if of
    ]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
