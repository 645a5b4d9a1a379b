"""DXF drawings: one drawing layer at a time, closed lines as outlines where surfaces are wanted.

A block is the point where it is inserted: drawn out, a few blocks inside each other can stand for
more lines than any machine holds, and what is counted (a lamp, say) is the insertion.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SourceError
from ...said import Said
from ..base import Format, LeftOut, Request, Source, Staged, choose_layer, refuse
from ..texts import decode

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

LARGEST_BYTES = 256 << 20
MOST_REPEATS = 1_000_000
"""Of blocks, by all entities that insert them in rows and columns."""
_BINARY = b"AutoCAD Binary DXF"
_START = re.compile(rb"\A(\xef\xbb\xbf)?(\s*999\s*\n[^\n]*\n)*\s*0\s*\r?\n\s*SECTION\b")
_CODEPAGE = re.compile(rb"\$DWGCODEPAGE\s+3\s+(?:ANSI_|DOS)?(\w+)")
# As GDAL takes it apart: pairs of a number and a value, until the number 0 starts the next entity.
_INSERT = re.compile(
    r"^[ \t]*0[ \t]*\nINSERT[ \t]*\n((?:[ \t]*0*[1-9][^\n]*\n[^\n]*\n)*)", re.MULTILINE
)
_WHOLE = re.compile(r"\s*([+-]?\d+)")
_COLUMNS = ["Layer", "PaperSpace", "Linetype", "EntityHandle", "Text", "BlockName"]
_KINDS = {
    "Point": ("Point", "MultiPoint"),
    "LineString": ("LineString", "MultiLineString"),
    "Polygon": ("Polygon", "MultiPolygon"),
}


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(4096)
    return head.startswith(_BINARY) or _START.match(head) is not None


def _read(staged: Staged, request: Request) -> Source:
    from ..ogr import read_rows

    notes = _in_unicode(staged)
    outlines = request.geometry == "Polygon"
    rows = read_rows(
        staged.path, staged.name, "DXF", _label, layer="entities", columns=_COLUMNS,
        ENCODING="UTF-8", INLINE_BLOCKS="NO",
        CLOSED_LINE_AS_POLYGON="YES" if outlines else "NO",
    )  # fmt: skip
    frame = rows.frame.drop(columns="PaperSpace", errors="ignore").dropna(axis=1, how="all")
    on_paper = rows.frame.get("PaperSpace")
    paper = on_paper.eq(1).fillna(False).to_numpy(dtype=bool) if on_paper is not None else None
    layer = _layer(staged.name, frame, request)
    if layer is not None:
        taken = frame["Layer"].eq(layer).to_numpy(dtype=bool, na_value=False)
        notes.append(
            Said(f"only the drawing layer {layer!r} was read", f"只读取了图形中的图层“{layer}”")
        )
    else:
        taken = frame.index.notna()
    left_out = list(rows.left_out)
    if paper is not None and (paper & taken).any():
        left_out += [
            LeftOut(
                str(one), Said("drawn on the sheet, not in the model", "绘于图纸空间，不在模型空间")
            )
            for one in rows.labels[paper & taken]
        ]
        taken &= ~paper
    frame, labels = frame[taken].reset_index(drop=True), rows.labels[taken].reset_index(drop=True)
    if outlines:
        notes.append(Said("closed lines are taken as outlines", "闭合线按面读取"))
    if "BlockName" in frame.columns:
        notes.append(Said("a block is the point where it is inserted", "图块按其插入点读取"))
    columns = tuple(str(name) for name in frame.columns if name != "geometry")
    return Source(
        frame,
        labels,
        columns,
        "DXF",
        layer,
        len(frame) + len(left_out),
        tuple(left_out),
        (*notes, *rows.notes),
    )


def _label(frame: pd.DataFrame) -> pd.Series[Any]:
    """What the drawing calls an entity: `entity 1A3`, or its number where it has no handle."""
    numbered = "entity no. " + (frame["OGC_FID"] + 1).astype("string")
    if "EntityHandle" not in frame.columns:
        return numbered
    return ("entity " + frame["EntityHandle"].astype("string")).fillna(numbered)


def _layer(name: str, frame: gpd.GeoDataFrame, request: Request) -> str | None:
    """The drawing layer that is meant: the one named, or the only one with the kind wanted."""
    if "Layer" not in frame.columns:
        return None
    known = tuple(str(layer) for layer in frame["Layer"].dropna().unique())
    if request.layer is None and len(known) > 1 and request.geometry in _KINDS:
        fitting = (
            frame.loc[frame.geom_type.isin(_KINDS[request.geometry]), "Layer"].dropna().unique()
        )
        if len(fitting) == 1:
            return str(fitting[0])
    return choose_layer(name, request.layer, known) if known else None


def _in_unicode(staged: Staged) -> list[Said]:
    """Write our copy in UTF-8; returns how its encoding was found.

    GDAL goes by the code page that the drawing names, which newer drawings name and do not use.
    """
    size = staged.path.stat().st_size
    if size > LARGEST_BYTES:
        raise refuse(
            staged.name,
            Said(f"a drawing of {size >> 20} MiB", f"图形文件 {size >> 20} MiB"),
            Said(f"at most {LARGEST_BYTES >> 20} MiB", f"不超过 {LARGEST_BYTES >> 20} MiB"),
            Said("save only the layers that are needed", "只保存所需图层"),
        )
    raw = staged.path.read_bytes()
    if raw.startswith(_BINARY):
        raise refuse(
            staged.name,
            Said("a binary DXF drawing", "二进制 DXF 图形"),
            Said("one as text", "文本格式的 DXF"),
            Said("save it as an ASCII DXF", "另存为 ASCII DXF"),
        )
    notes = []
    try:
        decoded = decode(raw, staged.name)
        text = decoded.text
        if decoded.note is not None:
            notes.append(decoded.note)
    except SourceError:
        page = _CODEPAGE.search(raw)
        if page is None:
            raise
        said = page.group(1).decode("ascii", "replace")
        try:
            text = raw.decode(f"cp{said}" if said.isdecimal() else said)
        except (LookupError, UnicodeDecodeError):
            raise refuse(
                staged.name,
                Said(
                    f"text that is not in the code page {said} it names",
                    f"文字与所注明的代码页 {said} 不符",
                ),
                Said("readable text", "可读的文字"),
                Said("save it again", "重新保存"),
            ) from None
        notes.append(
            Said(
                f"text read by the code page {said} that the drawing names",
                f"文字按图形注明的代码页 {said} 读取",
            )
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _require_few_repeats(text, staged.name)
    staged.path.write_text(text, encoding="utf-8", newline="\n")
    return notes


def _require_few_repeats(text: str, name: str) -> None:
    total = 0
    for insert in _INSERT.finditer(text):
        lines = insert.group(1).split("\n")
        groups = {
            _whole(code): _whole(value)
            for code, value in zip(lines[::2], lines[1::2], strict=False)
        }
        total += max(groups.get(70, 1), 1) * max(groups.get(71, 1), 1)
        if total > MOST_REPEATS:
            raise refuse(
                name,
                Said(
                    f"blocks repeated more than {MOST_REPEATS} times",
                    f"图块重复超过 {MOST_REPEATS:,} 次",
                ),
                Said("fewer", "较少"),
                Said("draw them out, or delete them", "分解或删除"),
            )


def _whole(text: str) -> int:
    found = _WHOLE.match(text)
    return int(found.group(1)) if found else 0


FORMAT = Format("DXF", (".dxf",), _recognises, _read, drivers=("DXF",))
