"""Projected systems: which zone a place belongs to, and how true to scale a system is there."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .systems import network_off


class MetricError(NamedTuple):
    """Largest relative deviation from the ellipsoid, of lengths and of areas."""

    length: float
    area: float


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


def systems_about(lon: float) -> tuple[str, ...]:
    """The projected systems in which data of a place in China may come, the likeliest first.

    Parameters
    ----------
    lon : degrees east

    Returns
    -------
    tuple of str
        Those whose central meridian is within 4.5° of the place: CGCS2000 in 3-degree and 6-degree
        zones, without and with the zone's number before the easting, and UTM. Elsewhere only UTM.

    Examples
    --------
    >>> systems_about(119.92)[:4]
    ('EPSG:4549', 'EPSG:4528', 'EPSG:4548', 'EPSG:4527')
    """
    near: list[tuple[float, int, int]] = []
    for number in range(21):
        near.append((abs(lon - (75 + 3 * number)), 4534 + number, 4513 + number))
    found = []
    for away, plain_code, prefixed_code in sorted(near):
        if away <= 4.5:
            found += [f"EPSG:{plain_code}", f"EPSG:{prefixed_code}"]
    # Without the number, a 6-degree zone is the 3-degree one about the same meridian.
    six = sorted((abs(lon - (75 + 6 * number)), 4491 + number) for number in range(11))
    found += [f"EPSG:{code}" for away, code in six if away <= 4.5]
    utm = sorted((abs(lon - (6 * number - 183)), number) for number in range(1, 61))
    return tuple(found + [f"EPSG:{32600 + number}" for away, number in utm if away <= 4.5])


def zone_prefix(crs: object) -> int:
    """The number a system puts before its eastings, in millions of metres; 0 for none.

    Examples
    --------
    >>> zone_prefix("EPSG:4528"), zone_prefix("EPSG:4549")
    (40, 0)
    """
    return int(_parameter(crs, "False easting") // 1_000_000)


def central_meridian(crs: object) -> float:
    """The longitude a projected system is true to scale about; NaN where it has none.

    Examples
    --------
    >>> central_meridian("EPSG:4548")
    117.0
    """
    return _parameter(crs, "Longitude of natural origin")


@lru_cache(maxsize=256)
def _parameter(crs: object, name: str) -> float:
    import pyproj

    operation = pyproj.CRS.from_user_input(crs).coordinate_operation
    for item in operation.params if operation is not None else ():
        if item.name == name:
            return float(item.value)
    return 0.0 if name == "False easting" else float("nan")
