"""What somebody saved in a round's GeoPackage from QGIS: styles of tables, further ones, and projects."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from ..said import Said, joined, quoted
from .styles import STYLES_COLUMNS, STYLES_TABLE

_PROJECTS_TABLE = "qgis_projects"


def styles_in(path: Path) -> dict[str, str]:
    """By table, the style that QGIS draws it with, as QML."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        if not _has(database, STYLES_TABLE):
            return {}
        found = database.execute(
            f"SELECT f_table_name, styleQML FROM {STYLES_TABLE}"
            " WHERE useAsDefault AND styleQML IS NOT NULL ORDER BY id"
        ).fetchall()
    return {str(table): str(text) for table, text in found}


def kept_nowhere_else(path: Path) -> Said | None:
    """What only a GeoPackage holds, in words: a table's further styles, and projects; None where there is nothing."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        said = []
        if _has(database, STYLES_TABLE):
            further = database.execute(
                f"SELECT styleName, f_table_name FROM {STYLES_TABLE} WHERE NOT coalesce(useAsDefault, 0)"
            ).fetchall()
            said += [
                Said(f"the style {quoted(name)} of {table}", f"{table} 的样式{quoted(name).zh}")
                for name, table in further
            ]
        if _has(database, _PROJECTS_TABLE):
            projects = database.execute(f"SELECT name FROM {_PROJECTS_TABLE}").fetchall()
            said += [
                Said(f"the QGIS project {quoted(name)}", f"QGIS 工程{quoted(name).zh}")
                for (name,) in projects
            ]
    return joined(said) if said else None


def keep_styles(path: Path, styles: Mapping[str, str]) -> None:
    """Draw tables of a GeoPackage by these styles, in place of those their declarations make."""
    if not styles:
        return
    with closing(sqlite3.connect(path)) as database, database:
        if not _has(database, STYLES_TABLE):
            make_styles_table(database)
        for table, text in styles.items():
            changed = database.execute(
                f"UPDATE {STYLES_TABLE} SET styleQML = ? WHERE f_table_name = ? AND useAsDefault",
                (text, table),
            ).rowcount
            if changed:
                continue
            column = database.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
            ).fetchone()
            database.execute(
                f"INSERT INTO {STYLES_TABLE} (f_table_catalog, f_table_schema, f_table_name,"
                " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)"
                " VALUES ('', '', ?, ?, ?, ?, '', 1, '', '')",
                (table, column[0] if column else "", table[:30], text),
            )


def make_styles_table(database: sqlite3.Connection) -> None:
    """Make the table in which QGIS looks for styles, and list it among the GeoPackage's contents."""
    database.execute(f"CREATE TABLE {STYLES_TABLE} ({STYLES_COLUMNS})")
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)"
        " VALUES (?, 'attributes', ?, '', 0)",
        (STYLES_TABLE, STYLES_TABLE),
    )


def _has(database: sqlite3.Connection, table: str) -> bool:
    found = database.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return found is not None
