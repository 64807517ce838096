"""Where a hit stands towards what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stance(StrEnum):
    """Of a hit towards a query. A stronger hit may be aligned; a weaker one is partial."""

    ALIGNED = "aligned"  # holds the query's position
    PARTIAL = "partial"  # with a reservation, a condition, or in a weaker or narrower form
    OPPOSED = "opposed"  # holds the contrary
    UNCLEAR = "unclear"  # another question, no side taken, or too little confidence


STANCES = tuple(Stance)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probabilities` stand in the order of `Stance` and sum to 1. `stance` is the likeliest one
    that is sure enough, else unclear: a wrong `aligned` is the worst answer."""

    stance: Stance
    probabilities: tuple[float, float, float, float]

    def to_dict(self) -> dict[str, float]:
        """Probability by stance, rounded for display."""
        return {str(s): round(p, 4) for s, p in zip(STANCES, self.probabilities, strict=True)}
