"""What has to be known of units before they are decided on: how far the border is, and which it comes near.

However many units there are, few lie at the border: only these are looked at as geometry.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .edges import TOUCHING_M, Area
from .engine.fast import available
from .engine.lines import Lines
from .engine.nearest import Border, nearest_line
from .engine.outlines import Outlines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from shapely import LineString

    from .engine.base import Flags, Floats, Geometries, Positions
    from .engine.kernels.index import Index

CHUNK = 32
"""The border is searched in stretches of so many vertices."""
FAST_PAIRS = 2_000_000
"""From so many pairs of a unit and a vertex of the border on, loading the kernels takes less time than it saves."""
BATCH = 4096
"""So many units are looked at together: what they take is used again by the next."""
AHEAD = 3
"""So many batches a core are read while kernels are loaded."""


@dataclass(frozen=True)
class Bearings:
    """Of units in order."""

    missing: Flags
    """Which have no outline, or one without an area. Where any is, nothing else of these units is known."""
    within: Flags
    """Whether the first vertex lies in the area: it speaks for all of a unit that is not `near`."""
    margin_m: Floats
    """Metres from the outline, or from the point of decision, to the border of the area."""
    nearest: Positions
    """The part of the border that is nearest; the first, if several are."""
    near: Positions
    """Which the border may touch once it is moved by its accuracy, which may hold the border or have a part on either
    side of it, and some more."""
    drawn: Geometries
    """Those, as geometry objects."""

    @classmethod
    def together(cls, several: Sequence[Bearings]) -> Bearings:
        """Of one batch after another."""
        first = np.cumsum([0] + [len(one.missing) for one in several[:-1]])
        columns = {
            name: np.concatenate([getattr(one, name) for one in several])
            for name in ("missing", "within", "margin_m", "nearest", "drawn")
        }
        near = [one.near + start for one, start in zip(several, first, strict=True)]
        return cls(near=np.concatenate(near), **columns)

    @classmethod
    def unknown(cls, missing: Flags) -> Bearings:
        """Where outlines are missing."""
        nothing = np.empty(len(missing))
        none = np.array([], np.intp)
        return cls(missing, missing, nothing, nothing.astype(np.intp), none, none.astype(object))


class Surveyor:
    """The area's border, from which bearings are taken.

    Parameters
    ----------
    area : what the edges enclose
    of_points : whether a unit's margin is that of a point within it
    """

    def __init__(self, area: Area, of_points: bool) -> None:
        self._area, self._of_points = area, of_points
        self._lines = np.array([part.line for part in area.parts], dtype=object)

    def bearings(self, outlines: Geometries) -> Bearings:
        """Of units, in the way that is sooner done: by kernels where there are many, and the figures are the same.

        Parameters
        ----------
        outlines : Polygon or MultiPolygon, in the area's CRS
        """
        pairs = len(outlines) * int(shapely.get_num_coordinates(self._lines).sum())
        if pairs < FAST_PAIRS or not available():
            return self.plain(outlines)
        from .engine.kernels.compiling import each_in_thread

        self.ready()
        return Bearings.together(
            each_in_thread(
                lambda batch: self.by_kernels(
                    Outlines.from_shapely(outlines[batch * BATCH : (batch + 1) * BATCH])
                ),
                -(-len(outlines) // BATCH),
            )
        )

    def bearings_of_batches(
        self, read: Callable[[int], pa.Array | pa.ChunkedArray], batches: int
    ) -> Bearings:
        """Of units that lie in a file batch by batch, by kernels; the first are read while these are loaded.

        Parameters
        ----------
        read : the outlines of a batch as well-known binary, Polygon or MultiPolygon in the area's CRS; called by
            several threads
        batches : how many there are, at least one
        """
        from .engine.kernels.compiling import cores

        ahead = AHEAD * cores()

        def taken(outlines: pa.Array | pa.ChunkedArray) -> Bearings:
            return self.by_kernels(Outlines.from_wkb(outlines))

        with ThreadPoolExecutor(cores()) as pool:
            first = [pool.submit(read, batch) for batch in range(min(ahead, batches))]
            self.ready()
            # Begun in this order: what a thread waits for here is read, or is being read by another.
            found = [pool.submit(lambda reading: taken(reading.result()), one) for one in first]
            first.clear()
            found += [
                pool.submit(lambda batch: taken(read(batch)), batch)
                for batch in range(ahead, batches)
            ]
            return Bearings.together([one.result() for one in found])

    def plain(self, outlines: Geometries) -> Bearings:
        """With geometry objects alone: the definition."""
        missing = shapely.is_missing(outlines) | (shapely.area(outlines) == 0)
        if missing.any():
            return Bearings.unknown(missing)
        boxes = []
        for part in self._area.parts:
            west, south, east, north = shapely.bounds(_chunks(part.line, CHUNK)).T
            wide = part.accuracy_m * (1 + 1e-9) + TOUCHING_M
            boxes.append(shapely.box(west - wide, south - wide, east + wide, north + wide))
        near = np.unique(shapely.STRtree(np.concatenate(boxes)).query(outlines)[0])
        xy, row = shapely.get_coordinates(outlines, return_index=True)
        first = xy[np.searchsorted(row, np.arange(len(outlines)))]
        shapely.prepare(self._area.polygon)
        within = shapely.intersects_xy(self._area.polygon, first[:, 0], first[:, 1])
        of = shapely.point_on_surface if self._of_points else shapely.boundary
        margin_m, nearest = nearest_line(of(outlines), self._lines)
        return Bearings(missing, within, margin_m, nearest, near, outlines[near])

    def ready(self) -> None:
        """Index the border and load the kernels, before several threads take bearings by these."""
        from .engine.kernels import compiling, cutting, nearest, outlines, wkb

        _ = self._border, self._indexes
        compiling.ready(
            nearest.nearest,
            cutting.locate,
            outlines.areas,
            wkb.sizes_of_polygons,
            wkb.fill_polygons,
        )

    def by_kernels(self, outlines: Outlines) -> Bearings:
        """With arrays of coordinates: only what lies near the border is drawn. Threads may do so at once."""
        missing = outlines.areas() == 0
        if missing.any():
            return Bearings.unknown(missing)
        margin_m, nearest, around = self._border.nearest(outlines.rings)
        wide = max(part.accuracy_m for part in self._area.parts) * (1 + 1e-9) + TOUCHING_M
        near = np.flatnonzero((margin_m <= wide) | self._beyond_one_vertex(outlines, around))
        if self._of_points:
            every = np.arange(len(outlines))
            spots = shapely.get_coordinates(shapely.point_on_surface(outlines.draw(every)))
            margin_m, nearest, _ = self._border.nearest(
                Lines(spots, np.append(every, len(every)), every, len(every))
            )
        within = outlines.begin_within(*self._indexes)
        return Bearings(missing, within, margin_m, nearest, near, outlines.draw(near))

    def _beyond_one_vertex(self, outlines: Outlines, around: Floats) -> Flags:
        """Which may lie on both sides of the border though their outlines keep away from it: of several parts, or
        large enough to hold the whole area by the box around each."""
        shells = np.bincount(outlines.rings.feature[~outlines.hole], minlength=len(outlines))
        west, south, east, north = around.T
        area_west, area_south, area_east, area_north = self._area.polygon.bounds
        return np.asarray(
            (shells > 1)
            | (west <= area_west)
            & (south <= area_south)
            & (east >= area_east)
            & (north >= area_north)
        )

    @cached_property
    def _border(self) -> Border:
        return Border(self._lines)

    @cached_property
    def _indexes(self) -> tuple[Index, Index]:
        from .engine.arrays import index_of

        return index_of(np.array([self._area.polygon], object)), index_of(np.array([], object))


def _chunks(line: LineString, vertices: int) -> NDArray[np.object_]:
    """A line in stretches of so many vertices, so that a search looks at few of them."""
    xy = shapely.get_coordinates(line)
    cuts = range(0, max(len(xy) - 1, 1), vertices - 1)
    return np.array([shapely.linestrings(xy[first : first + vertices]) for first in cuts], object)
