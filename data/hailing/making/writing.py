"""Tables to GeoPackage and the index to GeoTIFF, the same bytes each time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import rasterio
import shapely
from rasterio.transform import Affine

from .chance import Floats
from .facts import METRIC
from .greenery import NODATA

ILLUSTRATIVE = "示意数据 / illustrative data"

TYPES = {
    "text": pa.string(),
    "bool": pa.bool_(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "date": pa.date32(),
}

Column = tuple[str, Sequence[Any]]
"""The name of a type and the values; None is missing."""


@dataclass(frozen=True)
class Made:
    """A table ready to be written."""

    name: str
    geometry_type: str | None
    """None for a table without geometry."""
    crs: str | None
    about: str
    """What the table is, in words, for its metadata."""
    illustrative: str
    """`yes` or `no`."""
    columns: Mapping[str, Column]
    """By field."""
    geometry: Sequence[Any] = ()


def write_round(path: Path, held_on: dt.date, tables: Sequence[Made]) -> None:
    """Write a GeoPackage; its time stamps are the round's date, not today's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{held_on.isoformat()}T00:00:00.000Z"})
    try:
        for number, table in enumerate(tables):
            _write_table(path, table, first=number == 0)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_table(path: Path, table: Made, *, first: bool) -> None:
    arrays = {
        name: pa.array(list(values), type=TYPES[kind])
        for name, (kind, values) in table.columns.items()
    }
    options: dict[str, Any] = {"FID": "fid", "IDENTIFIER": table.name, "DESCRIPTION": table.about}
    if table.geometry_type is None:
        where: dict[str, Any] = {}
    else:
        arrays["geom"] = pa.array(shapely.to_wkb(np.array(table.geometry)), type=pa.binary())
        where = {"geometry_name": "geom", "geometry_type": table.geometry_type, "crs": table.crs}
        options["GEOMETRY_NAME"] = "geom"
    # metadata on tables only: GDAL writes an .aux.xml beside a GeoPackage that has some of its own
    pyogrio.raw.write_arrow(
        pa.table(arrays),
        path,
        layer=table.name,
        driver="GPKG",
        append=not first,
        layer_metadata={"illustrative": table.illustrative, "about": table.about},
        layer_options=options,
        **where,
    )


def write_raster(path: Path, values: Floats, transform: Affine, about: str) -> None:
    """Write one band of 32-bit floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype="float32",
        crs=METRIC,
        transform=transform,
        nodata=NODATA,
        compress="deflate",
        zlevel=9,
        predictor=3,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        num_threads=1,
    ) as raster:
        raster.write(values.astype("float32"), 1)
        raster.set_band_description(1, "NDVI")
        raster.update_tags(TIFFTAG_IMAGEDESCRIPTION=about, illustrative="yes", about=about)
