"""Who works on an index folder: a service that reads it must not have it replaced beneath it."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import ConcordError

log = logging.getLogger(__name__)


@contextmanager
def in_use(indexes: Path) -> Iterator[None]:
    """Of any number of services at a time; the lock, on the folder itself, dies with its process.
    A file system that knows no locks is served all the same."""
    descriptor = os.open(indexes, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcordError(f"{indexes} is being restored: start when that is done") from None
        except OSError as error:
            log.warning("%s can't be locked (%s): don't restore while it is served", indexes, error)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def out_of_use(indexes: Path) -> Iterator[None]:
    """Raises ConcordError where a service reads the folder."""
    descriptor = os.open(indexes, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcordError(f"a service is running on {indexes}: stop it first") from None
        yield
    finally:
        os.close(descriptor)
