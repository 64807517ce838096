"""One tree of errors. It knows neither HTTP nor exit codes; the edges translate."""

import copyreg
from typing import Any

# Characters of a message; one that quotes a damaged file would be as long as that.
LONGEST = 1_000


def shortened(message: str) -> str:
    """Its beginning and its end, where it is longer than anybody reads."""
    half = LONGEST // 2 - 3
    return message if len(message) <= LONGEST else f"{message[:half]} ... {message[-half:]}"


class ConcordError(Exception):
    """Something a user can act on; the message says what and where."""

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever it was made of: errors come back from the machines of a cluster."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class InvalidInput(ConcordError):
    """A value that can't be used. `field` names it as the API and the command line do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = shortened(message)


class NotFound(ConcordError):
    """A statement, claim, state, topic or generation that isn't there."""


class UnreadableFile(ConcordError):
    """A source file that can't be read as its format."""


class CatalogueError(ConcordError):
    """The project's own data (states, blocs, topics, positions) is inconsistent."""


class Gone(ConcordError):
    """What a cursor leads to has been pruned: ask again from the first page."""


class IndexUnusable(ConcordError):
    """No generation, or one whose files don't match its manifest; the message says what to do."""


class DatabaseUnusable(ConcordError):
    """The database of keys, quotas and the like is locked, can't be reached, or is newer than
    this version. The message names it without its password."""

    retry_after = 5.0  # seconds


class ClusterUnusable(ConcordError):
    """The cluster that is set can't be reached, or was lost in mid-work."""


class Unauthorized(ConcordError):
    """A key is needed and none was sent, or (`sent`) the one that was isn't good."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class OtherSite(ConcordError):
    """A form was sent from another site's page, which must not act for who reads this one."""


class Forbidden(ConcordError):
    """A good key without the `scope` that is needed."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key hasn't the scope {scope}, which is needed here")
        self.scope = scope


class RateLimited(ConcordError):
    """Too many requests in a short time; `retry_after` counts seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExhausted(ConcordError):
    """A key's requests of the day are used up; `retry_after` counts the seconds to midnight UTC."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(ConcordError):
    """What is asked contradicts what was asked, or is still being done: then it may be asked again
    after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(ConcordError):
    """More is asked than can be answered now; `retry_after` counts seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TimedOut(ConcordError):
    """An answer took longer than one may; `seconds` is how long that is."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the answer takes longer than the {seconds:g} seconds that one may take")
        self.seconds = seconds
