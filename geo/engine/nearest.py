"""How far features are from a few long lines, and which of these is nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from .fast import available
from .lines import Lines

if TYPE_CHECKING:
    from .base import Floats, Geometries, Positions

FAST_PAIRS = 20_000_000
"""From so many pairs of a feature and a vertex on, loading the kernel takes less time than it saves."""
RUN = 12
"""So many segments share a box, and so many boxes a wider one."""


def nearest_line(features: Geometries, lines: Geometries) -> tuple[Floats, Positions]:
    """Metres from each feature to the nearest line, and that line's position: the first, if several are.

    Parameters
    ----------
    features : Point, LineString or MultiLineString, metric CRS, none empty
    lines : LineString
    """
    if len(features) * shapely.get_num_coordinates(lines).sum() < FAST_PAIRS or not available():
        distances = np.empty((len(lines), len(features)))
        for number, line in enumerate(lines):
            shapely.prepare(line)
            # Unlike `distance`, this makes use of the prepared line.
            distances[number] = shapely.length(shapely.shortest_line(line, features))
        nearest = distances.argmin(axis=0)
        return distances[nearest, np.arange(len(features))], nearest
    from .kernels.compiling import in_threads
    from .kernels.nearest import nearest as search

    border = Lines.from_shapely(lines)
    joined = np.ones(len(border.xy) - 1, bool)
    joined[border.starts[1:-1] - 1] = False
    segments = np.hstack([border.xy[:-1], border.xy[1:]])[joined]
    whose = np.repeat(border.feature, np.diff(border.starts) - 1)
    ends = segments.reshape(-1, 2, 2)
    boxes = _runs(np.hstack([ends.min(axis=1), ends.max(axis=1)]))
    if (shapely.get_type_id(features) == shapely.GeometryType.POINT).all():
        each = np.arange(len(features))
        spots = Lines(
            shapely.get_coordinates(features), np.append(each, len(features)), each, len(features)
        )
    else:
        spots = Lines.from_shapely(features)
    part_of = np.searchsorted(spots.feature, np.arange(spots.count + 1)).astype(np.int64)
    square, nearest = np.empty(spots.count), np.empty(spots.count, np.int64)
    wider = _runs(boxes)
    segments = np.ascontiguousarray(segments)
    stretches = np.zeros(spots.count, np.int64)
    np.add.at(stretches, spots.feature, np.diff(spots.starts) // RUN + 1)
    most = int(stretches.max(initial=1))

    def some(first: int, last: int) -> None:
        stretch, stretch_of = np.empty((most, 4)), np.empty((most, 2), np.int64)
        search(
            spots.xy,
            spots.starts,
            part_of,
            segments,
            whose,
            boxes,
            wider,
            RUN,
            stretch,
            stretch_of,
            square,
            nearest,
            first,
            last,
        )

    in_threads(some, spots.count, 256)
    return np.sqrt(square), nearest


def _runs(boxes: Floats) -> Floats:
    """A box around each run of boxes."""
    first = np.arange(0, len(boxes), RUN)
    return np.hstack(
        [
            np.minimum.reduceat(boxes[:, :2], first),
            np.maximum.reduceat(boxes[:, 2:], first),
        ]
    )
