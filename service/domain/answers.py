"""What is answered. Field names are those of the API and of the command line's JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A claim that answers, word for word.

    `similarity` is a cosine: same subject and wording, never agreement. `percentile` says what
    share of random pairs of different states' positions are less alike. `asked` is the number of
    the query's part to which the hit is nearest. `folded` counts near-identical sentences of the
    same state that this hit stands for. A `rendered` hit is in our own words; its offsets point
    into the cited document.

    `stance` is where the hit stands towards what was asked, with the `probabilities` of each
    stance: a model's judgement of these two sentences, None where it wasn't asked: what is far
    from the question and its contrary is unclear unasked. Where a user
    has `corrected` it (author, reason, date, and what the model's verdict `was`), `stance` is the
    user's, and `probabilities` stay the model's.
    """

    claim_id: str
    statement_id: str
    state: str
    text: str
    start: int
    end: int
    before: str | None
    after: str | None
    speaker: str | None
    office: str | None
    date: str
    date_precision: str
    date_inferred: bool
    forum: str | None
    symbol: str | None
    source: str
    on_behalf_of: tuple[str, ...]
    aligned_with: tuple[str, ...]
    kind: str
    attribution: str
    topics: tuple[str, ...]
    similarity: float
    percentile: float | None
    matched: tuple[str, ...]
    asked: int
    folded: int
    rendered: bool
    stance: str | None = None
    probabilities: dict[str, float] | None = None
    corrected: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A state's (or a statement's) hits, the best first.

    `count` is the number of its claims within the filters that are on the point (see
    `Answer.level`), and never less than what is shown. `stance` is that of the hit that shows it,
    which stands first; None where nothing was judged.
    """

    state: str
    name: str
    count: int
    hits: tuple[Hit, ...]
    statement_id: str | None = None
    stance: str | None = None

    @property
    def far(self) -> bool:
        """Whether it is unclear because its nearest hit is about something else, unjudged."""
        first = self.hits[0]
        return bool(self.stance) and first.probabilities is None and first.corrected is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPart:
    """The answer to one claim of a longer text."""

    text: str
    start: int
    end: int
    results: tuple[Group, ...] | tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`level` is the similarity that only one random pair in a thousand reaches in this
    generation. `parts` is filled where the text holds several claims (on the first page).
    `stance_model` judged the stances, or is None. `next` is the cursor of the following page,
    None on the last one."""

    query: dict[str, Any]
    generation: str
    model: str
    level: float
    stance_model: str | None
    results: tuple[Group, ...] | tuple[Hit, ...]
    parts: tuple[AnsweredPart, ...] = ()
    next: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; a group by state has no `statement_id`, and nothing has a stance
        where none was asked for."""
        judged = self.stance_model is not None
        plain: dict[str, Any] = {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "level": self.level,
            "stance_model": self.stance_model,
            "results": [_result(result, judged) for result in self.results],
            "parts": [
                {
                    "text": part.text,
                    "start": part.start,
                    "end": part.end,
                    "results": [_result(result, judged) for result in part.results],
                }
                for part in self.parts
            ],
            "next": self.next,
        }
        if not self.parts:
            del plain["parts"]
        if not judged:
            del plain["stance_model"]
        return plain


# Not `asdict`, which copies every value deeply: an answer has some two thousand of them.
_JUDGED = ("stance", "probabilities", "corrected")
_HIT = tuple(field.name for field in fields(Hit))
_UNJUDGED_HIT = tuple(name for name in _HIT if name not in _JUDGED)
_values, _unjudged_values = attrgetter(*_HIT), attrgetter(*_UNJUDGED_HIT)


def _result(result: Group | Hit, judged: bool) -> dict[str, Any]:
    if isinstance(result, Hit):
        if judged:
            return dict(zip(_HIT, _values(result), strict=True))
        return dict(zip(_UNJUDGED_HIT, _unjudged_values(result), strict=True))
    plain: dict[str, Any] = {
        "state": result.state,
        "name": result.name,
        "count": result.count,
        "hits": [_result(hit, judged) for hit in result.hits],
    }
    if result.statement_id is not None:
        plain["statement_id"] = result.statement_id
    if judged:
        plain["stance"] = result.stance
    return plain
