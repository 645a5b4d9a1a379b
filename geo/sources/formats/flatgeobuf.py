"""FlatGeobuf: one layer of features."""

from __future__ import annotations

from pathlib import Path

from ..base import Format, Request, Source, Staged, choose_layer

_MAGIC = b"fgb\x03fgb"


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        # The last byte is the patch version, which does not matter.
        return stream.read(len(_MAGIC)) == _MAGIC


def _read(staged: Staged, request: Request) -> Source:
    from ..ogr import layer_names, read_rows, text_labels

    known = layer_names(staged.path, staged.name)
    layer = choose_layer(staged.name, request.layer, known)
    rows = read_rows(staged.path, staged.name, "FlatGeobuf", text_labels("feature", 1), layer=layer)
    columns = tuple(str(column) for column in rows.frame.columns if column != "geometry")
    return Source(
        rows.frame, rows.labels, columns, "FlatGeobuf", layer, rows.read, rows.left_out, rows.notes
    )


FORMAT = Format("FlatGeobuf", (".fgb",), _recognises, _read, drivers=("FlatGeobuf",))
