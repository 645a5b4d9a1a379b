"""Lines and points as contiguous arrays of coordinates: what kernels run on, and what a file is read into."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .kernels.compiling import in_threads, loaded

if TYPE_CHECKING:
    import pyarrow as pa

    from .base import Flags, Floats, Geometries, Positions

PLAIN_ROWS = 50_000
"""Below this, drawing geometry is quicker than loading the kernel that reads without drawing."""


@dataclass(frozen=True)
class Lines:
    """Lines in order, each of any number of parts; z and m are left behind."""

    xy: Floats
    """All vertices, (n, 2), in a metric CRS."""
    starts: Positions
    """Where each part begins in `xy`, and at last `len(xy)`: one more than there are parts."""
    feature: Positions
    """The line each part belongs to, ascending."""
    count: int
    """How many lines there are; one that is missing or empty has no parts."""

    def __len__(self) -> int:
        return self.count

    @classmethod
    def from_shapely(cls, lines: Geometries) -> Lines:
        """Lines from geometry objects.

        Parameters
        ----------
        lines : LineString, LinearRing or MultiLineString; None and empty have no parts
        """
        parts, feature = shapely.get_parts(lines, return_index=True)
        if (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
            parts, inner = shapely.get_parts(parts, return_index=True)
            feature = feature[inner]
        number = shapely.get_num_coordinates(parts)
        real = number > 0
        starts = np.zeros(int(real.sum()) + 1, np.int64)
        np.cumsum(number[real], out=starts[1:])
        return cls(
            np.ascontiguousarray(shapely.get_coordinates(parts)),
            starts,
            feature[real].astype(np.int64),
            len(lines),
        )

    @classmethod
    def from_wkb(cls, lines: pa.Array | pa.ChunkedArray) -> Lines:
        """Lines from well-known binary, without an object for each where there are many.

        Parameters
        ----------
        lines : binary or large_binary; LineString or MultiLineString, 2D or with z and m, ISO or EWKB;
            null has no parts

        Raises
        ------
        shapely.errors.GEOSException
            A row is not well-known binary, or not a geometry.
        """
        if _many(len(lines)):
            from .kernels import wkb

            data, offsets, valid = buffers(lines)
            count = len(offsets) - 1
            parts, vertices = np.empty(count, np.int64), np.empty(count, np.int64)
            if wkb.sizes_of_lines(data, offsets, valid, parts, vertices) < 0:
                part_of, vertex_of = running(parts), running(vertices)
                starts = np.empty(part_of[-1] + 1, np.int64)
                starts[-1] = vertex_of[-1]
                feature = np.empty(part_of[-1], np.int64)
                xy = np.empty((vertex_of[-1], 2))
                raw = xy.reshape(-1).view(np.uint8)
                in_threads(
                    lambda first, last: wkb.fill_lines(
                        data, offsets, valid, part_of, vertex_of, starts, feature, raw, first, last
                    ),
                    count,
                )
                return cls(xy, starts, feature, count)
        return cls.from_shapely(drawn(lines))

    def to_shapely(self) -> Geometries:
        """LineString, or MultiLineString where there are several parts; None where there is none."""
        found = np.full(self.count, None, object)
        part = np.repeat(np.arange(len(self.feature)), np.diff(self.starts))
        lines: Geometries = np.asarray(shapely.linestrings(self.xy, indices=part), dtype=object)
        parts = np.bincount(self.feature, minlength=self.count)
        single = parts[self.feature] == 1
        found[self.feature[single]] = lines[single]
        if not single.all():
            shapely.multilinestrings(lines[~single], indices=self.feature[~single], out=found)
        return found

    def take(self, chosen: Positions | Flags) -> Lines:
        """Some of the lines, in the order chosen."""
        chosen = np.arange(self.count)[chosen]
        first = np.searchsorted(self.feature, chosen, side="left")
        last = np.searchsorted(self.feature, chosen, side="right")
        part = _ranges(first, last)
        sizes = np.diff(self.starts)[part]
        return Lines(
            self.xy[_ranges(self.starts[part], self.starts[part] + sizes)],
            running(sizes),
            np.repeat(np.arange(len(chosen)), last - first),
            len(chosen),
        )

    @property
    def bounds(self) -> Floats:
        """(count, 4): smallest x and y, largest x and y of each line; NaN where there are no parts."""
        bounds = np.full((self.count, 4), np.nan)
        if len(self.feature):
            first = np.ones(len(self.feature), bool)
            first[1:] = self.feature[1:] != self.feature[:-1]
            rows, at = self.feature[first], self.starts[:-1][first]
            bounds[rows, :2] = np.minimum.reduceat(self.xy, at)
            bounds[rows, 2:] = np.maximum.reduceat(self.xy, at)
        return bounds

    @property
    def segments(self) -> int:
        """How many straight pieces the lines consist of, those of no length among them."""
        return len(self.xy) - len(self.feature)


@dataclass(frozen=True)
class Points:
    """Points in order."""

    xy: Floats
    """(n, 2), in a metric CRS; NaN where a point is missing or empty."""

    def __len__(self) -> int:
        return len(self.xy)

    @classmethod
    def from_shapely(cls, points: Geometries) -> Points:
        """Points from geometry objects.

        Parameters
        ----------
        points : Point, or MultiPoint of one; None and empty become NaN

        Raises
        ------
        ValueError
            A row has several points.
        """
        number = shapely.get_num_coordinates(points)
        if (number > 1).any():
            raise ValueError(f"row {int(np.argmax(number > 1))} has several points")
        xy = np.full((len(points), 2), np.nan)
        xy[number == 1] = shapely.get_coordinates(points)
        return cls(xy)

    @classmethod
    def from_wkb(cls, points: pa.Array | pa.ChunkedArray) -> Points:
        """Points from well-known binary; see `Lines.from_wkb`."""
        if _many(len(points)):
            from .kernels import wkb

            data, offsets, valid = buffers(points)
            xy = np.empty((len(offsets) - 1, 2))
            raw = xy.reshape(-1).view(np.uint8)
            unread = in_threads(
                lambda first, last: wkb.fill_points(data, offsets, valid, raw, xy, first, last),
                len(xy),
            )
            if max(unread, default=-1) < 0:
                return cls(xy)
        return cls.from_shapely(drawn(points))

    def to_shapely(self) -> Geometries:
        """Point, or None where there is none."""
        found = np.full(len(self.xy), None, object)
        there = ~np.isnan(self.xy).any(axis=1)
        found[there] = shapely.points(self.xy[there])
        return found

    def take(self, chosen: Positions | Flags) -> Points:
        """Some of the points, in the order chosen."""
        return Points(np.ascontiguousarray(self.xy[chosen]))

    @property
    def bounds(self) -> Floats:
        """(n, 4): x and y, twice."""
        return np.hstack([self.xy, self.xy])


def as_lines(lines: Geometries | Lines) -> Lines:
    """Lines as arrays, whichever way they are held."""
    return lines if isinstance(lines, Lines) else Lines.from_shapely(lines)


def as_geometries(features: Geometries | Lines | Points) -> Geometries:
    """Features as geometry objects, whichever way they are held."""
    return features.to_shapely() if isinstance(features, Lines | Points) else features


def single_points(points: Geometries | Points) -> tuple[Points, Positions | None]:
    """Every point by itself, and the row it is of, None where each is of its own; a row without one is left out."""
    if not isinstance(points, Points):
        xy, row = shapely.get_coordinates(points, return_index=True)
        return Points(xy), row.astype(np.int64)
    if not np.isnan(points.xy.sum()):
        return points, None
    there = np.flatnonzero(~np.isnan(points.xy[:, 0] + points.xy[:, 1]))
    return points.take(there), there


def _many(rows: int) -> bool:
    return loaded() or (rows >= PLAIN_ROWS and find_spec("numba") is not None)


def drawn(wkb: pa.Array | pa.ChunkedArray) -> Geometries:
    """Geometry objects of well-known binary."""
    return np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)), dtype=object)


def buffers(wkb: pa.Array | pa.ChunkedArray) -> tuple[Any, Positions, Flags]:
    """All rows' bytes, where each row begins (and the last ends), and which rows are not null."""
    import pyarrow as pa

    if isinstance(wkb, pa.ChunkedArray):
        # Together they may be more than 32-bit offsets can point into.
        wide = pa.chunked_array(
            [chunk.cast(pa.large_binary()) for chunk in wkb.chunks], pa.large_binary()
        )
        wkb = wide.chunk(0) if wide.num_chunks == 1 else pa.concat_arrays(wide.chunks)
    wkb = wkb.cast(pa.large_binary())
    _, offsets, data = wkb.buffers()
    if not len(wkb) or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(wkb) + 1, np.int64), np.zeros(len(wkb), bool)
    begins = np.frombuffer(offsets, np.int64)[wkb.offset : wkb.offset + len(wkb) + 1]
    valid = np.ones(len(wkb), bool)
    if wkb.null_count:
        valid = wkb.is_valid().to_numpy(zero_copy_only=False)
    raw = np.frombuffer(data, np.uint8)
    return raw, begins, valid


def running(sizes: Positions) -> Positions:
    """Where each of consecutive runs begins, and at last where all end."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _ranges(first: Positions, last: Positions) -> Positions:
    """All positions of several ranges, one after another."""
    sizes = last - first
    every: Positions = np.arange(sizes.sum()) + np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
    return every
