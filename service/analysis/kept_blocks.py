"""Pieces of a long computation, each written as it is done, so that a killed run goes on."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.errors import InvalidInput

Arrays = Mapping[str, npt.NDArray[Any]]
_RUN = "run.json"


class KeptBlocks:
    """In a folder, or in memory where there is none. A folder belongs to one computation, told by
    `run`; that of another is refused, naming the field `out`."""

    def __init__(self, folder: Path | None = None, run: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._held: dict[int, Arrays] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            _begin(folder / _RUN, json.dumps(run, sort_keys=True))

    def get(self, number: int) -> Arrays | None:
        """None where it wasn't kept, or not whole."""
        if self._folder is None:
            return self._held.get(number)
        unreadable = suppress(OSError, ValueError, EOFError, zipfile.BadZipFile)
        with unreadable, self._path(number).open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            return {name: stored[name] for name in stored.files}
        return None

    def keep(self, number: int, arrays: Arrays) -> None:
        if self._folder is None:
            self._held[number] = arrays
            return
        path = self._path(number)
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        unfinished.replace(path)

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{number:07d}.npz"


def _begin(path: Path, run: str) -> None:
    if path.exists():
        if path.read_text("utf-8") != run:
            raise InvalidInput(
                "out",
                f"{path.parent} holds the beginning of another run (other parameters, corpus or "
                "model): name another folder, or remove it",
            )
        return
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(run, "utf-8")
    unfinished.replace(path)
