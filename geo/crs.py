"""Coordinate systems: which one a text names, the shifted Chinese ones, and how true a metric one is.

Longitude or easting always comes first. No grid is ever fetched from the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import UnknownNameError

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

Shift = Literal["gcj02", "bd09"]
Floats = NDArray[np.float64]

# The ellipsoid the GCJ-02 offset is defined on (Krasovsky 1940).
_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
# The rectangle within which map services shift coordinates: west, south, east, north.
SHIFTED_WITHIN = (72.004, 0.8293, 137.8347, 55.8271)
_CLOSE_DEG = 1e-9  # about 0.1 mm
_ROUNDS = 30
_BD_ANGLE = np.pi * 3000.0 / 180.0


@dataclass(frozen=True)
class Stated:
    """What someone says coordinates are: a system, or longitude and latitude shifted in a known way."""

    text: str
    crs: pyproj.CRS
    shift: Shift | None = None


class MetricError(NamedTuple):
    """Largest relative deviation from the ellipsoid, of lengths and of areas."""

    length: float
    area: float


def network_off() -> None:
    """Keep PROJ from fetching grids, whatever the machine's settings say."""
    from pyproj import network

    network.set_network_enabled(False)  # type: ignore[attr-defined]


def state(text: str) -> Stated:
    """The coordinate system that a text names.

    Parameters
    ----------
    text : `EPSG:n` or another authority's code, a PROJ or WKT text, `gcj02` or `bd09`

    Returns
    -------
    Stated
        GCJ-02 and BD-09 as WGS 84 with the shift to take off.

    Raises
    ------
    UnknownNameError
        There is no such system.

    Examples
    --------
    >>> state("GCJ-02").shift
    'gcj02'
    >>> state("EPSG:4549").crs.to_epsg()
    4549
    """
    import pyproj

    network_off()
    word = text.strip().lower().replace("-", "").replace("_", "")
    if word in ("gcj02", "bd09", "bd09ll"):
        shift: Shift = "gcj02" if word == "gcj02" else "bd09"
        return Stated(shift, pyproj.CRS.from_epsg(4326), shift)
    try:
        crs = pyproj.CRS.from_user_input(text.strip())
    except pyproj.exceptions.CRSError:
        known = ["EPSG:n (say, EPSG:4490)", "gcj02", "bd09"]
        raise UnknownNameError("coordinate system", text, known) from None
    return Stated(crs.to_string(), crs)


def known_crs(crs: object) -> pyproj.CRS | None:
    """The system a file states, or None where it states none; "undefined" is none.

    Examples
    --------
    >>> known_crs(None) is None
    True
    """
    import pyproj

    network_off()
    if crs is None or crs == "":
        return None
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return None
    return None if found.name.lower().startswith(("undefined", "unknown")) else found


def straighten(geometry: gpd.GeoSeries, stated: Stated) -> gpd.GeoSeries:
    """Geometry in the system it is said to be in, any shift of longitude and latitude taken off.

    Parameters
    ----------
    geometry : any kind, in `stated`; shifted coordinates may be projected ones with their CRS set

    Returns
    -------
    GeoSeries
        In `stated.crs`.
    """
    import shapely

    if stated.shift is None:
        return geometry.set_crs(stated.crs, allow_override=True)
    degrees = geometry
    if geometry.crs is not None and geometry.crs.is_projected:
        degrees = geometry.to_crs(stated.crs)
    inverse = gcj02_to_wgs84 if stated.shift == "gcj02" else bd09_to_wgs84
    moved = shapely.transform(
        shapely.force_2d(degrees.to_numpy()),
        lambda xy: np.column_stack(inverse(xy[:, 0], xy[:, 1])),
    )
    import geopandas as gpd

    return gpd.GeoSeries(moved, index=geometry.index, crs=stated.crs)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude as Chinese map services (Amap, Tencent) show them.

    Parameters
    ----------
    lon, lat : WGS 84 degrees

    Returns
    -------
    lon, lat : GCJ-02 degrees; unchanged outside `SHIFTED_WITHIN`

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(119.92, 32.49)
    >>> round(float(lon), 5), round(float(lat), 5)
    (119.92474, 32.48778)
    """
    x, y = _pair(lon, lat)
    east, north = _gcj02_offset(x, y)
    inside = _shifted(x, y)
    return np.where(inside, x + east, x), np.where(inside, y + north, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """WGS 84 longitude and latitude of GCJ-02 ones, by iteration to less than a millimetre.

    Parameters
    ----------
    lon, lat : GCJ-02 degrees

    Returns
    -------
    lon, lat : WGS 84 degrees; unchanged outside `SHIFTED_WITHIN`

    Examples
    --------
    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(119.92, 32.49))
    >>> round(float(lon), 8), round(float(lat), 8)
    (119.92, 32.49)
    """
    goal_x, goal_y = _pair(lon, lat)
    x, y = goal_x.copy(), goal_y.copy()
    for _ in range(_ROUNDS):
        east, north = _gcj02_offset(x, y)
        step_x, step_y = goal_x - (x + east), goal_y - (y + north)
        x, y = x + step_x, y + step_y
        if _small(step_x, step_y):
            break
    inside = _shifted(goal_x, goal_y)
    return np.where(inside, x, goal_x), np.where(inside, y, goal_y)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude as Baidu shows them, of GCJ-02 ones; unchanged outside `SHIFTED_WITHIN`."""
    x, y = _pair(lon, lat)
    moved_x, moved_y = _bd09(x, y)
    inside = _shifted(x, y)
    return np.where(inside, moved_x, x), np.where(inside, moved_y, y)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 longitude and latitude of BD-09 ones, by iteration; unchanged outside `SHIFTED_WITHIN`."""
    goal_x, goal_y = _pair(lon, lat)
    x, y = goal_x - 0.0065, goal_y - 0.006
    for _ in range(_ROUNDS):
        moved_x, moved_y = _bd09(x, y)
        step_x, step_y = goal_x - moved_x, goal_y - moved_y
        x, y = x + step_x, y + step_y
        if _small(step_x, step_y):
            break
    inside = _shifted(goal_x, goal_y)
    return np.where(inside, x, goal_x), np.where(inside, y, goal_y)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """BD-09 longitude and latitude of WGS 84 ones."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """WGS 84 longitude and latitude of BD-09 ones.

    Examples
    --------
    >>> lon, lat = bd09_to_wgs84(*wgs84_to_bd09(119.92, 32.49))
    >>> round(float(lon), 8), round(float(lat), 8)
    (119.92, 32.49)
    """
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def metric_error(crs: object, bounds: tuple[float, float, float, float]) -> MetricError:
    """How far lengths and areas measured in a projected system are from the ellipsoid's.

    Parameters
    ----------
    crs : a projected system in metres, as pyproj takes it
    bounds : least x, least y, greatest x, greatest y, in that system, m

    Returns
    -------
    MetricError
        The largest |scale - 1| over a 9 × 9 grid of the bounds, in any direction, and of the area.

    Raises
    ------
    ValueError
        The system is not projected, or not in metres.

    Examples
    --------
    >>> metric_error("EPSG:4549", (490_000, 3_590_000, 500_000, 3_610_000)).length < 2e-6
    True
    """
    import pyproj

    network_off()
    projected = pyproj.CRS.from_user_input(crs)
    axes = projected.axis_info[:2]
    if not projected.is_projected or any(axis.unit_conversion_factor != 1 for axis in axes):
        raise ValueError(f"{projected.name} is not a projected coordinate system in metres")
    x, y = np.meshgrid(np.linspace(bounds[0], bounds[2], 9), np.linspace(bounds[1], bounds[3], 9))
    geodetic = projected.geodetic_crs
    to_degrees = pyproj.Transformer.from_crs(projected, geodetic, always_xy=True)
    lon, lat = to_degrees.transform(x.ravel(), y.ravel())
    factors = pyproj.Proj(projected).get_factors(lon, lat)
    stretch = np.abs(np.array([factors.tissot_semimajor, factors.tissot_semiminor]) - 1)
    return MetricError(float(stretch.max()), float(np.abs(np.array(factors.areal_scale) - 1).max()))


@lru_cache(maxsize=64)
def cgcs2000_zone(lon: float, *, prefix: bool = False) -> str:
    """The CGCS2000 3-degree Gauss-Krüger system a longitude belongs to.

    Parameters
    ----------
    lon : degrees east, 73.5 to 136.5
    prefix : with the zone's number before the easting (EPSG:4513–4533), else without (4534–4554)

    Raises
    ------
    ValueError
        There is no zone for that longitude.

    Examples
    --------
    >>> cgcs2000_zone(119.92), cgcs2000_zone(119.92, prefix=True)
    ('EPSG:4549', 'EPSG:4528')
    """
    zone = int((lon + 1.5) // 3)
    if not 25 <= zone <= 45:
        raise ValueError(f"CGCS2000 3-degree zones reach from 73.5° E to 136.5° E; found {lon}")
    return f"EPSG:{(4513 if prefix else 4534) + zone - 25}"


def local_metric_crs(lon: float, lat: float) -> str:
    """A projected system true to scale about a place, for a district whose official grid is not.

    Parameters
    ----------
    lon, lat : the district's middle, degrees

    Returns
    -------
    str
        A transverse Mercator with scale 1 through the place, as PROJ text; within 1e-5 for 28 km
        east and west.

    Examples
    --------
    >>> local_metric_crs(-15.44, 28.1)
    '+proj=tmerc +lat_0=28.1 +lon_0=-15.44 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +type=crs'
    """
    return (
        f"+proj=tmerc +lat_0={lat:g} +lon_0={lon:g} +k=1 +x_0=500000 +y_0=0 "
        "+ellps=GRS80 +units=m +type=crs"
    )


def _pair(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _shifted(x: Floats, y: Floats) -> NDArray[np.bool_]:
    west, south, east, north = SHIFTED_WITHIN
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _small(step_x: Floats, step_y: Floats) -> bool:
    largest = np.fmax(np.abs(step_x), np.abs(step_y))
    finite = largest[np.isfinite(largest)]
    return finite.size == 0 or bool(finite.max() < _CLOSE_DEG)


def _gcj02_offset(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The shift in degrees east and north at a WGS 84 place."""
    east, north = x - 105.0, y - 35.0
    root = np.sqrt(np.abs(east))
    waves = 20 * np.sin(6 * np.pi * east) + 20 * np.sin(2 * np.pi * east)
    metres_north = (
        -100 + 2 * east + 3 * north + 0.2 * north**2 + 0.1 * east * north + 0.2 * root
        + (
            waves
            + 20 * np.sin(np.pi * north) + 40 * np.sin(np.pi * north / 3)
            + 160 * np.sin(np.pi * north / 12) + 320 * np.sin(np.pi * north / 30)
        ) * 2 / 3
    )  # fmt: skip
    metres_east = (
        300 + east + 2 * north + 0.1 * east**2 + 0.1 * east * north + 0.1 * root
        + (
            waves
            + 20 * np.sin(np.pi * east) + 40 * np.sin(np.pi * east / 3)
            + 150 * np.sin(np.pi * east / 12) + 300 * np.sin(np.pi * east / 30)
        ) * 2 / 3
    )  # fmt: skip
    latitude = np.radians(y)
    flat = 1 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY2) / flat**1.5
    parallel_m = _AXIS_M / np.sqrt(flat) * np.cos(latitude)
    return np.degrees(metres_east / parallel_m), np.degrees(metres_north / meridian_m)


def _bd09(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_ANGLE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
