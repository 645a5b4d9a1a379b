"""What coordinates are taken for: each defect as a small made file, the exact proposal, and the right place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box
from typer.testing import CliRunner

from geo import crs
from geo.check.report import check_round
from geo.cli import app
from geo.errors import DataError
from geo.importing import ImportReport, import_file
from geo.rounds import undo_import
from geo.store import open_store
from geo.store.base import witnesses
from geo.survey import open_survey

ROUND, NEXT = "2007-06-30", "2007-12-31"
METRIC = "EPSG:4549"
WEST, SOUTH = 485_000.0, 3_590_000.0
DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""


def villages() -> gpd.GeoDataFrame:
    """Five by five villages of one square kilometre, about 32.4° N 119.85° E."""
    cells = [(column, row) for row in range(5) for column in range(5)]
    shapes = [
        box(WEST + 1000 * x, SOUTH + 1000 * y, WEST + 1000 * x + 1000, SOUTH + 1000 * y + 1000)
        for x, y in cells
    ]
    codes = [f"{number:03}" for number in range(len(cells))]
    return gpd.GeoDataFrame(
        {"code": codes, "name": [f"村{code}" for code in codes]}, geometry=shapes, crs=METRIC
    )


def streets(count: int = 60, seed: int = 7) -> gpd.GeoDataFrame:
    """Streets of 200 m strewn over the villages, each in its own direction."""
    chance = np.random.default_rng(seed)
    starts = np.column_stack(
        [WEST + chance.uniform(200, 4800, count), SOUTH + chance.uniform(200, 4800, count)]
    )
    turns = chance.uniform(0, np.pi, count)
    ends = starts + 200 * np.column_stack([np.cos(turns), np.sin(turns)])
    shapes = [LineString(pair) for pair in zip(starts, ends, strict=True)]
    return gpd.GeoDataFrame(
        {"id": [f"s{number:03}" for number in range(count)]}, geometry=shapes, crs=METRIC
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("placing") / "squares"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    store = open_store(folder / "rounds")
    store.write(ROUND, {"villages": villages(), "back_streets": streets()})
    return folder


@pytest.fixture
def district(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "squares"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    return folder


def written(folder: Path, frame: gpd.GeoDataFrame, system: Any = None) -> Path:
    """A GeoPackage of the very coordinates of a frame, said to be in a system, or in none."""
    path = folder / "file.gpkg"
    frame.set_crs(system, allow_override=True).to_file(path, driver="GPKG")
    return path


def as_file(
    folder: Path,
    frame: gpd.GeoDataFrame,
    coordinates: Any,
    states: Any = None,
    swapped: bool = False,
) -> Path:
    """The frame with its coordinates in one system, said to be in another."""
    moved = frame.to_crs(coordinates)
    if swapped:
        turned = shapely.transform(moved.geometry.to_numpy(), lambda xy: xy[:, ::-1])
        moved = moved.set_geometry(gpd.GeoSeries(turned, index=moved.index, crs=moved.crs))
    return written(folder, moved, states)


def shifted(frame: gpd.GeoDataFrame, shift: str) -> gpd.GeoDataFrame:
    """The frame as a map service shows it, in longitude and latitude."""
    put_on = crs.wgs84_to_gcj02 if shift == "gcj02" else crs.wgs84_to_bd09
    degrees = frame.to_crs("EPSG:4326")
    moved = shapely.transform(
        degrees.geometry.to_numpy(), lambda xy: np.column_stack(put_on(xy[:, 0], xy[:, 1]))
    )
    return degrees.set_geometry(gpd.GeoSeries(moved, index=degrees.index, crs="EPSG:4326"))


def take(district: Path, file: Path, layer: str = "back_streets", **options: Any) -> ImportReport:
    return import_file(district, file, layer, round=NEXT, **options)


def off_m(
    district: Path, truth: gpd.GeoDataFrame, layer: str = "back_streets", round_: str = NEXT
) -> float:
    """How far the stored rows lie from the truth, at most."""
    stored = open_store(district / "rounds").read(round_, layer).to_crs(METRIC)
    assert len(stored) == len(truth)
    pairs = zip(stored.geometry, truth.geometry, strict=True)
    return max(shapely.hausdorff_distance(one, other) for one, other in pairs)


def codes(report: ImportReport) -> list[tuple[str, bool]]:
    return [(item.code, item.accepted) for item in report.proposals]


def found(report: ImportReport) -> dict[str, str]:
    return {item.code: item.found for item in report.findings}


def nothing_written(district: Path) -> bool:
    return open_store(district / "rounds").rounds() in ((), (ROUND,))


# -- the file does not say -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "says"),
    [
        ("EPSG:4326", "taken as EPSG:4326"),
        ("EPSG:4549", "taken as EPSG:4549"),
        ("EPSG:4528", "eastings begin with 40, the number of a zone; taken as EPSG:4528"),
        ("EPSG:4548", "taken as EPSG:4548"),
        ("EPSG:4498", "eastings begin with 20, the number of a zone; taken as EPSG:4498"),
        ("EPSG:32650", "taken as EPSG:"),
        ("EPSG:3857", "taken as EPSG:3857"),
    ],
)
def test_an_unstated_system_is_proposed_and_taken_only_when_accepted(
    tmp_path: Path, district: Path, system: str, says: str
) -> None:
    file = as_file(tmp_path, streets(), system)
    with pytest.raises(DataError, match="no coordinate system in the file") as refused:
        take(district, file)
    assert says in str(refused.value)
    assert "--accept-proposals" in str(refused.value)
    assert nothing_written(district)
    report = take(district, file, accept_proposals=True)
    assert codes(report) == [("assume-crs", True)]
    assert says in report.proposals[0].evidence
    assert off_m(district, streets()) < (0.05 if system != "EPSG:32650" else 2000)


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4549", "EPSG:4528"])
def test_an_unstated_system_with_its_axes_swapped(
    tmp_path: Path, district: Path, system: str
) -> None:
    file = as_file(tmp_path, streets(), system, swapped=True)
    with pytest.raises(DataError, match="comes first: with the axes swapped"):
        take(district, file)
    report = take(district, file, accept_proposals=True)
    assert codes(report) == [("assume-crs", True), ("swapped-axes", True)]
    assert off_m(district, streets()) < 0.05


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
def test_unstated_degrees_that_are_shifted_are_known_by_the_streets_already_here(
    tmp_path: Path, district: Path, shift: str
) -> None:
    file = written(tmp_path, shifted(streets(), shift))
    with pytest.raises(DataError, match=f"this is {'GCJ-02' if shift == 'gcj02' else 'BD-09'}"):
        take(district, file)
    report = take(district, file, accept_proposals=True)
    assert codes(report) == [("assume-crs", True), ("datum-shift", True)]
    assert off_m(district, streets()) < 0.05
    assert open_store(district / "rounds").imports(NEXT)[0].crs == shift


def test_degrees_in_an_empty_district_are_taken_for_what_its_metric_system_is_for(
    tmp_path: Path, empty: Path
) -> None:
    file = as_file(tmp_path, streets(), "EPSG:4326")
    with pytest.raises(DataError, match="nothing here tells whether they are shifted"):
        take(empty, file)
    report = take(empty, file, accept_proposals=True)
    assert codes(report) == [("assume-crs", True)]


def test_rows_that_would_lie_nowhere_near_are_refused_whatever_is_accepted(
    tmp_path: Path, district: Path
) -> None:
    far = streets().translate(0, -1_000_000)
    file = written(tmp_path, streets().set_geometry(far))
    with pytest.raises(DataError, match="say which it is with --crs") as refused:
        take(district, file, accept_proposals=True)
    assert "accept-proposals" not in str(refused.value)


# -- the file says what cannot be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coordinates", "states", "swapped", "code", "says"),
    [
        ("EPSG:4326", "EPSG:4326", True, "swapped-axes", "latitude comes first"),
        ("EPSG:4549", "EPSG:4549", True, "swapped-axes", "northing comes first"),
        ("EPSG:4528", "EPSG:4549", False, "zone-prefix", "begin with 40"),
        ("EPSG:4549", "EPSG:4528", False, "zone-prefix", "begin with no number"),
        ("EPSG:4549", "EPSG:4548", False, "wrong-zone", "a zone about 117° E"),
        ("EPSG:4549", "EPSG:4543", False, "wrong-zone", "a zone about 102° E"),
        ("EPSG:4326", "EPSG:4549", False, "degrees-in-metric-crs", "holds degrees"),
        ("EPSG:4549", "EPSG:4326", False, "metres-in-degrees-crs", "holds no degrees"),
        ("EPSG:3857", "EPSG:4549", False, "wrong-crs", "taken as EPSG:3857"),
    ],
)
def test_a_system_that_contradicts_the_district_is_refused_with_a_better_one(
    tmp_path: Path,
    district: Path,
    coordinates: str,
    states: str,
    swapped: bool,
    code: str,
    says: str,
) -> None:
    file = as_file(tmp_path, streets(), coordinates, states, swapped)
    with pytest.raises(DataError, match="the file states") as refused:
        take(district, file)
    assert says in str(refused.value)
    assert "within the district's extent" in str(refused.value)
    assert nothing_written(district)
    report = take(district, file, accept_proposals=True)
    assert codes(report) == [(code, True)]
    assert off_m(district, streets()) < 0.05


def test_what_the_user_says_is_followed_against_the_evidence(
    tmp_path: Path, district: Path
) -> None:
    file = as_file(tmp_path, streets(), "EPSG:4549", "EPSG:4548")
    report = take(district, file, crs="EPSG:4548")
    assert codes(report) == []
    assert "km from villages of round 2007-06-30" in found(report)["outside-district"]
    assert open_store(district / "rounds").read(NEXT, "back_streets").crs.to_epsg() == 4548


def test_rows_elsewhere_that_no_other_system_brings_here_are_taken_with_a_warning(
    tmp_path: Path, district: Path
) -> None:
    far = streets().set_geometry(streets().translate(300_000, 0))
    report = take(district, written(tmp_path, far, METRIC))
    assert "298 km from villages" in found(report)["outside-district"]
    assert report.rows_taken == 60


def test_a_few_rows_astray_are_listed_with_what_would_bring_them_back(
    tmp_path: Path, district: Path
) -> None:
    frame = streets().to_crs("EPSG:4326")
    shapes = frame.geometry.to_numpy().copy()
    shapes[3] = shapely.transform(shapes[3], lambda xy: xy[:, ::-1])
    shapes[8] = LineString([(0, 0), (0, 0.001)])
    file = written(tmp_path, frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)), "EPSG:4326")
    report = take(district, file)
    found = {item.code: item for item in report.findings}
    assert found["outside-district"].rows == ("fid 9",)
    assert [item.row for item in report.left_out] == ["fid 4"]
    impossible = found["impossible-coordinates"]
    assert impossible.rows == ("fid 4",)
    assert "1 would lie in the district with their axes swapped" in impossible.found


@pytest.mark.parametrize("said", ["EPSG:4326", None])
def test_one_slip_of_the_hand_costs_the_other_rows_of_a_table_nothing(
    tmp_path: Path, district: Path, said: str | None
) -> None:
    lines = ["编号,经度,纬度", *(f"L{number},{119.9 + number / 1e4},32.5" for number in range(30))]
    lines[5] = "L4,1199.04,32.5"
    lines[9] = "L8,,32.5"
    file = tmp_path / "lamps.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    report = import_file(
        district, file, "lamps", crs=said, accept_proposals=said is None, dry_run=True
    )
    assert (report.rows_read, report.rows_taken) == (30, 28)
    reasons = {item.row: item.reason for item in report.left_out}
    assert reasons["line 6"] == "coordinates 1199.04, 32.5 are no longitude and latitude"


# -- it says what could be, and is shifted ---------------------------------------------------------------------


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
@pytest.mark.parametrize("states", ["EPSG:4326", "EPSG:4490", "EPSG:4549"])
def test_shifted_coordinates_are_taken_as_stated_with_a_warning_until_accepted(
    tmp_path: Path, district: Path, shift: str, states: str
) -> None:
    file = as_file(tmp_path, shifted(streets(), shift), states, states)
    report = take(district, file)
    assert codes(report) == [("datum-shift", False)]
    name, metres, bearing = {"gcj02": ("GCJ-02", 510, 119), "bd09": ("BD-09", 1140, 67)}[shift]
    evidence = found(report)["datum-shift"]
    assert f"this is {name}" in evidence
    assert "60 rows of the same key in the back_streets of round 2007-06-30" in evidence
    told = [
        float(word) for word in evidence.replace("°", "").replace(",", "").split() if word.isdigit()
    ]
    assert told[0] == pytest.approx(metres, abs=25)
    assert told[1] == pytest.approx(bearing, abs=8)
    assert off_m(district, streets()) == pytest.approx(metres, abs=25)


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_says_how_a_proposal_is_taken(
    tmp_path: Path, district: Path, dry: bool
) -> None:
    file = as_file(tmp_path, shifted(streets(), "gcj02"), "EPSG:4326", "EPSG:4326")
    command = ["import", str(file), "--district", str(district), "--layer", "back_streets"]
    command += ["--round", NEXT]
    told = "1 proposal was not taken (datum-shift): --accept-proposals takes it"
    result = CliRunner().invoke(app, [*command, *["--dry-run"] * dry])
    assert result.exit_code == 0
    last = result.stderr.splitlines()[-1]
    undo = f"; first take this import back: atlas undo --district {district} --round {NEXT}"
    assert last.endswith(told if dry else told + undo)
    if not dry:
        undo_import(district, NEXT)
    assert "not taken" not in CliRunner().invoke(app, [*command, "--accept-proposals"]).stderr


def test_a_shift_that_is_accepted_is_taken_off(tmp_path: Path, district: Path) -> None:
    file = as_file(tmp_path, shifted(streets(), "gcj02"), "EPSG:4326", "EPSG:4326")
    report = take(district, file, accept_proposals=True)
    assert codes(report) == [("datum-shift", True)]
    assert "datum-shift" not in found(report)
    assert off_m(district, streets()) < 0.01


LATER = "2008-06-30"


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
def test_a_shift_taken_in_once_does_not_hide_it_in_the_next_import(
    tmp_path: Path, district: Path, shift: str
) -> None:
    file = as_file(tmp_path, shifted(streets(), shift), "EPSG:4326", "EPSG:4326")
    assert codes(take(district, file)) == [("datum-shift", False)]  # taken as stated
    report = import_file(district, file, "back_streets", round=LATER, accept_proposals=True)
    assert codes(report) == [("datum-shift", True)]
    evidence = report.proposals[0].evidence
    assert "60 rows of the same key in the back_streets of round 2007-06-30" in evidence
    assert evidence.endswith(f"round {NEXT} has them where these are, and so is shifted alike")
    assert evidence.zh.endswith(f"{NEXT} 轮次与之位置一致，因而有同样的偏移")
    assert off_m(district, streets(), round_=LATER) < 0.01


def test_a_check_sees_the_shift_of_two_rounds_that_agree(tmp_path: Path, district: Path) -> None:
    file = as_file(tmp_path, shifted(streets(), "gcj02"), "EPSG:4326", "EPSG:4326")
    for round_ in (NEXT, LATER):
        import_file(district, file, "back_streets", round=round_)
    told = [
        item
        for item in check_round(open_survey(district, LATER)).findings
        if item.code == "datum-shift"
    ]
    assert [item.layer for item in told] == ["back_streets"]
    assert f"against back_streets of round {ROUND} (60 rows with the same key)" in told[0].found
    assert told[0].found.endswith(
        f"round {NEXT} has them at the same place, and so is shifted alike"
    )
    # The round that started it all is told of as before.
    first = check_round(open_survey(district, NEXT)).findings
    assert [item.layer for item in first if item.code == "datum-shift"] == ["back_streets"]


@pytest.mark.parametrize("said", [None, "EPSG:4326", "gcj02"])
def test_a_round_that_is_shifted_where_the_file_is_not_is_said(
    tmp_path: Path, district: Path, said: str | None
) -> None:
    file = as_file(tmp_path, shifted(streets(), "gcj02"), "EPSG:4326", "EPSG:4326")
    take(district, file)
    if said != "gcj02":
        file = as_file(tmp_path, streets(), "EPSG:4326", "EPSG:4326")
    report = import_file(
        district, file, "back_streets", round=LATER, accept_proposals=True, crs=said
    )
    assert codes(report) == []
    (told,) = [item for item in report.findings if item.code == "round-shifted"]
    assert told.severity == "warning"
    # The opposite of the bearing in which the round is shifted.
    assert "60 rows lie 514 m, bearing 299°, from those of the same key" in told.found
    assert f"in the back_streets of round {NEXT}" in told.found
    assert "with GCJ-02 taken off it they are 0 m apart" in told.found
    assert f"atlas check --round {NEXT}" in told.remedy
    assert "60 行距2007-12-31 轮次的" in told.found.zh
    assert off_m(district, streets(), round_=LATER) < 0.01


def test_an_older_round_that_was_shifted_is_not_held_against_one_that_was_put_right(
    tmp_path: Path, district: Path
) -> None:
    file = as_file(tmp_path, shifted(streets(), "gcj02"), "EPSG:4326", "EPSG:4326")
    take(district, file)
    right = as_file(tmp_path, streets(), METRIC, METRIC)
    for round_ in (LATER, "2008-12-31"):
        report = import_file(district, right, "back_streets", round=round_)
    assert "round-shifted" not in found(report)


def test_a_small_displacement_of_another_kind_does_not_hide_an_older_rounds_shift(
    tmp_path: Path, district: Path
) -> None:
    wrong = shifted(streets(), "gcj02").to_crs(METRIC)
    import_file(district, written(tmp_path, wrong, METRIC), "back_streets", round=NEXT)
    drawn_anew = wrong.set_geometry(wrong.translate(3, 0))
    file = written(tmp_path, drawn_anew, METRIC)
    report = import_file(district, file, "back_streets", round=LATER)
    assert codes(report) == [("datum-shift", False)]
    assert f"the back_streets of round {ROUND}; this is GCJ-02" in found(report)["datum-shift"]
    assert "alike" not in found(report)["datum-shift"]
    told = [
        item.found
        for item in check_round(open_survey(district, LATER)).findings
        if item.code == "datum-shift"
    ]
    assert len(told) == 1
    assert told[0].endswith("this is GCJ-02")


def test_no_more_rounds_are_read_than_have_something_to_say(tmp_path: Path, district: Path) -> None:
    file = as_file(tmp_path, streets(), METRIC, METRIC)
    dates = [f"2008-{month:02}-15" for month in range(1, 7)]
    for round_ in dates:
        import_file(district, file, "back_streets", round=round_)
    store = open_store(district / "rounds")
    assert [round_ for round_, _ in witnesses(store, "back_streets", store.rounds()[::-1])] == [
        dates[-1],
        ROUND,
    ]
    moment = "2008-07-01T08:00:00+08:00"
    store.publish(dates[1], by="甲", at=moment, onto=store.digest(dates[1]))
    assert [round_ for round_, _ in witnesses(store, "back_streets", store.rounds()[::-1])] == [
        dates[-1],
        dates[1],
        ROUND,
    ]


def test_streets_without_keys_in_common_are_known_by_their_course(
    tmp_path: Path, district: Path
) -> None:
    frame = streets().assign(id=lambda rows: "new-" + rows["id"])
    report = take(district, as_file(tmp_path, shifted(frame, "gcj02"), "EPSG:4326", "EPSG:4326"))
    assert codes(report) == [("datum-shift", False)]
    assert "against the back_streets of round 2007-06-30" in found(report)["datum-shift"]


def test_points_are_known_by_the_units_they_name(tmp_path: Path, district: Path) -> None:
    units = villages()
    spots = pd.concat([units] * 4).reset_index(drop=True)
    chance = np.random.default_rng(3)
    x = spots.geometry.centroid.x + chance.uniform(-480, 480, len(spots))
    y = spots.geometry.centroid.y + chance.uniform(-480, 480, len(spots))
    frame = gpd.GeoDataFrame(
        {"id": [f"w{n}" for n in range(len(spots))], "unit_code": spots["code"]},
        geometry=gpd.points_from_xy(x, y), crs=METRIC,
    )  # fmt: skip
    file = as_file(tmp_path, shifted(frame, "gcj02"), "EPSG:4326", "EPSG:4326")
    report = take(district, file, "weak_spots")
    assert codes(report) == [("datum-shift", False)]
    assert "that unit_code names" in found(report)["datum-shift"]
    assert "0% with that taken off" in found(report)["datum-shift"]


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_what_lies_where_it_should_raises_no_doubt(
    tmp_path: Path, district: Path, seed: int
) -> None:
    # Seed 7 draws the streets that are there already, the others new ones.
    file = as_file(tmp_path, streets(seed=seed), "EPSG:4326", "EPSG:4326")
    report = take(district, file, accept_proposals=True)
    assert codes(report) == []
    assert "datum-shift" not in found(report)


def test_a_displacement_of_another_kind_is_said_and_left_alone(
    tmp_path: Path, district: Path
) -> None:
    moved = streets().set_geometry(streets().translate(60, -70))
    report = take(district, written(tmp_path, moved, METRIC), accept_proposals=True)
    assert codes(report) == []
    assert "neither GCJ-02 nor BD-09" in found(report)["datum-shift"]
    assert "shifted by 92 m, bearing 139°" in found(report)["datum-shift"]


def test_columns_that_speak_of_amap_are_believed_when_accepted(tmp_path: Path, empty: Path) -> None:
    lamps = gpd.GeoDataFrame(geometry=[Point(WEST, SOUTH)], crs=METRIC)
    point = shifted(lamps, "gcj02").geometry.iloc[0]
    file = tmp_path / "lamps.csv"
    file.write_text(f"编号,高德经度,高德纬度\nL1,{point.x:.9f},{point.y:.9f}\n", encoding="utf-8")
    with pytest.raises(DataError, match="the names 高德经度 and 高德纬度 say so"):
        take(empty, file, "lamps")
    report = take(empty, file, "lamps", accept_proposals=True)
    assert [item.code for item in report.proposals] == ["assume-crs", "datum-shift"]
    assert off_m(empty, lamps, "lamps") < 0.01


# -- older datums ----------------------------------------------------------------------------------------------


def test_beijing_1954_is_brought_over_by_the_best_way_known_and_says_how_good_it_is(
    tmp_path: Path, empty: Path
) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(119.9, 32.5)], crs="EPSG:4214")
    report = take(empty, written(tmp_path, frame, "EPSG:4214"), "lamps")
    assert "good to 15 m" in found(report)["datum-accuracy"]
    stored = open_store(empty / "rounds").read(NEXT, "lamps")
    # By EPSG's "Beijing 1954 to WGS 84 (2)": 64 m east and 25 m north of the same figures.
    assert stored.crs.to_epsg() == 4326
    place = stored.to_crs(METRIC).geometry.iloc[0]
    same = gpd.GeoSeries([Point(119.9, 32.5)], crs="EPSG:4490").to_crs(METRIC).iloc[0]
    assert place.x - same.x == pytest.approx(64.5, abs=1)
    assert place.y - same.y == pytest.approx(24.7, abs=1)


@pytest.mark.parametrize("code", [4610, 2383, 2362])
def test_xian_1980_is_taken_with_a_warning(tmp_path: Path, empty: Path, code: int) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(119.9, 32.5)], crs="EPSG:4610")
    report = take(empty, as_file(tmp_path, frame, f"EPSG:{code}", f"EPSG:{code}"), "lamps")
    assert "Xian 1980" in found(report)["datum-accuracy"]
    assert "tens of metres" in found(report)["datum-accuracy"]


def test_a_modern_datum_raises_no_doubt(tmp_path: Path, empty: Path) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(119.9, 32.5)], crs="EPSG:4490")
    report = take(empty, written(tmp_path, frame, "EPSG:4490"), "lamps")
    assert "datum-accuracy" not in found(report)


@pytest.mark.parametrize("code", [*range(4502, 4555), 4490, 4326, 32650, 32651])
def test_every_system_of_the_list_puts_a_place_where_it_is(code: int) -> None:
    stated = crs.state(f"EPSG:{code}")
    truth = gpd.GeoSeries([Point(119.9, 32.5)], crs="EPSG:4490")
    there = truth.to_crs(stated.crs)
    if not np.isfinite(there.iloc[0].x):
        pytest.skip("the zone is too far away for PROJ")
    back = crs.straighten(gpd.GeoSeries(there.to_numpy()), stated).to_crs(METRIC)
    assert back.iloc[0].distance(truth.to_crs(METRIC).iloc[0]) < (
        0.01 if abs(code - 4549) < 4 else 5
    )
