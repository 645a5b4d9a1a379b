"""One table of a GeoParquet file, read whole or part by part.

A reader that wants the rows of one place finds them in a few row groups, because neighbours are stored
together and each row's bounds stand beside it (the "bbox" covering of GeoParquet 1.1). The row numbers are
kept in a column, so that the order of storage is nobody's business. Files of other programs need neither: their
row numbers are the places of their rows, and without bounds every row is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from ..errors import StoreError
from ..said import Said
from ..sources.lazy import column_from_wkb
from .digest import RowsDigest
from .scan import Bounds, FileState, Part, StoredRows
from .tables import free_name

ROWS_AT_ONCE = 50_000
"""Rows that are held while a digest is taken."""
FID_KEY = b"atlas:fid"
"""Where a file says which column has its row numbers."""
BBOX = ("xmin", "ymin", "xmax", "ymax")
_GEOGRAPHIC = "OGC:CRS84"
"""What coordinates are in where the file says nothing, by the standard."""


@dataclass(frozen=True)
class GeoParquetScan:
    """Meets `Scan`; made by `scan_file`."""

    state: FileState
    table: str
    rows: int
    columns: tuple[str, ...]
    geometry: str | None
    crs: str | None
    row_number: str | None
    """The column that holds it; None where a row's place is its number."""
    bounds_column: str | None
    """The column of structs that says where each row lies."""
    groups: tuple[int, ...]
    """The row each group begins at, and at last how many rows there are."""

    @property
    def has_geometry(self) -> bool:
        """Whether its rows lie anywhere."""
        return self.geometry is not None

    def parts(self, rows: int) -> tuple[Part, ...]:
        """Neighbouring row groups together."""
        found: list[Part] = []
        begun = 0
        for number in range(1, len(self.groups)):
            held = self.groups[number] - self.groups[begun]
            if held >= rows or (number == len(self.groups) - 1 and held):
                found.append(Part(begun, number, held))
                begun = number
        return tuple(found)

    def read(
        self, part: Part, columns: Sequence[str], batch_rows: int, *, geometry: bool = True
    ) -> Iterator[StoredRows]:
        """The rows of some groups."""
        wanted = [self.geometry] if geometry and self.geometry else []
        yield from self._rows(range(part.first, part.last), columns, wanted, batch_rows, None)

    def within(
        self, bounds: Bounds, columns: Sequence[str], batch_rows: int
    ) -> Iterator[StoredRows]:
        """The rows whose bounds meet these, of the groups in which there are any."""
        groups = [*range(len(self.groups) - 1)]
        wanted = [self.geometry] if self.geometry else []
        if self.bounds_column is None:
            yield from self._rows(groups, columns, wanted, batch_rows, None)
            return
        with self._opened() as file:
            groups = [
                number
                for number in groups
                if _may_meet(file.metadata.row_group(number), self.bounds_column, bounds)
            ]
        yield from self._rows(groups, columns, [*wanted, self.bounds_column], batch_rows, bounds)

    def _rows(
        self,
        groups: Sequence[int],
        columns: Sequence[str],
        beside: Sequence[str],
        batch_rows: int,
        bounds: Bounds | None,
    ) -> Iterator[StoredRows]:
        numbered = [self.row_number] if self.row_number else []
        names = list(dict.fromkeys([*columns, *beside, *numbered]))
        if not names:
            # A file of places only, of which nothing is asked but how many there are.
            names = [self.bounds_column or self.geometry or self.columns[0]]
        self.state.require()
        with self._opened() as file:
            for run in _runs(groups):
                first = self.groups[run[0]]
                for batch in file.iter_batches(batch_rows, row_groups=run, columns=names):
                    table = pa.Table.from_batches([batch])
                    place = np.arange(first, first + len(table), dtype=np.int64) + 1
                    first += len(table)
                    if bounds is not None and self.bounds_column is not None:
                        meets = _meets(table.column(self.bounds_column), bounds)
                        table, place = table.filter(meets), place[meets.to_numpy()]
                    if len(table):
                        yield self._stored(table, columns, place, set(beside))
        self.state.require()

    def _stored(
        self, table: pa.Table, columns: Sequence[str], place: Any, beside: set[str]
    ) -> StoredRows:
        fid = place
        if self.row_number:
            fid = table.column(self.row_number).cast(pa.int64()).to_numpy()
        wkb = None
        if self.geometry in beside:
            chunks = table.column(self.geometry).chunks
            # One is the rule, and to put it together with nothing would copy it.
            wkb = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
            wkb = wkb.storage if isinstance(wkb, pa.ExtensionArray) else wkb
        return StoredRows(fid, table.select(list(columns)), wkb)

    @contextmanager
    def _opened(self) -> Iterator[parquet.ParquetFile]:
        with opened(self.state.path) as file:
            yield file


@contextmanager
def opened(path: Path) -> Iterator[parquet.ParquetFile]:
    """A Parquet file, with whatever goes wrong in it as a StoreError."""
    try:
        # Unbuffered ahead: a row group of another program may be a whole file.
        with parquet.ParquetFile(path, pre_buffer=False, arrow_extensions_enabled=False) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            Said(
                f"{path.parent.name}/{path.name} cannot be read: {error}",
                f"{path.parent.name}/{path.name} 无法读取（{error}）",
            )
        ) from error


def scan_file(path: Path) -> GeoParquetScan:
    """A GeoParquet file, or a plain Parquet file as a table, to be read in parts.

    Raises
    ------
    StoreError
        It is not one, or its geometry is encoded otherwise than as well-known binary.
    """
    state = FileState.of(path)
    with opened(path) as file:
        facts, schema = file.metadata, file.schema_arrow
        said = facts.metadata or {}
        geometry, about = _about(said.get(b"geo"), schema, path)
        sizes = [facts.row_group(number).num_rows for number in range(facts.num_row_groups)]
    row_number: str | None = said.get(FID_KEY, b"").decode("utf-8", "replace")
    if row_number not in schema.names or not pa.types.is_integer(schema.field(row_number).type):
        row_number = None
    bbox = _covering(about, schema)
    aside = {geometry, row_number, bbox}
    return GeoParquetScan(
        state,
        path.stem,
        sum(sizes),
        tuple(name for name in schema.names if name not in aside),
        geometry,
        crs_stated(about) if geometry else None,
        row_number,
        bbox,
        tuple(int(first) for first in np.concatenate([[0], np.cumsum(sizes)])),
    )


def read_file(path: Path) -> gpd.GeoDataFrame | pd.DataFrame:
    """All rows as stored, in the order of their row numbers; index `fid`.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    scan = scan_file(path)
    shapes = None
    with opened(path) as file:
        if scan.geometry is not None:
            # By itself and first: as numbers it takes less room than as it is stored.
            shapes = column_from_wkb(
                _without_extension(file.read(columns=[scan.geometry]).column(0)), scan.crs
            )
        numbered = [scan.row_number] if scan.row_number else []
        table = file.read(columns=[*scan.columns, *numbered])
    place = np.arange(1, scan.rows + 1, dtype=np.int64)
    frame = scan._stored(table, scan.columns, place, set()).plain_frame()
    if shapes is not None:
        column = free_name("geometry", {str(name) for name in frame.columns})
        frame = gpd.GeoDataFrame(frame.assign(**{column: shapes}), geometry=column)
    return frame if frame.index.is_monotonic_increasing else frame.sort_index(kind="stable")


def _without_extension(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        return pa.chunked_array(
            [chunk.storage for chunk in column.chunks], column.type.storage_type
        )
    return column


def file_digest(path: Path) -> str:
    """The SHA-256, in hex, of a file's rows as they are stored.

    Raises
    ------
    StoreError
        It cannot be read to its end.
    """
    scan = scan_file(path)
    digest = RowsDigest(scan.columns, scan.crs, has_geometry=scan.has_geometry)
    for part in scan.parts(1):
        for rows in scan.read(part, scan.columns, ROWS_AT_ONCE):
            digest.take(rows)
    if digest.rows != scan.rows:
        raise StoreError(
            Said(
                f"{path.name} is damaged: {digest.rows} of {scan.rows} rows can be read",
                f"{path.name} 已损坏：{scan.rows:,} 行只有 {digest.rows:,} 行可读",
            )
        )
    return digest.result()


def _about(said: bytes | None, schema: pa.Schema, path: Path) -> tuple[str | None, dict[str, Any]]:
    """The geometry column, and what the file states of it."""
    if said is None:
        return None, {}
    try:
        stated = json.loads(said)
        name = stated["primary_column"]
        about = stated["columns"][name]
        encoding = str(about.get("encoding", "WKB")).upper()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            Said(
                f"{path.name} does not say what its geometry is ({error})",
                f"{path.name} 未说明其图形列（{error}）",
            )
        ) from error
    if name not in schema.names:
        raise StoreError(
            Said(
                f"{path.name} names a geometry column {name!r} that it does not have",
                f"{path.name} 注明的图形列“{name}”并不存在",
            )
        )
    type_ = schema.field(name).type
    if encoding != "WKB" or not (pa.types.is_binary(type_) or pa.types.is_large_binary(type_)):
        raise StoreError(
            Said(
                f"{path.name} holds geometry as {encoding}; import it with `atlas import`, or write it as WKB",
                f"{path.name} 的图形编码为 {encoding}；请用导入功能导入，或改写为 WKB",
            )
        )
    return name, about


def _covering(about: dict[str, Any], schema: pa.Schema) -> str | None:
    """The column that says where each row lies, if it is laid out as the standard has it."""
    try:
        paths = about["covering"]["bbox"]
        column = paths["xmin"][0]
        plain = all(paths[side] == [column, side] for side in BBOX)
        type_ = schema.field(column).type
        known = {type_.field(side).type for side in BBOX} if pa.types.is_struct(type_) else set()
    except (KeyError, TypeError, IndexError):
        return None
    numbers = bool(known) and all(pa.types.is_floating(one) for one in known)
    return str(column) if plain and numbers else None


def crs_stated(about: dict[str, Any]) -> str | None:
    if "crs" not in about:
        return _GEOGRAPHIC
    return json.dumps(about["crs"]) if isinstance(about["crs"], dict) else None


def _runs(groups: Sequence[int]) -> Iterator[list[int]]:
    """Groups that follow one another, together."""
    run: list[int] = []
    for number in groups:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _may_meet(group: Any, column: str, bounds: Bounds) -> bool:
    """Whether any row of a group can meet bounds, by the smallest and largest it states."""
    low, high = [-np.inf, -np.inf], [np.inf, np.inf]
    for number in range(group.num_columns):
        facts = group.column(number)
        held = facts.statistics
        if held is None or not held.has_min_max:
            continue
        for axis, (least, most) in enumerate((("xmin", "xmax"), ("ymin", "ymax"))):
            if facts.path_in_schema == f"{column}.{least}":
                low[axis] = held.min
            if facts.path_in_schema == f"{column}.{most}":
                high[axis] = held.max
    west, south, east, north = bounds
    return bool(low[0] <= east and high[0] >= west and low[1] <= north and high[1] >= south)


def _meets(boxes: pa.ChunkedArray, bounds: Bounds) -> pa.ChunkedArray:
    west, south, east, north = bounds
    side = {name: pc.struct_field(boxes, name) for name in BBOX}
    meets = pc.and_(
        pc.and_(pc.less_equal(side["xmin"], east), pc.greater_equal(side["xmax"], west)),
        pc.and_(pc.less_equal(side["ymin"], north), pc.greater_equal(side["ymax"], south)),
    )
    return pc.fill_null(meets, fill_value=False)
