"""What a server holds of callers: one database, and what is kept in it."""

from __future__ import annotations

from service.accounts.database import Database
from service.accounts.idempotency import Idempotency
from service.accounts.keys import Keys
from service.accounts.quotas import Quotas
from service.accounts.rates import Rates
from service.settings import Settings


class Accounts:
    """Touches no database until it is asked for. To be closed, so that the last second's counts
    aren't lost. Raises DatabaseUnusable or InvalidInput where the settings make no sense."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database.of(settings)
        self.keys = Keys(self.database)
        self.quotas = Quotas(self.database)
        self.idempotency = Idempotency(self.database)
        self.rates = Rates(settings.rate_limit, settings.rate_limit_storage.get_secret_value())

    def close(self) -> None:
        self.quotas.close()
        self.database.close()
