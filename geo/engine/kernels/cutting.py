"""Lines cut by units, by the area and by what points reach, segment by segment.

Where a segment enters and leaves a polygon follows from signs that are always right: on which side of the
segment's line an edge's ends lie. They are counted twice, for the line moved a hair to the left and a hair to
the right; a stretch lies in the closed polygon where either does. So lines along borders, through vertices and
touching need no case of their own. What runs along an edge within noise lies on it: a line drawn on a border
rarely lies on it to the last digit, and must not fall to pieces between its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from .compiling import floats, ints, kernel, metres, number, pairs, part, short_ints
from .index import INDEX, NOBODY, clamped, place, row_span, sides_of_way
from .predicates import side


class Reaching(NamedTuple):
    """Points with a reach, by grid cell; points of like reach share a grid."""

    xy: np.ndarray
    certain: np.ndarray
    possible: np.ndarray
    frames: np.ndarray
    """(grids, 4): x and y of the corner, cells a metre, the longest reach."""
    shapes: np.ndarray
    """(grids, 3): columns, rows, and where the grid's cells begin in `start`."""
    start: np.ndarray
    """Where each cell's points begin, and where the last ends."""


class Room(NamedTuple):
    """Arrays to work in. Kernels make none themselves: counting who holds an array costs more than their work."""

    unit_edges: np.ndarray
    area_edges: np.ndarray
    owners: np.ndarray
    at: np.ndarray
    hand: np.ndarray
    claims: np.ndarray
    whose: np.ndarray
    cuts: np.ndarray
    sure: np.ndarray
    maybe: np.ndarray
    own_unit: np.ndarray
    own_inside: np.ndarray
    own_sum: np.ndarray


class Cut(NamedTuple):
    """Pieces as they are cut."""

    row: np.ndarray
    unit: np.ndarray
    inside: np.ndarray
    sums: np.ndarray
    """(pieces, 3): metres, and of them those surely and those possibly within reach."""


bits = numba.boolean[::1]
REACHING = numba.types.NamedTuple(
    [pairs, floats, floats, pairs, numba.int64[:, ::1], ints], Reaching
)
ROOM = numba.types.NamedTuple(
    [
        short_ints,
        short_ints,
        ints,
        floats,
        ints,
        pairs,
        ints,
        floats,
        pairs,
        pairs,
        ints,
        bits,
        pairs,
    ],
    Room,
)
CUT = numba.types.NamedTuple([ints, ints, bits, pairs], Cut)


def room_of(size: int) -> Room:
    """Room for segments that meet up to `size` edges and points."""
    return Room(
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty((3 * size, 2)),
        np.empty(3 * size, np.int64),
        np.empty(6 * size + 2),
        np.empty((size, 2)),
        np.empty((2 * size, 2)),
        np.empty(6 * size, np.int64),
        np.empty(6 * size, bool),
        np.empty((6 * size, 3)),
    )


def cut_of(pieces: int) -> Cut:
    """Room for so many pieces."""
    return Cut(
        np.empty(pieces, np.int64),
        np.empty(pieces, np.int64),
        np.empty(pieces, bool),
        np.empty((pieces, 3)),
    )


@part
def _entries(index, px, py, qx, qy):
    """How many edges run through the cells of a segment, how many cells these are, and who owns the first."""
    x0, y0, per_metre = index.frame[0], index.frame[1], index.frame[2]
    columns, rows = index.shape[0], index.shape[1]
    ua, va = (px - x0) * per_metre, (py - y0) * per_metre
    ub, vb = (qx - x0) * per_metre, (qy - y0) * per_metre
    column, row = clamped(ua, columns), clamped(va, rows)
    if column == clamped(ub, columns) and row == clamped(vb, rows):
        cell = row * columns + column
        here = index.cells[cell + 1, 1] - index.cells[cell, 1]
        return here, 1, np.int64(index.cells[cell, 0])
    found = visited = 0
    owner = np.int64(NOBODY)
    for row in range(clamped(min(va, vb), rows), clamped(max(va, vb), rows) + 1):
        low, high = row_span(ua, va, ub, vb, row, rows)
        begin = row * columns + clamped(low, columns)
        end = row * columns + clamped(high, columns) + 1
        if visited == 0:
            owner = np.int64(index.cells[begin, 0])
        found += index.cells[end, 1] - index.cells[begin, 1]
        visited += end - begin
    return found, visited, owner


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
    low_x, high_x = min(px, qx) - noise, max(px, qx) + noise
    low_y, high_y = min(py, qy) - noise, max(py, qy) + noise
    near = noise * length
    for k in range(first, last):
        e = edges[k]
        ax, ay = index.edges[e, 0], index.edges[e, 1]
        bx, by = index.edges[e, 2], index.edges[e, 3]
        if (
            max(ax, bx) < low_x
            or min(ax, bx) > high_x
            or max(ay, by) < low_y
            or min(ay, by) > high_y
        ):
            continue
        a = side(px, py, qx, qy, ax, ay)
        b = side(px, py, qx, qy, bx, by)
        if (a > near and b > near) or (a < -near and b < -near):
            continue
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
def _claims(index, edges, room, px, py, qx, qy, length, noise, count):
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
def _cuts(claims, count, length, noise, at):
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


@part
def _within_reach(points, px, py, qx, qy, length, sure, maybe):
    """The stretches of a segment that points reach: surely, and those that only possibly, unordered."""
    ways_x, ways_y = (qx - px) / length, (qy - py) / length
    sures = maybes = 0
    for grid in range(len(points.frames)):
        x0, y0 = points.frames[grid, 0], points.frames[grid, 1]
        per_metre, longest = points.frames[grid, 2], points.frames[grid, 3]
        columns, rows, base = points.shapes[grid, 0], points.shapes[grid, 1], points.shapes[grid, 2]
        left = clamped((min(px, qx) - longest - x0) * per_metre, columns)
        right = clamped((max(px, qx) + longest - x0) * per_metre, columns)
        bottom = clamped((min(py, qy) - longest - y0) * per_metre, rows)
        top = clamped((max(py, qy) + longest - y0) * per_metre, rows)
        for row in range(bottom, top + 1):
            first = points.start[base + row * columns + left]
            last = points.start[base + row * columns + right + 1]
            if last - first > len(sure) - max(sures, maybes):
                return -(max(sures, maybes) + last - first), 0
            for k in range(first, last):
                offset_x, offset_y = points.xy[k, 0] - px, points.xy[k, 1] - py
                foot = offset_x * ways_x + offset_y * ways_y
                aside = offset_x * ways_y - offset_y * ways_x
                for is_sure in range(2):
                    reach = points.certain[k] if is_sure else points.possible[k]
                    if reach <= 0.0 or (is_sure == 0 and reach <= points.certain[k]):
                        continue
                    square = reach * reach - aside * aside
                    if square <= 0.0:
                        continue
                    half = np.sqrt(square)
                    begin, end = max(foot - half, 0.0), min(foot + half, length)
                    if end > begin:
                        if is_sure:
                            sure[sures, 0], sure[sures, 1] = begin, end
                            sures += 1
                        else:
                            maybe[maybes, 0], maybe[maybes, 1] = begin, end
                            maybes += 1
    return sures, maybes


@part
def _united(stretches, count):
    """Stretches in order and without overlap, in place. Returns how many."""
    for i in range(1, count):
        begin, end = stretches[i, 0], stretches[i, 1]
        j = i
        while j > 0 and stretches[j - 1, 0] > begin:
            stretches[j, 0], stretches[j, 1] = stretches[j - 1, 0], stretches[j - 1, 1]
            j -= 1
        stretches[j, 0], stretches[j, 1] = begin, end
    united = 0
    for i in range(count):
        if united > 0 and stretches[i, 0] <= stretches[united - 1, 1]:
            stretches[united - 1, 1] = max(stretches[united - 1, 1], stretches[i, 1])
        else:
            stretches[united, 0], stretches[united, 1] = stretches[i, 0], stretches[i, 1]
            united += 1
    return united


@part
def _shared(stretches, count, begin, end):
    """Metres from `begin` to `end` that lie in disjoint stretches."""
    total = 0.0
    for k in range(count):
        if stretches[k, 1] > begin and stretches[k, 0] < end:
            total += min(stretches[k, 1], end) - max(stretches[k, 0], begin)
    return total


@kernel(
    numba.types.UniTuple(number, 4)(
        pairs, ints, ints, INDEX, INDEX, REACHING, ints, number, number, metres, ROOM, CUT
    )
)
def cut(xy, starts, part_of, units, area, points, order, first, last, noise, room, out):
    """Pieces of lines `order[first:last]`, line by line in that order, by unit and side in each.

    Parameters
    ----------
    xy, starts : as in `Lines`
    part_of : where each line's parts begin, and where the last's end
    units, area : their indexes; that of the area has one polygon, or none
    points : what reaches; none for lengths alone
    noise : metres within which two cuts of a segment are one
    room, out : to work in, and for the pieces

    Returns
    -------
    The position that was come to (below `last` where room ran out), how many pieces were cut, and how much
    room and how many places for pieces the next line takes.
    """
    size = len(room.at)
    pieces = 0
    for position in range(first, last):
        line = order[position]
        owned = 0
        for one in range(part_of[line], part_of[line + 1]):
            for k in range(starts[one], starts[one + 1] - 1):
                px, py, qx, qy = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                dx, dy = qx - px, qy - py
                length = np.sqrt(dx * dx + dy * dy)
                if not 0.0 < length < np.inf:
                    continue
                unit_entries, unit_cells, owner = _entries(units, px, py, qx, qy)
                area_entries, area_cells, side_of = _entries(area, px, py, qx, qy)
                need = max(unit_entries + area_entries, unit_cells, area_cells)
                if need > size:
                    return position, pieces, need, 0
                claimed = 0
                if unit_entries > 0:
                    claimed, owner = _claims(
                        units, room.unit_edges, room, px, py, qx, qy, length, noise, 0
                    )
                both = claimed
                if area_entries > 0:
                    both, side_of = _claims(
                        area, room.area_edges, room, px, py, qx, qy, length, noise, claimed
                    )
                sures, maybes = _within_reach(points, px, py, qx, qy, length, room.sure, room.maybe)
                if sures < 0:
                    return position, pieces, -sures, 0
                sures = _united(room.sure, sures)
                only_maybe = maybes > 0
                if only_maybe:
                    for m in range(sures):
                        room.maybe[maybes, 0] = room.sure[m, 0]
                        room.maybe[maybes, 1] = room.sure[m, 1]
                        maybes += 1
                    maybes = _united(room.maybe, maybes)
                ends = 2
                room.cuts[0], room.cuts[1] = 0.0, length
                if both > 0:
                    ends = _cuts(room.claims, both, length, noise, room.cuts)
                if owned + ends > len(room.own_unit):
                    return position, pieces, owned + ends, 0
                for c in range(ends - 1):
                    begin, end = room.cuts[c], room.cuts[c + 1]
                    middle = (begin + end) / 2
                    holder = owner
                    for m in range(claimed):
                        if (
                            room.whose[m] < holder
                            and room.claims[m, 0] <= middle <= room.claims[m, 1]
                        ):
                            holder = room.whose[m]
                    within = side_of != NOBODY
                    for m in range(claimed, both):
                        if room.claims[m, 0] <= middle <= room.claims[m, 1]:
                            within = True
                    if holder == NOBODY:
                        holder = -1
                    p = owned - 1
                    while p >= 0 and not (
                        room.own_unit[p] == holder and room.own_inside[p] == within
                    ):
                        p -= 1
                    if p < 0:
                        p = owned
                        owned += 1
                        room.own_unit[p], room.own_inside[p] = holder, within
                        room.own_sum[p, 0] = room.own_sum[p, 1] = room.own_sum[p, 2] = 0.0
                    certain = _shared(room.sure, sures, begin, end)
                    possible = _shared(room.maybe, maybes, begin, end) if only_maybe else certain
                    room.own_sum[p, 0] += end - begin
                    room.own_sum[p, 1] += certain
                    room.own_sum[p, 2] += possible
        if pieces + owned > len(out.row):
            return position, pieces, 0, owned
        for p in range(owned):
            slot = pieces + p
            while slot > pieces and (
                out.unit[slot - 1] > room.own_unit[p]
                or (out.unit[slot - 1] == room.own_unit[p] and out.inside[slot - 1])
            ):
                out.unit[slot] = out.unit[slot - 1]
                out.inside[slot] = out.inside[slot - 1]
                for m in range(3):
                    out.sums[slot, m] = out.sums[slot - 1, m]
                slot -= 1
            out.row[pieces + p] = line
            out.unit[slot], out.inside[slot] = room.own_unit[p], room.own_inside[p]
            for m in range(3):
                out.sums[slot, m] = room.own_sum[p, m]
        pieces += owned
    return last, pieces, 0, 0


@kernel(number(pairs, ints, ints, floats, number, number, ints, ints, ints))
def order_by_place(xy, starts, part_of, frame, columns, rows, cell, filled, order):
    """Lines in the order of the cells they begin in, so that neighbours are cut one after another.

    `cell`, a number a line, and `filled`, one a cell and one more, are for working in; `filled` is at first 0.
    """
    for line in range(len(part_of) - 1):
        at = 0
        if part_of[line] < part_of[line + 1]:
            vertex = starts[part_of[line]]
            row = clamped((xy[vertex, 1] - frame[1]) * frame[2], rows)
            at = row * columns + clamped((xy[vertex, 0] - frame[0]) * frame[2], columns)
        cell[line] = at
        filled[at + 1] += 1
    for at in range(columns * rows):
        filled[at + 1] += filled[at]
    for line in range(len(cell)):
        order[filled[cell[line]]] = line
        filled[cell[line]] += 1
    return 0


@kernel(number(ints, ints))
def count_pieces(row, slot):
    """Each line's pieces added to the number after it in `slot`."""
    for k in range(len(row)):
        slot[row[k] + 1] += 1
    return 0


@kernel(number(CUT, ints, CUT))
def append_pieces(pieces, slot, out):
    """Pieces, line by line in any order, into their places: `slot` is where each line's next piece goes."""
    for k in range(len(pieces.row)):
        to = slot[pieces.row[k]]
        slot[pieces.row[k]] += 1
        out.row[to], out.unit[to], out.inside[to] = pieces.row[k], pieces.unit[k], pieces.inside[k]
        for m in range(3):
            out.sums[to, m] = pieces.sums[k, m]
    return 0


@part
def _holder(index, x, y):
    columns, rows = index.shape[0], index.shape[1]
    row = clamped((y - index.frame[1]) * index.frame[2], rows)
    column = clamped((x - index.frame[0]) * index.frame[2], columns)
    cell = row * columns + column
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


@kernel(number(INDEX, INDEX, pairs, ints, numba.boolean[::1], number, number))
def locate(units, area, xy, unit, inside, first, last):
    """The first unit that holds each of some points, -1 for none, and whether the area does."""
    for k in range(first, last):
        unit[k], inside[k] = -1, False
        x, y = xy[k, 0], xy[k, 1]
        if np.isnan(x) or np.isnan(y):
            continue
        holder = _holder(units, x, y)
        if holder != NOBODY:
            unit[k] = holder
        inside[k] = _holder(area, x, y) != NOBODY
    return 0
