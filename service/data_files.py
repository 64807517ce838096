"""Files of data in the formats that people write by hand: JSON Lines and YAML. Whatever is wrong
with one is a CatalogueError that names it, and the line where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from service.errors import CatalogueError

# Names, lists and their entries, once a file's aliases are written out.
MOST_VALUES = 500_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's object, with where it stands (`file:line`). Blank lines are passed over."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}:{number}", _object(f"{path}:{number}", line)
    except OSError as error:
        raise CatalogueError(f"{path} can't be read: {error.strerror}") from error


def read_yaml(path: Path) -> Any:
    """What the file holds. Refused where it unfolds to too much: a few lines of aliases make
    gigabytes."""
    try:
        found = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506, a safe loader
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise CatalogueError(f"{path} can't be read: {error}") from error
    values, left = 0, [found]
    while left:
        value = left.pop()
        values += 1
        if values > MOST_VALUES:
            raise CatalogueError(f"{path} can't be read: it holds over {MOST_VALUES:,} values")
        if isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set):
            left += value
        elif isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:  # half a character
                raise CatalogueError(f"{path} can't be read: {error}") from error
    return found


def _object(where: str, line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
        found = json.loads(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()  # refuses half a character
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"{where}: {error}") from error
    if not isinstance(found, dict):
        raise CatalogueError(f"{where}: not a JSON object")
    return found
