"""What is known of polygons by their rings alone."""

from __future__ import annotations

from .compiling import flags, floats, ints, kernel, number, pairs


@kernel(number(pairs, ints, ints, flags, floats))
def areas(xy, starts, ring_of, hole, found):
    """Area of each polygon, holes taken off; added up as GEOS does, so that 0 is 0 in both."""
    for polygon in range(len(found)):
        total = 0.0
        for ring in range(ring_of[polygon], ring_of[polygon + 1]):
            begin, end = starts[ring], starts[ring + 1]
            twice = 0.0
            for k in range(begin + 1, end - 1):
                twice += (xy[k, 0] - xy[begin, 0]) * (xy[k - 1, 1] - xy[k + 1, 1])
            size = abs(twice / 2.0)
            total += -size if hole[ring] else size
        found[polygon] = total
    return 0
