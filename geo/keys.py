"""Fingerprints of keys: eight bytes for each row, by which rows of a layer too large to hold are told apart.

Two rows with one key have one fingerprint. Two keys with one fingerprint are rare, and whoever finds fingerprints
alike has to look at the keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Fingerprints = NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def fingerprints(keys: pd.Series[Any]) -> Fingerprints:
    """A number for each key, the same wherever and whenever it is made; 0 for one that is missing.

    Parameters
    ----------
    keys : values of a declared field

    Examples
    --------
    >>> first, second, again, none = fingerprints(pd.Series(["a", "ab", "a", None], dtype="string"))
    >>> bool(first == again), bool(first == second), int(none)
    (True, False, 0)
    """
    missing = keys.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(keys.dtype) and not pd.api.types.is_bool_dtype(keys.dtype):
        plain: NDArray[Any] = keys.to_numpy(dtype="float64", na_value=0.0)
        if pd.api.types.is_integer_dtype(keys.dtype):
            plain = keys.to_numpy(dtype="int64", na_value=0)
        # Minus zero and zero are one key.
        numbers = _mixed((plain + 0).view(np.uint64))
    else:
        numbers = _of_texts(pa.array(keys.astype("string"), pa.large_string(), from_pandas=True))
    numbers[numbers == 0] = _ODD
    numbers[missing] = 0
    return numbers


def _of_texts(texts: pa.LargeStringArray) -> Fingerprints:
    """The bytes of each text, each multiplied by a number that belongs to its place, added up."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data is not None else np.array([])
    ends = ends - ends[0]
    length = np.diff(ends)
    place = np.arange(len(raw)) - np.repeat(ends[:-1], length)
    longest = int(length.max(initial=0))
    # A generator's numbers for a seed do not change between versions for raw bits.
    weights = np.random.Philox(key=7).random_raw(max(longest, 1)) | np.uint64(1)
    running = np.zeros(len(raw) + 1, np.uint64)
    # Sums of 64 bits wrap round, and so do their differences: exact all the same.
    np.cumsum((raw.astype(np.uint64) + np.uint64(1)) * weights[place], out=running[1:])
    return _mixed(running[ends[1:]] - running[ends[:-1]] + length.astype(np.uint64))


def _mixed(numbers: Fingerprints) -> Fingerprints:
    """Spread over all bits; one to one."""
    mixed = numbers * _ODD
    mixed ^= mixed >> _SHIFT
    mixed *= _ODD
    mixed ^= mixed >> _SHIFT
    return mixed
