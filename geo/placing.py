"""What coordinates of an unstated system could be, judged by where they would come to lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .district import District
from .errors import GeoError

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Proposal:
    """Something the importer believes of a file, and why; used only when told to."""

    code: str
    evidence: str
    accepted: bool


WITHIN_M = 20_000.0
"""Rows whose middle is no further than this from the district's units may well belong there."""


def propose_crs(geometry: gpd.GeoSeries, district: District) -> tuple[str, str] | None:
    """The system in which a file's rows would lie in the district, and the evidence for it.

    Parameters
    ----------
    geometry : any kind, its CRS unstated
    district : whose newest units say where it is

    Returns
    -------
    tuple of str, or None
        The system and why; None where the district has no units yet, or where not exactly one of
        longitude and latitude and the district's own system fits.
    """
    home = _home(district)
    if home is None or not len(geometry):
        return None
    fitting = []
    for text in ("EPSG:4326", district.spec.metric_crs):
        away_m = _distance_m(geometry, text, home)
        if away_m is not None and away_m <= WITHIN_M:
            fitting.append((text, away_m))
    if len(fitting) != 1:
        return None
    text, away_m = fitting[0]
    place = (
        "within the district's extent"
        if away_m == 0
        else f"{away_m:.0f} m from the district's extent"
    )
    return text, f"taken as {text} the middle of these rows lies {place}"


def _home(district: District) -> gpd.GeoSeries | None:
    """The district's finest units in its metric system, from the newest round that has them."""
    from .store import open_store
    from .validate import conform

    store = open_store(district.rounds_folder)
    layer = district.levels[0]
    try:
        for round_ in reversed(store.rounds()):
            if layer.name in store.tables(round_):
                stored = store.read(round_, layer.name)
                units = conform(stored, layer, crs=district.spec.metric_crs)
                return None if units.errors or not len(units.frame) else units.frame.geometry
    except GeoError:
        return None  # evidence that cannot be had is no evidence
    return None


def _distance_m(geometry: gpd.GeoSeries, crs: str, home: gpd.GeoSeries) -> float | None:
    import geopandas as gpd
    import numpy as np
    import shapely

    west, south, east, north = geometry.total_bounds
    middle = gpd.GeoSeries([shapely.Point((west + east) / 2, (south + north) / 2)], crs=crs)
    moved = middle.to_crs(home.crs).iloc[0]
    if not np.isfinite([moved.x, moved.y]).all():
        return None
    return float(shapely.box(*home.total_bounds).distance(moved))
