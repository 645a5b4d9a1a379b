"""Where the district is, by what its rounds hold, or else by what its metric system is made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from ..crs import network_off, transformer
from ..district import District
from ..errors import GeoError
from ..model import Layer
from ..said import Said, joined

if TYPE_CHECKING:
    from ..store.base import Store

WITHIN_M = 20_000.0
"""Rows whose middle is no further than this from the district's units may well belong there."""

BETTER_WITHIN_M = 5_000.0
"""No further than this must they come to lie by a reading that is to stand against the file's own word."""


@dataclass(frozen=True)
class Home:
    """The district's extent in its metric system."""

    crs: str
    bounds: tuple[float, float, float, float]
    said: Said
    """What tells it: `the villages of round 2007-06-30`."""
    sure: bool
    """False where only the metric system tells it."""

    @property
    def within_m(self) -> float:
        """How far beyond the extent rows may lie and still belong."""
        return WITHIN_M if self.sure else 0.0

    @property
    def lon(self) -> float:
        """The longitude of its middle."""
        west, south, east, north = self.bounds
        to_degrees = transformer(self.crs, "EPSG:4326")
        return float(to_degrees.transform((west + east) / 2, (south + north) / 2)[0])

    def away_m(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far points in the metric system lie from the extent; infinite for no place at all."""
        west, south, east, north = self.bounds
        x, y = points[:, 0], points[:, 1]
        with np.errstate(invalid="ignore"):
            beside = np.maximum(np.maximum(west - x, x - east), 0)
            beyond = np.maximum(np.maximum(south - y, y - north), 0)
            away = np.hypot(beside, beyond)
        return np.where(np.isfinite(points).all(axis=1), away, np.inf)


def home_of(district: District, store: Store) -> Home | None:
    """The extent of the district's finest units, of the newest round that has them.

    Parameters
    ----------
    district : as opened
    store : its rounds; a round that cannot be read tells nothing

    Returns
    -------
    Home or None
        Without units, by its other layers; without any, by the area its metric system is for; None
        where that is not said either.
    """
    others = [
        layer
        for layer in district.catalog.layers.values()
        if layer.unit is None and layer.geometry not in ("Raster", "Table")
    ]
    for layers in (*((layer,) for layer in district.levels), others):
        for round_ in reversed(store.rounds()):
            found = _extent(district.spec.metric_crs, store, round_, layers)
            if found is not None:
                return found
    return _by_metric_system(district.spec.metric_crs)


def _extent(crs: str, store: Store, round_: str, layers: Any) -> Home | None:
    bounds = []
    names: list[Said] = []
    try:
        tables = store.tables(round_)
        for layer in layers:
            if layer.name in tables:
                shapes = metric_shapes(store, round_, layer, crs)
                if len(shapes):
                    bounds.append(shapely.total_bounds(shapes))
                    names.append(layer.called)
    except GeoError:
        return None  # evidence that cannot be had is no evidence
    if not bounds:
        return None
    every = np.array(bounds)
    extent = (*every[:, :2].min(axis=0).tolist(), *every[:, 2:].max(axis=0).tolist())
    listed = joined(names)
    said = Said(f"{listed} of round {round_}", f"{round_} 轮次的{listed.zh}")
    return Home(crs, extent, said, True)


def metric_shapes(store: Store, round_: str, layer: Layer, crs: str) -> NDArray[np.object_]:
    """The geometry of a stored layer in a metric system, without what has no place."""
    stored = store.read(round_, layer.name)
    if getattr(stored, "crs", None) is None:
        return np.empty(0, dtype=object)
    shapes = stored.geometry.to_crs(crs).to_numpy()
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    return np.asarray(shapes[finite], dtype=object)


def _by_metric_system(crs: str) -> Home | None:
    network_off()
    system = pyproj.CRS.from_user_input(crs)
    area = system.area_of_use
    if area is None or system.geodetic_crs is None:
        return None
    to_metres = pyproj.Transformer.from_crs(system.geodetic_crs, system, always_xy=True)
    west, south, east, north = to_metres.transform_bounds(*area.bounds)
    if not np.isfinite([west, south, east, north]).all():
        return None
    said = Said(f"the area {crs} is made for", f"{crs} 的适用范围")
    return Home(crs, (west, south, east, north), said, False)
