"""Who is measured, how each is configured, and their environment: one for all peers, made under the
indexes' folder, where it may be deleted at any time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from service.errors import ConcordError

_HERE = Path(__file__).parent
# What needs no compiler is installed at once; the others each for itself, and without those that
# can't be built the run goes on. torch is what txtai imports.
PACKAGES = (
    "torch==2.13.0", "txtai==9.14.0", "qdrant-client==1.20.0", "lancedb==0.40.0",
    "usearch==2.26.6", "pymilvus==3.0.2", "milvus-lite==3.2.2", "faiss-cpu==1.15.1",
)  # fmt: skip
BUILT = ("hnswlib==0.8.0",)


@dataclass(frozen=True, slots=True)
class Entry:
    """`adapter` is its file, `needs` the package of BUILT that it can't do without. `ours`: run by
    the project's Python, with the project at hand."""

    name: str
    adapter: Path
    variant: str
    configured: str
    ours: bool = False
    needs: str | None = None


def _peer(name: str, file: str, variant: str, configured: str, needs: str | None = None) -> Entry:
    return Entry(name, _HERE / "adapters" / f"{file}.py", variant, configured, needs=needs)


ROSTER = {
    entry.name: entry
    for entry in (
        Entry("Concord", _HERE / "concord.py", "dense",
              "codes of 48 bytes, then exact similarities", ours=True),
        Entry("Concord exact", _HERE / "concord.py", "exact",
              "every row that passes is scored", ours=True),
        _peer("FAISS flat", "plain_faiss", "flat", "IndexFlatIP, IDSelector"),
        _peer("FAISS HNSW", "plain_faiss", "hnsw", "M 32, efSearch 64, IDSelector"),
        _peer("hnswlib", "hnsw", "", "M 16, ef_construction 200, ef 50, Python filter",
              needs=BUILT[0]),
        _peer("usearch", "u_search", "", "defaults; no filters"),
        _peer("LanceDB", "lance", "", "IVF_PQ, 20 probes, refine factor 10, scalar indexes"),
        _peer("Milvus Lite", "milvus", "", "HNSW, M 16, efConstruction 200, ef 64, scalar indexes"),
        _peer("txtai", "txtai_sql", "", "defaults (IVF, SQLite), SQL filters"),
        _peer("Qdrant local", "qdrant_local", "memory", "in memory, payload filters"),
    )
}  # fmt: skip


class Environment:
    """The peers' own Python, under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._venv = folder / "peers-venv"
        self.python = self._venv / "bin" / "python"
        self.missing: dict[str, str] = {}

    def install(self) -> None:
        """Gigabytes where it isn't there yet. ConcordError, with pip's last words, where what needs
        no compiler can't be installed; `missing` tells why of what needs one."""
        done = self._venv / "installed"
        wanted = json.dumps([PACKAGES, BUILT])
        if done.is_file() and done.read_text("utf-8") == wanted:
            return
        subprocess.run([sys.executable, "-m", "venv", str(self._venv)], check=True)
        if why := self._refused(*PACKAGES):
            raise ConcordError(f"the peers can't be installed into {self._venv}: {why}")
        for package in BUILT:
            if why := self._refused(package):
                self.missing[package] = why
        if not self.missing:  # else a compiler may be there the next time
            done.write_text(wanted, "utf-8")

    def _refused(self, *packages: str) -> str | None:
        done = subprocess.run(
            [str(self.python), "-m", "pip", "install", "--quiet", *packages],
            capture_output=True,
            text=True,
        )
        lines = [line for line in done.stderr.splitlines() if line.lower().startswith("error")]
        return (lines or [f"pip ended with {done.returncode}"])[-1] if done.returncode else None
