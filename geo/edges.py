"""Four edges → the area they enclose, with a record of how each corner was closed.

A policy draws an area by what bounds it on each side. Surveyed edges rarely meet exactly: where two
neighbours cross they are trimmed, where they fall short they are extended or joined, and where the gap is
wider than may be closed, that corner is named with its width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, Polygon

from .errors import Fault, ScopeError
from .model import SIDES, SIDES_ZH, ScopeRule, Side, corner_zh
from .said import Said

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

DEFAULT_CLOSE_WITHIN_M = 500.0
TOUCHING_M = 1e-6


@dataclass(frozen=True)
class EdgePart:
    """A stretch of the area's border: the sides it belongs to, its line (metres), how well it is known."""

    sides: tuple[Side, ...]
    line: LineString
    accuracy_m: float


@dataclass(frozen=True)
class Corner:
    """How two neighbouring edges were made to meet, and how far apart (or past each other) they were."""

    sides: tuple[Side, Side]
    how: Literal["met", "trimmed", "extended", "joined"]
    gap_m: float


@dataclass(frozen=True)
class Area:
    """What the edges enclose."""

    polygon: Polygon
    crs: str
    parts: tuple[EdgePart, ...]
    corners: tuple[Corner, ...]


@dataclass(frozen=True)
class _Edge:
    side: Side
    line: LineString | None
    """Clockwise round the area; None where only a point is known."""
    points: tuple[Point, ...]
    accuracy_m: float


def area_of(edges: gpd.GeoDataFrame, rule: ScopeRule, layer: str = "boundary_edges") -> Area:
    """The area enclosed by four edges.

    Parameters
    ----------
    edges : LineString or Point (several rows a side allowed), metric CRS, with `side` and `accuracy_m`
        (missing accuracy counts as 0). Where a side has a line, the line stands and points are
        evidence; a side of points only runs through them between its neighbours' ends.
    rule : says how wide a corner may be closed
    layer : the name used in messages

    Returns
    -------
    Area

    Raises
    ------
    ScopeError
        A side is missing, a side's lines do not join, corners stay open (each with its width in
        metres), or the border crosses itself.

    Source: the policy names an area by its limits to the east, west, south and north.
    """
    found = _edges_by_side(edges, layer)
    edge = {side: found[side] for side in SIDES}
    points_only = [side for side in SIDES if edge[side].line is None]
    for side in points_only:
        edge[side] = _through_points(edge, side, layer)

    closed = [_close(edge[a], edge[b], rule) for a, b in _around()]
    faults = [
        Fault(
            layer,
            Said(
                f"the {a}-{b} corner open by {closing.gap_m:,.1f} m",
                f"{corner_zh((a, b))}转角未闭合，相距 {closing.gap_m:,.1f} 米",
            ),
            Said(
                f"a corner no wider than {closing.limit_m:,.1f} m",
                f"转角间距不超过 {closing.limit_m:,.1f} 米",
            ),
            Said(
                "draw the edges further, or set scope.close_within_m in district.toml",
                "将边线画至相接，或在 district.toml 中设 scope.close_within_m",
            ),
        )
        for (a, b), closing in zip(_around(), closed, strict=True)
        if closing.corner is None
    ]
    if faults:
        raise ScopeError(faults)
    parts = tuple(_parts(edge, dict(zip(SIDES, closed, strict=True)), layer))
    ring = [tuple(xy) for part in parts for xy in shapely.get_coordinates(part.line)[:-1]]
    polygon = Polygon(ring)
    if not polygon.is_valid or polygon.area == 0:
        reason = shapely.is_valid_reason(polygon)
        raise ScopeError(
            Fault(
                layer,
                Said(
                    f"a border that does not enclose one area ({reason})",
                    f"四至未围成一个区域（{reason}）",
                ),
                Said("four edges that meet only at their corners", "四条边线只在转角处相接"),
                Said(
                    "check that each side is named rightly and that opposite edges do not cross",
                    "核对各边方位是否填对，相对的边线是否相交",
                ),
            )
        )
    corners = tuple(closing.corner for closing in closed if closing.corner is not None)
    return Area(polygon, str(edges.crs), parts, corners)


def _around() -> Iterator[tuple[Side, Side]]:
    yield from pairwise((*SIDES, SIDES[0]))


# Clockwise, each side runs towards: north eastwards, east southwards, south westwards, west northwards.
_HEADING: Mapping[Side, tuple[int, int]] = {
    "north": (1, 0),
    "east": (0, -1),
    "south": (-1, 0),
    "west": (0, 1),
}


def _edges_by_side(edges: gpd.GeoDataFrame, layer: str) -> dict[Side, _Edge]:
    faults = []
    result: dict[Side, _Edge] = {}
    for side in SIDES:
        rows = edges[(edges["side"] == side).fillna(False).to_numpy(bool)]
        rows = rows[~(rows.geometry.isna() | rows.geometry.is_empty)]
        if rows.empty:
            faults.append(
                Fault(
                    layer,
                    Said(f"no {side} edge", f"缺{SIDES_ZH[side]}至"),
                    Said("an edge on each of the four sides", "四至齐全"),
                    Said(f"add the {side} edge", f"补充{SIDES_ZH[side]}至"),
                )
            )
            continue
        kinds = shapely.get_dimensions(rows.geometry.to_numpy())
        pieces = shapely.get_parts(rows.geometry.to_numpy()[kinds == 1])
        lines = shapely.line_merge(MultiLineString(pieces.tolist()))
        points = tuple(shapely.get_parts(rows.geometry.to_numpy()[kinds == 0]))
        line = None
        if not lines.is_empty:
            line = _one_line(lines, side)
            if line is None:
                faults.append(
                    Fault(
                        layer,
                        Said(
                            f"{shapely.get_num_geometries(lines)} separate lines on the {side} side",
                            f"{SIDES_ZH[side]}至由 {shapely.get_num_geometries(lines)} 条互不相接的线组成",
                        ),
                        Said("lines that join into one", "可连成一条的线"),
                        Said("join the lines end to end", "将各线首尾相接"),
                        tuple(rows.index),
                    )
                )
                continue
        decisive = rows[kinds == 1] if line is not None else rows
        accuracy = decisive["accuracy_m"].fillna(0.0).max()
        result[side] = _Edge(side, line, points, float(accuracy))
    if faults:
        raise ScopeError(faults)
    return result


def _one_line(lines: BaseGeometry, side: Side) -> LineString | None:
    """The side's line, running clockwise; None where it is in several pieces."""
    if lines.geom_type != "LineString":
        return None
    xy = shapely.get_coordinates(lines)
    along = (xy[-1] - xy[0]) @ np.array(_HEADING[side])
    return LineString(xy if along >= 0 else xy[::-1])


def _through_points(edge: dict[Side, _Edge], side: Side, layer: str) -> _Edge:
    """A side known by points only: straight from its neighbours' ends through the points."""
    position = SIDES.index(side)
    before, after = edge[SIDES[position - 1]], edge[SIDES[(position + 1) % 4]]
    if before.line is None or after.line is None:
        raise ScopeError(
            Fault(
                layer,
                Said(
                    f"only points on the {side} side and on a side next to it",
                    f"{SIDES_ZH[side]}至及其相邻一至都只有点",
                ),
                Said(
                    "a line on each side next to one that is known by a point",
                    "以点表示的一至，其两侧相邻各至应为线",
                ),
                Said("draw one of the two edges as a line", "将两者之一画为线"),
            )
        )
    heading = np.array(_HEADING[side])
    middle = sorted(
        (tuple(xy) for point in edge[side].points for xy in shapely.get_coordinates(point)),
        key=lambda xy: float(np.array(xy) @ heading),
    )
    # Each neighbour ends where it comes nearest to the point; it is trimmed there if it runs past.
    start = _nearest_on(before.line, Point(middle[0]))
    end = _nearest_on(after.line, Point(middle[-1]))
    return _Edge(side, LineString([start, *middle, end]), edge[side].points, edge[side].accuracy_m)


def _nearest_on(line: LineString, point: Point) -> tuple[float, float]:
    foot = line.interpolate(line.project(point))
    return (foot.x, foot.y)


@dataclass(frozen=True)
class _Closing:
    """Where one edge is left, and the next is joined."""

    leave: NDArray[np.float64]
    join: NDArray[np.float64]
    corner: Corner | None
    gap_m: float
    limit_m: float


def _close(first: _Edge, second: _Edge, rule: ScopeRule) -> _Closing:
    """Make the end of `first` meet the start of `second`: where they cross, else extended, else joined."""
    a, b = first.line, second.line
    assert a is not None
    assert b is not None
    limit = rule.close_within_m or max(DEFAULT_CLOSE_WITHIN_M, first.accuracy_m + second.accuracy_m)
    end, start = shapely.get_coordinates(a)[-1], shapely.get_coordinates(b)[0]
    sides = (first.side, second.side)

    crossings = [Point(xy) for xy in shapely.get_coordinates(shapely.intersection(a, b))]
    if crossings:
        # Of several crossings the one that keeps most of both edges.
        def lost(point: Point) -> float:
            return (a.length - a.project(point)) + b.project(point)

        best = min(crossings, key=lost)
        xy = np.array([best.x, best.y])
        overshoot = lost(best)
        how: Literal["met", "trimmed"] = "met" if overshoot <= TOUCHING_M else "trimmed"
        return _Closing(xy, xy, Corner(sides, how, overshoot), overshoot, limit)

    candidates = list(_extensions(a, b))
    if candidates:
        length, xy = min(candidates, key=lambda item: item[0])
        if length <= limit:
            return _Closing(xy, xy, Corner(sides, "extended", length), length, limit)
    gap = float(np.hypot(*(start - end)))
    corner = Corner(sides, "joined", gap) if gap <= limit else None
    return _Closing(end, start, corner, gap, limit)


def _extensions(a: LineString, b: LineString) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Places where the edges meet if they go straight on, with the length added."""
    a_xy, b_xy = shapely.get_coordinates(a), shapely.get_coordinates(b)
    reach = 4 * (a.length + b.length)
    a_ray = _ray(a_xy[-2], a_xy[-1], reach)
    b_ray = _ray(b_xy[1], b_xy[0], reach)
    for one, other in ((a_ray, b), (b_ray, a), (a_ray, b_ray)):
        for xy in shapely.get_coordinates(shapely.intersection(one, other)):
            added = 0.0
            if one is a_ray:
                added += float(np.hypot(*(xy - a_xy[-1])))
            if one is b_ray or other is b_ray:
                added += float(np.hypot(*(xy - b_xy[0])))
            yield added, xy


def _ray(before: NDArray[np.float64], end: NDArray[np.float64], length: float) -> LineString:
    direction = (end - before) / np.hypot(*(end - before))
    return LineString([end, end + direction * length])


def _parts(edge: dict[Side, _Edge], closed: dict[Side, _Closing], layer: str) -> Iterator[EdgePart]:
    """The border clockwise: each edge between its two corners, and the joins between edges."""
    for position, side in enumerate(SIDES):
        before, after = closed[SIDES[position - 1]], closed[side]
        line = edge[side].line
        assert line is not None
        stretch = _between(line, before.join, after.leave)
        if stretch is None:
            raise ScopeError(
                Fault(
                    layer,
                    Said(
                        f"the two corners of the {side} edge the wrong way round",
                        f"{SIDES_ZH[side]}至的两个转角次序颠倒",
                    ),
                    Said(
                        "neighbouring edges that cross it near its ends", "相邻各至在其两端附近相交"
                    ),
                    Said("check that each side is named rightly", "核对各边方位是否填对"),
                )
            )
        yield EdgePart((side,), stretch, edge[side].accuracy_m)
        if np.hypot(*(after.join - after.leave)) > TOUCHING_M:
            following = SIDES[(position + 1) % 4]
            # The true corner of two edges at right angles lies on the circle over the gap: half of it off at most.
            accuracy = max(edge[side].accuracy_m, edge[following].accuracy_m, after.gap_m / 2)
            yield EdgePart((side, following), LineString([after.leave, after.join]), accuracy)


def _between(
    line: LineString, start: NDArray[np.float64], end: NDArray[np.float64]
) -> LineString | None:
    """The line from corner to corner; a corner off the line's ends is reached straight from them."""
    xy = shapely.get_coordinates(line)
    low, high = line.project(Point(start)), line.project(Point(end))
    if low >= high:
        return None
    vertex = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    kept = xy[(vertex > low + TOUCHING_M) & (vertex < high - TOUCHING_M)]
    # Extended ends keep the line's own first and last vertex.
    head = [xy[0]] if low == 0 and np.hypot(*(xy[0] - start)) > TOUCHING_M else []
    tail = [xy[-1]] if high == line.length and np.hypot(*(xy[-1] - end)) > TOUCHING_M else []
    return LineString(np.array([start, *head, *kept, *tail, end]))
