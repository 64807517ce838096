"""Which words of a quotation decide its verdict: those whose deletion moves the probability.

Nothing is looked up: words are deleted and the model is asked again. What comes out explains this
model's verdict on this pair, and not what the speaker meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from service.domain.stance import STANCES, Stance, Verdict
from service.stance.judge import StanceJudge

MOST_WORDS = 5
# Words of one span at most.
LONGEST_SPAN = 3
# Texts that are judged at first, each with one word or span deleted. A quotation of more than 41
# words has no spans of three tried, one of more than 60 none of two, and of one of more than 120
# the first 120 words alone: a model reads about as many.
MOST_VARIANTS = 120
# Words and spans, those that decide most alone, that are tried together with those chosen.
SHORTLIST = 8
# Rounded like this, a figure is the same on every machine and in every batch.
DIGITS = 4
_WORD = re.compile(r"\w+(?:[-'’.,/]\w+)*")
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DecidingWords:
    """`start` and `end` count characters of the quotation; `drop` is by how much the probability
    of the verdict falls when these words alone are deleted."""

    text: str
    start: int
    end: int
    drop: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`probability` is that of the verdict's `stance`, `without` what is left of it when all of
    `words` are deleted together: measured, and lower wherever there are words. They stand in the
    order in which they were chosen, the one that decides most first."""

    stance: Stance
    probability: float
    words: tuple[DecidingWords, ...]
    without: float

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        return {
            "stance": str(self.stance),
            "words": list(found["words"]),
            "probability": self.probability,
            "without": self.without,
        }


def explain(
    model: StanceJudge, a: str, b: str, verdict: Verdict | None = None, *, most: int = MOST_WORDS
) -> Explanation:
    """Why b stands towards a as `verdict` says, by default the model's own.

    Every word of b is deleted alone, and every span of up to three words with nothing but spaces
    between them; a span counts only where it lowers the probability more than its parts do one by
    one. Of those, the one that lowers it most is chosen, then again and again the one that lowers
    it most together with those chosen, until none does or `most` are. All words are never deleted:
    nothing would be left to judge. The same pair always has the same explanation.
    """
    verdict = verdict or model.judge([(a, b)])[0]
    stance = STANCES.index(verdict.stance)
    probability = round(verdict.probabilities[stance], DIGITS)
    words = [(word.start(), word.end()) for word in _WORD.finditer(b)]

    def place(span: Place) -> Place:
        return words[span[0]][0], words[span[1] - 1][1]

    def left(deletions: Sequence[Sequence[Place]]) -> list[float]:
        """The probability of the stance after each of these deletions of spans."""
        if not deletions:
            return []
        texts = [leave_out(b, map(place, spans)) for spans in deletions]
        found = model.probabilities([(a, text) for text in texts])[:, stance]
        return [round(float(value), DIGITS) for value in found]

    spans = _spans(b, words)
    alone = dict(zip(spans, left([[span] for span in spans]), strict=True))
    drops = {span: round(probability - value, DIGITS) for span, value in alone.items()}
    shortlist = sorted(_inseparable(drops), key=lambda span: (-drops[span], span))[:SHORTLIST]
    chosen: list[Place] = []
    without = probability
    while len(chosen) < most:
        free = [s for s in shortlist if _disjoint(s, chosen) and _count([*chosen, s]) < len(words)]
        # The first choice has been measured.
        values = left([[*chosen, s] for s in free]) if chosen else [alone[s] for s in free]
        if not values or min(values) >= without:
            break
        without = min(values)
        chosen.append(free[values.index(without)])
    return Explanation(
        verdict.stance,
        probability,
        tuple(DecidingWords(b[slice(*place(s))], *place(s), drops[s]) for s in chosen),
        without,
    )


def leave_out(text: str, places: Iterable[Place]) -> str:
    """`text` without the characters of these disjoint places, and without the spaces before each.
    Punctuation stays."""
    kept, last = [], 0
    for start, end in sorted(places):
        kept.append(text[last:start].rstrip())
        last = end
    return "".join([*kept, text[last:]]).lstrip()


def _spans(text: str, words: Sequence[Place]) -> list[Place]:
    """Numbers of words, end excluded: single words, then spans, all of one length or none."""
    found: list[Place] = [(i, i + 1) for i in range(min(len(words), MOST_VARIANTS))]
    for length in range(2, LONGEST_SPAN + 1):
        if sum(len(words) - k for k in range(length)) > MOST_VARIANTS:
            break
        found += [
            (i, i + length)
            for i in range(len(words) - length + 1)
            if all(text[words[k][1] : words[k + 1][0]].isspace() for k in range(i, i + length - 1))
        ]
    return [(i, j) for i, j in found if j - i < len(words)]


def _inseparable(drops: dict[Place, float]) -> list[Place]:
    """Those whose deletion lowers the probability, and by more than that of their parts."""
    worth: dict[Place, float] = {}
    found = []
    for (i, j), drop in drops.items():  # the shorter ones come first
        parts = max((worth[i, k] + worth[k, j] for k in range(i + 1, j)), default=0.0)
        worth[i, j] = max(drop, parts)
        if drop > parts:
            found.append((i, j))
    return found


def _disjoint(span: Place, others: Iterable[Place]) -> bool:
    return all(span[1] <= start or end <= span[0] for start, end in others)


def _count(spans: Iterable[Place]) -> int:
    return sum(end - start for start, end in spans)
