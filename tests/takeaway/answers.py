"""Answers made by hand, so that each part of a brief can be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from service.catalogue import Catalogue
from service.domain.answers import Answer, Group, Hit
from service.domain.stance import STANCES
from service.settings import Settings
from service.takeaway.language import Language

MADE = date(2025, 11, 26)
CATALOGUE = Catalogue.load(Settings().data)
ENGLISH = Language.english(CATALOGUE)


def hit(state: str, text: str, stance: str | None = "aligned", **more: Any) -> Hit:
    """Of a statement of 2021, on the point."""
    statement_id = more.pop("statement_id", f"{state}_76_2021")
    found: dict[str, Any] = {
        "claim_id": f"{statement_id}:10-{10 + len(text)}", "statement_id": statement_id,
        "state": state, "text": text, "start": 10, "end": 10 + len(text), "before": None,
        "after": None, "speaker": "Ms. A. Speaker", "office": "Minister", "date": "2021-09-21",
        "date_precision": "day", "date_inferred": False, "forum": "General Assembly",
        "symbol": "A/76/PV.3", "source": "records.csv", "on_behalf_of": (), "aligned_with": (),
        "kind": "position", "attribution": "spoken", "topics": ("veto",), "similarity": 0.75,
        "percentile": 99.9, "matched": (), "asked": 0, "folded": 0, "rendered": False,
    }  # fmt: skip
    if stance is not None:
        sure = dict.fromkeys(map(str, STANCES), 0.1) | {stance: 0.7}
        found |= {"stance": stance, "probabilities": sure}
    return Hit(**(found | more))


def group(*hits: Hit, count: int | None = None) -> Group:
    first = hits[0]
    return Group(
        state=first.state, name=CATALOGUE.state_name(first.state), count=count or len(hits),
        hits=hits, stance=first.stance,
    )  # fmt: skip


def answer(
    results: Sequence[Group] | Sequence[Hit],
    *,
    text: str = "The veto must be abolished.",
    parts: Sequence[str] = (),
    judged: bool = True,
    more: str | None = None,
    **query: Any,
) -> Answer:
    """As a search with the usual options gives it; `query` are filters that were given."""
    asked = {
        "text": text,
        "parts": [{"text": part, "start": 0, "end": len(part)} for part in parts or [text]],
        "exclude": [], "states": [], "blocs": [], "topics": [], "from": None, "to": None,
        "forum": None, "kind": ["position"], "mode": "dense", "sort": "similarity",
        "group_by": "state", "limit": 250, "per_state": 1, "fold": True,
        "stance": ["on"] if judged else ["off"],
    }  # fmt: skip
    return Answer(
        query=asked | query, generation="4b7014", model="toy", level=0.5,
        stance_model="stance-1" if judged else None, results=tuple(results), next=more,
    )  # fmt: skip
