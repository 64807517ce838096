"""Statements that come and go while the service runs: checked, stored for good, then built."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from service.builds import BackgroundBuilds, BuildState
from service.catalogue import Catalogue
from service.corpus.bundled import bundled_statements
from service.corpus.claims import ClaimMaker
from service.corpus.row import OPTIONAL, REQUIRED, statement_of
from service.corpus.text import LONGEST as LONGEST_TEXT
from service.domain.statements import Statement
from service.errors import IndexUnusable, InvalidInput, NotFound, Overloaded
from service.retrieval.build import corpus_hash, in_place
from service.retrieval.databases import RETRY_AFTER
from service.retrieval.generations import Generations
from service.retrieval.manifest import read_manifest
from service.retrieval.store import Change, StatementStore
from service.settings import Settings

FIELDS = (*REQUIRED, *OPTIONAL)
MOST_STATEMENTS = 100
# Characters, of one and of all together.
MOST_TEXT, MOST_TEXTS = LONGEST_TEXT, 500_000
LONGEST = {
    "state": 100, "date": 10, "text": MOST_TEXT, "id": 200, "speaker": 300, "office": 300,
    "forum": 300, "symbol": 100, "source": 1_000, "on_behalf_of": 1_000,
}  # fmt: skip
# It stands in addresses: `/v1/statements/{id}`.
ID = r"^[0-9A-Za-z][0-9A-Za-z_.()+-]*$"
# Something of any script to read: neither white space, control nor punctuation alone.
WORDS = r"[0-9A-Za-z]|[^\u0000-\u00BF\u1680\u2000-\u206F\u3000\uFEFF]"
SOURCE = "API"
# Seconds for another's statements to be taken in, or for another process that writes.
WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A statement that is on disk. `mended` says in words what was done to its text; `searchable`,
    whether the current generation has it as it is now."""

    statement_id: str
    change: Change
    claims: int
    mended: tuple[str, ...]
    searchable: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whether a statement is stored, and whether answers are given from it as it is stored (or,
    where it isn't, still, or as a bundled position)."""

    statement_id: str
    stored: bool
    searchable: bool
    generation: str | None
    build: BuildState


class Ingest:
    """What it acknowledges is on disk, and is searched once a generation is built of it.

    Safe between threads; other processes may import at the same time. Raises InvalidInput naming
    the field, Overloaded where others write for too long, IndexUnusable where the disk is full or
    the store can't be written.
    """

    def __init__(
        self,
        settings: Settings,
        generations: Generations,
        catalogue: Callable[[], Catalogue],
        maker: Callable[[], ClaimMaker],
    ) -> None:
        """`catalogue` and `maker` are asked for when the first statement comes."""
        self._settings = settings
        self._generations = generations
        self._catalogue = catalogue
        self._maker = maker
        self._store = StatementStore(settings.indexes, wait_s=WAIT_S)
        self._turn = threading.Lock()
        self._builds = BackgroundBuilds(settings, generations, self.is_behind)

    def put(self, rows: Sequence[Mapping[str, Any]], *, batch: bool = True) -> list[Taken]:
        """Store all of `rows`, or none; each has the columns of a table of statements.

        The same statement twice changes nothing; another one with its id replaces it. An error's
        field is `statements[3].date` or, without `batch`, `date`.
        """
        if not 0 < len(rows) <= MOST_STATEMENTS:
            raise InvalidInput(
                "statements", f"has {len(rows)}; from 1 to {MOST_STATEMENTS} are taken at a time"
            )
        places = [f"statements[{i}]." if batch else "" for i in range(len(rows))]
        bare = [self._read(row, place) for row, place in zip(rows, places, strict=True)]
        self._check_together([statement for statement, _ in bare], places)
        # One at a time: making claims takes a core, which requests share.
        if not self._turn.acquire(timeout=WAIT_S):
            raise Overloaded("other statements are being stored: try again", RETRY_AFTER)
        try:
            made = [
                replace(statement, claims=self._maker().claims(statement.id, statement.text))
                for statement, _ in bare
            ]
            changes = self._store.put_all(made)
        finally:
            self._turn.release()
        taken = [
            Taken(s.id, change, len(s.claims), mended, self._is_served(s))
            for s, change, (_, mended) in zip(made, changes, bare, strict=True)
        ]
        if not all(one.searchable for one in taken):
            self._builds.ask()
        return taken

    def remove(self, ids: Sequence[str]) -> None:
        """Delete all of them, or none; NotFound names those that aren't stored."""
        self._store.remove(ids)
        self._builds.ask()

    def delete(self, statement_id: str) -> bool:
        """Whether it was stored; it isn't any more. NotFound where it neither was nor is still
        searched."""
        try:
            self.remove([statement_id])
        except NotFound:
            served = self._served(statement_id)
            if served is None or served.rendered:
                raise
            return False
        return True

    def find(self, statement_id: str) -> Whereabouts:
        """NotFound where it is neither stored nor searched."""
        with self._store.snapshot() as held:
            stored = held.get(statement_id)
        served = self._served(statement_id)
        if stored is None and served is None:
            raise NotFound(f"no such statement: {statement_id}")
        searchable = served is not None if stored is None else served == in_place(stored)
        return Whereabouts(
            statement_id, stored is not None, searchable, self._generations.current_id(), self.build
        )

    def stored(self, statement_id: str) -> Statement:
        """As the next generation will hold it. NotFound where it isn't stored."""
        return in_place(self._store.get(statement_id))

    def is_searched(self, statement_id: str) -> bool:
        """Whether answers are given from it, in whatever version."""
        return self._served(statement_id) is not None

    def ask(self) -> None:
        """Have built what was stored by other ways than `put`."""
        self._builds.ask()

    @property
    def build(self) -> BuildState:
        """What the building of the next generation is about."""
        return self._builds.state

    def building(self) -> AbstractContextManager[None]:
        """Have what is stored built, while it lasts: one service's at a time."""
        return self._builds.running()

    def is_behind(self) -> bool:
        """Whether the current generation isn't of what is stored. One that was left by a roll-back
        isn't wanted again before something changes."""
        current = self._generations.current_id()
        if current is None:
            return True
        with self._store.snapshot() as held:
            digests = held.digests()
        corpus = corpus_hash(digests, self._bundled, self._catalogue().topics.ids)
        if corpus == self._generations.left():
            return False
        try:
            return read_manifest(self._generations.folder(current)).corpus != corpus
        except (NotFound, IndexUnusable):
            return True

    @cached_property
    def _bundled(self) -> tuple[Statement, ...]:
        return bundled_statements(self._settings.data)

    def _read(self, row: Mapping[str, Any], place: str) -> tuple[Statement, tuple[str, ...]]:
        values: dict[str, str] = {}
        for name, value in row.items():
            if name not in FIELDS:
                reason = f"no such field; there are {', '.join(FIELDS)}"
                raise InvalidInput(f"{place}{name}", reason)
            if name == "on_behalf_of":
                value = self._blocs(value, place)
            if value is not None and not isinstance(value, str):
                raise InvalidInput(place + name, "must be a text")
            if value is not None and len(value) > LONGEST[name]:
                reason = f"has {len(value):,} characters; at most {LONGEST[name]:,} are taken"
                raise InvalidInput(place + name, reason)
            values[name] = value or ""
        if values.get("id") and not re.fullmatch(ID, values["id"]):
            reason = "may have letters, digits and _.()+- and begins with a letter or digit"
            raise InvalidInput(f"{place}id", reason)
        if not re.search(WORDS, values.get("text", "")):
            raise InvalidInput(f"{place}text", "has no words")
        states = self._catalogue().states
        try:
            return statement_of(values, states=states, source=SOURCE)
        except InvalidInput as error:
            raise InvalidInput(place + error.field, error.reason) from None

    def _blocs(self, value: Any, place: str) -> str:
        """Their ids as a table has them; names in any usual spelling are known."""
        names = value.split(";") if isinstance(value, str) else value or ()
        found = []
        for name in filter(None, (str(name).strip() for name in names)):
            bloc = self._catalogue().blocs.resolve(name)
            if bloc is None:
                raise InvalidInput(f"{place}on_behalf_of", f"unknown bloc {name!r}")
            found.append(bloc.id)
        return ";".join(found)

    def _check_together(self, statements: Sequence[Statement], places: Sequence[str]) -> None:
        total = sum(len(statement.text) for statement in statements)
        if total > MOST_TEXTS:
            reason = f"have {total:,} characters; at most {MOST_TEXTS:,} are taken at a time"
            raise InvalidInput("statements", reason)
        first: dict[str, int] = {}
        for number, statement in enumerate(statements):
            other = first.setdefault(statement.id, number)
            if statements[other] != statement:
                reason = f"{statement.id} is the id of statements[{other}] too, which differs"
                raise InvalidInput(f"{places[number]}id", reason)

    def _served(self, statement_id: str) -> Statement | None:
        try:
            return self._generations.current().library.statement(statement_id)
        except (NotFound, IndexUnusable):
            return None

    def _is_served(self, statement: Statement) -> bool:
        return self._served(statement.id) == in_place(statement)
