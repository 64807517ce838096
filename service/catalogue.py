"""The project's own data about the world: states, blocs, topics, issues, read from `data/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from service.data_files import read_yaml
from service.domain.blocs import Bloc, Blocs, Membership
from service.domain.issues import Example, Issue, Issues
from service.domain.standing import Side
from service.domain.states import State, States
from service.domain.topics import Taxonomy, Topic
from service.errors import CatalogueError

_Entry = TypeVar("_Entry")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Catalogue:
    states: States
    blocs: Blocs
    topics: Taxonomy

    @classmethod
    def load(cls, data_dir: Path) -> Catalogue:
        return cls(load_states(data_dir), load_blocs(data_dir), load_topics(data_dir))

    def state_name(self, code: str) -> str:
        """The code itself where no state has it."""
        state = self.states.get(code)
        return state.name if state else code

    def blocs_as_rows(self, on: date | None = None) -> dict[str, Any]:
        """Every bloc with its members of that day; without one, of today."""
        day = on or datetime.now(UTC).date()
        return {
            "on": day.isoformat(),
            "blocs": [
                {
                    "id": bloc.id,
                    "name": bloc.name,
                    "aliases": bloc.aliases,
                    "members": sorted(bloc.members(day)),
                    "source": bloc.source,
                    "note": bloc.note,
                }
                for bloc in self.blocs
            ],
        }


def load_states(data_dir: Path) -> States:
    path = data_dir / "states.yaml"
    states = []
    for number, entry in enumerate(_read(path), start=1):
        try:
            for name in ("aliases", "adjectives", "successors"):
                entry[name] = tuple(entry.get(name, ()))
            states.append(State(**entry))
        except (TypeError, AttributeError) as error:
            raise CatalogueError(f"{path}, entry {number}: {error}") from error
    return _checked(path, States, states)


def load_blocs(data_dir: Path) -> Blocs:
    path = data_dir / "blocs.yaml"
    blocs = []
    for number, entry in enumerate(_read(path), start=1):
        try:
            memberships = _memberships(entry.pop("members"))
            aliases = tuple(entry.pop("aliases", ()))
            blocs.append(Bloc(**entry, memberships=memberships, aliases=aliases))
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise CatalogueError(f"{path}, entry {number}: {error}") from error
    return _checked(path, Blocs, blocs)


def load_topics(data_dir: Path) -> Taxonomy:
    path = data_dir / "topics.yaml"
    topics = []
    for number, entry in enumerate(_read(path, "topics"), start=1):
        try:
            topics.append(
                Topic(
                    entry["id"],
                    entry["name"],
                    entry["definition"],
                    tuple(entry["synonyms"]),
                    tuple(entry["examples"]),
                )
            )
        except (TypeError, KeyError) as error:
            raise CatalogueError(f"{path}, entry {number}: {error}") from error
    return _checked(path, Taxonomy, topics)


def load_issues(data_dir: Path, own: Path | None = None) -> Issues:
    """The bundled issues, and one from each YAML file of the folder `own`."""
    path = data_dir / "issues.yaml"
    issues = [_issue(f"{path}, issue {key}", key, entry) for key, entry in _mapping(path).items()]
    for file in sorted(own.glob("*.yaml")) if own and own.is_dir() else ():
        issues.append(read_issue(file))
    return _checked(path, Issues, issues)


def read_issue(path: Path) -> Issue:
    """An issue of one's own, from one file: `id` (else the file's name), `proposition`, `contrary`,
    and if wanted `paraphrases`, `contrary_paraphrases`, `topics` and `examples`, each with a `side`
    (for, against, reservations) and a `text` or a `claim` (its id)."""
    entry = _mapping(path)
    key = str(entry.pop("id", path.stem))
    try:
        examples = [
            Example(Side(given["side"]), given.get("claim"), given.get("text"))
            for given in entry.get("examples", ())
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogueError(
            f"{path}: each of `examples` needs a side (for, against, reservations): {error}"
        ) from error
    for number, example in enumerate(examples, start=1):
        if example.side is Side.SILENT or not (example.claim_id or example.text):
            raise CatalogueError(
                f"{path}, example {number}: give a side (for, against, reservations), and a `text` "
                "or a `claim`"
            )
    return _issue(str(path), key, entry | {"examples": examples})


def _issue(where: str, key: str, entry: Any) -> Issue:
    try:
        for name in ("paraphrases", "contrary_paraphrases", "topics", "examples"):
            if isinstance(entry.get(name), str):
                raise TypeError(f"`{name}` must be a list")
            entry[name] = tuple(entry.get(name, ()))
        made = Issue(id=key, **{"group": key, **entry})
    except (TypeError, AttributeError) as error:
        raise CatalogueError(f"{where}: {error}") from error
    for text in (made.proposition, made.contrary, *made.wordings, *made.contraries):
        if not isinstance(text, str) or not text.strip():
            raise CatalogueError(f"{where}: a wording is no text: {text!r}")
    return made


def _memberships(members: list[Mapping[str, Any]]) -> dict[str, list[Membership]]:
    """Periods by state, each from its first day to its last one, or open."""
    periods: dict[str, list[Membership]] = {}
    for member in members:
        first = _day(member["from"], month=1, day=1)
        last = _day(member["to"], month=12, day=31) if "to" in member else None
        if last is not None and last < first:
            raise ValueError(f"{member['state']} leaves on {last}, before {first}")
        periods.setdefault(member["state"], []).append((first, last))
    return periods


def _day(value: Any, *, month: int, day: int) -> date:
    """A year alone stands for that day of it."""
    if isinstance(value, int):
        return date(value, month, day)
    return value if isinstance(value, date) else date.fromisoformat(value)


def _mapping(path: Path) -> dict[str, Any]:
    found = read_yaml(path)
    if not isinstance(found, dict):
        raise CatalogueError(f"{path} must hold names with values")
    return found


def _read(path: Path, key: str | None = None) -> list[Any]:
    """The list that the file holds, under `key` where one is given."""
    found = read_yaml(path)
    if key is not None:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise CatalogueError(f"{path} must hold a list")
    return found


def _checked(path: Path, make: Callable[[list[_Entry]], _Made], entries: list[_Entry]) -> _Made:
    try:
        return make(entries)
    except ValueError as error:
        raise CatalogueError(f"{path}: {error}") from error
