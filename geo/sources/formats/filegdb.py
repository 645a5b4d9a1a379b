"""File geodatabases, one feature class at a time: the folder NAME.gdb, or an archive that holds it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ...said import Said
from ..archive import is_zip_with, opened
from ..base import Format, Request, Source, Staged, choose_layer, refuse

_TABLE = ".gdbtable"


def _recognises(path: Path) -> bool:
    return is_zip_with(path, lambda name: name.lower().endswith(_TABLE))


def _read(staged: Staged, request: Request) -> Source:
    with TemporaryDirectory(prefix="atlas-") as folder:
        database = Path(folder) / "source.gdb"
        database.mkdir()
        _extract(staged, database)
        return _read_folder(database, staged.name, request)


def _read_folder(database: Path, name: str, request: Request) -> Source:
    from ..ogr import layer_names, read_rows, text_labels

    known = layer_names(database, name)
    layer = choose_layer(name, request.layer, known)
    rows = read_rows(database, name, "OpenFileGDB", text_labels("OBJECTID"), layer=layer)
    columns = tuple(str(column) for column in rows.frame.columns if column != "geometry")
    return Source(
        rows.frame, rows.labels, columns, "FileGDB", layer, rows.read, rows.left_out, rows.notes
    )


def _extract(staged: Staged, database: Path) -> None:
    """Put the files of the one geodatabase in the archive side by side under our own name."""
    with opened(staged.path, staged.name) as (archive, members):
        paths = {name: PurePosixPath(name.replace("\\", "/")) for name in members}
        folders = sorted({path.parent for path in paths.values() if path.suffix.lower() == _TABLE})
        if len(folders) != 1:
            raise refuse(
                staged.name,
                Said(
                    f"{len(folders)} geodatabases ({', '.join(map(str, folders))})",
                    f"{len(folders)} 个地理数据库（{'、'.join(map(str, folders))}）",
                ),
                Said("one", "一个"),
                Said("zip one at a time", "每次只压缩一个"),
            )
        for name, path in paths.items():
            if path.parent == folders[0]:
                (database / path.name).write_bytes(archive.read(members[name]))


FORMAT = Format(
    "FileGDB", (".gdb.zip", ".zip", ".gdb"), _recognises, _read, drivers=("OpenFileGDB",)
)
