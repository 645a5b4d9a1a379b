"""How much of each class of pixels lies in polygons, by walking along their outlines: the definition.

In a row of pixels, what lies between two crossings of an outline is the difference of two running sums. So
only the outline's own pixels are looked at, however large the polygon, and the parts of pixels are exact.
`kernels.contours` does the same for rasters of many million pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from .base import Flags, Floats, Geometries, Positions


def edges_of(polygons: Geometries) -> tuple[Floats, Positions]:
    """The edges (ax, ay, bx, by) of polygons, each polygon on the left of its own, and whose they are.

    Parameters
    ----------
    polygons : Polygon or MultiPolygon; of a collection the polygons count
    """
    parts, polygon = polygons, np.arange(len(polygons))
    if (shapely.get_type_id(polygons) > shapely.GeometryType.POLYGON).any():
        parts, polygon = shapely.get_parts(polygons, return_index=True)
    if (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        polygon = polygon[inner]
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    xy, after = shapely.get_coordinates(rings), np.cumsum(shapely.get_num_coordinates(rings))
    # An edge begins at every vertex but the last of a ring, and at none that is there twice.
    begins = np.zeros(len(xy), bool)
    begins[:-1] = (xy[1:, 0] != xy[:-1, 0]) | (xy[1:, 1] != xy[:-1, 1])
    begins[after[after > 0] - 1] = False
    held = np.diff(np.searchsorted(np.flatnonzero(begins), after), prepend=0)
    return _ways(xy)[begins[:-1]], np.repeat(polygon[part].astype(np.int32), held)


def _ways(xy: Floats) -> Floats:
    """From every vertex to the next, (n - 1, 4), without a copy."""
    if len(xy) < 2:
        return np.empty((0, 4))
    return np.lib.stride_tricks.sliding_window_view(xy.reshape(-1), 4)[::2]


def walked(
    edges: Floats,
    polygon: Positions,
    passing: Flags,
    failing: Flags,
    weight: Floats,
    count: int,
) -> Floats:
    """What passes and what fails in each of `count` polygons: (count, 2), in terms of `weight`.

    Parameters
    ----------
    edges : (n, 4) ax, ay, bx, by in pixels from the window's corner, y downwards, the polygon on the left as
        drawn on a map
    polygon : of each edge, from 0
    passing, failing : (rows, columns) of the window
    weight : what a pixel of each row counts
    """
    rows, columns = passing.shape
    downwards = edges[:, 1] < edges[:, 3]
    # Walked downwards; what is left of a way up is within, of a way down without.
    sign = np.where(downwards, -1.0, 1.0)
    ax, ay, bx, by = np.where(downwards[:, None], edges, edges[:, [2, 3, 0, 1]]).T
    start, end = np.maximum(ay, 0.0), np.minimum(by, float(rows))
    some = np.flatnonzero(start < end)
    sign, ax, ay, bx, by, start, end = (
        column[some] for column in (sign, ax, ay, bx, by, start, end)
    )
    slope = (bx - ax) / (by - ay)

    # One stretch for each row of pixels that an edge runs through,
    edge, nth, last = _split(np.floor(start), np.ceil(end) - 1)
    row = np.floor(start)[edge] + nth
    y, next_y = np.maximum(start[edge], row), np.minimum(end[edge], row + 1)
    x = ax[edge] + (y - ay[edge]) * slope[edge]
    to_end = last & (end[edge] == by[edge])
    next_x = np.where(to_end, bx[edge], ax[edge] + (next_y - ay[edge]) * slope[edge])
    low, high = np.minimum(x, next_x), np.maximum(x, next_x)

    # and of that one for each pixel; all that is left of the window, or right of it, is one pixel.
    first = np.clip(np.floor(low), -1, columns)
    stretch, nth, last = _split(first, np.clip(np.ceil(high) - 1, first, columns))
    column = first[stretch] + nth
    begin = np.where(nth == 0, low[stretch], column)
    until = np.where(last, high[stretch], column + 1)
    width = (high - low)[stretch]
    share = np.divide(until - begin, width, out=np.ones(len(width)), where=width > 0)
    height = share * (next_y - y)[stretch]
    part = np.clip(0.5 * (begin + until) - column, 0.0, 1.0)
    at_row = row[stretch].astype(np.intp)
    before = np.clip(column, 0, columns).astype(np.intp)
    after = np.clip(column + 1, 0, columns).astype(np.intp)
    counted = sign[edge[stretch]] * height * weight[at_row]
    owner = polygon[some[edge[stretch]]]
    found = np.zeros((count, 2))
    sums = np.zeros((rows, columns + 1), np.int32)
    for which, pixels in enumerate((passing, failing)):
        np.cumsum(pixels, axis=1, dtype=np.int32, out=sums[:, 1:])
        left = sums[at_row, before]
        value = left + part * (sums[at_row, after] - left)
        found[:, which] = np.bincount(owner, counted * value, count)
    return np.maximum(found, 0.0)


def _split(first: Floats, last: Floats) -> tuple[Positions, Floats, Flags]:
    """From first to last of each: whose, the how manieth, and whether it is the last."""
    number = (last - first).astype(np.int64) + 1
    whose = np.repeat(np.arange(len(number)), number)
    nth = np.arange(len(whose)) - np.repeat(np.cumsum(number) - number, number)
    return whose, nth.astype(np.float64), nth == number[whose] - 1
