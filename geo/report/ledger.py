"""The Excel ledger: the report's tables as sheets to filter, recount and send back.

Text is written as text whatever it looks like: nothing that came from a file becomes a formula or a link.
Numbers are numbers with every digit; only their format rounds.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..sources.base import LEDGER_SHEET
from ..views.format import NOTHING, word, yes_no
from .model import FIGURES, Column, Report, Table, Value, pair

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
_NUMBERS = {"m": "#,##0.0", "m2": "#,##0", "count": "#,##0", "amount": "#,##0.0", "rate": "0.0%"}
_VERDICTS = {
    "met": ("#2166ac", "#ffffff"),
    "undecided": ("#fbe08a", "#4d3b00"),
    "not_met": ("#b5340a", "#ffffff"),
}
_HEAD_ROW = 3


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
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
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
    return stream.getvalue()


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
    rows: list[tuple[Value, ...]] = []
    for section in report.sections:
        for table in section.tables():
            if table.name.startswith(FIGURES):
                measure = next(c.kind for c in table.columns if c.name == "total")
                said = {
                    "indicator": table.name.removeprefix(FIGURES),
                    "title": table.title,
                    "measure": measure,
                }
                rows += [
                    tuple({**said, **row}[column.name] for column in columns)
                    for row in table.records()
                    if row["level"] in wanted
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
        sheet = self.book.add_worksheet(self._name(name))
        columns = table.columns
        self._top(sheet, table.title)
        for place, column in enumerate(columns):
            sheet.write_string(_HEAD_ROW, place, column.heading, self.formats["head"])
            sheet.set_column(place, place, max(8.0, 9.0 * column.width))
        rows = table.rows[:MOST_ROWS]
        for line, row in enumerate(rows, start=_HEAD_ROW + 1):
            for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                if name == "spots" and column.name in EDITABLE:
                    self._editable(sheet, line, place, value)
                else:
                    self._cell(sheet, line, place, column, value)
        last = _HEAD_ROW + max(1, len(rows))
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
        sheet = self.book.add_worksheet(self._name("about"))
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
        for place, state in enumerate(self._state_words()):
            sheet.write_string(place, 3, state, self.formats["text"])
        for place, (name, text) in enumerate(lines):
            sheet.write_string(place, 0, name, self.formats["head"])
            sheet.write_string(place, 1, text, self.formats["text"])

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

    def _name(self, sheet: str) -> str:
        return pair(self.language, *SHEETS[sheet])

    def _state_words(self) -> list[str]:
        return [*(said for _, said in self.report.states), word("unknown", self.language)]

    def _top(self, sheet: Worksheet, title: str) -> None:
        report = self.report
        sheet.write_string(0, 0, f"{report.title} · {title}", self.formats["title"])
        sheet.write_string(
            1, 0, f"{report.round} · {report.digest[:16]} · {report.version}", self.formats["text"]
        )
        sheet.write_string(
            2,
            0,
            " · ".join(text for text in (report.banner, report.stamp) if text),
            self.formats["note"],
        )

    def _cell(
        self,
        sheet: Worksheet,
        line: int,
        place: int,
        column: Column,
        value: Value,
    ) -> None:
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            sheet.write_string(line, place, NOTHING, self.formats["text"])
        elif column.kind in _NUMBERS and isinstance(value, (int, float)):
            sheet.write_number(line, place, value, self.formats[column.kind])
        else:
            text = str(value)
            if column.kind == "word":
                text = word(text, self.language)
            elif column.kind == "yes_no":
                text = yes_no(value, self.language)
            elif column.kind == "measure":
                text = {"m": "m", "m2": "m²", "count": pair(self.language, "个", "number")}[text]
            sheet.write_string(line, place, text, self.formats["text"])

    def _editable(self, sheet: Worksheet, line: int, place: int, value: Value) -> None:
        if value is None:
            sheet.write_blank(line, place, None, self.formats["edit"])
        else:
            sheet.write_string(line, place, str(value), self.formats["edit"])

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
