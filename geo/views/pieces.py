"""The tiles of each zoom in pieces: small enough to be cut one by one, by several processes and in little memory.

A piece is a tile of the same zoom or of a coarser one, and holds the tiles that lie in it. It is cut with every
feature that reaches into it, so its tiles are, to the byte, those that would be cut of the whole map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .cutting import BUFFER, GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECE = 25_000
"""Features of a piece, each counted once for every tile that it may lie in: under half a second of work."""
_REACH = 2 * BUFFER / GRID
"""Of a tile's side: so far beyond its edge a feature may lie in it; twice what is, so that no rounding leaves one out."""
_DEARER = 1.1
"""Times the work a piece's quarters may take together; with more, as where all is long lines, it stays whole."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some tiles of a zoom, and what is to be cut for them."""

    zoom: int
    of: tuple[int, int, int]
    """Zoom, column and row of the tile that they lie in."""
    rows: NDArray[np.intp]
    """The features, in their order."""

    def holds(self, place: tuple[int, int, int]) -> bool:
        """Whether a tile (zoom, column, row) is one of this piece's own.

        Examples
        --------
        >>> Piece(12, (10, 3, 5), np.arange(0)).holds((12, 14, 23))
        True
        >>> Piece(12, (10, 3, 5), np.arange(0)).holds((12, 16, 23))
        False
        """
        zoom, column, row = place
        finer = zoom - self.of[0]
        return (column >> finer, row >> finer) == self.of[1:]


def pieces_of(
    geometry: NDArray[np.object_], starts: NDArray[np.int64], zooms: tuple[int, int]
) -> Iterator[Piece]:
    """All pieces of an archive, in the order in which it holds its tiles.

    Parameters
    ----------
    geometry : in WGS84, none missing or empty
    starts : the zoom from which on each feature is drawn
    zooms : the coarsest and the finest

    Examples
    --------
    >>> streets = shapely.linestrings([[[120, 32], [120.001, 32]], [[120.3, 32], [120.301, 32]]])
    >>> [(piece.of, piece.rows.tolist()) for piece in pieces_of(streets, np.array([9, 10]), (9, 10))]
    [((0, 0, 0), [0]), ((0, 0, 0), [0, 1])]
    """
    from pmtiles.tile import zxy_to_tileid

    bounds = _on_the_square(shapely.bounds(geometry).T)
    for zoom in range(zooms[0], zooms[1] + 1):
        rows = np.flatnonzero(starts <= zoom)
        if len(rows) == 0:
            continue
        west, north, east, south = _tiles(bounds[:, rows], zoom)
        work = (east - west + 1) * (south - north + 1)

        def along_the_curve(piece: Piece) -> int:
            level, column, row = piece.of
            finer = piece.zoom - level
            return int(zxy_to_tileid(piece.zoom, column << finer, row << finer))

        found = _split(zoom, rows, (west, north, east, south), work)
        yield from sorted(found, key=along_the_curve)


def _on_the_square(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """West, north, east and south in the web's Mercator, where the world is a square of side 1."""
    west, south, east, north = bounds
    sine = np.sin(np.radians(np.clip(np.stack([north, south]), -89, 89)))
    y = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    return np.stack([west / 360 + 0.5, y[0], east / 360 + 0.5, y[1]])


def _tiles(square: NDArray[np.float64], zoom: int) -> NDArray[np.int64]:
    """The first and last columns and rows of tiles that features may lie in."""
    reach = np.array([-_REACH, -_REACH, _REACH, _REACH])[:, None]
    found: NDArray[np.int64] = np.floor(square * 2**zoom + reach).astype(np.int64)
    return found.clip(0, 2**zoom - 1)


def _split(
    zoom: int,
    rows: NDArray[np.intp],
    tiles: NDArray[np.int64] | tuple[NDArray[np.int64], ...],
    work: NDArray[np.int64],
) -> Iterator[Piece]:
    west, north, east, south = tiles
    everything = np.arange(len(rows))
    waiting = [((0, 0, 0), everything, int(work.sum()))]
    while waiting:
        of, inside, amount = waiting.pop()
        quarters = [] if amount <= PIECE or of[0] == zoom else _quarters(of)
        parts = []
        for level, column, row in quarters:
            finer = zoom - level
            there = inside[
                (west[inside] >> finer <= column)
                & (east[inside] >> finer >= column)
                & (north[inside] >> finer <= row)
                & (south[inside] >> finer >= row)
            ]
            if len(there):
                parts.append(((level, column, row), there, int(work[there].sum())))
        if parts and sum(part[2] for part in parts) <= _DEARER * amount:
            waiting += parts
        else:
            yield Piece(zoom, of, rows[inside])


def _quarters(of: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    level, column, row = of
    return [(level + 1, 2 * column + right, 2 * row + down) for right in (0, 1) for down in (0, 1)]
