"""GeoParquet, and plain Parquet as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...said import Said
from ..base import Format, LeftOut, Request, Source, Staged, choose_layer, refuse
from ..limits import limits

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    import pyproj

MOST_COLUMNS = 2_000
_MAGIC = b"PAR1"
_EXTENSIONS = (b"geoarrow.wkb", b"ogc.wkb")
_NAMES = ("geometry", "geom", "wkb_geometry")
_SPHERICAL = Said(
    "its edges are arcs of great circles, and are taken as straight lines",
    "其边为大圆弧，按直线读取",
)


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _read(staged: Staged, request: Request) -> Source:
    import pandas as pd

    if request.layer is not None:
        choose_layer(staged.name, request.layer, (Path(staged.name).stem,))
    table, stated = _table(staged)
    columns = stated.get("columns", {})
    primary = stated.get("primary_column")
    attributes = [
        name for name in table.column_names if name not in columns and not _is_cover(name, columns)
    ]
    frame: pd.DataFrame = pd.DataFrame(
        {name: _plain(table.column(name)) for name in attributes},
        index=pd.RangeIndex(table.num_rows),
    )
    rows = pd.Series([f"row {number}" for number in range(1, len(frame) + 1)], dtype="string")
    names = tuple(attributes)
    if primary not in table.column_names or request.geometry == "Table":
        return Source(frame, rows, names, "GeoParquet", None, len(frame))
    about = columns.get(primary, {})
    notes = []
    others = [name for name in columns if name != primary]
    if others:
        notes.append(
            Said(
                f"of several geometries {primary} was read, not {', '.join(others)}",
                f"有多个图形列，读取了 {primary}，未读 {'、'.join(others)}",
            )
        )
    if about.get("edges") == "spherical":
        notes.append(_SPHERICAL)
    shaped, rows, left_out, flattened = _with_shapes(
        staged, table, frame, rows, str(primary), about
    )
    return Source(
        shaped, rows, names, "GeoParquet", None, len(frame), left_out, (*notes, *flattened)
    )


def _table(staged: Staged) -> tuple[pa.Table, dict[str, Any]]:
    """All rows, once the file's own counts are found to be sane, and what it states of its geometry."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(staged.path) as file:
            facts = file.metadata
            groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
            unpacked = sum(group.total_byte_size for group in groups)
            allowed = limits()
            if (
                facts.num_rows > allowed.rows
                or facts.num_columns > MOST_COLUMNS
                or unpacked > allowed.unpacked_mib << 20
            ):
                raise refuse(
                    staged.name,
                    Said(
                        f"{facts.num_rows} rows of {facts.num_columns} columns, {unpacked >> 20} MiB unpacked",
                        f"{facts.num_rows:,} 行 {facts.num_columns:,} 列，解压后 {unpacked >> 20} MiB",
                    ),
                    Said(
                        f"at most {allowed.rows} rows, {MOST_COLUMNS} columns and {allowed.unpacked_mib} MiB",
                        f"不超过 {allowed.rows:,} 行、{MOST_COLUMNS:,} 列和 {allowed.unpacked_mib} MiB",
                    ),
                    Said("split it", "拆分"),
                )
            stated = json.loads((facts.metadata or {}).get(b"geo", b"{}"))
            table = file.read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError, KeyError, RecursionError) as error:
        if hasattr(error, "faults"):
            raise
        raise refuse(
            staged.name,
            Said(f"a damaged Parquet file ({error})", f"Parquet 文件已损坏（{error}）"),
            Said("a readable .parquet", "可读的 .parquet"),
            Said("write it again", "重新生成"),
        ) from error
    columns = stated.get("columns") if isinstance(stated, dict) else None
    if not isinstance(columns, dict) or not all(isinstance(one, dict) for one in columns.values()):
        columns = {}
    return table, stated if columns else _by_name(table)


def _by_name(table: pa.Table) -> dict[str, Any]:
    """Geometry that other programs write without a word on it: no system is known then."""
    import pyarrow as pa

    for field in table.schema:
        said = (field.metadata or {}).get(b"ARROW:extension:name", b"")
        if said in _EXTENSIONS or (field.name.lower() in _NAMES and pa.types.is_binary(field.type)):
            about = {"encoding": "WKB", "crs": None}
            return {"primary_column": field.name, "columns": {field.name: about}}
    return {}


def _is_cover(name: str, columns: dict[str, Any]) -> bool:
    """Whether a column only repeats where the geometry lies."""
    covers = [one.get("covering", {}).get("bbox", {}) for one in columns.values()]
    return any(paths and name in {path[0] for path in paths.values()} for paths in covers)


def _plain(column: pa.ChunkedArray) -> Any:
    """A column in a type that keeps a missing value missing; what is nested, as JSON."""
    import pandas as pd
    import pyarrow as pa

    from ..nullable import NULLABLE

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pd.array([_text(value) for value in column.to_pylist()], dtype="string")
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    found: pd.Series[Any] = column.to_pandas(types_mapper=NULLABLE.get)
    return found.array


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return (
        value.hex()
        if isinstance(value, bytes)
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _with_shapes(
    staged: Staged,
    table: pa.Table,
    frame: pd.DataFrame,
    rows: pd.Series[Any],
    primary: str,
    about: dict[str, Any],
) -> tuple[gpd.GeoDataFrame, pd.Series[Any], tuple[LeftOut, ...], tuple[Said, ...]]:
    import geopandas as gpd
    import numpy as np
    import shapely

    from ..ogr import without_heights

    encoding = str(about.get("encoding", "WKB"))
    if encoding.upper() == "WKB":
        binary = table.column(primary).to_numpy()
        try:
            shapes = shapely.from_wkb(binary, on_invalid="ignore")
        except (TypeError, NotImplementedError) as error:
            raise refuse(
                staged.name,
                Said(f"geometry that is not WKB ({error})", f"图形不是 WKB（{error}）"),
                Said("a GeoParquet file", "GeoParquet 文件"),
                Said("write it again", "重新生成"),
            ) from error
        missing = np.array([one is None for one in binary], dtype=bool)
    else:
        try:
            read = gpd.read_parquet(staged.path, columns=[primary])
        except (ValueError, TypeError, OSError, NotImplementedError) as error:
            raise refuse(
                staged.name,
                Said(
                    f"geometry encoded as {encoding!r} ({error})",
                    f"图形编码为 {encoding!r}（{error}）",
                ),
                Said("WKB", "WKB"),
                Said("write it again", "重新生成"),
            ) from error
        shapes = read.geometry.to_numpy()
        missing = shapely.is_missing(shapes)
    broken = shapely.is_missing(shapes) & ~missing
    left_out = tuple(
        LeftOut(str(label), Said("broken geometry: it cannot be decoded", "图形损坏：无法解码"))
        for label in rows[broken]
    )
    flat, notes = without_heights(shapes[~broken])
    shaped = gpd.GeoDataFrame(frame[~broken].reset_index(drop=True), geometry=flat, crs=_crs(about))
    return shaped, rows[~broken].reset_index(drop=True), left_out, notes


def _crs(about: dict[str, Any]) -> pyproj.CRS | None:
    """The system the file states; one that says nothing means WGS 84, and null that it is unknown."""
    from ...crs import known_crs

    if "crs" not in about:
        return known_crs("EPSG:4326")
    stated = about["crs"]
    return known_crs(json.dumps(stated)) if isinstance(stated, dict) else None


FORMAT = Format("GeoParquet", (".parquet", ".geoparquet"), _recognises, _read)
