"""Which stretches of a segment lie in which polygons.

Where a segment enters and leaves a polygon follows from signs that are always right: on which side of the
segment's line an edge's ends lie. They are counted twice, for the line moved a hair to the left and a hair to
the right; a stretch lies in the closed polygon where either does. So lines along borders, through vertices and
touching need no case of their own. What runs along an edge within noise lies on it: a line drawn on a border
rarely lies on it to the last digit, and must not fall to pieces between its neighbours.
"""

from __future__ import annotations

import numpy as np

from .compiling import part, woven_part
from .index import NOBODY, clamped, holder_at, row_span, sides_of_way
from .predicates import side

UNCLEAR = -2
"""In place of an owner: a border may run there."""


@woven_part
def _beside(edges, e, px, py, qx, qy, length, noise):
    """Whether an edge lies apart from a segment, by more than noise; if not, on which sides its ends lie."""
    ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    if (
        max(ax, bx) < min(px, qx) - noise
        or min(ax, bx) > max(px, qx) + noise
        or max(ay, by) < min(py, qy) - noise
        or min(ay, by) > max(py, qy) + noise
    ):
        return True, 0.0, 0.0
    a = side(px, py, qx, qy, ax, ay)
    b = side(px, py, qx, qy, bx, by)
    near = noise * length
    return (a > near and b > near) or (a < -near and b < -near), a, b


@woven_part
def holder_of_all(index, px, py, qx, qy, length, noise, known):
    """The first polygon that holds a segment no border comes near, NOBODY for none; UNCLEAR where one may.

    Such a segment lies in each polygon as a whole or not at all, and so does the next one of its line if no border
    comes near that either. What is told is what `claims` would find, without a look at each polygon.

    Parameters
    ----------
    known : who holds p, where that is known and no border runs through it; else UNCLEAR
    """
    if len(index.edges) == 0:
        return np.int64(NOBODY)
    x0, y0, per_metre = index.frame[0], index.frame[1], index.frame[2]
    columns, rows = index.shape[0], index.shape[1]
    ua, va = (px - x0) * per_metre, (py - y0) * per_metre
    ub, vb = (qx - x0) * per_metre, (qy - y0) * per_metre
    column, row = clamped(ua, columns), clamped(va, rows)
    last_column, last_row = clamped(ub, columns), clamped(vb, rows)
    here = row * columns + column
    clean = index.cells[here + 1, 1] == index.cells[here, 1]
    if column == last_column and row == last_row and clean:
        return np.int64(index.cells[here, 0])
    first_column, last_column = min(column, last_column), max(column, last_column)
    # In two rows it is quicker to look at all the cells about a segment than to work out which it runs through.
    short = abs(last_row - row) < 2
    for at in range(min(row, last_row), max(row, last_row) + 1):
        begin, end = at * columns + first_column, at * columns + last_column + 1
        if not short:
            low, high = row_span(ua, va, ub, vb, at, rows)
            begin = at * columns + clamped(low, columns)
            end = at * columns + clamped(high, columns) + 1
        for k in range(index.cells[begin, 1], index.cells[end, 1]):
            e = index.cell_edges[k]
            apart, _a, _b = _beside(index.edges, e, px, py, qx, qy, length, noise)
            if not apart:
                return np.int64(UNCLEAR)
    # Where it begins says where all of it lies.
    if clean:
        return np.int64(index.cells[here, 0])
    if known != UNCLEAR:
        return known
    return holder_at(index, px, py)


@part
def entries(index, px, py, qx, qy):
    """How many edges run through the cells of a segment, and how many cells these are."""
    x0, y0, per_metre = index.frame[0], index.frame[1], index.frame[2]
    columns, rows = index.shape[0], index.shape[1]
    ua, va = (px - x0) * per_metre, (py - y0) * per_metre
    ub, vb = (qx - x0) * per_metre, (qy - y0) * per_metre
    found = visited = 0
    for row in range(clamped(min(va, vb), rows), clamped(max(va, vb), rows) + 1):
        low, high = row_span(ua, va, ub, vb, row, rows)
        begin = row * columns + clamped(low, columns)
        end = row * columns + clamped(high, columns) + 1
        found += index.cells[end, 1] - index.cells[begin, 1]
        visited += end - begin
    return found, visited


@part
def _sort(values, first, count):
    """`count` values from the first on ascending, in place."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(first + gap, first + count):
            value = values[i]
            j = i
            while j >= first + gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 3


@part
def _gather(index, px, py, qx, qy, edges, owners):
    """The edges in the cells of a segment, each once and ascending, and the owners of the cells."""
    x0, y0, per_metre = index.frame[0], index.frame[1], index.frame[2]
    columns, rows = index.shape[0], index.shape[1]
    ua, va = (px - x0) * per_metre, (py - y0) * per_metre
    ub, vb = (qx - x0) * per_metre, (qy - y0) * per_metre
    found = owning = visited = 0
    for row in range(clamped(min(va, vb), rows), clamped(max(va, vb), rows) + 1):
        low, high = row_span(ua, va, ub, vb, row, rows)
        begin = row * columns + clamped(low, columns)
        end = row * columns + clamped(high, columns) + 1
        visited += end - begin
        for cell in range(begin, end):
            owner = np.int64(index.cells[cell, 0])
            if owner != NOBODY and (owning == 0 or owners[owning - 1] != owner):
                owners[owning] = owner
                owning += 1
        for k in range(index.cells[begin, 1], index.cells[end, 1]):
            edges[found] = index.cell_edges[k]
            found += 1
    if visited > 1:
        _sort(edges, 0, found)
        different = 0
        for k in range(found):
            if k == 0 or edges[k] != edges[k - 1]:
                edges[different] = edges[k]
                different += 1
        found = different
        _sort(owners, 0, owning)
    return found, owning


@part
def _alongside(px, py, qx, qy, length, ax, ay, bx, by, aside_a, aside_b, noise):
    """The stretch over which a segment and an edge run along each other within noise; empty for none."""
    ways_x, ways_y = (qx - px) / length, (qy - py) / length
    along_a = (ax - px) * ways_x + (ay - py) * ways_y
    along_b = (bx - px) * ways_x + (by - py) * ways_y
    begin, end = max(min(along_a, along_b), 0.0), min(max(along_a, along_b), length)
    if end - begin > noise:
        slope = (aside_b - aside_a) / (along_b - along_a)
        first = aside_a + (begin - along_a) * slope
        last = aside_a + (end - along_a) * slope
        if abs(first) <= noise and abs(last) <= noise:
            return begin, end
    return 0.0, 0.0


@part
def _crossings(index, edges, first, last, px, py, qx, qy, length, noise, room, count):
    """Where edges cross a segment moved to the left (hand 1), to the right (2) or both (3), in order.

    A stretch along an edge is claimed at once. Returns how many crossings, and how many claims there are now.
    """
    at, hand = room.at, room.hand
    crossings = 0
    for k in range(first, last):
        e = edges[k]
        apart, a, b = _beside(index.edges, e, px, py, qx, qy, length, noise)
        if apart:
            continue
        ax, ay = index.edges[e, 0], index.edges[e, 1]
        bx, by = index.edges[e, 2], index.edges[e, 3]
        begin, end = _alongside(
            px, py, qx, qy, length, ax, ay, bx, by, a / length, b / length, noise
        )
        if end > begin:
            room.claims[count, 0], room.claims[count, 1] = begin, end
            room.whose[count] = index.edge_unit[e]
            count += 1
        left, right = (a > 0.0) != (b > 0.0), (a >= 0.0) != (b >= 0.0)
        if not (left or right):
            continue
        p = side(ax, ay, bx, by, px, py)
        q = side(ax, ay, bx, by, qx, qy)
        # At p itself it is part of how the segment begins, at q of how the next one does.
        if not ((p > 0.0 and q < 0.0) or (p < 0.0 and q > 0.0)):
            continue
        if a == 0.0:
            along = ((ax - px) * (qx - px) + (ay - py) * (qy - py)) / length
        elif b == 0.0:
            along = ((bx - px) * (qx - px) + (by - py) * (qy - py)) / length
        else:
            along = length * (p / (p - q))
        along = min(max(along, 0.0), length)
        j = crossings
        while j > 0 and at[j - 1] > along:
            at[j] = at[j - 1]
            hand[j] = hand[j - 1]
            j -= 1
        at[j] = along
        hand[j] = (1 if left else 0) + (2 if right else 0)
        crossings += 1
    return crossings, count


@part
def claims(index, edges, room, px, py, qx, qy, length, noise, count):
    """Where units claim a segment: stretches appended to `claims` from `count` on, and who claims all of it."""
    owners, at, hand, claims, whose = room.owners, room.at, room.hand, room.claims, room.whose
    found, owning = _gather(index, px, py, qx, qy, edges, owners)
    all_of_it = np.int64(NOBODY)
    for k in range(owning):
        # Who holds one of the cells, and has no edge in any, holds them all.
        low, high = 0, found
        while low < high:
            middle = (low + high) // 2
            if edges[middle] < index.unit_start[owners[k]]:
                low = middle + 1
            else:
                high = middle
        if low == found or edges[low] >= index.unit_start[owners[k] + 1]:
            all_of_it = owners[k]
            break
    first = 0
    while first < found:
        unit = np.int64(index.edge_unit[edges[first]])
        if unit > all_of_it:
            break
        last = first + 1
        while last < found and edges[last] < index.unit_start[unit + 1]:
            last += 1
        crossings, count = _crossings(
            index, edges, first, last, px, py, qx, qy, length, noise, room, count
        )
        first = last
        left, right = sides_of_way(index, unit, px, py, qx, qy)
        begin = 0.0
        before = count
        k = 0
        while k < crossings:
            here = at[k]
            within = left or right
            while k < crossings and at[k] == here:
                if hand[k] & 1:
                    left = not left
                if hand[k] & 2:
                    right = not right
                k += 1
            if within and not (left or right):
                claims[count, 0], claims[count, 1] = begin, here
                whose[count] = unit
                count += 1
            elif not within and (left or right):
                begin = here
        if left or right:
            if begin == 0.0 and count == before:
                all_of_it = unit
                break
            claims[count, 0], claims[count, 1] = begin, length
            whose[count] = unit
            count += 1
    return count, all_of_it


@part
def cuts(claims, count, length, noise, at):
    """Where claims begin and end, from 0 to `length`; what differs by noise is one cut. Returns how many."""
    ends = 0
    for k in range(count):
        for end in range(2):
            cut = claims[k, end]
            if noise <= cut <= length - noise:
                at[1 + ends] = cut
                ends += 1
    _sort(at, 1, ends)
    at[0] = before = 0.0
    kept = 1
    for k in range(1, ends + 1):
        cut = at[k]
        if k == 1 or cut - before > noise:
            at[kept] = cut
            kept += 1
        before = cut
    at[kept] = length
    return kept + 1
