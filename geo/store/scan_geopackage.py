"""A table of a GeoPackage, read part by part: ranges of its row numbers, or what its spatial index finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyogrio

from ..errors import StoreError
from ..said import Said
from .scan import Bounds, FileState, Part, StoredRows, spread
from .tables import quoted


@dataclass(frozen=True)
class GeoPackageScan:
    """Meets `Scan`; made by `scan_table`."""

    state: FileState
    table: str
    rows: int
    columns: tuple[str, ...]
    has_geometry: bool
    crs: str | None
    row_number: str
    """The column that holds it; empty where rows have none and are read all at once."""
    fids: tuple[int, int]
    """The smallest row number, and the one after the largest."""

    def parts(self, rows: int) -> tuple[Part, ...]:
        """Equal ranges of row numbers."""
        low, high = self.fids
        if not self.rows:
            return ()
        if not self.row_number:
            return (Part(low, high, self.rows),)
        ranges = [
            (low + (high - low) * first // self.rows, low + (high - low) * last // self.rows)
            for first, last in spread(self.rows, rows)
        ]
        return tuple(Part(first, last, -(-self.rows // len(ranges))) for first, last in ranges)

    def read(
        self, part: Part, columns: Sequence[str], batch_rows: int, *, geometry: bool = True
    ) -> Iterator[StoredRows]:
        """The rows of a range."""
        wanted: dict[str, Any] = {}
        if self.row_number and (part.first, part.last) != self.fids:
            name = quoted(self.row_number)
            wanted["where"] = f"{name} >= {part.first} AND {name} < {part.last}"
        yield from self._rows(columns, batch_rows, read_geometry=geometry, **wanted)

    def within(
        self, bounds: Bounds, columns: Sequence[str], batch_rows: int
    ) -> Iterator[StoredRows]:
        """The rows whose own bounds meet these."""
        yield from self._rows(columns, batch_rows, bbox=bounds)

    def _rows(self, columns: Sequence[str], batch_rows: int, **wanted: Any) -> Iterator[StoredRows]:
        self.state.require()
        try:
            with pyogrio.open_arrow(
                self.state.path,
                layer=self.table,
                columns=list(columns),
                batch_size=batch_rows,
                return_fids=True,
                use_pyarrow=True,
                **wanted,
            ) as (meta, reader):
                shape = (meta["geometry_name"] or "wkb_geometry") if self.has_geometry else None
                for batch in reader:
                    fid = batch.column(0).to_numpy(zero_copy_only=False).astype(np.int64)
                    held = batch.schema.names
                    wkb = batch.column(held.index(shape)) if shape in held else None
                    attributes = pa.table(
                        [batch.column(held.index(name)) for name in columns], names=list(columns)
                    )
                    yield StoredRows(fid, attributes, _plain_binary(wkb))
        except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                Said(
                    f"{self.table} of round {self.state.path.stem} cannot be read: {error}",
                    f"轮次 {self.state.path.stem} 的 {self.table} 无法读取（{error}）",
                )
            ) from error
        self.state.require()


def scan_table(path: Path, table: str, rows: int) -> GeoPackageScan:
    """A table of a GeoPackage that was looked at before, to be read in parts.

    Parameters
    ----------
    rows : how many it has, counted by SQLite

    Raises
    ------
    StoreError
        It cannot be read.
    """
    state = FileState.of(path)
    try:
        facts = pyogrio.read_info(path, layer=table)
        name = str(facts["fid_column"] or "")
        fids = (0, 0)
        if name and rows:
            address = f"file:{quote(path.resolve().as_posix())}?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as database:
                database.execute("PRAGMA trusted_schema = OFF")
                low, high = database.execute(
                    f"SELECT min({quoted(name)}), max({quoted(name)}) FROM {quoted(table)}"
                ).fetchone()
            fids = (int(low), int(high) + 1)
    except (OSError, RuntimeError, ValueError, TypeError, sqlite3.Error) as error:
        raise StoreError(
            Said(
                f"{table} of round {path.stem} cannot be read: {error}",
                f"轮次 {path.stem} 的 {table} 无法读取（{error}）",
            )
        ) from error
    return GeoPackageScan(
        state,
        table,
        rows,
        tuple(str(column) for column in facts["fields"]),
        facts["geometry_type"] is not None,
        _defined(facts["crs"]),
        name,
        fids,
    )


def _defined(crs: str | None) -> str | None:
    """A GeoPackage marks "undefined" by codes that come back as if they were systems."""
    from pyproj import CRS

    if crs is None or CRS.from_user_input(crs).name.lower().startswith("undefined"):
        return None
    return crs


def _plain_binary(wkb: pa.Array | None) -> pa.Array | None:
    return wkb.storage if isinstance(wkb, pa.ExtensionArray) else wkb
