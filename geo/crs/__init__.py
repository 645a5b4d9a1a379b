"""Coordinate systems: which one a text names, the shifted Chinese ones, and how true a metric one is.

Longitude or easting always comes first. No grid is ever fetched from the network.
"""

from __future__ import annotations

from .datums import Crossing, brought_over, converted, crossing
from .shifts import (
    SHIFTED_WITHIN,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from .systems import (
    Shift,
    Stated,
    crs_called,
    known_crs,
    network_off,
    state,
    straighten,
    transformer,
)
from .zones import (
    MetricError,
    central_meridian,
    cgcs2000_zone,
    local_metric_crs,
    metric_error,
    systems_about,
    zone_prefix,
)

__all__ = [
    "SHIFTED_WITHIN",
    "Crossing",
    "MetricError",
    "Shift",
    "Stated",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "brought_over",
    "central_meridian",
    "cgcs2000_zone",
    "converted",
    "crossing",
    "crs_called",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "known_crs",
    "local_metric_crs",
    "metric_error",
    "network_off",
    "state",
    "straighten",
    "systems_about",
    "transformer",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
    "zone_prefix",
]
