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
    [((9, 426, 207), [0]), ((8, 213, 103), [0, 1])]
    """
    bounds = _on_the_square(shapely.bounds(geometry).T)
    for zoom in range(zooms[0], zooms[1] + 1):
        rows = np.flatnonzero(starts <= zoom)
        if len(rows) == 0:
            continue
        tiles = _tiles(bounds[:, rows], zoom)
        west, north, east, south = tiles
        work = (east - west + 1) * (south - north + 1)
        yield from sorted(_split(zoom, rows, tiles, work), key=_along_the_curve)


def _along_the_curve(piece: Piece) -> int:
    """Where the archive holds one of the piece's tiles; those of another all lie before or all behind."""
    from pmtiles.tile import zxy_to_tileid

    level, column, row = piece.of
    finer = piece.zoom - level
    return int(zxy_to_tileid(piece.zoom, column << finer, row << finer))


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
    tiles: NDArray[np.int64],
    work: NDArray[np.int64],
) -> Iterator[Piece]:
    column, row = int(tiles[0].min()), int(tiles[1].min())
    last_column, last_row = int(tiles[2].max()), int(tiles[3].max())
    coarser = max(column ^ last_column, row ^ last_row).bit_length()
    of = (zoom - coarser, column >> coarser, row >> coarser)  # the finest that holds them all
    waiting = [(of, np.arange(len(rows)), int(work.sum()))]
    while waiting:
        of, inside, amount = waiting.pop()
        parts = []
        if amount > PIECE and of[0] < zoom:
            west, north, east, south = tiles[:, inside] >> (zoom - of[0] - 1)
            for quarter in _quarters(of):
                _, column, row = quarter
                reaches = (west <= column) & (east >= column) & (north <= row) & (south >= row)
                there = inside[reaches]
                if len(there):
                    parts.append((quarter, there, int(work[there].sum())))
        if parts and sum(part[2] for part in parts) <= _DEARER * amount:
            waiting += parts
        else:
            yield Piece(zoom, of, rows[inside])


def _quarters(of: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    level, column, row = of
    return [(level + 1, 2 * column + right, 2 * row + down) for right in (0, 1) for down in (0, 1)]
