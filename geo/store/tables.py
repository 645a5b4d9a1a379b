"""One table of a GeoPackage: written from a frame, read as one."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio

from ..errors import DataError, StoreError, reason_of
from ..said import Said
from ..sources.guard import require_geopackage
from ..sources.nullable import NULLABLE
from .base import IMPORTS_TABLE

SYSTEM_TABLE = re.compile(r"(gpkg_|rtree_|sqlite_|layer_styles\Z|qgis_projects\Z)", re.IGNORECASE)


def require_names(tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> None:
    """Refuse names that SQLite cannot tell apart, or keeps for itself.

    Raises
    ------
    StoreError
        At the first such name of a table or a column, or where there is no table at all.
    """
    if not tables:
        raise StoreError(Said("a round needs at least one table", "轮次至少须有一个表"))
    lowered = [name.lower() for name in tables]
    for name, frame in tables.items():
        if lowered.count(name.lower()) > 1:
            raise StoreError(
                Said(f"two tables differ only in case: {name!r}", f"有两个表仅大小写不同：“{name}”")
            )
        if name == "" or "\x00" in name or name == IMPORTS_TABLE or SYSTEM_TABLE.match(name):
            raise StoreError(Said(f"a table cannot be named {name!r}", f"表不能命名为 {name!r}"))
        columns = [str(column) for column in _attributes(frame).columns]
        low = [column.lower() for column in columns]
        for column in columns:
            if column == "" or "\x00" in column or column == "geometry":
                raise StoreError(
                    Said(
                        f"{name}: a column cannot be named {column!r}",
                        f"{name}：列不能命名为 {column!r}",
                    )
                )
            if low.count(column.lower()) > 1:
                raise StoreError(
                    Said(
                        f"{name}: two columns differ only in case: {column!r}",
                        f"{name}：有两列仅大小写不同：“{column}”",
                    )
                )


def write_table(path: Path, name: str, frame: gpd.GeoDataFrame | pd.DataFrame) -> None:
    """Write a frame as a table of a GeoPackage, in the place of one of that name.

    Raises
    ------
    StoreError
        GDAL or Arrow refuses.
    """
    attributes = _attributes(frame)
    attributes = attributes.assign(
        **{column: storable(attributes[column]) for column in attributes.columns}
    )
    taken = {str(column) for column in attributes.columns}
    options = {"FID": free_name("fid", taken)}
    if isinstance(frame, gpd.GeoDataFrame):
        options["GEOMETRY_NAME"] = free_name("geom", taken)
        geometry_type: str | None = _geometry_type(frame.geometry)
        column = free_name("geometry", taken)
        attributes = gpd.GeoDataFrame(
            attributes.assign(**{column: frame.geometry.array}), geometry=column, crs=frame.crs
        )
    else:
        geometry_type = None
    with warnings.catch_warnings():
        # A layer without a CRS is stored as such; it is refused where it is used.
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        try:
            pyogrio.write_dataframe(
                attributes,
                path,
                layer=name,
                driver="GPKG",
                use_arrow=True,
                append=False,
                geometry_type=geometry_type,
                layer_options=options,
            )
        # pyogrio's own errors are of these kinds.
        except (RuntimeError, ValueError, pa.ArrowException) as error:
            why = reason_of(error)
            raise StoreError(
                Said(
                    f"{name} cannot be written: {why}; nothing was changed",
                    f"{name} 无法写入（{why.zh}）；未作任何改动",
                )
            ) from error


def count_tables(path: Path) -> dict[str, int]:
    """The tables of a GeoPackage that hold a round's data, and how many rows each has, by name.

    Raises
    ------
    StoreError
        It is no GeoPackage, is damaged, or holds more than plain tables.
    """
    try:
        require_geopackage(path)
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        address = f"file:{quote(path.resolve().as_posix())}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            return {
                name: int(database.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0])
                for name in sorted(names)
                if name != IMPORTS_TABLE and not SYSTEM_TABLE.match(name)
            }
    except (DataError, OSError, sqlite3.Error, pyogrio.errors.DataSourceError) as error:
        raise StoreError(
            Said(f"round {path.stem} cannot be opened: ", f"轮次 {path.stem} 无法打开：")
            + reason_of(error)
        ) from error


def without_index(path: Path, tables: Iterable[str]) -> list[str]:
    """Which of these tables have no spatial index; where the disk fills up, GDAL leaves it out and says nothing.

    Parameters
    ----------
    tables : names of tables with geometry that `write_table` wrote
    """
    with closing(sqlite3.connect(path)) as database:
        columns = dict(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns")
        )
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        told = {row[0] for row in database.execute("SELECT table_name FROM gpkg_extensions")}
    return [
        table
        for table in tables
        if table not in told or f"rtree_{table}_{columns.get(table)}" not in names
    ]


def quoted(name: str) -> str:
    """A name as SQL writes one.

    Examples
    --------
    >>> quoted('a"b')
    '"a""b"'
    """
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def read_table(path: Path, table: str, rows: int) -> gpd.GeoDataFrame | pd.DataFrame:
    """A table as stored, index `fid`.

    Parameters
    ----------
    rows : how many it has, counted by SQLite: Arrow ends without a word where a file is damaged

    Raises
    ------
    StoreError
        It cannot be read to its end.
    """
    try:
        frame = pyogrio.read_dataframe(
            path,
            layer=table,
            fid_as_index=True,
            use_arrow=True,
            on_invalid="ignore",
            arrow_to_pandas_kwargs={"types_mapper": NULLABLE.get},
        )
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        raise StoreError(
            Said(
                f"{table} of round {path.stem} cannot be read: {error}",
                f"轮次 {path.stem} 的 {table} 无法读取（{error}）",
            )
        ) from error
    if len(frame) != rows:
        raise StoreError(
            Said(
                f"{table} of round {path.stem} is damaged: {len(frame)} of {rows} rows can be read",
                f"轮次 {path.stem} 的 {table} 已损坏：{rows:,} 行只有 {len(frame):,} 行可读",
            )
        )
    frame.index = pd.Index(frame.index.astype("int64"), name="fid")
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    # A GeoPackage marks "undefined" by codes that come back as if they were systems.
    if crs is not None and crs.name.lower().startswith("undefined"):
        return frame.set_crs(None, allow_override=True)
    return frame


def _attributes(frame: gpd.GeoDataFrame | pd.DataFrame) -> pd.DataFrame:
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns:
        return pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return pd.DataFrame(frame)


def storable(column: pd.Series[Any]) -> pd.Series[Any]:
    """True/false/missing as `boolean`: as objects they would be stored as the words True and False."""
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return column.astype("boolean")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype("string")
    return column


def _geometry_type(geometry: gpd.GeoSeries) -> str:
    kinds = set(geometry.geom_type.dropna().unique())
    if len(kinds) == 1:
        return str(kinds.pop())
    for kind in ("Polygon", "LineString", "Point"):
        if kinds == {kind, f"Multi{kind}"}:
            return f"Multi{kind}"
    return "Unknown"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or one beside it that no column has, in whatever case.

    Examples
    --------
    >>> free_name("fid", {"FID", "id"})
    'atlas_fid'
    """
    lowered = {one.lower() for one in taken}
    while name in lowered:
        name = f"atlas_{name}"
    return name
