"""Long tables: rows kept as columns, sheets that are cut say so, and cells written at once read the same."""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from PIL import Image
from shapely import LineString, Point, box
from xlsxwriter.worksheet import Worksheet

from geo.report import ledger, material, sheets
from geo.report.build import report_from
from geo.report.columns import Coded, Part, Plain, Rows, Same
from geo.report.dots import DOTS_A_MM, picture
from geo.report.drawing import MOST_SHAPES, Drawing, Window
from geo.report.ground import Ground
from geo.report.material import gather
from geo.report.model import Column, Table
from geo.report.sheets import Atlas
from geo.report.worksheet import LedgerSheet
from geo.survey import open_survey
from geo.views.description import Look

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


def test_many_lines_are_a_picture_of_the_same_places() -> None:
    window = Window(0, 100, 100, 100, 1_000)  # a metre of ground is a millimetre of paper
    lines = [LineString([(10, 90 - n % 3), (60, 90 - n % 3)]) for n in range(MOST_SHAPES + 1)]
    drawing = Drawing(window)
    drawing.add(lines, Look("#123456", width_px=4.2))
    assert drawing.dotted
    png = base64.b64decode(drawing.svg().partition("base64,")[2].partition('"')[0])
    seen = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    rows, columns = np.nonzero(seen[:, :, 3])
    assert set(map(tuple, seen[rows, columns].tolist())) == {(0x12, 0x34, 0x56, 255)}
    across, down = columns / DOTS_A_MM, rows / DOTS_A_MM
    assert (across.min(), across.max()) == (pytest.approx(10, abs=0.1), pytest.approx(60, abs=0.2))
    assert (down.min(), down.max()) == (pytest.approx(10, abs=0.1), pytest.approx(12, abs=0.2))
    assert len(np.unique(columns)) == columns.max() - columns.min() + 1  # without a gap
    few = Drawing(window)
    few.add(lines[:MOST_SHAPES], Look("#123456", width_px=4.2))
    assert not few.dotted
    assert "<image" not in few.svg()


def test_points_and_surfaces_are_dots_too_and_what_lies_beside_the_sheet_is_not() -> None:
    shapes = np.array([Point(50, 50), box(20, 20, 30, 30), Point(500, 50), None], dtype=object)
    png = picture(shapes[:3], Window(0, 100, 100, 100, 1_000).on_paper, 100, 100, "#000000")
    seen = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))[:, :, 3] > 0

    def at(x: float, y: float) -> bool:
        return bool(seen[int((100 - y) * DOTS_A_MM), int(x * DOTS_A_MM)])

    assert at(50, 50)
    assert at(20, 25)
    assert not at(25, 25)
    assert not at(60, 50)


def test_what_is_not_on_the_paper_is_not_said_to_be_drawn() -> None:
    window, look = Window(0, 100, 100, 100, 1_000), Look("#123456")
    drawing = Drawing(window)
    assert drawing.add([LineString([(-50, 50), (50, 50)])], look)
    for beside in (LineString([(101, 0), (101, 90)]), Point(500, 50), box(-90, -90, -1, -1)):
        assert not drawing.add([beside], look)
    assert not drawing.add([None], look)


def test_the_legend_of_decisions_names_what_is_drawn() -> None:
    measured = gather(open_survey(), "321202001", "zh")  # a town inside, far from the east edge
    sheet = next(Atlas(measured, report_from(measured)).sheets())
    signs = {sign.label for sign in sheet.legend}
    assert {"范围内", "部分在内", "城乡一体化范围"} <= signs
    assert "村（社区）" not in signs  # they are drawn by their decisions
    nowhere = Drawing(Window(0, 100, 100, 100, 1_000))
    below = [sign.label for sign in Ground(measured).draw(nowhere, [], decided=False)]
    assert below == ["村（社区）", "镇（街道）"]  # neither roads nor waters nor the area


def test_a_district_of_many_towns_has_no_sheet_for_each_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = gather(open_survey(), None, "zh")
    report = report_from(measured)
    every = Atlas(measured, report).count()
    monkeypatch.setattr(sheets, "MOST_TOWNS", 13)
    atlas = Atlas(measured, report)
    assert atlas.count() == Atlas(measured, report).count(towns=False) < every
    first = next(atlas.sheets())
    assert any("14 个镇（街道）的分图不附" in note for note in first.notes)


def test_a_report_that_keeps_few_rows_at_hand_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = report_from(gather(open_survey(), None, "zh"))
    monkeypatch.setattr(material, "KEPT_ROWS", 10)
    again = report_from(gather(open_survey(), None, "zh"))
    assert again == kept
    assert ledger.ledger_bytes(again) == ledger.ledger_bytes(kept)


def test_texts_that_need_cleaning_are_cleaned_among_many_that_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    survey = open_survey()
    frame = survey.frame("back_streets")
    dirty = frame.index[[3, 500]]
    frame.loc[dirty[0], "name"] = "\x07甲巷\u202e "
    frame.loc[dirty[1], "name"] = " 乙巷 "
    report = report_from(gather(survey, None, "zh"))
    key = frame.loc[dirty[0], "id"]
    told = [item for item in report.removed if item.layer == "back_streets"]
    assert [(item.row, item.field, item.characters) for item in told] == [
        (key, "name", "U+0007 U+202E"), (str(dirty[0]), "name", "U+0007 U+202E"),
    ]  # fmt: skip
    assert report.streets is not None
    names = {row[0]: row[1] for row in report.streets.rows}
    assert (names[key], names[frame.loc[dirty[1], "id"]]) == ("甲巷", "乙巷")
