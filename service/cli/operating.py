"""`backup`, `restore`, `migrate`: a deployment's data, as its operator handles it."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.building import build_current
from service.cli.output import open_comparator
from service.errors import ConcordError


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write statements, corrections, verdicts, keys, the current generation and your issues to FILE
    (a tar archive), while they are served."""
    from service.operation.backup import back_up
    from service.settings import Settings

    made = back_up(Settings(), file)
    click.echo(f"{file}: {made.bytes:,} bytes: {', '.join(made.parts) or 'nothing'}; generation "
               f"{made.generation or 'none'}.")  # fmt: skip
    if made.postgres:
        click.echo(f"Keys and quotas are in {made.postgres}: back them up with pg_dump.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there; it is kept in a folder aside.")
def restore(file: Path, force: bool) -> None:
    """Put what a backup holds into CONCORD_INDEXES. Stop the service first."""
    from service.operation.restore import restore as restore_from
    from service.settings import Settings

    done = restore_from(Settings(), file, force=force)
    click.echo(f"Restored as of {done.created}; generation {done.generation or 'none'}.")
    if done.kept:
        click.echo(f"What was there is in {done.kept}: delete it when you need it no more.")
    if done.migrated is not None:
        click.echo(f"The statements were of version {done.migrated} and have been migrated.")
    if done.outdated:
        click.echo(f"Generation {done.outdated} was of an older format: run "
                   "`python -m service build`.")  # fmt: skip
    if done.left_out:
        click.echo("The backup's keys and quotas were left out: here they are in PostgreSQL.")


@click.command()
def migrate() -> None:
    """Bring data of an older version to this one: statements, keys, and the index."""
    from service.accounts.database import Database
    from service.operation.migrate import migrate_store, outdated, remove_outdated
    from service.retrieval import store
    from service.retrieval.generations import exclusive

    comparator = open_comparator()
    settings, generations = comparator.settings, comparator.generations
    with exclusive(settings.indexes):
        had = migrate_store(settings.indexes / "statements.sqlite")
    if had is not None and had > store.VERSION:
        raise ConcordError(
            f"the statements have version {had}, this version reads {store.VERSION}: use the "
            "version of Concord that wrote them"
        )
    current = had in (None, store.VERSION)
    click.echo(f"Statements: {'up to date' if current else f'from version {had}'}.")
    Database.of(settings).open()
    click.echo("Keys and quotas: up to date.")
    if not outdated(generations):
        click.echo("Index: up to date.")
        return
    built = build_current(comparator)
    with exclusive(settings.indexes):
        removed = remove_outdated(generations)
    click.echo(f"Index: built again as generation {built.manifest.id} from the stored statements; "
               f"removed {', '.join(removed)}.")  # fmt: skip
