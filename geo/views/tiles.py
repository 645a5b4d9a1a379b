"""Layers with too many features to be sent whole, as vector tiles in one PMTiles file.

For each zoom the features with room in it are chosen (`thinning.py`) and cut by GDAL. What a click shows travels
in the tiles; where a feature of some name lies stands in an index beside them, since the tiles in view hold only
what is in view.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .thinning import ALL_UP_TO, drawn_from

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .description import DrawnLayer, MapDescription

WHOLE_UP_TO = 10_000
"""Features of a map that are sent whole; with more of them the large layers are tiles."""
_SMALL_LAYER = 1_000
"""Features of a layer that are sent whole whatever the map holds: they keep their exact shape."""
FINEST_ZOOMS = (13, 14)
"""In their tiles a step is half a metre, or a quarter; closer up the same tiles are drawn larger."""
_ALL_BUT = 0.02
"""Of the features may find no room at the first of these zooms, so that the second is not needed."""
_GRID = 8192
"""Steps across a tile, as many as the drawing program tells apart."""
_HALF_A_PIXEL = "8"
"""In steps: bends smaller than that are left out but at the finest zoom."""
_NO_LIMIT = {"MAX_SIZE": "100000000", "MAX_FEATURES": "100000000"}
"""Of a tile: GDAL would silently leave out what goes beyond."""
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
    drawn: tuple[int, ...]
    """How many features the tiles of each zoom hold; at the finest all of them."""
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
    coarsest = _coarsest_zoom(description.extent)
    for finest in FINEST_ZOOMS:
        zooms = (coarsest, finest)
        starts = np.concatenate(
            [
                drawn_from(layer.shapes.geometry, _classes(layer), zooms, ALL_UP_TO)
                for layer in large
            ]
        )
        drawn = tuple(int((starts <= zoom).sum()) for zoom in range(coarsest, finest + 1))
        if drawn[-2] >= (1 - _ALL_BUT) * len(starts):
            break
    tiles = _pmtiles(_table(large), starts, zooms, description.extent)
    index = _index(large)
    digest = hashlib.sha256(tiles + index).hexdigest()
    return Archive(tiles, index, tuple(layer.name for layer in large), zooms, drawn, digest)


def _classes(layer: DrawnLayer) -> NDArray[np.int32]:
    """The place of each feature's class among the layer's."""
    places = {entry.key: number for number, entry in enumerate(layer.entries)}
    return np.array([places[entry] for entry in layer.shapes.entries], dtype=np.int32)


def _table(layers: Sequence[DrawnLayer]) -> gpd.GeoDataFrame:
    """All layers: `l` the layer's place, `e` the class's, `i` the id, `n` the label, `v0` … the values."""
    import geopandas as gpd
    import pandas as pd

    width = max(len(layer.fields) for layer in layers)
    frames = []
    for place, layer in enumerate(layers):
        shapes = layer.shapes
        columns: dict[str, object] = {
            "l": np.full(len(shapes), place, dtype=np.int32),
            "e": _classes(layer),
            "i": list(shapes.ids),
            "n": list(shapes.labels),
        }
        for number in range(width):
            columns[f"v{number}"] = [
                row[number] if number < len(row) else None for row in shapes.values
            ]
        frames.append(gpd.GeoDataFrame(columns, geometry=shapes.geometry, crs="EPSG:4326"))
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs="EPSG:4326")


def _pmtiles(
    table: gpd.GeoDataFrame,
    starts: NDArray[np.int64],
    zooms: tuple[int, int],
    extent: tuple[float, float, float, float],
) -> bytes:
    """One archive of the tiles of all zooms, each of which GDAL makes of the features drawn there."""
    from pmtiles.reader import MemorySource, all_tiles
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    west, south, east, north = (round(degrees * 1e7) for degrees in extent)
    whole = io.BytesIO()
    writer = Writer(whole)
    for zoom in range(zooms[0], zooms[1] + 1):
        of_zoom = _tiles_of(table[starts <= zoom], zoom, finest=zoom == zooms[1])
        for place, tile in all_tiles(MemorySource(of_zoom)):
            writer.write_tile(zxy_to_tileid(*place), tile)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": zooms[0],
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
    fields = {
        name: "Number" if name in "le" else "String" for name in table.columns.drop("geometry")
    }
    layer = {"id": _TABLE, "fields": fields, "minzoom": zooms[0], "maxzoom": zooms[1]}
    writer.finalize(header, {"name": "atlas", "vector_layers": [layer]})
    return whole.getvalue()


def _tiles_of(table: gpd.GeoDataFrame, zoom: int, *, finest: bool) -> bytes:
    import pyogrio

    options = {
        "MINZOOM": str(zoom),
        "MAXZOOM": str(zoom),
        "EXTENT": str(_GRID),
        **_NO_LIMIT,
        "NAME": "atlas",
    }
    if not finest:
        options["SIMPLIFICATION"] = options["SIMPLIFICATION_MAX_ZOOM"] = _HALF_A_PIXEL
    # In memory: what GDAL jots down on the way would cost half as much again on a disk.
    file = io.BytesIO()
    pyogrio.write_dataframe(
        table,
        file,
        driver="PMTiles",
        layer=_TABLE,
        geometry_type="Unknown",
        dataset_options=options,
    )
    return file.getvalue()


def _coarsest_zoom(extent: tuple[float, float, float, float]) -> int:
    """The zoom at which a small screen holds it all.

    Examples
    --------
    >>> _coarsest_zoom((119.8, 32.3, 120.1, 32.6))
    8
    """
    west, south, east, north = extent
    span = max(east - west, (north - south) * 1.2, 1e-6)
    return max(0, min(FINEST_ZOOMS[0] - 1, math.floor(math.log2(360 / span)) - 1))


def _index(layers: Sequence[DrawnLayer]) -> bytes:
    said = {}
    for layer in layers:
        if layer.answers:
            inside = shapely.get_coordinates(shapely.point_on_surface(layer.shapes.geometry))
            lon, lat = np.round(inside * 1e5).astype(np.int64).T.tolist()
            said[layer.name] = [list(layer.shapes.labels), list(layer.shapes.ids), lon, lat]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return gzip.compress(text, mtime=0)
