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

# Characters of one statement or article; the longest speech of the General Debate has 127,000.
LONGEST = 250_000
VOCABULARY = Path(__file__).resolve().parents[2] / "data" / "vocabulary.txt"

# Soft hyphens, zero-width and directional marks, control characters other than white space.
_INVISIBLE = re.compile(
    r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
# A page's number, a document's job number, its symbol and date: lines that nobody spoke.
_JOB = r"(?:\d{1,3}(?:/\d{1,3})?[ \t]+)?\d\d-\d{5}(?:[ \t]*\(E\))?(?:[ \t]+\d{1,3}(?:/\d{1,3})?)?"
_SYMBOL = r"A/\d\d/PV\.\d{1,3}"
_PAGE_OF_JOB = r"(?:\d{1,3}/\d{1,3}[ \t]+\d\d-\d{5}|\d\d-\d{5}[ \t]+\d{1,3}/\d{1,3})"
_MEETING = (
    r"(?:\d{1,3}[ \t]*\n?[ \t]*)?General Assembly[ \t]+(?:-[ \t]+[A-Z][a-z]+-[a-z]+[ \t]+session|"
    r"\d{1,3}(?:st|nd|rd|th)[ \t]+(?:plenary[ \t]+)?meeting)(?:[ \t]+\d{1,3})?"
)
FURNITURE = re.compile(
    rf"\n[ \t]*(?:{_PAGE_OF_JOB}(?=[ \t]+\S)|(?:{_JOB}|{_SYMBOL}(?:[ \t]+\d\d/\d\d/\d{{4}})?|"
    rf"\d\d/\d\d/\d{{4}}[ \t]+{_SYMBOL}|\d{{1,3}}(?=[ \t]*\n\s*\n)|{_MEETING})[ \t]*(?=\n))"
)
_BROKEN_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]+)-[ \t]*\n\s*([^\W\d_]+)")
_SPACED_HYPHEN = re.compile(r"(?<![^\W\d_])([^\W\d_]+)- ([^\W\d_]+)")
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
    "head hand cold top down arms debt broad secretary director viet guinea indo ever ki".split()
)
# After "short-" and a space these show that the hyphen hangs: "short- and long-term".
_CONJUNCTIONS = frozenset("and or to nor but as versus".split())
# Words so common that a letter split off is worth guessing, and two in a row are two words.
_COMMON = frozenset(
    "a all an and any are as at be been but by can for from had has have he her his i if in into "
    "is it its may me more most must my no nor not of on one or our out own she should so such "
    "than that the their them then there these they this those to up upon us was we well were what "
    "when which while who will with would you your many also now only other some".split()
)
# Foreign particles before whole words, in names and quotations.
_PARTICLES = frozenset(
    "al da dar de del des di du el en es la las le les los mo te van von".split()
)
_PLURAL = 4  # letters that "s" or "d" may be the ending of


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
    if not text.isascii() and badness(text):
        lines = [ftfy.fix_encoding(line) if badness(line) else line for line in text.split("\n")]
        if (fixed := "\n".join(lines)) != text:
            text = fixed
            mended.append("mojibake mended")
    return Decoded(text, tuple(mended))


def visible(text: str) -> str:
    """Without characters that nobody sees, or that turn the direction of what follows them."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def clean(span: str) -> str:
    """The span on one line: wrapped and split words joined, page marks and invisible characters
    gone.

    Idempotent; depends on nothing but the span (and the vocabulary).
    """
    text = visible(span)
    if "¬" in text:  # how some scans write the hyphen at a line's end
        text = _SCANNED_HYPHEN.sub("", text)
    if "\n" in text:
        text = FURNITURE.sub("", text)
        text = _BROKEN_WORD.sub(_join_lines, text)
    text = _SPACE.sub(" ", text).strip()
    if "- " in text:
        text = _SPACED_HYPHEN.sub(_close_up, text)
    # Last but for joins of ASCII letters: composing may take what stood apart.
    text = unicodedata.normalize("NFC", text)
    while (joined := _join_split_words(text)) != text:
        text = joined
    return text


def _join_lines(match: re.Match[str]) -> str:
    """A word broken at a line's end loses its hyphen, a compound keeps it."""
    first, second = match.groups()
    if second.lower() in _CONJUNCTIONS:
        return f"{first}- {second}"
    words = _vocabulary()
    around = match.string[: match.start()][-1:] + match.string[match.end() : match.end() + 1]
    if (first + second).lower() in words and "-" not in around:
        return first + second
    compound = (
        "-" in around  # "step-by-step"
        or first.lower() in _PREFIXES
        or (first[0].isupper() and second.lower() in words)
        or second[0].isupper()
        or (first.lower() in words and second.lower() in words)
    )
    return f"{first}-{second}" if compound else first + second


def _close_up(match: re.Match[str]) -> str:
    """ "self- determination" was wrapped once; in "at last- we" the hyphen is a dash."""
    first, second = match.groups()
    words = _vocabulary()
    a, b = first.lower(), second.lower()
    if b in _CONJUNCTIONS or (b in _COMMON and a not in _PREFIXES):
        return match[0]
    if a + b in words and not (a in words and b in words):
        return _join_lines(match)
    # Two names ("Arab- Israeli"), but no sentence's first word after a dash.
    names = first[0].isupper() and second[0].isupper() and b not in _COMMON and len(b) > 3
    return f"{first}-{second}" if a in _PREFIXES or names else match[0]


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
        if _apart(text, left, right) and _is_split(left[0], right[0], words):
            later = found[i + 2] if i + 2 < len(found) else None
            # "The re solution": what the second part makes with the third comes first.
            if not (
                later
                and left[0].lower() in words
                and _apart(text, right, later)
                and _is_split(right[0], later[0], words)
            ):
                out.append(text[done : left.end()])
                done = right.start()
                i += 1
        i += 1
    out.append(text[done:])
    return "".join(out)


def _apart(text: str, left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether one space is all that parts them, and neither belongs to a word beyond it:
    the "s" of "country's own", the "re" of "the re-election"."""
    before, after = text[left.start() - 1 : left.start()], text[right.end() : right.end() + 1]
    return (
        right.start() - left.end() == 1
        and text[left.end()] == " "
        and before not in ("'", "’", "-", ".", "‘", "`", "´")
        and after != "-"
        and not (after in ("'", "’") and right.end() - right.start() < 3)
        and not before.isdigit()
        and not after.isdigit()
    )


def _is_split(left: str, right: str, words: frozenset[str]) -> bool:
    if right[0].isupper() or not (left.isascii() and right.isascii()):
        return False
    a, b = left.lower(), right.lower()
    joined = a + b
    if joined not in words or (a in words and b in words):
        return False
    if left.isupper() and (len(left) > 1 or joined not in _COMMON):  # an abbreviation, "Group B"
        return False
    if left.isupper() and b in words and left not in "TW":  # "T he", but not "H is"
        return False
    if joined in _COMMON:
        return True
    if a in _COMMON and len(b) < 3:  # "and re" is no Andre
        return False
    if b in _COMMON or b in _PARTICLES:  # "zeal and", "Dar es"
        return False
    if a in _PARTICLES:  # "de liberation"
        return b not in words
    if len(b) == 1:  # "affair s"
        return b in "sd" and len(a) >= _PLURAL and left.islower()
    # "s aid", but "f low": ligatures of fl and fi fell apart
    return len(a) > 1 or a == "f" or b not in words


@cache
def _vocabulary() -> frozenset[str]:
    """Frequent words of the corpus, counted by `service.evaluation.count_words`."""
    return frozenset(VOCABULARY.read_text("utf-8").split())
