"""From judged hits to a state's row: which stance it has, and which quotation shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.domain.answers import Group, Hit
from service.domain.corrections import Correction
from service.domain.stance import STANCES, Stance, Verdict

_ORDER = {str(stance): place for place, stance in enumerate(STANCES)}


def judged(hit: Hit, verdict: Verdict) -> Hit:
    return replace(hit, stance=str(verdict.stance), probabilities=verdict.to_dict())


def corrected(hit: Hit, correction: Correction) -> Hit:
    return replace(hit, stance=str(correction.stance), corrected=correction.shown())


def row(group: Group) -> Group:
    """The hit that shows the state's stance comes first, the others keep their order.

    What a user corrected outweighs every verdict of the model. Then, a side that was taken
    outweighs a reservation, and that outweighs silence; of two sides, the likelier one. A state
    that says both is shown by both: its other hits say so.
    """
    if all(hit.stance is None for hit in group.hits):
        return group
    shown = max(group.hits, key=_weight)
    others = tuple(hit for hit in group.hits if hit is not shown)
    return replace(group, hits=(shown, *others), stance=shown.stance)


def ordered(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Aligned, partial, opposed, unclear; within each as they were."""
    return tuple(sorted(groups, key=lambda g: _ORDER.get(g.stance or "", len(_ORDER))))


def _weight(hit: Hit) -> tuple[bool, int, float]:
    if hit.stance is None:  # one answer has only so many hits judged
        return False, -1, 0.0
    rank = {Stance.ALIGNED: 2, Stance.OPPOSED: 2, Stance.PARTIAL: 1, Stance.UNCLEAR: 0}
    stance = Stance(hit.stance)
    if hit.corrected is not None:
        return True, rank[stance], 0.0
    if stance is Stance.UNCLEAR:
        return False, 0, 0.0  # the nearest stays in front: max takes the first of equals
    assert hit.probabilities is not None
    return False, rank[stance], hit.probabilities[hit.stance]
