"""Where a hit stands towards what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stance(StrEnum):
    """Of a hit towards a query. A stronger hit may be aligned; a weaker one is partial."""

    ALIGNED = "aligned"  # holds the query's position
    PARTIAL = "partial"  # with a reservation, a condition, or in a weaker or narrower form
    OPPOSED = "opposed"  # holds the contrary
    UNCLEAR = "unclear"  # another question, no side taken, or too little confidence


STANCES = tuple(Stance)


def sureness(stance: str, probabilities: Mapping[str, float]) -> str:
    """How sure a verdict is, for people: its probability, or where it is unclear for want of
    confidence, what it might be."""
    likeliest = max(probabilities, key=lambda s: probabilities[s])
    if stance == Stance.UNCLEAR and likeliest != stance:
        return f"{likeliest} {probabilities[likeliest]:.0%}, not sure enough"
    return f"{probabilities[stance]:.0%}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probabilities` stand in the order of `Stance` and sum to 1. `stance` is the likeliest one
    that is sure enough, else unclear: a wrong `aligned` is the worst answer."""

    stance: Stance
    probabilities: tuple[float, float, float, float]

    def to_dict(self) -> dict[str, float]:
        """Probability by stance, rounded for display."""
        return {str(s): round(p, 4) for s, p in zip(STANCES, self.probabilities, strict=True)}
