"""The made vegetation index: bare in the city, green in the country, blue on the water, a cloud."""

from __future__ import annotations

import numpy as np
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine, from_origin

from .chance import Bools, Floats, Noise, stream
from .land import Land
from .network import Network
from .places import Housing
from .streets import Street

PIXEL_M = 20.0
NODATA = -9999.0
STEP = 1 / 64
"""Values are whole multiples of this power of two, so that they are exact and pack well."""


def lay_ndvi(
    land: Land, network: Network, streets: list[Street], housing: list[Housing]
) -> tuple[Floats, Affine]:
    """The values (row 0 in the north) and the transform, in the metric CRS."""
    low_x, low_y, high_x, high_y = land.outline.bounds
    west, south = (np.floor((low - 200) / PIXEL_M) * PIXEL_M for low in (low_x, low_y))
    east, north = (np.ceil((high + 200) / PIXEL_M) * PIXEL_M for high in (high_x, high_y))
    width, height = round((east - west) / PIXEL_M), round((north - south) / PIXEL_M)
    transform = from_origin(west, north, PIXEL_M, PIXEL_M)
    x = west + (np.arange(width) + 0.5) * PIXEL_M
    y = north - (np.arange(height) + 0.5) * PIXEL_M

    def burn(shapes: list[shapely.Geometry]) -> Floats:
        burnt = rasterize(shapes, (height, width), transform=transform, all_touched=False)
        pixels: Floats = burnt.astype(np.float64)
        return pixels

    far_m = np.hypot((x - land.centre.x)[None, :], (y - land.centre.y)[:, None])
    far_m = far_m + Noise("city rim", 2600).on_grid(x, y) * 500
    city = 1 / (1 + np.exp((far_m - 3300) / 620))
    hamlets = burn([street.line.buffer(95) for street in streets if street.zone != "urban"])
    built = np.maximum(city, 0.75 * hamlets)
    parcels = _parcels(x, y)
    value = 0.54 + 0.25 * parcels - 0.36 * built
    value += 0.04 * Noise("greenery", 1300, 30).on_grid(x, y)
    value += 0.035 * Noise("patches", 170, 24).on_grid(x, y)
    parks = burn([block.polygon for block in housing if block.kind == "new"])
    value += 0.10 * parks
    value -= 0.20 * burn([line.buffer(16) for _, line in network.roads]) * (value > 0.2)
    wet = burn([line.buffer(24) for _, line in network.waters])
    value = np.where(wet > 0, -0.12 + 0.05 * parcels, value)
    value += stream("ndvi grain").normal(0, 0.016, value.shape)
    value = np.clip(np.round(value / STEP) * STEP, -0.5, 0.95)
    outside = burn([land.outline.buffer(120)]) == 0
    value[_cloud(land, x, y) | outside] = NODATA
    values: Floats = value
    return values, transform


def _parcels(x: Floats, y: Floats) -> Floats:
    """Fields as patches of even colour, long ones, in gently bent rows."""
    east, north = x[None, :] - x[0], y[:, None] - y[-1]
    bend_m = Noise("field bend", 2500).on_grid(x, y) * 130
    along, across = (east + 0.12 * north + bend_m) / 330, (north - 0.12 * east + bend_m) / 190
    row = np.floor(across).astype(np.int64)
    column = np.floor(along + 0.37 * row).astype(np.int64)
    crop = stream("crops").uniform(-1, 1, 4096)
    shade: Floats = crop[(row * 73 + column * 151) % 4096]
    return shade


def _cloud(land: Land, x: Floats, y: Floats) -> Bools:
    """One ragged cloud over the east and a small one over the west rim of the city."""
    cloud = np.zeros((len(y), len(x)), dtype=bool)
    for east_m, north_m, radius_m in ((9800, -900, 1500), (-5200, 1900, 620)):
        east, north = x - land.centre.x - east_m, y - land.centre.y - north_m
        off = np.hypot(east[None, :], 1.5 * north[:, None])
        cloud |= off + Noise(f"cloud {radius_m}", 1100).on_grid(x, y) * 0.35 * radius_m < radius_m
    return cloud
