"""Any WSGI application over real HTTP, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import waitress


@contextmanager
def served(app: Any, threads: int = 4) -> Iterator[str]:
    """Its address."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        # Closed by its own thread: the loop must not look at a socket that another one closed.
        server.trigger.pull_trigger(server.close)
        thread.join(10)
