"""Every format of a report, read back: the same figures, nothing run, the same bytes."""

from __future__ import annotations

import html
import io
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import hostile
import made
import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest
import reports
from docx.oxml.ns import qn
from docx.shared import Emu

from geo.catalog import load_catalog
from geo.errors import DataError
from geo.report.build import report_from
from geo.report.geopackage import geopackage_bytes
from geo.report.labels import Wish, place
from geo.report.ledger import ledger_bytes
from geo.report.material import Material, gather
from geo.report.model import FIGURES, Report, shown_rows
from geo.report.page import page_html
from geo.report.pdf import pdf_bytes
from geo.report.sheets import Atlas
from geo.report.word import word_bytes
from geo.report.write import FORMATS, report_bytes, written
from geo.said import in_language
from geo.survey import open_survey

REMARK = "=1+2 已约谈"
HOSTILE = [
    "=cmd|'/C calc'!A0",
    "@SUM(1)",
    "<script>alert(1)</script>",
    "长" * 40,
    "㙍𬭚村",
    "+1",
    "#panic(1)",
]


@pytest.fixture(scope="module")
def material() -> Material:
    return reports.town()[0]


@pytest.fixture(scope="module")
def report() -> Report:
    return reports.town()[1]


@pytest.fixture(scope="module")
def word(material: Material, report: Report) -> bytes:
    return word_bytes(material, report)


@pytest.fixture(scope="module")
def spiteful(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The district of squares whose villages, towns and streets have hostile names."""
    frames = dict(made.squares(load_catalog().layers))
    for name in ("villages", "back_streets"):
        frame = frames[name].copy()
        names = [HOSTILE[number % len(HOSTILE)] for number in range(len(frame))]
        frame["name"] = names
        frames[name] = frame
    frames["villages"].loc[frames["villages"]["code"] == "V45", "name"] = "铃\x07声\u202e"
    frames["weak_spots"] = frames["weak_spots"].assign(remarks=REMARK)
    return formats_of(made.write_district(tmp_path_factory.mktemp("spite") / "d", frames))


def formats_of(folder: Path) -> Callable[[str], bytes]:
    """The report on a district, measured once, in whichever format is asked for."""
    material = gather(open_survey(folder), None, "zh")
    report = report_from(material)
    return lambda format_: written(material, report, format_)


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages)


def squeezed(text: str) -> str:
    """Without what a line break or a place to break leaves behind."""
    return re.sub(r"[\s\u200b\xad]+", "", text)


def figures_in_words(report: Report) -> list[str]:
    return [
        "".join(row)
        for section in report.sections
        for table in section.tables()
        if table.name.startswith(FIGURES)
        for row in shown_rows(table, report.language)
    ]


def test_pdf_holds_every_figure(material: Material, report: Report) -> None:
    made_pdf = pdf_bytes(material, report)
    text = squeezed(text_of(made_pdf))
    lines = figures_in_words(report)
    assert len(lines) > 50
    assert [line for line in lines if squeezed(line) not in text] == []
    for words in (report.stamp, report.banner or "", report.digest, report.command):
        assert squeezed(words) in text
    assert len(made_pdf) < 5e6
    reader = pypdf.PdfReader(io.BytesIO(made_pdf))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    titles = str(reader.outline)
    assert all(section.title in titles for section in report.all_sections())
    fonts = {
        str(font["/BaseFont"])
        for page in reader.pages
        for font in (item.get_object() for item in page["/Resources"]["/Font"].values())
    }
    assert {name.split("+")[1] for name in fonts} == {"NotoSansCJKsc-Regular-Identity-H"}


def test_what_is_too_long_for_a_column_breaks_at_its_joints() -> None:
    from geo.report.pdf import _breakable

    assert _breakable("greening.ndvi 99 %") == "greening.ndvi 99 %"
    assert _breakable("cleaning.back_streets").split("\u200b") == ["cleaning.", "back_", "streets"]
    assert {len(part) for part in _breakable("f" * 64).split("\u200b")} == {12, 4}
    assert _breakable("长" * 40) == "长" * 40


def places_in(reader: pypdf.PdfReader) -> dict[str, list[int]]:
    """The pages that the bookmarks lead to, by what they are called."""
    found: dict[str, list[int]] = {}

    def walk(items: list[Any]) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            else:
                page = reader.get_destination_page_number(item)
                found.setdefault(squeezed(item.title), []).append(page + 1)

    walk(reader.outline)
    return found


def test_the_contents_and_the_bookmarks_lead_to_every_sheet() -> None:
    material, report = reports.district()
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(material, report)))
    pages = [squeezed(page.extract_text()) for page in reader.pages]
    places = places_in(reader)
    sheets = list(Atlas(material, report).sheets())
    for sheet in sheets:
        (page,) = places[squeezed(sheet.title)]
        assert squeezed(f"{sheet.title}{sheet.subtitle}{sheet.number}") in pages[page - 1]
    lines = dict(re.findall(r"^(.+?)[ .]{4,}(\d+)$", reader.pages[1].extract_text(), re.MULTILINE))
    assert all(places[squeezed(title)] == [int(page)] for title, page in lines.items())
    listed = {squeezed(title) for title in lines}
    own = [sheet for sheet in sheets if sheet.unit_code == report.unit_code]
    assert len(own) > 5
    assert {squeezed(sheet.title) for sheet in own} | {"概要", "附图", "复核信息"} <= listed
    assert {squeezed(section.heading) for section in report.all_sections()} <= listed
    for name, count in Counter(sheet.unit_name for sheet in sheets if sheet not in own).items():
        assert f"{name}（{count}幅）" in listed
    # the summary's lines lead to the pages their tables stand on
    leads = re.findall(r"(表\d+)第(\d+)页", pages[2])
    assert len(leads) == sum(len(table.rows) for table in report.summary.tables())
    for number, page in leads:
        title = next(text for text in places if re.match(rf"{number}(?!\d)", text))
        assert places[title] == [int(page)]


def test_the_summary_is_one_page_whatever_stands_in_it(spiteful: Callable[[str], bytes]) -> None:
    reader = pypdf.PdfReader(io.BytesIO(spiteful("pdf")))
    places = places_in(reader)
    assert (places["概要"], places["一、范围与依据"]) == ([3], [4])
    material, said = reports.town()
    table = said.table("summary:projects")
    long = replace(table, rows=tuple(("很长的名称" * 20, *row[1:]) for row in table.rows * 4))
    blocks = tuple(long if block == table else block for block in said.summary.blocks)
    crowded = replace(said, summary=replace(said.summary, blocks=blocks))
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(material, crowded)))
    assert places_in(reader)["一、范围与依据"] == [4]
    text = squeezed(reader.pages[2].extract_text())
    assert text.count("很长的名称") == 20 * len(long.rows)
    assert squeezed(str(said.summary.blocks[0].text)) in text  # type: ignore[union-attr]


def test_the_scale_bar_is_true_and_the_sheet_says_what_it_must(
    material: Material, report: Report
) -> None:
    for paper in ("a4", "a3"):
        sheet = next(Atlas(material, report, paper).sheets())  # type: ignore[arg-type]
        # a kilometre of ground at that scale, through the same window as the map
        window_mm = 1000 * 1000 / sheet.scale
        assert sheet.bar_m * 1000 / sheet.scale == pytest.approx(sheet.bar_m * window_mm / 1000)
        assert sheet.bar_m * 1000 / sheet.scale <= 40
        assert sheet.legend
        assert any("EPSG:4549" in note for note in sheet.notes)


def test_the_printed_bar_measures_what_it_says(material: Material, report: Report) -> None:
    from geo.report.pdf import page_data, set_page

    sheet = next(Atlas(material, report).sheets())
    data = {**page_data(report, [sheet], sections=()), "only": "sheet"}
    page = pypdf.PdfReader(io.BytesIO(set_page(data, "pdf"))).pages[0]
    seen: list[tuple[float, float]] = []

    def look(operator: bytes, operands: list[float], matrix: list[float], text: object) -> None:
        if operator in (b"m", b"l"):
            x, y = (float(value) for value in operands)
            seen.append(
                (
                    matrix[0] * x + matrix[2] * y + matrix[4],
                    matrix[1] * x + matrix[3] * y + matrix[5],
                )
            )

    page.extract_text(visitor_operand_before=look)
    expected_pt = sheet.bar_m / sheet.scale / 0.0254 * 72
    gaps = [
        abs(two[0] - one[0]) for one, two in itertools.pairwise(seen) if abs(two[1] - one[1]) < 1e-6
    ]
    assert any(abs(gap - expected_pt) <= 0.005 * expected_pt for gap in gaps), (
        expected_pt,
        gaps[:40],
    )


def test_every_town_and_project_has_its_sheet() -> None:
    whole, said = reports.district()
    atlas = Atlas(whole, said)
    names = [
        f"{unit.code}-{theme.project if theme else 'scope'}"
        for unit, theme in atlas._plans(towns=True)
    ]
    assert len(names) == len(set(names))
    assert "321202-scope" in names
    towns = [unit.code for unit in whole.units.values() if unit.level == "town"]
    for code in towns:
        assert f"{code}-hardening" in names or not atlas._themes[2].has_in(whole.units[code])


def test_labels_never_overlap() -> None:
    wishes = [
        Wish(f"村{number}号", 30 + number % 7, 30 + number % 5, 6, "village", number=True)
        for number in range(60)
    ]
    labels, index, left_out = place(wishes, 60, 60)
    assert len(labels) + left_out == 60
    assert {number for number, _ in index} <= {label.text for label in labels}
    boxes = [label.box for label in labels]
    for number, one in enumerate(boxes):
        for two in boxes[:number]:
            assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def test_ledger_holds_every_figure_as_a_number(report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ledger_bytes(report)))
    found = {}
    for name in ("汇总", "单元"):
        rows = list(book[name].iter_rows(min_row=5, values_only=True))
        for row in rows:
            if row[0]:
                found[row[0], row[2], row[5]] = row
    expected = list(report.figures())
    assert len(found) == len(expected)
    for row in expected:
        line = found[row["indicator"], row["unit_code"], row["scope"]]
        for place_, key in enumerate(("total", "covered", "not_covered", "unknown"), start=7):
            assert line[place_] == pytest.approx(row[key], rel=1e-14, abs=0)
        for place_, key in enumerate(("rate", "rate_lower", "rate_upper"), start=11):
            wanted = row[key]
            assert line[place_] == (
                "—" if wanted is None else pytest.approx(wanted, rel=1e-14, abs=0)
            )
    for sheet in book.worksheets[:-2]:
        assert sheet.freeze_panes is not None
        assert sheet.auto_filter.ref
    spots = book["整改清单"]
    (choice,) = spots.data_validations.dataValidation
    assert choice.formula1 == "'说明'!$D$1:$D$4"
    assert [book["说明"].cell(row, 4).value for row in range(1, 5)] == [
        "待整改",
        "整改中",
        "已整改",
        "情况不明",
    ]


def test_the_ledger_says_where_it_belongs(material: Material, report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ledger_bytes(report)))
    assert book["atlas"].sheet_state == "veryHidden"
    said = dict(book["atlas"].iter_rows(values_only=True))
    assert said["district"] == "321202"
    assert (said["unit"], said["round"]) == (reports.TOWN, "2007-12-31")
    assert said["data_digest"] == material.survey.digest
    assert (said["layer"], said["key"], said["state:closed"]) == ("weak_spots", "id", "已整改")
    sheet = book[said["sheet"]]
    columns = said["columns"].split(",")
    headings = [cell.value for cell in sheet[int(said["header_row"])]]
    assert len(headings) == len(columns)
    assert [headings[columns.index(name)] for name in ("key", "status", "remarks")] == [
        "编号",
        "状态",
        "备注",
    ]
    first = sheet[int(said["header_row"]) + 1]
    assert first[0].value == report.table("spots").rows[0][0]
    assert first[columns.index("remarks")].value is None


def test_the_ledger_lists_the_streets_and_what_a_check_finds(
    material: Material, report: Report
) -> None:
    from geo.check.report import check_round

    book = openpyxl.load_workbook(io.BytesIO(ledger_bytes(report)))
    streets = list(book["街巷"].iter_rows(min_row=5, values_only=True))
    frame = material.survey.frame("back_streets").set_index("id")
    pieces = material.pieces(material.survey.district.catalog.indicator("cleaning.six_no")[1])
    assert {row[0] for row in streets} == set(pieces["key"])
    assert streets
    for row in streets:
        assert row[4] == pytest.approx(frame.geometry[row[0]].length)
    codes = [row[2] for row in book["数据核对"].iter_rows(min_row=5, values_only=True)]
    assert codes == [finding.code for finding in check_round(material.survey).findings]
    assert codes


def test_nothing_in_a_ledger_is_a_formula(spiteful: Callable[[str], bytes]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(spiteful("xlsx")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    texts = {cell.value for cell in cells if isinstance(cell.value, str)}
    assert {*HOSTILE, REMARK} <= texts
    assert "铃声" in texts
    assert any("U+0007" in text and "U+202E" in text for text in texts)


def test_hostile_names_are_set_as_text_in_a_pdf(spiteful: Callable[[str], bytes]) -> None:
    text = squeezed(text_of(spiteful("pdf")))
    for name in (*HOSTILE, REMARK):
        assert squeezed(name) in text, name


def test_spite_everywhere_still_makes_every_format(tmp_path: Path) -> None:
    formats = formats_of(hostile.hostile_district(tmp_path / "d"))
    assert min(len(formats(format_)) for format_ in FORMATS) > 1000


def test_a_district_without_streets_makes_every_format(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    for name in ("back_streets", "boundary_edges", "weak_spots", "lamps", "facades"):
        del frames[name]
    formats = formats_of(made.write_district(tmp_path / "d", frames))
    assert min(len(formats(format_)) for format_ in FORMATS) > 1000


def test_word_holds_every_figure_in_real_tables(
    material: Material, report: Report, word: bytes
) -> None:
    document = docx.Document(io.BytesIO(word))
    rows = set()
    for table in document.tables:
        header = table._tbl.tr_lst[0]
        assert header.xpath("./w:trPr/w:tblHeader")
        rows |= {
            tuple("".join(t.text or "" for t in tc.iter(qn("w:t"))) for tc in tr.tc_lst)
            for tr in table._tbl.tr_lst
        }
    wanted = {
        tuple(row)
        for section in report.all_sections()
        for table in section.tables()
        for row in shown_rows(table, report.language)
    }
    assert wanted <= rows
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [section.heading for section in report.all_sections()] == headings[:9]
    assert headings[:2] == ["概要", "一、范围与依据"]
    page = document.sections[0]
    assert [round(value.mm) for value in (page.top_margin, page.left_margin, page.page_width)] == [
        37,
        28,
        210,
    ]
    overview, *pictures = document.inline_shapes
    assert "各单元认定略图" in overview._inline.docPr.get("descr")
    assert len(pictures) == Atlas(material, report).count()
    assert all("比例尺" in picture._inline.docPr.get("descr") for picture in pictures)


def test_word_keeps_to_the_standard_of_official_documents(word: bytes) -> None:
    document = docx.Document(io.BytesIO(word))
    page = document.sections[0]
    across = Emu(page.page_width - page.left_margin - page.right_margin)
    down = Emu(page.page_height - page.top_margin - page.bottom_margin)
    assert (round(across.mm), round(down.mm)) == (156, 225)
    normal = document.styles["Normal"]
    fonts = normal.element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    line_pt, size_pt = normal.paragraph_format.line_spacing.pt, normal.font.size.pt
    spacing_pt = int(normal.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert down.pt // line_pt == 22
    assert across.pt // (size_pt + spacing_pt) == 28
    # cells are set small: neither the grid of the body nor its spacing is theirs
    assert document.styles["Atlas table cell"].base_style.name == "Normal"
    cell = document.styles["Atlas table cell"].element
    assert cell.pPr.find(qn("w:snapToGrid")).get(qn("w:val")) == "0"
    assert cell.rPr.find(qn("w:spacing")).get(qn("w:val")) == "0"
    titles = {"Title": "方正小标宋简体", "Heading 1": "黑体", "Heading 2": "楷体_GB2312"}
    for name, face in titles.items():
        assert document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) == face


def test_progress_goes_by_indicator_section_and_sheet(tmp_path: Path) -> None:
    survey = open_survey(made.write_district(tmp_path / "d", made.squares(load_catalog().layers)))
    seen: list[tuple[int, int, str]] = []
    report_bytes(survey, "docx", progress=lambda *step: seen.append(step))
    done = [step[0] for step in seen]
    assert done == sorted(done)
    assert seen[-1][:2] == (100, 100)
    names = [step[2] for step in seen]
    assert {"cleaning.six_no", "ranking", "weak spots", "check", "docx"} <= set(names)
    assert any(name.startswith("01/") for name in names)
    # Each is told in words that its reader knows, beside the format's own name.
    told = [in_language(name, "zh") for name in names if name not in {"", "docx"}]
    assert all(re.search("[\u4e00-\u9fff]", name) for name in told), told


def test_word_takes_an_offices_template(tmp_path: Path, report: Report, material: Material) -> None:
    template = docx.Document()
    template.add_paragraph("某某局文件")
    template.sections[0].top_margin = 720090
    template.save(tmp_path / "t.docx")
    document = docx.Document(io.BytesIO(word_bytes(material, report, template=tmp_path / "t.docx")))
    assert document.paragraphs[0].text == "某某局文件"
    assert document.sections[0].top_margin == 720090
    (tmp_path / "bad.docx").write_bytes(b"PK no")
    with pytest.raises(DataError, match="Word document"):
        word_bytes(material, report, template=tmp_path / "bad.docx")


def test_hostile_names_are_text_in_word(spiteful: Callable[[str], bytes]) -> None:
    document = docx.Document(io.BytesIO(spiteful("docx")))
    texts = {
        "".join(t.text or "" for t in tc.iter(qn("w:t")))
        for table in document.tables
        for tc in table._tbl.iter(qn("w:tc"))
    }
    assert {*HOSTILE, REMARK} <= texts
    assert "铃声" in texts


def test_the_page_holds_every_figure_and_asks_nobody(material: Material, report: Report) -> None:
    page = page_html(material, report)
    block = re.search(r'id="atlas-figures">(.*?)</script>', page, re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert data["data_digest"] == report.digest
    assert data["rows"] == [dict(row) for row in report.figures()]
    shown_part = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    plain_text = squeezed(html.unescape(re.sub(r"<[^>]+>", "", shown_part)))
    assert [line for line in figures_in_words(report) if squeezed(line) not in plain_text] == []
    assert "default-src 'none'" in page
    leads = set(re.findall(r'<a href="#([^"]+)">', shown_part))
    assert len(leads) > len(report.all_sections()) + 5
    assert all(f'id="{place}"' in shown_part for place in leads)
    assert shown_part.index('data-name="summary:projects"') < shown_part.index('id="map"')
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]+"', shown_part)


def test_a_hostile_page_runs_nothing(
    spiteful: Callable[[str], bytes], open_page: Any, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(spiteful("html"))
    page, refused = open_page(file.as_uri())
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    assert page.locator("#map canvas").count() >= 1
    rows = page.locator('table[data-name="decisions"] tbody tr')
    before = rows.count()
    assert before == 20
    heading = page.locator('table[data-name="decisions"] th button').nth(4)
    heading.click()
    heading.click()
    shares = [
        float(text)
        for text in page.locator(
            'table[data-name="decisions"] tbody tr td:nth-child(5)'
        ).evaluate_all("cells => cells.map(cell => cell.dataset.v)")
    ]
    assert shares == sorted(shares, reverse=True)
    page.locator(".scroll input[type=search]").first.fill("no such words")
    hidden = "[...document.querySelectorAll('table.report tbody')].some(b => [...b.rows].every(r => r.hidden))"
    assert page.evaluate(hidden)
    assert not alerts
    assert not refused
    assert page.get_by_text("<script>alert(1)</script>").count() >= 1
    assert page.get_by_text(REMARK).count() >= 1


def test_the_geopackage_holds_figures_places_and_styles(
    material: Material, report: Report, tmp_path: Path
) -> None:
    path = tmp_path / "r.gpkg"
    path.write_bytes(geopackage_bytes(material, report))
    figures = pyogrio.read_dataframe(path, layer="figures")
    expected = {(row["indicator"], row["unit_code"], row["scope"]): row for row in report.figures()}
    assert len(figures) == len(expected)
    for row in figures.to_dict("records"):
        wanted = expected[row["indicator"], row["unit_code"], row["scope"]]
        assert row["covered"] == wanted["covered"]
        assert row["rate_lower"] == wanted["rate_lower"] or (
            wanted["rate_lower"] is None and pd.isna(row["rate_lower"])
        )
    villages = pyogrio.read_dataframe(path, layer="villages")
    assert str(villages.crs.to_epsg()) == "4549"
    styled = pyogrio.read_dataframe(path, layer="layer_styles")
    drawn = {name for name, kind in pyogrio.list_layers(path) if kind}
    assert set(styled["f_table_name"]) == drawn
    for text in styled["styleQML"]:
        root = ElementTree.fromstring(text.partition("<!DOCTYPE qgis>")[2])
        assert root.find("renderer-v2").get("type") == "categorizedSymbol"
    with closing(sqlite3.connect(path)) as database:
        for name, text in zip(styled["f_table_name"], styled["styleQML"], strict=True):
            renderer = ElementTree.fromstring(text.partition("<!DOCTYPE qgis>")[2])[0]
            column = renderer.get("attr")
            known = {row[1] for row in database.execute(f'PRAGMA table_info("{name}")')}
            assert column in known
            values = {row[0] for row in database.execute(f'SELECT "{column}" FROM "{name}"')}
            drawn = {item.get("value") for item in renderer.iter("category")}
            assert values <= drawn | {"unknown"}, name
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


_EVERY_FORMAT = """
import sys
from pathlib import Path
from geo.report.build import report_from
from geo.report.material import gather
from geo.report.write import FORMATS, written
from geo.survey import open_survey

material = gather(open_survey(Path(sys.argv[1])), None, "zh")
report = report_from(material)
for format_ in FORMATS:
    Path(sys.argv[1]).with_name(format_).write_bytes(written(material, report, format_))
"""


def test_the_same_bytes_anywhere(tmp_path: Path) -> None:
    places = {"a": ("Asia/Shanghai", "1", "C"), "b": ("America/Lima", "7", "C.UTF-8")}
    for name, (zone, seed, language) in places.items():
        folder = tmp_path / name / "d"
        if name == "a":
            made.write_district(folder, made.squares(load_catalog().layers))
        else:
            shutil.copytree(tmp_path / "a" / "d", folder)
        subprocess.run(
            [sys.executable, "-c", _EVERY_FORMAT, str(folder)],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": language},
            cwd=tmp_path / name,
            check=True,
            capture_output=True,
        )
    for format_ in FORMATS:
        one, other = ((tmp_path / name / format_).read_bytes() for name in places)
        assert one == other, format_
