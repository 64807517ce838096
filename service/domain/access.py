"""What a caller may do."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    READ = "read"  # ask, and read what is stored
    IMPORT = "import"  # add and delete statements
    ADMIN = "admin"  # everything


def permits(held: Collection[Scope], wanted: Scope) -> bool:
    """`admin` permits the others; `import` doesn't permit reading: a feed needn't read."""
    return wanted in held or Scope.ADMIN in held
