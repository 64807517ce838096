"""A study's result as a folder: data files, figures, and `datapackage.json`, a Frictionless Data
Package (version 1) that says what they hold and what they rest on."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.analysis.tabular import Table
from service.comparison import Comparator
from service.errors import InvalidInput, UnreadableFile
from service.figures.png import png
from service.retrieval.encoder import file_sha256
from service.retrieval.manifest import flush_folder
from service.stance.kept import Progress
from service.studies import grounds
from service.studies.formats import MEDIA_TYPES, Format, Written, write_table
from service.studies.study import Study

DESCRIPTOR = "datapackage.json"
# Of the member `concord`. A newer one is refused.
FORMAT = 1
_CAUTION = (
    "Similarity is of wording and subject, never agreement; inferred sides and stances are a "
    "machine's judgement."
)


@dataclass(frozen=True, slots=True)
class Package:
    """What was written into `folder`: names of files, and the rows of each table. `left_out` are
    issues that didn't count, as they weren't judged."""

    folder: Path
    files: tuple[str, ...]
    rows: Mapping[str, int]
    left_out: tuple[str, ...]


def write_package(
    study: Study,
    given: Mapping[str, Any],
    folder: Path,
    comparator: Comparator,
    formats: Sequence[Format] = (Format.CSV,),
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Package:
    """Run a study and write it. `folder` appears whole or not at all; with `overwrite` it may be an
    earlier package, which stays as it is until the new one is whole. What a long study has done is
    kept beside it until then, so that the same call goes on after an interruption.

    Raises InvalidInput naming `out` where it can't be written there, or a parameter; Conflict where
    another generation became current meanwhile.
    """
    _refuse_taken(folder, overwrite)
    asked = study.asked(given)
    work = folder.with_name(f".{folder.name}.unfinished") if study.goes_on else None
    result = study.run(comparator, asked, progress, work)
    generation = grounds.generation_of(comparator, result)
    rows: dict[str, int] = {}
    with _aside(folder) as made:
        resources: list[dict[str, Any]] = []
        for table in result.tables.tables():
            for written in write_table(table, made, formats):
                resources.append(_table_resource(table, written))
                rows[table.name] = written.rows
        for name, svg in result.figures.items():
            (made / f"{name}.svg").write_text(svg, "utf-8", newline="")
            (made / f"{name}.png").write_bytes(png(svg))
            resources.append(_figure_resource(made / f"{name}.svg", "image/svg+xml"))
            resources.append(_figure_resource(made / f"{name}.png", "image/png"))
        uniform = all(r["profile"] == "tabular-data-resource" for r in resources)
        described = {
            "profile": "tabular-data-package" if uniform else "data-package",
            "name": f"concord-{study.name}",
            "title": study.title,
            "description": f"{study.description} {_CAUTION}",
            "resources": resources,
            "concord": {
                "format": FORMAT,
                "study": study.name,
                "parameters": asked,
                "seed": asked.get("seed"),
                "formats": [str(one) for one in formats],
                "left_out": list(result.left_out),
                "generation": grounds.made_from(generation),
                "encoder": grounds.encoder_of(comparator),
                "stance_model": grounds.stance_model_of(comparator)
                if result.stance_model is not None
                else None,
                "data": grounds.data_of(comparator),
                "versions": grounds.versions(),
            },
        }
        if sources := grounds.sources_of(generation):
            described["sources"] = sources
        (made / DESCRIPTOR).write_bytes(as_bytes(described))
    if work is not None:
        shutil.rmtree(work)
    return Package(folder, (*(r["path"] for r in resources), DESCRIPTOR), rows, result.left_out)


def as_bytes(described: Mapping[str, Any]) -> bytes:
    return (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()


def read_descriptor(path: Path) -> dict[str, Any]:
    """Of a package that a study wrote. Raises UnreadableFile where it isn't one, or was written by
    a later version."""
    try:
        described = json.loads(path.read_bytes())
        names = [resource["path"] for resource in described["resources"]]
        own = described["concord"]
        form, _, _ = own["format"], own["study"], own["parameters"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableFile(f"{path} describes no package of a study: {error}") from error
    if form != FORMAT:
        raise UnreadableFile(f"{path} has format {form}, this version reads {FORMAT}")
    if not all(isinstance(name, str) and name == Path(name).name for name in names):
        raise UnreadableFile(f"{path} names files that aren't beside it")
    assert isinstance(described, dict)
    return described


def _table_resource(table: Table, written: Written) -> dict[str, Any]:
    tabular = written.format is Format.CSV
    # Of these frictionless is to check size and hash only: it reads Parquet by way of pandas, where
    # a whole number beside an empty cell is a fraction, and no JSON Lines without a line.
    bare = written.format is Format.PARQUET or (written.format is Format.JSONL and not written.rows)
    return {
        "name": table.name if tabular else f"{table.name}-{written.format}",
        "path": written.path.name,
        "profile": "tabular-data-resource" if tabular else "data-resource",
        **({"type": "file"} if bare else {}),
        "format": str(written.format),
        "mediatype": MEDIA_TYPES[written.format],
        **({} if written.format is Format.PARQUET else {"encoding": "utf-8"}),
        "bytes": written.bytes,
        "hash": f"sha256:{written.sha256}",
        "schema": {
            "fields": [
                {"name": c.name, "type": str(c.type), "description": c.description}
                for c in table.columns
            ],
            "missingValues": [""],
        },
    }


def _figure_resource(path: Path, mediatype: str) -> dict[str, Any]:
    ending = path.suffix.removeprefix(".")
    return {
        "name": f"{path.stem}-{ending}",
        "path": path.name,
        "profile": "data-resource",
        "format": ending,
        "mediatype": mediatype,
        **({"encoding": "utf-8"} if ending == "svg" else {}),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{file_sha256(path)}",
    }


def _refuse_taken(folder: Path, overwrite: bool) -> None:
    """A folder that isn't an earlier package, and nothing but it, is never touched."""
    if not folder.parent.is_dir():
        raise InvalidInput("out", f"there is no folder {folder.parent}")
    if not folder.exists() and not folder.is_symlink():
        return
    try:
        described = read_descriptor(folder / DESCRIPTOR)
    except UnreadableFile:
        raise InvalidInput("out", f"{folder} is there already, and is no package") from None
    if not overwrite:
        raise InvalidInput(
            "out", f"{folder} is there already; a study's --overwrite writes it anew"
        )
    own = {DESCRIPTOR, *(resource["path"] for resource in described["resources"])}
    if others := sorted({path.name for path in folder.iterdir()} - own):
        raise InvalidInput("out", f"{folder} also holds {others[0]}, which isn't the package's")


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder to be filled, which then takes the place of `folder`; not where filling it fails."""
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    made, before = work / "new", work / "before"
    try:
        made.mkdir()
        yield made
        for path in (*made.iterdir(), made):
            flush_folder(path)  # files too are on disk before they are seen
        if folder.exists():
            folder.rename(before)
        try:
            made.rename(folder)
        except BaseException:
            if before.exists():
                before.rename(folder)
            raise
        flush_folder(folder.parent)
    finally:
        shutil.rmtree(work)
