"""The engine that suits the size of what is asked: the reference for little, the fast one for much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from .base import AreaPieces, Engine, Pieces, ReachPieces
from .fast import FastEngine, available
from .lines import Lines
from .reference import ReferenceEngine

if TYPE_CHECKING:
    from shapely import Polygon

    from .base import Floats, Geometries
    from .lines import Points

STARTING_S = 0.12
"""What it takes to load the kernels, index units and start threads.

It counts for every layer, though kernels are loaded once in a process: the same layer is always measured by the same
engine, whatever came before, so that figures are the same to the last digit.
"""
VERTEX_S = 8e-6
"""What the reference takes longer for each vertex to be cut."""
REACHED_VERTEX_S = 17e-6
"""What the reference takes longer for each vertex to be cut and held against points."""
POINT_S = 0.8e-6
"""What the reference takes longer for each point to be placed, or to be looked for."""


class AutoEngine:
    """Cuts with the engine that is sooner done; see `geo.engine.base.Engine`.

    The figures are the same: the engines agree. The seconds that decide were measured
    (`tests/fuzz/crossover.py`). Without numba it is always the reference.
    """

    name = "auto"

    def __init__(self) -> None:
        self._reference = ReferenceEngine()
        self._fast: FastEngine | None = None

    def lengths(self, lines: Geometries | Lines, units: Geometries, area: Polygon | None) -> Pieces:
        """Length (m) of each line by unit and side of the area."""
        return self._for(VERTEX_S * _vertices(lines)).lengths(lines, units, area)

    def reach(
        self,
        lines: Geometries | Lines,
        units: Geometries,
        area: Polygon | None,
        points: Geometries | Points,
        certain_m: Floats,
        possible_m: Floats,
    ) -> ReachPieces:
        """Length (m) of each line by unit and side, and of that the length within reach of a point."""
        saved_s = REACHED_VERTEX_S * _vertices(lines) + POINT_S * len(points)
        return self._for(saved_s).reach(lines, units, area, points, certain_m, possible_m)

    def areas(self, polygons: Geometries, units: Geometries, area: Polygon | None) -> AreaPieces:
        """Area (m²) of each polygon by unit and side of the area."""
        return self._reference.areas(polygons, units, area)

    def places(
        self, points: Geometries | Points, units: Geometries, area: Polygon | None
    ) -> Pieces:
        """Unit and side of each point, measure 1; a null or empty point lies in no unit."""
        return self._for(POINT_S * len(points)).places(points, units, area)

    def _for(self, saved_s: float) -> Engine:
        """The engine for work on which the fast one saves so many seconds once it runs."""
        if saved_s < STARTING_S or not available():
            return self._reference
        if self._fast is None:
            self._fast = FastEngine()
        return self._fast


def _vertices(lines: Geometries | Lines) -> int:
    if isinstance(lines, Lines):
        return len(lines.xy)
    return int(np.sum(shapely.get_num_coordinates(lines)))
