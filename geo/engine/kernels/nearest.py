"""How far outlines are from a border of many vertices, by boxes around runs of it, and boxes around runs of those."""

from __future__ import annotations

import numpy as np

from .compiling import floats, int_pairs, ints, kernel, number, pairs, part
from .predicates import side


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
def _bound(xy, begin, end, segments, first, last):
    """Which vertex of an outline is nearest to one of some segments of a border, or nearly so, and how far (squared)."""
    x, y = segments[(first + last) // 2, 0], segments[(first + last) // 2, 1]
    least, k = np.inf, begin
    for one in range(begin, end):
        dx, dy = xy[one, 0] - x, xy[one, 1] - y
        if dx * dx + dy * dy < least:
            least, k = dx * dx + dy * dy, one
    least, s = np.inf, first
    for one in range(first, last):
        square = _to_segment(
            xy[k, 0],
            xy[k, 1],
            segments[one, 0],
            segments[one, 1],
            segments[one, 2],
            segments[one, 3],
        )
        if square < least:
            least, s = square, one
    for one in range(begin, end):
        square = _to_segment(
            xy[one, 0], xy[one, 1], segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        )
        if square < least:
            least, k = square, one
    return k, least


@kernel(
    number(
        pairs,
        ints,
        ints,
        pairs,
        ints,
        pairs,
        pairs,
        number,
        pairs,
        int_pairs,
        floats,
        ints,
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
    wider,
    run,
    stretch,
    stretch_of,
    found,
    nearest_of,
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
    boxes, wider : west, south, east, north of each `run` of segments, and of each `run` of those boxes
    stretch, stretch_of : to work in, a row for each `run` of segments an outline has: its box, and its ends
    """
    for outline in range(first, last):
        west = south = np.inf
        east = north = -np.inf
        stretches = 0
        for one in range(part_of[outline], part_of[outline + 1]):
            begin = starts[one]
            while True:
                end = min(begin + run, starts[one + 1] - 1)
                low_x = high_x = xy[begin, 0]
                low_y = high_y = xy[begin, 1]
                for k in range(begin + 1, end + 1):
                    low_x, high_x = min(low_x, xy[k, 0]), max(high_x, xy[k, 0])
                    low_y, high_y = min(low_y, xy[k, 1]), max(high_y, xy[k, 1])
                stretch[stretches, 0], stretch[stretches, 1] = low_x, low_y
                stretch[stretches, 2], stretch[stretches, 3] = high_x, high_y
                west, south = min(west, low_x), min(south, low_y)
                east, north = max(east, high_x), max(north, high_y)
                stretch_of[stretches, 0], stretch_of[stretches, 1] = begin, end
                stretches += 1
                begin = end
                if end >= starts[one + 1] - 1:
                    break
        start, least = 0, np.inf
        for w in range(len(wider)):
            gap = _gap(wider, w, west, south, east, north)
            if gap < least:
                least, start = gap, w
        # What is found at the nearest box is an upper bound from the start.
        near, least = start * run, np.inf
        for b in range(start * run, min((start + 1) * run, len(boxes))):
            gap = _gap(boxes, b, west, south, east, north)
            if gap < least:
                least, near = gap, b
        spot, best = _bound(
            xy,
            starts[part_of[outline]],
            starts[part_of[outline + 1]],
            segments,
            near * run,
            min((near + 1) * run, len(segments)),
        )
        x, y = xy[spot, 0], xy[spot, 1]
        for w in range(len(wider)):
            if _gap(wider, w, x, y, x, y) >= best:
                continue
            for b in range(w * run, min((w + 1) * run, len(boxes))):
                if _gap(boxes, b, x, y, x, y) >= best:
                    continue
                for s in range(b * run, min((b + 1) * run, len(segments))):
                    square = _to_segment(
                        x, y, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                    )
                    best = min(best, square)
        best *= 1 + 1e-9
        best_of = 2**62
        for turn in range(len(wider)):
            w = start + turn
            if w >= len(wider):
                w -= len(wider)
            if _gap(wider, w, west, south, east, north) > best:
                continue
            for b in range(w * run, min((w + 1) * run, len(boxes))):
                if _gap(boxes, b, west, south, east, north) > best:
                    continue
                low, high = b * run, min((b + 1) * run, len(segments))
                for q in range(stretches):
                    gap = _gap(boxes, b, stretch[q, 0], stretch[q, 1], stretch[q, 2], stretch[q, 3])
                    if gap > best:
                        continue
                    begin, end = stretch_of[q, 0], stretch_of[q, 1]
                    for k in range(begin, end + 1):
                        x, y = xy[k, 0], xy[k, 1]
                        if _gap(boxes, b, x, y, x, y) > best:
                            continue
                        for s in range(low, high):
                            square = _to_segment(
                                x,
                                y,
                                segments[s, 0],
                                segments[s, 1],
                                segments[s, 2],
                                segments[s, 3],
                            )
                            if square < best or (square == best and whose[s] < best_of):
                                best, best_of = square, whose[s]

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
                            if _gap(stretch, q, x, y, x, y) > best:
                                continue
                            for k in range(begin, end):
                                square = _to_segment(
                                    x, y, xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                                )
                                if square < best or (square == best and whose[s] < best_of):
                                    best, best_of = square, whose[s]
                    if gap > 0.0:
                        continue
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
        found[outline], nearest_of[outline] = best, best_of
    return 0
