"""One tree of errors. It knows neither HTTP nor exit codes; the edges translate."""


class ConcordError(Exception):
    """Something a user can act on; the message says what and where."""


class InvalidInput(ConcordError):
    """A value that can't be used. `field` names it as the API and the command line do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = message


class NotFound(ConcordError):
    """A statement, claim, state, topic or generation that isn't there."""


class UnreadableFile(ConcordError):
    """A source file that can't be read as its format."""


class CatalogueError(ConcordError):
    """The project's own data (states, blocs, topics, positions) is inconsistent."""


class IndexUnusable(ConcordError):
    """No generation, or one whose files don't match its manifest; the message says what to do."""
