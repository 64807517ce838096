"""Whether the service can answer."""

from __future__ import annotations

from typing import Literal

from service.web.schemas.types import Answered


class Health(Answered):
    status: Literal["ok"]


class Readiness(Answered):
    status: Literal["ready"]
    generation: str
    model: str
