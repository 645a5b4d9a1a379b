"""The Excel ledger: the report's tables as sheets to filter, recount and send back.

Text is written as text whatever it looks like: nothing that came from a file becomes a formula or a link.
Numbers are numbers with every digit; only their format rounds.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from ..sources.base import LEDGER_SHEET
from ..views import palette
from ..views.format import NOTHING, word, yes_no
from .model import FIGURES, Column, Report, Row, Table, Value, pair

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SHEETS: Mapping[str, tuple[str, str]] = {
    "summary": ("汇总", "Summary"),
    "units": ("单元", "Units"),
    "streets": ("街巷", "Streets"),
    "features": ("对象", "Features"),
    "spots": ("整改清单", "Weak spots"),
    "gaps": ("差距", "Missing"),
    "changes": ("比较", "Changes"),
    "scope": ("范围认定", "Scope"),
    "findings": ("数据核对", "Findings"),
    "definitions": ("口径", "Definitions"),
    "about": ("说明", "About"),
}
EDITABLE = ("status", "remarks")
"""What an office may change of a weak spot: it comes back with the ledger."""
MOST_ROWS = 1_000_000
"""Rows of one sheet; Excel has 1,048,576. What is longer says so."""
_NUMBERS = {"m": "#,##0.0", "m2": "#,##0", "count": "#,##0", "amount": "#,##0.0", "rate": "0.0%"}
_VERDICTS = {
    name: (palette.VERDICTS[name].fill, colour) for name, colour in palette.ON_VERDICTS.items()
}
_HEAD_ROW = 3
_Write = Callable[[int, Value], None]
"""Writes a value into a line."""


def ledger_bytes(report: Report) -> bytes:
    """The report as an Excel workbook.

    Parameters
    ----------
    report : of a district, a town or a village

    Returns
    -------
    bytes
        An .xlsx file; the same report gives the same bytes.
    """
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            # Rows go to the disk as they come, so they are written in order.
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    book.use_zip64()
    made = dt.datetime.fromisoformat(report.date)
    book.set_properties(
        {
            "title": report.title,
            "author": report.author,
            "comments": f"{report.round} {report.digest} {report.version}",
            "created": made,
        }
    )
    writer = _Writer(book, report)
    for name, table in _tables(report).items():
        writer.sheet(name, table)
    writer.about()
    writer.record()
    book.close()
    _forget_modes(stream)
    return stream.getvalue()


def _forget_modes(stream: io.BytesIO) -> None:
    """Take out of the archive what it says of the temporary files it was made from: who may read them."""
    with zipfile.ZipFile(stream, "a") as archive:
        for item in archive.infolist():
            item.external_attr = 0
        archive.comment = b""  # has the directory written again


def figure_columns(report: Report) -> tuple[Column, ...]:
    """The columns of the summary and the units: an indicator and its figures."""
    language = report.language
    first = next(
        table
        for section in report.sections
        for table in section.tables()
        if table.name.startswith(FIGURES)
    )
    kept = {column.name: column for column in first.columns}
    amounts = {
        name: Column(name, kept[name].heading, "amount", kept[name].width)
        for name in ("total", "covered", "not_covered", "unknown")
    }
    return (
        Column("indicator", pair(language, "指标标识", "Indicator"), "code", 1.7),
        Column("title", pair(language, "指标", "Title"), width=2.6),
        *(kept[name] for name in ("unit_code", "unit_name", "level", "scope")),
        Column("measure", pair(language, "单位", "Measure"), "measure", 0.7),
        *amounts.values(),
        *(kept[name] for name in ("rate", "rate_lower", "rate_upper", "target", "status")),
    )


def figures_table(report: Report, name: str, levels: Iterable[str]) -> Table:
    """All figures of the given levels as one table."""
    wanted = set(levels)
    columns = figure_columns(report)
    rows: list[Row] = []
    for section in report.sections:
        for table in section.tables():
            if table.name.startswith(FIGURES):
                measure = next(c.kind for c in table.columns if c.name == "total")
                said: dict[str, Value] = {
                    "indicator": table.name.removeprefix(FIGURES),
                    "title": table.title,
                    "measure": measure,
                }
                names = [column.name for column in table.columns]
                level = names.index("level")
                pick = [
                    (names.index(c.name) if c.name in names else None, said.get(c.name))
                    for c in columns
                ]
                rows += [
                    tuple(row[at] if at is not None else same for at, same in pick)
                    for row in table.rows
                    if row[level] in wanted
                ]
    return Table(name, pair(report.language, *SHEETS[name]), columns, tuple(rows))


def _tables(report: Report) -> dict[str, Table]:
    tables = {
        "summary": figures_table(report, "summary", ("district", "town")),
        "units": figures_table(report, "units", ("village",)),
        **({"streets": report.streets} if report.streets is not None else {}),
        "features": report.features,
    }
    for sheet, name in (
        ("spots", "spots"),
        ("gaps", "gaps"),
        ("changes", "changes"),
        ("scope", "decisions"),
    ):
        try:
            tables[sheet] = report.table(name)
        except KeyError:
            continue
    return {**tables, "findings": report.findings, "definitions": report.table("definitions")}


class _Writer:
    """Puts tables into sheets of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook, report: Report) -> None:
        self.book, self.report, self.language = book, report, report.language
        font = {"font_name": "Noto Sans CJK SC", "font_size": 10, "valign": "top"}
        self.formats: dict[str, Format] = {
            "title": book.add_format({**font, "font_size": 14, "bold": True}),
            "note": book.add_format({**font, "font_color": "#8a5a00"}),
            "head": book.add_format(
                {**font, "bold": True, "bg_color": "#e8eef4", "border": 1, "text_wrap": True}
            ),
            "text": book.add_format({**font, "num_format": "@", "text_wrap": True}),
            "edit": book.add_format(
                {**font, "num_format": "@", "bg_color": "#fff9e0", "border": 1}
            ),
        }
        for kind, pattern in _NUMBERS.items():
            self.formats[kind] = book.add_format({**font, "num_format": pattern})
        for name, (fill, ink) in _VERDICTS.items():
            self.formats[name] = book.add_format({"bg_color": fill, "font_color": ink})

    def sheet(self, name: str, table: Table) -> None:
        """One table as a sheet with frozen headings and a filter."""
        sheet = self._add(self._name(name))
        columns = table.columns
        self._top(sheet, table)
        for place, column in enumerate(columns):
            sheet.write_string(_HEAD_ROW, place, column.heading, self.formats["head"])
            sheet.set_column(place, place, max(8.0, 9.0 * column.width))
        writers = [
            self._editable(sheet, place)
            if name == "spots" and column.name in EDITABLE
            else self._cells(sheet, place, column)
            for place, column in enumerate(columns)
        ]
        count = min(len(table.rows), MOST_ROWS)
        for line, row in enumerate(islice(table.rows, count), start=_HEAD_ROW + 1):
            for write, value in zip(writers, row, strict=True):
                write(line, value)
        last = _HEAD_ROW + max(1, count)
        sheet.freeze_panes(_HEAD_ROW + 1, 2)
        sheet.autofilter(_HEAD_ROW, 0, last, len(columns) - 1)
        sheet.repeat_rows(_HEAD_ROW)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        self._colours(sheet, columns, last)
        if name == "spots" and self.report.states:
            self._choose_state(sheet, columns, last)

    def about(self) -> None:
        """What the workbook is, how to make it again, and what was taken out of its texts."""
        sheet = self._add(self._name("about"))
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 100)
        lines: list[tuple[str, str]] = [
            *self.report.facts,
            ("SHA-256", self.report.digest),
            (pair(self.language, "版本", "Version"), self.report.version),
            (pair(self.language, "命令", "Command"), self.report.command),
            *(
                (
                    pair(self.language, "已剔除字符", "Characters taken out"),
                    f"{item.layer} {item.row} {item.field}: {item.characters}",
                )
                for item in self.report.removed
            ),
        ]
        for place, (line, state) in enumerate(zip_longest(lines, self._state_words())):
            if line is not None:
                sheet.write_string(place, 0, line[0], self.formats["head"])
                sheet.write_string(place, 1, line[1], self.formats["text"])
            if state is not None:
                sheet.write_string(place, 3, state, self.formats["text"])

    def record(self) -> None:
        """What a program needs to take the ledger back, on a sheet that no reader is shown."""
        report = self.report
        lines = [
            ("format", "1"),
            ("district", report.district_code),
            ("round", report.round),
            ("data_digest", report.digest),
            ("version", report.version),
            ("unit", report.unit_code),
            ("language", report.language),
        ]
        if report.states:
            columns = report.table("spots").columns
            lines += [
                ("layer", "weak_spots"),
                ("key", "id"),
                ("sheet", self._name("spots")),
                ("header_row", str(_HEAD_ROW + 1)),
                ("columns", ",".join(column.name for column in columns)),
                *((f"state:{name}", said) for name, said in report.states),
                ("state:", word("unknown", self.language)),
                ("nothing", NOTHING),
            ]
        sheet = self.book.add_worksheet(LEDGER_SHEET)
        for place, (name, text) in enumerate(lines):
            sheet.write_string(place, 0, name)
            sheet.write_string(place, 1, text)
        sheet.very_hidden()

    def _add(self, name: str) -> Worksheet:
        from .worksheet import LedgerSheet

        return self.book.add_worksheet(name, worksheet_class=LedgerSheet)

    def _name(self, sheet: str) -> str:
        return pair(self.language, *SHEETS[sheet])

    def _state_words(self) -> list[str]:
        return [*(said for _, said in self.report.states), word("unknown", self.language)]

    def _top(self, sheet: Worksheet, table: Table) -> None:
        report = self.report
        sheet.write_string(0, 0, f"{report.title} · {table.title}", self.formats["title"])
        sheet.write_string(
            1, 0, f"{report.round} · {report.digest[:16]} · {report.version}", self.formats["text"]
        )
        sheet.write_string(
            2,
            0,
            " · ".join(
                text for text in (report.banner, report.stamp, self._cut_note(table)) if text
            ),
            self.formats["note"],
        )

    def _cut_note(self, table: Table) -> str | None:
        """What a sheet says that cannot hold all rows of its table."""
        count = len(table.rows)
        if count <= MOST_ROWS:
            return None
        return pair(
            self.language,
            f"共 {count:,} 行，一张工作表只容前 {MOST_ROWS:,} 行；其余请用 --unit 按镇（街道）分别生成台账",
            f"{count:,} rows, of which a sheet holds the first {MOST_ROWS:,}; for the rest write the ledger of each"
            " town with --unit",
        )

    def _cells(self, sheet: Worksheet, place: int, column: Column) -> _Write:
        """What writes a value into a column, decided once for all its rows."""
        write_string, write_number = sheet.write_string, sheet.write_number
        text, said = self.formats["text"], self._words(column)

        def write_text(line: int, value: Value) -> None:
            if value is None or (value.__class__ is float and not math.isfinite(value)):
                write_string(line, place, NOTHING, text)
            else:
                write_string(line, place, said(value), text)

        if column.kind not in _NUMBERS:
            return write_text
        shape = self.formats[column.kind]

        def write_figure(line: int, value: Value) -> None:
            if isinstance(value, (int, float)) and math.isfinite(value):
                write_number(line, place, value, shape)
            else:
                write_text(line, value)

        return write_figure

    def _words(self, column: Column) -> Callable[[Value], str]:
        language = self.language
        if column.kind == "word":
            return lambda value: word(str(value), language)
        if column.kind == "yes_no":
            return lambda value: yes_no(value, language)
        if column.kind == "measure":
            measures = {"m": "m", "m2": "m²", "count": pair(language, "个", "number")}
            return lambda value: measures[str(value)]
        return str

    def _editable(self, sheet: Worksheet, place: int) -> _Write:
        shape = self.formats["edit"]

        def write(line: int, value: Value) -> None:
            if value is None:
                sheet.write_blank(line, place, None, shape)
            else:
                sheet.write_string(line, place, str(value), shape)

        return write

    def _colours(self, sheet: Worksheet, columns: Sequence[Column], last: int) -> None:
        for place, column in enumerate(columns):
            if column.name == "status" and column.kind == "word":
                for name in _VERDICTS:
                    sheet.conditional_format(
                        _HEAD_ROW + 1,
                        place,
                        last,
                        place,
                        {
                            "type": "cell",
                            "criteria": "==",
                            "value": f'"{word(name, self.language)}"',
                            "format": self.formats[name],
                        },
                    )

    def _choose_state(self, sheet: Worksheet, columns: Sequence[Column], last: int) -> None:
        place = next(number for number, column in enumerate(columns) if column.name == "status")
        # By reference: in the rule itself a list is cut at its commas and ends at 255 characters.
        choice: dict[str, Any] = {
            "validate": "list",
            "source": f"='{self._name('about')}'!$D$1:$D${len(self.report.states) + 1}",
            "error_title": pair(self.language, "状态", "State"),
            "error_message": pair(self.language, "请从列表中选择", "Choose one of the list"),
        }
        sheet.data_validation(_HEAD_ROW + 1, place, last, place, choice)
