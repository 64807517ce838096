"""`--out`: what an analysis found, as a package of files; `reproduce`: the same files again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.output import JSON_OR_TABLE, as_json, open_comparator

if TYPE_CHECKING:
    from service.stance.kept import Progress

_FORMATS = ("csv", "parquet", "jsonl")


@dataclass(frozen=True, slots=True)
class Out:
    """Where, and as what, a command is to write what it finds."""

    folder: Path
    formats: tuple[str, ...]
    overwrite: bool

    def write(self, study: str, parameters: Mapping[str, Any]) -> None:
        """Run the study of that name, with the parameters in the API's names, and say what was
        written."""
        from service.studies.catalogue import find_study
        from service.studies.formats import Format
        from service.studies.package import write_package

        with progress_bar() as progress:
            made = write_package(
                find_study(study),
                parameters,
                self.folder,
                open_comparator(),
                [Format(one) for one in self.formats],
                overwrite=self.overwrite,
                progress=progress,
            )
        for table, rows in made.rows.items():
            click.echo(f"{table}: {rows:,} rows")
        click.echo(f"written to {made.folder}: {', '.join(made.files)}")


def writes(command: Callable[..., None]) -> Callable[..., None]:
    """`--out`, `--formats` and `--overwrite`, for a command whose result is a study's. It takes
    them as `out`, an Out, or None where nothing is to be written."""

    @click.option("--overwrite", is_flag=True, help="With --out: replace an earlier package.")
    @click.option(
        "--formats",
        metavar=",".join(_FORMATS),
        callback=_formats,
        help="With --out: kinds of data files, divided by commas (default csv).",
    )
    @click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Write data files, figures and datapackage.json into a new folder; see `reproduce`.",
    )
    @wraps(command)
    def writing(
        *args: Any, out: Path | None, formats: tuple[str, ...], overwrite: bool, **options: Any
    ) -> None:
        if out is None and (formats or overwrite):
            raise click.UsageError("--formats and --overwrite go with --out")
        command(*args, out=Out(out, formats or ("csv",), overwrite) if out else None, **options)

    return writing


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """On standard error, where that is a terminal; with an estimate of the time left."""
    from tqdm import tqdm

    with tqdm(file=sys.stderr, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


@click.command()
@click.argument("package", type=click.Path(exists=True, path_type=Path), metavar="DATAPACKAGE.json")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep what is made anew in a new folder.",
)
@click.option("--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True)
def reproduce(package: Path, out: Path | None, format_: str) -> None:
    """Run the study that a package describes again, and compare every file byte by byte.

    Refused on another generation or another model. Exit code 0 where all files are equal, else 1.
    """
    from service.studies.reproduce import reproduce as again
    from service.tables import columns_as_text

    with progress_bar() as progress:
        found = again(package, open_comparator(), out, progress)
    if format_ == "json":
        click.echo(as_json(found.to_dict()))
    else:
        for difference in found.differences:
            click.echo(f"Note: {difference}.", err=True)
        click.echo(columns_as_text([[one.outcome, one.file] for one in found.files]))
    if not found.equal:
        sys.exit(1)


def _formats(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))
    for one in given:
        if one not in _FORMATS:
            raise click.BadParameter(f"{one!r} is none of {', '.join(_FORMATS)}", context, option)
    return given
