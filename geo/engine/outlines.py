"""Polygons as rings of coordinates, and as geometry objects only where those are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .lines import Lines, buffers, drawn, running

if TYPE_CHECKING:
    import pyarrow as pa

    from .base import Flags, Floats, Geometries, Positions
    from .kernels.index import Index


@dataclass(frozen=True)
class Outlines:
    """Polygons in order; one that is missing or empty has no rings."""

    rings: Lines
    """All rings, shells and holes, each of the polygon it belongs to."""
    hole: Flags
    """Which of the rings are holes."""
    draw: Callable[[Positions], Geometries]
    """Some of the polygons as geometry objects."""

    def __len__(self) -> int:
        return self.rings.count

    @classmethod
    def from_shapely(cls, polygons: Geometries) -> Outlines:
        """Outlines from geometry objects.

        Parameters
        ----------
        polygons : Polygon or MultiPolygon; None and empty have no rings
        """
        # A ring is copied to be looked at: of the many polygons that are one ring, coordinates are enough.
        plain = (shapely.get_num_interior_rings(polygons) == 0) & ~shapely.is_empty(polygons)
        plain &= shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON
        one, other = np.flatnonzero(plain), np.flatnonzero(~plain)
        parts, whose = shapely.get_parts(polygons[other], return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        number = shapely.get_num_coordinates(rings)
        real = number > 0
        part, number = part[real], number[real]
        hole = np.zeros(len(part), bool)
        hole[1:] = part[1:] == part[:-1]
        feature = np.concatenate([one, other[whose[part]]])
        order = np.argsort(feature, kind="stable")
        number = np.concatenate([shapely.get_num_coordinates(polygons[one]), number])[order]
        return cls(
            Lines(
                np.ascontiguousarray(shapely.get_coordinates(polygons)),
                running(number.astype(np.int64)),
                feature[order].astype(np.int64),
                len(polygons),
            ),
            np.concatenate([np.zeros(len(one), bool), hole])[order],
            lambda chosen: polygons[chosen],
        )

    @classmethod
    def from_wkb(cls, polygons: pa.Array | pa.ChunkedArray) -> Outlines:
        """Outlines from well-known binary, without an object for each.

        Parameters
        ----------
        polygons : binary or large_binary; Polygon or MultiPolygon, 2D or with z and m, ISO or EWKB

        Raises
        ------
        shapely.errors.GEOSException
            A row is not well-known binary, or not a geometry.
        """
        from .kernels import wkb

        data, offsets, valid = buffers(polygons)
        count = len(valid)
        rings, vertices = np.empty(count, np.int64), np.empty(count, np.int64)
        if wkb.sizes_of_polygons(data, offsets, valid, rings, vertices) >= 0:
            return cls.from_shapely(drawn(polygons))
        ring_of, vertex_of = running(rings), running(vertices)
        starts = np.empty(ring_of[-1] + 1, np.int64)
        starts[-1] = vertex_of[-1]
        feature, hole = np.empty(ring_of[-1], np.int64), np.empty(ring_of[-1], bool)
        xy = np.empty((vertex_of[-1], 2))
        raw = xy.reshape(-1).view(np.uint8)
        wkb.fill_polygons(data, offsets, valid, ring_of, vertex_of, starts, feature, hole, raw)
        return cls(
            Lines(xy, starts, feature, count), hole, lambda chosen: drawn(polygons.take(chosen))
        )

    @cached_property
    def ring_of(self) -> Positions:
        """Where each polygon's rings begin, and where the last's end."""
        return np.searchsorted(self.rings.feature, np.arange(len(self) + 1)).astype(np.int64)

    def areas(self) -> Floats:
        """Square metres of each polygon, 0 for one that is missing or empty."""
        from .kernels.outlines import areas

        found = np.empty(len(self))
        areas(self.rings.xy, self.rings.starts, self.ring_of, self.hole, found)
        return found

    def begin_within(self, polygon: Index, nothing: Index) -> Flags:
        """Whether the first vertex of each lies in a polygon or on its border; none may be empty.

        Parameters
        ----------
        polygon, nothing : the index of the polygon, and one of no polygon
        """
        from .kernels.cutting import locate

        count = len(self)
        spots = np.ascontiguousarray(self.rings.xy[self.rings.starts[self.ring_of[:-1]]])
        holder, ignored = np.empty(count, np.int64), np.empty(count, bool)
        locate(polygon, nothing, spots, holder, ignored, 0, count, 0.0)
        return np.asarray(holder == 0)
