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

    `cell`, a number a point, and `filled`, one a cell, are for working in; `filled` is at first 0.
    """
    for k in range(len(chosen)):
        column = clamped((xy[chosen[k], 0] - frame[0]) * frame[2], columns)
        row = clamped((xy[chosen[k], 1] - frame[1]) * frame[2], rows)
        cell[k] = row * columns + column
        filled[cell[k]] += 1
    running = 0
    for k in range(len(filled)):
        start[k] = running
        running += filled[k]
        filled[k] = start[k]
    start[len(filled)] = running
    for k in range(len(chosen)):
        to = filled[cell[k]]
        filled[cell[k]] += 1
        xy_out[to, 0], xy_out[to, 1] = xy[chosen[k], 0], xy[chosen[k], 1]
        certain_out[to], possible_out[to] = certain[chosen[k]], possible[chosen[k]]
    return 0
