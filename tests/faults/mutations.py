"""Damage as disks, networks and ill will do it: seeded, so that every case can be had again."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from service.operation.backup import CONTENTS

# Bytes that are added at most; a longer input would only take longer.
LONGEST = 100_000
_NUMBER = re.compile(rb"\d+")
_NUMBERS = (b"0", b"-1", b"65536", b"2147483648", b"9223372036854775808", b"1e999", b"9" * 5000)
_TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\r", b"\n", b'"', b"'",
    b"{", b"[", b"(", b"<", b"&", b"*a", b": ", b"- ", b"---\n", b"<p>", b"<div class=share>",
    b"<table>", b"<!--", b"<![CDATA[", b"&#x110000;", b"Mr. ", b"said ", b"the ", b". ", b", ",
    b"\xe2\x80\x9c", b"\xe2\x80\x9d", b"null", b"NaN", b"obj", b"stream\n", b"PK\x01\x02",
)  # fmt: skip
_NESTS = (
    (b"[", b"]"), (b'{"a":', b"}"), (b"<div>", b"</div>"), (b"<w:p>", b"</w:p>"), (b"(", b")"),
    (b"<< /A ", b" >>"), (b"- ", b""), (b'"', b'"'), (b"\xe2\x80\x9c", b"\xe2\x80\x9d"),
)  # fmt: skip
Mutation = Callable[[bytes, Sequence[bytes], Random], bytes]


def damaged(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """One to sixteen mutations of `content`; `others` are what a splice may take from."""
    most = len(content) + LONGEST
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        content = rng.choice(_MUTATIONS)(content, others, rng)[:most]
    return content


def damaged_within(archive: bytes, rng: Random) -> bytes:
    """A zip archive with one member damaged, and all checksums right again."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {info.filename: opened.read(info) for info in opened.infolist()}
    name = rng.choice(sorted(members))
    members[name] = damaged(members[name], sorted(members.values()), rng)
    return zipped(members)


def damaged_backup(archive: bytes, rng: Random) -> bytes:
    """A backup with one file damaged, and its list of contents right again."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        files = {info.name: _content(opened, info) for info in opened}
    contents = json.loads(files.pop(CONTENTS))
    name = rng.choice(sorted(files))
    files[name] = damaged(files[name], sorted(files.values()), rng)
    sha256 = hashlib.sha256(files[name]).hexdigest()
    contents["files"][name] = {"bytes": len(files[name]), "sha256": sha256}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in [*files.items(), (CONTENTS, json.dumps(contents).encode())]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    assert file is not None
    return file.read()


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _span(content: bytes, rng: Random, longest: int = 400) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    return start, min(len(content), start + rng.randrange(1, longest))


def _flip(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 3, 20)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncate(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _cut(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _insert(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.choice((1, 8, 200))) + content[at:]


def _token(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    times = rng.choice((1, 1, 1, 30, 20_000))
    return content[:at] + rng.choice(_TOKENS) * times + content[at:]


def _duplicate(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(content, rng, rng.choice((3, 40, 400)))
    return content[:end] + content[start:end] * rng.choice((1, 2, 50, 5000)) + content[end:]


def _swap(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    a, b, c, d = sorted(rng.randrange(len(content) + 1) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _splice(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    other = rng.choice(others)
    start, end = _span(other, rng, 4000)
    at = rng.randrange(len(content) + 1)
    return content[:at] + other[start:end] + content[at:]


def _number(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(_NUMBERS) + content[match.end() :]


def _nest(content: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(content, rng)
    opening, closing = rng.choice(_NESTS)
    depth = rng.choice((10, 1000, 20_000))
    return content[:start] + opening * depth + content[start:end] + closing * depth + content[end:]


_MUTATIONS: tuple[Mutation, ...] = (
    _flip, _truncate, _cut, _insert, _token, _duplicate, _swap, _splice, _number, _nest
)  # fmt: skip
