"""txtai (https://pypi.org/project/txtai/), its own API over the same vectors and texts.

Its environment is made here, apart from ours. Its index holds the positions that Concord searches
by default, with the vectors that Concord has of them, and asks the same model for the queries'.
Above 5,000 rows txtai's default is an approximate index, which looks at a part of the rows;
`exact` is the flat one, which finds what Concord finds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from service.domain.statements import Kind
from service.evaluation.load.servers import Running, running
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation
from service.retrieval.packaged_model import model_folder

PACKAGES = ("torch==2.13.0", "txtai[api]==9.14.0")
EXACT = "txtai exact"
COMPONENTS = {"txtai": "default", EXACT: "IDMap,Flat"}
APPROXIMATE_ABOVE = 5_000  # rows, by default
LIMIT = 60  # quotations of an answer, as many as Concord's default page has at most
_BUILDER = Path(__file__).with_name("txtai_index.py")


class Peer:
    """txtai under `folder`, which may be deleted at any time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bin = folder / "txtai-venv" / "bin"

    def install(self) -> None:
        """Gigabytes where it isn't there yet."""
        done = self._bin.parent / "installed"
        wanted = "\n".join(PACKAGES)
        if done.is_file() and done.read_text() == wanted:
            return
        subprocess.run([sys.executable, "-m", "venv", str(self._bin.parent)], check=True)
        subprocess.run([self._python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        done.write_text(wanted)

    @property
    def _python(self) -> str:
        return str(self._bin / "python")

    @contextmanager
    def serving(self, generation: Generation, kind: str) -> Iterator[Running]:
        """Its API as its documentation starts it, over the positions of `generation`."""
        index = self._index(generation, kind)
        config = index.with_suffix(".yml")
        config.write_text(f"path: {index}\nwritable: false\nembeddings:\n", "utf-8")
        command = [
            self._python, "-m", "uvicorn", "txtai.api:app", "--port", "{port}",
            "--log-level", "warning",
        ]  # fmt: skip
        environment = {"CONFIG": str(config), "HF_HUB_OFFLINE": "1"}
        with running(
            command, environment, "/search?query=peace&limit=1", index.with_suffix(".log")
        ) as server:
            yield server

    def _index(self, generation: Generation, kind: str) -> Path:
        place = self._folder / generation.manifest.id
        index = place / kind.replace(" ", "-")
        if index.is_dir():
            return index
        texts, vectors = self._exported(generation, place)
        aside = place / f".{index.name}"
        subprocess.run(
            [self._python, "-P", str(_BUILDER), str(texts), str(vectors), str(model_folder()),
             COMPONENTS[kind], str(aside)],
            check=True,
        )  # fmt: skip
        aside.rename(index)
        return index

    def _exported(self, generation: Generation, place: Path) -> tuple[Path, Path]:
        texts, vectors = place / "texts.jsonl", place / "vectors.npy"
        if vectors.is_file():
            return texts, vectors
        place.mkdir(parents=True, exist_ok=True)
        rows = np.flatnonzero(generation.columns.kind == KINDS.index(Kind.POSITION))
        with texts.open("w", encoding="utf-8") as file:
            for start in range(0, len(rows), 1_000):
                for record in generation.library.records(rows[start : start + 1_000].tolist()):
                    claim = record.claim
                    file.write(json.dumps({"id": claim.id, "text": claim.text}) + "\n")
        aside = vectors.with_name("aside.npy")
        np.save(aside, generation.index.vectors(rows))
        aside.rename(vectors)
        return texts, vectors
