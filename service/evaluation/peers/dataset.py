"""What every peer gets: vectors, queries, fields and filters, as files that numpy reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Bloc, Blocs
from service.domain.issues import Issues
from service.errors import InvalidInput
from service.evaluation.figures import SEED
from service.evaluation.peers.driver import (
    FIELDS,
    FILTERS,
    QUERIES,
    VECTORS,
    Dataset,
    Filter,
    Vectors,
)
from service.retrieval.columns import Columns
from service.retrieval.generations import Generation

COLUMNS = "columns.npz"  # what this service knows of the rows
NO_FILTER, EACH = "no filter", "best of each state"
# Filters from wide to narrow; then the question that a search engine isn't made for.
ASKED = (
    Filter(NO_FILTER),
    Filter("without one state", exclude="CHN"),
    Filter("one bloc", flag="bloc", bloc="eu"),
    Filter("six years", years=(2010, 2015)),
    Filter("one topic", flag="topic", topic="nuclear-disarmament"),
    Filter("one state", state="NOR"),
    Filter(EACH, each=True),
)
_AT_ONCE = 50_000

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def wordings(issues: Issues, most: int) -> list[str]:
    """Propositions and contraries, none of which is in any corpus; a seeded choice."""
    texts = sorted({text for issue in issues for text in (*issue.wordings, *issue.contraries)})
    chosen = np.random.default_rng(SEED).permutation(len(texts))[:most]
    return [texts[i] for i in chosen]


def sampled(columns: Columns, most: int | None) -> Rows:
    """Rows of a seeded choice of whole statements with at least `most` claims, in the order of the
    index; without `most` all of them. InvalidInput for fewer than one."""
    if most is not None and most < 1:
        raise InvalidInput("claims", f"{most} isn't a number of claims")
    if most is None or most >= len(columns):
        return np.arange(len(columns))
    starts = columns.starts(columns.statement)
    order = np.random.default_rng(SEED).permutation(len(starts))
    lengths = np.diff(np.append(starts, len(columns)))
    enough = int(np.searchsorted(np.cumsum(lengths[order]), most)) + 1
    taken = np.zeros(len(starts), np.bool_)
    taken[order[:enough]] = True
    return np.flatnonzero(np.repeat(taken, lengths))


def export(
    generation: Generation,
    blocs: Blocs,
    queries: Vectors,
    folder: Path,
    *,
    most: int | None = None,
    asked: Sequence[Filter] = ASKED,
) -> Dataset:
    """Write what the current generation has into an empty folder, and open it. InvalidInput where a
    filter names what isn't there, or nothing passes it."""
    rows = sampled(generation.columns, most)
    columns = part_of(generation.columns, rows)
    years = columns.years(np.arange(len(rows)))
    flags = {}
    for wanted in asked:
        if wanted.bloc:
            bloc = blocs.resolve(wanted.bloc)
            if bloc is None:
                raise InvalidInput("bloc", f"{wanted.bloc!r} is no bloc we know")
            flags[str(wanted.flag)] = members_at_the_time(columns, bloc)
        elif wanted.topic:
            flags[str(wanted.flag)] = columns.on_topic(wanted.topic)
    _write_vectors(generation, rows, folder / VECTORS)
    columns.save(folder / COLUMNS)
    write(folder, queries, columns.states, columns.state, years, flags, asked)
    return Dataset(folder)


def write(
    folder: Path,
    queries: Vectors,
    states: Iterable[str],
    state: npt.NDArray[np.int16],
    years: npt.NDArray[np.int64],
    flags: dict[str, Mask],
    asked: Sequence[Filter],
) -> None:
    """All files but the vectors. InvalidInput where nothing passes a filter."""
    np.save(folder / QUERIES, queries)
    np.savez(
        folder / FIELDS,
        states=np.array(list(states)),
        state=state,
        year=years.astype(np.int16),
        **flags,  # type: ignore[arg-type]
    )
    (folder / FILTERS).write_text(json.dumps([asdict(wanted) for wanted in asked]), "utf-8")
    dataset = Dataset(folder)
    for wanted in asked:
        missing = {wanted.state, wanted.exclude} - {None, *dataset.spans}
        mask = None if missing else dataset.mask(wanted)
        if missing or (mask is not None and not mask.any()):
            raise InvalidInput("filter", f"nothing here to ask {wanted.name!r} of: {wanted}")


def part_of(columns: Columns, rows: Rows) -> Columns:
    """Of these rows alone, states and forums numbered as before."""
    of_rows = [
        field.name
        for field in fields(columns)
        if isinstance(getattr(columns, field.name), np.ndarray)
    ]
    return replace(columns, **{name: getattr(columns, name)[rows] for name in of_rows})


def members_at_the_time(columns: Columns, bloc: Bloc) -> Mask:
    """Rows whose state belonged on the last day that their date can mean."""
    pairs, place = np.unique(
        np.stack((columns.state.astype(np.int64), columns.last.astype(np.int64))),
        axis=1,
        return_inverse=True,
    )
    inside = [
        bloc.includes(columns.states[state], date.fromordinal(day))
        for state, day in pairs.T.tolist()
    ]
    return np.array(inside, np.bool_)[place.reshape(-1)]


def shares(dataset: Dataset) -> dict[str, float]:
    """How much of all rows passes each filter."""
    found = {}
    for wanted in dataset.filters:
        mask = dataset.mask(wanted)
        found[wanted.name] = 1.0 if mask is None else float(mask.mean())
    return found


def _write_vectors(generation: Generation, rows: Rows, path: Path) -> None:
    """A piece at a time: all of them are gigabytes."""
    shape = (len(rows), generation.index.dimension)
    stored = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, len(rows), _AT_ONCE):
        stored[start : start + _AT_ONCE] = generation.index.vectors(rows[start : start + _AT_ONCE])
    stored.flush()
