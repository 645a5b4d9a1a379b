"""How one set of shapes lies against another: whether it is shifted as Chinese map services shift, and how far.

A shift is looked for only where it is known to go: at every place GCJ-02 and BD-09 have one exact offset.
Shapes that keep close to others (lamps to streets, fronts to roads, borders to borders) come to lie markedly
closer once the right shift is taken off, and not when they are moved as far in any other direction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from .crs import Shift, bd09_to_wgs84, gcj02_to_wgs84, transformer
from .said import Said

Points = NDArray[np.float64]
"""Easting and northing, a row a point."""

SAMPLE = 300
"""Points a set of shapes is judged by."""
FEWEST = 20
"""Fewer points than this are no evidence."""
CLOSER = 0.5
"""Taking the right shift off brings shapes at least this much closer than any other move."""
WORTH_A_LOOK = 0.75
MANY = 4
"""Shapes taken apart for each place that is wanted."""
SCREEN = 50
"""Points that settle whether there is anything to look at."""
DIRECTIONS = 8
STEPS_M = (4.0, 2.0, 1.0)
"""How finely the shift is measured around where it must be."""
SAME_SHIFT_M = 15.0
"""A measured displacement this near to what a shift does at that place is that shift."""
LEAST_M = 2.0
"""Smaller displacements than this are how things are surveyed."""
FEWEST_ASTRAY = 10
"""Fewer points than this outside the unit they name are slips, not a shift."""
FEWER_ASTRAY = 0.35
"""Taking the right shift off leaves at most this share of them outside."""
STEADY = 0.9
"""The share of rows that must be displaced alike."""

INVERSE: dict[Shift, Callable[..., tuple[Points, Points]]] = {
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}
TITLES: dict[Shift, str] = {"gcj02": "GCJ-02", "bd09": "BD-09"}


@dataclass(frozen=True)
class Registration:
    """A displacement of shapes against others, and the shift that explains it."""

    shift: Shift | None
    """None where shapes are displaced alike, but as neither shift does it."""
    east_m: float
    north_m: float
    apart_m: float
    """How far the shapes are from the others as they stand, as a middle value."""
    corrected_apart_m: float
    """The same once the displacement is taken off."""

    @property
    def distance_m(self) -> float:
        """How far the shapes are displaced."""
        return float(np.hypot(self.east_m, self.north_m))

    @property
    def bearing_deg(self) -> float:
        """In which direction, clockwise from north."""
        return float(np.degrees(np.arctan2(self.east_m, self.north_m)) % 360)

    @property
    def said(self) -> Said:
        """How far and where to, in words."""
        distance, bearing = f"{self.distance_m:.0f}", f"{self.bearing_deg:.0f}°"
        return Said(
            f"shifted by {distance} m, bearing {bearing}", f"偏移 {distance} 米，方位角 {bearing}"
        )

    def __str__(self) -> str:
        return str(self.said)


def corrections(points: Points, crs: str) -> dict[Shift, Points]:
    """Where the points would lie with either shift taken off, in the same metric CRS."""
    if not len(points):
        return {}
    return {shift: unshifted(points, shift, crs) for shift in INVERSE}


class Reference(Protocol):
    """What shapes may keep close to: a tree, or something that answers like one."""

    def __len__(self) -> int:
        """How many shapes it is of."""
        ...

    def query_nearest(self, geometry: Any, *, return_distance: bool, all_matches: bool) -> Any:
        """As `shapely.STRtree` has it."""
        ...


def registered(
    points: Points, reference: Reference, corrected: Mapping[Shift, Points]
) -> Registration | None:
    """The shift by which points lie off what they keep close to, or None where there is none.

    Parameters
    ----------
    points : places of the shapes in question, in metres; see `sample_points`
    reference : shapes they may keep close to (lines, borders, points), metric CRS
    corrected : where the points would lie without a shift; see `corrections`

    Returns
    -------
    Registration or None
        None also where the evidence is thin: fewer than `FEWEST` points, or shapes that keep no
        closer to the reference one way than another.
    """
    if len(points) < FEWEST or not len(reference):
        return None
    few = slice(None, None, max(1, len(points) // SCREEN))
    at_first = _closeness(points[few], reference)
    best: tuple[float, Shift, Points] | None = None
    for shift, back in corrected.items():
        # Most layers lie where they should: a few points settle that.
        if not _closeness(back[few], reference) < WORTH_A_LOOK * at_first:
            continue
        offset = points - back
        moved, nearest = _closeness(points - offset, reference), float("inf")
        # One other move, or none at all, that comes as close settles it, whatever the rest come to.
        for other in (np.zeros_like(offset), *_turned(offset)):
            nearest = min(nearest, _closeness(points - other, reference))
            if not moved / nearest < CLOSER:
                break
        else:
            ratio = moved / nearest
            if best is None or ratio < best[0]:
                best = ratio, shift, offset
    if best is None:
        return None
    _, shift, offset = best
    offset = _measured(points, offset, reference)
    east, north = offset.mean(axis=0)
    return Registration(
        shift,
        float(east),
        float(north),
        float(np.median(_distances(points, reference))),
        float(np.median(_distances(points - offset, reference))),
    )


def displaced(found: Points, known: Points, crs: str) -> Registration | None:
    """How the same things lie off where they are known to be, where nearly all do so alike.

    Parameters
    ----------
    found : their places as they stand, metric CRS
    known : the places of the very same things from elsewhere, in the same order

    Returns
    -------
    Registration or None
        `shift` is None where the displacement is steady but neither GCJ-02 nor BD-09. None where
        things lie where they are known to be, are moved this way and that, or where it is the known
        places that are shifted.
    """
    if len(found) < FEWEST:
        return None
    moved = found - known
    middle = np.median(moved, axis=0)
    length = float(np.hypot(*middle))
    spread = np.hypot(*(moved - middle).T)
    if length < LEAST_M or np.mean(spread <= max(1.0, 0.05 * length)) < STEADY:
        return None
    for shift in INVERSE:
        expected = np.median(found - unshifted(found, shift, crs), axis=0)
        backwards = np.median(known - unshifted(known, shift, crs), axis=0)
        if np.hypot(*(middle - expected)) <= SAME_SHIFT_M:
            return Registration(
                shift, float(middle[0]), float(middle[1]), length, float(np.median(spread))
            )
        if np.hypot(*(middle + backwards)) <= SAME_SHIFT_M:
            return None
    return Registration(None, float(middle[0]), float(middle[1]), length, float(np.median(spread)))


@dataclass(frozen=True)
class Outside:
    """A shift by which points lie outside the surfaces they belong to."""

    registration: Registration
    before: float
    """The share of the points that lie outside as they stand."""
    after: float
    """The same with the shift taken off."""


def astray(points: Points, surfaces: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which points lie outside the surface of the same position."""
    return ~np.asarray(shapely.intersects_xy(surfaces, points[:, 0], points[:, 1]))


def shifted_out(points: Points, surfaces: NDArray[np.object_], crs: str) -> Outside | None:
    """The shift by which points lie outside the surfaces they belong to, or None where none explains it.

    Parameters
    ----------
    points : places, in a metric CRS
    surfaces : for each the surface it should lie in
    crs : the metric CRS
    """
    outside = astray(points, surfaces)
    if outside.sum() < FEWEST_ASTRAY:
        return None
    for shift in INVERSE:
        back = unshifted(points, shift, crs)
        left = astray(back, surfaces)
        if left.sum() <= FEWER_ASTRAY * outside.sum():
            east, north = (points - back).mean(axis=0)
            found = Registration(shift, float(east), float(north), 0.0, 0.0)
            return Outside(found, float(outside.mean()), float(left.mean()))
    return None


def unshifted(points: Points, shift: Shift, crs: str) -> Points:
    """The points with a shift taken off, in the same metric CRS."""
    lon, lat = transformer(crs, "EPSG:4326").transform(points[:, 0], points[:, 1])
    return np.column_stack(transformer("EPSG:4326", crs).transform(*INVERSE[shift](lon, lat)))


def sample_points(shapes: NDArray[np.object_], count: int = SAMPLE) -> Points:
    """Places spread evenly over shapes: along lines and borders, or the points themselves.

    Parameters
    ----------
    shapes : points, lines or surfaces, none missing
    count : about how many places
    """
    if not len(shapes):
        return np.empty((0, 2))
    # Of a million streets a few hundred are looked at; taking all of them apart would take seconds.
    shapes = shapes[:: max(1, len(shapes) // (MANY * count))]
    parts = shapely.get_parts(outlines(shapes))
    parts = parts[~shapely.is_empty(parts)]
    lines = parts[shapely.get_dimensions(parts) == 1]
    points = shapely.get_coordinates(parts[shapely.get_dimensions(parts) == 0])
    points = points[:: max(1, len(points) // count)]
    if not len(lines):
        return points
    lines = lines[:: max(1, len(lines) // count)]
    each = max(1, round(count / len(lines)))
    # Not at ends and middles alone: streets meet at ends, and so would shifted ones.
    fractions = (np.arange(each) + 0.37) / each
    with np.errstate(all="ignore"):  # a broken file's lines may be of any length, or none
        along = [
            shapely.get_coordinates(
                shapely.line_interpolate_point(lines, fraction, normalized=True)
            )
            for fraction in fractions
        ]
    found = np.concatenate([points, *along])
    return np.asarray(found[np.isfinite(found).all(axis=1)])


def outlines(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Lines and points as they are, surfaces as their borders."""
    drawn = np.array(shapes, dtype=object)
    surfaces = shapely.get_dimensions(drawn) == 2
    drawn[surfaces] = shapely.boundary(drawn[surfaces])
    return drawn


def _distances(points: Points, reference: Reference) -> NDArray[np.float64]:
    _, distances = reference.query_nearest(
        shapely.points(points), return_distance=True, all_matches=False
    )
    return np.asarray(distances)


def _closeness(points: Points, reference: Reference) -> float:
    """The geometric mean of the distances (one metre added): a part that fits well shows through."""
    finite = points[np.isfinite(points).all(axis=1)]
    if len(finite) < len(points):
        return float("inf")
    distances = _distances(finite, reference)
    # Nothing is near to no points, nor to points beyond where distances can be told.
    return float(np.exp(np.log1p(distances).mean())) if len(distances) else float("inf")


def _turned(offset: Points) -> list[Points]:
    """The same move in other directions."""
    turned = []
    for step in range(1, DIRECTIONS):
        angle = 2 * np.pi * step / DIRECTIONS
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned.append(offset @ turn.T)
    return turned


def _measured(points: Points, offset: Points, reference: Reference) -> Points:
    """The offset moved a little to where the shapes fit best."""
    best, closeness = offset, _closeness(points - offset, reference)
    for step in STEPS_M:
        for east in (-step, 0.0, step):
            for north in (-step, 0.0, step):
                tried = offset + np.array([east, north])
                found = _closeness(points - tried, reference)
                if found < closeness:
                    best, closeness = tried, found
        offset = best
    return best
