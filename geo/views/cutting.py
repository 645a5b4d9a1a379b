"""Cuts the features of a zoom into tiles, by GDAL; as a program, for another process that asks for it.

GDAL is called with Python's interpreter held from beginning to end. Where others wait for the interpreter, the
readers of a server, it has to be called in a process of its own: `python -m geo.views.cutting PARENT` cuts
whatever comes in, piece by piece, until nothing does.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

LAYER = "features"
"""Of the tiles: their only one."""
GEOMETRY = "geometry"
GRID = 8192
"""Steps across a tile, as many as the drawing program tells apart."""
BUFFER = 160
"""Steps beyond its edge up to which features are still in it."""
_HALF_A_PIXEL = "8"
"""In steps: bends smaller than that are left out but at the finest zoom."""
_NO_LIMIT = {"MAX_SIZE": "100000000", "MAX_FEATURES": "100000000"}
"""Of a tile: GDAL would silently leave out what goes beyond."""
ASKED = struct.Struct(">BBQ")
"""Before a table: the zoom, whether it is the finest, and the table's bytes."""
ANSWERED = struct.Struct(">Q")
"""Before tiles: their bytes."""
_NOT_NEEDED = ("geopandas", "pandas", "pyproj", "shapely")


def cut(table: pa.Table, zoom: int, finest: bool) -> bytes:
    """The tiles of one zoom.

    Parameters
    ----------
    table : features in WGS84 as WKB in the column `geometry`; the other columns are what the tiles tell of them
    zoom : of the tiles
    finest : whether every bend is kept

    Returns
    -------
    bytes
        A PMTiles archive; the same table gives the same tiles.
    """
    import pyogrio

    options = {
        "MINZOOM": str(zoom),
        "MAXZOOM": str(zoom),
        "EXTENT": str(GRID),
        "BUFFER": str(BUFFER),
        **_NO_LIMIT,
        "NAME": "atlas",
    }
    if not finest:
        options["SIMPLIFICATION"] = options["SIMPLIFICATION_MAX_ZOOM"] = _HALF_A_PIXEL
    # In memory: what GDAL jots down on the way would cost half as much again on a disk.
    file = io.BytesIO()
    pyogrio.write_arrow(
        table,
        file,
        driver="PMTiles",
        layer=LAYER,
        geometry_name=GEOMETRY,
        geometry_type="Unknown",
        crs="EPSG:4326",
        dataset_options=options,
    )
    return file.getvalue()


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Cut each table that comes, until none does."""
    import pyarrow as pa

    while head := asked.read(ASKED.size):
        zoom, finest, size = ASKED.unpack(head)
        tiles = cut(pa.ipc.open_stream(asked.read(size)).read_all(), zoom, bool(finest))
        answers.write(ANSWERED.pack(len(tiles)))
        answers.write(tiles)
        answers.flush()


def main() -> None:
    """Serve the process that started this one, and end with it."""
    from ..sources.confine import die_with_parent

    die_with_parent(int(sys.argv[1]))
    # pyogrio loads these where they are there, for what is not asked of it here, and takes twice as long.
    sys.modules.update(dict.fromkeys(_NOT_NEEDED))  # type: ignore[arg-type]
    serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)


if __name__ == "__main__":
    main()
