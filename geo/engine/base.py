"""What an engine promises: features cut by units and by the area, as sums that add up.

All geometry is in one metric CRS. Units come in order of precedence: where a line lies on a border, or
units overlap, the first unit owns. The area is a closed set. What lies in no unit has unit -1, so the
pieces of a feature always add up to the feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import Polygon

    from .lines import Lines, Points

    Geometries = NDArray[np.object_]
    Floats = NDArray[np.float64]
    Positions = NDArray[np.intp]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pieces:
    """How much of each feature lies in which unit, inside or outside the area.

    One entry for each feature, unit and side that occur together, ordered by feature, unit, side.
    """

    row: Positions
    """Position of the feature."""
    unit: Positions
    """Position of the unit; -1 for none."""
    inside: Flags
    """Whether the piece lies within the area; False where there is no area."""
    measure: Floats
    """Metres, square metres, or 1 for a counted feature."""

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class ReachPieces(Pieces):
    """Pieces of lines with how much of each is surely, and how much is possibly, within reach."""

    certain: Floats
    possible: Floats
    """At least `certain`."""


@dataclass(frozen=True)
class AreaPieces(Pieces):
    """Pieces of polygons with their outlines, for measuring what lies within them."""

    geometry: Geometries


class Engine(Protocol):
    """Cuts features by units and area. Every engine gives the same sums to 1e-9."""

    name: str

    def lengths(self, lines: Geometries | Lines, units: Geometries, area: Polygon | None) -> Pieces:
        """Length (m) of each line by unit and side of the area.

        Parameters
        ----------
        lines : LineString or MultiLineString, or their arrays; None and empty have no pieces
        units : Polygon or MultiPolygon, in order of precedence
        area : the area, or None
        """

    def reach(
        self,
        lines: Geometries | Lines,
        units: Geometries,
        area: Polygon | None,
        points: Geometries | Points,
        certain_m: Floats,
        possible_m: Floats,
    ) -> ReachPieces:
        """Length (m) of each line by unit and side, and of that the length within reach of a point.

        A place on a line is within reach of a point where their distance is at most the point's.

        Parameters
        ----------
        points : Point or MultiPoint, or their array; None and empty reach nothing
        certain_m, possible_m : each row's reach; 0 for one that has none
        """

    def areas(self, polygons: Geometries, units: Geometries, area: Polygon | None) -> AreaPieces:
        """Area (m²) of each polygon by unit and side of the area."""

    def places(
        self, points: Geometries | Points, units: Geometries, area: Polygon | None
    ) -> Pieces:
        """Unit and side of each point, measure 1; a null or empty point lies in no unit.

        Within `intervals.NOISE_M` of a border a point lies on it, as a stretch of a line does.
        """


def one_for_each(pieces: Pieces, count: int) -> Pieces:
    """Each feature once: in the unit that holds most of it, inside where at least half of it is.

    Ties go to the unit of higher precedence. A feature without pieces lies in no unit, outside.

    Parameters
    ----------
    pieces : of lines or polygons
    count : number of features

    Returns
    -------
    Pieces
        `count` entries, measure 1.
    """
    unit = np.full(count, -1, np.intp)
    total = np.bincount(pieces.row, pieces.measure, count)
    within = np.bincount(pieces.row, np.where(pieces.inside, pieces.measure, 0.0), count)
    if len(pieces):
        # A unit's two sides are one holding.
        first = np.ones(len(pieces), bool)
        first[1:] = (np.diff(pieces.row) != 0) | (np.diff(pieces.unit) != 0)
        starts = np.flatnonzero(first)
        held = np.add.reduceat(pieces.measure, starts)
        row, owner = pieces.row[starts], pieces.unit[starts]
        # "No unit" is the last resort of a tie; noise below 1e-9 of the feature is a tie.
        precedence = np.where(owner < 0, np.iinfo(np.intp).max, owner)
        share = np.round(held / np.where(total[row] > 0, total[row], 1.0), 9)
        best = np.lexsort((precedence, -share, row))
        row_best, position = np.unique(row[best], return_index=True)
        unit[row_best] = owner[best][position]
    inside = (total > 0) & (within >= 0.5 * total * (1 - 1e-9))
    return Pieces(np.arange(count, dtype=np.intp), unit, inside, np.ones(count))
