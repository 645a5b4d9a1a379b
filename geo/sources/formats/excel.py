"""Excel workbooks (.xlsx), as the cells were last seen: no formula is worked out, no macro run."""

from __future__ import annotations

import datetime as dt
import mimetypes
import re
import warnings
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from ...errors import SourceError, abridge
from ...said import Said
from .. import progress
from ..archive import is_zip_with, opened
from ..base import LEDGER_SHEET, Format, Request, Source, Staged, choose_layer, refuse
from ..limits import limits
from ..places import placed
from ..tables import Line, Span, as_lines, table_of

MOST_ROWS = 1_048_576
MOST_COLUMNS = 2_000
MOST_CELLS = 20_000_000
MOST_MERGED = 2_000_000
_OLD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PADDED = re.compile(r"0{2,}")
_MARKED = re.compile(rb"<(\w+:)?(f|mergeCell)[\s/>]")
_HEAD_BYTES = 8
_CHUNK = 1 << 20


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        old = stream.read(_HEAD_BYTES) == _OLD_MAGIC
    return old or is_zip_with(path, lambda name: name.lower() == "xl/workbook.xml")


def _read(staged: Staged, request: Request) -> Source:
    with staged.path.open("rb") as stream:
        if stream.read(_HEAD_BYTES) == _OLD_MAGIC:
            raise refuse(
                staged.name,
                Said(
                    "a workbook with a password, or of Excel 97 (.xls)",
                    "带密码的工作簿，或 Excel 97 格式（.xls）",
                ),
                Said("an .xlsx workbook without a password", "不带密码的 .xlsx 工作簿"),
                Said("open it and save it as .xlsx", "打开后另存为 .xlsx"),
            )
    with (
        opened(staged.path, staged.name, largest_bytes=limits().workbook_mib << 20) as (
            archive,
            members,
        ),
        staged.path.open("rb") as stream,
        warnings.catch_warnings(),
    ):
        # What openpyxl does not know (slicers, styles of other programs) is not read here either.
        warnings.simplefilter("ignore")
        for part in members:
            if part.lower().endswith((".xml", ".rels")):
                _require_no_entities(archive, part, staged.name)
        with closing(_book(staged, stream)) as book:
            sheet, notes = _sheet(book, staged.name, request.layer)
            marks = _Marks.of(archive, sheet, staged.name)
            lines, numbers = _lines(sheet, marks, staged.name)
    if marks.bare:
        unknown = sorted(marks.bare, key=_by_row)
        notes.append(
            Said(
                f"formulas whose result the file does not hold are unknown: {abridge(unknown)}",
                f"文件未存结果的公式按“情况不明”计：{abridge(unknown).zh}",
            )
        )
    if marks.errors:
        notes.append(
            Said(
                f"cells that hold an error are unknown: {abridge(marks.errors)}",
                f"报错的单元格按“情况不明”计：{abridge(marks.errors).zh}",
            )
        )
    if request.grid:
        return as_lines(lines, _column_name, "Excel", sheet.title, tuple(notes))
    table = table_of(lines, _spans(marks, numbers), _column_name)
    return placed(table, "Excel", sheet.title, request.geometry, notes)


def _book(staged: Staged, stream: BinaryIO) -> Any:
    # openpyxl asks for the machine's list of file types as it is imported; here none may be read.
    known, mimetypes.knownfiles = mimetypes.knownfiles, []
    try:
        import openpyxl  # type: ignore[import-untyped,unused-ignore]
    finally:
        mimetypes.knownfiles = known
    try:
        # Not by its path: openpyxl would refuse an .xlsx that is called .xls, as offices rename them.
        return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        # openpyxl raises what its parts raise: KeyError, TypeError, ParseError and more.
        raise refuse(
            staged.name,
            Said(
                f"a damaged workbook ({type(error).__name__}: {error})",
                f"工作簿已损坏（{type(error).__name__}：{error}）",
            ),
            Said("a readable .xlsx", "可读的 .xlsx"),
            Said("open it and save it again", "打开后重新保存"),
        ) from error


def _sheet(book: Any, name: str, wanted: str | None) -> tuple[Any, list[Said]]:
    """The sheet that is meant: the one named, or the only one with anything in it."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    hidden = [title for title, one in sheets.items() if one.sheet_state != "visible"]
    offered = list(sheets)
    if wanted is None:
        offered = [
            title
            for title, one in sheets.items()
            if title not in hidden and _holds_anything(one, name)
        ]
    if not offered:
        raise refuse(
            name,
            Said("no sheet with anything in it", "所有工作表均为空"),
            Said("a table", "表格"),
            Said("choose another file, or name a hidden sheet", "改用其他文件，或指定隐藏的工作表"),
        )
    try:
        title = choose_layer(name, wanted, tuple(offered))
    except SourceError as error:
        if wanted is not None or LEDGER_SHEET not in hidden:
            raise
        advice = Said(
            "; it is a ledger: with no --layer named, its states and remarks are taken back",
            "；此为台账：不指定图层导入，即取回其状态和备注",
        )
        fault = error.faults[0]
        raise SourceError(replace(fault, remedy=fault.remedy + advice)) from error
    notes: list[Said] = []
    if hidden and wanted is None:
        notes.append(
            Said(
                f"hidden sheets were not read: {abridge(hidden)}",
                f"隐藏的工作表未读取：{abridge(hidden).zh}",
            )
        )
    if book.epoch.year == 1904:
        notes.append(Said("its dates count from 1904", "其日期自 1904 年起计"))
    return sheets[title], notes


def _holds_anything(sheet: Any, name: str) -> bool:
    return any(cell is not None for row in _rows(sheet, name) for cell in _values(row))


def _rows(sheet: Any, name: str) -> Iterator[tuple[Any, ...]]:
    """The sheet's rows of cells, whatever extent it claims to have."""
    sheet.reset_dimensions()
    rows = cells = 0
    try:
        for row in sheet.iter_rows():
            rows += 1
            cells += len(row)
            if rows > MOST_ROWS or len(row) > MOST_COLUMNS or cells > MOST_CELLS:
                raise refuse(
                    name,
                    Said(
                        f"a sheet {sheet.title!r} past {MOST_ROWS} rows, {MOST_COLUMNS} columns or"
                        f" {MOST_CELLS} cells",
                        f"工作表“{sheet.title}”超过 {MOST_ROWS:,} 行、{MOST_COLUMNS:,} 列或"
                        f" {MOST_CELLS:,} 个单元格",
                    ),
                    Said("a smaller table", "较小的表"),
                    Said(
                        "delete what lies outside the table, or split it",
                        "删除表格以外的内容，或拆分",
                    ),
                )
            yield row
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        OverflowError,
        SyntaxError,
    ) as error:
        if hasattr(error, "faults"):
            raise
        raise refuse(
            name,
            Said(
                f"a damaged sheet {sheet.title!r} ({type(error).__name__}: {error})",
                f"工作表“{sheet.title}”已损坏（{type(error).__name__}：{error}）",
            ),
            Said("a readable .xlsx", "可读的 .xlsx"),
            Said("open it and save it again", "打开后重新保存"),
        ) from error


def _values(row: tuple[Any, ...]) -> Iterator[Any]:
    return (_value(cell) for cell in row)


def _lines(sheet: Any, marks: _Marks, name: str) -> tuple[list[Line], list[int]]:
    """The lines that hold anything, and the number of each one's row."""
    lines, numbers = [], []
    for number, row in enumerate(_rows(sheet, name), start=1):
        cells = list(_values(row))
        marks.errors += [cell.coordinate for cell in row if cell.data_type == "e"]
        if any(cell is not None for cell in cells):
            lines.append(Line(f"{sheet.title} row {number}", cells))
            numbers.append(number)
        progress.tell(number)
    if not lines:
        raise refuse(
            name,
            Said(f"a sheet {sheet.title!r} with nothing in it", f"工作表“{sheet.title}”为空"),
            Said("a table", "表格"),
            Said("choose another sheet", "改选其他工作表"),
        )
    return lines, numbers


def _spans(marks: _Marks, numbers: list[int]) -> list[Span]:
    """Merged cells by positions of lines; empty rows are no lines."""
    spans = []
    for top, left, bottom, right in marks.merged:
        first, last = bisect_left(numbers, top), bisect_right(numbers, bottom) - 1
        if first < len(numbers) and numbers[first] == top:
            spans.append(Span(first, left - 1, last, right - 1))
    return spans


def _value(cell: Any) -> Any:
    """What a cell shows: text as it is written, a number padded as it is shown, a date as a date."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        shown = cell.number_format or ""
        if _PADDED.fullmatch(shown) and value >= 0:
            return str(value).zfill(len(shown))
    if isinstance(value, (dt.time, dt.timedelta)):
        return str(value)
    return value


@dataclass
class _Marks:
    """What a sheet says beside its values, which openpyxl does not give to one who reads row by row."""

    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row and column, last row and column, counted from 1."""
    bare: list[str] = field(default_factory=list)
    """Formulas without a result."""
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, archive: zipfile.ZipFile, sheet: Any, name: str) -> _Marks:
        marks = cls()
        try:
            with archive.open(sheet._worksheet_path) as stream:
                # Most sheets have neither, and are not taken apart twice.
                if any(_MARKED.search(chunk) for chunk in _overlapping(stream)):
                    stream.seek(0)
                    marks._parse(stream, name)
        except SourceError:
            raise
        except (expat.ExpatError, KeyError, ValueError, TypeError) as error:
            raise refuse(
                name,
                Said(
                    f"a damaged sheet {sheet.title!r} ({error})",
                    f"工作表“{sheet.title}”已损坏（{error}）",
                ),
                Said("a readable .xlsx", "可读的 .xlsx"),
                Said("open it and save it again", "打开后重新保存"),
            ) from error
        return marks

    def _parse(self, stream: IO[bytes], name: str) -> None:
        from openpyxl.utils import range_boundaries  # type: ignore[import-untyped,unused-ignore]

        cell = now = ""
        formula = result = False
        height = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal cell, now, formula, result, height
            now = tag.rpartition(":")[2]
            if now == "c":
                cell, formula, result = attributes.get("r", ""), False, False
            elif now == "f":
                formula = True
            elif now == "mergeCell":
                left, top, right, bottom = range_boundaries(attributes.get("ref", ""))
                self.merged.append((top, left, min(bottom, MOST_ROWS), right))
                height += min(bottom, MOST_ROWS) - top + 1
                if height > MOST_MERGED:
                    raise refuse(
                        name,
                        Said(
                            f"merged cells over {MOST_MERGED} rows and more",
                            f"合并单元格超过 {MOST_MERGED:,} 行",
                        ),
                        Said("fewer", "较少"),
                        Said("unmerge them", "取消合并"),
                    )

        def end(tag: str) -> None:
            nonlocal now
            now = ""
            if formula and not result and tag.rpartition(":")[2] == "c":
                self.bare.append(cell)

        def text(_: str) -> None:
            nonlocal result
            result = result or now in ("v", "t")

        parser = expat.ParserCreate()
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.ParseFile(stream)


def _overlapping(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream in pieces that overlap, so that no tag is cut in all of them."""
    last = b""
    while chunk := stream.read(_CHUNK):
        yield last + chunk
        last = chunk[-64:]


def _require_no_entities(archive: zipfile.ZipFile, part: str, name: str) -> None:
    """No part of a workbook has a reason to declare entities; a bomb does."""

    class _BodyError(Exception):
        """The declarations are over."""

    def refuse_entity(*_: object) -> None:
        raise refuse(
            name,
            Said(f"an entity declaration in {part}", f"{part} 中有实体声明"),
            Said("a plain workbook", "普通工作簿"),
            Said("save it again", "重新保存"),
        )

    def stop(*_: object) -> None:
        raise _BodyError

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse_entity
    parser.StartElementHandler = stop
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(4096):
                parser.Parse(chunk)
    except _BodyError:
        return
    except expat.ExpatError as error:
        raise refuse(
            name,
            Said(f"a damaged part {part} ({error})", f"{part} 部分已损坏（{error}）"),
            Said("a readable .xlsx", "可读的 .xlsx"),
            Said("open it and save it again", "打开后重新保存"),
        ) from error


def _column_name(column: int) -> str:
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped,unused-ignore]

    return f"column {get_column_letter(column + 1)}"


def _by_row(cell: str) -> tuple[int, str]:
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :] or 0), letters


FORMAT = Format("Excel", (".xlsx", ".xlsm", ".xls"), _recognises, _read, drivers=("CSV",))
