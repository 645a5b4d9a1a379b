"""The shifted coordinates of Chinese map services, GCJ-02 and BD-09, put on and taken off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Way = Callable[[Floats, Floats], tuple[Floats, Floats]]

# The ellipsoid the GCJ-02 offset is defined on (Krasovsky 1940).
_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
# The rectangle within which map services shift coordinates: west, south, east, north.
SHIFTED_WITHIN = (72.004, 0.8293, 137.8347, 55.8271)
# A step this small (1 cm) leaves less than a hundredth of itself to go.
_CLOSE_DEG = 1e-7
_ROUNDS = 30
_BLOCK = 8_192
_BD_ANGLE = np.pi * 3000.0 / 180.0


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
    return _by_blocks(_gcj02_put_on, *_pair(lon, lat))


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
    return _by_blocks(_gcj02_taken_off, *_pair(lon, lat))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude as Baidu shows them, of GCJ-02 ones; unchanged outside `SHIFTED_WITHIN`."""
    return _by_blocks(_bd09_put_on, *_pair(lon, lat))


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 longitude and latitude of BD-09 ones, by iteration; unchanged outside `SHIFTED_WITHIN`."""
    return _by_blocks(_bd09_taken_off, *_pair(lon, lat))


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


def _by_blocks(way: Way, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The same for each point, so many at a time that what is worked out on the way stays close to the processor."""
    x, y = np.broadcast_arrays(x, y)
    if x.size <= _BLOCK:
        return way(x, y)
    found_x, found_y = np.empty(x.size), np.empty(x.size)
    flat_x, flat_y = x.ravel(), y.ravel()
    for first in range(0, x.size, _BLOCK):
        part = slice(first, first + _BLOCK)
        found_x[part], found_y[part] = way(flat_x[part], flat_y[part])
    return found_x.reshape(x.shape), found_y.reshape(x.shape)


def _gcj02_put_on(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return _within(x, y, *_gcj02_moved(x, y))


def _gcj02_taken_off(goal_x: Floats, goal_y: Floats) -> tuple[Floats, Floats]:
    return _taken_off(_gcj02_moved, goal_x, goal_y, goal_x, goal_y)


def _gcj02_moved(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    east, north = _gcj02_offset(x, y)
    return x + east, y + north


def _bd09_put_on(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return _within(x, y, *_bd09(x, y))


def _bd09_taken_off(goal_x: Floats, goal_y: Floats) -> tuple[Floats, Floats]:
    return _taken_off(_bd09, goal_x, goal_y, goal_x - 0.0065, goal_y - 0.006)


def _taken_off(
    shift: Way, goal_x: Floats, goal_y: Floats, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """The places that a shift brings to the goals, from where they about are.

    Each point stops by itself, so that what comes of it does not hang on which others it is among.
    """
    moving = np.ones(np.shape(x), bool)
    for _ in range(_ROUNDS):
        moved_x, moved_y = shift(x, y)
        step_x, step_y = goal_x - moved_x, goal_y - moved_y
        x, y = np.where(moving, x + step_x, x), np.where(moving, y + step_y, y)
        largest = np.fmax(np.abs(step_x), np.abs(step_y))
        moving &= (largest >= _CLOSE_DEG) & np.isfinite(largest)
        if not moving.any():
            break
    return _within(goal_x, goal_y, x, y)


def _within(x: Floats, y: Floats, moved_x: Floats, moved_y: Floats) -> tuple[Floats, Floats]:
    """Moved where maps are shifted, else as they are."""
    inside = _shifted(x, y)
    return np.where(inside, moved_x, x), np.where(inside, moved_y, y)


def _pair(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _shifted(x: Floats, y: Floats) -> NDArray[np.bool_]:
    west, south, east, north = SHIFTED_WITHIN
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _gcj02_offset(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The shift in degrees east and north at a WGS 84 place."""
    east, north = x - 105.0, y - 35.0
    root = np.sqrt(np.abs(east))
    east_pi, north_pi = np.pi * east, np.pi * north
    once = np.sin(east_pi)
    twice = 2 * once * np.cos(east_pi)
    # 20 sin 6a + 20 sin 2a, from sin 2a
    waves = 20 * twice * (4 - 4 * twice * twice)
    product = 0.1 * east * north
    metres_north = (
        -100 + 2 * east + 3 * north + 0.2 * north * north + product + 0.2 * root
        + (
            waves
            + 20 * np.sin(north_pi) + 40 * np.sin(north_pi / 3)
            + 160 * np.sin(north_pi / 12) + 320 * np.sin(north_pi / 30)
        ) * 2 / 3
    )  # fmt: skip
    metres_east = (
        300 + east + 2 * north + 0.1 * east * east + product + 0.1 * root
        + (
            waves
            + 20 * once + 40 * np.sin(east_pi / 3)
            + 150 * np.sin(east_pi / 12) + 300 * np.sin(east_pi / 30)
        ) * 2 / 3
    )  # fmt: skip
    latitude = np.radians(y)
    sine = np.sin(latitude)
    flat = 1 - _ECCENTRICITY2 * sine * sine
    root_flat = np.sqrt(flat)
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY2) / (flat * root_flat)
    parallel_m = _AXIS_M / root_flat * np.cos(latitude)
    return np.degrees(metres_east / parallel_m), np.degrees(metres_north / meridian_m)


def _bd09(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_ANGLE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
