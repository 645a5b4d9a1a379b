"""Points sorted into the cells of a grid."""

from __future__ import annotations

from .compiling import floats, ints, kernel, number, pairs, short_ints
from .index import clamped


@kernel(
    number(
        pairs,
        floats,
        floats,
        ints,
        floats,
        number,
        number,
        short_ints,
        short_ints,
        pairs,
        floats,
        floats,
    )
)
def sort_points(
    xy,
    certain,
    possible,
    chosen,
    frame,
    columns,
    rows,
    cell,
    start,
    xy_out,
    certain_out,
    possible_out,
):
    """Some points by cell, in their order within each; `start` is told where each cell's points begin.

    `chosen` are the points; none chosen means all. What is certain and what is possible may be one array.
    `cell`, a number a point, is for working in; `start`, one a cell and two more, is at first 0, and the last is
    of no use afterwards.
    """
    every = len(chosen) == 0
    # Two places further on are counted, so that what is filled in one place further on ends where the next begins.
    for k in range(len(cell)):
        point = k if every else chosen[k]
        column = clamped((xy[point, 0] - frame[0]) * frame[2], columns)
        row = clamped((xy[point, 1] - frame[1]) * frame[2], rows)
        cell[k] = row * columns + column
        start[cell[k] + 2] += 1
    for k in range(2, len(start)):
        start[k] += start[k - 1]
    for k in range(len(cell)):
        point = k if every else chosen[k]
        to = start[cell[k] + 1]
        start[cell[k] + 1] += 1
        xy_out[to, 0], xy_out[to, 1] = xy[point, 0], xy[point, 1]
        certain_out[to], possible_out[to] = certain[point], possible[point]
    return 0
