"""The engine on shapely, plain enough to be read as the definition of every figure."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely

from .base import AreaPieces, Pieces, ReachPieces
from .intervals import (
    NOISE_M,
    Intervals,
    Segments,
    divided,
    overlaps,
    reached,
    segments_of,
    whole,
    within,
)
from .lines import as_geometries, single_points
from .stretches import ReachParts

if TYPE_CHECKING:
    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

    from .base import Flags, Floats, Geometries, Positions
    from .lines import Lines, Points

_P = TypeVar("_P", bound=Pieces)

SLIVER = 1e-9
"""A part of a polygon below this share of it is rounding, not a part."""


class ReferenceEngine:
    """Cuts with GEOS; see `geo.engine.base.Engine` for what each method promises."""

    name = "reference"

    def lengths(self, lines: Geometries | Lines, units: Geometries, area: Polygon | None) -> Pieces:
        """Length (m) of each line by unit and side of the area."""
        lines = as_geometries(lines)
        unit, settled = _sole_owner(lines, units)
        inside, side_settled = _side(lines, area)
        simple = settled & side_settled & (shapely.length(lines) > 0)
        rows = np.flatnonzero(simple)
        cut = _cut(lines, np.flatnonzero(~simple & ~shapely.is_missing(lines)), units, area)
        return _sum(
            Pieces(
                np.concatenate([rows, cut.row]),
                np.concatenate([unit[rows], cut.unit]),
                np.concatenate([inside[rows], cut.inside]),
                np.concatenate([shapely.length(lines[rows]), cut.measure]),
            )
        )

    def reach(
        self,
        lines: Geometries | Lines,
        units: Geometries,
        area: Polygon | None,
        points: Geometries | Points,
        certain_m: Floats,
        possible_m: Floats,
    ) -> ReachPieces:
        """Length (m) of each line by unit and side, and of that the length within reach of a point."""
        parts = reach_parts(lines, units, area, points, certain_m, possible_m)
        metres = parts.metres
        return _sum(
            ReachPieces(
                parts.row,
                parts.parts.value,
                parts.inside,
                metres,
                np.where(parts.certain, metres, 0.0),
                np.where(parts.possible, metres, 0.0),
            )
        )

    def areas(self, polygons: Geometries, units: Geometries, area: Polygon | None) -> AreaPieces:
        """Area (m²) of each polygon by unit and side of the area."""
        unit, settled = _sole_owner(polygons, units)
        total = shapely.area(polygons)
        rows = np.flatnonzero(settled & (total > 0))
        shared = np.flatnonzero(~settled & (total > 0))
        found = [(rows, unit[rows], polygons[rows], total[rows])]
        unit, nth = shapely.STRtree(polygons[shared]).query(units, predicate="intersects")
        order = np.lexsort((unit, nth))
        starts = np.searchsorted(nth[order], np.arange(len(shared) + 1))
        for position, low, high in zip(shared.tolist(), starts[:-1], starts[1:], strict=True):
            meeting = unit[order[low:high]]
            found.append(_shared_out(position, polygons[position], units, meeting))
        row, owner, geometry, measure = (np.concatenate(part) for part in zip(*found, strict=True))
        return _split_by_area(row, owner, geometry, measure, area)

    def places(
        self, points: Geometries | Points, units: Geometries, area: Polygon | None
    ) -> Pieces:
        """Unit and side of each point, measure 1; a null or empty point lies in no unit.

        A point within `NOISE_M` of a border lies on it.
        """
        points = as_geometries(points)
        spots = shapely.point_on_surface(points)
        nobody = np.iinfo(np.intp).max
        unit = np.full(len(points), nobody, np.intp)
        # What was drawn on a border hardly ever lies on it to the last digit.
        owner, point = shapely.STRtree(spots).query(units, predicate="dwithin", distance=NOISE_M)
        np.minimum.at(unit, point, owner)
        unit[unit == nobody] = -1
        inside = np.zeros(len(points), bool)
        if area is not None:
            shapely.prepare(area)
            inside = shapely.dwithin(area, spots, NOISE_M)
        return Pieces(np.arange(len(points), dtype=np.intp), unit, inside, np.ones(len(points)))


def reach_parts(
    lines: Geometries | Lines,
    units: Geometries,
    area: Polygon | None,
    points: Geometries | Points,
    certain_m: Floats,
    possible_m: Floats,
) -> ReachParts:
    """Lines cut by units, by the area and by what points reach: what `Engine.reach` gives the sums of.

    Parameters
    ----------
    lines, units, area, points, certain_m, possible_m : as for `Engine.reach`

    Returns
    -------
    ReachParts
        In the order of the lines, and along each.
    """
    lines = as_geometries(lines)
    single, row = single_points(points)
    serving = single.to_shapely()
    if row is not None:
        certain_m, possible_m = certain_m[row], possible_m[row]
    unit, settled = _sole_owner(lines, units)
    inside, side_settled = _side(lines, area)
    segments = segments_of(lines)
    crossing = ~(settled & side_settled)[segments.row]
    positions = np.flatnonzero(crossing)
    parts, parts_inside = _divide(segments.take(positions), units, area)
    plain = whole(segments.take(~crossing), unit[segments.row[~crossing]])
    parts = Intervals(
        np.concatenate([np.flatnonzero(~crossing)[plain.segment], positions[parts.segment]]),
        np.concatenate([plain.start, parts.start]),
        np.concatenate([plain.end, parts.end]),
        np.concatenate([plain.value, parts.value]),
    )
    part_inside = np.concatenate([inside[segments.row[~crossing]], parts_inside])
    sure = reached(segments, serving, certain_m)
    maybe = reached(segments, serving, np.maximum(certain_m, possible_m))
    finer, (in_sure, in_maybe), source = within(parts, sure, maybe)
    return ReachParts(segments, finer, part_inside[source], in_sure, in_sure | in_maybe)


def _sole_owner(features: Geometries, units: Geometries) -> tuple[Positions, Flags]:
    """Of each feature, the only unit it meets, and whether that unit holds all of it (or none meets it)."""
    tree = shapely.STRtree(features)
    unit, feature = tree.query(units, predicate="dwithin", distance=NOISE_M)
    meets = np.bincount(feature, minlength=len(features))
    owner = np.full(len(features), -1, np.intp)
    owner[feature] = unit
    covered = np.zeros(len(features), bool)
    covered[tree.query(units, predicate="covers")[1]] = True
    return owner, (meets == 0) | ((meets == 1) & covered)


def _side(features: Geometries, area: Polygon | None) -> tuple[Flags, Flags]:
    """Whether each feature lies in the area, and whether that holds for all of it."""
    if area is None:
        return np.zeros(len(features), bool), np.ones(len(features), bool)
    shapely.prepare(area)
    inside = shapely.covers(area, features)
    return inside, inside | ~shapely.dwithin(area, features, NOISE_M)


def _divide(segments: Segments, units: Geometries, area: Polygon | None) -> tuple[Intervals, Flags]:
    """Segments divided among units and by the area: parts, and whether each lies inside."""
    inner = None if area is None else overlaps(segments, np.array([area], dtype=object))
    return divided(segments, overlaps(segments, units), inner)


def _cut(lines: Geometries, rows: Positions, units: Geometries, area: Polygon | None) -> Pieces:
    segments = segments_of(lines[rows])
    parts, inside = _divide(segments, units, area)
    return Pieces(rows[segments.row[parts.segment]], parts.value, inside, parts.end - parts.start)


def _shared_out(
    position: int, polygon: BaseGeometry, units: Geometries, meeting: Positions
) -> tuple[Positions, Positions, Geometries, Floats]:
    """One polygon given out unit by unit in order of precedence; the rest belongs to none.

    The pieces add up to the polygon: the largest takes what rounding leaves over.
    """
    total = polygon.area
    rest = polygon
    owner: list[int] = []
    geometry: list[BaseGeometry] = []
    for unit in meeting.tolist():
        piece = shapely.intersection(rest, units[unit])
        if piece.area > SLIVER * total:
            owner.append(unit)
            geometry.append(piece)
            rest = shapely.difference(rest, units[unit])
            if rest.is_empty:
                break
    if rest.area > SLIVER * total:
        owner.append(-1)
        geometry.append(rest)
    pieces = np.array(geometry, dtype=object)
    measure = shapely.area(pieces)
    measure[np.argmax(measure)] += total - measure.sum()
    return np.full(len(owner), position, np.intp), np.array(owner, np.intp), pieces, measure


def _split_by_area(
    row: Positions, unit: Positions, geometry: Geometries, measure: Floats, area: Polygon | None
) -> AreaPieces:
    """Pieces of polygons parted into what lies inside the area and what lies outside."""
    inside, settled = _side(geometry, area)
    mixed = np.flatnonzero(~settled)
    within_area = shapely.intersection(geometry[mixed], area)
    outside = shapely.difference(geometry[mixed], area)
    inner = np.clip(shapely.area(within_area), 0.0, measure[mixed])
    inner = np.where(inner <= SLIVER * measure[mixed], 0.0, inner)
    inner = np.where(inner >= (1 - SLIVER) * measure[mixed], measure[mixed], inner)
    pieces = AreaPieces(
        np.concatenate([row[settled], row[mixed], row[mixed]]),
        np.concatenate([unit[settled], unit[mixed], unit[mixed]]),
        np.concatenate([inside[settled], np.ones(len(mixed), bool), np.zeros(len(mixed), bool)]),
        np.concatenate([measure[settled], inner, measure[mixed] - inner]),
        np.concatenate([geometry[settled], within_area, outside]),
    )
    chosen = np.flatnonzero(pieces.measure > 0)
    order = chosen[np.lexsort((pieces.inside[chosen], pieces.unit[chosen], pieces.row[chosen]))]
    return AreaPieces(
        pieces.row[order],
        pieces.unit[order],
        pieces.inside[order],
        pieces.measure[order],
        pieces.geometry[order],
    )


def _sum(parts: _P) -> _P:
    """Parts of the same feature, unit and side added up, in that order."""
    if not len(parts):
        return parts
    order = np.lexsort((parts.inside, parts.unit, parts.row))
    row, unit, inside = parts.row[order], parts.unit[order], parts.inside[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(row) != 0) | (np.diff(unit) != 0) | (inside[1:] != inside[:-1])
    starts = np.flatnonzero(new)
    sums = {
        item.name: np.add.reduceat(getattr(parts, item.name)[order], starts)
        for item in fields(parts)
        if item.name not in ("row", "unit", "inside")
    }
    return replace(parts, row=row[starts], unit=unit[starts], inside=inside[starts], **sums)
