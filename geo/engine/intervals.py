"""Lines as intervals along their segments, so that every cut of a line is arithmetic on one axis.

A line is taken apart into straight segments; a unit, the area or a lamp's reach then covers intervals of
a segment. Working segment by segment keeps a line that runs over itself whole, where a polygon overlay
would merge the doubled part and lose length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from .base import Flags, Floats, Geometries, Positions

NOISE_M = 1e-8
"""Two cuts of a segment nearer than this are one cut: coordinates in metres carry about 1e-9."""


@dataclass(frozen=True)
class Segments:
    """Straight pieces of lines, in the order of the lines; those of no length are left out."""

    row: Positions
    """Position of the line."""
    start: Floats
    end: Floats
    """Ends, (n, 2), metres."""
    length: Floats

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: Positions | Flags) -> Segments:
        """Some of the segments."""
        return Segments(self.row[chosen], self.start[chosen], self.end[chosen], self.length[chosen])

    def lines(self) -> Geometries:
        """The segments as LineStrings."""
        return np.asarray(
            shapely.linestrings(np.stack([self.start, self.end], axis=1)), dtype=object
        )

    def positions(self, segment: Positions, xy: Floats) -> Floats:
        """How far along its segment (m) each point lies, within the segment."""
        along = self.end[segment] - self.start[segment]
        offset = xy - self.start[segment]
        length = self.length[segment]
        foot: Floats = (offset * along).sum(axis=1) / length
        return np.minimum(np.maximum(foot, 0.0), length)


@dataclass(frozen=True)
class Intervals:
    """Parts of segments: from `start` to `end` metres along segment `segment`."""

    segment: Positions
    start: Floats
    end: Floats
    value: Positions
    """What the interval stands for (a unit's position, say)."""

    def __len__(self) -> int:
        return len(self.segment)


def segments_of(lines: Geometries) -> Segments:
    """The straight segments of lines.

    Parameters
    ----------
    lines : LineString or MultiLineString, metric CRS; None and empty have none
    """
    parts, row = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    joined = part[1:] == part[:-1]
    start, end = xy[:-1][joined], xy[1:][joined]
    length = np.hypot(*(end - start).T)
    real = length > 0
    return Segments(row[part[:-1][joined]][real], start[real], end[real], length[real])


def whole(segments: Segments, value: Positions) -> Intervals:
    """Each segment from end to end, standing for `value`."""
    return Intervals(
        np.arange(len(segments), dtype=np.intp), np.zeros(len(segments)), segments.length, value
    )


def overlaps(segments: Segments, polygons: Geometries) -> Intervals:
    """The intervals of segments that lie in each polygon (closed); `value` is the polygon's position."""
    lines = segments.lines()
    tree = shapely.STRtree(lines)
    polygon, segment = tree.query(polygons, predicate="intersects")
    covering, covered = tree.query(polygons, predicate="covers")
    is_whole = np.isin(polygon * len(lines) + segment, covering * len(lines) + covered)
    cut_polygon, cut_segment = polygon[~is_whole], segment[~is_whole]
    crossed = shapely.intersection(lines[cut_segment], polygons[cut_polygon])
    # An intersection may hold points where the segment only touches: they have no length.
    parts, source = shapely.get_parts(crossed, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    source = source[inner]
    linear = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts, source = parts[linear], source[linear]
    xy, index = shapely.get_coordinates(parts, return_index=True)
    first = np.searchsorted(index, np.arange(len(parts)), side="left")
    last = np.searchsorted(index, np.arange(len(parts)), side="right") - 1
    along = cut_segment[source]
    a = segments.positions(along, xy[first])
    b = segments.positions(along, xy[last])
    uncut = segment[is_whole]
    return Intervals(
        np.concatenate([uncut, along]),
        np.concatenate([np.zeros(len(uncut)), np.minimum(a, b)]),
        np.concatenate([segments.length[uncut], np.maximum(a, b)]),
        np.concatenate([polygon[is_whole], cut_polygon[source]]),
    )


def owned(segments: Segments, claims: Intervals) -> Intervals:
    """Each segment divided among its claims: the smallest `value` owns; -1 where nothing claims.

    Parameters
    ----------
    claims : intervals that may overlap

    Returns
    -------
    Intervals
        Disjoint, in order, together exactly each segment.
    """
    count = len(segments)
    every = np.arange(count, dtype=np.intp)
    segment = np.concatenate([every, every, claims.segment, claims.segment])
    at = np.concatenate([np.zeros(count), segments.length, claims.start, claims.end])
    order = np.lexsort((at, segment))
    segment, at = segment[order], at[order]
    # Cuts that differ by noise are one: keep a segment's own ends, drop what lies next to another cut.
    length = segments.length[segment]
    at = np.where(at < NOISE_M, 0.0, np.where(at > length - NOISE_M, length, at))
    new = np.ones(len(at), bool)
    new[1:] = (segment[1:] != segment[:-1]) | (at[1:] - at[:-1] > NOISE_M)
    is_end = np.ones(len(at), bool)
    is_end[:-1] = segment[1:] != segment[:-1]
    new |= is_end
    segment, at = segment[new], at[new]
    bounded = segment[1:] == segment[:-1]
    segment, start, end = segment[:-1][bounded], at[:-1][bounded], at[1:][bounded]

    # Every elementary interval against the claims on its segment: its middle decides.
    by_segment = np.argsort(claims.segment, kind="stable")
    claimed = claims.segment[by_segment]
    low = np.searchsorted(claimed, segment, side="left")
    high = np.searchsorted(claimed, segment, side="right")
    repeats = high - low
    element = np.repeat(np.arange(len(segment)), repeats)
    nth = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    claim = by_segment[np.repeat(low, repeats) + nth]
    middle = (start + end) / 2
    holds = (claims.start[claim] <= middle[element]) & (middle[element] <= claims.end[claim])
    nobody = np.iinfo(np.intp).max
    owner = np.full(len(segment), nobody, np.intp)
    np.minimum.at(owner, element[holds], claims.value[claim[holds]])
    owner[owner == nobody] = -1
    keep = end > start
    return Intervals(segment[keep], start[keep], end[keep], owner[keep])


def within(parts: Intervals, *layers: Intervals) -> tuple[Intervals, list[Flags], Positions]:
    """Disjoint parts cut further where any of the layers begins or ends.

    Parameters
    ----------
    parts : disjoint intervals
    layers : intervals that may overlap, each layer a yes where any of its intervals lies

    Returns
    -------
    finer parts (values kept), for each layer whether a part lies in it, and each part's position in `parts`
    """
    kinds = [parts, *layers]
    segment = np.concatenate([item.segment for item in kinds] * 2)
    at = np.concatenate([item.start for item in kinds] + [item.end for item in kinds])
    sizes = [len(item) for item in kinds]
    total = sum(sizes)
    sign = np.concatenate([np.ones(total, np.intp), -np.ones(total, np.intp)])
    kind = np.concatenate([np.repeat(np.arange(len(kinds)), sizes)] * 2)
    number = np.concatenate(
        [np.arange(sizes[0]) + 1, np.zeros(total - sizes[0], np.intp)] * 2
    ).astype(np.intp)
    order = np.lexsort((at, segment))
    segment, at = segment[order], at[order]
    sign, kind, number = sign[order], kind[order], number[order]
    # Walking along a segment, +1 where something begins and -1 where it ends: integers, so exact.
    part = np.cumsum(sign * number)
    flags = [np.cumsum(np.where(kind == layer, sign, 0)) > 0 for layer in range(1, len(kinds))]
    real = np.zeros(len(at), bool)
    real[:-1] = (segment[1:] == segment[:-1]) & (at[1:] > at[:-1]) & (part[:-1] > 0)
    index = np.flatnonzero(real)
    source = (part[index] - 1).astype(np.intp)
    finer = Intervals(segment[index], at[index], at[index + 1], parts.value[source])
    return finer, [flag[index] for flag in flags], source


def reached(segments: Segments, points: Geometries, reach_m: Floats) -> Intervals:
    """The intervals of segments within each point's reach; `value` is the point's position.

    Exact: where a segment passes a point at distance h, it is within reach r over 2·√(r² − h²).

    Parameters
    ----------
    points : Point, metric CRS; None and empty reach nothing
    reach_m : metres; 0 reaches nothing
    """
    serving = np.flatnonzero(
        (reach_m > 0) & ~shapely.is_missing(points) & ~shapely.is_empty(points)
    )
    tree = shapely.STRtree(segments.lines())
    point, segment = tree.query(points[serving], predicate="dwithin", distance=reach_m[serving])
    point = serving[point]
    along = (segments.end - segments.start)[segment] / segments.length[segment][:, None]
    offset = shapely.get_coordinates(points[point]) - segments.start[segment]
    foot = (offset * along).sum(axis=1)
    aside = offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]
    half = np.sqrt(np.maximum(reach_m[point] ** 2 - aside**2, 0.0))
    length = segments.length[segment]
    start, end = np.clip(foot - half, 0.0, length), np.clip(foot + half, 0.0, length)
    real = end > start
    return Intervals(segment[real], start[real], end[real], point[real])
