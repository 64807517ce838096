"""What is answered. Field names are those of the API and of the command line's JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    stance: a model's judgement of these two sentences, None where it wasn't asked. Where a user
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
    generation. `parts` is filled where the text holds several claims. `stance_model` judged the
    stances, or is None."""

    query: dict[str, Any]
    generation: str
    model: str
    level: float
    stance_model: str | None
    results: tuple[Group, ...] | tuple[Hit, ...]
    parts: tuple[AnsweredPart, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; a group by state has no `statement_id`, and nothing has a stance
        where none was asked for."""
        plain: dict[str, Any] = asdict(self)
        for results in (plain["results"], *(part["results"] for part in plain["parts"])):
            for result in results:
                if "hits" in result and result["statement_id"] is None:
                    del result["statement_id"]
                if self.stance_model is None:
                    _leave_out_stances(result)
        if not plain["parts"]:
            del plain["parts"]
        if self.stance_model is None:
            del plain["stance_model"]
        return plain


def _leave_out_stances(result: dict[str, Any]) -> None:
    for judged in (result, *result.get("hits", ())):
        judged.pop("stance")
        judged.pop("probabilities", None)
        judged.pop("corrected", None)
