"""How far outlines are from a border of many vertices, by boxes around runs of it, and boxes around runs of those."""

from __future__ import annotations

import numpy as np

from .compiling import floats, int_pairs, ints, kernel, number, pairs, part
from .predicates import side


@part
def _apart(low, low_end, high, high_end):
    """How far two ranges of one axis are apart."""
    return max(high - low_end, low - high_end, 0.0)


@part
def _to_segment(x, y, ax, ay, bx, by):
    """Squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    along = 0.0
    if square > 0.0:
        along = min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
    dx, dy = x - (ax + along * dx), y - (ay + along * dy)
    return dx * dx + dy * dy


@part
def _between(ax, ay, bx, by, cx, cy, dx, dy):
    """Squared distance of two segments."""
    if (side(ax, ay, bx, by, cx, cy) > 0.0) != (side(ax, ay, bx, by, dx, dy) > 0.0) and (
        side(cx, cy, dx, dy, ax, ay) > 0.0
    ) != (side(cx, cy, dx, dy, bx, by) > 0.0):
        return 0.0
    return min(
        _to_segment(ax, ay, cx, cy, dx, dy),
        _to_segment(bx, by, cx, cy, dx, dy),
        _to_segment(cx, cy, ax, ay, bx, by),
        _to_segment(dx, dy, ax, ay, bx, by),
    )


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
        for k in range(starts[part_of[outline]], starts[part_of[outline + 1]]):
            west, east = min(west, xy[k, 0]), max(east, xy[k, 0])
            south, north = min(south, xy[k, 1]), max(north, xy[k, 1])
        stretches = 0
        for one in range(part_of[outline], part_of[outline + 1]):
            begin = starts[one]
            while True:
                end = min(begin + run, starts[one + 1] - 1)
                stretch[stretches, 0], stretch[stretches, 1] = xy[begin, 0], xy[begin, 1]
                stretch[stretches, 2], stretch[stretches, 3] = xy[begin, 0], xy[begin, 1]
                for k in range(begin + 1, end + 1):
                    stretch[stretches, 0] = min(stretch[stretches, 0], xy[k, 0])
                    stretch[stretches, 1] = min(stretch[stretches, 1], xy[k, 1])
                    stretch[stretches, 2] = max(stretch[stretches, 2], xy[k, 0])
                    stretch[stretches, 3] = max(stretch[stretches, 3], xy[k, 1])
                stretch_of[stretches, 0], stretch_of[stretches, 1] = begin, end
                stretches += 1
                begin = end
                if end >= starts[one + 1] - 1:
                    break
        best = np.inf
        best_of = 2**62
        start = 0
        least = np.inf
        for w in range(len(wider)):
            gap_x = _apart(west, east, wider[w, 0], wider[w, 2])
            gap_y = _apart(south, north, wider[w, 1], wider[w, 3])
            if gap_x * gap_x + gap_y * gap_y < least:
                least, start = gap_x * gap_x + gap_y * gap_y, w
        # What is found near the nearest box is an upper bound from the start.
        near, least = start * run, np.inf
        for b in range(start * run, min((start + 1) * run, len(boxes))):
            gap_x = _apart(west, east, boxes[b, 0], boxes[b, 2])
            gap_y = _apart(south, north, boxes[b, 1], boxes[b, 3])
            if gap_x * gap_x + gap_y * gap_y < least:
                least, near = gap_x * gap_x + gap_y * gap_y, b
        for s in range(near * run, min((near + 1) * run, len(segments))):
            for q in range(stretches):
                x, y = xy[stretch_of[q, 0], 0], xy[stretch_of[q, 0], 1]
                square = _to_segment(
                    x, y, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                )
                best = min(best, square * (1 + 1e-9))
        for turn in range(len(wider)):
            w = (start + turn) % len(wider)
            gap_x = _apart(west, east, wider[w, 0], wider[w, 2])
            gap_y = _apart(south, north, wider[w, 1], wider[w, 3])
            if gap_x * gap_x + gap_y * gap_y > best:
                continue
            for b in range(w * run, min((w + 1) * run, len(boxes))):
                gap_x = _apart(west, east, boxes[b, 0], boxes[b, 2])
                gap_y = _apart(south, north, boxes[b, 1], boxes[b, 3])
                if gap_x * gap_x + gap_y * gap_y > best:
                    continue
                for q in range(stretches):
                    gap_x = _apart(stretch[q, 0], stretch[q, 2], boxes[b, 0], boxes[b, 2])
                    gap_y = _apart(stretch[q, 1], stretch[q, 3], boxes[b, 1], boxes[b, 3])
                    if gap_x * gap_x + gap_y * gap_y > best:
                        continue
                    begin, end = stretch_of[q, 0], stretch_of[q, 1]
                    for s in range(b * run, min((b + 1) * run, len(segments))):
                        ax, ay, bx, by = (
                            segments[s, 0],
                            segments[s, 1],
                            segments[s, 2],
                            segments[s, 3],
                        )
                        gap_x = _apart(stretch[q, 0], stretch[q, 2], min(ax, bx), max(ax, bx))
                        gap_y = _apart(stretch[q, 1], stretch[q, 3], min(ay, by), max(ay, by))
                        if gap_x * gap_x + gap_y * gap_y > best:
                            continue
                        for k in range(begin, max(end, begin + 1)):
                            next_k = min(k + 1, end)
                            square = _between(
                                xy[k, 0], xy[k, 1], xy[next_k, 0], xy[next_k, 1], ax, ay, bx, by
                            )
                            if square < best or (square == best and whose[s] < best_of):
                                best, best_of = square, whose[s]
        found[outline], nearest_of[outline] = best, best_of
    return 0
