"""From a user's file to a layer of a round: mapped, repaired or left out, listed, and kept with its origin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SAMPLES, needs_samples
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from typer.testing import CliRunner, Result

import geo
from geo import crs
from geo.cli import app, main
from geo.errors import DataError, DeclarationError, StoreError, UnknownNameError
from geo.importing import ImportReport, import_file
from geo.mapping import FieldMapping, ImportMapping
from geo.model import Finding
from geo.store import open_store

ROUND = "2007-06-30"
BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])

DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""


@pytest.fixture
def district(tmp_path: Path) -> Path:
    folder = tmp_path / "squares"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    return folder


def geojson(
    path: Path, rows: list[tuple[Any, dict[str, Any]]], system: str | None = "EPSG:4549"
) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": values,
            "geometry": None if shape is None else shape.__geo_interface__,
        }
        for shape, values in rows
    ]
    named = {"type": "name", "properties": {"name": system}} if system else None
    document = {"type": "FeatureCollection", "features": features, "crs": named}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def line(y: float = 0.0, length: float = 10.0) -> LineString:
    return LineString([(500_000, 3_590_000 + y), (500_000 + length, 3_590_000 + y)])


def streets(tmp_path: Path, *columns: dict[str, Any], **options: Any) -> Path:
    rows = [(line(number), {"id": f"s{number}", **values}) for number, values in enumerate(columns)]
    return geojson(tmp_path / "streets.geojson", rows, **options)


def stored(district: Path, layer: str, round_: str = ROUND) -> gpd.GeoDataFrame:
    return open_store(district / "rounds").read(round_, layer)


def findings(report: ImportReport) -> dict[str, Finding]:
    return {finding.code: finding for finding in report.findings}


# -- mapping ----------------------------------------------------------------------------------------------------


def test_columns_of_the_fields_own_names_and_titles_are_taken(
    tmp_path: Path, district: Path
) -> None:
    file = streets(tmp_path, {"名称": "东街", "Hardened": "是", "LIT": "×", "other": 1})
    report = import_file(district, file, "back_streets", round=ROUND)
    row = stored(district, "back_streets").iloc[0]
    assert row[["id", "name", "hardened", "lit"]].tolist() == ["s0", "东街", True, False]
    assert "other" not in row.index
    assert "hardened ← Hardened" in findings(report)["field-mapping"].found
    assert "unknown: zone, width_m, cleaned" in findings(report)["field-mapping"].found


def test_an_option_names_a_column_and_wins_over_the_mapping(tmp_path: Path, district: Path) -> None:
    file = streets(tmp_path, {"a": "yes", "b": "no"})
    mapping = ImportMapping(fields={"lit": FieldMapping(column="a")})
    import_file(district, file, "back_streets", mapping=mapping, fields=["lit=b"], round=ROUND)
    assert stored(district, "back_streets")["lit"].tolist() == [False]


def test_a_mapping_file_says_it_all(tmp_path: Path, district: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """
        layer = "back_streets"
        has = ["road"]
        [where]
        road = ["lane", "street"]
        level = 8
        [fields.id]
        column = "#row"
        [fields.hardened]
        column = "surface"
        yes = ["asphalt", "水泥"]
        no = ["dirt"]
        [fields.zone]
        column = "area"
        values = { "城边" = "fringe" }
        [fields.cleaned]
        value = true
        """,
        encoding="utf-8",
    )
    file = streets(
        tmp_path,
        {"road": "lane", "level": "8", "surface": "Asphalt", "area": "城边"},
        {"road": "street", "level": 8.0, "surface": "dirt", "area": "城中村"},
        {"road": "street", "level": 8, "surface": "wood", "area": None},
        {"road": "canal", "level": 8, "surface": "水泥", "area": None},
        {"road": None, "level": 8, "surface": "水泥", "area": None},
        {"road": "lane", "level": 9, "surface": "水泥", "area": None},
    )
    report = import_file(district, file, mapping=mapping, round=ROUND)
    frame = stored(district, "back_streets")
    assert frame["id"].tolist() == ["feature 1", "feature 2", "feature 3"]
    assert frame["hardened"].tolist() == [True, False, pd.NA]
    assert frame["zone"].tolist() == ["fringe", "urban_village", pd.NA]
    assert frame["cleaned"].tolist() == [True, True, True]
    assert (report.rows_read, report.rows_taken, report.left_out) == (6, 3, ())
    assert "3 of 6 rows" in findings(report)["rows-chosen"].found
    # Words for yes and for no were both given: any other is unknown by intent.
    assert "unreadable-value" not in findings(report)


def test_a_word_without_a_meaning_is_unknown_and_listed_by_its_row(
    tmp_path: Path, district: Path
) -> None:
    file = streets(tmp_path, {"lit": "是"}, {"lit": "half"}, {"lit": None})
    report = import_file(district, file, "back_streets", round=ROUND)
    assert stored(district, "back_streets")["lit"].tolist() == [True, pd.NA, pd.NA]
    finding = findings(report)["unreadable-value"]
    assert finding.rows == ("feature 2",)
    assert "'half'" in finding.found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("layer = ", "not TOML"),
        ("colour = 1", "'colour' is not one a declaration has"),
        ("[fields.lit]\n", "`column` or `value`"),
        ("[fields.lit]\ncolumn = 'a'\nvalue = true", "`column` or `value`"),
        ("[fields.lit]\ncolumn = 'a'\nyes = ['y']\nno = ['Y']", "in both"),
    ],
)
def test_a_mapping_that_says_what_it_may_not_is_refused(
    tmp_path: Path, district: Path, text: str, problem: str
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text)
    with pytest.raises(DeclarationError, match=problem):
        import_file(district, streets(tmp_path, {}), "back_streets", mapping=mapping)


def test_all_that_is_wrong_with_a_mapping_is_said_at_once(tmp_path: Path, district: Path) -> None:
    mapping = ImportMapping(
        where={"kind": "x"},
        fields={
            "paved": FieldMapping(column="lit"),
            "lit": FieldMapping(column="light"),
            "width_m": FieldMapping(column="lit", yes=("wide",)),
            "zone": FieldMapping(value="suburb"),
            "cleaned": FieldMapping(value="perhaps"),
        },
    )
    with pytest.raises(DataError) as raised:
        import_file(district, streets(tmp_path, {"lit": "是"}), "back_streets", mapping=mapping)
    found = [fault.found for fault in raised.value.faults]
    assert len(found) == 6
    for word in ("'kind'", "'paved'", "'light'", "width_m", "suburb", "perhaps"):
        assert any(word in text for text in found), word


def test_a_required_field_without_a_column_is_asked_for(tmp_path: Path, district: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [(line(), {"name": "东街"})])
    with pytest.raises(DataError, match=r"--field id=COLUMN; --field id=#row"):
        import_file(district, file, "back_streets", round=ROUND)
    import_file(district, file, "back_streets", fields=["id=#row"], round=ROUND)
    assert stored(district, "back_streets")["id"].tolist() == ["feature 1"]


def test_no_row_that_is_asked_for_is_an_error(tmp_path: Path, district: Path) -> None:
    mapping = ImportMapping(where={"name": "北街"})
    with pytest.raises(DataError, match="no row that the mapping asks for"):
        import_file(district, streets(tmp_path, {"name": "东街"}), "back_streets", mapping=mapping)
    assert open_store(district / "rounds").rounds() == ()


@settings(max_examples=12, deadline=None)
@given(
    flags=st.lists(st.sampled_from(["是", "否", None, "×", "yes", "half"]), min_size=1, max_size=8)
)
def test_every_row_is_taken_and_no_word_becomes_a_silent_no(
    flags: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("squares")
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    report = import_file(
        folder, streets(folder, *({"lit": flag} for flag in flags)), "back_streets", round=ROUND
    )
    lit = stored(folder, "back_streets")["lit"].tolist()
    meaning = {"是": True, "yes": True, "否": False, "×": False, None: pd.NA, "half": pd.NA}
    assert lit == [meaning[flag] for flag in flags]
    listed = [
        row
        for finding in report.findings
        if finding.code == "unreadable-value"
        for row in finding.rows
    ]
    assert listed == [f"feature {row + 1}" for row, flag in enumerate(flags) if flag == "half"]


# -- where it is --------------------------------------------------------------------------------------------------


def test_a_file_without_a_crs_is_refused_until_it_is_said(tmp_path: Path, district: Path) -> None:
    file = streets(tmp_path, {}, system=None)
    with pytest.raises(DataError, match=r"no coordinate system in the file.*--crs"):
        import_file(district, file, "back_streets", round=ROUND)
    assert open_store(district / "rounds").rounds() == ()
    import_file(district, file, "back_streets", crs="EPSG:4549", round=ROUND)
    assert stored(district, "back_streets").crs.to_epsg() == 4549


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
def test_shifted_coordinates_are_put_right_once(tmp_path: Path, district: Path, shift: str) -> None:
    true = np.array([(119.92, 32.49), (119.93, 32.49)])
    move = crs.wgs84_to_gcj02 if shift == "gcj02" else crs.wgs84_to_bd09
    shifted = LineString(np.column_stack(move(true[:, 0], true[:, 1])))
    file = geojson(tmp_path / "a.geojson", [(shifted, {"id": "a"})], system=None)
    import_file(district, file, "back_streets", crs=shift, round=ROUND)
    frame = stored(district, "back_streets")
    assert frame.crs.to_epsg() == 4326
    off = frame.to_crs("EPSG:4549").geometry.distance(
        gpd.GeoSeries([LineString(true)], crs="EPSG:4326").to_crs("EPSG:4549").iloc[0]
    )
    assert off.iloc[0] < 0.01
    assert open_store(district / "rounds").imports(ROUND)[0].crs == shift


def test_a_statement_over_the_files_own_is_a_warning(tmp_path: Path, district: Path) -> None:
    report = import_file(
        district, streets(tmp_path, {}), "back_streets", crs="EPSG:4528", round=ROUND
    )
    assert findings(report)["crs-overruled"].severity == "warning"
    assert stored(district, "back_streets").crs.to_epsg() == 4528


@pytest.mark.parametrize("said", ["EPSG:4326", "gcj02"])
def test_metres_said_to_be_degrees_are_refused(tmp_path: Path, district: Path, said: str) -> None:
    with pytest.raises(DataError, match="longitude and latitude"):
        import_file(district, streets(tmp_path, {}, system=None), "back_streets", crs=said)


def test_a_system_that_does_not_exist_is_refused(tmp_path: Path, district: Path) -> None:
    with pytest.raises(UnknownNameError, match="EPSG:0"):
        import_file(district, streets(tmp_path, {}), "back_streets", crs="EPSG:0")


def test_what_an_unstated_system_must_be_is_proposed_with_evidence(
    tmp_path: Path, district: Path
) -> None:
    village = box(499_000, 3_589_000, 501_000, 3_591_000)
    units = geojson(tmp_path / "villages.geojson", [(village, {"code": "1", "name": "东村"})])
    import_file(district, units, "villages", round=ROUND)
    file = streets(tmp_path, {}, system=None)
    with pytest.raises(
        DataError, match=r"within the district's extent: --crs EPSG:4549, or --accept-proposals"
    ):
        import_file(district, file, "back_streets", round=ROUND)
    report = import_file(district, file, "back_streets", round=ROUND, accept_proposals=True)
    assert [(item.code, item.accepted) for item in report.proposals] == [("assume-crs", True)]
    assert stored(district, "back_streets").crs.to_epsg() == 4549


def test_nothing_is_proposed_for_rows_that_lie_elsewhere(tmp_path: Path, district: Path) -> None:
    village = box(499_000, 3_589_000, 501_000, 3_591_000)
    units = geojson(tmp_path / "villages.geojson", [(village, {"code": "1", "name": "东村"})])
    import_file(district, units, "villages", round=ROUND)
    far = geojson(
        tmp_path / "far.geojson",
        [(LineString([(500_000, 2_590_000), (500_010, 2_590_000)]), {"id": "a"})],
        system=None,
    )
    with pytest.raises(DataError, match="no coordinate system") as raised:
        import_file(district, far, "back_streets", round=ROUND, accept_proposals=True)
    assert "accept-proposals" not in str(raised.value)


# -- what is repaired and what is left out ---------------------------------------------------------------------------


def villages(tmp_path: Path, *shapes: Any) -> Path:
    rows = [
        (shape, {"code": f"{number}", "name": f"村{number}"}) for number, shape in enumerate(shapes)
    ]
    return geojson(tmp_path / "villages.geojson", rows)


def test_an_outline_that_crosses_itself_is_repaired_and_its_change_of_area_told(
    tmp_path: Path, district: Path
) -> None:
    overlapping = MultiPolygon([box(20, 0, 30, 10), box(25, 0, 35, 10)])
    report = import_file(
        district,
        villages(tmp_path, box(50, 0, 60, 10), BOW_TIE, overlapping),
        "villages",
        round=ROUND,
    )
    assert stored(district, "villages").geometry.area.tolist() == [100, 50, 150]
    finding = findings(report)["repaired-geometry"]
    assert finding.rows == ("feature 2", "feature 3")
    assert "feature 2 0.0 → 50.0 m²" in finding.found
    assert "feature 3 200.0 → 150.0 m²" in finding.found
    assert "structure" in finding.found
    assert report.left_out == ()


def test_what_cannot_be_measured_is_left_out_and_listed(tmp_path: Path, district: Path) -> None:
    flat = Polygon([(0, 0), (5, 5), (0, 0)])
    report = import_file(
        district,
        villages(tmp_path, box(0, 0, 1, 1), Point(0, 0), flat, line()),
        "villages",
        round=ROUND,
    )
    assert (report.rows_read, report.rows_taken) == (4, 1)
    assert [(item.row, item.reason.split(" (")[0]) for item in report.left_out] == [
        ("feature 2", "Point, not Polygon"),
        ("feature 4", "LineString, not Polygon"),
        ("feature 3", "an outline without area"),
    ]


def test_rows_without_a_required_value_or_with_a_key_again_are_left_out_and_listed(
    tmp_path: Path, district: Path
) -> None:
    file = geojson(
        tmp_path / "a.geojson",
        [
            (line(0), {"id": "a"}),
            (line(1), {"id": None}),
            (line(2), {"id": "b"}),
            (line(3), {"id": "a"}),
        ],
    )
    report = import_file(district, file, "back_streets", round=ROUND)
    assert [(item.row, item.reason) for item in report.left_out] == [
        ("feature 2", "no id"),
        ("feature 4", "id a is that of feature 1 already"),
    ]
    assert findings(report)["duplicate-key"].rows == ("feature 4",)
    assert stored(district, "back_streets")["id"].tolist() == ["a", "b"]


def test_a_row_without_geometry_stays_and_is_listed(tmp_path: Path, district: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [(line(), {"id": "a"}), (None, {"id": "b"})])
    report = import_file(district, file, "back_streets", round=ROUND)
    assert report.rows_taken == 2
    assert findings(report)["no-geometry"].rows == ("feature 2",)


def test_coordinates_that_are_no_numbers_are_left_out(tmp_path: Path, district: Path) -> None:
    shapes = [line(), LineString([(500_000, 3_590_000), (float("inf"), 3_590_000)])]
    frame = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=shapes, crs="EPSG:4549")
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG")
    report = import_file(district, tmp_path / "a.gpkg", "back_streets", round=ROUND)
    assert [(item.row, item.reason) for item in report.left_out] == [
        ("fid 2", "coordinates that are no numbers")
    ]


def test_a_file_of_nothing_usable_changes_nothing(tmp_path: Path, district: Path) -> None:
    with pytest.raises(DataError, match="no row that can be taken"):
        import_file(district, villages(tmp_path, Point(0, 0)), "villages", round=ROUND)
    assert open_store(district / "rounds").rounds() == ()


def test_edges_may_be_points(tmp_path: Path, district: Path) -> None:
    file = geojson(
        tmp_path / "a.geojson",
        [
            (line(), {"side": "北至", "accuracy_m": "50"}),
            (Point(500_000, 3_590_000), {"side": "west"}),
        ],
    )
    report = import_file(district, file, "boundary_edges", round=ROUND)
    assert report.left_out == ()
    assert stored(district, "boundary_edges")["side"].tolist() == ["north", "west"]


def test_heights_are_dropped(tmp_path: Path, district: Path) -> None:
    high = LineString([(500_000, 3_590_000, 7), (500_010, 3_590_000, 9)])
    import_file(
        district,
        geojson(tmp_path / "a.geojson", [(high, {"id": "a"})]),
        "back_streets",
        round=ROUND,
    )
    assert not stored(district, "back_streets").geometry.has_z.any()


# -- rounds and origin --------------------------------------------------------------------------------------------------


def test_every_row_leads_back_to_its_file(tmp_path: Path, district: Path) -> None:
    file = streets(tmp_path, {"lit": "是"}, {"lit": "否"})
    import_file(district, file, "back_streets", round=ROUND)
    (record,) = open_store(district / "rounds").imports(ROUND)
    assert (record.id, record.layer, record.file, record.rows_read, record.rows_taken) == (
        1,
        "back_streets",
        "streets.geojson",
        2,
        2,
    )
    assert json.loads(record.mapping)["fields"]["lit"] == {"column": "lit"}
    assert len(record.sha256) == 64
    frame = stored(district, "back_streets")
    assert frame["src_import"].tolist() == [1, 1]
    assert frame["src_row"].tolist() == ["feature 1", "feature 2"]


def test_a_second_import_adds_its_layer_to_the_round(tmp_path: Path, district: Path) -> None:
    import_file(district, villages(tmp_path, box(0, 0, 1, 1)), "villages", round=ROUND)
    import_file(district, streets(tmp_path, {}), "back_streets", round=ROUND)
    store = open_store(district / "rounds")
    assert store.tables(ROUND) == ("back_streets", "villages")
    assert [(item.id, item.layer) for item in store.imports(ROUND)] == [
        (1, "villages"),
        (2, "back_streets"),
    ]
    assert stored(district, "back_streets")["src_import"].tolist() == [2]


def test_a_layer_of_a_round_is_never_replaced(tmp_path: Path, district: Path) -> None:
    import_file(district, streets(tmp_path, {}), "back_streets", round=ROUND)
    before = open_store(district / "rounds").digest(ROUND)
    with pytest.raises(StoreError, match="has back_streets already"):
        import_file(district, streets(tmp_path, {}, {}), "back_streets", round=ROUND)
    assert open_store(district / "rounds").digest(ROUND) == before
    import_file(district, streets(tmp_path, {}, {}), "back_streets", round="2007-12-31")
    assert len(stored(district, "back_streets", "2007-12-31")) == 2


def test_a_round_made_elsewhere_is_not_added_to(tmp_path: Path, district: Path) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[line()], crs="EPSG:4549")
    open_store(district / "rounds").write(ROUND, {"facades": frame})
    with pytest.raises(StoreError, match="not made by imports"):
        import_file(district, streets(tmp_path, {}), "back_streets", round=ROUND)


def test_a_district_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(StoreError, match="read-only; copy the district"):
        import_file(district, tmp_path / "never-read.gpkg", "back_streets", round=ROUND)


def test_progress_names_each_step(tmp_path: Path, district: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    report = lambda *step: steps.append(step)  # noqa: E731
    import_file(district, streets(tmp_path, {}), "back_streets", round=ROUND, progress=report)
    assert sorted({step[0] for step in steps}) == [0, 1, 2, 3, 4]
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert {step[1] for step in steps} == {4}
    assert "writing 1 row" in steps[-2][2]
    assert steps[-1][2] == f"back_streets was written to round {ROUND}"


def test_the_round_is_one_that_can_be_measured(tmp_path: Path, district: Path) -> None:
    village = box(499_000, 3_589_000, 501_000, 3_591_000)
    import_file(district, villages(tmp_path, village), "villages", round=ROUND)
    import_file(
        district, streets(tmp_path, {"lit": "是"}, {"lit": "否"}, {}), "back_streets", round=ROUND
    )
    rows = geo.coverage_of(geo.open_survey(district), ["lighting.back_streets"])
    whole = rows[(rows["level"] == "district") & (rows["scope"] == "all")].iloc[0]
    assert whole[["covered", "not_covered", "unknown"]].tolist() == pytest.approx([10, 10, 10])


# -- the command ---------------------------------------------------------------------------------------------------------


def command(*words: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, words)])


def test_the_command_prints_exactly_the_declared_json(tmp_path: Path, district: Path) -> None:
    file = streets(tmp_path, {"light": "是"}, {"light": "half"})
    done = command(
        file,
        "--district",
        district,
        "--layer",
        "back_streets",
        "--field",
        "lit=light",
        "--round",
        ROUND,
        "--format",
        "json",
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert list(report) == [
        "layer",
        "round",
        "rows_read",
        "rows_taken",
        "left_out",
        "proposals",
        "findings",
    ]
    assert (report["layer"], report["round"], report["rows_read"], report["rows_taken"]) == (
        "back_streets",
        ROUND,
        2,
        2,
    )
    (unreadable,) = [item for item in report["findings"] if item["code"] == "unreadable-value"]
    assert list(unreadable) == [
        "code",
        "severity",
        "layer",
        "rows",
        "found",
        "expected",
        "remedy",
        "repairable",
    ]
    assert unreadable["rows"] == ["feature 2"]


def test_the_command_shows_a_table_of_what_was_left_out(tmp_path: Path, district: Path) -> None:
    file = geojson(
        tmp_path / "a.geojson",
        [(line(), {"id": "a", "name": "[red]街"}), (Point(0, 0), {"id": "b"})],
    )
    done = command(file, "--district", district, "--layer", "back_streets", "--round", ROUND)
    assert done.exit_code == 0, done.output
    assert "feature 2" in done.stdout
    assert "Point, not LineString" in done.stdout
    assert "1 of 2 rows taken" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.gpkg", "--layer", "back_streets"], "no such file"),
        (["FILE"], "no layer named"),
        (["FILE", "--layer", "streets"], "no layer named 'streets'"),
        (["FILE", "--layer", "ndvi"], "streets.geojson is GeoJSON"),
        (["FILE", "--layer", "back_streets", "--field", "lit"], "write NAME=COLUMN"),
        (["FILE", "--layer", "back_streets", "--round", "yesterday"], "YYYY-MM-DD"),
        (["FILE", "--layer", "back_streets", "--mapping", "nowhere.toml"], "not found"),
    ],
)
def test_a_fault_of_input_is_one_message_and_status_2(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], message: str,
) -> None:  # fmt: skip
    file = streets(tmp_path, {})
    given = [str(file) if word == "FILE" else word for word in words]
    monkeypatch.setattr("sys.argv", ["atlas", "import", *given, "--district", str(district)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_a_folder_that_is_no_district_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        DeclarationError, match=r"a district is a folder with a district\.toml in it"
    ):
        import_file(tmp_path, streets(tmp_path, {}), "back_streets")


# -- real files -------------------------------------------------------------------------------------------------------------


@needs_samples
def test_the_gbk_sample_imports_once_its_crs_is_said(district: Path) -> None:
    fields = ["id=#row", "name=NAME"]
    file = SAMPLES / "res2_4m.shp"
    with pytest.raises(DataError, match="no coordinate system"):
        import_file(district, file, "work_units", fields=fields, round=ROUND)
    report = import_file(district, file, "work_units", fields=fields, crs="EPSG:4214", round=ROUND)
    assert (report.rows_read, report.rows_taken) == (331, 331)
    frame = stored(district, "work_units")
    assert {"三亚", "北京", "景德镇"} <= set(frame["name"])
    assert "text read as GB18030" in findings(report)["file"].found
    assert frame["src_row"].iloc[0] == "record 1"


@needs_samples
def test_a_key_that_is_none_leaves_out_all_but_the_first_and_says_so(district: Path) -> None:
    report = import_file(
        district, SAMPLES / "res2_4m.shp", "work_units",
        fields=["id=ADCLASS", "name=NAME"], crs="EPSG:4214", round=ROUND,
    )  # fmt: skip
    kept = stored(district, "work_units")
    assert kept["id"].is_unique
    assert report.rows_taken == len(kept) == 331 - len(report.left_out)
    assert all("already" in item.reason or "a copy of" in item.reason for item in report.left_out)
    assert len(report.left_out) > 300


def test_naming_the_file_of_a_district_names_its_folder(tmp_path: Path, district: Path) -> None:
    assert geo.open_district(district / "district.toml").spec.code == "999999"
    (tmp_path / "notes.toml").write_text("", encoding="utf-8")
    with pytest.raises(DeclarationError, match="is a file; a district is a folder"):
        geo.open_district(tmp_path / "notes.toml")


def test_no_folder_for_temporary_files_is_one_message(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = streets(tmp_path, {})

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none)
    done = command(file, "--district", district, "--layer", "back_streets", "--round", ROUND)
    assert isinstance(done.exception, DataError)
    assert "set TMPDIR to such a folder" in str(done.exception)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("geo.importing.plan.Plan.read", "stopped; nothing was changed"),
        (
            "geo.importing.plan.Plan.keep",
            f"stopped, but only after back_streets was written to round {ROUND}; `atlas undo`",
        ),
    ],
)
def test_whoever_stops_an_import_is_told_the_truth(
    tmp_path: Path, district: Path, monkeypatch: pytest.MonkeyPatch, where: str, said: str
) -> None:
    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, stop)
    file = streets(tmp_path, {})
    done = command(file, "--district", district, "--layer", "back_streets", "--round", ROUND)
    assert done.exit_code == 130
    assert said in done.stderr
    assert (open_store(district / "rounds").rounds() == (ROUND,)) == ("written" in said)


def test_a_file_or_a_table_of_nothing_is_said_to_be_so(tmp_path: Path, district: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(DataError, match=r"an empty file \(0 bytes\)"):
        import_file(district, tmp_path / "a.csv", "lamps", round=ROUND)
    (tmp_path / "b.csv").write_text("id,lon,lat\n", encoding="utf-8")
    with pytest.raises(DataError, match="a table without a single row"):
        import_file(district, tmp_path / "b.csv", "lamps", round=ROUND)


def test_what_was_not_used_and_what_is_lacking_are_named(tmp_path: Path, district: Path) -> None:
    file = streets(tmp_path, {"hardened": True, "备注列": "x"})
    report = import_file(district, file, "back_streets", round=ROUND, dry_run=True)
    found = {finding.code: finding for finding in report.findings}
    assert found["field-mapping"].found.endswith("; not used: 备注列")
    lacking = found["unmapped-field"]
    assert lacking.severity == "warning"
    assert "lit" in lacking.found
    assert "hardened" not in lacking.found.split(":")[0]
    assert "lighting.back_streets" in lacking.found
