"""`states`, `topics`, `blocs`: the catalogue."""

from __future__ import annotations

import click

from service.cli.output import open_comparator
from service.errors import InvalidInput


@click.command()
def states() -> None:
    """States and observers: code, name, status."""
    from service.tables import columns_as_text

    found = open_comparator().catalogue.states
    click.echo(columns_as_text([[s.code, s.name, s.status] for s in found]))


@click.command()
def topics() -> None:
    """Topics of the taxonomy: id and definition."""
    from service.tables import columns_as_text

    found = open_comparator().catalogue.topics
    click.echo(columns_as_text([[t.id, t.definition] for t in found]))


@click.command()
@click.argument("bloc", required=False)
@click.option("--on", help="Year or date for which members are told (default: today).")
def blocs(bloc: str | None, on: str | None) -> None:
    """Blocs with the number of their members, or the members of one BLOC."""
    from service.domain.dates import PartialDate
    from service.tables import columns_as_text

    catalogue = open_comparator().catalogue
    try:
        day = PartialDate(on).last if on else None
    except ValueError as error:
        raise InvalidInput("on", str(error)) from None
    rows = catalogue.blocs_as_rows(day)["blocs"]
    if bloc is None:
        click.echo(columns_as_text([[r["id"], str(len(r["members"])), r["name"]] for r in rows]))
        return
    found = catalogue.blocs.resolve(bloc)
    if found is None:
        raise InvalidInput("bloc", f"{bloc!r} is no bloc we know")
    (row,) = [r for r in rows if r["id"] == found.id]
    click.echo(columns_as_text([[c, catalogue.states.name(c)] for c in row["members"]]))
    click.echo(f"Source: {row['source']}")
