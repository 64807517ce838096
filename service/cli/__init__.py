"""The command line: thin commands over the same library that the web asks.

Exit codes: 0 done, 1 refused with a reason on standard error, 2 wrong usage.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from service import __version__
from service.cli import (
    analysing,
    asking,
    building,
    clustering,
    comparing,
    correcting,
    importing,
    judging,
    keys,
    listing,
    moving,
    operating,
    pairing,
    scaling,
    standing,
    studying,
    taking,
    validating,
)
from service.errors import ConcordError


class _Refusing(click.Group):
    """Turns our errors into one line on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConcordError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
        except ValueError as error:
            click.echo(f"Error: {_bad_setting(error)}", err=True)
            sys.exit(1)
        except BrokenPipeError:  # the reader, `head` for one, has seen enough
            sys.stderr.close()
            sys.exit(0)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"Error: {where}{error.strerror or error}", err=True)
            sys.exit(1)


def _bad_setting(error: ValueError) -> str:
    """What pydantic says of a CONCORD_ variable, without its value, which may be a secret; any
    other error is raised again."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError) or error.title != "Settings":
        raise error
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]).upper()
    name = name if name.endswith("DATABASE_URL") else f"CONCORD_{name}"
    return f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}"


@click.group(cls=_Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="concord")
def main() -> None:
    """Concord: which other states hold this position?

    Imported statements and built indexes live in the folder that CONCORD_INDEXES names
    (default: indexes/).
    """


for command in (
    asking.search,
    taking.brief,
    taking.bib,
    taking.ris,
    importing.import_,
    importing.download,
    building.build,
    importing.remove,
    comparing.compare,
    asking.changes,
    pairing.matrix,
    analysing.agreement,
    analysing.trends,
    analysing.profile,
    analysing.cohesion,
    scaling.scale,
    clustering.clusters,
    moving.drift,
    moving.moves,
    moving.convergence,
    moving.cohesion_years,
    studying.reproduce,
    building.info,
    listing.states,
    listing.topics,
    listing.blocs,
    standing.issues,
    standing.issue,
    standing.judge_issues,
    building.generations,
    building.serve,
    building.verify_positions,
    judging.stance,
    correcting.correct,
    correcting.corrections,
    keys.keys,
    operating.backup,
    operating.restore,
    operating.migrate,
    judging.evaluate,
    validating.validate,
):
    main.add_command(command)
