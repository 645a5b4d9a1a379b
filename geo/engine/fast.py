"""The engine on arrays of coordinates, for layers of many thousand features."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..errors import MissingExtraError
from .base import AreaPieces, Pieces, ReachPieces
from .intervals import NOISE_M
from .lines import Lines, Points, as_lines, running, single_points
from .reference import ReferenceEngine

if TYPE_CHECKING:
    from shapely import Polygon

    from .base import Floats, Geometries, Positions
    from .kernels.index import Index
    from .kernels.rooms import Cut, Reaching


class FastEngine:
    """Cuts with kernels that numba compiles; see `geo.engine.base.Engine` for what each method promises.

    Units are indexed, and points sorted, once for as long as the same arrays are handed in, so that a layer may
    come in batches.
    Units that are not valid polygons are left to the reference, which says what is wrong with them, and so are
    polygons cut by polygons: GEOS is the right tool for outlines.

    Raises
    ------
    MissingExtraError
        numba is not installed.
    """

    name = "fast"

    def __init__(self) -> None:
        if not available():
            raise MissingExtraError("numba", "fast")
        self._reference = ReferenceEngine()
        self._served: tuple[Geometries | Points, Floats, Floats, Reaching] | None = None
        self._indexed: dict[str, tuple[Geometries | Polygon | None, Index | None]] = {}

    def lengths(self, lines: Geometries | Lines, units: Geometries, area: Polygon | None) -> Pieces:
        """Length (m) of each line by unit and side of the area."""
        from .arrays import nothing_reaches

        indexes = self._indexes(units, area)
        if indexes is None:
            return self._reference.lengths(lines, units, area)
        cut = _cut(as_lines(lines), *indexes, nothing_reaches())
        return Pieces(cut.row, cut.unit, cut.inside, cut.sums[:, 0].copy())

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
        from .arrays import reaching

        indexes = self._indexes(units, area)
        if indexes is None:
            return self._reference.reach(lines, units, area, points, certain_m, possible_m)
        known = self._served
        if known is None or any(
            one is not other
            for one, other in zip(known, (points, certain_m, possible_m), strict=False)
        ):
            single, row = single_points(points)
            certain = np.ascontiguousarray(_of(certain_m, row), np.float64)
            one = certain_m is possible_m
            possible = certain if one else np.ascontiguousarray(_of(possible_m, row), np.float64)
            serving = reaching(single, certain, possible)
            known = (points, certain_m, possible_m, serving)
            self._served = known
        serving = known[3]
        cut = _cut(as_lines(lines), *indexes, serving)
        return ReachPieces(cut.row, cut.unit, cut.inside, *np.ascontiguousarray(cut.sums.T))

    def areas(self, polygons: Geometries, units: Geometries, area: Polygon | None) -> AreaPieces:
        """Area (m²) of each polygon by unit and side of the area."""
        return self._reference.areas(polygons, units, area)

    def places(
        self, points: Geometries | Points, units: Geometries, area: Polygon | None
    ) -> Pieces:
        """Unit and side of each point, measure 1; a null or empty point lies in no unit."""
        from .kernels.compiling import in_threads
        from .kernels.cutting import locate

        indexes = self._indexes(units, area)
        if indexes is None or _several(points):
            return self._reference.places(points, units, area)
        xy = (points if isinstance(points, Points) else Points.from_shapely(points)).xy
        unit, inside = np.empty(len(xy), np.int64), np.empty(len(xy), bool)
        in_threads(
            lambda first, last: locate(*indexes, xy, unit, inside, first, last, NOISE_M), len(xy)
        )
        return Pieces(np.arange(len(xy)), unit, inside, np.ones(len(xy)))

    def _indexes(self, units: Geometries, area: Polygon | None) -> tuple[Index, Index] | None:
        """The indexes of the units and of the area; None where they are not valid polygons."""
        whole = np.array([] if area is None else [area], dtype=object)
        by_unit = self._index("units", units, units)
        by_area = self._index("area", area, whole)
        return None if by_unit is None or by_area is None else (by_unit, by_area)

    def _index(
        self, role: str, of: Geometries | Polygon | None, polygons: Geometries
    ) -> Index | None:
        from .arrays import index_of, usable

        known = self._indexed.get(role)
        if known is None or known[0] is not of:
            known = (of, index_of(polygons) if usable(polygons) else None)
            self._indexed[role] = known
        return known[1]


def available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def _of(reach_m: Floats, row: Positions | None) -> Floats:
    return reach_m if row is None else reach_m[row]


def _several(points: Geometries | Points) -> bool:
    """Whether a row may hold several points."""
    return not isinstance(points, Points) and bool((shapely.get_num_coordinates(points) > 1).any())


def _cut(lines: Lines, units: Index, area: Index, points: Reaching) -> Cut:
    from .arrays import placed
    from .kernels.compiling import in_threads
    from .kernels.cutting import append_pieces, count_pieces, cut
    from .kernels.rooms import Cut, cut_of, room_of

    part_of = running(np.bincount(lines.feature, minlength=lines.count))
    order, own_order = placed(lines, part_of)

    def some(first: int, last: int) -> list[Cut]:
        room, out = room_of(256), cut_of(last - first + (last - first) // 4)
        done: list[Cut] = []
        while first < last:
            first, pieces, more_room, more_pieces = cut(
                lines.xy,
                lines.starts,
                part_of,
                units,
                area,
                points,
                order,
                first,
                last,
                NOISE_M,
                room,
                out,
            )
            done.append(Cut(*(column[:pieces] for column in out)))
            if first < last:
                room = room_of(2 * more_room) if more_room else room
                out = cut_of(max(more_pieces, last - first + (last - first) // 4))
        return done

    found = [cut for cuts in in_threads(some, lines.count) for cut in cuts]
    if own_order and found:
        return Cut(*map(np.concatenate, zip(*found, strict=True)))
    slot = np.zeros(lines.count + 1, np.int64)
    for pieces in found:
        count_pieces(pieces.row, slot)
    np.cumsum(slot, out=slot)
    out = cut_of(slot[-1])
    for pieces in found:
        append_pieces(pieces, slot, out)
    return out
