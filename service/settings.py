"""One frozen Settings, read once from the environment (`CONCORD_...`), passed in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
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

    `ray_address` (also RAY_ADDRESS) is a Ray cluster, which then encodes what a build needs and
    computes matrices: `host:port` where this machine is one of it, `auto` for the one that runs
    here, `ray://host:port`, or `local`, this machine's cores. Without it this process does so.

    `milvus_uri` (also MILVUS_URI) is a Milvus that holds each generation as well, and
    searches it: `http://host:19530`, `http://host:19530/database` where others use it too, or a
    file `*.db` for milvus-lite, which one process at a time can open. `milvus_token` (also
    MILVUS_TOKEN) is `user:password` or a key. Without it this process searches, with the same
    answers.

    `database_url` (also DATABASE_URL) is a PostgreSQL or SQLite database for keys, quotas and the
    like; without it they are in `indexes`/accounts.sqlite. `anonymous_read` lets anyone read
    without a key: by default only this machine, where the service is bound to loopback.
    `rate_limit` is one or more "600 per minute", divided by ";", or `none`; `rate_limit_storage` is
    memory:// or, for several replicas, redis://.

    `threads` answer at a time, `queue_length` requests wait for one, and more are refused at once.
    An answer may take `query_timeout_s` seconds, from the request's arrival; a body has at most
    `max_body_bytes`, a file that is sent to a page `max_upload_bytes`. No study is begun as a job
    while the files that others made have `max_result_bytes`. `trusted_proxy` is the address of a
    reverse proxy whose X-Forwarded-For and X-Forwarded-Proto are believed. `metrics`
    are shown to loopback and to admin keys, or to all (`public`). `cors_origins` are the origins
    whose scripts may read the API (`["*"]`: any).
    The answers asked for last are kept in `cache_bytes` of memory; clients may show theirs for
    `cache_max_age_s` seconds before they ask whether it still holds.
    `log_queries` writes queries into the log, which otherwise has none.
    """

    model_config = SettingsConfigDict(
        env_prefix="CONCORD_", frozen=True, extra="ignore", populate_by_name=True
    )

    indexes: Path = PROJECT / "indexes"
    data: Path = PROJECT / "data"
    models: Path = PROJECT / "indexes" / "models"
    issues: Path = PROJECT / "indexes" / "issues"
    model: str = DEFAULT_MODEL
    keep_generations: int = 3
    stance_model: Path | str | None = Field(default_factory=_bundled_stance_model)
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("CONCORD_DATABASE_URL", "DATABASE_URL")
    )
    ray_address: str | None = Field(
        default=None, validation_alias=AliasChoices("CONCORD_RAY_ADDRESS", "RAY_ADDRESS")
    )
    milvus_uri: str | None = Field(
        default=None, validation_alias=AliasChoices("CONCORD_MILVUS_URI", "MILVUS_URI")
    )
    milvus_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("CONCORD_MILVUS_TOKEN", "MILVUS_TOKEN")
    )
    anonymous_read: bool | None = None
    rate_limit: str = "600 per minute"
    rate_limit_storage: SecretStr = SecretStr("memory://")
    threads: int = Field(default=3, ge=1)
    queue_length: int = Field(default=64, ge=0)
    query_timeout_s: float = Field(default=30, gt=0)
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_upload_bytes: int = Field(default=50_000_000, ge=1_000)
    max_result_bytes: int = Field(default=20_000_000_000, ge=0)
    cache_bytes: int = Field(default=64_000_000, ge=0)
    cache_max_age_s: int = Field(default=0, ge=0)
    trusted_proxy: str | None = None
    metrics: Literal["loopback", "public"] = "loopback"
    log_queries: bool = False
    cors_origins: tuple[str, ...] = ()

    @field_validator("ray_address", "milvus_uri")
    @classmethod
    def _set(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("stance_model")
    @classmethod
    def _none(cls, value: Path | str | None) -> Path | str | None:
        return None if str(value) == "none" else value
