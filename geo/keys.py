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
_WORD = 8


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
    if pd.api.types.is_numeric_dtype(keys.dtype) and not pd.api.types.is_bool_dtype(keys.dtype):
        plain: NDArray[Any] = keys.to_numpy(dtype="float64", na_value=0.0)
        if pd.api.types.is_integer_dtype(keys.dtype):
            plain = keys.to_numpy(dtype="int64", na_value=0)
        numbers = number_fingerprints(plain)
        numbers[keys.isna().to_numpy(dtype=bool)] = 0
        return numbers
    return text_fingerprints(pa.array(keys.astype("string"), pa.large_string(), from_pandas=True))


def number_fingerprints(numbers: NDArray[Any]) -> Fingerprints:
    """The same for numbers of 64 bits, none of them missing."""
    # Minus zero and zero are one key.
    mixed = _mixed((numbers + 0).view(np.uint64))
    mixed[mixed == 0] = _ODD
    return mixed


def text_fingerprints(texts: pa.Array | pa.ChunkedArray) -> Fingerprints:
    """The same for text as Arrow has it; 0 for one that is missing."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.cast(pa.large_string()).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.string())
    texts = texts.cast(pa.large_string())
    _, offsets, data = texts.buffers()
    if not len(texts):
        return np.empty(0, np.uint64)
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    held = bytes(memoryview(data)[ends[0] : ends[-1]]) if data is not None else b""
    # Eight bytes from any place on are one number.
    padded = np.frombuffer(held + bytes(_WORD), np.uint8)
    words = np.ndarray((len(held) + 1,), np.dtype("<u8"), padded.data, strides=(1,))
    begins, left = ends[:-1] - ends[0], np.diff(ends)
    numbers = _mixed(left.astype(np.uint64) + np.uint64(1))
    rows: Any = slice(None)
    while True:
        word = words[begins]
        # What follows the text is no part of it.
        beyond = np.uint64(8) * np.clip(_WORD - left, 0, _WORD - 1).astype(np.uint64)
        word = np.where(left > 0, word << beyond, np.uint64(0))
        numbers[rows] = _mixed(numbers[rows] ^ word)
        more = np.flatnonzero(left > _WORD)
        if not len(more):
            break
        rows = more if isinstance(rows, slice) else rows[more]
        begins, left = begins[more] + _WORD, left[more] - _WORD
    numbers[numbers == 0] = _ODD
    if texts.null_count:
        numbers[texts.is_null().to_numpy(zero_copy_only=False)] = 0
    return numbers


def _mixed(numbers: Fingerprints) -> Fingerprints:
    """Spread over all bits; one to one."""
    mixed = numbers * _ODD
    mixed ^= mixed >> _SHIFT
    mixed *= _ODD
    mixed ^= mixed >> _SHIFT
    return mixed
