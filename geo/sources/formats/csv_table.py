"""CSV and other text tables; the encoding, the separator and the header are found by evidence.

Not through GDAL or pandas: they take `001` for 1, and do not say on which line of the file a row is.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from ...said import Said
from .. import progress
from ..base import Format, Request, Source, Staged, choose_layer, refuse
from ..limits import require_size
from ..places import placed
from ..tables import Line, table_of
from ..texts import decode, looks_like_text

MOST_CELLS = 50_000_000
MOST_COLUMNS = 2_000
_LONGEST_CELL = 64 << 20
_SEPARATORS = (",", "\t", ";", "|", "，")
_SAMPLE_LINES = 200
_HEAD_BYTES = 8192


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not looks_like_text(head):
        return False
    # A list of one column is known as a table by its name only.
    named = path.suffix.lower() in (".csv", ".tsv")
    return named or any(one.encode() in head for one in (",", "\t", ";", "|"))


def _read(staged: Staged, request: Request) -> Source:
    if request.layer is not None:
        choose_layer(staged.name, request.layer, (Path(staged.name).stem,))
    require_size(staged.name, staged.path.stat().st_size, "text_mib", Said("text", "文本"))
    decoded = decode(staged.path.read_bytes(), staged.name)
    separator = _separator(decoded.text)
    notes = [] if decoded.note is None else [decoded.note]
    if separator not in ",\t":
        notes.append(Said(f"columns are separated by {separator!r}", f"各列以 {separator!r} 分隔"))
    table = table_of(_lines(decoded.text, separator, staged.name))
    return placed(table, "CSV", None, request.geometry, notes)


def _separator(text: str) -> str:
    """The separator by which the first lines come apart into equally many cells."""
    sample = text[: _SAMPLE_LINES * 1000]
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        try:
            rows = [
                len(cells)
                for cells, _ in zip(_parsed(sample, separator), range(_SAMPLE_LINES), strict=False)
                if cells
            ]
        except csv.Error:
            continue
        if not rows:
            continue
        width, count = Counter(rows).most_common(1)[0]
        score = (count / len(rows) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = separator, score
    return best


def _parsed(text: str, separator: str) -> csv.Reader:  # type: ignore[name-defined]
    csv.field_size_limit(_LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _lines(text: str, separator: str, name: str) -> list[Line]:
    reader = _parsed(text, separator)
    lines = []
    cells_read = 0
    start = 1
    try:
        for row in reader:
            cells = [value.strip() or None for value in row]
            cells_read += len(cells)
            if len(cells) > MOST_COLUMNS or cells_read > MOST_CELLS:
                raise refuse(
                    name,
                    Said(
                        f"more than {MOST_COLUMNS} columns or {MOST_CELLS} cells",
                        f"超过 {MOST_COLUMNS:,} 列或 {MOST_CELLS:,} 个单元格",
                    ),
                    Said("a smaller table", "较小的表"),
                    Said("split it", "拆分"),
                )
            if any(cell is not None for cell in cells):
                lines.append(Line(f"line {start}", cells))
            start = reader.line_num + 1
            progress.tell(len(lines))
    except csv.Error as error:
        raise refuse(
            name,
            Said(
                f"text that comes apart at line {reader.line_num} ({error})",
                f"第 {reader.line_num} 行文字无法拆分成列（{error}）",
            ),
            Said("a table", "表格"),
            Said("check the quotation marks there", "检查该处的引号"),
        ) from error
    if not lines:
        raise refuse(
            name,
            Said("no line with anything in it", "文件中没有任何内容"),
            Said("a table", "表格"),
            Said("choose another file", "改用其他文件"),
        )
    return lines


FORMAT = Format("CSV", (".csv", ".tsv", ".txt"), _recognises, _read, drivers=("CSV",))
