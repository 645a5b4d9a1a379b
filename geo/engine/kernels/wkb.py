"""Well-known binary into coordinates, without a geometry object for each row.

Every offset is held against the end of its row: a file may say anything.
"""

from __future__ import annotations

import numpy as np

from .compiling import flags, ints, kernel, number, octets, pairs, part

HEADER = 5
ROW_POINT, ROW_LINE, ROW_POLYGON, ROW_LINES, ROW_POLYGONS = 1, 2, 3, 5, 6


@part
def _word(data, at):
    return (
        np.int64(data[at])
        | (np.int64(data[at + 1]) << 8)
        | (np.int64(data[at + 2]) << 16)
        | (np.int64(data[at + 3]) << 24)
    )


@part
def _copy(data, at, raw, to, count):
    """Some bytes. Numbers without a sign need no look whether they count from the end, and are copied at once."""
    source, target = np.uint64(at), np.uint64(to)
    for k in range(np.uint64(count)):
        raw[target + k] = data[source + k]


@part
def _header(data, at, end):
    """Kind, bytes a vertex takes, and where the contents begin; kind -1 for what is not read here."""
    if at + HEADER > end or data[at] != 1:
        return -1, 0, at
    code = _word(data, at + 1)
    begin = at + HEADER
    if code & 0x20000000:  # EWKB: a reference system follows
        begin += 4
    dimensions = 2
    if code & 0x80000000:
        dimensions += 1
    if code & 0x40000000:
        dimensions += 1
    code &= 0x0FFFFFFF
    if code >= 1000:  # ISO: 1000 Z, 2000 M, 3000 ZM
        group = code // 1000
        if group > 3 or dimensions != 2:
            return -1, 0, at
        dimensions = 4 if group == 3 else 3
        code -= 1000 * group
    return code, 8 * dimensions, begin


@part
def _line(data, at, end):
    """Vertices, bytes a vertex takes, where the first is; -1 vertices for what is not read here."""
    kind, size, begin = _header(data, at, end)
    if kind != ROW_LINE or begin + 4 > end:
        return -1, size, begin
    vertices = _word(data, begin)
    begin += 4
    if vertices == 1 or begin + vertices * size > end:
        return -1, size, begin
    return vertices, size, begin


@kernel(number(octets, ints, flags, ints, ints))
def sizes_of_lines(data, offsets, valid, parts, vertices):
    """Of each row, the parts that are not empty and the vertices; returns the first row not read here, or -1."""
    for row in range(len(offsets) - 1):
        parts[row] = 0
        vertices[row] = 0
        if not valid[row]:
            continue
        at, end = offsets[row], offsets[row + 1]
        kind, _size, begin = _header(data, at, end)
        lines = 1
        if kind == ROW_LINES:
            if begin + 4 > end:
                return row
            lines = _word(data, begin)
            at = begin + 4
        for _ in range(lines):
            count, size, begin = _line(data, at, end)
            if count < 0:
                return row
            if count > 0:
                parts[row] += 1
                vertices[row] += count
            at = begin + count * size
    return -1


@kernel(number(octets, ints, flags, ints, ints, ints, ints, octets, number, number))
def fill_lines(data, offsets, valid, part_of, vertex_of, starts, feature, raw, first, last):
    """Rows `first` to `last` of what `sizes_of_lines` measured: starts, features, and x, y as bytes."""
    for row in range(first, last):
        if not valid[row]:
            continue
        at, end = offsets[row], offsets[row + 1]
        kind, _size, begin = _header(data, at, end)
        lines = 1
        if kind == ROW_LINES:
            lines = _word(data, begin)
            at = begin + 4
        position, vertex = part_of[row], vertex_of[row]
        for _ in range(lines):
            count, size, begin = _line(data, at, end)
            if count > 0:
                starts[position] = vertex
                feature[position] = row
                position += 1
                to = 16 * vertex
                if size == 16:
                    _copy(data, begin, raw, to, 16 * count)
                else:
                    for v in range(count):
                        _copy(data, begin + size * v, raw, to + 16 * v, 16)
                vertex += count
            at = begin + count * size
    return 0


@part
def _ring(data, at, size, end):
    """Vertices of a closed ring, -1 for what is not read here; `size` is what a vertex takes."""
    if at + 4 > end:
        return -1
    vertices = _word(data, at)
    begin = at + 4
    if vertices == 0:
        return 0
    if vertices < 4 or begin + vertices * size > end:
        return -1
    for k in range(16):
        if data[begin + k] != data[begin + (vertices - 1) * size + k]:
            return -1
    return vertices


@kernel(number(octets, ints, flags, ints, ints))
def sizes_of_polygons(data, offsets, valid, rings, vertices):
    """Of each row, the rings that are not empty and the vertices; returns the first row not read here, or -1."""
    for row in range(len(offsets) - 1):
        rings[row] = 0
        vertices[row] = 0
        if not valid[row]:
            continue
        at, end = offsets[row], offsets[row + 1]
        kind, _size, begin = _header(data, at, end)
        polygons = 1
        if kind == ROW_POLYGONS:
            if begin + 4 > end:
                return row
            polygons = _word(data, begin)
            at = begin + 4
        for _ in range(polygons):
            kind, size, begin = _header(data, at, end)
            if kind != ROW_POLYGON or begin + 4 > end:
                return row
            at = begin + 4
            for _ring_number in range(_word(data, begin)):
                count = _ring(data, at, size, end)
                if count < 0:
                    return row
                if count > 0:
                    rings[row] += 1
                    vertices[row] += count
                at += 4 + count * size
    return -1


@kernel(number(octets, ints, flags, ints, ints, ints, ints, flags, octets))
def fill_polygons(data, offsets, valid, ring_of, vertex_of, starts, feature, hole, raw):
    """What `sizes_of_polygons` measured: rings, whose they are, and x, y as bytes."""
    for row in range(len(offsets) - 1):
        if not valid[row]:
            continue
        at, end = offsets[row], offsets[row + 1]
        kind, _size, begin = _header(data, at, end)
        polygons = 1
        if kind == ROW_POLYGONS:
            polygons = _word(data, begin)
            at = begin + 4
        position, vertex = ring_of[row], vertex_of[row]
        for _ in range(polygons):
            kind, size, begin = _header(data, at, end)
            at = begin + 4
            for ring in range(_word(data, begin)):
                count = _word(data, at)
                at += 4
                if count > 0:
                    starts[position] = vertex
                    feature[position] = row
                    hole[position] = ring > 0
                    position += 1
                    to = 16 * vertex
                    if size == 16:
                        _copy(data, at, raw, to, 16 * count)
                    else:
                        for v in range(count):
                            _copy(data, at + size * v, raw, to + 16 * v, 16)
                    vertex += count
                at += count * size
    return 0


@kernel(number(octets, ints, flags, octets, pairs, number, number))
def fill_points(data, offsets, valid, raw, xy, first, last):
    """x and y of rows `first` to `last` (`raw` is `xy` as bytes); returns the first row not read here, or -1."""
    for row in range(first, last):
        if not valid[row]:
            xy[row, 0] = np.nan
            xy[row, 1] = np.nan
            continue
        at, end = offsets[row], offsets[row + 1]
        kind, size, begin = _header(data, at, end)
        if kind != ROW_POINT or begin + size > end:
            return row
        _copy(data, begin, raw, 16 * row, 16)
    return -1
