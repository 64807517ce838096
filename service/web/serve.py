"""The server: one process, threads that share one model and one index."""

from __future__ import annotations

import waitress

from service.comparison import Comparator
from service.web.app import create_app

THREADS = 4


def serve(comparator: Comparator, host: str, port: int) -> None:
    """Answer until interrupted."""
    comparator.search("The United Nations must be strengthened.", limit=1)  # loads everything
    waitress.serve(create_app(comparator=comparator), host=host, port=port, threads=THREADS)
