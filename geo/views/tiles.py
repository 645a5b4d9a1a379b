"""Layers with too many features to be sent whole, as vector tiles in one PMTiles file.

GDAL cuts and thins the features for each zoom. What a click shows travels in the tiles; where a feature of
some name lies stands in an index beside them, since the tiles in view hold only what is in view.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from .description import DrawnLayer, MapDescription

WHOLE_UP_TO = 10_000
"""Features of a map that are sent whole; with more of them the large layers are tiles."""
_SMALL_LAYER = 1_000
"""Features of a layer that are sent whole whatever the map holds: they keep their exact shape."""
FINEST_ZOOM = 13
_GRID = 8192
"""Steps across a tile: half a metre at the finest zoom, beyond which the same tiles are drawn larger."""
_LARGEST_TILE_BYTES = 500_000
"""Of a tile; GDAL thins out what would make it larger, so that far out only a part is drawn."""
_TABLE = "features"


@dataclass(frozen=True)
class Archive:
    """The features of a map's large layers: a PMTiles file, and the index of names beside it."""

    tiles: bytes
    index: bytes
    """gzip of JSON: for each layer by name labels, ids, and longitudes and latitudes in 1e-5 degrees."""
    layers: tuple[str, ...]
    """Their names; a feature's `l` in the tiles is the place in here."""
    zooms: tuple[int, int]
    """The coarsest and the finest."""
    digest: str


def tiled_layers(description: MapDescription) -> tuple[str, ...]:
    """The names of the layers that have to be tiles; none where the whole map can be sent as it is."""
    if sum(len(layer.shapes) for layer in description.layers) <= WHOLE_UP_TO:
        return ()
    return tuple(layer.name for layer in description.layers if len(layer.shapes) > _SMALL_LAYER)


def archive_of(description: MapDescription) -> Archive | None:
    """The tiles of a map that is too large to be sent whole; None for any other.

    Parameters
    ----------
    description : in WGS84

    Returns
    -------
    Archive or None
        The same description gives the same bytes.
    """
    names = tiled_layers(description)
    if not names:
        return None
    large = [layer for layer in description.layers if layer.name in names]
    tiles = _pmtiles(large, description.extent)
    index = _index(large)
    digest = hashlib.sha256(tiles + index).hexdigest()
    zooms = (_coarsest_zoom(description.extent), FINEST_ZOOM)
    return Archive(tiles, index, tuple(layer.name for layer in large), zooms, digest)


def _pmtiles(layers: Sequence[DrawnLayer], extent: tuple[float, float, float, float]) -> bytes:
    """One table of all layers: `l` the layer's place, `e` the class's, `i` the id, `n` the label, `v0` … the values."""
    import geopandas as gpd
    import pandas as pd
    import pyogrio

    width = max(len(layer.fields) for layer in layers)
    frames = []
    for place, layer in enumerate(layers):
        shapes = layer.shapes
        classes = {entry.key: number for number, entry in enumerate(layer.entries)}
        columns: dict[str, object] = {
            "l": np.full(len(shapes), place, dtype=np.int32),
            "e": np.array([classes[entry] for entry in shapes.entries], dtype=np.int32),
            "i": list(shapes.ids),
            "n": list(shapes.labels),
        }
        for number in range(width):
            columns[f"v{number}"] = [
                row[number] if number < len(row) else None for row in shapes.values
            ]
        frames.append(gpd.GeoDataFrame(columns, geometry=shapes.geometry, crs="EPSG:4326"))
    table = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs="EPSG:4326")
    with tempfile.TemporaryDirectory(prefix="atlas-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "map.pmtiles"
        pyogrio.write_dataframe(
            table,
            file,
            driver="PMTiles",
            layer=_TABLE,
            geometry_type="Unknown",
            dataset_options={
                "MINZOOM": str(_coarsest_zoom(extent)),
                "MAXZOOM": str(FINEST_ZOOM),
                "EXTENT": str(_GRID),
                "MAX_SIZE": str(_LARGEST_TILE_BYTES),
                "NAME": "atlas",
            },
        )
        return file.read_bytes()


def _coarsest_zoom(extent: tuple[float, float, float, float]) -> int:
    """The zoom at which a small screen holds it all.

    Examples
    --------
    >>> _coarsest_zoom((119.8, 32.3, 120.1, 32.6))
    8
    """
    west, south, east, north = extent
    span = max(east - west, (north - south) * 1.2, 1e-6)
    return max(0, min(FINEST_ZOOM - 1, math.floor(math.log2(360 / span)) - 1))


def _index(layers: Sequence[DrawnLayer]) -> bytes:
    said = {}
    for layer in layers:
        if layer.answers:
            inside = shapely.get_coordinates(shapely.point_on_surface(layer.shapes.geometry))
            lon, lat = np.round(inside * 1e5).astype(np.int64).T.tolist()
            said[layer.name] = [list(layer.shapes.labels), list(layer.shapes.ids), lon, lat]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return gzip.compress(text, mtime=0)
