"""A draft checked claim by claim: who is with us, who is against us, and what we said before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from service.analysis.described_claims import CHECKED
from service.analysis.tabular import Table, Tabular
from service.domain.answers import Answer, Group, Hit
from service.domain.questions import Question
from service.domain.stance import STANCES, Stance

# Of other states: all of them, by the quotation that is nearest. Of our own: so many claims.
MOST_STATES, MOST_OWN = 200, 20
# Of our own claims, those shown on each side.
MOST_SHOWN = 3
Ask = Callable[..., Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A hit, and the name of its state. `near`: whether it is on the point by its wording
    (`Answer.level`); of what isn't, a verdict is a guess from afar."""

    name: str
    near: bool
    hit: Hit

    def to_dict(self) -> dict[str, Any]:
        """A hit as the API has it, with `name` and `near`."""
        values = {field.name: getattr(self.hit, field.name) for field in fields(Hit)}
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
        return plain | {"name": self.name, "near": self.near}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    """Claim `number` (from 0) of `of`, at `start` to `end` of the draft.

    `states` are codes by stance, nearest first: each other state once, by the quotation of its
    that is nearest. Only a minority of those under `unclear` speak of the matter at all.

    `ally` is the closest of the aligned, `opponent` the sharpest of the opposed, None where there
    is none. Both are chosen by probability times similarity: a sure verdict on a sentence about
    something else, and a sentence in our own words of which the model can't say where it stands,
    are both worthless, and a product sinks whatever lacks either. It only chooses: what is shown
    stays apart, as the hit's `similarity` and its `probabilities`. Where a user corrected the
    stance, it is sure.

    `said_before` and `said_otherwise` are our own statements' claims that are aligned and opposed,
    chosen likewise, at most MOST_SHOWN each; None where it isn't known who we are.
    `low_confidence`: nobody who is near in wording takes a side, so the counts say little.
    """

    number: int
    of: int
    text: str
    start: int
    end: int
    states: Mapping[Stance, tuple[str, ...]]
    ally: Quoted | None
    opponent: Quoted | None
    said_before: tuple[Quoted, ...] | None
    said_otherwise: tuple[Quoted, ...] | None
    low_confidence: bool
    level: float
    generation: str
    stance_model: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `counts` are the number of states by stance."""
        own = {"said_before": self.said_before, "said_otherwise": self.said_otherwise}
        return {
            "number": self.number,
            "of": self.of,
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "counts": {str(stance): len(self.states[stance]) for stance in STANCES},
            "states": {str(stance): list(self.states[stance]) for stance in STANCES},
            "ally": self.ally.to_dict() if self.ally else None,
            "opponent": self.opponent.to_dict() if self.opponent else None,
            **{
                name: None if said is None else [quoted.to_dict() for quoted in said]
                for name, said in own.items()
            },
            "low_confidence": self.low_confidence,
            "level": self.level,
            "generation": self.generation,
            "stance_model": self.stance_model,
        }


class CheckedDraft(Tabular, Iterator[CheckedClaim]):
    """The claims of a draft, each as soon as it is checked; read once, one by one or as a table."""

    def __init__(self, claims: Iterator[CheckedClaim]) -> None:
        self._claims = claims

    def __next__(self) -> CheckedClaim:
        return next(self._claims)

    def tables(self) -> tuple[Table]:
        return (Table("claims", CHECKED, map(_row, self)),)


def check(
    draft: Question, ask: Ask, we: str | None, start: int, **period: Any
) -> Iterator[CheckedClaim]:
    """The claims of `draft` from number `start` on, each as soon as it is checked.

    `ask` is `Comparator.search`. `we` is a state's code, whose own statements of whatever time
    are asked; `period` (`from`, `to`) narrows those of others.
    """
    for number, part in list(enumerate(draft.parts))[start:]:
        others = ask(
            part.text, exclude=[we] if we else [], limit=MOST_STATES, per_state=1, stance="on",
            **period,
        )  # fmt: skip
        found = _by_stance(others)
        ally = _nearest(others, found[Stance.ALIGNED], Stance.ALIGNED)
        opponent = _nearest(others, found[Stance.OPPOSED], Stance.OPPOSED)
        before, otherwise = _own(ask, part.text, we)
        assert others.stance_model is not None
        yield CheckedClaim(
            number=number,
            of=len(draft.parts),
            text=part.text,
            start=part.start,
            end=part.end,
            states={s: tuple(group.state for group in found[s]) for s in STANCES},
            ally=ally,
            opponent=opponent,
            said_before=before,
            said_otherwise=otherwise,
            low_confidence=not any(
                group.hits[0].similarity >= others.level
                for group in (*found[Stance.ALIGNED], *found[Stance.OPPOSED])
            ),
            level=others.level,
            generation=others.generation,
            stance_model=others.stance_model,
        )


def summary(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """Of a whole draft, from its claims as `CheckedClaim.to_dict` gives them: how many have a state
    with us (`allies`), one against us (`opponents`), and how many say little (`low_confidence`);
    those we said before and those of which we said otherwise, by words that are near, and those of
    which we `perhaps_otherwise` did, by words that are far; and the generations that were asked,
    more than one where one was built meanwhile."""
    counted = Counter(name for claim in claims for name in _marks(claim))
    names = ("allies", "opponents", "said_before", "said_otherwise", "perhaps_otherwise")
    return {
        "claims": len(claims),
        **{name: counted[name] for name in (*names, "low_confidence")},
        "generations": list(dict.fromkeys(claim["generation"] for claim in claims)),
    }


def _marks(claim: Mapping[str, Any]) -> Iterator[str]:
    own = {
        name: [q["near"] for q in claim[name] or ()] for name in ("said_before", "said_otherwise")
    }
    near = {name: any(found) for name, found in own.items()}
    holds = {
        "allies": claim["counts"]["aligned"],
        "opponents": claim["counts"]["opposed"],
        **near,
        "perhaps_otherwise": own["said_otherwise"] and not near["said_otherwise"],
        "low_confidence": claim["low_confidence"],
    }
    return (name for name, value in holds.items() if value)


def _row(claim: CheckedClaim) -> dict[str, Any]:
    def claims(said: tuple[Quoted, ...] | None) -> str | None:
        return None if said is None else "; ".join(quoted.hit.claim_id for quoted in said)

    ally, opponent = claim.ally and claim.ally.hit, claim.opponent and claim.opponent.hit
    return {
        "number": claim.number,
        "start": claim.start,
        "end": claim.end,
        "text": claim.text,
        **{str(stance): len(claim.states[stance]) for stance in STANCES},
        "ally": ally and ally.state,
        "ally_claim_id": ally and ally.claim_id,
        "opponent": opponent and opponent.state,
        "opponent_claim_id": opponent and opponent.claim_id,
        "said_before": claims(claim.said_before),
        "said_otherwise": claims(claim.said_otherwise),
        "low_confidence": claim.low_confidence,
    }


def _by_stance(answer: Answer) -> dict[Stance, list[Group]]:
    found: dict[Stance, list[Group]] = {stance: [] for stance in STANCES}
    for group in answer.results:
        assert isinstance(group, Group)
        found[Stance(group.stance or Stance.UNCLEAR)].append(group)
    return found


def _nearest(answer: Answer, groups: list[Group], stance: Stance) -> Quoted | None:
    if not groups:
        return None
    best = max(groups, key=lambda group: _weight(group.hits[0], stance))
    hit = best.hits[0]
    return Quoted(name=best.name, near=hit.similarity >= answer.level, hit=hit)


def _own(
    ask: Ask, text: str, we: str | None
) -> tuple[tuple[Quoted, ...], tuple[Quoted, ...]] | tuple[None, None]:
    if we is None:
        return None, None
    answer = ask(text, states=[we], limit=1, per_state=MOST_OWN, stance="on")
    hits = [hit for group in answer.results if isinstance(group, Group) for hit in group.hits]
    names = {group.state: group.name for group in answer.results if isinstance(group, Group)}

    def shown(stance: Stance) -> tuple[Quoted, ...]:
        taking = sorted(
            (hit for hit in hits if hit.stance == stance), key=lambda hit: -_weight(hit, stance)
        )
        return tuple(
            Quoted(name=names[hit.state], near=hit.similarity >= answer.level, hit=hit)
            for hit in taking[:MOST_SHOWN]
        )

    return shown(Stance.ALIGNED), shown(Stance.OPPOSED)


def _weight(hit: Hit, stance: Stance) -> float:
    sure = 1.0 if hit.corrected else (hit.probabilities or {}).get(stance, 0.0)
    return sure * max(hit.similarity, 0.0)
