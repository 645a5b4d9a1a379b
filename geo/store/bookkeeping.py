"""What a round says of itself beside its tables: imports, styles, times; and how a table leaves it.

All of it is done in a draft, a copy that nobody else sees.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd
import pyogrio

from ..errors import StoreError
from ..model import ImportRecord, Layer
from ..said import Said
from ..sources.guard import count_rows
from .base import IMPORTS_TABLE
from .folder import Step
from .saved_styles import make_styles_table
from .styles import STYLES_TABLE, style
from .tables import quoted, read_table, write_table

_STEP = "step"
_STEP_TABLES = "step_tables"
# The count of writes, and the count for which the size said in the header holds: they have to agree.
_COUNTED_AT = (24, 92)
# Every table of the standard, of GDAL and of QGIS that has rows about a table, and the column that names it.
_ABOUT = {
    "gpkg_extensions": "table_name",
    "gpkg_geometry_columns": "table_name",
    "gpkg_ogr_contents": "table_name",
    "gpkg_metadata_reference": "table_name",
    "gpkg_data_columns": "table_name",
    "gpkgext_relations": "base_table_name",
    STYLES_TABLE: "f_table_name",
    "gpkg_contents": "table_name",
}


def read_imports(path: Path) -> tuple[ImportRecord, ...]:
    """The import records of a GeoPackage, by id; none where it keeps none.

    Raises
    ------
    StoreError
        There is a table of that name that is something else, or it is damaged.
    """
    frame = _kept(path)
    return () if frame is None else _records(path, frame)


def last_step(path: Path) -> Step:
    """The newest step that the import records tell of.

    Raises
    ------
    StoreError
        There is none, or the records do not say what belongs together.
    """
    steps = steps_of(path)
    if not steps:
        raise StoreError(
            Said(
                f"round {path.stem} was not made by imports: there is none to take back",
                f"轮次 {path.stem} 不是由导入生成，没有可撤回的导入",
            )
        )
    return steps[-1]


def steps_of(path: Path) -> tuple[Step, ...]:
    """All steps that the import records tell of, oldest first; none where there are no records.

    Raises
    ------
    StoreError
        The records do not say what belongs together.
    """
    frame = _kept(path)
    if frame is None or not len(frame):
        return ()
    found = []
    try:
        for number in sorted(int(one) for one in frame[_STEP].unique()):
            mine = frame[frame[_STEP] == number]
            digests = json.loads(mine[_STEP_TABLES].iloc[0])
            tables = {str(name): str(digest) for name, digest in digests.items()}
            found.append(Step(tables, _records(path, mine)))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(
            Said(
                f"round {path.stem} does not say which tables its last import brought in; import into another date",
                f"轮次 {path.stem} 未记载最近一次导入带来哪些表；请导入到其他日期",
            )
        ) from error
    return tuple(found)


def keep_imports(draft: Path, imports: Sequence[ImportRecord], tables: Mapping[str, str]) -> None:
    """Put import records beside those the draft has, as one step.

    Parameters
    ----------
    tables : the tables the step brings in, and the digest of each
    """
    before = _kept(draft)
    ids = [one.id for one in imports]
    if before is not None:
        ids += [int(number) for number in before["id"]]
    if len(set(ids)) < len(ids):
        raise StoreError(
            Said(
                f"import records need an id each; found {sorted(ids)}",
                f"导入记录须各有编号；现为 {sorted(ids)}",
            )
        )
    number = 1
    if before is not None and _STEP in before.columns and before[_STEP].notna().any():
        number += int(before[_STEP].max())
    frame = pd.DataFrame([asdict(one) for one in imports])
    frame["source_layer"] = frame["source_layer"].astype("string")
    frame[_STEP] = pd.array([number] * len(frame), dtype="Int64")
    frame[_STEP_TABLES] = json.dumps(tables, ensure_ascii=False, sort_keys=True)
    if before is not None:
        frame = pd.concat([before, frame], ignore_index=True)
    # GDAL replaces this one table; all the others are left alone.
    write_table(draft, IMPORTS_TABLE, frame)


def finish(
    draft: Path, written: Iterable[str], layers: Mapping[str, Layer], changed_at: str
) -> None:
    """Give the tables just written their styles, and the time of the import in place of the clock's.

    Parameters
    ----------
    written : names of tables
    layers : declarations by name; a table with none gets no style, and one with a style keeps it
    changed_at : as GeoPackage writes times
    """
    with closing(sqlite3.connect(draft)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        with database:
            written = sorted(written)
            for name in (*written, IMPORTS_TABLE):
                database.execute(
                    "UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?",
                    (changed_at, name),
                )
            for name in written:
                if name in layers:
                    _keep_style(database, name, layers[name], changed_at)
    forget_writes(draft)


def forget_writes(path: Path) -> None:
    """Have a SQLite file that nobody has open say that it was written once.

    It counts its writes in its header, and GDAL writes the time of a change once more where the clock moved on
    meanwhile: by that count alone the same tables would make two files.
    """
    once = (1).to_bytes(4, "big")
    with path.open("r+b") as stream:
        for place in _COUNTED_AT:
            stream.seek(place)
            stream.write(once)


def take_out(draft: Path, step: Step) -> None:
    """Take a step's tables and import records out of the draft, leaving no trace of them."""
    with closing(sqlite3.connect(draft)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        with database:
            present = _names(database)
            for name in step.tables:
                if name in present:
                    _drop(database, name)
            database.executemany(
                f"DELETE FROM {IMPORTS_TABLE} WHERE id = ?", [(one.id,) for one in step.imports]
            )
            for name in (IMPORTS_TABLE, STYLES_TABLE):
                if name in present and _empty(database, name):
                    _drop(database, name)
        # What was taken back is not to be read out of the file's unused pages.
        database.execute("VACUUM")


def geopackage_time(said: str | None, round_: str) -> str:
    """A time as GeoPackage writes it: the import's own, else the beginning of the round's day.

    Examples
    --------
    >>> geopackage_time("2007-07-01T16:00:00+08:00", "2007-06-30")
    '2007-07-01T08:00:00.000Z'
    >>> geopackage_time(None, "2007-06-30")
    '2007-06-30T00:00:00.000Z'
    """
    try:
        when = dt.datetime.fromisoformat(said or round_)
    except ValueError:
        when = dt.datetime.fromisoformat(round_)
    when = when.astimezone(dt.UTC) if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _kept(path: Path) -> pd.DataFrame | None:
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if IMPORTS_TABLE not in names:
        return None
    frame = read_table(path, IMPORTS_TABLE, count_rows(path, IMPORTS_TABLE))
    missing = [item.name for item in fields(ImportRecord) if item.name not in frame.columns]
    if missing:
        raise StoreError(
            Said(
                f"round {path.stem}: its import records lack {', '.join(missing)}",
                f"轮次 {path.stem} 的导入记录缺 {'、'.join(missing)}",
            )
        )
    return frame


def _records(path: Path, frame: pd.DataFrame) -> tuple[ImportRecord, ...]:
    plain = frame[[item.name for item in fields(ImportRecord)]].astype(object)
    plain = plain.where(plain.notna(), None)
    records = (ImportRecord(*values) for values in plain.itertuples(index=False, name=None))
    return tuple(sorted(records, key=lambda record: record.id))


def _keep_style(database: sqlite3.Connection, table: str, layer: Layer, changed_at: str) -> None:
    if STYLES_TABLE not in _names(database):
        make_styles_table(database)
        database.execute(
            "UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?",
            (changed_at, STYLES_TABLE),
        )
    known = database.execute(
        f"SELECT 1 FROM {STYLES_TABLE} WHERE f_table_name = ?", (table,)
    ).fetchone()
    if known:
        return
    column = database.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    row = style(layer, table, column[0] if column else "", changed_at)
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {STYLES_TABLE} ({names}) VALUES ({marks})", list(row.values()))


def _drop(database: sqlite3.Connection, table: str) -> None:
    """Drop a table, its spatial index, and every row about it."""
    present = _names(database)
    indexed = [
        row[0]
        for row in database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
        )
    ]
    # The table first: its triggers, which would write to the index, go with it.
    database.execute(f"DROP TABLE {quoted(table)}")
    for column in indexed:
        database.execute(f"DROP TABLE IF EXISTS {quoted(f'rtree_{table}_{column}')}")
    for about, column in _ABOUT.items():
        if about in present and about != table:
            database.execute(f"DELETE FROM {about} WHERE {column} = ?", (table,))


def _names(database: sqlite3.Connection) -> set[str]:
    return {
        str(row[0])
        for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }


def _empty(database: sqlite3.Connection, table: str) -> bool:
    return database.execute(f"SELECT 1 FROM {quoted(table)}").fetchone() is None
