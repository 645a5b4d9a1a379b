"""Silent wrong answers that begin with a file: each as a small file, with what is said and the figure that is right."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box

import geo
from geo.errors import DataError
from geo.importing import ImportReport, import_file
from geo.store import open_store

ROUND = "2007-06-30"
METRIC = "EPSG:4549"
WEST, SOUTH = 485_000.0, 3_590_000.0
DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""
LAYER = """
name = "toilets"
title = { zh = "公厕", en = "Toilets" }
geometry = "Point"
key = "id"
[fields.id]
type = "text"
required = true
[fields.responsible_unit]
type = "text"
[fields.opened_on]
type = "date"
"""


@pytest.fixture
def district(tmp_path: Path) -> Path:
    folder = tmp_path / "squares"
    (folder / "layers").mkdir(parents=True)
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    (folder / "layers" / "toilets.toml").write_text(LAYER, encoding="utf-8")
    units = gpd.GeoDataFrame(
        {"code": ["1", "2"], "name": ["西村", "东村"]},
        geometry=[box(WEST, SOUTH, WEST + 1000, SOUTH + 1000), box(WEST + 1000, SOUTH, WEST + 2000, SOUTH + 1000)],
        crs=METRIC,
    )  # fmt: skip
    take(folder, saved(tmp_path, units, name="villages.gpkg"), "villages")
    return folder


def saved(folder: Path, frame: gpd.GeoDataFrame, name: str = "file.gpkg") -> Path:
    frame.to_file(folder / name, driver="GPKG" if name.endswith("gpkg") else None)
    return folder / name


def take(district: Path, file: Path, layer: str = "back_streets", **options: Any) -> ImportReport:
    return import_file(district, file, layer, round=ROUND, **options)


def found(report: ImportReport) -> dict[str, Any]:
    return {item.code: item for item in report.findings}


def streets(*shapes: Any, crs: str = METRIC, **columns: Any) -> gpd.GeoDataFrame:
    columns = {"id": [f"s{number}" for number in range(len(shapes))], **columns}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(WEST + x, SOUTH + y) for x, y in places])


def lit_m(district: Path, unit: str | None = None) -> tuple[float, float, float]:
    """Length lit, not lit and unknown of a village, or of the district."""
    rows = geo.coverage_of(geo.open_survey(district), ["lighting.back_streets"])
    rows = rows[rows["scope"] == "all"]
    level = "district" if unit is None else "village"
    row = rows[(rows["level"] == level) & ((rows["unit_code"] == unit) | (unit is None))].iloc[0]
    return float(row["covered"]), float(row["not_covered"]), float(row["unknown"])


# -- places -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4490", "EPSG:4528", "EPSG:4548", "EPSG:3857", "EPSG:32650"])  # fmt: skip
def test_a_layer_in_another_system_has_its_length_in_metres_in_its_own_village(
    tmp_path: Path, district: Path, system: str
) -> None:
    # In Web Mercator this line is 1,184 m long, and by a join of unlike systems it lies in no village.
    frame = streets(line((100, 500), (1100, 500)), lit=["是"]).to_crs(system)
    report = take(district, saved(tmp_path, frame))
    assert report.proposals == ()
    # Straight in one system is bent in another by a hair.
    assert lit_m(district, "1") == pytest.approx((900, 0, 0), abs=0.02)
    assert lit_m(district, "2") == pytest.approx((100, 0, 0), abs=0.02)


def test_swapped_axes_are_proposed_and_the_length_is_right(tmp_path: Path, district: Path) -> None:
    frame = streets(line((100, 500), (1229, 500)), lit=["是"]).to_crs("EPSG:4326")
    turned = [LineString([(y, x) for x, y in shape.coords]) for shape in frame.geometry]
    file = saved(tmp_path, frame.set_geometry(gpd.GeoSeries(turned, crs="EPSG:4326")))
    with pytest.raises(DataError, match="latitude comes first"):
        take(district, file)
    take(district, file, accept_proposals=True)
    assert sum(lit_m(district)) == pytest.approx(1129, abs=0.02)


def test_a_wrong_zone_is_refused_before_it_lengthens_anything(
    tmp_path: Path, district: Path
) -> None:
    frame = streets(line((0, 500), (1000, 500)), lit=["是"])
    file = saved(tmp_path, frame.set_crs("EPSG:4548", allow_override=True))
    with pytest.raises(DataError, match=r"about 117° E; taken as EPSG:4549"):
        take(district, file)
    take(district, file, accept_proposals=True)
    assert lit_m(district, "1") == pytest.approx((1000, 0, 0))


# -- shapes -------------------------------------------------------------------------------------------------


def test_kinds_that_do_not_belong_are_left_out_and_never_measured(
    tmp_path: Path, district: Path
) -> None:
    frame = streets(
        line((0, 10), (10, 10)),
        box(WEST, SOUTH, WEST + 100, SOUTH + 100),
        Point(WEST, SOUTH),
        MultiLineString([line((0, 20), (5, 20)), line((6, 20), (11, 20))]),
    )
    report = take(district, saved(tmp_path, frame))
    assert [item.reason for item in report.left_out] == [
        "Polygon, not LineString",
        "Point, not LineString",
    ]
    assert sum(lit_m(district)) == 20


def test_what_has_no_place_is_listed_and_what_is_no_place_is_left_out(
    tmp_path: Path, district: Path
) -> None:
    endless = LineString([(WEST, SOUTH), (float("nan"), SOUTH), (WEST + 5, SOUTH)])
    report = take(district, saved(tmp_path, streets(line((0, 10), (10, 10)), None, endless)))
    assert found(report)["no-geometry"].rows == ("fid 2",)
    assert [(item.row, item.reason) for item in report.left_out] == [
        ("fid 3", "coordinates that are no numbers")
    ]
    assert sum(lit_m(district)) == 10


def test_an_outline_that_crosses_itself_is_not_measured_as_nothing(
    tmp_path: Path, district: Path
) -> None:
    bow = Polygon(
        [(WEST, SOUTH), (WEST + 100, SOUTH + 100), (WEST + 100, SOUTH), (WEST, SOUTH + 100)]
    )
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[bow], crs=METRIC)
    report = take(district, saved(tmp_path, frame), "scenic_works")
    assert "fid 1 0.0 → 5000.0 m²" in found(report)["repaired-geometry"].found
    rows = open_store(district / "rounds").read(ROUND, "scenic_works")
    assert rows.area.tolist() == [5000]


def test_copies_count_once(tmp_path: Path, district: Path) -> None:
    shape = line((0, 10), (10, 10))
    report = take(district, saved(tmp_path, streets(shape, shape, id=["a", "a"])))
    assert [item.reason for item in report.left_out] == ["a copy of fid 1"]
    assert sum(lit_m(district)) == 10


# -- attributes -----------------------------------------------------------------------------------------------


def test_words_become_lengths_and_no_word_a_silent_no(tmp_path: Path, district: Path) -> None:
    words = ["是", "100%", "已亮化", "否", "未亮化", "50%", "部分", None, "已硬化", "x"]
    shapes = [line((0, number), (10, number)) for number in range(len(words))]
    report = take(district, saved(tmp_path, streets(*shapes, lit=words)))
    assert lit_m(district) == pytest.approx((30, 20, 50))
    assert found(report)["unreadable-value"].rows == ("fid 6", "fid 7", "fid 9", "fid 10")


def test_a_shapefiles_cut_names_are_proposed_for_what_they_were(
    tmp_path: Path, district: Path
) -> None:
    frame = gpd.GeoDataFrame(
        {"id": ["001"], "responsible_unit": ["环卫处"]}, geometry=[Point(WEST, SOUTH)], crs=METRIC
    )
    frame.to_file(tmp_path / "a.shp", encoding="utf-8")
    report = take(district, tmp_path / "a.shp", "toilets", dry_run=True)
    assert [(item.code, item.accepted) for item in report.proposals] == [("column-match", False)]
    assert "'responsibl' may be responsible_unit" in report.proposals[0].evidence
    take(district, tmp_path / "a.shp", "toilets", accept_proposals=True)
    rows = open_store(district / "rounds").read(ROUND, "toilets")
    assert rows[["id", "responsible_unit"]].to_numpy().tolist() == [["001", "环卫处"]]


def test_a_workbooks_counts_of_days_and_padded_codes(tmp_path: Path, district: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "opened_on", "easting", "northing"])
    sheet.append(["001", 45292, WEST, SOUTH])
    sheet.append([2, "03/04/2007", WEST + 1, SOUTH])
    sheet["A3"].number_format = "000"
    book.save(tmp_path / "a.xlsx")
    report = take(district, tmp_path / "a.xlsx", "toilets", crs=METRIC)
    rows = open_store(district / "rounds").read(ROUND, "toilets")
    assert rows["id"].tolist() == ["001", "002"]
    assert rows["opened_on"].iloc[0] == pd.Timestamp("2024-01-01")
    assert pd.isna(rows["opened_on"].iloc[1])
    assert found(report)["serial-date"].found.endswith("45292 is 2024-01-01")
    assert found(report)["ambiguous-date"].rows == ("Sheet row 3",)


# -- stopping -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C goes to this process too")
def test_ctrl_c_leaves_nothing_half_done(tmp_path: Path, district: Path) -> None:
    frame = streets(*(line((0, number / 60), (10, number / 60)) for number in range(60_000)))
    file = saved(tmp_path, frame)
    before = {path.name: path.read_bytes() for path in (district / "rounds").glob("*.gpkg")}
    stopped = 0
    # As `atlas import`, but for that it says at once what it is doing: else a quick machine is done before its first word.
    atlas = (
        "import geo.cli, geo.cli.importing as one; one.QUIET_SECONDS = one.BETWEEN_LINES_SECONDS = 0.0;"
        " geo.cli.main()"
    )
    for pause_s in (0.0, 0.2, 0.4, 0.8):
        process = subprocess.Popen(
            [sys.executable, "-c", atlas, "import", str(file), "--district", str(district),
             "--layer", "back_streets", "--round", "2008-06-30"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("atlas: ")
        time.sleep(pause_s)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
        assert "Traceback" not in said
        rounds = open_store(district / "rounds").rounds()
        assert rounds in ((ROUND,), (ROUND, "2008-06-30"))
        if len(rounds) == 2:
            assert len(open_store(district / "rounds").read("2008-06-30", "back_streets")) == 60_000
            break
        assert process.returncode == 130
        stopped += 1
    assert stopped
    after = {path.name: path.read_bytes() for path in (district / "rounds").glob("2007*.gpkg")}
    assert after == before
    assert not [path for path in (district / "rounds").glob(".atlas-*") if path.is_dir()]
