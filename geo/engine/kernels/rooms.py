"""The arrays that cutting works in and hands back, and their types.

Kernels make no arrays themselves: counting who holds an array costs more than their work.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .compiling import Record, flags, floats, int_pairs, ints, pairs, short_ints


class Reaching(NamedTuple):
    """Points with a reach, by grid cell; points of like reach share a grid."""

    xy: np.ndarray
    certain: np.ndarray
    possible: np.ndarray
    frames: np.ndarray
    """(grids, 4): x and y of the corner, cells a metre, the longest reach."""
    shapes: np.ndarray
    """(grids, 3): columns, rows, and where the grid's cells begin in `start`."""
    start: np.ndarray
    """Where each cell's points begin, and where the last ends."""


class Room(NamedTuple):
    """Arrays to work in. Kernels make none themselves: counting who holds an array costs more than their work."""

    unit_edges: np.ndarray
    area_edges: np.ndarray
    owners: np.ndarray
    at: np.ndarray
    hand: np.ndarray
    claims: np.ndarray
    whose: np.ndarray
    cuts: np.ndarray
    sure: np.ndarray
    maybe: np.ndarray
    own_unit: np.ndarray
    own_inside: np.ndarray
    own_sum: np.ndarray


class Cut(NamedTuple):
    """Pieces as they are cut."""

    row: np.ndarray
    unit: np.ndarray
    inside: np.ndarray
    sums: np.ndarray
    """(pieces, 3): metres, and of them those surely and those possibly within reach."""


REACHING = Record((pairs, floats, floats, pairs, int_pairs, short_ints), Reaching)
ROOM = Record(
    (
        short_ints,
        short_ints,
        ints,
        floats,
        ints,
        pairs,
        ints,
        floats,
        pairs,
        pairs,
        ints,
        flags,
        pairs,
    ),
    Room,
)
CUT = Record((ints, ints, flags, pairs), Cut)


def room_of(size: int) -> Room:
    """Room for segments that meet up to `size` edges and points."""
    return Room(
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty((3 * size, 2)),
        np.empty(3 * size, np.int64),
        np.empty(6 * size + 2),
        np.empty((size, 2)),
        np.empty((2 * size, 2)),
        np.empty(6 * size, np.int64),
        np.empty(6 * size, bool),
        np.empty((6 * size, 3)),
    )


def cut_of(pieces: int) -> Cut:
    """Room for so many pieces."""
    return Cut(
        np.empty(pieces, np.int64),
        np.empty(pieces, np.int64),
        np.empty(pieces, bool),
        np.empty((pieces, 3)),
    )
