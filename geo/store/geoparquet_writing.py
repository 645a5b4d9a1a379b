"""One table written as a GeoParquet file, neighbours together."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from ..errors import StoreError, reason_of
from ..said import Said
from ..sources.lazy import bounds_of, column_of, kinds_of, wkb_of
from ..sources.undrawn import Undrawn
from .digest import RowsDigest
from .geoparquet_file import BBOX, FID_KEY, crs_stated
from .scan import StoredRows
from .tables import free_name, storable

ROWS_IN_GROUP = 50_000
"""Rows that are stored, found and left out together."""
MOST_OVERLAP = 1.5
"""Where all groups together cover no more than so many times the whole's extent, rows stay as they come."""
_KIND_NAMES = (
    "Point", "LineString", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
"""By GEOS's number; a closed ring is a line to everybody else."""


def write_file(
    path: Path,
    frame: gpd.GeoDataFrame | pd.DataFrame,
    *,
    fids: np.ndarray[Any, Any] | None = None,
    rows_in_group: int | None = None,
) -> str:
    """Write a frame as a GeoParquet file, neighbours together, or as a plain Parquet table.

    Parameters
    ----------
    frame : attributes in plain columns, geometry in the frame's own column
    fids : row numbers; None means 1, 2, … in the frame's order
    rows_in_group : None means `ROWS_IN_GROUP`

    Returns
    -------
    str
        The digest of what was written, as `geoparquet_file.file_digest` reads it.

    Raises
    ------
    StoreError
        Arrow refuses a column, or the disk the file.
    """
    numbers = np.arange(1, len(frame) + 1, dtype=np.int64) if fids is None else fids
    size = rows_in_group or ROWS_IN_GROUP
    geometry, order, box = None, None, np.empty((0, 4))
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns:
        geometry = frame.geometry
        box = bounds_of(geometry)
        order = storage_order(box, size)
    attributes = pd.DataFrame(frame if geometry is None else frame.drop(columns=geometry.name))
    attributes = attributes.assign(
        **{name: storable(attributes[name]) for name in attributes.columns}
    )
    names = _Names.beside(attributes)
    metadata = {FID_KEY: names.row_number.encode()}
    crs = None
    if geometry is not None:
        stated = _stated(geometry, box, names)
        metadata[b"geo"] = json.dumps(stated).encode()
        crs = crs_stated(stated["columns"][names.geometry])
    try:
        held = pa.Table.from_pandas(attributes, preserve_index=False).replace_schema_metadata(None)
        digest = RowsDigest(held.column_names, crs, has_geometry=geometry is not None)

        def group(first: int) -> pa.Table:
            """Some rows in the form they are written in, which no others are held in."""
            rows = np.arange(first, min(first + size, len(frame)))
            if order is None:
                some = held.slice(first, size)
            else:
                rows = order[first : first + size]
                some = held.take(pa.array(rows))
            part = geometry.iloc[rows] if geometry is not None else None
            wkb = None if part is None else wkb_of(part)
            stored = StoredRows(numbers[rows], some, wkb)
            digest.take(stored)
            table = some.append_column(names.row_number, pa.array(stored.fid))
            if part is not None and wkb is not None:
                table = table.append_column(names.bounds, _boxes(box[rows]))
                table = table.append_column(names.geometry, wkb.cast(pa.binary()))
            return table.replace_schema_metadata(metadata)

        with ExitStack() as stack:
            writer = None
            beside = stack.enter_context(ThreadPoolExecutor(1))
            # The next group is made while one is written: each takes about as long.
            coming = beside.submit(group, 0)
            for first in range(0, max(len(frame), 1), size):
                table = coming.result()
                if first + size < len(frame):
                    coming = beside.submit(group, first + size)
                if writer is None:
                    writer = stack.enter_context(_writer(path, table, names))
                writer.write_table(table, row_group_size=size)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise StoreError(
            Said(
                f"{path.stem} cannot be written: {reason_of(error)}; nothing was changed",
                f"{path.stem} 无法写入（{reason_of(error).zh}）；未作任何改动",
            )
        ) from error
    return digest.result()


@dataclass(frozen=True)
class _Names:
    """What the columns beside a table's own are called."""

    row_number: str
    bounds: str
    geometry: str

    @classmethod
    def beside(cls, attributes: pd.DataFrame) -> _Names:
        taken = {str(name) for name in attributes.columns}
        row_number, geometry = free_name("fid", taken), free_name("geometry", taken)
        return cls(row_number, free_name("bbox", taken), geometry)


def _writer(path: Path, first: pa.Table, names: _Names) -> parquet.ParquetWriter:
    """A writer for tables like this one: places, which hardly shrink, packed fast, all else small."""
    places = {names.geometry, *(f"{names.bounds}.{side}" for side in BBOX)}
    repeated = [
        name
        for name in first.column_names
        if _is_text(first.schema.field(name).type)
        and pc.count_distinct(first.column(name)).as_py() * 2 <= len(first)
    ]
    paths = [*(name for name in first.column_names if name != names.bounds), *places]
    return parquet.ParquetWriter(
        path,
        first.schema,
        compression={name: "lz4" if name in places else "zstd" for name in paths},
        use_dictionary=repeated,
    )


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def storage_order(box: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any] | None:
    """The order to store rows of these bounds in, so that neighbours come together; None: as they are.

    Parameters
    ----------
    box : west, south, east, north; NaN for a row without a place
    size : rows that are stored, found and left out together

    Returns
    -------
    array or None
        None where the groups overlap so little already that sorting would gain nothing. Else the rows along
        a Hilbert curve through their middles, those without a place last.
    """
    there = np.isfinite(box).all(axis=1)
    if len(box) <= size or not there.any():
        return None
    firsts = np.arange(0, len(box), size)
    with np.errstate(invalid="ignore"):
        low = np.fmin.reduceat(box[:, :2], firsts)
        high = np.fmax.reduceat(box[:, 2:], firsts)
        whole = np.nanmax(high, axis=0) - np.nanmin(low, axis=0)
        shares = np.where(whole > 0, (high - low) / np.where(whole > 0, whole, 1), 1.0)
    if np.nansum(shares.prod(axis=1)) <= MOST_OVERLAP:
        return None
    return curve_order(box)


def curve_order(box: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The order in which a Hilbert curve passes the middles of bounds; rows without a place last."""
    there = np.isfinite(box).all(axis=1)
    distance = np.full(len(box), np.iinfo(np.int64).max)
    if there.any():
        middles = (box[there, :2] + box[there, 2:]) / 2
        # Points that nobody draws: geopandas asks for no more than their extents.
        points = column_of(Undrawn(1, middles, np.ones(len(middles), dtype=np.int64)))
        distance[there] = gpd.GeoSeries(points).hilbert_distance(level=16).to_numpy()
    return np.argsort(distance, kind="stable")


def _boxes(box: np.ndarray[Any, Any]) -> pa.StructArray:
    missing = pa.array(~np.isfinite(box).all(axis=1))
    return pa.StructArray.from_arrays(
        [pa.array(np.ascontiguousarray(box[:, side])) for side in range(4)],
        list(BBOX),
        mask=missing,
    )


def _stated(geometry: gpd.GeoSeries, box: np.ndarray[Any, Any], names: _Names) -> dict[str, Any]:
    """What GeoParquet 1.1 wants to be told."""
    kinds, high = kinds_of(geometry), geometry.array.has_z
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(
            _KIND_NAMES[kind] + (" Z" if of_high else "")
            for of_high in (False, True)
            if of_high in (False, bool(high.any()))
            for kind in np.flatnonzero(np.bincount(kinds[high == of_high] + 1)[1:]).tolist()
        ),
        "crs": geometry.crs.to_json_dict() if geometry.crs is not None else None,
        "covering": {"bbox": {side: [names.bounds, side] for side in BBOX}},
    }
    held = box[np.isfinite(box).all(axis=1)]
    if len(held):
        whole = (*held[:, :2].min(axis=0), *held[:, 2:].max(axis=0))
        column["bbox"] = [float(side) for side in whole]
    return {
        "version": "1.1.0",
        "primary_column": names.geometry,
        "columns": {names.geometry: column},
    }
