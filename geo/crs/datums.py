"""Older datums: how well their places are known on today's, and geometry brought over where that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .systems import network_off

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

_AXIS_M = 6378137.0
"""Of WGS 84, CGCS2000 and GRS 80 alike: datums on these agree within a metre or two."""


@dataclass(frozen=True)
class Crossing:
    """The way from an older datum to WGS 84 at a place."""

    datum: str
    operation: str | None
    """Its name; None where none is known, and longitude and latitude are kept as they are."""
    accuracy_m: float | None


def crossing(geometry: gpd.GeoSeries) -> Crossing | None:
    """How geometry on an older datum comes to lie on WGS 84; None where its datum is a modern one.

    Parameters
    ----------
    geometry : any kind, its CRS set

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> crossing(gpd.GeoSeries([Point(119.9, 32.5)], crs="EPSG:4214")).accuracy_m
    15.0
    """
    crs = geometry.crs
    if abs(crs.ellipsoid.semi_major_metre - _AXIS_M) < 0.5:
        return None
    best = _best(geometry)
    name = crs.geodetic_crs.name if crs.geodetic_crs is not None else crs.name
    if best is None:
        return Crossing(name, None, None)
    return Crossing(name, best.description, best.accuracy if best.accuracy >= 0 else None)


def brought_over(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Geometry of an older datum as WGS 84 longitude and latitude, by the best transformation known.

    PROJ knows ways from the older Chinese datums to WGS 84, and none to CGCS2000: a conversion straight
    to a CGCS2000 system would keep longitude and latitude, 69 m off at Hailing for Beijing 1954.

    Parameters
    ----------
    geometry : any kind, its CRS set; unchanged where no way is known
    """
    import geopandas as gpd
    import numpy as np
    import shapely

    best = _best(geometry)
    if best is None:
        return geometry
    degrees = geometry.to_crs(geometry.crs.geodetic_crs)
    moved = shapely.transform(
        shapely.force_2d(degrees.to_numpy()),
        lambda xy: np.column_stack(best.transform(xy[:, 0], xy[:, 1])),
    )
    return gpd.GeoSeries(moved, index=geometry.index, crs="EPSG:4326")


def converted(geometry: gpd.GeoSeries, crs: str) -> gpd.GeoSeries:
    """Geometry in another system.

    The same as PROJ gives, and sooner from WGS 84 degrees to a system on CGCS2000: the two datums agree
    within centimetres, PROJ has no way between them and keeps longitude and latitude as they are, but
    takes 0.15 s to find that out, in every process anew.

    Parameters
    ----------
    geometry : any kind, its CRS set
    crs : the system to convert to; longitude or easting first

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> spot = gpd.GeoSeries([Point(120, 32.5)], crs="EPSG:4326")
    >>> bool(converted(spot, "EPSG:4549").geom_equals_exact(spot.to_crs("EPSG:4549"), 0).all())
    True
    """
    import pyproj

    wanted = pyproj.CRS.from_user_input(crs)
    degrees = wanted.geodetic_crs
    axes = {(axis.direction, axis.unit_name) for axis in geometry.crs.axis_info}
    if (
        degrees is not None
        and _datum(degrees) == "China 2000"
        and axes == {("east", "degree"), ("north", "degree")}
        and _datum(geometry.crs).startswith("World Geodetic System 1984")
    ):
        geometry = geometry.set_crs(degrees, allow_override=True)
    return geometry.to_crs(wanted)


def _datum(crs: pyproj.CRS) -> str:
    """The name of its datum, where that is counted from Greenwich."""
    at_greenwich = crs.prime_meridian is not None and crs.prime_meridian.longitude == 0
    return crs.datum.name if crs.datum is not None and at_greenwich else ""


def _best(geometry: gpd.GeoSeries) -> pyproj.Transformer | None:
    import numpy as np
    import pyproj
    from pyproj.aoi import AreaOfInterest
    from pyproj.transformer import TransformerGroup

    network_off()
    datum = geometry.crs.geodetic_crs
    bounds = geometry.total_bounds
    if datum is None or not np.isfinite(bounds).all():
        return None
    to_degrees = pyproj.Transformer.from_crs(geometry.crs, datum, always_xy=True)
    around = to_degrees.transform_bounds(*bounds)
    if not np.isfinite(around).all():
        return None
    ways = TransformerGroup(
        datum,
        "EPSG:4326",
        always_xy=True,
        area_of_interest=AreaOfInterest(*around),  # type: ignore[arg-type]
    ).transformers
    return next((way for way in ways if "Ballpark" not in way.description), None)
