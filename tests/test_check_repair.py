"""`atlas check --repair`: only what decides nothing, in a copy, with every change listed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import made
import pandas as pd
import pytest
from shapely import LineString, Polygon
from test_check import LOOPED, codes, more, rows, sound
from test_cli import atlas
from typer.testing import CliRunner

from geo.check.places import require_place_file, write_places
from geo.check.repair import repair_round
from geo.check.report import check_round
from geo.cli import app
from geo.coverage import coverage_of
from geo.errors import DataError, StoreError, UnknownNameError
from geo.store import open_store
from geo.survey import Survey, open_survey


def broken() -> dict[str, Any]:
    """A district with one fault of each kind that can be repaired, and some that cannot."""
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(LOOPED)
    frames["villages"].loc[1, "geometry"] = made.placed(
        Polygon([(1000, 0), (2000, 1000), (2000, 0), (1000, 1000)])
    )
    frames["back_streets"].loc[0, "name"] = "东风路".encode("gbk").decode("latin-1")
    frames["back_streets"].loc[1, "geometry"] = made.placed(LineString([(5, 5), (5, 5)]))
    road = {"name": "东路", "geometry": LineString([(0, 500), (800, 500)])}
    frames["roads"] = rows("roads", road, road, {**road, "name": "西路"})
    frames["notes"] = pd.DataFrame({"text": ["kept as it is"]})
    return frames


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    return open_survey(made.write_district(tmp_path, broken()))


def test_only_what_is_safe_is_changed_and_all_of_it_listed(survey: Survey) -> None:
    before = survey.store.digest(survey.round)
    report = repair_round(survey)
    assert (report.source, report.round) == ("2007-06-30", "2007-07-01")
    assert [(item.code, item.layer, item.row) for item in report.changes] == [
        ("mojibake", "back_streets", "S1"),
        ("duplicate-row", "roads", 2),
        ("invalid-geometry", "villages", "V00"),
    ]
    assert "→ '东风路'" in report.changes[0].change
    assert report.changes[2].change.startswith("redrawn by structure, ")
    assert report.changes[2].change.endswith(" m²")
    # The round it was made from is as it was.
    assert survey.store.digest(survey.round) == before

    repaired = open_survey(survey.district, "2007-07-01")
    assert repaired.frame("back_streets")["name"].tolist() == ["东风路", "S2", "S3", "S4"]
    assert repaired.frame("roads")["name"].tolist() == ["东路", "西路"]
    assert repaired.store.read("2007-07-01", "notes")["text"].tolist() == ["kept as it is"]
    left = check_round(repaired)
    assert codes(left)[0] == "invalid-geometry"
    assert left.findings[0].rows == ("V01",)
    assert not any(finding.repairable for finding in left.findings)


def test_what_is_left_alone_keeps_every_byte_of_its_meaning(survey: Survey) -> None:
    repair_round(survey)
    store = survey.store
    for table in ("towns", "boundary_edges", "back_streets"):
        old, new = store.read("2007-06-30", table), store.read("2007-07-01", table)
        columns = [name for name in old.columns if name not in ("geometry", "name")]
        assert old[columns].equals(new[columns]), table
        assert old.geometry.to_wkb().tolist() == new.geometry.to_wkb().tolist()
        assert old.crs == new.crs


def test_the_new_round_says_what_was_done_to_it(survey: Survey) -> None:
    repair_round(survey)
    records = {item.layer: item for item in survey.store.imports("2007-07-01")}
    assert set(records) == {"villages", "roads", "back_streets"}
    record = records["roads"]
    assert (record.file, record.rows_read, record.rows_taken) == (
        "round 2007-06-30, repaired",
        3,
        2,
    )
    (change,) = json.loads(record.mapping)["repair"]
    assert change["code"] == "duplicate-row"


def test_a_repair_of_copies_mends_the_figures(tmp_path: Path) -> None:
    frames = sound()
    frames["back_streets"] = more(frames["back_streets"], frames["back_streets"].iloc[:1])
    survey = open_survey(made.write_district(tmp_path, frames))
    assert (
        codes(check_round(survey)) == ["duplicate-key", "duplicate-row", "duplicate-geometry"][:2]
    )
    report = repair_round(survey)
    assert [item.code for item in report.changes] == ["duplicate-row"]
    mended = open_survey(tmp_path, report.round)
    assert check_round(mended).findings == ()
    figures = coverage_of(mended, ["hardening.back_streets"])
    (district,) = figures[
        (figures["level"] == "district") & (figures["scope"] == "all")
    ].itertuples()
    assert district.total == pytest.approx(3200)


def test_nothing_to_repair_writes_no_round(tmp_path: Path) -> None:
    survey = open_survey(made.write_district(tmp_path, sound()))
    report = repair_round(survey)
    assert (report.round, report.changes) == (None, ())
    assert open_store(survey.district.rounds_folder).rounds() == ("2007-06-30",)


def test_a_round_that_exists_is_never_written_over(survey: Survey) -> None:
    before = survey.store.digest("2007-06-30")
    with pytest.raises(StoreError):
        repair_round(survey, to="2007-06-30")
    assert survey.store.digest("2007-06-30") == before
    assert survey.store.rounds() == ("2007-06-30",)


def test_only_the_layers_asked_for_are_touched(survey: Survey) -> None:
    report = repair_round(survey, ["roads"], to="2008-01-01")
    assert {item.layer for item in report.changes} == {"roads"}
    assert report.round == "2008-01-01"
    with pytest.raises(UnknownNameError):
        repair_round(survey, ["lanes"])


def test_references_and_keys_are_not_text_to_mend(tmp_path: Path) -> None:
    frames = sound()
    garbled = "甲一".encode("gbk").decode("latin-1")
    frames["back_streets"].loc[0, "id"] = garbled
    survey = open_survey(made.write_district(tmp_path, frames))
    (finding,) = check_round(survey).findings
    assert (finding.code, finding.repairable) == ("mojibake", False)
    assert repair_round(survey).round is None


# ---------------------------------------------------------------- the command


def test_json_has_the_declared_shape(tmp_path: Path) -> None:
    made.write_district(tmp_path, broken())
    done = atlas("check", "--district", str(tmp_path), "--format", "json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert list(answer) == ["findings"]
    keys = ["code", "severity", "layer", "rows", "found", "expected", "remedy", "repairable"]
    assert all(list(finding) == keys for finding in answer["findings"])
    severities = [finding["severity"] for finding in answer["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    copies = [finding for finding in answer["findings"] if finding["code"] == "duplicate-row"]
    assert copies[0]["rows"] == [2]


def test_csv_and_table_hold_the_same_findings(tmp_path: Path) -> None:
    made.write_district(tmp_path, broken())
    answer = json.loads(atlas("check", "--district", str(tmp_path), "--format", "json").stdout)
    text = atlas("check", "--district", str(tmp_path), "--format", "csv").stdout
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["code"] for line in lines] == [item["code"] for item in answer["findings"]]
    table = atlas("check", "--district", str(tmp_path))
    for finding in answer["findings"]:
        assert finding["code"] in table.stdout
        assert finding["found"] in table.stdout
    assert "方格区, round 2007-06-30: 1 error" not in table.stdout
    assert "round 2007-06-30: " in table.stderr


def test_places_of_the_findings_are_a_layer_in_a_file(tmp_path: Path) -> None:
    made.write_district(tmp_path / "d", broken())
    report = check_round(open_survey(tmp_path / "d"))
    for name in ("found.geojson", "found.gpkg"):
        assert write_places(report, tmp_path / name) == len(report.places())
        layer = gpd.read_file(tmp_path / name)
        assert layer.crs.to_epsg() == 4326
        assert list(layer["code"]) == list(report.places()["code"])
        assert set(layer["layer"]) <= {finding.layer for finding in report.findings}
    with pytest.raises(DataError, match=r"one of \.geojson, \.gpkg"):
        require_place_file(tmp_path / "found.shp")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "found.geojson", "found.gpkg"]


def test_a_script_can_tell_that_an_error_is_left(tmp_path: Path) -> None:
    made.write_district(tmp_path / "bad", broken())
    made.write_district(tmp_path / "good", sound())
    runner = CliRunner()

    def status(folder: str, *more: str) -> int:
        return runner.invoke(app, ["check", "--district", str(tmp_path / folder), *more]).exit_code

    assert [finding.severity for finding in check_round(open_survey(tmp_path / "bad")).findings]
    assert (status("bad"), status("good", "--fail-on", "warning")) == (0, 0)
    assert status("bad", "--fail-on", "warning") == 2
    output = tmp_path / "found.geojson"
    assert status("bad", "--fail-on", "error", "-o", str(output)) == 2
    assert output.is_file()


def test_repair_by_command_lists_what_it_changed(tmp_path: Path) -> None:
    made.write_district(tmp_path, broken())
    done = atlas(
        "check", "--district", str(tmp_path), "--repair", "--to", "2007-07-15", "--format", "json"
    )
    answer = json.loads(done.stdout)
    assert answer["repair"]["round"] == "2007-07-15"
    assert len(answer["repair"]["changes"]) == 3
    assert "3 changes written to round 2007-07-15; 2007-06-30 is as it was" in done.stderr
    assert (tmp_path / "rounds" / "2007-07-15.gpkg").is_file()


def test_faults_of_the_command_line_are_answered(tmp_path: Path) -> None:
    made.write_district(tmp_path, sound())
    for arguments, said in (
        (("--layer", "lanes"), "no layer named 'lanes'"),
        (("--round", "1999-01-01"), "no round named '1999-01-01'"),
        (("--repair", "--to", "soon"), "YYYY-MM-DD"),
    ):
        done = atlas("check", "--district", str(tmp_path), *arguments)
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert "Traceback" not in done.stderr
