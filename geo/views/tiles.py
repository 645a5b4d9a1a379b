"""Layers with too many features to be sent whole, as vector tiles in one PMTiles file.

For each zoom the features with room in it are chosen (`thinning.py`) and cut by GDAL, piece by piece (`pieces.py`,
`cutting.py`), in processes of their own (`cutters.py`). What a click shows travels in the tiles; where a feature of
some name lies stands in an index beside them, since the tiles in view hold only what is in view.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..said import Said
from .cutters import cutters
from .cutting import GEOMETRY, LAYER
from .pieces import Piece, pieces_of
from .thinning import ALL_UP_TO, drawn_from

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from .description import DrawnLayer, MapDescription

Progress = Callable[[int, int, str], None]

WHOLE_UP_TO = 10_000
"""Features of a map that are sent whole; with more of them the large layers are tiles."""
_SMALL_LAYER = 1_000
"""Features of a layer that are sent whole whatever the map holds: they keep their exact shape."""
FINEST_ZOOMS = (13, 14)
"""In their tiles a step is half a metre, or a quarter; closer up the same tiles are drawn larger."""
_ALL_BUT = 0.02
"""Of the features may find no room at the first of these zooms, so that the second is not needed."""
_WORTH_PROCESSES = 20_000
"""Features, counted at each zoom, from which on other processes are sooner done, though they have to be started."""
_AT_A_TIME = 20_000
"""Features that are put into words by one call: some 20 ms."""


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


def archive_of(description: MapDescription, *, progress: Progress | None = None) -> Archive | None:
    """The tiles of a map that is too large to be sent whole; None for any other.

    Parameters
    ----------
    description : in WGS84
    progress : called with (pieces of it that are cut, of how many, zoom of the last)

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
    count = sum(len(layer.shapes) for layer in large)
    worth = count * (FINEST_ZOOMS[0] - coarsest + 1) >= _WORTH_PROCESSES
    # They load what they need while the pieces are chosen, and work while the index is made.
    with cutters(None if worth else 0) as team:
        zooms, starts, drawn = _zooms(large, coarsest)
        geometry = np.concatenate([layer.shapes.geometry for layer in large])
        pieces = list(pieces_of(geometry, starts, zooms))
        table = _table(large)
        coming = team.cut(table, pieces, zooms[1])
        index = _index(large)
        fields = table.column_names[:-1]
        cut = _told(pieces, coming, progress)
        tiles = _pmtiles(cut, fields, zooms, description.extent)
    digest = hashlib.sha256(tiles + index).hexdigest()
    return Archive(tiles, index, tuple(layer.name for layer in large), zooms, drawn, digest)


def _zooms(
    large: Sequence[DrawnLayer], coarsest: int
) -> tuple[tuple[int, int], NDArray[np.int64], tuple[int, ...]]:
    """The coarsest and the finest, from which on each feature is drawn, and how many are at each."""
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
    return zooms, starts, drawn


def _classes(layer: DrawnLayer) -> NDArray[np.int32]:
    """The place of each feature's class among the layer's."""
    places = {entry.key: number for number, entry in enumerate(layer.entries)}
    return np.array([places[entry] for entry in layer.shapes.entries], dtype=np.int32)


def _table(layers: Sequence[DrawnLayer]) -> pa.Table:
    """All layers: `l` the layer's place, `e` the class's, `i` the id, `n` the label, `v0` … the values."""
    import pyarrow as pa

    # Large: of a million features what lies in one column may be more than two gigabytes.
    text, shape = pa.large_string(), pa.large_binary()
    width = max(len(layer.fields) for layer in layers)
    tables = []
    for place, layer in enumerate(layers):
        classes = _classes(layer)
        for part in _parts(len(layer.shapes)):
            shapes = layer.shapes[part]
            columns = {
                "l": pa.array(np.full(len(shapes), place, dtype=np.int32)),
                "e": pa.array(classes[part]),
                "i": pa.array(shapes.ids, text),
                "n": pa.array(shapes.labels, text),
            }
            for number in range(width):
                told = [row[number] if number < len(row) else None for row in shapes.values]
                columns[f"v{number}"] = pa.array(told, text)
            columns[GEOMETRY] = pa.array(shapely.to_wkb(shapes.geometry), shape)
            tables.append(pa.table(columns))
    # In one chunk, since of several all are joined anew for each piece that is taken.
    return pa.concat_tables(tables).combine_chunks()


def _told(
    pieces: Sequence[Piece], coming: Iterable[bytes], progress: Progress | None
) -> Iterator[tuple[Piece, bytes]]:
    """Each piece with its tiles, counted as it comes."""
    if progress:
        progress(0, len(pieces), "")
    for number, (piece, tiles) in enumerate(zip(pieces, coming, strict=True), start=1):
        if progress:
            progress(number, len(pieces), Said(f"zoom {piece.zoom}", f"第 {piece.zoom} 级"))
        yield piece, tiles


def _pmtiles(
    cut: Iterable[tuple[Piece, bytes]],
    fields: Sequence[str],
    zooms: tuple[int, int],
    extent: tuple[float, float, float, float],
) -> bytes:
    """One archive of the tiles of all pieces."""
    from pmtiles.reader import MemorySource, all_tiles
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    west, south, east, north = (round(degrees * 1e7) for degrees in extent)
    whole = io.BytesIO()
    writer = Writer(whole)
    for piece, tiles in cut:
        for place, tile in all_tiles(MemorySource(tiles)):
            if piece.holds(place):
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
    kinds = {name: "Number" if name in "le" else "String" for name in fields}
    layer = {"id": LAYER, "fields": kinds, "minzoom": zooms[0], "maxzoom": zooms[1]}
    writer.finalize(header, {"name": "atlas", "vector_layers": [layer]})
    return whole.getvalue()


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
    said = []
    for layer in layers:
        if layer.answers:
            shapes = layer.shapes.geometry
            inside = np.concatenate(
                [
                    shapely.get_coordinates(shapely.point_on_surface(shapes[part]))
                    for part in _parts(len(shapes))
                ]
            )
            lon, lat = np.round(inside * 1e5).astype(np.int64).T.tolist()
            columns = (layer.shapes.labels, layer.shapes.ids, lon, lat)
            said.append(f"{_json(layer.name)}:[{','.join(map(_list, columns))}]")
    # The last levels would take twenty times as long, for no fewer bytes.
    return gzip.compress(f"{{{','.join(said)}}}".encode(), compresslevel=6, mtime=0)


def _list(column: Sequence[object]) -> str:
    """A column as JSON."""
    return f"[{','.join(_json(list(column[part]))[1:-1] for part in _parts(len(column)))}]"


def _json(plain: object) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _parts(count: int) -> Iterator[slice]:
    """So many features, some at a time: in between the interpreter is to be had by others."""
    return (slice(begin, begin + _AT_A_TIME) for begin in range(0, count, _AT_A_TIME))
