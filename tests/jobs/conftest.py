"""The real databases of the tests of accounts, and jobs in them."""

from __future__ import annotations

import pytest

from service.accounts.database import Database
from service.jobs.store import Jobs
from tests.accounts.conftest import database, open_database, postgres, settings

__all__ = ["database", "jobs", "open_database", "postgres", "settings"]


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)
