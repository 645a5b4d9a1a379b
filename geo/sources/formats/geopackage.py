"""GeoPackage: one layer of a file that was looked at as a database first."""

from __future__ import annotations

from pathlib import Path

from ..base import Format, Request, Source, Staged, choose_layer
from ..guard import SQLITE_MAGIC, count_rows, require_geopackage


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _read(staged: Staged, request: Request) -> Source:
    from ..ogr import layer_names, read_rows, text_labels

    require_geopackage(staged.path, staged.name)
    known = layer_names(staged.path, staged.name)
    offered = tuple(name for name in known if name not in ("layer_styles", "atlas_imports"))
    layer = choose_layer(staged.name, request.layer, offered)
    rows = read_rows(
        staged.path, staged.name, "GPKG", text_labels("fid"),
        layer=layer, expected=count_rows(staged.path, layer, staged.name), draw=False,
    )  # fmt: skip
    columns = tuple(str(name) for name in rows.frame.columns if name != "geometry")
    return Source(
        rows.frame, rows.labels, columns, "GeoPackage", layer, rows.read, rows.left_out, rows.notes,
        rows.undrawn,
    )  # fmt: skip


FORMAT = Format("GeoPackage", (".gpkg",), _recognises, _read, drivers=("GPKG",))
