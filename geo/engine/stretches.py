"""Lines cut where points begin and cease to reach them: the stretches that the figures of reach are the lengths of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .base import Pieces
from .intervals import NOISE_M, Intervals, Segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .base import Flags, Floats, Geometries, Positions


@dataclass(frozen=True)
class ReachParts:
    """Parts of segments, each wholly within reach or without, in one unit and on one side of the area."""

    segments: Segments
    parts: Intervals
    """Disjoint, in order, together exactly each segment; `value` is the unit."""
    inside: Flags
    certain: Flags
    possible: Flags
    """Whether it is surely, and whether it is possibly, within reach; what is certain is possible."""

    @property
    def row(self) -> Positions:
        """The line that each part is of."""
        return self.segments.row[self.parts.segment]

    @property
    def metres(self) -> Floats:
        """The length of each part."""
        return self.parts.end - self.parts.start


@dataclass(frozen=True)
class Stretches(Pieces):
    """Stretches of lines without a break, each of one kind, in one unit and on one side; along each line in order."""

    kind: NDArray[np.int8]
    geometry: Geometries
    """LineStrings, with the vertices of their line."""


def stretches(reached: ReachParts, kind: NDArray[np.int8]) -> Stretches:
    """Neighbouring parts of one kind joined.

    A part shorter than `NOISE_M` has no kind of its own: two lamps whose reach ends at one place leave such gaps
    between them. It goes to its neighbour in the same unit and on the same side, if there is one.

    Parameters
    ----------
    reached : parts in the order of the lines, as the reference engine gives them
    kind : what each part is

    Returns
    -------
    Stretches
        `measure` in metres: of each line, unit, side and kind together the sum of the parts, but for such gaps.
    """
    segments, parts = reached.segments, reached.parts
    if not len(parts):
        none = np.array([], np.intp)
        metres = np.array([])
        geometry = np.array([], dtype=object)
        return Stretches(none, none, none.astype(bool), metres, kind, geometry)
    goes_on = _going_on(reached)
    room = np.cumsum(~goes_on) - 1
    kind = _without_gaps(room, kind, reached.metres)
    first = np.flatnonzero(~goes_on | np.append(True, kind[1:] != kind[:-1]))
    return Stretches(
        reached.row[first],
        parts.value[first],
        reached.inside[first],
        np.add.reduceat(reached.metres, first),
        kind[first],
        _drawn(segments, parts, first),
    )


def _drawn(segments: Segments, parts: Intervals, first: Positions) -> Geometries:
    """Consecutive parts from each `first` one to the next as a line, with no vertices but those it has anyway."""
    begins = np.zeros(len(parts), bool)
    begins[first] = True
    ends = np.append(begins[1:], True)
    turns = ends | np.append(parts.segment[1:] != parts.segment[:-1], True)
    stretch = np.cumsum(begins) - 1
    part = np.concatenate([first, np.flatnonzero(turns)])
    along = np.concatenate([parts.start[first], parts.end[turns]])
    order = np.argsort(stretch[part], kind="stable")
    of, xy = stretch[part][order], _places(segments, parts.segment[part], along)[order]
    # A hair before a vertex is the same place as the vertex.
    same = np.append(False, (xy[1:] == xy[:-1]).all(axis=1))
    start = np.append(True, of[1:] != of[:-1])
    end = np.append(start[1:], True)
    again = same & ~start & ~end
    again |= np.append(same[1:] & end[1:], False) & ~start
    kept = ~again
    return np.asarray(shapely.linestrings(xy[kept], indices=of[kept]), dtype=object)


def _going_on(reached: ReachParts) -> Flags:
    """Whether each part goes on from the one before: the same line, unit and side, without a break."""
    segments, segment, unit = reached.segments, reached.parts.segment, reached.parts.value
    same = (reached.row[1:] == reached.row[:-1]) & (unit[1:] == unit[:-1])
    same &= reached.inside[1:] == reached.inside[:-1]
    meets = (segments.start[segment[1:]] == segments.end[segment[:-1]]).all(axis=1)
    return np.append(False, same & ((segment[1:] == segment[:-1]) | meets))


def _without_gaps(room: Positions, kind: NDArray[np.int8], metres: Floats) -> NDArray[np.int8]:
    """The kinds of parts, those of runs shorter than noise taken from the run before, or else the next, in a room."""
    begins = np.append(True, (room[1:] != room[:-1]) | (kind[1:] != kind[:-1]))
    first = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    real = np.add.reduceat(metres, first) >= NOISE_M
    place = np.arange(len(first))
    before = np.maximum.accumulate(np.where(real, place, -1))
    after = np.minimum.accumulate(np.where(real, place, len(first))[::-1])[::-1]
    home = room[first]
    there = (before >= 0) & (home[before] == home)
    follows = np.minimum(after, len(first) - 1)
    instead = np.where((after < len(first)) & (home[follows] == home), follows, place)
    taken = np.where(there, before, instead)
    joined: NDArray[np.int8] = kind[first][taken][run]
    return joined


def _places(segments: Segments, segment: Positions, along: Floats) -> Floats:
    """Places so many metres along segments; their very ends at the ends."""
    start, end, length = segments.start[segment], segments.end[segment], segments.length[segment]
    share = (along / length)[:, None]
    return np.where(share >= 1, end, start + (end - start) * share)
