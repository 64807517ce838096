"""A deployment's data from a backup: all of it checked before anything is replaced."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from service.accounts.database import Database
from service.errors import ConcordError, InvalidInput, UnreadableFile
from service.operation.backup import CONTENTS, FORMAT, MANIFEST, Places, check_database
from service.operation.migrate import migrate_store
from service.operation.switch import Move, decide, finish, finish_holding
from service.operation.use import out_of_use
from service.retrieval import store
from service.retrieval.encoder import file_sha256
from service.retrieval.generations import exclusive
from service.retrieval.manifest import FILES, format_of, verify
from service.retrieval.manifest import FORMAT as INDEX_FORMAT
from service.settings import Settings
from service.stance import corrections

_DATABASES = ("accounts.sqlite", "statements.sqlite", "corrections.sqlite", "verdicts.sqlite")
_GENERATION = re.compile(rf"generations/[0-9a-f]{{12}}/(?:{'|'.join((*FILES, MANIFEST))})")
_CHUNK = 1 << 20
_MOST_CONTENTS = 64 << 20  # bytes of the list of contents


@dataclass(frozen=True, slots=True)
class Restored:
    """`created` is when the backup was taken; `kept` the folder into which went what was there,
    None where nothing was. `migrated` is the version that the statements had, where it was an older
    one; `outdated` a generation in an older format, which is to be built again. `left_out`: the
    keys and quotas weren't restored, as this deployment's are in PostgreSQL."""

    created: str
    generation: str | None
    kept: Path | None
    migrated: int | None
    outdated: str | None
    left_out: bool


def restore(settings: Settings, file: Path, *, force: bool = False) -> Restored:
    """Put what a backup holds in place of what is there.

    Raises InvalidInput where something is there and `force` isn't given, ConcordError where the
    folder is in use, UnreadableFile where the backup isn't whole; then nothing is changed.
    """
    if not file.is_file():
        raise UnreadableFile(f"there is no file {file}")
    places = Places.of(settings)
    indexes = places.indexes
    indexes.mkdir(parents=True, exist_ok=True)
    finish(indexes)
    with exclusive(indexes), out_of_use(indexes):
        there = _occupied(places)
        if there and not force:
            shown = ", ".join(str(path) for path in there[:3]) + (", ..." if there[3:] else "")
            raise InvalidInput("force", f"isn't given, and something is there already: {shown}")
        aside = indexes / ".restoring"
        shutil.rmtree(aside, ignore_errors=True)
        try:
            aside.mkdir()
            restored = _lay_out(settings, places, file, aside, bool(there))
        except (OSError, sqlite3.Error) as error:
            raise ConcordError(f"{file} can't be restored: {error}") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        finish_holding(indexes)
    return restored


def _lay_out(
    settings: Settings, places: Places, file: Path, aside: Path, occupied: bool
) -> Restored:
    """Check everything, and decide for it."""
    contents = _extract(file, aside)
    generation: str | None = contents["generation"]
    migrated = _check_databases(settings, aside, file)
    left_out = places.postgres is not None and (aside / "accounts.sqlite").exists()
    outdated = None
    if generation is not None:
        folder = aside / "generations" / generation
        written = format_of(folder)
        if written is not None and written < INDEX_FORMAT:
            generation, outdated = None, generation
            shutil.rmtree(aside / "generations")
        else:
            verify(folder)
            digest = file_sha256(folder / MANIFEST)
            (aside / "CURRENT").write_text(f"{generation} {digest}\n", "utf-8")
    kept = places.indexes / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    decide(places.indexes, aside, _moves(places, aside), kept)
    return Restored(
        contents["created"], generation, kept if occupied else None, migrated, outdated, left_out
    )


def _occupied(places: Places) -> list[Path]:
    """Whatever a restore would replace."""
    found = [path for path in places.databases.values() if path.exists()]
    for folder in (places.indexes / "generations", places.issues):
        if folder.is_dir() and any(folder.iterdir()):
            found.append(folder)
    return found


def _moves(places: Places, aside: Path) -> list[Move]:
    """What goes where; what a backup doesn't hold leaves its place empty. The pointer to the
    generation comes last."""
    targets = dict(places.databases)
    for folder in (places.issues, aside / "issues"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                within = path.relative_to(folder)
                targets[f"issues/{within.as_posix()}"] = places.issues / within
    for name in ("generations", "CURRENT"):
        targets[name] = places.indexes / name
    return [Move(name, str(target), (aside / name).exists()) for name, target in targets.items()]


def _extract(file: Path, aside: Path) -> Mapping[str, Any]:
    """Every file of the archive under `aside`, each as the list of contents says."""
    found: dict[str, dict[str, Any]] = {}
    contents: dict[str, Any] | None = None
    left = file.stat().st_size
    if shutil.disk_usage(aside).free < left:
        raise ConcordError(f"there is too little space in {aside.parent} for {file}")
    try:
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                left -= member.size
                if member.name in found or contents is not None or left < 0 or not _is_ours(member):
                    raise UnreadableFile(f"{file} holds {member.name!r}, which isn't of a backup")
                source = tar.extractfile(member)
                assert source is not None
                if member.name == CONTENTS:
                    contents = json.loads(source.read(_MOST_CONTENTS))
                else:
                    found[member.name] = _written(source, aside / member.name)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise UnreadableFile(f"{file} is no backup, or is cut off: {error}") from error
    return _checked(file, contents, found)


def _checked(
    file: Path, contents: dict[str, Any] | None, found: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    if not isinstance(contents, dict) or not isinstance(contents.get("files"), dict):
        raise UnreadableFile(f"{file} has no list of its contents: it is no backup, or is cut off")
    written = contents.get("format")
    if not isinstance(written, int) or not 1 <= written <= FORMAT:
        raise UnreadableFile(
            f"{file} has format {written}, this version reads {FORMAT}: use the version of "
            f"Concord that wrote it ({contents.get('concord')})"
        )
    expected: dict[str, Any] = contents["files"]
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise UnreadableFile(f"{file}: {name} isn't what was backed up")
    generation = contents.get("generation")
    folders = {name.split("/")[1] for name in found if name.startswith("generations/")}
    if folders != ({generation} if generation else set()):
        raise UnreadableFile(f"{file} doesn't hold the generation that it names, {generation}")
    return contents | {"created": str(contents.get("created")), "generation": generation}


def _is_ours(member: tarfile.TarInfo) -> bool:
    """A plain file, with a name that backups have: none leads out of the folder."""
    name = PurePosixPath(member.name)
    if not member.isreg() or member.issparse():
        return False
    if name.is_absolute() or ".." in name.parts or str(name) != member.name:
        return False
    if name.parts[0] == "issues" and len(name.parts) > 1:
        return True
    return member.name in (*_DATABASES, CONTENTS) or bool(_GENERATION.fullmatch(member.name))


def _written(source: IO[bytes], target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        if target.name == "accounts.sqlite":
            target.chmod(0o600)
        while piece := source.read(_CHUNK):
            file.write(piece)
            sha256.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": sha256.hexdigest()}


def _check_databases(settings: Settings, aside: Path, file: Path) -> int | None:
    """Each is whole and none is newer than this version; older ones are migrated where they lie.
    Returns the version of the statements where it was an older one."""
    for name in _DATABASES:
        if (aside / name).exists():
            check_database(aside / name, f"{name} of {file}")
    for name, known in (
        ("statements.sqlite", store.VERSION),
        ("corrections.sqlite", corrections.SCHEMA),
    ):
        found = _user_version(aside / name)
        if found is not None and found > known:
            raise UnreadableFile(
                f"{file}: {name} has version {found}, this version reads {known}: use the version "
                "of Concord that wrote it"
            )
    if (aside / "accounts.sqlite").exists():
        own = Database.of(settings.model_copy(update={"indexes": aside, "database_url": None}))
        own.open()
        own.close()
    had = migrate_store(aside / "statements.sqlite")
    return had if had != store.VERSION else None


def _user_version(path: Path) -> int | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
