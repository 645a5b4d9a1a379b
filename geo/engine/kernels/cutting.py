"""Lines cut by units, by the area and by what points reach, segment by segment."""

from __future__ import annotations

import numpy as np

from .claims import UNCLEAR, claims, cuts, entries, holder_of_all
from .compiling import flags, floats, ints, kernel, metres, number, pairs, part, several, woven_part
from .index import INDEX, NOBODY, clamped, holder_near
from .rooms import CUT, REACHING, ROOM


@woven_part
def _within_reach(points, px, py, qx, qy, length, chosen, sure, maybe):
    """The stretches of a segment that points reach: surely, and those that only possibly, unordered."""
    ways_x, ways_y = (qx - px) / length, (qy - py) / length
    found = 0
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
            if last - first > len(chosen) - found:
                return -(found + last - first), 0
            for k in range(first, last):
                offset_x, offset_y = points.xy[k, 0] - px, points.xy[k, 1] - py
                foot = offset_x * ways_x + offset_y * ways_y
                aside = offset_x * ways_y - offset_y * ways_x
                far = points.possible[k]
                # Counted without a branch: which of them reach is anybody's guess, and to guess wrong costs more.
                chosen[found] = k
                found += (
                    (far * far - aside * aside > 0.0) & (foot + far > 0.0) & (foot - far < length)
                )
    sures = maybes = 0
    for n in range(found):
        k = chosen[n]
        offset_x, offset_y = points.xy[k, 0] - px, points.xy[k, 1] - py
        foot = offset_x * ways_x + offset_y * ways_y
        aside = offset_x * ways_y - offset_y * ways_x
        far, near = points.possible[k], points.certain[k]
        if far > near:
            half = np.sqrt(far * far - aside * aside)
            begin, end = max(foot - half, 0.0), min(foot + half, length)
            if end > begin:
                maybe[maybes, 0], maybe[maybes, 1] = begin, end
                maybes += 1
        square = near * near - aside * aside
        if near > 0.0 and square > 0.0:
            half = np.sqrt(square)
            begin, end = max(foot - half, 0.0), min(foot + half, length)
            if end > begin:
                sure[sures, 0], sure[sures, 1] = begin, end
                sures += 1
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


@part
def _own(room, owned, holder, within):
    """How many units and sides a line lies in now, and the place among them of one that it lies in."""
    if holder == NOBODY:
        holder = np.int64(-1)
    p = owned - 1
    while p >= 0 and not (room.own_unit[p] == holder and room.own_inside[p] == within):
        p -= 1
    if p < 0:
        p = owned
        owned += 1
        room.own_unit[p], room.own_inside[p] = holder, within
        room.own_sum[p, 0] = room.own_sum[p, 1] = room.own_sum[p, 2] = 0.0
    return owned, p


@kernel(
    several(
        number,
        4,
        pairs,
        ints,
        ints,
        INDEX,
        INDEX,
        REACHING,
        ints,
        number,
        number,
        metres,
        ROOM,
        CUT,
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
    plain = len(points.frames) == 0
    pieces = 0
    for position in range(first, last):
        line = order[position]
        owned = 0
        for one in range(part_of[line], part_of[line + 1]):
            known = known_side = np.int64(UNCLEAR)
            for k in range(starts[one], starts[one + 1] - 1):
                px, py, qx, qy = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                dx, dy = qx - px, qy - py
                length = np.sqrt(dx * dx + dy * dy)
                if not 0.0 < length < np.inf:
                    known = known_side = np.int64(UNCLEAR)
                    continue
                owner = known = holder_of_all(units, px, py, qx, qy, length, noise, known)
                side_of = known_side = holder_of_all(
                    area, px, py, qx, qy, length, noise, known_side
                )
                if plain and owner != UNCLEAR and side_of != UNCLEAR:
                    if owned == len(room.own_unit):
                        return position, pieces, owned + 1, 0
                    owned, p = _own(room, owned, owner, side_of != NOBODY)
                    room.own_sum[p, 0] += length
                    continue
                unit_entries = area_entries = cells = 0
                if owner == UNCLEAR:
                    unit_entries, cells = entries(units, px, py, qx, qy)
                if side_of == UNCLEAR:
                    area_entries, area_cells = entries(area, px, py, qx, qy)
                    cells = max(cells, area_cells)
                need = max(unit_entries + area_entries, cells)
                if need > size:
                    return position, pieces, need, 0
                claimed = 0
                if owner == UNCLEAR:
                    claimed, owner = claims(
                        units, room.unit_edges, room, px, py, qx, qy, length, noise, 0
                    )
                both = claimed
                if side_of == UNCLEAR:
                    both, side_of = claims(
                        area, room.area_edges, room, px, py, qx, qy, length, noise, claimed
                    )
                sures, maybes = _within_reach(
                    points, px, py, qx, qy, length, room.hand, room.sure, room.maybe
                )
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
                    ends = cuts(room.claims, both, length, noise, room.cuts)
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
                    owned, p = _own(room, owned, holder, within)
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


@kernel(number(INDEX, INDEX, pairs, ints, flags, number, number, metres))
def locate(units, area, xy, unit, inside, first, last, noise):
    """The first unit that holds each of some points, -1 for none, and whether the area does.

    Within `noise` (m) of a border a point lies on it.
    """
    for k in range(first, last):
        unit[k], inside[k] = -1, False
        x, y = xy[k, 0], xy[k, 1]
        if np.isnan(x) or np.isnan(y):
            continue
        holder = holder_near(units, x, y, noise)
        if holder != NOBODY:
            unit[k] = holder
        inside[k] = holder_near(area, x, y, noise) != NOBODY
    return 0
