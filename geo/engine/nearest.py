"""How far features are from a few long lines, and which of these is nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from .lines import Lines

if TYPE_CHECKING:
    from .base import Floats, Geometries, Positions

RUN = 6
"""So many segments share a box, so many boxes a wider one, and so on."""


def nearest_line(features: Geometries, lines: Geometries) -> tuple[Floats, Positions]:
    """Metres from each feature to the nearest line, and that line's position: the first, if several are.

    Parameters
    ----------
    features : Point, LineString or MultiLineString, metric CRS, none empty
    lines : LineString
    """
    distances = np.empty((len(lines), len(features)))
    for number, line in enumerate(lines):
        shapely.prepare(line)
        # Unlike `distance`, this makes use of the prepared line.
        distances[number] = shapely.length(shapely.shortest_line(line, features))
    nearest = distances.argmin(axis=0)
    return distances[nearest, np.arange(len(features))], nearest


class Border:
    """Lines of many vertices in boxes, for many features to be held against; threads may share it.

    Parameters
    ----------
    lines : LineString, metric CRS
    """

    def __init__(self, lines: Geometries) -> None:
        border = Lines.from_shapely(lines)
        joined = np.ones(len(border.xy) - 1, bool)
        joined[border.starts[1:-1] - 1] = False
        segments = np.hstack([border.xy[:-1], border.xy[1:]])[joined]
        ends = segments.reshape(-1, 2, 2)
        self._segments = np.ascontiguousarray(segments)
        self._whose = np.repeat(border.feature, np.diff(border.starts) - 1)
        levels = [_runs(np.hstack([ends.min(axis=1), ends.max(axis=1)]))]
        while len(levels[-1]) > RUN:
            levels.append(_runs(levels[-1]))
        self._boxes = np.concatenate(levels)
        self._level_of = np.cumsum([0] + [len(boxes) for boxes in levels])

    def nearest(self, features: Lines) -> tuple[Floats, Positions, Floats]:
        """As `nearest_line`, in one thread, and the box around each; a part of one vertex is a point."""
        from .kernels.nearest import nearest

        count = features.count
        part_of = np.searchsorted(features.feature, np.arange(count + 1)).astype(np.int64)
        stretches = np.append(0, np.cumsum(np.diff(features.starts) // RUN + 1))
        most = int(np.diff(stretches[part_of]).max(initial=1))
        waiting = RUN * len(self._level_of)
        square, whose = np.empty(count), np.empty(count, np.int64)
        around = np.empty((count, 4))
        nearest(
            features.xy,
            features.starts,
            part_of,
            self._segments,
            self._whose,
            self._boxes,
            self._level_of,
            RUN,
            np.empty((waiting, 2), np.int64),
            np.empty(waiting),
            np.empty((most, 4)),
            np.empty((most, 2), np.int64),
            square,
            whose,
            around,
            0,
            count,
        )
        return np.sqrt(square), whose, around


def _runs(boxes: Floats) -> Floats:
    """A box around each run of boxes."""
    first = np.arange(0, len(boxes), RUN)
    return np.hstack(
        [
            np.minimum.reduceat(boxes[:, :2], first),
            np.maximum.reduceat(boxes[:, 2:], first),
        ]
    )
