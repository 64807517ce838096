"""One frozen Settings, read once from the environment (`CONCORD_...`), passed in."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.retrieval.encoder import DEFAULT_MODEL

PROJECT = Path(__file__).resolve().parents[1]


def _bundled_stance_model() -> Path | None:
    folder = PROJECT / "data" / "models" / "stance"
    return folder if (folder / "manifest.json").is_file() else None


class Settings(BaseSettings):
    """`indexes` holds imported statements and generations; `models` holds exported models;
    `issues` may hold issues of one's own, a YAML file each.

    `model` is the encoder: the default, `torch:all-MiniLM-L6-v2` (the reference), a folder, or
    a name that sentence-transformers knows. `keep_generations` counts those left for roll-back.
    `stance_model` is the folder of a trained stance model (the bundled one, unless set), or a
    cross-encoder for inference: its folder or its name on the hub. With `none`, no stance can be
    asked for.
    """

    model_config = SettingsConfigDict(env_prefix="CONCORD_", frozen=True, extra="ignore")

    indexes: Path = PROJECT / "indexes"
    data: Path = PROJECT / "data"
    models: Path = PROJECT / "indexes" / "models"
    issues: Path = PROJECT / "indexes" / "issues"
    model: str = DEFAULT_MODEL
    keep_generations: int = 3
    stance_model: Path | str | None = Field(default_factory=_bundled_stance_model)

    @field_validator("stance_model")
    @classmethod
    def _none(cls, value: Path | str | None) -> Path | str | None:
        return None if str(value) == "none" else value
