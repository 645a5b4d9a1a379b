"""Many small shapes as a picture: a million streets on a sheet are each a dot, and as paths they would fill a volume."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    _OnPaper = Callable[[NDArray[np.float64]], NDArray[np.float64]]

DOTS_A_MM = 300 / 25.4
"""As fine as a printer prints."""
_DEPTH, _PALETTE = 1, 3
_AT_ONCE = 100_000
"""Shapes that are taken apart at a time."""


def picture(
    shapes: NDArray[np.object_], to_mm: _OnPaper, width_mm: float, height_mm: float, color: str
) -> bytes:
    """Lines, borders of surfaces and points drawn two dots wide in one colour, all else clear.

    Parameters
    ----------
    shapes : none missing
    to_mm : from coordinates to millimetres of paper, right and down
    width_mm, height_mm : of the picture
    color : as #rrggbb

    Returns
    -------
    bytes
        A PNG file.
    """
    columns, rows = (int(np.ceil(side * DOTS_A_MM)) for side in (width_mm, height_mm))
    dots = np.zeros((rows + 1, columns + 1), dtype=bool)
    for first in range(0, len(shapes), _AT_ONCE):
        at = np.floor(_along(shapes[first : first + _AT_ONCE], to_mm)).astype(np.int64)
        at = at[((at >= 0) & (at < [columns, rows])).all(axis=1)]
        dots[at[:, 1], at[:, 0]] = True
    wide = dots.copy()
    wide[1:] |= dots[:-1]
    wide[:, 1:] |= wide[:, :-1]
    return _png(wide[:rows, :columns], bytes.fromhex(color.removeprefix("#")))


def _along(shapes: NDArray[np.object_], to_mm: _OnPaper) -> NDArray[np.float64]:
    """Places in dots along shapes, none further from the next than a dot."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    surfaces = shapely.get_dimensions(parts) == 2
    lines = np.concatenate([parts[~surfaces], shapely.get_rings(parts[surfaces])])
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    at = to_mm(xy) * DOTS_A_MM
    begins, ends = at[:-1], at[1:]
    steps = np.ceil(np.abs(ends - begins).max(axis=1, initial=0.0)).astype(np.int64)
    steps[owner[:-1] != owner[1:]] = 0
    step = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    share = (step / np.repeat(steps, steps))[:, None]
    between = (
        np.repeat(begins, steps, axis=0) * (1 - share) + np.repeat(ends, steps, axis=0) * share
    )
    return np.concatenate([at, between])


def _png(dots: NDArray[np.bool_], color: bytes) -> bytes:
    rows, columns = dots.shape
    lines = np.zeros(
        (rows, 1 + -(-columns // 8)), dtype=np.uint8
    )  # each line begins with its filter, which is none
    lines[:, 1:] = np.packbits(dots, axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, _DEPTH, _PALETTE, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", b"\xff\xff\xff" + color),
        (b"tRNS", b"\x00\xff"),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    written = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
