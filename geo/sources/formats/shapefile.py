"""Shapefile, loose or zipped, its text decoded by what it says or else by what it can only be."""

from __future__ import annotations

import struct
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ...said import Said, joined
from ..archive import is_zip_with, opened
from ..base import Format, Request, Source, Staged, choose_layer, refuse

PARTS = (".shx", ".dbf", ".prj", ".cpg")
_MAGIC = b"\x00\x00\x27\x0a"
# Languages that code pages 936 and 950 and their kin are declared by in byte 29 of a .dbf.
_DECLARED = {0x4D: "GB18030", 0x7A: "GB18030", 0x4F: "BIG5", 0x78: "BIG5"}
_SAMPLE_BYTES = 16 << 20


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) == _MAGIC:
            return True
    return is_zip_with(path, lambda name: name.lower().endswith(".shp"))


def _read(staged: Staged, request: Request) -> Source:
    if staged.path.suffix != ".zip":
        return _read_loose(staged.path, staged.name, Path(staged.name).stem, request)
    with TemporaryDirectory(prefix="atlas-") as folder:
        stem = _extract(staged, request.layer, Path(folder))
        return _read_loose(Path(folder) / "source.shp", staged.name, stem, request)


def _read_loose(path: Path, name: str, layer: str, request: Request) -> Source:
    from ..ogr import read_rows, text_labels

    if request.layer not in (None, layer):
        choose_layer(name, request.layer, (layer,))
    missing = [part for part in (".shx", ".dbf") if not path.with_suffix(part).is_file()]
    if missing:
        raise refuse(
            name,
            Said(f"no {' and no '.join(missing)} beside it", f"旁边没有 {'、'.join(missing)}"),
            Said(".shp, .shx and .dbf together", ".shp、.shx、.dbf 齐全"),
            Said(
                "put all the files of the shapefile into one folder, or one zip",
                "将 Shapefile 的全部文件放入同一文件夹或同一 zip",
            ),
        )
    expected = _require_whole(path, name)
    encoding, note = _encoding(path, name)
    # GDAL would look at the .cpg again, whatever we found out.
    path.with_suffix(".cpg").unlink(missing_ok=True)
    rows = read_rows(
        path, name, "ESRI Shapefile", text_labels("record", 1), encoding=encoding, expected=expected
    )
    columns = tuple(str(column) for column in rows.frame.columns if column != "geometry")
    return Source(
        rows.frame,
        rows.labels,
        columns,
        "Shapefile",
        layer,
        rows.read,
        rows.left_out,
        (note, *rows.notes),
    )


def _extract(staged: Staged, wanted: str | None, folder: Path) -> str:
    """Put one shapefile of the archive into the folder under our own name; returns its stem there."""
    with opened(staged.path, staged.name) as (archive, members):
        shapes = {
            PurePosixPath(name).stem: name for name in members if name.lower().endswith(".shp")
        }
        stem = choose_layer(staged.name, wanted, tuple(sorted(shapes)))
        start = shapes[stem][: -len(".shp")].lower()
        for name, info in members.items():
            suffix = name[-len(".shp") :].lower()
            if name[: -len(".shp")].lower() == start and suffix in (".shp", *PARTS):
                (folder / f"source{suffix}").write_bytes(archive.read(info))
        return stem


def _require_whole(path: Path, name: str) -> int:
    """How many rows the shapefile has; refused where its three parts do not fit together.

    GDAL reads a shapefile that was cut short as one with fewer or emptier rows.
    """
    import numpy as np

    shapes_bytes = path.stat().st_size
    index = path.with_suffix(".shx").read_bytes()[100:]
    places = (
        np.frombuffer(index[: len(index) // 8 * 8], dtype=">i4").reshape(-1, 2).astype("int64") * 2
    )
    table = np.fromfile(path.with_suffix(".dbf"), dtype="uint8")
    count, start, width = (
        struct.unpack("<IHH", table[4:12].tobytes()) if len(table) >= 32 else (0, 0, 0)
    )
    if width == 0 or len(table) < start + count * width:
        found = Said(
            f"an attribute table (.dbf) of {len(table)} bytes that was cut short",
            f"属性表（.dbf）只有 {len(table):,} 字节，不完整",
        )
    elif len(places) != count:
        found = Said(
            f"{len(places)} shapes (.shx) and {count} attribute rows (.dbf)",
            f"图形（.shx）{len(places):,} 个，属性行（.dbf）{count:,} 行",
        )
    elif len(places) and int((places[:, 0] + places[:, 1] + 8).max()) > shapes_bytes:
        found = Said(
            f"a .shp of {shapes_bytes} bytes that was cut short",
            f".shp 只有 {shapes_bytes:,} 字节，不完整",
        )
    else:
        marks = table[start : start + count * width : width]
        return int(count) - int((marks == ord("*")).sum())  # a star marks a deleted row
    raise refuse(
        name,
        found,
        Said("the parts of one whole shapefile", "完整的一套 Shapefile"),
        Said("export it, or copy it, again", "重新导出或复制"),
    )


def _encoding(path: Path, name: str) -> tuple[str, Said]:
    """The encoding of the attribute table, and how that was found.

    In turn: what the .cpg says, what the table's own language byte says, UTF-8 and GB18030, each only
    if the table's text can be decoded by it. Plain ASCII is all of them.
    """
    try:
        text = _table_text(path.with_suffix(".dbf"))
    except (OSError, struct.error, ValueError) as error:
        raise refuse(
            name,
            Said(f"a damaged attribute table ({error})", f"属性表已损坏（{error}）"),
            Said("a readable .dbf", "可读的 .dbf"),
            Said("export the shapefile again", "重新导出 Shapefile"),
        ) from error
    declared = []
    cpg = path.with_suffix(".cpg")
    if cpg.is_file():
        stated = cpg.read_bytes()[:64].decode("ascii", errors="ignore").strip()
        declared.append(
            (_python_name(stated), Said(f"its .cpg says {stated}", f".cpg 注明 {stated}"))
        )
    with path.with_suffix(".dbf").open("rb") as stream:
        language = stream.read(30)[29]
    if language in _DECLARED:
        declared.append(
            (_DECLARED[language], Said("its table's language byte says so", "属性表的语言标志如此"))
        )
    for encoding, why in (
        *declared,
        ("UTF-8", Said("its text is UTF-8", "文字是 UTF-8")),
        ("GB18030", Said("its text is not UTF-8, and is GBK", "文字不是 UTF-8，是 GBK")),
    ):
        if _decodes(text, encoding):
            wrong = [
                Said(f"not {said}", f"并非{said.zh}")
                for other, said in declared
                if not _decodes(text, other)
            ]
            read = Said(f"text read as {encoding}: {why}", f"文字按 {encoding} 读取：{why.zh}")
            return encoding, joined([read, *wrong], "; ", "；")
    raise refuse(
        name,
        Said("text that is neither UTF-8 nor GBK", "文字既非 UTF-8 也非 GBK"),
        Said(
            "one of these, or a .cpg file that names another", "用其中一种，或有 .cpg 文件注明编码"
        ),
        Said("add a .cpg file that names the encoding", "添加注明编码的 .cpg 文件"),
    )


def _python_name(stated: str) -> str:
    """A code page as .cpg files write it (`936`, `ANSI 1252`, `UTF-8`) as Python and iconv know it."""
    word = stated.upper().replace("ANSI", "").replace("OEM", "").strip()
    if word in ("936", "CP936", "GBK", "GB2312"):
        return "GB18030"
    return f"CP{word}" if word.isdecimal() and word != "65001" else word.replace("65001", "UTF-8")


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _table_text(path: Path) -> bytes:
    """All text of a .dbf, a line an entry: field names, then the character fields of its records."""
    with path.open("rb") as stream:
        head = stream.read(32)
        count, start, width = struct.unpack("<IHH", head[4:12])
        names, spans, at = [], [], 1
        for _ in range((start - 33) // 32):
            field = stream.read(32)
            if len(field) < 32 or field[0] == 0x0D:
                break
            names.append(field[:11].split(b"\x00")[0])
            if field[11:12] == b"C":
                spans.append((at, at + field[16]))
            at += field[16]
        if width < 1:
            raise ValueError("records without width")
        stream.seek(start)
        records = stream.read(min(count * width, _SAMPLE_BYTES))
    entries = [
        # A field is cut at its width, which may be amid a character: the cut is not evidence.
        _whole(records[row + begin : row + end].rstrip(b" \x00"), end - begin)
        for row in range(0, len(records) - width + 1, width)
        for begin, end in spans
    ]
    return b"\n".join([*names, *entries])


def _whole(entry: bytes, width: int) -> bytes:
    """The entry, less a last character that its field's width may have cut."""
    if len(entry) < width or entry.isascii():
        return entry
    for end in range(len(entry), max(len(entry) - 4, 0), -1):
        for encoding in ("utf-8", "gb18030"):
            if _decodes(entry[:end], encoding):
                return entry[:end]
    return entry


FORMAT = Format("Shapefile", (".shp", ".zip"), _recognises, _read, PARTS, ("ESRI Shapefile",))
