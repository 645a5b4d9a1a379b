"""How far outlines are from a border of many vertices, by boxes around runs of it, and boxes around runs of those."""

from __future__ import annotations

import numpy as np

from .compiling import floats, ints, kernel, number, pairs, part
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


@kernel(number(pairs, ints, ints, pairs, ints, pairs, pairs, number, floats, ints, number, number))
def nearest(
    xy, starts, part_of, segments, whose, boxes, wider, run, found, nearest_of, first, last
):
    """Squared distance of outlines `first` to `last` from the nearest segment, and whose it is (the least if several).

    Parameters
    ----------
    xy, starts : the outlines' vertices and parts, as in `Lines`; a part of one vertex is a point
    part_of : where each outline's parts begin, and where the last's end
    segments : ax, ay, bx, by of the border
    whose : whose each segment is
    boxes, wider : west, south, east, north of each `run` of segments, and of each `run` of those boxes
    """
    for outline in range(first, last):
        west = south = np.inf
        east = north = -np.inf
        for k in range(starts[part_of[outline]], starts[part_of[outline + 1]]):
            west, east = min(west, xy[k, 0]), max(east, xy[k, 0])
            south, north = min(south, xy[k, 1]), max(north, xy[k, 1])
        best = np.inf
        best_of = -1
        # Twice: the nearest of the wide boxes gives a distance that rules out nearly all others.
        start = 0
        least = np.inf
        for w in range(len(wider)):
            gap_x = _apart(west, east, wider[w, 0], wider[w, 2])
            gap_y = _apart(south, north, wider[w, 1], wider[w, 3])
            if gap_x * gap_x + gap_y * gap_y < least:
                least, start = gap_x * gap_x + gap_y * gap_y, w
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
                for s in range(b * run, min((b + 1) * run, len(segments))):
                    ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                    gap_x = _apart(west, east, min(ax, bx), max(ax, bx))
                    gap_y = _apart(south, north, min(ay, by), max(ay, by))
                    if gap_x * gap_x + gap_y * gap_y > best:
                        continue
                    for one in range(part_of[outline], part_of[outline + 1]):
                        single = starts[one + 1] - starts[one] == 1
                        for k in range(starts[one], starts[one + 1] - (0 if single else 1)):
                            next_k = k if single else k + 1
                            px, py, qx, qy = xy[k, 0], xy[k, 1], xy[next_k, 0], xy[next_k, 1]
                            gap_x = _apart(min(px, qx), max(px, qx), min(ax, bx), max(ax, bx))
                            gap_y = _apart(min(py, qy), max(py, qy), min(ay, by), max(ay, by))
                            if gap_x * gap_x + gap_y * gap_y > best:
                                continue
                            square = _between(px, py, qx, qy, ax, ay, bx, by)
                            if square < best or (square == best and whose[s] < best_of):
                                best, best_of = square, whose[s]
        found[outline], nearest_of[outline] = best, best_of
    return 0
