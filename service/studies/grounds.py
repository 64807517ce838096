"""What a study's figures rest on: generation, models, data, versions. No moment in time: the same
grounds are the same bytes."""

from __future__ import annotations

import hashlib
import json
import platform
import sysconfig
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from service import __version__
from service.analysis.annotations import LABELS
from service.comparison import Comparator
from service.corpus.download import DOI
from service.errors import Conflict
from service.retrieval.encoder import file_sha256
from service.retrieval.generations import Generation
from service.studies.study import Result

# Of the project's data, what may change a figure.
DATA = (
    "states.yaml", "blocs.yaml", "topics.yaml", "issues.yaml", "votes.yaml", "positions.jsonl",
    LABELS,
)  # fmt: skip
CORRECTIONS, OWN_ISSUES = "corrections", "issues of one's own"
LIBRARIES = (
    "numpy", "scipy", "scikit-learn", "pandas", "ruptures", "faiss-cpu", "onnxruntime",
    "tokenizers", "pyarrow", "orjson", "typst",
)  # fmt: skip
_COUNTS = ("states", "statements", "claims", "positions")
_UNGDC = "UN General Debate Corpus"


def generation_of(comparator: Comparator, result: Result) -> Generation:
    """That from which the result came. Raises Conflict where another has become current."""
    generation = comparator.generation
    if generation.manifest.id != result.generation:
        raise Conflict("another generation became current meanwhile: run the study again")
    return generation


def made_from(generation: Generation) -> dict[str, Any]:
    """Its id, the hash of its corpus, and counts."""
    manifest = asdict(generation.manifest)
    return {name: manifest[name] for name in ("id", "corpus", *_COUNTS)}


def encoder_of(comparator: Comparator) -> dict[str, str]:
    return {"name": comparator.encoder.name, "fingerprint": comparator.encoder.fingerprint}


def stance_model_of(comparator: Comparator) -> dict[str, str]:
    """Raises InvalidInput where the deployment has none."""
    model = comparator.stance_model
    return {"name": model.name, "fingerprint": model.fingerprint}


def data_of(comparator: Comparator) -> dict[str, str | None]:
    """SHA-256 of each file of data, of the user's issues and of all corrections; None where there
    are none."""
    settings = comparator.settings
    marks: dict[str, str | None] = {name: file_sha256(settings.data / name) for name in DATA}
    marks[OWN_ISSUES] = _of_all(sorted(settings.issues.glob("*.yaml")))
    said = [correction.to_dict() for correction in comparator.corrections()]
    marks[CORRECTIONS] = _sha256(json.dumps(said, ensure_ascii=False)) if said else None
    return marks


def versions() -> dict[str, str]:
    return {
        "concord": __version__,
        "python": platform.python_version(),
        "platform": sysconfig.get_platform(),
        **{name: version(name) for name in LIBRARIES},
    }


def sources_of(generation: Generation) -> list[dict[str, str]]:
    """Those that are known of the states' first statements, as a data package names them."""
    first = generation.library.records(generation.state_starts.tolist())
    if not any(record.statement.source.startswith(_UNGDC) for record in first):
        return []
    return [{"title": f"{_UNGDC} (CC0-1.0)", "path": f"https://doi.org/{DOI.removeprefix('doi:')}"}]


def _of_all(paths: Iterable[Path]) -> str | None:
    named = [(path.name, file_sha256(path)) for path in paths]
    return _sha256(json.dumps(named)) if named else None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
