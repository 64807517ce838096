"""Which blocs a claim's state belonged to when it spoke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Bloc
from service.retrieval.columns import Columns, Mask

_DAYS = date.max.toordinal() + 1


def members_when_speaking(
    columns: Columns, rows: npt.NDArray[np.int64], blocs: Sequence[Bloc]
) -> Mask:
    """Shape (rows, blocs), by the last day that a claim's date can mean, as the filter `blocs`
    does. Each state's day is looked up once, however many claims it has."""
    # State and day in one number, which is sorted ten times as quickly as pairs are.
    keys = columns.state[rows].astype(np.int64) * _DAYS + columns.last[rows]
    pairs, of_row = np.unique(keys, return_inverse=True)
    member = np.zeros((len(pairs), len(blocs)), np.bool_)
    for number, key in enumerate(pairs.tolist()):
        state, day = divmod(key, _DAYS)
        code, on = columns.states[state], date.fromordinal(day)
        member[number] = [bloc.includes(code, on) for bloc in blocs]
    return np.asarray(member[of_row])
