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
    dx, dy = (end - start).T
    # Spelled out as every engine does it: where a lamp only just reaches, a last digit is centimetres.
    length = np.sqrt(dx * dx + dy * dy)
    real = length > 0
    return Segments(row[part[:-1][joined]][real], start[real], end[real], length[real])


def whole(segments: Segments, value: Positions) -> Intervals:
    """Each segment from end to end, standing for `value`."""
    return Intervals(
        np.arange(len(segments), dtype=np.intp), np.zeros(len(segments)), segments.length, value
    )


def overlaps(segments: Segments, polygons: Geometries) -> Intervals:
    """The intervals of segments that lie in each polygon (closed); `value` is the polygon's position.

    A stretch along an edge within `NOISE_M` lies on it: a line drawn on a border rarely lies on it to the last
    digit, and must not fall to pieces between the neighbours.
    """
    lines = segments.lines()
    tree = shapely.STRtree(lines)
    polygon, segment = tree.query(polygons, predicate="intersects")
    covering, covered = tree.query(polygons, predicate="covers")
    is_whole = np.isin(polygon * len(lines) + segment, covering * len(lines) + covered)
    meeting = _meetings(segments, tree, polygons)
    beside = _alongside(segments, meeting)
    pieces = _pieces(segments, polygon[~is_whole], segment[~is_whole], meeting)
    middle = (pieces.start + pieces.end) / 2
    way = (segments.end - segments.start)[pieces.segment] / segments.length[pieces.segment, None]
    spots = shapely.points(segments.start[pieces.segment] + way * middle[:, None])
    within = shapely.intersects(spots, polygons[pieces.value])
    uncut = segment[is_whole]
    return Intervals(
        np.concatenate([uncut, pieces.segment[within], beside.segment]),
        np.concatenate([np.zeros(len(uncut)), pieces.start[within], beside.start]),
        np.concatenate([segments.length[uncut], pieces.end[within], beside.end]),
        np.concatenate([polygon[is_whole], pieces.value[within], beside.value]),
    )


@dataclass(frozen=True)
class _Meetings:
    """Edges of polygons that come within noise of a segment, seen from the segment's start along its way."""

    segment: Positions
    polygon: Positions
    along: tuple[Floats, Floats]
    """Of the edge's ends, how far along the segment (m)."""
    aside: tuple[Floats, Floats]
    """And how far to its left."""


def _meetings(segments: Segments, tree: shapely.STRtree, polygons: Geometries) -> _Meetings:
    parts, whose = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[1:] == ring[:-1]
    a, b, polygon = xy[:-1][follows], xy[1:][follows], whose[part[ring[:-1][follows]]]
    edges = shapely.linestrings(np.stack([a, b], axis=1))
    edge, segment = tree.query(edges, predicate="dwithin", distance=NOISE_M)
    dx, dy = ((segments.end - segments.start)[segment] / segments.length[segment, None]).T
    along, aside = [], []
    for end in (a, b):
        x, y = (end[edge] - segments.start[segment]).T
        along.append(x * dx + y * dy)
        aside.append(dx * y - dy * x)
    return _Meetings(segment, polygon[edge], (along[0], along[1]), (aside[0], aside[1]))


def _pieces(
    segments: Segments, polygon: Positions, segment: Positions, meeting: _Meetings
) -> Intervals:
    """Segments cut wherever an edge of the polygon crosses or touches them; `value` is the polygon.

    What lies between two cuts is within or without as a whole. Asking that of its middle is safer than to have
    GEOS intersect them: along an edge that a segment lies on but for a last digit it fails, or gives what goes on
    beyond the polygon.
    """
    (along_a, along_b), (aside_a, aside_b) = meeting.along, meeting.aside
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = along_a + (along_b - along_a) * (aside_a / (aside_a - aside_b))
    crosses = (aside_a > 0) != (aside_b > 0)
    ends = [(crossing, crosses)]
    ends += [
        (along, np.abs(aside) <= NOISE_M)
        for along, aside in zip(meeting.along, meeting.aside, strict=True)
    ]
    count = len(segments)
    wanted = polygon * count + segment
    at = [np.zeros(len(segment)), segments.length[segment]]
    of = [wanted, wanted]
    known = meeting.polygon * count + meeting.segment
    for along, cuts in ends:
        some = cuts & np.isfinite(along) & np.isin(known, wanted)
        at.append(np.clip(along[some], 0.0, segments.length[meeting.segment[some]]))
        of.append(known[some])
    cut, pair = np.concatenate(at), np.concatenate(of)
    order = np.lexsort((cut, pair))
    cut, pair = cut[order], pair[order]
    piece = (pair[1:] == pair[:-1]) & (cut[1:] > cut[:-1])
    return Intervals(
        pair[:-1][piece] % count, cut[:-1][piece], cut[1:][piece], pair[:-1][piece] // count
    )


def _alongside(segments: Segments, meeting: _Meetings) -> Intervals:
    """Where segments and edges of polygons run along each other within noise."""
    along, aside, segment = meeting.along, meeting.aside, meeting.segment
    length = segments.length[segment]
    start = np.maximum(np.minimum(*along), 0.0)
    end = np.minimum(np.maximum(*along), length)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (aside[1] - aside[0]) / (along[1] - along[0])
        near = [np.abs(aside[0] + (at - along[0]) * slope) <= NOISE_M for at in (start, end)]
    beside = (end - start > NOISE_M) & near[0] & near[1]
    return Intervals(segment[beside], start[beside], end[beside], meeting.polygon[beside])


def divided(
    segments: Segments, claims: Intervals, inner: Intervals | None
) -> tuple[Intervals, Flags]:
    """Each segment divided among its claims, and where `inner` begins or ends.

    Parameters
    ----------
    claims : intervals that may overlap; the smallest `value` owns, -1 where nothing claims
    inner : intervals of a second kind, of which a part lies in some or in none; None for none

    Returns
    -------
    parts : disjoint, in order, together exactly each segment
    inside : whether each part lies in `inner`
    """
    others = _nothing() if inner is None else inner
    segment = np.concatenate([claims.segment, claims.segment, others.segment, others.segment])
    at = np.concatenate([claims.start, claims.end, others.start, others.end])
    order = np.lexsort((at, segment))
    segment, at = segment[order], at[order]
    # Cuts that differ by noise are one: those next to an end of the segment or to another cut are dropped.
    kept = (at >= NOISE_M) & (at <= segments.length[segment] - NOISE_M)
    segment, at = segment[kept], at[kept]
    new = np.ones(len(at), bool)
    new[1:] = (segment[1:] != segment[:-1]) | (at[1:] - at[:-1] > NOISE_M)
    every = np.arange(len(segments), dtype=np.intp)
    segment = np.concatenate([every, segment[new], every])
    at = np.concatenate([np.zeros(len(segments)), at[new], segments.length])
    order = np.lexsort((at, segment))
    segment, at = segment[order], at[order]
    bounded = segment[1:] == segment[:-1]
    segment, start, end = segment[:-1][bounded], at[:-1][bounded], at[1:][bounded]
    middle = (start + end) / 2
    element, claim = _holding(segment, middle, claims)
    nobody = np.iinfo(np.intp).max
    owner = np.full(len(segment), nobody, np.intp)
    np.minimum.at(owner, element, claims.value[claim])
    owner[owner == nobody] = -1
    inside = np.zeros(len(segment), bool)
    inside[_holding(segment, middle, others)[0]] = True
    return Intervals(segment, start, end, owner), inside


def _holding(segment: Positions, at: Floats, claims: Intervals) -> tuple[Positions, Positions]:
    """Pairs of a place on a segment and a claim that holds it."""
    by_segment = np.argsort(claims.segment, kind="stable")
    claimed = claims.segment[by_segment]
    low = np.searchsorted(claimed, segment, side="left")
    repeats = np.searchsorted(claimed, segment, side="right") - low
    element = np.repeat(np.arange(len(segment)), repeats)
    nth = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    claim = by_segment[np.repeat(low, repeats) + nth]
    holds = (claims.start[claim] <= at[element]) & (at[element] <= claims.end[claim])
    return element[holds], claim[holds]


def _nothing() -> Intervals:
    none = np.array([], np.intp)
    return Intervals(none, np.array([]), np.array([]), none)


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
    # A hair more than the reach: the arithmetic below decides, not GEOS's.
    point, segment = tree.query(
        points[serving], predicate="dwithin", distance=reach_m[serving] * (1 + 1e-9) + NOISE_M
    )
    point = serving[point]
    length = segments.length[segment]
    dx, dy = (segments.end - segments.start)[segment].T / length
    x, y = (shapely.get_coordinates(points[point]) - segments.start[segment]).T
    foot, aside, reach = x * dx + y * dy, x * dy - y * dx, reach_m[point]
    half = np.sqrt(np.maximum(reach * reach - aside * aside, 0.0))
    start, end = np.clip(foot - half, 0.0, length), np.clip(foot + half, 0.0, length)
    real = end > start
    return Intervals(segment[real], start[real], end[real], point[real])
