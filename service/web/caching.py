"""Answers that needn't be made again: kept by the server, or by the client who asks whether they
still hold."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_compress import Compress
from pydantic import BaseModel

from service.domain.stages import answered_from, looked_up
from service.errors import IndexUnusable, Overloaded
from service.settings import PROJECT, Settings
from service.web.asked import comparator

# Little is gained by more: 23% of an answer's bytes are left with this, 20% with gzip's usual 6,
# which takes six times as long.
LEVEL = 1
_GZIP = "-gzip"
_SHARE = 8  # a single answer takes at most an eighth of the room
_BESIDE = 1_000  # bytes that an answer takes beside its body


@dataclass(frozen=True, slots=True)
class Kept:
    """A complete answer in one representation."""

    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return len(self.body) + _BESIDE


class Answers:
    """The answers asked for last, as they are sent, in at most `most` bytes. Safe between
    threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def get(self, tag: str) -> Kept | None:
        with self._lock:
            found = self._kept.get(tag)
            if found is not None:
                self._kept.move_to_end(tag)
            return found

    def put(self, tag: str, answer: Kept) -> None:
        """Forgets those that weren't asked for longest. What is very large isn't kept."""
        if answer.size * _SHARE > self._most:
            return
        with self._lock:
            before = self._kept.pop(tag, None)
            self.bytes += answer.size - (before.size if before else 0)
            self._kept[tag] = answer
            while self.bytes > self._most:
                _, oldest = self._kept.popitem(last=False)
                self.bytes -= oldest.size


class Caching:
    """`made_of` tells this program and its data from others that would answer otherwise."""

    def __init__(self, settings: Settings) -> None:
        self.answers = Answers(settings.cache_bytes)
        self.made_of = _made_of(settings)
        self._max_age_s = settings.cache_max_age_s

    def held(self, answer: Response, tag: str) -> Response:
        """Told how long it may be held, and by whom."""
        answer.vary.update(("Accept", "Accept-Encoding"))
        if not _is_read():
            return answer
        answer.set_etag(tag)
        caller = g.get("caller")
        whose = "private" if caller is not None and caller.key is not None else "public"
        long = f"max-age={self._max_age_s}" if self._max_age_s else "no-cache"
        answer.headers["Cache-Control"] = f"{whose}, {long}"
        return answer


def install_caching(app: Flask, settings: Settings) -> None:
    """Keep answers, and compress the others. To be installed before what adds other headers."""
    app.extensions["caching"] = Caching(settings)
    app.config["COMPRESS_ALGORITHM"] = ["gzip"]
    app.config["COMPRESS_ALGORITHM_STREAMING"] = []
    app.config["COMPRESS_LEVEL"] = LEVEL
    app.config["COMPRESS_MIMETYPES"] = [
        "application/json", "application/problem+json", "application/x-ndjson",
        "application/atom+xml", "text/csv", "text/html", "text/css", "text/plain",
        "text/javascript",
    ]  # fmt: skip
    Compress(app)

    @app.after_request
    def unkept(answer: Response) -> Response:
        """What isn't said to hold may not be kept by anybody."""
        if "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        return answer


def repeatable(
    operation: str, given: Mapping[str, Any], kind: str, make: Callable[[], Response]
) -> Response:
    """What `make` makes, unless it was made before for the same question: then the kept answer, or
    304 where the client has it already.

    `given` are the checked arguments by name, `kind` the media type. The answer may depend on
    these, on the current generation, on corrections and on the day, and on nothing else. A tag
    stands for one representation, compressed or not, byte by byte; equal replicas give equal ones.
    """
    caching: Caching | None = current_app.extensions.get("caching")
    version = _version(caching) if caching else None
    if caching is None or version is None:
        return make()
    question = "\n".join((operation, kind, *(_plain(name, given[name]) for name in sorted(given))))
    tag = hashlib.blake2b(f"{version}\n{question}".encode(), digest_size=16).hexdigest()
    if request.accept_encodings["gzip"] > 0:
        tag += _GZIP
    if _is_read() and request.if_none_match and not request.if_none_match.star_tag:
        held = request.if_none_match.contains_weak(tag)
        looked_up("clients", int(held), int(not held))
        if held:
            return caching.held(Response(status=304), tag)
    kept = caching.answers.get(tag)
    looked_up("answers", int(kept is not None), int(kept is None))
    if kept is None:
        answer = make()
        if answer.status_code != 200 or "Cache-Control" in answer.headers:
            return answer
        if _version(caching) != version:
            return answer  # of an index that was switched meanwhile
        kept = _as_kept(answer, compressed=tag.endswith(_GZIP))
        caching.answers.put(tag, kept)
    return caching.held(Response(kept.body, headers=list(kept.headers)), tag)


def _as_kept(answer: Response, *, compressed: bool) -> Kept:
    headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
    body = answer.get_data()
    if compressed:
        body = gzip.compress(body, LEVEL, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    return Kept(body, tuple(headers))


def _is_read() -> bool:
    return request.method in ("GET", "HEAD")


def _version(caching: Caching) -> str | None:
    """Of everything that answers depend on besides the question; None where that can't be told."""
    asked = comparator()
    try:
        generation = asked.generation.manifest.id
        corrections = asked.kept_corrections.version()
    except (IndexUnusable, Overloaded):
        return None
    answered_from(generation)
    today = datetime.now(UTC).date()  # blocs have the members of today
    return f"{caching.made_of} {generation} {corrections} {today}"


def _plain(name: str, value: Any) -> str:
    if isinstance(value, BaseModel):
        return f"{name} {value.model_dump_json(exclude_none=True, exclude={'format'})}"
    return f"{name} {value!r}"


def _made_of(settings: Settings) -> str:
    """A hash of the program's text, of its data, of the models' names, and of own issues."""
    digest = hashlib.blake2b(digest_size=16)
    sources = [(PROJECT / "service", f"*.{kind}") for kind in ("py", "po", "typ")]
    sources += [(settings.issues, "*.yaml")]
    sources += [(settings.data, f"*.{kind}") for kind in ("yaml", "json", "jsonl", "txt")]
    if isinstance(settings.stance_model, Path):
        sources.append((settings.stance_model, "manifest.json"))
    for folder, pattern in sources:
        for path in sorted(folder.rglob(pattern)):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    digest.update(f"{settings.model}\n{settings.stance_model}".encode())
    return digest.hexdigest()
