"""Tables people type: what is a row and what is not, where it lies, and never a value changed on the way."""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from geo.errors import SourceError
from geo.model import FieldSpec
from geo.sources.base import Request, Source
from geo.sources.places import degrees, place_columns
from geo.sources.registry import read_source
from geo.sources.sandbox import kept_ready
from geo.vocabulary import read_values

Fill = Callable[[Any], None]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with kept_ready():
        yield


def read(path: Path, **wanted: Any) -> Source:
    return read_source(path, Request(**wanted))[0]


def refused(path: Path, **wanted: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(path, **wanted)
    return str(caught.value)


def workbook(path: Path, *rows: list[Any], fill: Fill | None = None, title: str = "街巷") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if fill is not None:
        fill(sheet)
    book.save(path)
    return path


def rewritten(made: Path, path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with its first sheet's XML changed."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def left_out(source: Source) -> list[tuple[str, str]]:
    return [(one.row, one.reason) for one in source.left_out]


# -- Excel --------------------------------------------------------------------------------------------------


def test_a_form_as_offices_fill_it(tmp_path: Path) -> None:
    def merge(sheet: Any) -> None:
        for cells in ("A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4", "B6:B8"):
            sheet.merge_cells(cells)

    path = workbook(
        tmp_path / "a.xlsx",
        ["后街背巷普查表"],
        ["填表单位：城东街道", None, None, "日期：2007年6月"],
        ["编 号", "村", "净化", None, "登记日期", "长度"],
        [None, None, "是否", "时间"],
        ["甲", "乙", 1, 2, 3, 4],
        ["001", "唐甸村", "是", "07", dt.datetime(2007, 6, 1), 12.5],
        ["002", None, "√", None, 39234, 7],
        ["003", None, "100%", None, None, 8],
        ["小计", None, None, None, None, 27.5],
        ["004", "丁冯村", "否", None, None, 1],
        ["合　计", None, None, None, None, 28.5],
        ["填表人：张三", None, None, "审核：李四"],
        fill=merge,
    )
    source = read(path)
    assert source.columns == ("编号", "村", "是否", "时间", "登记日期", "长度")
    assert source.frame["编号"].tolist() == ["001", "002", "003", "004"]
    assert source.frame["村"].tolist() == ["唐甸村", "唐甸村", "唐甸村", "丁冯村"]
    assert source.frame["是否"].tolist() == ["是", "√", "100%", "否"]
    assert source.frame["时间"].tolist() == ["07", None, None, None]
    assert source.frame["登记日期"].tolist() == [dt.datetime(2007, 6, 1), 39234, None, None]
    assert source.frame["长度"].tolist() == [12.5, 7, 8, 1]
    assert source.rows.tolist() == ["街巷 row 6", "街巷 row 7", "街巷 row 8", "街巷 row 10"]
    assert left_out(source) == [
        ("街巷 row 5", "numbers of the columns"),
        ("街巷 row 9", "a total"),
        ("街巷 row 11", "a total"),
        ("街巷 row 12", "a remark below the table"),
    ]
    assert source.rows_read == 8
    assert source.notes == (
        "merged cells count for every row they cover: 街巷 row 6 to 街巷 row 8",
        "the header is 街巷 row 3; what is above it was not read",
    )


def test_columns_that_share_a_name_are_told_apart_by_what_is_above(tmp_path: Path) -> None:
    def merge(sheet: Any) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(cells)

    path = workbook(
        tmp_path / "a.xlsx",
        ["编号", "净化", None, "亮化", None],
        [None, "是否", "备注", "是否", "备注"],
        ["001", "是", None, "否", "灯坏"],
        fill=merge,
    )
    source = read(path)
    assert source.columns == ("编号", "净化 是否", "净化 备注", "亮化 是否", "亮化 备注")
    assert source.frame.iloc[0].tolist() == ["001", "是", None, "否", "灯坏"]


def test_a_number_is_read_as_it_is_shown(tmp_path: Path) -> None:
    def pad(sheet: Any) -> None:
        sheet["A2"].number_format = "000"

    path = workbook(
        tmp_path / "a.xlsx",
        ["code", "name", "lit"],
        [1, "x", True],
        [321202001002, "y", 0],
        fill=pad,
    )
    source = read(path)
    assert source.frame["code"].tolist() == ["001", 321202001002]
    assert source.frame["lit"].tolist() == [True, 0]


def test_a_formula_is_never_worked_out_and_its_missing_result_is_unknown(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["id", "length"],
        ["001", "=1+1"],
        ["002", 3],
        ["003", '=WEBSERVICE("http://127.0.0.1:9/")'],
    )
    source = read(path)
    assert source.frame["length"].tolist() == [None, 3, None]
    assert source.notes == ("formulas whose result the file does not hold are unknown: B2, B4",)


def test_a_result_that_the_file_holds_is_read_and_an_error_is_unknown(tmp_path: Path) -> None:
    made = workbook(tmp_path / "a.xlsx", ["id", "length"], ["001", 2], ["002", 3])

    def with_results(xml: bytes) -> bytes:
        xml = xml.replace(b"<v>2</v>", b"<f>1+1</f><v>2</v>")
        return xml.replace(
            b'<c r="B3" t="n"><v>3</v>', b'<c r="B3" t="e"><f>A1/0</f><v>#DIV/0!</v>'
        )

    path = rewritten(made, tmp_path / "b.xlsx", with_results)
    source = read(path)
    assert source.frame["length"].tolist() == [2, None]
    assert source.notes == ("cells that hold an error are unknown: B3",)


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    def as_text(sheet: Any) -> None:
        sheet["B2"].data_type = "s"

    path = workbook(
        tmp_path / "a.xlsx", ["id", "name"], ["001", "=cmd|' /C calc'!A0"], fill=as_text
    )
    assert read(path).frame["name"].tolist() == ["=cmd|' /C calc'!A0"]


def test_sheets_are_layers_and_hidden_or_empty_ones_are_not_offered(tmp_path: Path) -> None:
    def more(sheet: Any) -> None:
        sheet.parent.create_sheet("Sheet2")
        hidden = sheet.parent.create_sheet("底稿")
        hidden.append(["id", "name"])
        hidden.append(["9", "z"])
        hidden.sheet_state = "hidden"

    path = workbook(tmp_path / "a.xlsx", ["id", "name"], ["1", "x"], fill=more)
    source = read(path)
    assert (source.layer, source.notes) == ("街巷", ("hidden sheets were not read: 底稿",))
    assert read(path, layer="底稿").frame["name"].tolist() == ["z"]

    def second(sheet: Any) -> None:
        sheet.parent.create_sheet("路灯").append(["id"])

    two = workbook(tmp_path / "b.xlsx", ["id", "name"], ["1", "x"], fill=second)
    assert "found the layers 街巷, 路灯; expected one layer" in refused(two)


def test_what_there_is_to_choose_from_comes_as_a_list(tmp_path: Path) -> None:
    def second(sheet: Any) -> None:
        sheet.parent.create_sheet("甲, 乙").append(["id"])

    with pytest.raises(SourceError) as told:
        read_source(workbook(tmp_path / "a.xlsx", ["id"], ["1"], fill=second))
    assert [fault.choices for fault in told.value.faults] == [("街巷", "甲, 乙")]


def test_the_header_of_every_page_and_headings_inside_are_no_rows(tmp_path: Path) -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:C2")

    path = workbook(
        tmp_path / "a.xlsx",
        ["编号", "名称", "宽度"],
        ["城东街道"],
        ["001", "甲巷", 3],
        ["编号", "名称", "宽度"],
        ["002", "乙巷", 4],
        fill=merge,
    )
    source = read(path)
    assert source.frame["编号"].tolist() == ["001", "002"]
    assert left_out(source) == [
        ("街巷 row 2", "a heading inside the table (城东街道)"),
        ("街巷 row 4", "the header again"),
    ]


def merging(*cells: str) -> Callable[[bytes], bytes]:
    said = b"".join(b'<mergeCell ref="%b"/>' % one.encode() for one in cells)
    return lambda xml: xml.replace(
        b"</sheetData>", b"</sheetData><mergeCells>" + said + b"</mergeCells>"
    )


def test_merged_cells_without_end_cost_nothing(tmp_path: Path) -> None:
    made = workbook(tmp_path / "a.xlsx", ["村", "名称"], ["唐甸村", "甲巷"], [None, "乙巷"])
    one = rewritten(made, tmp_path / "b.xlsx", merging("A2:A1048576"))
    assert read(one).frame["村"].tolist() == ["唐甸村", "唐甸村"]
    many = rewritten(made, tmp_path / "c.xlsx", merging(*["A1:XFD1048576"] * 50))
    assert "merged cells over 2000000 rows" in refused(many)


def test_a_cell_at_the_far_end_of_the_sheet_is_no_burden(tmp_path: Path) -> None:
    def far(sheet: Any) -> None:
        sheet["B1048576"] = "尾"

    source = read(workbook(tmp_path / "a.xlsx", ["id", "name"], ["1", "x"], fill=far))
    assert source.rows.tolist() == ["街巷 row 2", "街巷 row 1048576"]

    def wide(sheet: Any) -> None:
        sheet["XFD1"] = "边"

    assert "past 1048576 rows, 2000 columns" in refused(
        workbook(tmp_path / "b.xlsx", ["id"], ["1"], fill=wide)
    )


STRAY = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="s"><v>999</v></c></row></sheetData></worksheet>'


@pytest.mark.parametrize(
    ("member", "content", "found"),
    [
        ("xl/workbook.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><workbook/>', "an entity declaration"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>", "a damaged workbook"),
        ("xl/worksheets/sheet1.xml", STRAY, "a damaged sheet '街巷'"),
        ("xl/workbook.xml", b"<workbook/>", "no sheet with anything in it"),
        ("xl/more.zip", b"PK", "an archive inside the archive"),
    ],
)
def test_a_workbook_that_was_tampered_with_is_refused(
    tmp_path: Path, member: str, content: bytes, found: str
) -> None:
    made = workbook(tmp_path / "a.xlsx", ["id", "name"], ["1", "x"])
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
        new.writestr(member, content)
    assert found in refused(path)


def test_an_old_or_locked_workbook_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    assert "open it and save it as .xlsx" in refused(tmp_path / "a.xls")


# -- CSV ----------------------------------------------------------------------------------------------------

TYPED = "编号,名称,硬化\n001,甲巷,是\n002,乙巷,\n"


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("gbk", True), ("gb18030", True)],
)
def test_text_is_decoded_by_evidence(tmp_path: Path, encoding: str, noted: bool) -> None:
    source = read(text(tmp_path / "a.csv", TYPED, encoding))
    assert source.frame["编号"].tolist() == ["001", "002"]
    assert source.frame["硬化"].tolist() == ["是", None]
    assert source.rows.tolist() == ["line 2", "line 3"]
    assert (source.notes == ("text read as GB18030: it is not UTF-8, and is GBK",)) == noted


def test_text_of_another_encoding_is_refused_rather_than_garbled(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "id,name\n1,café à crème, née à Orléans\n", "latin-1")
    assert "neither UTF-8 (at byte 13) nor GBK" in refused(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    source = read(text(tmp_path / "a.csv", TYPED.replace(",", separator)))
    assert source.columns == ("编号", "名称", "硬化")


def test_a_row_is_called_by_the_line_it_begins_on(tmp_path: Path) -> None:
    path = text(
        tmp_path / "a.csv", '普查表,,\n编号,名称,宽度\n001,"甲\n巷",3\n\n002,乙巷,4\n合计,2,7\n'
    )
    source = read(path)
    assert source.rows.tolist() == ["line 3", "line 6"]
    assert source.frame["名称"].tolist() == ["甲\n巷", "乙巷"]
    assert left_out(source) == [("line 7", "a total")]


def test_a_table_without_a_header_goes_by_position(tmp_path: Path) -> None:
    source = read(text(tmp_path / "a.csv", "1,2.5\n3,4.5\n"))
    assert source.columns == ("column 1", "column 2")
    assert source.rows.tolist() == ["line 1", "line 2"]
    assert source.notes == ("no header was found; columns go by their position",)


# -- places -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("id,lon,lat", "1,119.5,32.5"),
        ("id,纬度,经度", "1,32.5,119.5"),
        ("id,经度(°),纬度(°)", "1,东经119°30′,北纬32°30′00″"),
        ("id,X坐标,Y坐标", "1,１１９.５,32.5"),
        ("id,经纬度", '1,"119.5,32.5"'),
        ("id,WKT", "1,POINT Z (119.5 32.5 7)"),
        ("id,高德经度,高德纬度,lng_wgs84,lat_wgs84", "1,0,0,119.5,32.5"),
        ("id,easting,northing", "1,119.5,32.5"),
    ],
)
def test_places_are_found_by_the_names_of_columns(tmp_path: Path, header: str, row: str) -> None:
    source = read(text(tmp_path / "a.csv", f"{header}\n{row}\n"), geometry="Point")
    assert isinstance(source.frame, gpd.GeoDataFrame)
    assert source.frame.geometry.tolist() == [Point(119.5, 32.5)]
    assert source.frame.crs is None


def test_a_place_that_cannot_be_read_is_listed_and_one_that_is_empty_stays(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "id,lon,lat\n1,119.5,32.5\n2,abc,32\n3,,\n4,119,\n5,nan,32\n")
    source = read(path)
    assert source.frame["id"].tolist() == ["1", "3"]
    assert source.frame.geometry.isna().tolist() == [False, True]
    assert left_out(source) == [
        ("line 3", "coordinates 'abc', '32'"),
        ("line 5", "coordinates '119', empty"),
        ("line 6", "coordinates 'nan', '32'"),
    ]


def test_what_a_name_says_of_the_datum_is_said(tmp_path: Path) -> None:
    source = read(text(tmp_path / "a.csv", "id,经度(GCJ-02),纬度(GCJ-02)\n1,119.5,32.5\n"))
    assert source.notes == (
        "places are read from 经度(GCJ-02) and 纬度(GCJ-02); the name speaks of gcj02",
    )


def test_lines_come_from_text_only_and_else_the_table_has_no_places(tmp_path: Path) -> None:
    content = (
        'id,shape,lon,lat\n1,"SRID=4490;LINESTRING (119 32, 120 32)",1,1\n2,LINESTRING (1 2,1,1\n'
    )
    source = read(text(tmp_path / "a.csv", content), geometry="LineString")
    assert source.frame.geometry.tolist() == [LineString([(119, 32), (120, 32)])]
    assert source.frame.crs.to_epsg() == 4490
    assert left_out(source) == [("line 3", "broken geometry: 'LINESTRING (1 2'")]
    points = text(tmp_path / "b.csv", "code,lon,lat\n001,119,32\n")
    assert not isinstance(read(points, geometry="Polygon").frame, gpd.GeoDataFrame)
    assert not isinstance(read(points, geometry="Table").frame, gpd.GeoDataFrame)


def test_a_column_named_like_a_place_may_hold_words(tmp_path: Path) -> None:
    source = read(
        text(tmp_path / "a.csv", "id,location,shape\n1,Main street,round\n2,the mill,long\n")
    )
    assert not isinstance(source.frame, gpd.GeoDataFrame)
    assert source.frame["location"].tolist() == ["Main street", "the mill"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("-33.5", -33.5),
        ("33°30'S", -33.5),
        ("西经100度30分", -100.5),
        ("119°60′", None),
        ("", None),
    ],
)
def test_degrees_as_people_write_them(written: str, value: float | None) -> None:
    assert degrees(written) == value


def test_names_that_are_no_coordinates() -> None:
    assert place_columns(["x轴", "latex", "long name", "东街", "度"]) == ()


# -- the same table in every format -------------------------------------------------------------------------

WORDS = st.text(
    st.characters(categories=("L", "N", "S"), max_codepoint=0x2FFFF), min_size=1, max_size=12
)
ROWS = st.lists(
    st.tuples(st.none() | WORDS, st.none() | st.floats(0, 1e6), st.none() | st.booleans()),
    min_size=1,
    max_size=8,
)
FIELDS = {
    "编号": FieldSpec(type="text"),
    "名称": FieldSpec(type="text"),
    "宽度": FieldSpec(type="number"),
    "亮化": FieldSpec(type="bool"),
}


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ROWS)
def test_any_table_is_the_same_from_excel_csv_and_geopackage(rows: list[tuple[Any, ...]]) -> None:
    keyed = [(f"{number:03d}", *row) for number, row in enumerate(rows)]
    table = pd.DataFrame(keyed, columns=list(FIELDS)).astype(object)
    written = table.assign(亮化=[{True: "是", False: "否"}.get(one) for one in table["亮化"]])
    expected = {name: read_values(table[name], spec).values for name, spec in FIELDS.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written.to_csv(folder / "a.csv", index=False)

        def as_text(sheet: Any) -> None:
            for row in sheet.iter_rows(min_row=2, max_col=2):
                for cell in row:
                    cell.data_type = "s" if cell.value is not None else cell.data_type

        cells = [[None if pd.isna(one) else one for one in row] for row in written.to_numpy()]
        workbook(folder / "a.xlsx", list(FIELDS), *cells, fill=as_text)
        stored = table.astype(
            {"编号": "string", "名称": "string", "宽度": "float64", "亮化": "boolean"}
        )
        points = gpd.GeoDataFrame(stored, geometry=[Point(0, 0)] * len(stored), crs="EPSG:4549")
        points.to_file(folder / "a.gpkg", driver="GPKG")
        for file in ("a.csv", "a.xlsx", "a.gpkg"):
            source = read(folder / file)
            assert source.left_out == ()
            for column, spec in FIELDS.items():
                if column in source.frame.columns or expected[column].notna().any():
                    found = read_values(source.frame[column], spec).values
                    pd.testing.assert_series_equal(found, expected[column], check_names=False)
