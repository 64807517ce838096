"""A file in a form: its name made harmless, its errors told by that name."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from service.corpus.documents import Document, read_document
from service.errors import InvalidInput, UnreadableFile

_LONGEST_NAME = 100


def uploaded(field: str) -> FileStorage | None:
    """The file of a form's field, None where none was chosen."""
    found = request.files.get(field)
    return found if found is not None and found.filename else None


def plain_name(file: FileStorage) -> str:
    """Letters, digits, `.`, `-` and `_` of the file's name, whatever path it claims to have; its
    suffix stays, for some readers go by it."""
    path = PurePosixPath((file.filename or "").replace("\\", "/"))
    suffix = secure_filename(path.suffix.lstrip("."))[:10]
    stem = secure_filename(path.stem)[:_LONGEST_NAME].strip("._-") or "upload"
    return f"{stem}.{suffix.lower()}" if suffix else stem


def shown_name(file: FileStorage) -> str:
    """As its owner knows it, on one line."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return " ".join(name.split())[:_LONGEST_NAME]


def document_of(file: FileStorage, field: str) -> Document:
    """Its text, by the project's own readers. Raises InvalidInput with the field's name."""
    with tempfile.TemporaryDirectory(prefix="concord-") as folder:
        path = Path(folder) / plain_name(file)
        try:
            file.save(path)
            return read_document(path)
        except UnreadableFile as error:
            raise InvalidInput(field, str(error).replace(f"{folder}/", "")) from None
        except OSError as error:
            raise InvalidInput(field, f"can't be read: {error.strerror}") from None
