"""One frozen Settings, read once from the environment (`CONCORD_...`), passed in."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from service.retrieval.encoder import DEFAULT_MODEL

PROJECT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """`indexes` holds imported statements and generations; `models` holds exported models.

    `model` is the encoder: the default, `torch:all-MiniLM-L6-v2` (the reference), a folder, or
    a name that sentence-transformers knows. `keep_generations` counts those left for roll-back.
    `stance_model` is the folder of a trained stance model; without one no stance can be asked for.
    """

    model_config = SettingsConfigDict(env_prefix="CONCORD_", frozen=True, extra="ignore")

    indexes: Path = PROJECT / "indexes"
    data: Path = PROJECT / "data"
    models: Path = PROJECT / "indexes" / "models"
    model: str = DEFAULT_MODEL
    keep_generations: int = 3
    stance_model: Path | None = None
