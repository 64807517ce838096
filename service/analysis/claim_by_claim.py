"""Two statements compared claim by claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from service.analysis.alignment import (
    Alignment,
    Estimate,
    Pair,
    agreement_of,
    align,
    judged,
    similarity_of,
)
from service.analysis.statement_comparison import (
    SIDES,
    ComparedPosition,
    PositionPair,
    Shared,
    Side,
    StatementComparison,
    TopicCounts,
)
from service.analysis.statements import Compared
from service.catalogue import Catalogue
from service.domain.stages import Stage, stage
from service.domain.stance import Verdict
from service.errors import InvalidInput
from service.retrieval.generations import Generation

# A claim has a counterpart where only one random pair in a thousand is as alike.
COUNTERPART_PERCENTILE = 99.9
# In a small corpus that pair may be this one, its similarity added up in another order.
_ROUNDING = 1e-6
# Pairs on the same point that one comparison lists; two speeches of 200 positions have a few
# hundred.
MOST_PAIRS = 20_000
Judge = Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]]


def compare_statements(
    a: Compared,
    b: Compared,
    generation: Generation,
    catalogue: Catalogue,
    stance_model: str | None,
    judge: Judge | None,
    query: Mapping[str, Any],
    seed: int,
) -> StatementComparison:
    """`stance_model` names whose `judge` it is; None both where nothing is judged. Raises
    InvalidInput naming `b` where more than MOST_PAIRS pairs are on the same point."""
    level = generation.similarity_at(COUNTERPART_PERCENTILE) - _ROUNDING
    with stage(Stage.SEARCH):
        # One order of the two whichever way they are asked, so that the same pairs come of it.
        turned = _key(b) < _key(a)
        first, second = (b, a) if turned else (a, b)
        alignment = align(first.vectors @ second.vectors.T, level)
        similarity = similarity_of(first.vectors, second.vectors, seed)
        alignment = alignment.turned if turned else alignment
    every = alignment.counterparts()
    if len(every) > MOST_PAIRS:
        raise InvalidInput(
            "b", f"{len(every):,} pairs are on the same point; at most {MOST_PAIRS:,} are compared"
        )
    known: dict[Pair, Verdict] = {}
    if judge is not None:
        known = _verdicts(alignment, every, a, b, judge)
    stances = Counter(str(known[pair].stance) for pair in alignment.pairs if pair in known)
    positions = _positions(alignment, a, b, generation, known)
    matched = set(alignment.pairs)
    return StatementComparison(
        query=dict(query),
        a=a.to_dict(catalogue),
        b=b.to_dict(catalogue),
        whole=a.whole and b.whole,
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=stance_model,
        level=round(level, 6),
        similarity=_rounded(similarity),
        agreement=_rounded(agreement_of(stances["aligned"], stances["opposed"], seed)),
        judged=stances.total(),
        aligned=stances["aligned"],
        opposed=stances["opposed"],
        positions=positions,
        pairs=tuple(
            PositionPair(
                claim_a=a.claims[i].id,
                claim_b=b.claims[j].id,
                matched=(i, j) in matched,
                **_likeness(alignment, (i, j), generation),
                **_stance(known.get((i, j))),
            )
            for i, j in every
        ),
        topics=_topics(positions, catalogue),
    )


def _key(side: Compared) -> list[str]:
    return [claim.text for claim in side.claims]


def _verdicts(
    alignment: Alignment, every: Sequence[Pair], a: Compared, b: Compared, judge: Judge
) -> dict[Pair, Verdict]:
    """Where B stands towards A: first in the pairs that are shown, one to one before the others,
    then in those that aren't, the nearest first."""
    by_a, by_b = alignment.shown()

    def nearest_first(pairs: Iterable[Pair]) -> list[Pair]:
        return sorted(pairs, key=lambda pair: -alignment.similarity[pair])

    return judged(
        [
            *nearest_first(alignment.pairs),
            *nearest_first([*by_a.values(), *by_b.values()]),
            *nearest_first(every),
        ],
        lambda i, j: (a.claims[i].text, b.claims[j].text),
        judge,
    )


def _positions(
    alignment: Alignment,
    a: Compared,
    b: Compared,
    generation: Generation,
    verdicts: Mapping[Pair, Verdict],
) -> tuple[ComparedPosition, ...]:
    matched, found = set(alignment.pairs), []
    by_a, by_b = alignment.shown()
    sides: tuple[tuple[Side, Compared, Compared, dict[int, Pair]], ...] = (
        ("a", a, b, by_a),
        ("b", b, a, by_b),
    )
    for side, own, other, shown in sides:
        counts = alignment.near.sum(axis=1 if side == "a" else 0)
        for number, claim in enumerate(own.claims):
            pair = shown.get(number)
            verdict = None if pair is None else verdicts.get(pair)
            group = Shared.ONLY if pair is None else Shared.NOT_JUDGED
            if verdict is not None:
                group = Shared(str(verdict.stance))
            counterpart = None
            if pair is not None:
                counterpart = other.claims[pair[1] if side == "a" else pair[0]]
            elif side == "a":
                pair = number, int(alignment.nearest_b[number])
            else:
                pair = int(alignment.nearest_a[number]), number
            found.append(
                ComparedPosition(
                    side=side, claim_id=claim.id, start=claim.start, end=claim.end,
                    text=claim.text, topics=claim.topics, group=group,
                    counterpart_id=counterpart.id if counterpart else None,
                    counterpart=counterpart.text if counterpart else None,
                    matched=pair in matched, counterparts=int(counts[number]),
                    **_likeness(alignment, pair, generation), **_stance(verdict),
                )
            )  # fmt: skip
    return tuple(found)


def _topics(positions: Iterable[ComparedPosition], catalogue: Catalogue) -> tuple[TopicCounts, ...]:
    counted: dict[str | None, Counter[tuple[str, Shared]]] = {}
    for position in positions:
        for topic in position.topics or (None,):
            counted.setdefault(topic, Counter())[position.side, position.group] += 1
    names = {topic.id: topic.name for topic in catalogue.topics}
    ordered = sorted(
        counted.items(), key=lambda entry: (entry[0] is None, -entry[1].total(), entry[0] or "")
    )
    return tuple(
        TopicCounts(
            topic=topic,
            name="no topic" if topic is None else names.get(topic, topic),
            side=side,
            positions=sum(counts[side, group] for group in Shared),
            **{str(group): counts[side, group] for group in Shared},
        )
        for topic, counts in ordered
        for side in SIDES
    )


def _likeness(alignment: Alignment, pair: Pair, generation: Generation) -> dict[str, Any]:
    similarity = float(alignment.similarity[pair])
    return {
        "similarity": round(similarity, 6),
        "percentile": generation.percentile(similarity),
    }


def _stance(verdict: Verdict | None) -> dict[str, Any]:
    return {
        "stance": str(verdict.stance) if verdict else None,
        "probabilities": verdict.to_dict() if verdict else None,
    }


def _rounded(found: Estimate | None) -> Estimate | None:
    if found is None:
        return None
    return Estimate(round(found.value, 6), round(found.low, 6), round(found.high, 6))
