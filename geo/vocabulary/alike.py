"""Whether the entries of a column are all different: of keys they should be, and nearly always are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_WORD = 8
_LONGEST = 8 * _WORD
"""Bytes of a text up to which marks are made; keys are seldom longer."""
_SPREAD, _FOLD = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
"""An odd number whose bits are spread evenly, and by how much a product is folded onto itself."""


def all_different(values: pd.Series[Any]) -> bool:
    """Whether no entry is there twice; a missing one counts as an entry.

    Texts are told apart by a number made of their bytes, in a quarter of the time that comparing them takes: where
    all numbers differ, so do all texts. Only where two agree are the texts themselves compared.

    Examples
    --------
    >>> all_different(pd.Series(["s1", "s2", None], dtype="string"))
    True
    >>> all_different(pd.Series(["s1", "s2", "s1"], dtype="string"))
    False
    """
    if isinstance(values.dtype, pd.StringDtype):
        texts = pa.array(values.array)
        marks = _marks(pa.chunked_array([texts] if isinstance(texts, pa.Array) else texts))
        if marks is not None and texts.null_count <= 1:
            marks.sort()
            if not (marks[1:] == marks[:-1]).any():
                return True
    return bool(values.is_unique)


def _marks(texts: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.uint64]] | None:
    """A number for each text that is there; None where one is long."""
    found = []
    for chunk in texts.chunks:
        held = chunk.drop_null().cast(pa.large_binary())
        ends = np.frombuffer(held.buffers()[1], dtype=np.int64)[held.offset :][: len(held) + 1]
        lengths = np.diff(ends)
        longest = int(lengths.max(initial=0))
        if longest > _LONGEST:
            return None
        marks = lengths.astype(np.uint64)
        data = held.buffers()[2]
        if longest and data is not None:
            # Words may begin anywhere and reach past the last text.
            octets = np.zeros(int(ends[-1]) + _LONGEST, dtype=np.uint8)
            octets[: int(ends[-1])] = np.frombuffer(data, dtype=np.uint8)[: int(ends[-1])]
            words = np.ndarray((len(octets) - _WORD + 1,), np.dtype("<u8"), octets, strides=(1,))
            for start in range(0, longest, _WORD):
                left = np.clip(lengths - start, 0, _WORD)
                word = words[ends[:-1] + start] & _KEPT[left]
                mixed = (marks ^ word) * _SPREAD
                mixed ^= mixed >> _FOLD
                # A text that has ended keeps its number, however long the others of its chunk are.
                marks = np.where(left > 0, mixed, marks)
        found.append(marks)
    return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)


_KEPT = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)
"""By how many of its bytes are the text's own, what is kept of a word."""
