"""Looks at a GeoPackage as the database it is, before any GIS library opens it.

A GeoPackage is a SQLite file, and a SQLite file can hold code: a view that never ends, a trigger that
changes other tables, a virtual table that reads elsewhere. Reading the schema runs none of it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from ..errors import Fault, SourceError
from ..said import Said

SQLITE_MAGIC = b"SQLite format 3\x00"
# What the GeoPackage standard and GDAL themselves put into a file: row counts, the spatial index, tile checks.
_OWN_TRIGGER = re.compile(
    r"(rtree_.+_(insert|delete|update[1-7]?)|trigger_(insert|delete)_feature_count_.+|gpkg_(tile|metadata)_.+)\Z",
    re.IGNORECASE | re.DOTALL,
)
_VIRTUAL = re.compile(r"\s*CREATE\s+(TEMP\s+|TEMPORARY\s+)?VIRTUAL\b", re.IGNORECASE)
_RTREE = re.compile(r"\bUSING\s+rtree\s*\([^()]*\)\s*\Z", re.IGNORECASE)
_REMARK = re.compile(r"/\*.*?(\*/|\Z)|--[^\n]*", re.DOTALL)


def geopackage_faults(path: Path) -> tuple[Fault, ...]:
    """The reasons for which a file must not be opened as a GeoPackage; none where it is harmless.

    Parameters
    ----------
    path : a local file

    Returns
    -------
    tuple of Fault
        One a fault: not a SQLite file, not a GeoPackage, damaged, or holding a view, a foreign trigger,
        a virtual table other than a spatial index, or a computed column.

    Examples
    --------
    >>> [fault.found for fault in geopackage_faults(Path(__file__))]
    ['a file that is not a SQLite database']
    """
    with path.open("rb") as stream:
        magic = stream.read(len(SQLITE_MAGIC))
    if magic != SQLITE_MAGIC:
        return (
            _fault(
                path,
                Said("a file that is not a SQLite database", "不是 SQLite 数据库的文件"),
                Said("choose a GeoPackage (.gpkg)", "改用 GeoPackage（.gpkg）"),
            ),
        )
    try:
        with closing(_read_only(path)) as database:
            return tuple(_schema_faults(path, database))
    except sqlite3.Error as error:
        return (
            _fault(
                path,
                Said(f"a damaged database ({error})", f"数据库已损坏（{error}）"),
                Said("save the layers into a new GeoPackage", "将图层另存到新的 GeoPackage"),
            ),
        )


def require_geopackage(path: Path, name: str | None = None) -> None:
    """Refuse a file that is not a harmless GeoPackage, speaking of it as `name`.

    Raises
    ------
    SourceError
        With every fault of `geopackage_faults`.
    """
    faults = geopackage_faults(path)
    if faults:
        raise SourceError(replace(fault, layer=name or fault.layer) for fault in faults)


def count_rows(path: Path, table: str, name: str | None = None) -> int:
    """How many rows a table has, counted by SQLite itself.

    Parameters
    ----------
    path : a GeoPackage that was looked at
    table : one of its tables
    name : what to call the file

    Raises
    ------
    SourceError
        There is no such table, or the file is damaged.
    """
    quoted = table.replace('"', '""')
    try:
        with closing(_read_only(path)) as database:
            return int(database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])
    except sqlite3.Error as error:
        fault = _fault(
            path,
            Said(f"a damaged table {table!r} ({error})", f"表“{table}”已损坏（{error}）"),
            Said("save it again", "重新保存"),
        )
        raise SourceError(replace(fault, layer=name or fault.layer)) from error


def _read_only(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(path.resolve().as_posix())}?mode=ro"
    database = sqlite3.connect(address, uri=True)
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _schema_faults(path: Path, database: sqlite3.Connection) -> list[Fault]:
    entries = database.execute("SELECT type, name, sql, rootpage FROM sqlite_master").fetchall()
    names = {str(name).lower() for kind, name, *_ in entries if kind == "table"}
    if "gpkg_contents" not in names:
        return [
            _fault(
                path,
                Said(
                    "a SQLite database without the tables of a GeoPackage",
                    "SQLite 数据库中没有 GeoPackage 的表",
                ),
                Said("choose a GeoPackage (.gpkg)", "改用 GeoPackage（.gpkg）"),
            )
        ]
    faults = []
    for kind, name, sql, page in entries:
        if kind == "view":
            found = Said(f"the view {name!r}", f"视图“{name}”")
        elif kind == "trigger" and not _OWN_TRIGGER.match(str(name)):
            found = Said(f"the foreign trigger {name!r}", f"外来触发器“{name}”")
        elif kind == "table" and (page == 0 or _VIRTUAL.match(_REMARK.sub(" ", str(sql)))):
            if _is_spatial_index(str(name), str(sql)):
                continue
            found = Said(f"the virtual table {name!r}", f"虚拟表“{name}”")
        elif kind == "table" and _has_computed_column(database, str(name)):
            found = Said(f"computed columns in the table {name!r}", f"表“{name}”有计算列")
        else:
            continue
        faults.append(
            _fault(
                path,
                found,
                Said(
                    "export the layers into a new GeoPackage as plain tables",
                    "将图层以普通表导出到新的 GeoPackage",
                ),
            )
        )
    return faults


def _is_spatial_index(name: str, sql: str) -> bool:
    return name.lower().startswith("rtree_") and _RTREE.search(_REMARK.sub(" ", sql)) is not None


def _has_computed_column(database: sqlite3.Connection, table: str) -> bool:
    quoted = table.replace('"', '""')
    return any(row[6] in (2, 3) for row in database.execute(f'PRAGMA table_xinfo("{quoted}")'))


def _fault(path: Path, found: Said, remedy: Said) -> Fault:
    return Fault(
        path.name, found, Said("a GeoPackage of plain tables", "只含普通表的 GeoPackage"), remedy
    )
