"""Bring every catalogue up to date with the code, and say what is left to translate."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from service.settings import Settings
from service.web.pages.language import DEFAULT, FOLDER, LANGUAGES
from service.web.translations.strings import strings, untranslated


def update(path: Path, language: str, data: Path) -> list[str]:
    """The strings of the catalogue at `path` that are still to be translated."""
    catalogue = Catalog(locale=language, fuzzy=False)
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    # A like string's translation would be a guess.
    catalogue.update(strings(data, catalogue), no_fuzzy_matching=True, update_creation_date=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(
            file, catalogue, width=100, sort_by_file=True, include_lineno=False,
            ignore_obsolete=True,
        )  # fmt: skip
    return untranslated(catalogue)


def main() -> int:
    missing = 0
    for language in LANGUAGES:
        if language == DEFAULT:
            continue
        left = update(FOLDER / language / "messages.po", language, Settings().data)
        missing += len(left)
        said = "\n  ".join((f"{language}: {len(left)} to translate", *left))
        sys.stdout.write(f"{said}\n")
    return min(missing, 1)


if __name__ == "__main__":
    sys.exit(main())
