"""Text as its file gives it (`decode`), and as a reader wants it (`clean`).

Offsets count characters of the decoded text, which is stored; cleaning is a pure function of a
span of it, so a quotation can always be found again in its source.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ftfy
from ftfy.badness import badness

VOCABULARY = Path(__file__).resolve().parents[2] / "data" / "vocabulary.txt"

# Soft hyphens, zero-width and directional marks, control characters other than white space.
_INVISIBLE = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f]"
)
_BROKEN_WORD = re.compile(r"([^\W\d_]+)-[ \t]*\n\s*([^\W\d_]+)")
_SCANNED_HYPHEN = re.compile(r"(?<=[^\W\d_])¬\s*(?=[^\W\d_])")
_SPACE = re.compile(r"\s+")
_LETTERS = re.compile(r"[^\W\d_]+")
# First parts that keep their hyphen when the line ends at it.
_PREFIXES = frozenset(
    "self non long short well so all anti co cross counter ex far full half high ill inter large "
    "like low man middle mid multi much neo north south east west one two three four five six "
    "seven eight nine ten post pre pro quasi re second semi small socio sub third twenty thirty "
    "forty fifty sixty seventy eighty ninety under win world vice hard land wide year day free "
    "people peace old new oil open rule law decision policy confidence capacity trust nation state "
    "head hand cold top down arms debt broad secretary director under".split()
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """`mended` says what was done to the bytes, in words for the import's report."""

    text: str
    mended: tuple[str, ...] = ()


def decode(raw: bytes) -> Decoded:
    """UTF-8, else UTF-16 by its mark, else Windows-1252; one kind of line end; mojibake mended."""
    mended: list[str] = []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
        mended.append("read as UTF-16")
    else:
        if raw.startswith(b"\xef\xbb\xbf"):
            raw = raw[3:]
            mended.append("byte-order mark removed")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            text = raw.decode("cp1252", errors="replace")
            mended.append(f"not UTF-8 (byte {error.start}): read as Windows-1252")
    text = text.lstrip("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        mended.append("line ends normalised")
    # Line by line, as ftfy advises: a line of good text must not be judged by a bad one.
    if badness(text):
        lines = [ftfy.fix_encoding(line) if badness(line) else line for line in text.split("\n")]
        if (fixed := "\n".join(lines)) != text:
            text = fixed
            mended.append("mojibake mended")
    return Decoded(text, tuple(mended))


def clean(span: str) -> str:
    """The span on one line: wrapped and split words joined, invisible characters gone.

    Idempotent; depends on nothing but the span (and the vocabulary).
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", span))
    if "¬" in text:  # how some scans write the hyphen at a line's end
        text = _SCANNED_HYPHEN.sub("", text)
    if "\n" in text:
        text = _BROKEN_WORD.sub(_join_lines, text)
    text = _SPACE.sub(" ", text).strip()
    return _join_split_words(text)


def _join_lines(match: re.Match[str]) -> str:
    """A word broken at a line's end loses its hyphen, a compound keeps it."""
    first, second = match.groups()
    joined = (first + second).lower()
    words = _vocabulary()
    if joined in words:
        return first + second
    whole = f"{first}-{second}".lower()
    compound = (
        whole in words
        or first.lower() in _PREFIXES
        or second[0].isupper()
        or (first.lower() in words and second.lower() in words)
    )
    return f"{first}-{second}" if compound else first + second


def _join_split_words(text: str) -> str:
    """ "t he" is "the": two fragments of which one is no word, and which joined are one."""
    words = _vocabulary()
    found = list(_LETTERS.finditer(text))
    if all(match[0].lower() in words for match in found):
        return text
    out: list[str] = []
    done = 0
    i = 0
    while i < len(found) - 1:
        left, right = found[i], found[i + 1]
        if text[left.end() : right.start()] == " " and _is_split(left[0], right[0], words):
            out.append(text[done : left.end()])
            done = right.start()
            i += 1
        i += 1
    out.append(text[done:])
    return "".join(out)


def _is_split(left: str, right: str, words: frozenset[str]) -> bool:
    if right[0].isupper() or not (left.isascii() and right.isascii()):
        return False
    a, b = left.lower(), right.lower()
    if a in words and b in words:
        return False
    if left.isupper() and len(left) > 1:  # an abbreviation
        return False
    return len(a + b) >= 3 and a + b in words


@cache
def _vocabulary() -> frozenset[str]:
    """Frequent words of the corpus, counted by `service.evaluation.count_words`."""
    return frozenset(VOCABULARY.read_text("utf-8").split())
