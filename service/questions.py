"""From what a user typed to a checked `Question`: each refusal names its field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from service.catalogue import Catalogue
from service.corpus.claims import ClaimMaker
from service.corpus.sentences import sentences
from service.cursors import read_cursor
from service.domain.dates import PartialDate
from service.domain.questions import GroupBy, Part, Question, SearchMode, Sort, TopicFilter
from service.domain.stance import Stance
from service.domain.statements import Kind
from service.errors import InvalidInput

LONGEST_TEXT = 100_000
MOST_PARTS = 300
MOST_GROUPS = 1_000
MOST_PER_STATE = 50
FIELDS = (
    "text", "exclude", "states", "blocs", "topics", "from", "to", "forum", "kind", "mode", "sort",
    "group_by", "limit", "per_state", "fold", "stance", "cursor",
)  # fmt: skip
_LISTS = ("exclude", "states", "blocs", "topics", "kind", "stance")
_E = TypeVar("_E", bound=StrEnum)


def parse_question(
    raw: Mapping[str, Any], catalogue: Catalogue, maker: ClaimMaker, *, judge: bool = False
) -> Question:
    """Check every field of `raw`; names are those of the API. Lists may be given as one string
    with commas. `judge`: whether stances are wanted where nothing is said of them. Raises
    InvalidInput with the field's name."""
    unknown = sorted(set(raw) - set(FIELDS))
    if unknown:
        raise InvalidInput(unknown[0], f"no such parameter; there are {', '.join(FIELDS)}")
    given = {key: value for key, value in raw.items() if value not in (None, "", [], ())}
    lists = {name: _strings(name, given.get(name)) for name in _LISTS}
    text = _text(given.get("text"))
    earliest, latest = _date("from", given.get("from")), _date("to", given.get("to"))
    if earliest and latest and earliest.first > latest.last:
        raise InvalidInput("to", f"{latest} is before {earliest}")
    return Question(
        text=text,
        parts=split(text, maker),
        exclude=tuple(resolve_state("exclude", value, catalogue) for value in lists["exclude"]),
        states=tuple(resolve_state("states", value, catalogue) for value in lists["states"]),
        blocs=tuple(resolve_bloc("blocs", value, catalogue) for value in lists["blocs"]),
        topics=tuple(_topic(value, catalogue) for value in lists["topics"]),
        earliest=earliest,
        latest=latest,
        forum=_line("forum", given.get("forum")),
        kinds=_kinds(lists["kind"]),
        mode=_choice("mode", given.get("mode", SearchMode.DENSE), SearchMode),
        sort=_choice("sort", given.get("sort", Sort.SIMILARITY), Sort),
        group_by=_choice("group_by", given.get("group_by", GroupBy.STATE), GroupBy),
        limit=_number("limit", given.get("limit", 20), MOST_GROUPS),
        per_state=_number("per_state", given.get("per_state", 3), MOST_PER_STATE),
        fold=_flag("fold", given.get("fold", True)),
        judged=lists["stance"] != ["off"] if lists["stance"] else judge,
        stances=_stances(lists["stance"]),
        cursor=read_cursor(given["cursor"]) if "cursor" in given else None,
    )


def split(text: str, maker: ClaimMaker) -> tuple[Part, ...]:
    """A short text is one part; of a longer one, each position is asked for itself."""
    spans = list(sentences(text))
    if len(spans) < 2:
        stripped = text.strip()
        start = text.index(stripped)
        return (Part(" ".join(stripped.split()), start, start + len(stripped)),)
    claims = maker.claims("query", text, spans)
    chosen = [c for c in claims if c.kind is Kind.POSITION] or list(claims)
    if len(chosen) > MOST_PARTS:
        raise InvalidInput(
            "text", f"holds {len(chosen)} positions; at most {MOST_PARTS} are asked at once"
        )
    return tuple(Part(c.text, c.start, c.end) for c in chosen)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("text", "is missing: give a claim, a paragraph or a statement")
    if len(value) > LONGEST_TEXT:
        raise InvalidInput("text", f"has {len(value)} characters; at most {LONGEST_TEXT} are read")
    if not any(character.isalnum() for character in value):
        raise InvalidInput("text", "has no words")
    return value


def _strings(field: str, value: Any) -> list[str]:
    if value is None:
        return []
    items: Sequence[Any] = [value] if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
        raise InvalidInput(field, "must be a string or a list of strings")
    if field == "topics":  # free text may hold commas; ids never do
        parts: Iterable[str] = items
    else:
        parts = _unlisted(items)
    return [part.strip() for part in parts if part.strip()]


def _unlisted(items: Sequence[str]) -> Iterator[str]:
    for item in items:
        yield from item.split(",") if "," in item else (item,)


def resolve_state(field: str, value: str, catalogue: Catalogue) -> str:
    """The code of a state in any usual spelling."""
    state = catalogue.states.resolve(value)
    if state is None:
        near = ", ".join(f"{s.name} ({s.code})" for s in catalogue.states.suggest(value))
        raise InvalidInput(
            field, f"{value!r} is no state we know" + (f"; near: {near}" if near else "")
        )
    return state.code


def resolve_bloc(field: str, value: str, catalogue: Catalogue) -> str:
    """The id of a bloc in any usual spelling."""
    bloc = catalogue.blocs.resolve(value)
    if bloc is None:
        known = ", ".join(b.id for b in catalogue.blocs)
        raise InvalidInput(field, f"{value!r} is no bloc we know; there are {known}")
    return bloc.id


def _topic(value: str, catalogue: Catalogue) -> TopicFilter:
    topic = catalogue.topics.resolve(value)
    return TopicFilter(value, topic.id if topic else None)


def _date(field: str, value: Any) -> PartialDate | None:
    if value is None:
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise InvalidInput(field, "must be a year or a date")
    try:
        return PartialDate(str(value).strip())
    except ValueError as error:
        raise InvalidInput(field, str(error)) from None


def _line(field: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(field, "must be a string")
    return value.strip() or None


def _kinds(values: Sequence[str]) -> tuple[Kind, ...] | None:
    if not values:
        return (Kind.POSITION,)
    if "any" in values:
        return None
    return tuple(_choice("kind", value, Kind, extra=("any",)) for value in values)


def _stances(values: Sequence[str]) -> tuple[Stance, ...] | None:
    """None for all of them: where nothing, `on` or `off` was said."""
    if values in ([], ["on"], ["off"]):
        return None
    chosen = (_choice("stance", value, Stance, extra=("on", "off")) for value in values)
    return tuple(dict.fromkeys(chosen))


def _choice(field: str, value: Any, options: type[_E], extra: Sequence[str] = ()) -> _E:
    try:
        return options(value)
    except ValueError:
        known = ", ".join([*options, *extra])
        raise InvalidInput(field, f"{value!r} is none of {known}") from None


def _number(field: str, value: Any, most: int) -> int:
    try:
        if isinstance(value, bool | float):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        raise InvalidInput(field, f"{value!r} is no whole number") from None
    if not 1 <= number <= most:
        raise InvalidInput(field, f"{number} isn't between 1 and {most}")
    return number


def _flag(field: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in known:
        raise InvalidInput(field, f"{value!r} is neither true nor false")
    return known[str(value).lower()]
