"""Long tables: rows kept as columns, sheets that are cut say so, and cells written at once read the same."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from geo.report import ledger
from geo.report.columns import Coded, Part, Plain, Rows, Same
from geo.report.model import Column, Table
from geo.report.worksheet import LedgerSheet

TEXTS = ("村", "a & b", "<r>&</r>", " 空 ", "_x0041_", "1\n2", "=1+1", "\x07", "x" * 300)


def written(kind: type[Worksheet], texts: tuple[str, ...]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    sheet, shape = book.add_worksheet("a", worksheet_class=kind), book.add_format({"bold": True})
    for row, text in enumerate(texts):
        sheet.write_string(row, 0, text, shape)
        sheet.write_number(row, 28, 1 / (row + 3), shape)
    book.close()
    return stream.getvalue()


def test_cells_written_at_once_are_what_the_library_writes() -> None:
    plain = tuple(text for text in TEXTS if not text.startswith("<r>"))
    assert written(LedgerSheet, plain) == written(Worksheet, plain)


def test_markup_in_a_text_stays_text() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(LedgerSheet, ("<r>村</r>", "<r>&</r>"))))
    assert [row[0].value for row in book["a"].iter_rows()] == ["<r>村</r>", "<r>&</r>"]


def test_rows_of_columns_read_like_tuples() -> None:
    first = Part(
        2, (Same("m"), Plain(np.array([1.5, np.nan])), Coded(np.array([0, -1]), ("甲", None)))
    )
    second = Part(1, (Same("count"), Plain(np.array([True])), Same(None)))
    rows = Rows([first, second])
    expected = (("m", 1.5, "甲"), ("m", None, None), ("count", True, None))
    assert tuple(rows) == rows[:] == expected
    assert rows == expected
    assert (rows[-1], rows[1:], rows[::-1]) == (expected[2], expected[1:], expected[::-1])
    with pytest.raises(IndexError):
        rows[3]


def test_a_sheet_that_cannot_hold_all_rows_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_ROWS", 3)
    rows = Rows([Part(5, (Same("x"),))])
    writer = object.__new__(ledger._Writer)
    writer.language = "zh"
    table = Table("features", "对象", (Column("a", "甲"),), rows)
    said = writer._cut_note(table)
    assert said is not None
    assert said.startswith("共 5 行，一张工作表只容前 3 行")
    assert writer._cut_note(replace(table, rows=rows[:3])) is None


def test_a_workbook_does_not_tell_who_may_read_its_parts() -> None:
    stream = io.BytesIO(written(LedgerSheet, ("a",)))
    with zipfile.ZipFile(stream) as archive:
        before = {name: archive.read(name) for name in archive.namelist()}
        assert any(item.external_attr for item in archive.infolist())
    ledger._forget_modes(stream)
    with zipfile.ZipFile(stream) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == before
        assert not any(item.external_attr for item in archive.infolist())
