"""Geometry that engines could disagree about, and the question whether they do.

Coordinates are small whole numbers before they are laid out, so that shared borders, touching vertices and
lines along edges are the rule. Laid out, they are whole metres, or turned and far from the origin, where
nothing lies exactly on anything any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import (
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    affinity,
    box,
)

from geo.engine import Engine, Pieces

SIZE = 8

whole = st.integers(0, SIZE)
spot = st.tuples(whole, whole)
finer = st.integers(-2, 2 * SIZE + 2).map(lambda number: number / 2)
place = st.tuples(finer, finer)

boxes = (
    st.tuples(spot, spot)
    .filter(lambda two: two[0][0] != two[1][0] and two[0][1] != two[1][1])
    .map(
        lambda two: box(
            *np.minimum(two[0], two[1]).tolist(),
            *np.maximum(two[0], two[1]).tolist(),
        )
    )
)
rings = st.lists(spot, min_size=3, max_size=7, unique=True).map(Polygon)
holed = (
    st.tuples(rings, rings)
    .filter(lambda two: all(part.is_valid for part in two))
    .map(lambda two: shapely.difference(*two))
)
several = st.lists(boxes | rings, min_size=2, max_size=3).map(MultiPolygon)
polygon = (boxes | rings | holed | several).filter(
    lambda shape: shape.is_valid and shape.area > 0 and shape.geom_type.endswith("Polygon")
)


def _parted(cuts: tuple[set[int], set[int]]) -> list[Polygon]:
    """A rectangle parted by full-length cuts: units as they should be."""
    across, up = (sorted({0, SIZE, *some}) for some in cuts)
    return [box(x, y, right, top) for x, right in pairwise(across) for y, top in pairwise(up)]


partition = st.tuples(st.sets(whole, max_size=2), st.sets(whole, max_size=2)).map(_parted)
units = partition | st.lists(polygon | st.just(Polygon()), max_size=4)
line = st.lists(place, min_size=2, max_size=6).map(LineString)
edge_line = polygon.map(lambda shape: LineString(shapely.get_coordinates(shape)[:4]))
solid_line = line.map(lambda some: shapely.force_3d(some, 7.0))
lines = st.lists(
    line
    | edge_line
    | solid_line
    | st.lists(line, min_size=2, max_size=3).map(MultiLineString)
    | st.sampled_from([None, LineString()]),
    min_size=1,
    max_size=4,
)
points = st.lists(
    place.map(Point)
    | st.lists(place, min_size=1, max_size=2).map(MultiPoint)
    | st.sampled_from([None, Point()]),
    max_size=6,
)
reach = st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 5.0])
turn = st.sampled_from([0.0, 0.0, 30.0, 12.3456])
metre = st.sampled_from([1.0, 100.0, 37.3])
corner = st.sampled_from([(0.0, 0.0), (509632.0, 3342511.0), (0.1, 0.7)])


@dataclass(frozen=True)
class Case:
    """What an engine is asked."""

    lines: Any
    units: Any
    area: Any
    points: Any
    certain_m: Any
    possible_m: Any


def _objects(items: list[Any], laid_out: Callable[[Any], Any]) -> Any:
    array = np.empty(len(items), object)
    array[:] = [None if item is None else laid_out(item) for item in items]
    return array


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Lines, points, units and an area, laid out in one of several ways."""
    angle, scale, (x, y) = draw(turn), draw(metre), draw(corner)

    def laid_out(shape: Any) -> Any:
        turned = affinity.rotate(shape, angle, origin=(0, 0)) if angle else shape
        return affinity.affine_transform(turned, [scale, 0, 0, scale, x, y])

    parts = [shape for shape in draw(units) if _valid(laid_out(shape))]
    area = draw(st.none() | polygon)
    area = None if area is None or not _valid(laid_out(area)) else laid_out(area)
    spots = draw(points)
    certain = np.array([draw(reach) for _ in spots], float) * scale
    possible = np.maximum(certain, np.array([draw(reach) for _ in spots], float) * scale)
    return Case(
        _objects(draw(lines), laid_out),
        _objects(parts, laid_out),
        area,
        _objects(spots, laid_out),
        certain,
        possible,
    )


def _valid(shape: Any) -> bool:
    return bool(shape.is_valid)


def disagreement(case: Case, one: Engine, other: Engine) -> str | None:
    """What two engines say differently, or None."""
    lengths = [engine.lengths(case.lines, case.units, case.area) for engine in (one, other)]
    found = _differing("lengths", "measure", case.lines, *lengths)
    reaches = [
        engine.reach(
            case.lines, case.units, case.area, case.points, case.certain_m, case.possible_m
        )
        for engine in (one, other)
    ]
    for figure in ("measure", "certain", "possible"):
        found = found or _differing("reach", figure, case.lines, *reaches)
    places = [engine.places(case.points, case.units, case.area) for engine in (one, other)]
    return found or _differing("places", "measure", case.points, *places)


def _differing(asked: str, figure: str, features: Any, one: Pieces, other: Pieces) -> str | None:
    """The first piece whose figure differs by more than 1e-9 of its feature and the noise of coordinates."""
    length = np.nan_to_num(shapely.length(features))
    held: list[dict[tuple[int, int, bool], float]] = []
    for pieces in (one, other):
        keys = zip(pieces.row.tolist(), pieces.unit.tolist(), pieces.inside.tolist(), strict=True)
        held.append(dict(zip(keys, getattr(pieces, figure).tolist(), strict=True)))
    for key in sorted(held[0].keys() | held[1].keys()):
        first, second = (side.get(key, 0.0) for side in held)
        if abs(first - second) > 1e-9 * length[key[0]] + 5e-8:
            return f"{asked}: {figure} of {key}: {first!r} or {second!r}"
    return None
