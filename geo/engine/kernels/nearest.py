"""How far outlines are from a border of many vertices, by boxes around runs of it, and boxes around runs of those."""

from __future__ import annotations

import numpy as np

from .compiling import floats, int_pairs, ints, kernel, number, pairs, part
from .predicates import side

SLACK = 1 + 1e-9
"""What is farther than the nearest by less than this is looked at all the same, so that no figure hangs on the order."""


@part
def _gap(box, b, west, south, east, north):
    """Squared distance of a box of a list from a box."""
    x = max(box[b, 0] - east, west - box[b, 2], 0.0)
    y = max(box[b, 1] - north, south - box[b, 3], 0.0)
    return x * x + y * y


@part
def _to_segment(x, y, ax, ay, bx, by):
    """Squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    px, py = x - ax, y - ay
    square = dx * dx + dy * dy
    along = px * dx + py * dy
    if along >= square:
        # From the end itself, so that two segments that meet there are equally far.
        px, py = x - bx, y - by
    elif along > 0.0:
        along /= square
        px, py = px - along * dx, py - along * dy
    return px * px + py * py


@part
def _cross(ax, ay, bx, by, cx, cy, dx, dy):
    """Whether two segments cross within both."""
    if (
        max(ax, bx) < min(cx, dx)
        or max(cx, dx) < min(ax, bx)
        or max(ay, by) < min(cy, dy)
        or max(cy, dy) < min(ay, by)
    ):
        return False
    return (side(ax, ay, bx, by, cx, cy) > 0.0) != (side(ax, ay, bx, by, dx, dy) > 0.0) and (
        side(cx, cy, dx, dy, ax, ay) > 0.0
    ) != (side(cx, cy, dx, dy, bx, by) > 0.0)


@part
def _bound(xy, begin, end, segments, low, high):
    """Squared distance of some vertex of an outline from some segments of a border: one that is near to them."""
    x, y = segments[low, 0], segments[low, 1]
    least, k = np.inf, begin
    for one in range(begin, end):
        dx, dy = xy[one, 0] - x, xy[one, 1] - y
        if dx * dx + dy * dy < least:
            least, k = dx * dx + dy * dy, one
    least = np.inf
    for s in range(low, high):
        square = _to_segment(
            xy[k, 0], xy[k, 1], segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        )
        least = min(least, square)
    return least


@part
def _stretches(xy, starts, first, last, run, stretch, stretch_of):
    """Cuts parts `first` to `last` of an outline into stretches of `run` edges: how many, and the box around all."""
    west = south = np.inf
    east = north = -np.inf
    count = 0
    for one in range(first, last):
        begin = starts[one]
        while True:
            end = min(begin + run, starts[one + 1] - 1)
            low_x = high_x = xy[begin, 0]
            low_y = high_y = xy[begin, 1]
            for k in range(begin + 1, end + 1):
                low_x, high_x = min(low_x, xy[k, 0]), max(high_x, xy[k, 0])
                low_y, high_y = min(low_y, xy[k, 1]), max(high_y, xy[k, 1])
            stretch[count, 0], stretch[count, 1] = low_x, low_y
            stretch[count, 2], stretch[count, 3] = high_x, high_y
            west, south = min(west, low_x), min(south, low_y)
            east, north = max(east, high_x), max(north, high_y)
            stretch_of[count, 0], stretch_of[count, 1] = begin, end
            count += 1
            begin = end
            if end >= starts[one + 1] - 1:
                break
    return count, west, south, east, north


@part
def _apart(xy, begin, end, stretch, q, segments, whose, low, high, boxes, b, limit, best, best_of):
    """Squared distance of a stretch of an outline from some segments of a border, and whose is nearest, where that is
    less than the best so far."""
    for k in range(begin, end + 1):
        x, y = xy[k, 0], xy[k, 1]
        if _gap(boxes, b, x, y, x, y) > limit:
            continue
        for s in range(low, high):
            square = _to_segment(
                x, y, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            )
            if square < best or (square == best and whose[s] < best_of):
                best, best_of = square, whose[s]
                limit = min(limit, best * SLACK)
    for s in range(low, high):
        # Where the next segment begins as this one ends, it answers for both; not for another line.
        ends = 1
        if s + 1 == high or (
            whose[s] != whose[s + 1]
            or segments[s, 2] != segments[s + 1, 0]
            or segments[s, 3] != segments[s + 1, 1]
        ):
            ends = 2
        for at in range(ends):
            x, y = segments[s, 2 * at], segments[s, 2 * at + 1]
            if _gap(stretch, q, x, y, x, y) > limit:
                continue
            for k in range(begin, end):
                square = _to_segment(x, y, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1])
                if square < best or (square == best and whose[s] < best_of):
                    best, best_of = square, whose[s]
                    limit = min(limit, best * SLACK)
    return limit, best, best_of


@part
def _first_crossed(xy, begin, end, segments, whose, low, high, best, best_of):
    """Whose segment a stretch of an outline crosses, the least; else what was known before."""
    for s in range(low, high):
        if best == 0.0 and whose[s] >= best_of:
            continue
        for k in range(begin, end):
            if _cross(
                xy[k, 0],
                xy[k, 1],
                xy[k + 1, 0],
                xy[k + 1, 1],
                segments[s, 0],
                segments[s, 1],
                segments[s, 2],
                segments[s, 3],
            ):
                best, best_of = 0.0, whose[s]
                break
    return best, best_of


@kernel(
    number(
        pairs,
        ints,
        ints,
        pairs,
        ints,
        pairs,
        ints,
        number,
        int_pairs,
        floats,
        pairs,
        int_pairs,
        floats,
        ints,
        pairs,
        number,
        number,
    )
)
def nearest(
    xy,
    starts,
    part_of,
    segments,
    whose,
    boxes,
    level_of,
    run,
    stack,
    stack_gap,
    stretch,
    stretch_of,
    found,
    nearest_of,
    around,
    first,
    last,
):
    """Squared distance of outlines `first` to `last` from the nearest segment, and whose it is (the least if several).

    Parameters
    ----------
    xy, starts : the outlines' vertices and parts, as in `Lines`; a part of one vertex is a point
    part_of : where each outline's parts begin, and where the last's end
    segments : ax, ay, bx, by of the border
    whose : whose each segment is
    boxes : west, south, east, north of each `run` of segments; then of each `run` of those boxes, and so on
    level_of : where each such level of boxes begins, and where the last ends
    stack, stack_gap : to work in, for `run` boxes of each level
    stretch, stretch_of : to work in, a row for each `run` of segments an outline has: its box, and its ends
    around : each outline's box is written here
    """
    top = len(level_of) - 2
    seed = 0
    for outline in range(first, last):
        stretches, west, south, east, north = _stretches(
            xy, starts, part_of[outline], part_of[outline + 1], run, stretch, stretch_of
        )
        around[outline, 0], around[outline, 1] = west, south
        around[outline, 2], around[outline, 3] = east, north
        # Outlines mostly come beside the one before: what was nearest to that is not far from this.
        limit = SLACK * _bound(
            xy,
            starts[part_of[outline]],
            starts[part_of[outline + 1]],
            segments,
            seed * run,
            min((seed + 1) * run, len(segments)),
        )
        best, best_of = np.inf, 2**62
        stack[0, 0], stack[0, 1], stack_gap[0] = 0, top + 1, 0.0
        depth = 1
        while depth > 0:
            depth -= 1
            if stack_gap[depth] > limit:
                continue
            b, level = stack[depth, 0], stack[depth, 1] - 1
            low = b * run
            if level >= 0:
                begin, bottom = level_of[level], depth
                for one in range(low, min(low + run, level_of[level + 1] - begin)):
                    gap = _gap(boxes, begin + one, west, south, east, north)
                    if gap > limit:
                        continue
                    # The nearest comes to lie on top.
                    at = depth
                    while at > bottom and stack_gap[at - 1] < gap:
                        stack[at, 0], stack[at, 1] = stack[at - 1, 0], stack[at - 1, 1]
                        stack_gap[at] = stack_gap[at - 1]
                        at -= 1
                    stack[at, 0], stack[at, 1], stack_gap[at] = one, level, gap
                    depth += 1
                continue
            high = min(low + run, len(segments))
            before = best
            for q in range(stretches):
                gap = _gap(boxes, b, stretch[q, 0], stretch[q, 1], stretch[q, 2], stretch[q, 3])
                if gap > limit:
                    continue
                begin, end = stretch_of[q, 0], stretch_of[q, 1]
                limit, best, best_of = _apart(
                    xy,
                    begin,
                    end,
                    stretch,
                    q,
                    segments,
                    whose,
                    low,
                    high,
                    boxes,
                    b,
                    limit,
                    best,
                    best_of,
                )
                if gap == 0.0:
                    best, best_of = _first_crossed(
                        xy, begin, end, segments, whose, low, high, best, best_of
                    )
                    limit = min(limit, best * SLACK)
            if best < before:
                seed = b
        found[outline], nearest_of[outline] = best, best_of
    return 0
