"""What a generation's folder holds, and by which hashes it is known to be whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from service.errors import IndexUnusable
from service.retrieval.encoder import file_sha256

FORMAT = 3
VECTORS, CODES, COLUMNS, LIBRARY, CALIBRATION = (
    "vectors.npy", "codes.faiss", "columns.npz", "library.sqlite", "calibration.npy"
)  # fmt: skip
FILES = (VECTORS, CODES, COLUMNS, LIBRARY, CALIBRATION)
STAMP = "verified"
REBUILD = "run `python -m service build`"
MIGRATE = "run `python -m service migrate`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of. `corpus` hashes every statement in it; `id` is derived from
    the format, the encoder and the corpus, so that equal content has an equal name anywhere."""

    id: str
    format: int
    created: str
    model: str
    fingerprint: str
    dimension: int
    corpus: str
    states: int
    statements: int
    claims: int
    positions: int
    rendered: int
    truncated: int
    files: Mapping[str, Mapping[str, Any]]


def refuse_other_encoder(manifest: Manifest, fingerprint: str) -> None:
    if manifest.fingerprint != fingerprint:
        raise IndexUnusable(
            f"generation {manifest.id} was built with another model, {manifest.model}: "
            f"{REBUILD}, or set CONCORD_MODEL={manifest.model}"
        )


def generation_id(model: str, fingerprint: str, corpus: str) -> str:
    content = json.dumps([FORMAT, model, fingerprint, corpus])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        fields = json.loads(path.read_text("utf-8"))
        written = fields.get("format")
        if written != FORMAT:
            older = isinstance(written, int) and written < FORMAT
            raise IndexUnusable(
                f"{path} has format {written}, this version reads {FORMAT}: "
                f"{MIGRATE if older else REBUILD}"
            )
        manifest = Manifest(**fields)
        if datetime.fromisoformat(manifest.created).tzinfo is None:
            raise ValueError(f"`created` has no time zone: {manifest.created}")
        for name in FILES:
            manifest.files[name]["sha256"]
        return manifest
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError) as error:
        raise IndexUnusable(f"{path} is damaged ({error}): {REBUILD}") from error


def format_of(folder: Path) -> int | None:
    """Of a generation, whatever version wrote it; None where its manifest says nothing."""
    try:
        written = json.loads((folder / "manifest.json").read_text("utf-8"))["format"]
    except (ValueError, TypeError, KeyError, RecursionError, OSError):
        return None
    return written if isinstance(written, int) else None


def seal(folder: Path, fields: Mapping[str, Any]) -> Manifest:
    """Flush every file, hash it, and write the manifest last."""
    files = {}
    for name in FILES:
        path = folder / name
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[name] = {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
    manifest = Manifest(files=files, **fields)
    with (folder / "manifest.json").open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    flush_folder(folder)
    return manifest


def verify(folder: Path) -> Manifest:
    """Every file against its SHA-256, side by side: half a second a gigabyte. Raises IndexUnusable
    naming the file."""
    manifest = read_manifest(folder)
    with ThreadPoolExecutor(len(FILES)) as pool:
        found = list(pool.map(_sha256, (folder / name for name in FILES)))
    for name, digest in zip(FILES, found, strict=True):
        if digest != manifest.files[name]["sha256"]:
            raise IndexUnusable(
                f"generation {folder.name}: {name} isn't the file that was built: {REBUILD}, or "
                "`python -m service generations --roll-back`"
            )
    with suppress(OSError):  # where it can't be kept, the next to open it verifies again
        (folder / STAMP).write_text(json.dumps(_stamp(folder)), "utf-8")
    return manifest


def is_verified(folder: Path) -> bool:
    """Whether no file was touched since `verify` found all of them whole."""
    return _stamp(folder) == _kept_stamp(folder)


def _stamp(folder: Path) -> list[list[int]] | None:
    """By which a change to any of the files shows: of each its size, its time and its inode."""
    try:
        found = [(folder / name).stat() for name in (*FILES, "manifest.json")]
    except OSError:
        return None
    return [[one.st_size, one.st_mtime_ns, one.st_ino] for one in found]


def _kept_stamp(folder: Path) -> object:
    """That of the last verification; nothing equals what can't be read."""
    try:
        return json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return NotImplemented


def _sha256(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except OSError:
        return None


def flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
