"""Lines of cells, as a spreadsheet or a text file has them → a table of rows.

People put titles over the header, merge cells, number the columns, print the header again on every page
and write totals and signatures below. What is not a row of the table is left out and listed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import abridge
from ..said import Said
from .base import LeftOut, Source

if TYPE_CHECKING:
    import pandas as pd

HEADER_WITHIN = 30
"""A header lies among so many first lines."""
_FILLED_RATE = 0.6
_NAMES_RATE = 0.8
_LONGEST_NAME = 60
_SAMPLE_LINES = 60
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_NUMBER = re.compile(r"[-+]?[\d,.]+(e[-+]?\d+)?%?")
_TOTAL = re.compile(
    r"(本页|全[市区县镇乡村街]|各[镇村])?(合计|总计|小计|共计|累计|总合计)(数|[:：].*)?"
)
_TOTAL_LAST = re.compile(r"(grand|sub)?[ -]?(total|sum)s?[:：]?")
_REMARK_LAST = re.compile(
    r"(注|备注|说明|填表|填报|制表|审核|复核|负责|联系|单位|统计|日期|note|source|prepared)[^:]{0,8}:.*"
    r"|(注|备注|说明)\d?",
    re.DOTALL,
)
_STEMS = "甲乙丙丁戊"


@dataclass(frozen=True)
class Span:
    """Merged cells: positions of lines and columns, from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Line:
    """One line of cells, and what it is called in its file; None is an empty cell."""

    label: str
    cells: list[Any]

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(cell is not None for cell in self.cells)

    def first(self) -> Any:
        """The first cell that holds something."""
        return next((cell for cell in self.cells if cell is not None), None)


@dataclass(frozen=True)
class Table:
    """The rows found, what each is called in the file, and what was taken for no row."""

    frame: pd.DataFrame
    rows: pd.Series[Any]
    left_out: tuple[LeftOut, ...]
    notes: tuple[Said, ...]


def table_of(
    lines: Sequence[Line],
    spans: Sequence[Span] = (),
    column_name: Callable[[int], str] = lambda column: f"column {column + 1}",
) -> Table:
    """The table that lines of cells hold.

    Parameters
    ----------
    lines : in the order of the file, as many cells each as there are; text cells are text
    spans : merged cells among them; only the first cell of each holds the value
    column_name : what a column without a name is called, by its position

    Returns
    -------
    Table
        Every value as it is in its cell, in columns of dtype object; an empty cell is None.

    Examples
    --------
    >>> table = table_of([Line("line 1", ["编号", "名称"]), Line("line 2", ["001", "甲巷"])])
    >>> table.frame.to_dict("records")
    [{'编号': '001', '名称': '甲巷'}]
    """
    import pandas as pd

    width = max((len(line.cells) for line in lines), default=0)
    for line in lines:
        line.cells += [None] * (width - len(line.cells))
    first, last = _header(lines, spans)
    names, notes = _names(lines, spans, first, last, column_name, width)
    filled_down = _fill_down(lines, spans, last)
    if filled_down:
        notes.append(
            Said(
                f"merged cells count for every row they cover: {abridge(filled_down)}",
                f"合并单元格的内容计入所覆盖的每一行：{abridge(filled_down).zh}",
            )
        )
    if first > 0:
        notes.append(
            Said(
                f"the header is {lines[first].label}; what is above it was not read",
                f"表头在 {lines[first].label}；其上内容未读取",
            )
        )
    wide = {
        line: span
        for span in spans
        for line in range(span.top, span.bottom + 1)
        if span.right - span.left + 1 > width / 2
    }
    body = [position for position in range(last + 1, len(lines)) if lines[position].filled]
    head = lines[first].cells if first <= last else None
    taken: list[Line] = []
    left_out: list[LeftOut] = []
    below = len(body) - _trailing(lines, body)
    for order, position in enumerate(body):
        line = lines[position]
        reason = _no_row(line, head, order == 0, order >= below, position in wide)
        if reason is None:
            taken.append(line)
        else:
            left_out.append(LeftOut(line.label, reason))
    used = [
        column
        for column in range(width)
        if names[column] or any(line.cells[column] is not None for line in taken)
    ]
    final = _unique([names[column] or column_name(column) for column in used])
    frame = pd.DataFrame(
        {
            name: pd.Series([line.cells[column] for line in taken], dtype=object)
            for name, column in zip(final, used, strict=True)
        },
        index=pd.RangeIndex(len(taken)),
    )
    labels = pd.Series([line.label for line in taken], dtype="string")
    return Table(frame, labels, tuple(left_out), tuple(notes))


def as_lines(
    lines: Sequence[Line],
    column_name: Callable[[int], str],
    format_: str,
    layer: str,
    notes: tuple[Said, ...] = (),
) -> Source:
    """The lines as they are, each a row; columns go by their position.

    Parameters
    ----------
    lines, column_name : as for `table_of`
    format_, layer : of the source
    """
    import pandas as pd

    width = max((len(line.cells) for line in lines), default=0)
    names = tuple(column_name(column) for column in range(width))
    cells = [[*line.cells, *[None] * (width - len(line.cells))] for line in lines]
    frame = pd.DataFrame(cells, columns=list(names), dtype=object)
    labels = pd.Series([line.label for line in lines], dtype="string")
    return Source(frame, labels, names, format_, layer, len(lines), notes=notes)


def tidy(text: str) -> str:
    """A heading on one line, without the blanks that spread Chinese words over a cell.

    Examples
    --------
    >>> tidy(" 编　号 ")
    '编号'
    """
    return _HAN_GAP.sub("", " ".join(text.split()))


def _header(lines: Sequence[Line], spans: Sequence[Span]) -> tuple[int, int]:
    """The first and last line of the header; the last is before the first where there is none."""
    sample = lines[:_SAMPLE_LINES]
    widest = max((line.filled for line in sample), default=0)
    for position, line in enumerate(lines[:HEADER_WITHIN]):
        merged = [span for span in spans if span.top == position and span.right > span.left]
        if not _is_header(line, merged, widest):
            continue
        last = max((span.bottom for span in spans if span.top == position), default=position)
        below = lines[position + 1] if position + 1 < len(lines) else None
        if last == position and merged and below is not None:
            under = [below.cells[column] for span in merged for column in _across(span)]
            if all(_is_name(cell) for cell in under if cell is not None) and any(under):
                last = position + 1
        return position, min(last, position + 4, len(lines) - 1)
    return 0, -1


def _is_header(line: Line, merged: Sequence[Span], widest: int) -> bool:
    filled = [cell for cell in line.cells if cell is not None]
    names = [cell for cell in filled if _is_name(cell)]
    covered = len(filled) + sum(span.right - span.left for span in merged)
    if not names or len(names) < _NAMES_RATE * len(filled) or covered < _FILLED_RATE * widest:
        return False
    distinct = len({str(name) for name in names})
    # A title is one text, merged over the whole width or not.
    return distinct >= min(3 if merged else 2, widest)


def _is_name(cell: object) -> bool:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return 1900 <= cell <= 2100
    if not isinstance(cell, str) or len(cell) > _LONGEST_NAME:
        return False
    text = unicodedata.normalize("NFKC", cell).strip()
    return not _NUMBER.fullmatch(text.lower()) and not re.search(r"[:：].", cell.strip())


def _names(
    lines: Sequence[Line],
    spans: Sequence[Span],
    first: int,
    last: int,
    column_name: Callable[[int], str],
    width: int,
) -> tuple[list[str], list[Said]]:
    """A name for each column (empty where it has none), and what is to be said of them."""
    if last < first:
        said = Said(
            "no header was found; columns go by their position", "未找到表头；各列按位置命名"
        )
        return [column_name(column) for column in range(width)], [said] if lines else []
    grid = [list(line.cells) for line in lines[first : last + 1]]
    for span in spans:
        if first <= span.top <= last:
            value = grid[span.top - first][span.left] if span.left < width else None
            for row in range(span.top, min(span.bottom, last) + 1):
                for column in _across(span, width):
                    grid[row - first][column] = value
    paths = []
    for column in range(width):
        texts = [tidy(str(row[column])) for row in grid if row[column] is not None]
        paths.append(list(dict.fromkeys(text for text in texts if text)))
    lowest = Counter(path[-1] for path in paths if path)
    names = []
    for path in paths:
        plain = not path or lowest[path[-1]] == 1
        names.append((path[-1] if path else "") if plain else " ".join(path))
    doubled = sorted(name for name, count in Counter(filter(None, names)).items() if count > 1)
    notes: list[Said] = []
    if doubled:
        notes.append(
            Said(
                f"several columns have the same name, and are numbered: {abridge(doubled)}",
                f"有同名的列，已编号区分：{abridge(doubled).zh}",
            )
        )
    return names, notes


def _unique(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    unique = []
    for name in names:
        number, candidate = 1, name
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def _fill_down(lines: Sequence[Line], spans: Sequence[Span], header: int) -> list[str]:
    """Give every line that merged cells cover their value; returns what these lines are called."""
    named = []
    for span in spans:
        if span.top <= header or span.bottom == span.top or span.top >= len(lines):
            continue
        if span.left >= len(lines[span.top].cells):
            continue
        value = lines[span.top].cells[span.left]
        if value is None:
            continue
        bottom = min(span.bottom, len(lines) - 1)
        for line in lines[span.top + 1 : bottom + 1]:
            # An empty line under merged cells is not a row of the table.
            if line.filled:
                line.cells[span.left] = value
        named.append(f"{lines[span.top].label} to {lines[bottom].label}")
    return named


def _trailing(lines: Sequence[Line], body: Sequence[int]) -> int:
    """How many last lines are totals, signatures and remarks."""
    count = 0
    for position in reversed(body):
        if _below_table(lines[position]) is None:
            break
        count += 1
    return count


def _below_table(line: Line) -> Said | None:
    first = line.first()
    if not isinstance(first, str):
        return None
    text = _plain(first)
    if _TOTAL.fullmatch(text) or _TOTAL_LAST.fullmatch(text):
        return Said("a total", "合计行")
    if _REMARK_LAST.fullmatch(text) and line.filled < len(line.cells):
        return Said("a remark below the table", "表下备注")
    return None


def _no_row(
    line: Line, head: Sequence[Any] | None, is_first: bool, is_below: bool, is_wide: bool
) -> Said | None:
    """Why a line is no row of the table, or None."""
    if is_below:
        return _below_table(line)
    first = line.first()
    if isinstance(first, str) and _TOTAL.fullmatch(_plain(first)):
        return Said("a total", "合计行")
    if head is not None and line.cells == head:
        return Said("the header again", "重复的表头")
    if is_first and head is not None and _counts_columns(line):
        return Said("numbers of the columns", "列号行")
    if is_wide and line.filled == 1:
        shown = tidy(str(first))[:40]
        return Said(f"a heading inside the table ({shown})", f"表内小标题（{shown}）")
    return None


def _counts_columns(line: Line) -> bool:
    """Whether a line only numbers the columns, as forms do: 甲 乙 1 2 3, or 1 2 3 4."""
    words = [_plain(str(cell)).strip("()") for cell in line.cells if cell is not None]
    stems = sum(1 for word, stem in zip(words, _STEMS, strict=False) if word == stem)
    numbers = words[stems:]
    return len(numbers) >= 3 and numbers == [str(n + 1) for n in range(len(numbers))]


def _across(span: Span, width: int | None = None) -> range:
    end = span.right + 1
    return range(span.left, end if width is None else min(end, width))


def _plain(text: str) -> str:
    return _HAN_GAP.sub("", unicodedata.normalize("NFKC", text).strip().lower())
