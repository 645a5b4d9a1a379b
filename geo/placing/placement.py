"""One way to understand coordinates: which axis comes first, in which system, with which shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from ..crs import Shift, Stated, state, straighten, systems_about, transformer, zone_prefix
from ..said import Said
from .home import BETTER_WITHIN_M, Home

if TYPE_CHECKING:
    import geopandas as gpd

Points = NDArray[np.float64]
SAMPLE = 2_000
WEB_MERCATOR = "EPSG:3857"
_WEB_MERCATOR_EDGE_M = 20_037_509
_DEGREES = ("EPSG:4326",)


@dataclass(frozen=True)
class Placement:
    """How coordinates are to be understood."""

    crs: pyproj.CRS
    swapped: bool = False
    """Latitude or northing comes first."""
    shift: Shift | None = None

    @property
    def text(self) -> str:
        """As an import record keeps it, and, but for swapped axes, as `--crs` takes it."""
        said = self.shift or self.crs.to_string()
        return f"{said}, axes swapped" if self.swapped else said

    def metric(self, points: Points, crs: str) -> Points:
        """Points as they would lie in a metric system, any shift of theirs left on."""
        x, y = (points[:, 1], points[:, 0]) if self.swapped else (points[:, 0], points[:, 1])
        if self.crs.is_geographic and not is_degrees(np.column_stack([x, y])):
            return np.full(points.shape, np.inf)
        if self.crs == crs:
            return np.column_stack([x, y])
        return np.column_stack(transformer(self.crs, crs).transform(x, y))

    def applied(self, geometry: gpd.GeoSeries) -> gpd.GeoSeries:
        """Geometry in its system, the axes in order and any shift taken off."""
        if self.swapped:
            import geopandas as gpd

            turned = shapely.transform(
                shapely.force_2d(geometry.to_numpy()), lambda xy: xy[:, ::-1]
            )
            geometry = gpd.GeoSeries(turned, index=geometry.index)
        plain = geometry.set_crs(self.crs, allow_override=True)
        if self.shift is None:
            return plain
        shifted: Stated = state(self.shift)
        return straighten(plain, shifted)


@dataclass(frozen=True)
class Fit:
    """A placement, and how far from the district's extent the middle row comes to lie by it."""

    placement: Placement
    away_m: float

    @property
    def where(self) -> Said:
        """In words."""
        if self.away_m == 0:
            return Said("within the district's extent", "在本区范围内")
        away = distance(self.away_m)
        return Said(f"{away} from the district's extent", f"距本区范围 {away.zh}")


def sample_places(shapes: NDArray[np.object_]) -> Points:
    """The first place of each of up to `SAMPLE` shapes, spread evenly over the rows."""
    present = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    some = present[:: max(1, len(present) // SAMPLE)]
    coordinates, owners = shapely.get_coordinates(some, return_index=True)
    _, first = np.unique(owners, return_index=True)
    places = coordinates[first]
    return np.asarray(places[np.isfinite(places).all(axis=1)])


def fit(placement: Placement, places: Points, home: Home) -> Fit:
    """How well a placement suits the district; infinitely far where it means no place."""
    away = home.away_m(placement.metric(places, home.crs))
    # Unfilled cells make places at 0, 0: they tell nothing of the others.
    filled = (places != 0).any(axis=1)
    judged = away[filled] if filled.any() else away
    return Fit(placement, float(np.median(judged)) if len(judged) else np.inf)


def fitting(places: Points, home: Home, stated: pyproj.CRS | None) -> tuple[Fit, ...]:
    """All ways to understand coordinates by which their middle lies in the district, the likeliest first.

    Parameters
    ----------
    places : as they are in the file
    home : where the district is
    stated : what the file says; its axes may be swapped
    """
    near = home.within_m if stated is None else min(home.within_m, BETTER_WITHIN_M)
    found = [fit(one, places, home) for one in _thinkable(places, home, stated)]
    return tuple(
        sorted(
            (one for one in found if one.away_m <= near),
            key=lambda one: (one.placement.swapped, one.away_m),
        )
    )


def is_degrees(places: Points) -> bool:
    """Whether coordinates can be longitude and latitude."""
    if not len(places):
        return False
    x, y = np.median(np.abs(places), axis=0)
    return bool(x <= 180 and y <= 90)


def distance(metres: float) -> Said:
    """A distance in words."""
    if not np.isfinite(metres):
        return Said("infinitely far", "无穷远")
    if metres < 10_000:
        return Said(f"{metres:,.0f} m", f"{metres:,.0f} 米")
    return Said(f"{metres / 1000:,.0f} km", f"{metres / 1000:,.0f} 公里")


def _thinkable(places: Points, home: Home, stated: pyproj.CRS | None) -> Iterator[Placement]:
    if not len(places):
        return
    seen = set()
    for swapped in (False, True):
        turned = places[:, ::-1] if swapped else places
        texts: tuple[object, ...]
        if is_degrees(turned):
            texts = _DEGREES
            if stated is not None and stated.is_geographic:
                texts = (stated, *_DEGREES)
        else:
            texts = (home.crs, *_projected(turned, home))
            if stated is not None and stated.is_projected:
                texts = (stated, *texts)
        for text in texts:
            crs = pyproj.CRS.from_user_input(text)
            one = Placement(crs, swapped)
            if one not in seen:
                seen.add(one)
                yield one


def _projected(places: Points, home: Home) -> Iterator[str]:
    x = float(np.median(places[:, 0]))
    prefix = int(x // 1_000_000)
    for text in systems_about(home.lon):
        if zone_prefix(text) == prefix:
            yield text
    if abs(x) <= _WEB_MERCATOR_EDGE_M:
        yield WEB_MERCATOR


def with_shift(placement: Placement, shift: Shift | None) -> Placement:
    """The same placement of coordinates that are shifted so."""
    return replace(placement, shift=shift)
