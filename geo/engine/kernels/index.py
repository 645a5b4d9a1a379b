"""An index of polygons: a grid whose cells know who holds them whole and which edges run through them.

A line in a cell without edges is settled by one look. In the others only the edges of its own cells matter,
and for a point the edges at its height. The outermost cells go on without end, so that one stray vertex does
not make all cells coarse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .compiling import (
    Record,
    flag,
    flags,
    floats,
    ints,
    kernel,
    number,
    pairs,
    part,
    short_ints,
    short_pairs,
)
from .predicates import side

NOBODY = 2**31 - 1
"""The owner of a cell that no polygon holds whole; larger than every position."""
MARGIN = 1e-6
"""Cells are entered this much (of a cell) early, so that rounding never misses one."""


class Index(NamedTuple):
    """Arrays of an index, as kernels take them."""

    edges: np.ndarray
    """(edges, 4): ax, ay, bx, by with the polygon on the left; those of a polygon lie together."""
    edge_unit: np.ndarray
    """The polygon of each edge, ascending."""
    unit_start: np.ndarray
    """Where each polygon's edges begin, and where the last ends."""
    frame: np.ndarray
    """x and y of the grid's corner, and cells a metre."""
    shape: np.ndarray
    """Columns and rows."""
    cells: np.ndarray
    """(cells + 1, 2): the first polygon that holds the cell whole, or NOBODY; where its edges begin."""
    cell_edges: np.ndarray
    """Edges by cell, ascending in each."""
    strip_first: np.ndarray
    """Of each polygon, its first strip of equal height, and at last the number of strips."""
    strip_scale: np.ndarray
    """(polygons, 3): lowest y, highest y, strips a metre."""
    strip_start: np.ndarray
    """Where each strip's edges begin, and where the last ends."""
    strip_edges: np.ndarray
    """Edges by strip."""


INDEX = Record(
    (
        pairs,
        short_ints,
        ints,
        floats,
        ints,
        short_pairs,
        short_ints,
        ints,
        pairs,
        ints,
        short_ints,
    ),
    Index,
)


@part
def clamped(value, count):
    """The cell, of `count`, that a position in cells lies in."""
    return int(min(max(np.floor(value), 0.0), count - 1.0))


@part
def row_span(ua, va, ub, vb, row, rows):
    """From where to where (in cells) a segment runs within a row of cells, with a margin."""
    low, high = min(ua, ub), max(ua, ub)
    bottom, top = min(va, vb), max(va, vb)
    if row > 0:
        bottom = max(bottom, row - MARGIN)
    if row < rows - 1:
        top = min(top, row + 1 + MARGIN)
    rise = vb - va
    if abs(rise) > MARGIN:
        slope = (ub - ua) / rise
        first = ua + (bottom - va) * slope
        last = ua + (top - va) * slope
        low, high = max(low, min(first, last)), min(high, max(first, last))
    return low - MARGIN, high + MARGIN


@kernel(number(pairs, ints, pairs))
def spans(edges, unit_start, span):
    """Of each polygon: lowest x and y, highest x and y, metres its edges go across and up, and of these up."""
    for unit in range(len(span)):
        low_x = low_y = np.inf
        high_x = high_y = -np.inf
        passed = climbed = 0.0
        for e in range(unit_start[unit], unit_start[unit + 1]):
            # A ring comes back: where its edges begin is all there is.
            low_x, low_y = min(low_x, edges[e, 0]), min(low_y, edges[e, 1])
            high_x, high_y = max(high_x, edges[e, 0]), max(high_y, edges[e, 1])
            up = abs(edges[e, 3] - edges[e, 1])
            passed += abs(edges[e, 2] - edges[e, 0]) + up
            climbed += up
        span[unit, 0], span[unit, 1], span[unit, 2], span[unit, 3] = low_x, low_y, high_x, high_y
        span[unit, 4], span[unit, 5] = passed, climbed
    return 0


@kernel(number(pairs, ints, floats, ints, short_pairs, short_ints, flags))
def cross_cells(edges, unit_start, frame, shape, cells, stamp, toggle):
    """First of two steps: counts each cell's edges in `cells[:, 1]` and finds who holds it whole.

    `stamp` and `toggle` are for working in, one number a cell, at first -1 and False. Returns how many entries
    `cell_edges` takes.
    """
    x0, y0, per_metre = frame[0], frame[1], frame[2]
    columns, rows = shape[0], shape[1]
    for cell in range(columns * rows + 1):
        cells[cell, 0], cells[cell, 1] = NOBODY, 0
    total = 0
    for unit in range(len(unit_start) - 1):
        left, right, bottom, top = columns, -1, rows, -1
        for e in range(unit_start[unit], unit_start[unit + 1]):
            ua, va = (edges[e, 0] - x0) * per_metre, (edges[e, 1] - y0) * per_metre
            ub, vb = (edges[e, 2] - x0) * per_metre, (edges[e, 3] - y0) * per_metre
            first = clamped(min(va, vb) - MARGIN, rows)
            last = clamped(max(va, vb) + MARGIN, rows)
            bottom, top = min(bottom, first), max(top, last)
            for row in range(first, last + 1):
                low, high = row_span(ua, va, ub, vb, row, rows)
                begin, end = clamped(low, columns), clamped(high, columns)
                left, right = min(left, begin), max(right, end)
                for cell in range(row * columns + begin, row * columns + end + 1):
                    stamp[cell] = unit
                    cells[cell + 1, 1] += 1
                total += end - begin + 1
                middle = row + 0.5
                if (va > middle) != (vb > middle):
                    at = ua + (middle - va) * (ub - ua) / (vb - va)
                    column = max(np.ceil(at - 0.5), 0.0)
                    if column < columns:
                        toggle[row * columns + int(column)] ^= True
        for row in range(bottom, top + 1):
            within = False
            # Beyond the last edge to the right nothing is within, but the toggles must be undone.
            for column in range(left, min(right + 2, columns)):
                cell = row * columns + column
                if toggle[cell]:
                    within = not within
                    toggle[cell] = False
                if within and stamp[cell] != unit and cells[cell, 0] > unit:
                    cells[cell, 0] = unit
    for cell in range(columns * rows):
        cells[cell + 1, 1] += cells[cell, 1]
    return total


@kernel(number(pairs, floats, ints, short_pairs, short_ints, short_ints))
def fill_cells(edges, frame, shape, cells, filled, cell_edges):
    """Second step: the edges of every cell. `filled` is for working in, one number a cell, at first 0."""
    x0, y0, per_metre = frame[0], frame[1], frame[2]
    columns, rows = shape[0], shape[1]
    for e in range(len(edges)):
        ua, va = (edges[e, 0] - x0) * per_metre, (edges[e, 1] - y0) * per_metre
        ub, vb = (edges[e, 2] - x0) * per_metre, (edges[e, 3] - y0) * per_metre
        first = clamped(min(va, vb) - MARGIN, rows)
        last = clamped(max(va, vb) + MARGIN, rows)
        for row in range(first, last + 1):
            low, high = row_span(ua, va, ub, vb, row, rows)
            begin, end = clamped(low, columns), clamped(high, columns)
            for cell in range(row * columns + begin, row * columns + end + 1):
                cell_edges[cells[cell, 1] + filled[cell]] = e
                filled[cell] += 1
    return 0


@kernel(number(pairs, ints, ints, pairs, ints, short_ints, flag))
def strips(edges, unit_start, strip_first, strip_scale, strip_start, strip_edges, fill):
    """Counts each strip's edges in `strip_start`, at first 0, or, once these are counted, fills them in."""
    for unit in range(len(unit_start) - 1):
        count = strip_first[unit + 1] - strip_first[unit]
        lowest, per_metre = strip_scale[unit, 0], strip_scale[unit, 2]
        for e in range(unit_start[unit], unit_start[unit + 1]):
            low, high = min(edges[e, 1], edges[e, 3]), max(edges[e, 1], edges[e, 3])
            begin = clamped((low - lowest) * per_metre, count)
            end = clamped((high - lowest) * per_metre, count)
            for strip in range(strip_first[unit] + begin, strip_first[unit] + end + 1):
                if fill:
                    # `strip_start` holds where the strip ends and comes down to where it begins.
                    strip_start[strip] -= 1
                    strip_edges[strip_start[strip]] = e
                else:
                    strip_start[strip] += 1
    if not fill:
        running = 0
        for strip in range(len(strip_start)):
            running += strip_start[strip]
            strip_start[strip] = running
    return strip_start[len(strip_start) - 1]


@part
def strip_of(index, unit, y):
    """The edges of a polygon at a height, as a range of `strip_edges`; empty above and below it."""
    if not index.strip_scale[unit, 0] <= y <= index.strip_scale[unit, 1]:
        return 0, 0
    count = index.strip_first[unit + 1] - index.strip_first[unit]
    strip = index.strip_first[unit] + clamped(
        (y - index.strip_scale[unit, 0]) * index.strip_scale[unit, 2], count
    )
    return index.strip_start[strip], index.strip_start[strip + 1]


@part
def place(index, unit, x, y):
    """1 where a point lies within a polygon, 0 on its border, -1 outside."""
    first, last = strip_of(index, unit, y)
    within = False
    for k in range(first, last):
        e = index.strip_edges[k]
        ax, ay = index.edges[e, 0], index.edges[e, 1]
        bx, by = index.edges[e, 2], index.edges[e, 3]
        if y < min(ay, by) or y > max(ay, by) or x > max(ax, bx):
            continue
        if x < min(ax, bx):
            if (ay > y) != (by > y):
                within = not within
            continue
        turn = side(ax, ay, bx, by, x, y)
        if turn == 0.0:
            return 0
        if (ay > y) != (by > y) and (turn > 0.0) == (by > ay):
            within = not within
    return 1 if within else -1


@part
def _cell_of(index, x, y):
    """The cell that a point lies in."""
    columns, rows = index.shape[0], index.shape[1]
    row = clamped((y - index.frame[1]) * index.frame[2], rows)
    return row * columns + clamped((x - index.frame[0]) * index.frame[2], columns)


@part
def holder_at(index, x, y):
    """The first polygon that holds a point, NOBODY for none."""
    cell = _cell_of(index, x, y)
    holder = np.int64(index.cells[cell, 0])
    tried = np.int64(-1)
    for k in range(index.cells[cell, 1], index.cells[cell + 1, 1]):
        unit = np.int64(index.edge_unit[index.cell_edges[k]])
        if unit >= holder:
            break
        if unit != tried:
            tried = unit
            if place(index, unit, x, y) >= 0:
                return unit
    return holder


@part
def holder_near(index, x, y, noise):
    """The first polygon that holds a point or has a border within `noise` of it, NOBODY for none.

    A point that was drawn on a border hardly ever lies on it to the last digit, and then whether it does is a
    matter of rounding; an edge so close is among those of the point's own cell.
    """
    cell = _cell_of(index, x, y)
    holder = np.int64(index.cells[cell, 0])
    tried = np.int64(-1)
    for k in range(index.cells[cell, 1], index.cells[cell + 1, 1]):
        e = index.cell_edges[k]
        unit = np.int64(index.edge_unit[e])
        if unit >= holder:
            break
        if unit != tried:
            tried = unit
            if place(index, unit, x, y) >= 0:
                return unit
        if _near(index.edges, e, x, y, noise):
            return unit
    return holder


@part
def _near(edges, e, x, y, noise):
    """Whether an edge comes within `noise` of a point."""
    ax, ay = edges[e, 0], edges[e, 1]
    bx, by = edges[e, 2], edges[e, 3]
    if (
        x < min(ax, bx) - noise
        or x > max(ax, bx) + noise
        or y < min(ay, by) - noise
        or y > max(ay, by) + noise
    ):
        return False
    wide, high = bx - ax, by - ay
    along = ((x - ax) * wide + (y - ay) * high) / (wide * wide + high * high)
    along = min(max(along, 0.0), 1.0)
    aside_x, aside_y = x - ax - along * wide, y - ay - along * high
    return aside_x * aside_x + aside_y * aside_y <= noise * noise


@part
def _turn_class(turn, forward):
    """A ray's place among four on the way round from a direction: first half, opposite, second half, itself."""
    if turn > 0.0:
        return 0
    if turn < 0.0:
        return 2
    return 3 if forward else 1


@part
def sides_of_way(index, unit, px, py, qx, qy):
    """Just after p on the way to q: whether what lies to the left, and to the right, is within the polygon.

    Where p lies on the border, the border's rays out of p are looked through for the next one on either hand:
    each knows on which of its sides the polygon is.
    """
    where = place(index, unit, px, py)
    if where != 0:
        return where > 0, where > 0
    left_class = right_class = 4
    left_x = left_y = right_x = right_y = 0.0
    left = right = False
    first, last = strip_of(index, unit, py)
    for k in range(first, last):
        e = index.strip_edges[k]
        ax, ay = index.edges[e, 0], index.edges[e, 1]
        bx, by = index.edges[e, 2], index.edges[e, 3]
        if not (min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)):
            continue
        if side(ax, ay, bx, by, px, py) != 0.0:
            continue
        for ray in range(2):
            # The ray towards b has the polygon on its left, the one back towards a on its right.
            onward = ray == 0
            wx, wy = (bx, by) if onward else (ax, ay)
            if wx == px and wy == py:
                continue
            turn = side(px, py, qx, qy, wx, wy)
            forward = (wx - px) * (qx - px) + (wy - py) * (qy - py) > 0.0
            rank = _turn_class(turn, forward)
            if rank < left_class or (
                rank == left_class and side(px, py, left_x, left_y, wx, wy) < 0.0
            ):
                left_class, left_x, left_y, left = rank, wx, wy, not onward
            rank = _turn_class(-turn, forward)
            if rank < right_class or (
                rank == right_class and side(px, py, right_x, right_y, wx, wy) > 0.0
            ):
                right_class, right_x, right_y, right = rank, wx, wy, onward
    return left, right
