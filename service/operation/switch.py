"""Many files replaced as if by one rename.

What is new is laid out in a folder aside with a plan of where it goes, and becomes valid when that
folder gets its name. From then on it is moved into its places, by this process or, where it was
killed, by whatever opens the index folder next.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.errors import ConcordError
from service.retrieval.generations import exclusive
from service.retrieval.manifest import flush_folder

_READY, _PLAN = ".restored", "plan.json"


@dataclass(frozen=True, slots=True)
class Move:
    """What `target` becomes: the file or folder `name` of those laid out, or nothing where there is
    none. What was there is kept, as `name`."""

    name: str
    target: str
    there: bool


def decide(indexes: Path, aside: Path, moves: list[Move], kept: Path) -> None:
    """Make what is laid out in `aside` valid. What is replaced goes to the folder `kept`. The
    caller holds the lock `exclusive`, and calls `finish_holding` next."""
    plan = {"kept": str(kept), "moves": [asdict(move) for move in moves]}
    (aside / _PLAN).write_text(json.dumps(plan, indent=1), "utf-8")
    _flush(aside)
    shutil.rmtree(indexes / _READY, ignore_errors=True)
    aside.rename(indexes / _READY)
    flush_folder(indexes)


def finish(indexes: Path) -> None:
    """Go on with what was decided and not finished; usually there is nothing. Raises ConcordError
    where it can't be done, or another process does it."""
    if (indexes / _READY / _PLAN).exists():
        with exclusive(indexes):
            finish_holding(indexes)


def finish_holding(indexes: Path) -> None:
    """Can be killed and done again at any point: what was moved isn't there to be moved."""
    ready = indexes / _READY
    if not (ready / _PLAN).exists():
        return
    try:
        plan: dict[str, Any] = json.loads((ready / _PLAN).read_text("utf-8"))
        for fields in plan["moves"]:
            _move(ready, Move(**fields), Path(plan["kept"]))
        (ready / _PLAN).unlink()
    except OSError as error:
        raise ConcordError(
            f"what was restored can't be put in its place ({error}): mend that, and run a command "
            "on it again"
        ) from error
    shutil.rmtree(ready)


def _move(ready: Path, move: Move, kept: Path) -> None:
    target, source = Path(move.target), ready / move.name
    if move.there and not source.exists():
        return  # done before
    # A database's log and index belong to it: left behind, they would be taken for the new one's.
    for suffix in ("-wal", "-shm", ""):
        old = Path(f"{target}{suffix}")
        if old.exists():
            _put(old, kept / f"{move.name}{suffix}")
    if move.there:
        _put(source, target)


def _put(source: Path, target: Path) -> None:
    """By a rename; to another file system by a copy that is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError:
        if source.is_dir():
            raise
        partial = target.with_name(f".{target.name}.partial")
        shutil.copy2(source, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(target)
        source.unlink()
    flush_folder(target.parent)


def _flush(folder: Path) -> None:
    """Every file and folder in it on the disk."""
    for path in folder.rglob("*"):
        if path.is_dir():
            flush_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    flush_folder(folder)
