"""Rounds as GeoPackage files, `YYYY-MM-DD.gpkg`, each written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio
from filelock import FileLock, Timeout

from ..errors import DataError, StoreError, UnknownNameError
from ..model import ImportRecord
from ..sources.guard import count_rows, require_geopackage
from ..sources.ogr import NULLABLE
from .base import IMPORTS_TABLE, require_date

LOCK_FILE = ".atlas.lock"
TEMPORARY = ".atlas-"
_ROUND_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.gpkg\Z")
_SYSTEM_TABLE = re.compile(r"(gpkg_|rtree_|sqlite_|layer_styles\Z|qgis_projects\Z)", re.IGNORECASE)


class GeoPackageStore:
    """A folder of GeoPackage rounds; meets `Store`."""

    def __init__(self, folder: Path, *, lock_timeout_s: float = 30.0) -> None:
        self.folder = Path(folder)
        self.lock_timeout_s = lock_timeout_s

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        if not self.folder.is_dir():
            return ()
        return tuple(
            sorted(path.stem for path in self.folder.iterdir() if _ROUND_FILE.match(path.name))
        )

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the round's tables, as stored."""
        return self._tables(self._path(round_))

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A table as stored, index `fid`."""
        path = self._path(round_)
        known = self._tables(path)
        if table not in known:
            raise UnknownNameError(f"table in round {round_}", table, known)
        return _read(path, table)

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round, all or nothing."""
        require_date(round_)
        target = self._file(round_)
        with self._writing():
            if target.exists():
                raise StoreError(
                    f"round {round_} exists already; a round is never overwritten, choose another date"
                )
            self._put(target, tables, imports, base=None)

    def add(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
        *,
        onto: str,
    ) -> None:
        """Add tables to a copy of the round, which then takes its place."""
        target = self._path(round_)
        with self._writing():
            if self.digest(round_) != onto:
                raise StoreError(
                    f"round {round_} was changed by someone else meanwhile; look at it and try again"
                )
            present = {name.lower() for name in self._tables(target)}
            doubled = [name for name in tables if name.lower() in present]
            if doubled:
                raise StoreError(
                    f"round {round_} has the table {doubled[0]!r} already; choose another date"
                )
            self._put(target, tables, imports, base=target)

    def digest(self, round_: str) -> str:
        """The SHA-256 of the file's bytes."""
        path = self._path(round_)
        journal = path.with_name(path.name + "-wal")
        if journal.exists() and journal.stat().st_size:
            raise StoreError(
                f"{path.name} is being edited in another program (it has a {journal.name}); close it there first"
            )
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """The round's import records, by id."""
        path = self._path(round_)
        self._tables(path)
        return _read_imports(path)

    def _file(self, round_: str) -> Path:
        return self.folder / f"{round_}.gpkg"

    def _path(self, round_: str) -> Path:
        known = self.rounds()
        if round_ not in known:
            raise UnknownNameError("round", round_, known)
        path = self._file(round_)
        if not path.is_file():
            raise StoreError(f"{path} is not a regular file")
        return path

    def _tables(self, path: Path) -> tuple[str, ...]:
        # Looked at once for each state of the file: every read asks again.
        state = path.stat()
        return _tables_of(path, (state.st_ino, state.st_size, state.st_mtime_ns))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the folder's lock; turn what the machine refuses into a StoreError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK_FILE, timeout=self.lock_timeout_s)
            with lock:
                self._sweep()
                yield
        except Timeout as error:
            raise StoreError(
                f"another program has been writing to {self.folder} for {self.lock_timeout_s:g} s; try again later"
            ) from error
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(
                f"cannot write to {self.folder} ({error}); what was there is as it was"
            ) from error

    def _sweep(self) -> None:
        """Clear away what a killed writer left; whoever holds the lock is the only writer."""
        for path in self.folder.glob(f"{TEMPORARY}*"):
            if path.name != LOCK_FILE and path.is_dir():
                shutil.rmtree(path)

    def _put(
        self,
        target: Path,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord],
        base: Path | None,
    ) -> None:
        _require_names(tables)
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.folder) as room:
            draft = Path(room) / target.name
            if base is not None:
                shutil.copyfile(base, draft)
            expected = dict.fromkeys(self._tables(draft), -1) if base is not None else {}
            for name, frame in tables.items():
                _write_table(draft, name, frame)
                expected[name] = len(frame)
            if imports:
                # GDAL replaces this one table; all the others are left alone.
                _write_imports(draft, (*(_read_imports(draft) if base else ()), *imports))
            self._check(draft, expected)
            _replace(draft, target)

    def _check(self, draft: Path, expected: Mapping[str, int]) -> None:
        """Read back what was written before anything is replaced."""
        with closing(sqlite3.connect(draft)) as database:
            verdict = database.execute("PRAGMA quick_check").fetchone()[0]
            if verdict != "ok":
                raise StoreError(f"the round was not written well ({verdict}); nothing was changed")
            if set(self._tables(draft)) != set(expected):
                raise StoreError("the round was not written whole; nothing was changed")
            for name, rows in expected.items():
                quoted = name.replace('"', '""')
                found = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
                if rows >= 0 and found != rows:
                    raise StoreError(
                        f"{name}: {found} of {rows} rows were written; nothing was changed"
                    )


@lru_cache(maxsize=64)
def _tables_of(path: Path, state: tuple[int, int, int]) -> tuple[str, ...]:
    """The declared or foreign tables of a harmless GeoPackage, in the state it was seen in."""
    try:
        require_geopackage(path)
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except DataError as error:
        raise StoreError(f"round {path.stem} cannot be opened: {error}") from error
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise StoreError(f"round {path.stem} cannot be opened: {error}") from error
    return tuple(
        sorted(name for name in names if name != IMPORTS_TABLE and not _SYSTEM_TABLE.match(name))
    )


def _replace(draft: Path, target: Path) -> None:
    """Put the draft in the target's place such that a power cut leaves one or the other whole."""
    with draft.open("rb+") as stream:
        os.fsync(stream.fileno())
    draft.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _require_names(tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> None:
    """Names that SQLite cannot tell apart, or keeps for itself, cannot be written."""
    if not tables:
        raise StoreError("a round needs at least one table")
    lowered = [name.lower() for name in tables]
    for name, frame in tables.items():
        if lowered.count(name.lower()) > 1:
            raise StoreError(f"two tables differ only in case: {name!r}")
        if name == "" or "\x00" in name or name == IMPORTS_TABLE or _SYSTEM_TABLE.match(name):
            raise StoreError(f"a table cannot be named {name!r}")
        columns = [str(column) for column in _attributes(frame).columns]
        low = [column.lower() for column in columns]
        for column in columns:
            if column == "" or "\x00" in column or column == "geometry":
                raise StoreError(f"{name}: a column cannot be named {column!r}")
            if low.count(column.lower()) > 1:
                raise StoreError(f"{name}: two columns differ only in case: {column!r}")


def _attributes(frame: gpd.GeoDataFrame | pd.DataFrame) -> pd.DataFrame:
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns:
        return pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return pd.DataFrame(frame)


def _write_table(path: Path, name: str, frame: gpd.GeoDataFrame | pd.DataFrame) -> None:
    attributes = _attributes(frame)
    attributes = attributes.assign(
        **{column: _storable(attributes[column]) for column in attributes.columns}
    )
    taken = {str(column).lower() for column in attributes.columns}
    options = {"FID": _free("fid", taken)}
    if isinstance(frame, gpd.GeoDataFrame):
        options["GEOMETRY_NAME"] = _free("geom", taken)
        geometry_type: str | None = _geometry_type(frame.geometry)
        column = _free("geometry", taken)
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
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise StoreError(f"{name} cannot be written: {error}; nothing was changed") from error
        except (RuntimeError, ValueError, pa.ArrowException) as error:
            raise StoreError(f"{name} cannot be written: {error}; nothing was changed") from error


def _storable(column: pd.Series[Any]) -> pd.Series[Any]:
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


def _free(name: str, taken: set[str]) -> str:
    """The name, or one beside it that no column has."""
    while name in taken:
        name = f"atlas_{name}"
    return name


def _read(path: Path, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
    try:
        frame = pyogrio.read_dataframe(
            path,
            layer=table,
            fid_as_index=True,
            use_arrow=True,
            on_invalid="ignore",
            arrow_to_pandas_kwargs={"types_mapper": NULLABLE.get},
        )
        # Arrow ends without a word where a file is damaged.
        whole = count_rows(path, table)
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        raise StoreError(f"{table} of round {path.stem} cannot be read: {error}") from error
    if len(frame) != whole:
        raise StoreError(
            f"{table} of round {path.stem} is damaged: {len(frame)} of {whole} rows can be read"
        )
    frame.index = pd.Index(frame.index.astype("int64"), name="fid")
    crs = frame.crs if isinstance(frame, gpd.GeoDataFrame) else None
    # A GeoPackage marks "undefined" by codes that come back as if they were systems.
    if crs is not None and crs.name.lower().startswith("undefined"):
        return frame.set_crs(None, allow_override=True)
    return frame


def _write_imports(path: Path, records: Sequence[ImportRecord]) -> None:
    ids = [record.id for record in records]
    if len(set(ids)) < len(ids):
        raise StoreError(f"import records need an id each; found {ids}")
    frame = pd.DataFrame([asdict(record) for record in records])
    frame["source_layer"] = frame["source_layer"].astype("string")
    _write_table(path, IMPORTS_TABLE, frame)


def _read_imports(path: Path) -> tuple[ImportRecord, ...]:
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if IMPORTS_TABLE not in names:
        return ()
    frame = _read(path, IMPORTS_TABLE)
    wanted = [item.name for item in fields(ImportRecord)]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise StoreError(f"round {path.stem}: its import records lack {', '.join(missing)}")
    frame = frame[wanted].astype(object)
    frame = frame.where(frame.notna(), None)
    records = (ImportRecord(*values) for values in frame.itertuples(index=False, name=None))
    return tuple(sorted(records, key=lambda record: record.id))
