"""Which blocs a claim's state belonged to when it spoke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Bloc
from service.retrieval.columns import Columns, Mask


def members_when_speaking(
    columns: Columns, rows: npt.NDArray[np.int64], blocs: Sequence[Bloc]
) -> Mask:
    """Shape (rows, blocs), by the last day that a claim's date can mean, as the filter `blocs`
    does. Each state's day is looked up once, however many claims it has."""
    pairs, of_row = np.unique(
        np.stack([columns.state[rows], columns.last[rows]], axis=1), axis=0, return_inverse=True
    )
    member = np.zeros((len(pairs), len(blocs)), np.bool_)
    for number, (state, day) in enumerate(pairs.tolist()):
        code, on = columns.states[state], date.fromordinal(day)
        member[number] = [bloc.includes(code, on) for bloc in blocs]
    return np.asarray(member[of_row.reshape(-1)])
