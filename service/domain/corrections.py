"""What users say of a stance verdict that the model got wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from service.domain.stance import Stance

# Folded query, claim, hash of the claim's words.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """What the model named `model` had said."""

    stance: Stance
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """`author` says that the claim stands `stance` towards the query `text`, and why.

    The claim is a reference: `start` and `end` count characters of its statement's stored source,
    `sha256` is that of the claim's text in UTF-8. `date` is the UTC time in ISO 8601. `was` is None
    where no model had been set.
    """

    text: str
    claim_id: str
    statement_id: str
    state: str
    start: int
    end: int
    sha256: str
    stance: Stance
    author: str
    reason: str
    date: str
    was: ModelVerdict | None

    @property
    def key(self) -> Key:
        """Of corrections with the same key the latest holds."""
        return folded(self.text), self.claim_id, self.sha256

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def shown(self) -> dict[str, Any]:
        """What an answer says beside the corrected stance."""
        plain = asdict(self)
        return {name: plain[name] for name in ("author", "reason", "date", "was")}


def read_correction(fields: Mapping[str, Any]) -> Correction:
    """The inverse of `to_dict`; other fields are passed over. Raises ValueError naming the field
    that is missing or bad."""
    strings = ("text", "claim_id", "statement_id", "state", "sha256", "author", "reason", "date")
    for name in strings:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise ValueError(f"`{name}` must be a text")
    for name in ("start", "end"):
        if type(fields.get(name)) is not int:
            raise ValueError(f"`{name}` must be a whole number")
    if moment(fields["date"]).tzinfo is None:
        raise ValueError(f"`date` has no time zone: {fields['date']}")
    was = fields.get("was")
    return Correction(
        **{name: fields[name] for name in strings},
        start=fields["start"],
        end=fields["end"],
        stance=Stance(str(fields.get("stance"))),
        was=_model_verdict(was) if was is not None else None,
    )


def moment(date: str) -> datetime:
    return datetime.fromisoformat(date)


def folded(text: str) -> str:
    """Queries that differ in white space and case only are the same query."""
    return " ".join(text.split()).casefold()


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _model_verdict(was: object) -> ModelVerdict:
    if not isinstance(was, Mapping) or not isinstance(was.get("model"), str):
        raise ValueError("`was` must be null, or hold a stance and a model")
    return ModelVerdict(Stance(str(was.get("stance"))), was["model"])
