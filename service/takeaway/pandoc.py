"""Pandoc, as a process: https://pandoc.org, from the package pypandoc_binary."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache

import pypandoc

from service.errors import TimedOut

# A brief takes a twentieth of a second; a page of citations no more.
_LONGEST_S = 30.0


def written(document: bytes, to: str, made: date, options: Sequence[str] = ()) -> bytes:
    """A document tree in JSON, written as `to`, dated `made`: the same tree gives the same bytes.
    Raises TimedOut."""
    return run(["-f", "json", "-t", to, "--wrap=none", *options], document, made)


def run(arguments: Sequence[str], given: bytes = b"", made: date | None = None) -> bytes:
    """What pandoc answers to `given`. Our document trees name no file, so that it needn't be kept
    from reading any: `--sandbox` would date everything 1970."""
    dated = {} if made is None else {"SOURCE_DATE_EPOCH": str(int(midnight(made).timestamp()))}
    try:
        done = subprocess.run(  # noqa: S603  # the arguments are this package's own
            [_program(), *arguments],
            input=given,
            capture_output=True,
            check=True,
            timeout=_LONGEST_S,
            env=os.environ | dated,
        )
    except subprocess.TimeoutExpired:
        raise TimedOut(_LONGEST_S) from None
    return done.stdout


def midnight(day: date) -> datetime:
    """When a document of that day is said to be made, whatever the hour was."""
    return datetime.combine(day, time(), UTC)


@cache
def _program() -> str:
    return str(pypandoc.get_pandoc_path())
