"""A statement's text as its page shows it: in claims and what stands between them, by paragraph,
and in parts that are small enough to be sent."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from service.domain.statements import Claim, Statement

# Bytes of one part, about as they are sent: a page has some more beside the text.
MOST_SENT = 90_000
# What a claim's labels and links take, beside its words.
_BESIDE = 150
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_WORD = re.compile(r"(?:\w+|[^\w\s])\s*")
# Words of one text times words of the other: beyond, they aren't compared.
_MOST_COMPARED = 4_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A claim, or what no claim holds. `text` is the source's, or the rendering."""

    text: str
    claim: Claim | None

    @property
    def sent(self) -> int:
        """Bytes, compressed; a claim's words are sent twice, the second time in a link."""
        bytes_ = len(zlib.compress(self.text.encode("utf-8", "replace"), 1))
        return bytes_ if self.claim is None else 2 * bytes_ + _BESIDE


Paragraph = tuple[Piece, ...]


def paragraphs(statement: Statement) -> list[Paragraph]:
    """All of the text, each character once, in order; of a statement that is known by renderings
    only, these, one by one.

    Paragraphs end at blank lines, or, where the text has none, at line ends; never within a claim.
    """
    if not statement.text:
        return [(Piece(claim.text, claim),) for claim in statement.claims]
    ending = _BLANK_LINE if _BLANK_LINE.search(statement.text) else re.compile("\n")
    found: list[Paragraph] = []
    open_: list[Piece] = []
    for piece in _pieces(statement):
        if piece.claim is not None:
            open_.append(piece)
            continue
        done = 0
        for end in ending.finditer(piece.text):
            found.append((*open_, Piece(piece.text[done : end.end()], None)))
            open_, done = [], end.end()
        if done < len(piece.text):
            open_.append(Piece(piece.text[done:], None))
    return [*found, tuple(open_)] if open_ else found


def parts(text: Sequence[Paragraph], most: int = MOST_SENT) -> list[list[Paragraph]]:
    """Of at most `most` bytes each, as they are sent. A paragraph is cut only where it is larger
    than a part, and then between claims; a claim never is. At least one part."""
    found: list[list[Paragraph]] = [[]]
    left = most
    for paragraph in text:
        for run in _runs(paragraph, most):
            size = sum(piece.sent for piece in run)
            if size > left and found[-1]:
                found.append([])
                left = most
            found[-1].append(run)
            left -= size
    return found


def part_with(found: Sequence[Sequence[Paragraph]], claim_id: str) -> int | None:
    """The number, from 0, of the part that holds a claim."""
    for number, part in enumerate(found):
        for paragraph in part:
            if any(piece.claim is not None and piece.claim.id == claim_id for piece in paragraph):
                return number
    return None


def differing(before: str, now: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both texts in runs of words, and whether the other one lacks them."""
    first, second = _WORD.findall(before), _WORD.findall(now)
    if len(first) * len(second) > _MOST_COMPARED:
        return [(before, True)], [(now, True)]
    a, b = ([word.rstrip().casefold() for word in words] for words in (first, second))
    was: list[tuple[str, bool]] = []
    is_: list[tuple[str, bool]] = []
    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        for runs, words in ((was, first[i:i_end]), (is_, second[j:j_end])):
            if words:
                runs.append(("".join(words), kind != "equal"))
    return was, is_


def _pieces(statement: Statement) -> Iterable[Piece]:
    """Claims that overlap (an article may quote within a quotation) take each what is left."""
    done = 0
    for claim in sorted(statement.claims, key=lambda c: (c.start, c.end)):
        if claim.start > done:
            yield Piece(statement.text[done : claim.start], None)
        yield Piece(statement.text[max(done, claim.start) : claim.end], claim)
        done = max(done, claim.end)
    if done < len(statement.text):
        yield Piece(statement.text[done:], None)


def _runs(paragraph: Paragraph, most: int) -> Iterable[Paragraph]:
    """A paragraph whole, or in runs of claims where it is too large."""
    if sum(piece.sent for piece in paragraph) <= most:
        yield paragraph
        return
    run: list[Piece] = []
    left = most
    for piece in paragraph:
        if run and piece.sent > left:
            yield tuple(run)
            run, left = [], most
        run.append(piece)
        left -= piece.sent
    if run:
        yield tuple(run)
