"""What the fast engine's kernels run on: polygons as an index of edges, points as grids by reach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .contours import edges_of
from .intervals import NOISE_M
from .kernels import index as grids
from .kernels.compiling import cores, each_in_thread
from .kernels.cutting import order_by_place
from .kernels.index import Index
from .kernels.reaching import sort_points
from .kernels.rooms import Reaching
from .lines import running

if TYPE_CHECKING:
    from .base import Floats, Geometries, Positions
    from .lines import Lines, Points

FEWEST_CELLS, MOST_CELLS = 1 << 14, 1 << 23
SAMPLE = 10_000
"""So many vertices or points say where the grid has to lie."""


def usable(polygons: Geometries) -> bool:
    """Whether all are valid polygons; only of these do edges say what is within."""
    kind = shapely.get_type_id(polygons)
    if not np.isin(
        kind, (-1, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    ).all():
        return False
    pieces = np.array_split(polygons, min(cores() * 4, max(1, len(polygons) // 256)))
    if len(pieces) == 1:
        return bool((shapely.is_valid(polygons) | (kind < 0)).all())
    with ThreadPoolExecutor(cores()) as pool:
        valid = np.concatenate(list(pool.map(shapely.is_valid, pieces)))
    return bool((valid | (kind < 0)).all())


def index_of(polygons: Geometries) -> Index:
    """The index of valid polygons; None and empty hold nothing.

    Parameters
    ----------
    polygons : Polygon or MultiPolygon, metric CRS, in order of precedence
    """
    edges, unit = edges_of(polygons)
    unit_start = running(np.bincount(unit, minlength=len(polygons)))
    span = np.empty((len(polygons), 6))
    grids.spans(edges, unit_start, span)
    # Neither needs the other.
    cells, strips = each_in_thread(
        lambda number: (
            _cells(edges, unit_start, span) if number == 0 else _strips(edges, unit_start, span)
        ),
        2,
    )
    return Index(edges, unit, unit_start, *cells, *strips)


def _cells(edges: Floats, unit_start: Positions, span: Floats) -> tuple[Any, ...]:
    """The grid, who holds each of its cells whole, and the edges that run through it."""
    frame, columns, rows = _cells_for(edges, span)
    cells = np.empty((columns * rows + 1, 2), np.int32)
    shape = np.array([columns, rows])
    work, toggle = np.full(columns * rows, -1, np.int32), np.zeros(columns * rows, bool)
    entries = grids.cross_cells(edges, unit_start, frame, shape, cells, work, toggle)
    work[:] = 0
    cell_edges = np.empty(entries, np.int32)
    grids.fill_cells(edges, frame, shape, cells, work, cell_edges)
    return frame, shape, cells, cell_edges


def placed(lines: Lines, part_of: Positions) -> tuple[Positions, bool]:
    """All lines, neighbours one after another; and whether they come in the order they have.

    Parameters
    ----------
    part_of : where each line's parts begin, and where the last's end
    """
    corner, cell, columns, rows = _grid(lines.xy, lines.count / 8, 0.0)
    first = lines.xy[lines.starts[part_of[:-1][np.diff(part_of) > 0]]]
    # A file sorted along a curve is as good as sorted by cells, and read in its own order.
    if np.abs(np.diff(first, axis=0)).sum() <= 2 * cell * lines.count:
        return np.arange(lines.count), True
    order = np.empty(lines.count, np.int64)
    order_by_place(
        lines.xy,
        lines.starts,
        part_of,
        np.array([*corner, 1 / cell]),
        columns,
        rows,
        np.empty(lines.count, np.int64),
        np.zeros(columns * rows + 1, np.int64),
        order,
    )
    return order, False


def reaching(points: Points, certain_m: Floats, possible_m: Floats) -> Reaching:
    """Points by reach and place; those that reach nothing are left out.

    Parameters
    ----------
    certain_m, possible_m : each point's reach; what is possible is at least what is certain
    """
    one = certain_m is possible_m
    if not one:
        possible_m = np.maximum(certain_m, possible_m)
    every = np.zeros(0, np.int64)
    # Points of like reach (of one power of two) together: one of long reach must not widen the search for all.
    if _alike(points.xy, possible_m):
        # No list of them: memory that is used once is slow to come by.
        count, groups = len(points), [every]
    else:
        serving = np.flatnonzero((possible_m > 0) & np.isfinite(points.xy[:, 0] + points.xy[:, 1]))
        exponent = possible_m.view(np.int64)[serving] >> 52
        groups = [serving[exponent == value] for value in np.unique(exponent)]
        count = len(serving)
    xy, certain = np.empty((count, 2)), np.empty(count)
    possible = certain if one else np.empty(count)
    frames, shapes, starts = [], [], []
    first = cells = 0
    for group in groups:
        size = len(group) or count
        longest = possible_m[group].max() if len(group) else possible_m.max()
        mine = points.xy[group] if len(group) else points.xy
        corner, cell, columns, rows = _grid(mine, 2 * size, longest)
        frame = np.array([*corner, 1 / cell, longest])
        start = np.zeros(columns * rows + 2, np.int32)
        last = first + size
        sort_points(
            points.xy,
            certain_m,
            possible_m,
            group,
            frame,
            columns,
            rows,
            np.empty(size, np.int32),
            start,
            xy[first:last],
            certain[first:last],
            possible[first:last],
        )
        frames.append(frame)
        shapes.append((columns, rows, cells))
        starts.append(start[:-1] + np.int32(first) if first else start[:-1])
        first, cells = last, cells + columns * rows + 1
    return Reaching(
        xy,
        certain,
        possible,
        np.array(frames).reshape(-1, 4),
        np.array(shapes, np.int64).reshape(-1, 3),
        starts[0] if len(starts) == 1 else np.concatenate([np.zeros(0, np.int32), *starts]),
    )


def _alike(xy: Floats, reach_m: Floats) -> bool:
    """Whether there are points, all of them somewhere, all with a reach of the same power of two."""
    if not len(xy) or not np.isfinite(xy.sum()):
        return False
    shortest, longest = reach_m.min(), reach_m.max()
    alike = np.frexp(shortest)[1] == np.frexp(longest)[1]
    return bool(shortest > 0 and np.isfinite(longest) and alike)


def nothing_reaches() -> Reaching:
    """No points."""
    none = np.zeros(0)
    return Reaching(
        np.zeros((0, 2)),
        none,
        none,
        np.zeros((0, 4)),
        np.zeros((0, 3), np.int64),
        np.zeros(0, np.int32),
    )


def _grid(xy: Floats, wanted: float, least: float) -> tuple[Floats, float, int, int]:
    """Corner, cell (m), columns and rows of a grid over nearly all points; the rest is in its outer cells.

    Parameters
    ----------
    wanted : number of cells
    least : metres a cell measures at least
    """
    if not len(xy):
        return np.zeros(2), 1.0, 1, 1
    some = xy[:: max(1, len(xy) // SAMPLE)]
    # A stray vertex must not stretch the grid, so it may be four times what the middle nine tenths take.
    low, high = np.quantile(some, [0.05, 0.95], axis=0)
    low, high = (
        np.maximum(some.min(axis=0), low - 4 * (high - low)),
        np.minimum(some.max(axis=0), high + 4 * (high - low)),
    )
    width, height = np.maximum(high - low, 1e-9 * np.abs(xy).max() + 1e-3)
    cell = max(np.sqrt(width * height / min(max(wanted, FEWEST_CELLS), MOST_CELLS)), least)
    cell = max(cell, width / MOST_CELLS, height / MOST_CELLS)
    columns, rows = int(width / cell) + 1, int(height / cell) + 1
    return low, cell, columns, rows


def _cells_for(edges: Floats, span: Floats) -> tuple[Floats, int, int]:
    """A grid with some two cells an edge; coarser where edges are long or polygons lie over each other."""
    count = len(edges)
    if not count:
        return np.array([0.0, 0.0, 1.0]), 1, 1
    low, high, passed = span[:, :2], span[:, 2:4], span[:, 4].sum()
    some = high[:, 0] >= low[:, 0]
    ground = np.prod(high[some] - low[some], axis=1).sum()
    coordinate = max(np.abs(low[some]).max(), np.abs(high[some]).max())
    least = max(
        passed / (3 * count + 8 * np.sqrt(FEWEST_CELLS)),  # entries in cells
        np.sqrt(ground / (8 * MOST_CELLS)),  # looks at cells
        1e-9 * coordinate,
        4 * NOISE_M / grids.MARGIN,  # an edge beside a line is found in the cells of the line
    )
    corner, cell, columns, rows = _grid(edges[:, :2], 2 * count, least)
    return np.array([*corner, 1 / cell]), columns, rows


def _strips(edges: Floats, unit_start: Positions, span: Floats) -> tuple[Any, ...]:
    """Strips of equal height for each polygon, so that few edges lie at any height."""
    count = len(unit_start) - 1
    number = np.diff(unit_start)
    scale = np.zeros((count, 3))
    scale[:, 0], scale[:, 1] = span[:, 1], span[:, 3]
    strips = np.ones(count, np.int64)
    some = number > 0
    if some.any():
        height = scale[some, 1] - scale[some, 0]
        # An edge lies in as many strips as it climbs: no more than four entries an edge in all.
        most = np.minimum(number[some] / 2, 3 * number[some] * height / span[some, 5])
        strips[some] = np.maximum(most, 1)
        scale[some, 2] = strips[some] / height
    strip_first = np.zeros(count + 1, np.int64)
    np.cumsum(strips, out=strip_first[1:])
    start = np.zeros(strip_first[-1] + 1, np.int64)
    entries = grids.strips(
        edges, unit_start, strip_first, scale, start, np.empty(0, np.int32), False
    )
    found = np.empty(entries, np.int32)
    grids.strips(edges, unit_start, strip_first, scale, start, found, True)
    return strip_first, scale, start, found
