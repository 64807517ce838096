"""A generation made of the one before it: what is new is encoded and put in its place, what is gone
is left out, and all else is copied as it stands.

It gives the answers of one that is built from nothing, to the byte: claims stand in the same order,
with the same vectors, words and statistics. Only the library's file keeps the rows it had, and the
codes those of what is gone, until that is more than DEAD of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.domain.statements import Statement
from service.retrieval.codes import Codes
from service.retrieval.columns import Columns, ColumnsBuilder
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.index import Rows, VectorIndex
from service.retrieval.library import Held, LibraryWriter
from service.retrieval.manifest import CODES, LIBRARY

# Shares: of the statements that may be new or gone, and of the library's rows that may be empty,
# for which it's worth it.
CHANGED, DEAD = 0.25, 0.2
_AT_A_TIME = 8_192


@dataclass(frozen=True, slots=True)
class Grown:
    """Columns and texts of a generation that grows. Row i of it was row `source[i]` of the one
    before, or, counted on from its end, is one of those of the `new` texts, in their order."""

    columns: Columns
    source: Rows
    new: list[str]
    gone: list[str]
    rendered: int

    def pieces(self, before: VectorIndex, new: Vectors) -> Iterator[Vectors]:
        """The vectors, from those of the generation before and of the `new` texts."""
        for start in range(0, len(self.source), _AT_A_TIME):
            rows = self.source[start : start + _AT_A_TIME]
            piece = np.empty((len(rows), before.dimension), np.float32)
            old = rows < before.count
            piece[~old] = new[rows[~old] - before.count]
            if old.any():  # they ascend
                first, last = int(rows[old][0]), int(rows[old][-1])
                piece[old] = before.read(first, last + 1)[rows[old] - first]
            yield piece

    def codes(self, path: Path, folder: Path, before: Generation, index: VectorIndex) -> None:
        """Of `index`, the vectors of `pieces`; `folder` is that of the generation before."""
        starts = self.columns.starts(self.columns.state)
        if self.columns.states == before.columns.states:
            count = before.index.count
            positions = self.columns.positions
            Codes.grow(path, folder / CODES, count, index, starts, positions, self.source)
        else:  # the lists are others
            Codes.write(path, index, starts, self.columns.positions)


def worth_growing(
    before: Generation,
    held: Mapping[str, Held],
    wanted: Mapping[str, str],
    topic_ids: tuple[str, ...],
) -> bool:
    """Whether so much stays of what is `held` that it is quicker than building from nothing.
    `wanted` are the digests of the statements that there are to be, by id."""
    columns = before.columns
    if columns.topic_ids != topic_ids or not len(columns):
        return False
    same = sum(1 for name, digest in wanted.items() if name in held and held[name].digest == digest)
    changed = len(wanted) + len(held) - 2 * same
    empty = 1 - len(columns) / (int(columns.stored.max()) + 1)
    return changed <= CHANGED * len(held) and empty <= DEAD


def grow(
    before: Generation,
    folder: Path,
    aside: Path,
    wanted: Mapping[str, str],
    topic_ids: tuple[str, ...],
    fetch: Callable[[str], Statement],
    advance: Callable[[int], None],
) -> Grown | None:
    """Write the library of a generation of the `wanted` statements into `aside`, from that in
    `folder`; None, and nothing is written, where it isn't worth growing. `fetch` gives a statement
    with its claims in place."""
    held = before.library.held()
    if not worth_growing(before, held, wanted, topic_ids):
        return None
    shutil.copyfile(folder / LIBRARY, aside / LIBRARY)
    with closing(LibraryWriter(aside / LIBRARY)) as writer:
        gone = [one for one in held.values() if wanted.get(one.id) != one.digest]
        gone_texts = [text for one in gone for text in writer.texts_of(one.number)]
        for one in gone:
            writer.remove(one.number)
            advance(1)
        stays = [one for one in held.values() if wanted.get(one.id) == one.digest]
        staying = {one.id for one in stays}
        added, texts = ColumnsBuilder(topic_ids), list[str]()
        places: list[tuple[str, str, str, int]] = [(s.state, s.date, s.id, s.number) for s in stays]
        first_row = writer.rows
        for name in sorted(set(wanted) - staying):
            statement = fetch(name)
            places.append((statement.state, str(statement.date), name, writer.statements))
            added.add(statement, writer.statements)
            writer.add(statement, wanted[name])
            texts += [claim.text for claim in statement.claims]
            advance(1)
        writer.finish()
        rendered = writer.rendered()
    new = replace(added.finish(), stored=np.arange(first_row, writer.rows, dtype=np.int32))
    places.sort()
    source = _source(before.columns, new, [number for *_, number in places])
    columns = _merged(before.columns, new, source)
    return Grown(columns, source, texts, gone_texts, rendered)


def _source(before: Columns, new: Columns, numbers: list[int]) -> Rows:
    """Rows of the two, one after the other, in the order of the statements of these `numbers`."""
    spans: dict[int, tuple[int, int]] = {}
    for columns, shift in ((before, 0), (new, len(before))):
        starts = columns.starts(columns.statement)
        ends = np.append(starts, len(columns))[1:]
        of_number = zip((starts + shift).tolist(), (ends + shift).tolist(), strict=True)
        spans |= dict(zip(columns.statement[starts].tolist(), of_number, strict=True))
    # A statement without claims has no rows.
    runs = [np.arange(*spans[number]) for number in numbers if number in spans]
    return np.concatenate(runs) if runs else np.empty(0, np.int64)


def _merged(before: Columns, new: Columns, source: Rows) -> Columns:
    def both(name: str) -> npt.NDArray[np.generic]:
        merged: npt.NDArray[np.generic] = np.concatenate(
            [getattr(before, name), getattr(new, name)]
        )[source]
        return merged

    states, state = _renumbered(before.states, before.state, new.states, new.state, source)
    forums, forum = _renumbered(before.forums, before.forum, new.forums, new.forum, source)
    plain = {
        name: both(name) for name in ("statement", "first", "last", "kind", "stored", "topics")
    }
    return Columns(
        states=states,
        forums=forums,
        topic_ids=before.topic_ids,
        state=state.astype(np.int16),
        forum=forum.astype(np.int32),
        **plain,  # type: ignore[arg-type]
    )


def _renumbered(
    names: tuple[str, ...],
    numbers: npt.NDArray[np.signedinteger],
    new_names: tuple[str, ...],
    new_numbers: npt.NDArray[np.signedinteger],
    source: Rows,
) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Names in the order in which rows first have them; -1 stays."""
    known = {name: place for place, name in enumerate(dict.fromkeys((*names, *new_names)))}
    to_known = [
        np.array([known[n] for n in given] + [-1], np.int64) for given in (names, new_names)
    ]
    merged = np.concatenate([to_known[0][numbers], to_known[1][new_numbers]])[source]
    found, first = np.unique(merged, return_index=True)
    order = found[np.argsort(first)]
    order = order[order >= 0]
    again = np.full(len(known) + 1, -1, np.int64)
    again[order] = np.arange(len(order))
    every = list(known)
    return tuple(every[place] for place in order.tolist()), again[merged]
