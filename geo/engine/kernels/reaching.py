"""Points sorted into the cells of a grid."""

from __future__ import annotations

from .compiling import floats, ints, kernel, number, pairs
from .index import clamped


@kernel(
    number(
        pairs, floats, floats, ints, floats, number, number, ints, ints, ints, pairs, floats, floats
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
    filled,
    start,
    xy_out,
    certain_out,
    possible_out,
):
    """Some points by cell, in their order within each; `start` is told where each cell's points begin.

    `chosen` are the points; none chosen means all. What is certain and what is possible may be one array.
    `cell`, a number a point, and `filled`, one a cell, are for working in; `filled` is at first 0.
    """
    every = len(chosen) == 0
    for k in range(len(cell)):
        point = k if every else chosen[k]
        column = clamped((xy[point, 0] - frame[0]) * frame[2], columns)
        row = clamped((xy[point, 1] - frame[1]) * frame[2], rows)
        cell[k] = row * columns + column
        filled[cell[k]] += 1
    running = 0
    for k in range(len(filled)):
        start[k] = running
        running += filled[k]
        filled[k] = start[k]
    start[len(filled)] = running
    for k in range(len(cell)):
        point = k if every else chosen[k]
        to = filled[cell[k]]
        filled[cell[k]] += 1
        xy_out[to, 0], xy_out[to, 1] = xy[point, 0], xy[point, 1]
        certain_out[to], possible_out[to] = certain[point], possible[point]
    return 0
