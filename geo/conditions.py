"""Three-valued conditions over the rows of a layer: yes, no, or unknown where a value is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .model import Condition

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

YES, NO, UNKNOWN = 1, 0, -1


def state_of(frame: pd.DataFrame, condition: Condition) -> NDArray[np.int8]:
    """Whether a condition holds for each row: 1 yes, 0 no, -1 unknown.

    Several requirements hold together as in Kleene's logic: one no is a no, whatever else is unknown.

    Parameters
    ----------
    frame : rows of a conformed layer
    condition : a bool field; several bool fields; or fields and the values they must have

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"lit": pd.array([True, False, None], dtype="boolean")})
    >>> state_of(frame, "lit").tolist()
    [1, 0, -1]
    """
    if isinstance(condition, str):
        return _truth(frame[condition])
    if isinstance(condition, dict):
        return _every(frame, [_matches(frame, name, wanted) for name, wanted in condition.items()])
    return _every(frame, [_truth(frame[name]) for name in condition])


def _matches(frame: pd.DataFrame, name: str, wanted: object) -> NDArray[np.int8]:
    column = frame[name]
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    state = column.isin(values).to_numpy(bool).astype(np.int8)
    state[column.isna().to_numpy()] = UNKNOWN
    return state


def _truth(column: pd.Series) -> NDArray[np.int8]:
    state = column.fillna(False).to_numpy(bool).astype(np.int8)
    state[column.isna().to_numpy()] = UNKNOWN
    return state


def _every(frame: pd.DataFrame, states: list[NDArray[np.int8]]) -> NDArray[np.int8]:
    result = np.full(len(frame), YES, np.int8)
    for state in states:
        result = np.where(
            (result == NO) | (state == NO),
            NO,
            np.where((result == UNKNOWN) | (state == UNKNOWN), UNKNOWN, YES),
        ).astype(np.int8)
    return result
