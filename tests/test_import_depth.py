"""Files as offices send them: columns nearly named, mappings kept, tables joined, parts of one thing, rasters."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from shapely.geometry import LineString, Point, box
from typer.testing import CliRunner

from geo.cli import app
from geo.errors import DataError, StoreError, UnknownNameError
from geo.importing import ImportReport, import_file
from geo.mapping import FieldMapping, ImportMapping, load_mapping
from geo.mapping.saved import as_toml
from geo.model import Finding
from geo.rounds import undo_import
from geo.said import Said
from geo.store import open_store
from geo.store.both import BothStore

ROUND, NEXT = "2007-06-30", "2007-12-31"
METRIC = "EPSG:4549"
WEST, SOUTH = 485_000.0, 3_590_000.0
DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""
NAMES = ["唐甸村", "花园村", "朝阳社区", "东风社区", "新村", "新村"]
CODES = [f"99999900{number}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("depth") / "squares"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    shapes = [box(WEST + 1000 * n, SOUTH, WEST + 1000 * n + 1000, SOUTH + 1000) for n in range(6)]
    villages = gpd.GeoDataFrame(
        {
            "code": CODES,
            "name": NAMES,
            "kind": ["village", "village", "community", "community", "village", "village"],
            "certified": [True] * 6,
        },
        geometry=shapes,
        crs=METRIC,
    )
    open_store(folder / "rounds").write(ROUND, {"villages": villages})
    return folder


@pytest.fixture
def district(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "squares"))


def table(path: Path, columns: list[str], *rows: list[Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def lamps(path: Path, columns: list[str], *rows: list[Any], **also: Any) -> Path:
    """A table with the places of lamps, a metre apart."""
    placed = [[*row, WEST + 100 + number, SOUTH + 100] for number, row in enumerate(rows)]
    return table(path, [*columns, "easting", "northing"], *placed)


def take(district: Path, file: Path, layer: str, **options: Any) -> ImportReport:
    return import_file(district, file, layer, **{"round": NEXT, **options})


def stored(district: Path, layer: str, round_: str = NEXT) -> Any:
    return open_store(district / "rounds").read(round_, layer)


def findings(report: ImportReport) -> dict[str, Finding]:
    return {finding.code: finding for finding in report.findings}


def proposals(report: ImportReport) -> dict[str, tuple[bool, str]]:
    return {item.code: (item.accepted, item.evidence) for item in report.proposals}


# -- columns ------------------------------------------------------------------------------------------------


def test_a_near_column_is_proposed_and_left_alone_until_accepted(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", "是否完好"], ["L1", "是"], ["L2", "否"])
    report = take(district, file, "lamps", crs=METRIC, dry_run=True)
    accepted, evidence = proposals(report)["column-match"]
    assert not accepted
    assert evidence == "the column '是否完好' may be working: 2 of 2 entries can be read so"
    assert "unknown: working" in findings(report)["field-mapping"].found
    report = take(district, file, "lamps", crs=METRIC, accept_proposals=True)
    assert proposals(report)["column-match"][0]
    assert stored(district, "lamps")["working"].tolist() == [True, False]


def test_a_required_field_that_is_nearly_named_is_asked_for_by_that_name(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["路灯编号"], ["L1"])
    with pytest.raises(DataError, match=r"the column '路灯编号' may be id.*--accept-proposals"):
        take(district, file, "lamps", crs=METRIC)
    take(district, file, "lamps", crs=METRIC, accept_proposals=True)
    assert stored(district, "lamps")["id"].tolist() == ["L1"]


def test_a_near_column_whose_entries_say_something_else_is_not_proposed(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", "完好情况"], ["L1", "灯罩破"], ["L2", "需要更换"])
    report = take(district, file, "lamps", crs=METRIC, dry_run=True)
    assert "column-match" not in proposals(report)
    told = findings(report)["other-words"]
    assert told.found == (
        "the column '完好情况' is called like working, but only 0 of 2 entries can be read so,"
        " not '灯罩破', '需要更换'"
    )
    assert 'column = "完好情况", yes = […], no = […]' in told.remedy


def test_what_is_no_matter_of_words_is_not_told_of(tmp_path: Path, district: Path) -> None:
    rows = [[f"L{number}", f"说明{number}"] for number in range(30)]
    report = take(
        district, lamps(tmp_path / "a.csv", ["编号", "完好情况"], *rows), "lamps", crs=METRIC, dry_run=True
    )  # fmt: skip
    assert "other-words" not in findings(report)


@pytest.mark.parametrize(("chosen", "form"), [(None, "geoparquet"), ("geopackage", "geopackage")])
def test_a_draft_that_outgrows_its_file_is_kept_otherwise_unless_somebody_chose_it(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None, form: str
) -> None:
    few = lamps(tmp_path / "a.csv", ["编号"], ["L1"])
    streets = tmp_path / "b.gpkg"
    lines = [LineString([(WEST + n, SOUTH), (WEST + n, SOUTH + 50)]) for n in range(3)]
    gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=lines, crs=METRIC).to_file(streets)
    take(district, few, "lamps", crs=METRIC)
    monkeypatch.setattr("geo.store.both.LARGE_ROWS", 2)
    report = take(district, streets, "back_streets", new_as=chosen)
    store = BothStore(district / "rounds")
    assert store.form(NEXT) == form
    assert ("round-form" in findings(report)) == (chosen is None)
    assert store.tables(NEXT) == ("back_streets", "lamps")
    assert [record.layer for record in store.imports(NEXT)] == ["lamps", "back_streets"]
    assert [record.layer for record in store.undo(NEXT, onto=store.digest(NEXT))] == [
        "back_streets"
    ]
    assert stored(district, "lamps")["id"].tolist() == ["L1"]


def test_a_draft_stays_the_file_it_was_where_what_it_outgrew_it_for_cannot_be_added(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streets = tmp_path / "b.gpkg"
    lines = [LineString([(WEST + n, SOUTH), (WEST + n, SOUTH + 50)]) for n in range(3)]
    gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=lines, crs=METRIC).to_file(streets)
    take(district, lamps(tmp_path / "a.csv", ["编号"], ["L1"]), "lamps", crs=METRIC)
    store = BothStore(district / "rounds")
    before = store.digest(NEXT)
    monkeypatch.setattr("geo.store.both.LARGE_ROWS", 2)

    def full(*_: object, **__: object) -> None:
        raise StoreError(Said("no space left on the disk", "磁盘已满"))

    monkeypatch.setattr("geo.store.geoparquet.GeoParquetStore.add", full)
    with pytest.raises(StoreError, match="no space left"):
        take(district, streets, "back_streets")
    assert (store.form(NEXT), store.tables(NEXT)) == ("geopackage", ("lamps",))
    assert store.digest(NEXT) == before


@pytest.mark.parametrize(
    ("heading", "entry", "metres"),
    [
        ("灯高(米)", "8", 8.0),
        ("灯高（cm）", "800", 8.0),
        ("灯高(cm)", "8米", 8.0),
        ("灯高[mm]", 8000, 8.0),
    ],
)
def test_a_unit_in_the_heading_is_followed(
    tmp_path: Path, district: Path, heading: str, entry: object, metres: float
) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", heading], ["L1", entry])
    report = take(district, file, "lamps", crs=METRIC)
    assert stored(district, "lamps")["height_m"].tolist() == [metres]
    assert f"height_m ← {heading}" in findings(report)["field-mapping"].found


def test_a_unit_that_cannot_be_meant_is_no_match(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", "灯高(亩)"], ["L1", "8"])
    report = take(district, file, "lamps", crs=METRIC, accept_proposals=True)
    assert stored(district, "lamps")["height_m"].isna().all()
    assert "column-match" not in proposals(report)


def test_two_columns_for_one_field_are_said(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", "id", "完好"], ["甲", "L1", "是"])
    report = take(district, file, "lamps", crs=METRIC)
    assert stored(district, "lamps")["id"].tolist() == ["L1"]
    assert (
        findings(report)["ambiguous-column"].found == "id was taken from 'id', and not from '编号'"
    )


# -- entries, from a file to the round ---------------------------------------------------------------------------


def test_every_entry_that_cannot_be_read_is_unknown_and_listed_by_its_line(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(
        tmp_path / "a.csv",
        ["编号", "完好", "灯高"],
        ["001", "是", "8米"],
        ["002", "100%", "850cm"],
        ["003", "50%", "３．５"],
        ["004", "", "高"],
        ["005", "×", "1,234"],
    )
    report = take(district, file, "lamps", crs=METRIC)
    rows = stored(district, "lamps")
    assert rows["id"].tolist() == ["001", "002", "003", "004", "005"]
    assert rows["working"].tolist() == [True, True, pd.NA, pd.NA, False]
    assert rows["height_m"].fillna(-1).tolist() == [8, 8.5, 3.5, -1, 1234]
    listed = [item for item in report.findings if item.code == "unreadable-value"]
    assert [(item.rows, item.found.split(",")[0]) for item in listed] == [
        (("line 4",), "完好 of 1 row cannot be read as working"),
        (("line 5",), "灯高 of 1 row cannot be read as height_m"),
    ]
    assert findings(report)["unit-in-text"].rows == ("line 2", "line 3")


def test_codes_that_a_spreadsheet_cut_are_unknown_and_listed(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["编号"], ["3.21202E+11"], ["L2"])
    report = take(district, file, "lamps", crs=METRIC)
    assert findings(report)["lost-digits"].rows == ("line 2",)
    assert [(item.row, item.reason) for item in report.left_out] == [("line 2", "no id")]


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (["1001.0", "1002", "1003.0"], ["1001", "1002", "1003"]),
        (["1.0", "1.1", "2.0"], ["1.0", "1.1", "2.0"]),  # these are no numbers of a spreadsheet
    ],
)
def test_codes_that_a_spreadsheet_wrote_as_numbers_are_codes(
    tmp_path: Path, district: Path, typed: list[str], taken: list[str]
) -> None:
    file = lamps(tmp_path / "a.csv", ["编号"], *[[code] for code in typed])
    take(district, file, "lamps", crs=METRIC)
    assert stored(district, "lamps")["id"].tolist() == taken


def test_totals_and_remarks_are_no_rows(tmp_path: Path, district: Path) -> None:
    file = table(
        tmp_path / "a.csv",
        ["编号", "受检单元", "得分"],
        ["1", CODES[0], "95分"], ["2", CODES[1], "88"], ["合计", "", "183"], ["填表人：王某", "", ""],
    )  # fmt: skip
    report = take(district, file, "inspections")
    assert stored(district, "inspections")["score"].tolist() == [95, 88]
    assert (report.rows_read, report.rows_taken) == (4, 2)
    assert "line 4: a total" in findings(report)["not-rows"].found


# -- keys that several rows share --------------------------------------------------------------------------------


def pieces(path: Path, *rows: tuple[str, str, tuple[float, float]]) -> Path:
    shapes = [
        LineString([(WEST + start, SOUTH + 10), (WEST + end, SOUTH + 10)])
        for _, _, (start, end) in rows
    ]
    frame = gpd.GeoDataFrame(
        {"id": [one for one, _, _ in rows], "lit": [lit for _, lit, _ in rows]},
        geometry=shapes,
        crs=METRIC,
    )
    frame.to_file(path, driver="GPKG")
    return path


def test_pieces_of_one_street_are_put_together_when_accepted(
    tmp_path: Path, district: Path
) -> None:
    file = pieces(
        tmp_path / "a.gpkg", ("a", "是", (0, 100)), ("b", "否", (0, 5)), ("a", "是", (120, 160))
    )
    report = take(district, file, "back_streets", dry_run=True)
    assert proposals(report)["merge-parts"][0] is False
    assert [(item.row, item.reason) for item in report.left_out] == [
        ("fid 3", "id a is that of fid 1 already")
    ]
    assert "0 are copies of it, 1 differ" in findings(report)["duplicate-key"].found
    report = take(district, file, "back_streets", accept_proposals=True)
    rows = stored(district, "back_streets")
    assert rows.length.tolist() == [140, 5]
    assert rows["src_row"].tolist() == ["fid 1 + fid 3", "fid 2"]
    assert report.left_out == ()


def test_copies_are_left_out_as_copies_and_contradictions_are_not_merged(
    tmp_path: Path, district: Path
) -> None:
    file = pieces(
        tmp_path / "a.gpkg",
        ("a", "是", (0, 100)), ("a", "是", (0, 100)), ("b", "是", (0, 5)), ("b", "否", (5, 9)),
    )  # fmt: skip
    report = take(district, file, "back_streets", accept_proposals=True)
    assert [(item.row, item.reason) for item in report.left_out] == [
        ("fid 2", "a copy of fid 1"),
        ("fid 4", "id b is that of fid 3 already"),
    ]
    assert stored(district, "back_streets").length.sum() == 105
    assert "merge-parts" not in proposals(report)


# -- mappings that are kept ----------------------------------------------------------------------------------------


def test_a_mapping_is_kept_and_proposed_for_the_next_file_of_the_same_columns(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号", "灯况"], ["L1", "亮"], ["L2", "灭"])
    mapping = ImportMapping(
        fields={"working": FieldMapping(column="灯况", yes=("亮",), no=("灭",))}
    )
    report = take(district, file, "lamps", mapping=mapping, fields=["id=柱号"], crs=METRIC)
    (kept,) = (district / "mappings").iterdir()
    assert kept.name in findings(report)["mapping-kept"].found
    said = load_mapping(kept)
    assert (said.layer, said.crs, said.fields["id"].column) == ("lamps", METRIC, "柱号")

    again = lamps(tmp_path / "b.csv", ["柱号", "灯况"], ["L1", "灭"], ["L3", "亮"])
    with pytest.raises(DataError, match="no column for id"):
        take(district, again, "lamps", round="2008-06-30")
    report = take(district, again, "lamps", round="2008-06-30", accept_proposals=True)
    accepted, evidence = proposals(report)["saved-mapping"]
    assert accepted
    assert f"all columns are those of an earlier import ({kept.name})" in evidence
    rows = stored(district, "lamps", "2008-06-30")
    assert rows["id"].tolist() == ["L1", "L3"]
    assert rows["working"].tolist() == [False, True]
    assert rows.crs.to_epsg() == 4549
    assert list((district / "mappings").iterdir()) == [kept]


def kept_in(district: Path) -> dict[str, str]:
    """The files that the district keeps mappings in, and what field the column 柱号 or 灯号 is for in each."""
    return {
        file.name: next(name for name, one in load_mapping(file).fields.items() if one.column)
        for file in sorted((district / "mappings").iterdir())
    }


def test_an_import_that_is_taken_back_takes_its_mapping_along(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"], ["L2"])
    before = sorted((district / "rounds").iterdir())
    take(district, file, "lamps", fields=["id=easting"], crs=METRIC)  # a slip
    (name,) = kept_in(district)
    report = undo_import(district, NEXT)
    assert [str(told) for told in report.mappings] == [
        f"the column mapping it kept is no longer proposed; it lies in mappings/{name}.undone,"
        " which --mapping still takes"
    ]
    assert "不再建议采用" in report.mappings[0].zh
    assert kept_in(district) == {f"{name}.undone": "id"}
    assert sorted((district / "rounds").iterdir())[: len(before)] == before
    again = take(district, file, "lamps", fields=["id=柱号"], crs=METRIC, accept_proposals=True)
    assert "saved-mapping" not in proposals(again)
    # What is set aside is a mapping as any other.
    aside = district / "mappings" / f"{name}.undone"
    undo_import(district, NEXT)
    assert take(district, file, "lamps", mapping=aside, dry_run=True).rows_taken == 2
    # And stays what it was said to be when the next one is set aside.
    assert kept_in(district) == {f"{name}.2.undone": "id", f"{name}.undone": "id"}
    columns = [load_mapping(aside.with_name(one)).fields["id"].column for one in kept_in(district)]
    assert columns == ["柱号", "easting"]


def test_the_mapping_before_is_proposed_again_and_out_of_turn_too(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号", "灯号"], ["L1", "M1"], ["L2", "M2"])
    for day, column in (("01", "柱号"), ("02", "灯号"), ("03", "easting")):
        take(district, file, "lamps", fields=[f"id={column}"], crs=METRIC, round=f"2008-07-{day}")
    names = list(kept_in(district))
    assert names == [names[0], f"{names[0]}.1", f"{names[0]}.2"]
    proposed = district / "mappings" / names[0]

    def column() -> str | None:
        return load_mapping(proposed).fields["id"].column

    # The one in the middle goes in silence: it was not proposed.
    assert undo_import(district, "2008-07-02").mappings == ()
    assert column() == "easting"
    (told,) = undo_import(district, "2008-07-03").mappings
    assert told.endswith("; the one before it for the same columns is proposed again")
    assert column() == "柱号"
    (told,) = undo_import(district, "2008-07-01").mappings
    assert "proposed again" not in told
    assert not proposed.exists()


def test_a_mapping_that_is_tried_again_and_again_lies_there_once(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号", "灯号"], ["L1", "M1"])
    told = set()
    for column in ("柱号", "柱号", "灯号", "柱号", "灯号"):
        take(district, file, "lamps", fields=[f"id={column}"], crs=METRIC)
        told |= set(undo_import(district, NEXT).mappings)
    name = min(kept_in(district)).removesuffix(".2.undone")
    assert sorted(kept_in(district)) == [f"{name}.2.undone", f"{name}.undone"]
    assert len(told) == 2  # each where it was said to lie the first time


def test_mappings_that_take_turns_lie_there_once_each_and_go_with_their_last_import(
    tmp_path: Path, district: Path
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号", "灯号"], ["L1", "M1"])
    days = [f"2008-07-{day:02}" for day in range(1, 7)]
    for at, day in enumerate(days):
        column = ("柱号", "灯号")[at % 2]
        take(district, file, "lamps", fields=[f"id={column}"], crs=METRIC, round=day)
    name = min(kept_in(district))
    assert len(kept_in(district)) == 3  # what is proposed, and what it and the other were before
    columns = []
    for day in (days[4], *days[:4], days[5]):  # the last but one first, then from the oldest on
        undo_import(district, day)
        proposed = district / "mappings" / name
        if proposed.exists():
            columns.append(load_mapping(proposed).fields["id"].column)
    assert columns == ["灯号"] * 5
    assert sorted(kept_in(district)) == [f"{name}.2.undone", f"{name}.undone"]


def test_a_mapping_that_another_import_rests_on_stays(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    again = lamps(tmp_path / "b.csv", ["柱号"], ["L2"])
    take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)
    take(district, again, "lamps", accept_proposals=True, round="2008-06-30")
    (told,) = undo_import(district, NEXT).mappings
    assert "stays, since the import of b.csv has the same" in told
    (name,) = kept_in(district)
    (told,) = undo_import(district, "2008-06-30").mappings
    assert "no longer proposed" in told
    assert kept_in(district) == {f"{name}.undone": "id"}


@pytest.mark.parametrize("edit", [("柱号", "灯号"), (METRIC, "EPSG:4490"), ("[fields", "[[fields")])
def test_a_mapping_that_was_edited_since_stays(
    tmp_path: Path, district: Path, edit: tuple[str, str]
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号", "灯号"], ["L1", "M1"])
    take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)
    (path,) = (district / "mappings").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace(*edit), encoding="utf-8")
    (told,) = undo_import(district, NEXT).mappings
    assert told == f"the column mapping it kept was edited since, and stays: mappings/{path.name}"
    assert path.exists()


def test_an_import_that_kept_nothing_takes_nothing_along(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)
    kept = kept_in(district)
    file = table(tmp_path / "b.csv", ["编号", "受检单元"], ["1", CODES[0]])
    take(district, file, "inspections")
    assert undo_import(district, NEXT).mappings == ()
    assert kept_in(district) == kept


def test_a_mapping_that_cannot_be_set_aside_is_said(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)

    def refused(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("geo.mapping.set_aside", refused)
    report = undo_import(district, NEXT)
    assert report.mappings == (
        "the column mapping it kept could not be set aside: Permission denied",
    )
    assert NEXT not in open_store(district / "rounds").rounds()


def test_a_mapping_that_cannot_be_kept_is_said_and_the_rows_are_taken(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*given: object) -> None:
        raise PermissionError(13, "Permission denied", "/tmp/secret.part")

    monkeypatch.setattr("geo.mapping.saved.write_whole", refused)
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    report = take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)
    told = findings(report)["mapping-kept"].found
    assert told == "the mapping could not be kept: Permission denied"
    assert told.zh == "字段对应未能保存：没有权限"
    # As JSON has it: English, whoever reads.
    assert json.loads(json.dumps(report.as_json()))["findings"][-1]["found"] == str(told)
    assert stored(district, "lamps", NEXT)["id"].tolist() == ["L1"]


def test_a_refusal_names_the_kept_mapping_that_would_do(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    take(district, file, "lamps", fields=["id=柱号"], crs=METRIC)
    with pytest.raises(DataError, match=r"earlier import.*id ← 柱号.*--accept-proposals"):
        take(district, file, "lamps", crs=METRIC, round="2008-06-30")


def test_what_goes_by_itself_is_not_kept(tmp_path: Path, district: Path) -> None:
    file = table(tmp_path / "a.csv", ["编号", "受检单元"], ["1", CODES[0]])
    take(district, file, "inspections")
    assert not (district / "mappings").exists()


def test_nothing_is_kept_of_an_import_that_failed(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["柱号"], ["L1"])
    with pytest.raises(DataError):
        take(district, file, "lamps", fields=["id=柱号", "height_m=no such"], crs=METRIC)
    assert not (district / "mappings").exists()


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=3),
    st.lists(st.text(max_size=12), max_size=4),
)
def test_a_mapping_written_is_the_mapping_read(values: dict[str, str], columns: list[str]) -> None:
    mapping = ImportMapping(
        layer="lamps",
        where={"a b": (True, 8, "路")},
        columns=tuple(columns),
        fields={
            "working": FieldMapping(column="灯况", yes=("亮", 1), no=("灭",)),
            "kind": FieldMapping(column="类", values=values),
            "height_m": FieldMapping(column='"高"', unit="cm"),
        },
    )
    read = ImportMapping.model_validate(tomllib.loads(as_toml(mapping)))
    assert read == mapping


# -- joins -------------------------------------------------------------------------------------------------------------


def test_a_ledger_of_villages_takes_their_outlines_by_name(tmp_path: Path, district: Path) -> None:
    file = table(
        tmp_path / "a.csv",
        ["序号", "村名", "卫生村（社区）"],
        ["1", "唐甸村委会", "是"], ["2", "花园村", "否"], ["3", "朝阳社区", ""], ["4", "唐店村", "是"], ["5", "新村", "是"],
    )  # fmt: skip
    with pytest.raises(DataError, match="--join villages"):
        take(district, file, "villages", fields=["code=序号", "name=村名"])
    report = take(district, file, "villages", join="villages")
    rows = stored(district, "villages")
    assert rows["code"].tolist() == CODES[:3]
    assert rows["name"].tolist() == NAMES[:3]
    assert rows["kind"].tolist() == ["village", "village", "community"]
    # What a survey observes comes from the file alone, though the round before says yes everywhere.
    assert rows["certified"].tolist() == [True, False, pd.NA]
    assert rows.area.tolist() == pytest.approx([1e6] * 3)
    reasons = {item.row: item.reason for item in report.left_out}
    assert "did you mean 999999001 唐甸村" in reasons["line 5"]
    assert "the name of several: 999999005 新村, 999999006 新村" in reasons["line 6"]
    joined = [item.found for item in report.findings if item.code == "joined"]
    assert "3 of 5 rows were matched by 村名" in joined[0]
    assert "唐甸村委会 is 唐甸村" in joined[0]


def test_inspections_take_the_code_of_the_village_they_name(tmp_path: Path, district: Path) -> None:
    file = table(
        tmp_path / "a.csv",
        ["编号", "村", "得分"],
        ["1", "唐甸村", 90],
        ["2", CODES[2], 80],
        ["3", "西村", 70],
    )
    report = take(district, file, "inspections", join="villages")
    assert stored(district, "inspections")["unit_code"].tolist() == [CODES[0], CODES[2]]
    assert [item.row for item in report.left_out] == ["line 4"]
    assert "no feature '西村'" in report.left_out[0].reason


def test_names_in_the_place_of_codes_are_proposed(tmp_path: Path, district: Path) -> None:
    file = table(
        tmp_path / "a.csv", ["编号", "受检单元"], ["1", "唐甸村"], ["2", CODES[1]], ["3", "唐店村"]
    )
    report = take(district, file, "inspections", dry_run=True)
    accepted, evidence = proposals(report)["names-for-codes"]
    assert not accepted
    assert f"1 entries of unit_code are names of the villages of round {ROUND}" in evidence
    assert f"唐甸村 is {CODES[0]}" in evidence
    assert findings(report)["unknown-unit"].rows == ("line 4",)
    assert f"did you mean {CODES[0]} 唐甸村" in findings(report)["unknown-unit"].found
    take(district, file, "inspections", accept_proposals=True)
    assert stored(district, "inspections")["unit_code"].tolist() == [CODES[0], CODES[1], "唐店村"]


def test_spots_known_only_by_their_village_stand_inside_it_and_say_so(
    tmp_path: Path, district: Path
) -> None:
    file = table(tmp_path / "a.csv", ["编号", "村"], ["w1", "花园村"], ["w2", "花园村"])
    report = take(district, file, "weak_spots", join="villages=村")
    rows = stored(district, "weak_spots")
    assert rows["unit_code"].tolist() == [CODES[1]] * 2
    assert rows.within(box(WEST + 1000, SOUTH, WEST + 2000, SOUTH + 1000)).all()
    assert findings(report)["placed-by-unit"].severity == "warning"


@pytest.mark.parametrize(
    ("layer", "join", "error", "message"),
    [
        ("weak_spots", "villages=镇", DataError, "no column '镇'"),
        ("weak_spots", "towns", UnknownNameError, "no round with the layer named 'towns'"),
        ("weak_spots", "nowhere", UnknownNameError, "no layer named 'nowhere'"),
        ("back_streets", "villages", DataError, "LineString"),
        ("weak_spots", "boundary_edges", DataError, "without a key"),
    ],
)
def test_a_join_that_cannot_be_is_refused(
    tmp_path: Path, district: Path, layer: str, join: str, error: type[Exception], message: str
) -> None:
    file = table(tmp_path / "a.csv", ["编号", "村"], ["w1", "花园村"])
    with pytest.raises(error, match=message):
        take(district, file, layer, join=join)


# -- one table, three formats --------------------------------------------------------------------------------------------

CELLS = st.sampled_from(["", "是", "否", "√", "未知", "half", "100%"])
HEIGHTS = st.sampled_from(["", "8", "8.5米", "900cm", "１０", "tall"])


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(st.tuples(CELLS, HEIGHTS), min_size=1, max_size=5))
def test_a_table_is_the_same_layer_from_excel_csv_and_geopackage(
    rows: list[tuple[str, str]], template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    frame = pd.DataFrame(
        {
            "编号": [f"{number:03}" for number in range(len(rows))],
            "完好": [working or None for working, _ in rows],
            "灯高": [height or None for _, height in rows],
            "easting": [WEST + number for number in range(len(rows))],
            "northing": [SOUTH + number / 3 for number in range(len(rows))],
        }
    )
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_excel(folder / "a.xlsx", index=False)
    shapes = gpd.points_from_xy(frame["easting"], frame["northing"])
    gpd.GeoDataFrame(
        frame.drop(columns=["easting", "northing"]), geometry=shapes, crs=METRIC
    ).to_file(folder / "a.gpkg", driver="GPKG")
    layers = []
    for suffix in ("csv", "xlsx", "gpkg"):
        copy = Path(shutil.copytree(template, folder / suffix))
        report = take(copy, folder / f"a.{suffix}", "lamps", crs=METRIC)
        layer = stored(copy, "lamps")
        listed = sum(len(item.rows) for item in report.findings if item.code == "unreadable-value")
        layers.append((layer.drop(columns=["src_row"]), listed))
    first, count = layers[0]
    for layer, listed in layers[1:]:
        pd.testing.assert_frame_equal(
            pd.DataFrame(first.drop(columns="geometry")),
            pd.DataFrame(layer.drop(columns="geometry")),
        )
        assert layer.geometry.distance(first.geometry).max() < 1e-9
        assert listed == count


# -- rasters ---------------------------------------------------------------------------------------------------------------


def raster(path: Path, crs: str | None = METRIC, west: float = WEST) -> Path:
    values = np.arange(12, dtype="float32").reshape(3, 4)
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=3, count=1, dtype="float32", crs=crs,
        transform=from_origin(west, SOUTH + 1000, 100, 100), nodata=-1,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path


def test_a_raster_becomes_the_districts_with_its_origin_beside_it(
    tmp_path: Path, district: Path
) -> None:
    report = take(district, raster(tmp_path / "flight.tif"), "ndvi")
    assert (report.round, report.rows_read, report.rows_taken) == (None, 1, 1)
    assert findings(report)["file"].found == "4 × 3 pixels of 1 bands, float32"
    with rasterio.open(district / "rasters" / "ndvi.tif") as made:
        assert made.read(1).tolist() == np.arange(12).reshape(3, 4).tolist()
        assert (made.crs.to_epsg(), made.nodata) == (4549, -1)
    origin = json.loads((district / "rasters" / "ndvi.json").read_text(encoding="utf-8"))
    assert (origin["file"], origin["crs"], origin["columns"]) == ("flight.tif", METRIC, 4)
    assert len(origin["sha256"]) == 64
    assert sorted(path.name for path in (district / "rasters").iterdir()) == [
        "ndvi.json",
        "ndvi.tif",
    ]


def test_a_raster_is_never_replaced(tmp_path: Path, district: Path) -> None:
    take(district, raster(tmp_path / "a.tif"), "ndvi")
    before = (district / "rasters" / "ndvi.tif").read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        take(district, raster(tmp_path / "b.tif", west=WEST + 50), "ndvi")
    assert (district / "rasters" / "ndvi.tif").read_bytes() == before


def test_a_raster_without_a_crs_is_refused_until_it_is_said(tmp_path: Path, district: Path) -> None:
    file = raster(tmp_path / "a.tif", crs=None)
    with pytest.raises(DataError, match="no coordinate system"):
        take(district, file, "ndvi")
    assert not (district / "rasters" / "ndvi.tif").exists()
    take(district, file, "ndvi", crs=METRIC)
    with rasterio.open(district / "rasters" / "ndvi.tif") as made:
        assert made.crs.to_epsg() == 4549


def test_a_raster_elsewhere_is_a_warning_and_a_shifted_one_refused(
    tmp_path: Path, district: Path
) -> None:
    file = raster(tmp_path / "a.tif", west=WEST + 50_000)
    report = take(district, file, "ndvi", dry_run=True)
    assert "44.0 km from villages" in findings(report)["outside-district"].found
    with pytest.raises(DataError, match="gcj02 for a raster"):
        take(district, file, "ndvi", crs="gcj02")


# -- the command -------------------------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_says_so(tmp_path: Path, district: Path) -> None:
    file = lamps(tmp_path / "a.csv", ["编号", "是否完好"], ["L1", "是"])
    done = CliRunner().invoke(
        app,
        ["import", str(file), "--district", str(district), "--layer", "lamps", "--crs", METRIC,
         "--round", NEXT, "--dry-run"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "column-match" in done.stdout
    assert "1 of 1 row checked, none written" in done.stderr
    assert open_store(district / "rounds").rounds() == (ROUND,)
    assert not (district / "mappings").exists()


def test_points_without_a_place_stay_and_are_listed(tmp_path: Path, district: Path) -> None:
    file = table(
        tmp_path / "a.csv", ["编号", "x", "y"], ["L1", WEST + 5, SOUTH + 5], ["L2", "", ""]
    )
    report = take(district, file, "lamps", crs=METRIC)
    assert findings(report)["no-geometry"].rows == ("line 3",)
    assert stored(district, "lamps").geometry.iloc[0].equals(Point(WEST + 5, SOUTH + 5))


def test_a_sheet_is_named_once_and_then_known(tmp_path: Path, district: Path) -> None:
    file = tmp_path / "a.xlsx"
    with pd.ExcelWriter(file) as book:
        for sheet, code in (("一月", CODES[0]), ("二月", CODES[1])):
            rows = pd.DataFrame({"编号": [sheet], "单元": [code], "得分": [90]})
            rows.to_excel(book, sheet_name=sheet, index=False)
    with pytest.raises(DataError, match="the layers 一月, 二月"):
        take(district, file, "inspections", fields=["unit_code=单元"])
    how: dict[str, Any] = {"fields": ["unit_code=单元"], "source_layer": "二月"}
    take(district, file, "inspections", **how)
    assert stored(district, "inspections")["unit_code"].tolist() == [CODES[1]]
    take(district, file, "inspections", round="2008-06-30", accept_proposals=True)
    assert stored(district, "inspections", "2008-06-30")["unit_code"].tolist() == [CODES[1]]


def test_a_join_that_is_asked_for_stands_beside_a_kept_mapping(
    tmp_path: Path, district: Path
) -> None:
    file = table(tmp_path / "a.csv", ["号", "村"], ["1", "唐甸村"])
    take(district, file, "inspections", fields=["id=号"], join="villages")
    report = take(
        district, file, "inspections", round="2008-06-30", join="villages", accept_proposals=True
    )
    assert "saved-mapping" in proposals(report)
    assert stored(district, "inspections", "2008-06-30")["unit_code"].tolist() == [CODES[0]]
