"""`atlas check`: one fault in a small district of squares, and exactly the finding that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import made
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import GeometryCollection, LineString, Point, Polygon, box

from geo.catalog import load_catalog
from geo.check import network
from geo.check.report import CheckReport, check_round
from geo.check.text import read_again
from geo.check.titles import CODES
from geo.crs import wgs84_to_bd09, wgs84_to_gcj02
from geo.model import FieldSpec, Finding
from geo.survey import open_survey

CATALOG = load_catalog()
LAYERS = CATALOG.layers
CORE = ("boundary_edges", "towns", "villages")


def sound() -> dict[str, Any]:
    """Two by two villages of 1 km in two towns, a street in each, and nothing wrong with any of it."""
    villages = [
        {
            "code": f"V{row}{column}",
            "name": f"{row}排{column}列",
            "kind": "village",
            "town_code": f"T{row}",
            "certified": True,
            "geometry": box(1000 * column, 1000 * row, 1000 * column + 1000, 1000 * row + 1000),
        }
        for row in (0, 1)
        for column in (0, 1)
    ]
    towns = [
        {"code": "T0", "name": "南镇", "certified": True, "geometry": box(0, 0, 2000, 1000)},
        {"code": "T1", "name": "北镇", "certified": True, "geometry": box(0, 1000, 2000, 2000)},
    ]
    streets = [
        street("S1", (100, 100), (900, 100)),
        street("S2", (1100, 150), (1900, 150)),
        street("S3", (100, 1200), (900, 1200)),
        street("S4", (1100, 1250), (1900, 1250)),
    ]
    frames = {
        "towns": made.layer_rows(LAYERS["towns"], towns),
        "villages": made.layer_rows(LAYERS["villages"], villages),
        "back_streets": made.layer_rows(LAYERS["back_streets"], streets),
        "boundary_edges": made.edges(LAYERS["boundary_edges"], -10, -10, 2010, 2010),
    }
    frames["boundary_edges"]["status"] = "surveyed"
    frames["boundary_edges"]["basis"] = "survey"
    return frames


def street(name: str, *path: tuple[float, float], **fields: Any) -> dict[str, Any]:
    known = dict.fromkeys(LAYERS["back_streets"].bool_fields, True)
    values = {"id": name, "name": name, "zone": "urban", "width_m": 3.0, **known, **fields}
    return {**values, "geometry": LineString(path)}


def rows(layer: str, *values: Mapping[str, Any]) -> Any:
    return made.layer_rows(LAYERS[layer], values)


def more(frame: Any, extra: Any) -> Any:
    """The frame with further rows."""
    joined = pd.concat([frame, extra], ignore_index=True)
    return (
        gpd.GeoDataFrame(joined, geometry="geometry", crs=made.CRS)
        if "geometry" in joined
        else joined
    )


def check(frames: Mapping[str, Any], **options: Any) -> CheckReport:
    """A round that never saw a disk; that files come to the same is tested once."""
    return check_round(made.survey_of(frames, CATALOG), **options)


def codes(report: CheckReport) -> list[str]:
    return [finding.code for finding in report.findings]


def only(report: CheckReport) -> Finding:
    """The one finding there is."""
    assert len(report.findings) == 1, report.findings
    return report.findings[0]


def told(report: CheckReport, code: str) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.code == code]
    return finding


# ---------------------------------------------------------------- nothing wrong


def test_a_sound_round_has_no_findings(tmp_path: Path) -> None:
    assert check(sound()).findings == ()
    made.write_district(tmp_path, sound())
    assert check_round(open_survey(tmp_path)).findings == ()


def test_the_embedded_district_has_no_errors_and_few_remarks() -> None:
    report = check_round(open_survey())
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    assert len(report.findings) <= 5
    assert {"wide-corner"} <= set(codes(report))


# ---------------------------------------------------------------- what the declaration tells


def test_findings_of_conforming_come_through_with_their_places() -> None:
    frames = sound()
    frames["back_streets"]["width_m"] = ["wide", "3", "3", "3"]
    report = check(frames)
    finding = only(report)
    assert (finding.code, finding.severity, finding.rows) == (
        "unreadable-value",
        "warning",
        ("S1",),
    )
    (place,) = report.places().itertuples()
    assert (place.code, place.row) == ("unreadable-value", "S1")
    assert place.geometry.x == pytest.approx(120.005, abs=0.01)
    assert 30 < place.geometry.y < 34


def test_a_layer_without_crs_is_an_error() -> None:
    frames = sound()
    frames["back_streets"] = frames["back_streets"].set_crs(None, allow_override=True)
    finding = told(check(frames), "missing-crs")
    assert (finding.severity, finding.layer) == ("error", "back_streets")


def test_null_and_empty_geometry_are_listed() -> None:
    frames = sound()
    frames["back_streets"].loc[[0, 1], "geometry"] = [None, LineString()]
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("no-geometry", ("S1", "S2"))


def test_a_line_without_length_is_told() -> None:
    frames = sound()
    frames["back_streets"].loc[0, "geometry"] = made.placed(LineString([(5, 5), (5, 5)]))
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("zero-length", ("S1",))


def test_a_layer_of_two_kinds_names_the_rows_and_counts_the_kinds() -> None:
    frames = sound()
    frames["back_streets"].loc[1, "geometry"] = made.placed(box(0, 0, 10, 10))
    report = check(frames)
    assert told(report, "wrong-geometry").rows == ("S2",)
    assert told(report, "mixed-geometry").found == "one layer of 3 lines, 1 surface"


def test_a_bow_tie_is_an_error_that_nobody_can_safely_repair() -> None:
    frames = sound()
    tie = made.placed(Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)]))
    frames["villages"].loc[0, "geometry"] = tie
    finding = told(check(frames), "invalid-geometry")
    assert (finding.severity, finding.rows, finding.repairable) == ("error", ("V00",), False)


def test_a_small_loop_of_an_outline_can_be_repaired() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(LOOPED)
    finding = told(check(frames), "invalid-geometry")
    assert (finding.rows, finding.repairable) == (("V00",), True)
    assert "redrawn by structure" in finding.found


LOOPED = Polygon([(0, 0), (1000, 0), (1000, 1000), (2, 1000), (-1, 999), (-1, 1000), (0, 999)])
"""V00 with a crossing of a square metre or so in its north-west corner."""


# ---------------------------------------------------------------- shapes


def test_a_row_that_says_all_of_another_again_can_be_dropped() -> None:
    frames = sound()
    frames["roads"] = rows(
        "roads",
        *[{"name": "东路", "geometry": LineString([(0, 500), (800, 500)])}] * 2,
        {"name": "西路", "geometry": LineString([(0, 700), (800, 700)])},
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows, finding.repairable) == ("duplicate-row", (2,), True)


def test_two_things_at_one_place_are_told_whatever_their_direction() -> None:
    frames = sound()
    frames["back_streets"] = more(
        frames["back_streets"], rows("back_streets", street("S5", (900, 100), (100, 100)))
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows, finding.repairable) == (
        "duplicate-geometry",
        ("S1", "S5"),
        False,
    )
    assert finding.found.startswith("2 rows drawn at 1 place")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (((500, 500), (500.01, 500)), "0.01 m"),
        (((500, 500), (500, 9500)), "9,000 m"),
    ],
)
def test_an_absurd_length_is_told(path: Any, found: str) -> None:
    frames = sound()
    many = [street(f"X{n}", (20 + 9 * n, 300), (20 + 9 * n, 320)) for n in range(40)]
    frames["back_streets"] = more(
        frames["back_streets"], rows("back_streets", *many, street("S5", *path))
    )
    finding = told(check(frames), "absurd-length")
    assert finding.rows == ("S5",)
    assert found in finding.found


def test_an_absurd_area_is_told() -> None:
    frames = sound()
    frames["scenic_works"] = rows(
        "scenic_works",
        {"id": "W1", "name": "园", "lit": True, "geometry": box(10, 10, 10.05, 10.05)},
        {"id": "W2", "name": "园", "lit": True, "geometry": box(10, 10, 60, 60)},
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("absurd-area", ("W1",))


# ---------------------------------------------------------------- units as a partition


def test_ground_that_two_units_claim_is_told_with_its_area() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(box(0, 0, 1020, 1000))
    report = check(frames)
    finding = only(report)
    assert (finding.code, finding.rows) == ("overlap", ("V00", "V01"))
    assert "1 pair that overlap by 20,000.0 m² in all: V00 and V01 20,000.0 m²" in finding.found
    (place,) = report.observations[0].shapes
    assert place.area == pytest.approx(20_000)


def test_ground_that_no_unit_has_is_told_with_its_area() -> None:
    frames = sound()
    # A triangle at the crossing of four villages, cut off V00.
    frames["villages"].loc[0, "geometry"] = made.placed(
        Polygon([(0, 0), (1000, 0), (1000, 900), (900, 900), (900, 1000), (0, 1000)])
    )
    finding = told(check(frames), "gap")
    assert "1 gap of 10,000.0 m² in all" in finding.found
    assert set(finding.rows) == {"V00", "V01", "V10", "V11"}


def test_a_sliver_is_called_one() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(
        Polygon([(0, 0), (1000, 0), (999.8, 500), (1000, 1000), (0, 1000)])
    )
    finding = only(check(frames))
    assert finding.code == "gap"
    assert "1 gap of 100.0 m² in all, 1 of them narrower than 1 m" in finding.found


def test_a_crack_that_opens_to_the_outside_is_told() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(
        Polygon([(0, 0), (999.7, 0), (1000, 1000), (0, 1000)])
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("crack", ("V00", "V01"))


def test_a_town_its_villages_do_not_fill_is_told() -> None:
    frames = sound()
    frames["villages"] = frames["villages"].iloc[:3]
    report = check(frames)
    finding = told(report, "levels-apart")
    assert (finding.layer, finding.rows) == ("towns", ("T1",))
    assert "1,000,000 m² left over and 0 m² beyond" in finding.found


def test_streets_outside_every_village_are_told() -> None:
    frames = sound()
    frames["back_streets"] = more(
        frames["back_streets"],
        rows(
            "back_streets",
            street("OUT", (2100, 300), (2200, 300)),
            street("HALF", (1950, 400), (2050, 400)),
        ),
    )
    report = check(frames)
    assert codes(report) == ["outside-units", "partly-outside-units"]
    assert told(report, "outside-units").rows == ("OUT",)
    partly = told(report, "partly-outside-units")
    assert (partly.rows, partly.severity) == (("HALF",), "info")
    assert "50.0 m in none" in partly.found


# ---------------------------------------------------------------- codes


def test_a_code_with_no_unit_is_told() -> None:
    frames = sound()
    frames["inspections"] = rows(
        "inspections",
        inspection("I1", "V00"),
        inspection("I2", "T1"),
        inspection("I3", "V99"),
        inspection("I4", "990001"),
    )
    finding = only(check(frames))
    assert (finding.code, finding.severity, finding.rows) == ("unknown-unit", "warning", ("I3",))
    assert "V99" in finding.found


def inspection(name: str, unit: str, held_on: str = "2007-05-01") -> dict[str, Any]:
    return {
        "id": name,
        "unit_code": unit,
        "period": "week",
        "held_on": pd.Timestamp(held_on),
        "score": 90.0,
    }


def test_a_parent_that_does_not_exist_stops_the_figures() -> None:
    frames = sound()
    frames["villages"].loc[3, "town_code"] = "T9"
    finding = told(check(frames), "unknown-unit")
    assert (finding.severity, finding.rows) == ("error", ("V11",))


def test_a_spot_outside_the_unit_it_names_is_told() -> None:
    frames = sound()
    frames["weak_spots"] = rows(
        "weak_spots",
        spot("P1", "V00", 500, 500),
        spot("P2", "V00", 1005, 500),
        spot("P3", "V00", 1300, 500),
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("not-in-named-unit", ("P3",))
    assert "by up to 300 m" in finding.found


def spot(name: str, unit: str, x: float, y: float) -> dict[str, Any]:
    known = {
        "category": "building_site",
        "status": "open",
        "owner": "甲",
        "due_on": pd.Timestamp("2008-01-01"),
    }
    return {"id": name, "unit_code": unit, **known, "geometry": Point(x, y)}


def test_a_village_that_lies_in_another_town_than_it_names_is_told() -> None:
    frames = sound()
    frames["villages"].loc[3, "town_code"] = "T0"
    report = check(frames)
    assert told(report, "not-in-named-unit").rows == ("V11",)


# ---------------------------------------------------------------- values


def test_a_date_after_the_round_is_told_and_a_date_due_is_not() -> None:
    frames = sound()
    frames["inspections"] = rows(
        "inspections", inspection("I1", "V00", made.ROUND), inspection("I2", "V00", "2007-07-01")
    )
    frames["weak_spots"] = rows("weak_spots", spot("P1", "V00", 500, 500))
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("future-date", ("I2",))
    assert "2007-07-01" in finding.found


def test_a_date_of_another_age_is_told() -> None:
    frames = sound()
    frames["inspections"] = rows("inspections", inspection("I1", "V00", "1900-01-01"))
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("implausible-date", ("I1",))


def test_a_field_unknown_in_over_half_of_the_rows_is_told_with_what_rests_on_it() -> None:
    frames = sound()
    frames["back_streets"]["hardened"] = pd.array([True, None, None, None], dtype="boolean")
    frames["back_streets"]["lit"] = pd.array([True, True, None, None], dtype="boolean")
    finding = only(check(frames))
    assert (finding.code, finding.severity, finding.rows) == ("mostly-unknown", "warning", ())
    assert finding.found.startswith("hardened is unknown in 75% of 4 rows")
    assert "hardening.fringe_roads" in finding.found


def test_a_column_cut_short_is_told_with_the_field_it_looks_like() -> None:
    frames = sound()
    frames["boundary_edges"] = frames["boundary_edges"].rename(columns={"accuracy_m": "accuracy"})
    report = check(frames)
    assert codes(report) == ["unmatched-column", "mostly-unknown"]
    assert "--field accuracy_m=accuracy" in told(report, "unmatched-column").remedy
    assert told(report, "mostly-unknown").found == (
        "accuracy_m: unknown in every one of 4 rows (no such column)"
    )


def test_more_green_than_ground_is_told() -> None:
    frames = sound()
    house = {"name": "园", "kind": "new"}
    frames["housing_areas"] = rows(
        "housing_areas",
        {"id": "H1", **house, "green_m2": 100.0, "geometry": box(10, 10, 20, 20)},
        {"id": "H2", **house, "green_m2": 101.0, "geometry": box(30, 10, 40, 20)},
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("impossible-ratio", ("H2",))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("名称".encode("gbk").decode("latin-1"), "名称"),
        (
            "东风路".encode("gbk")
            .decode("cp1252", errors="ignore")
            .encode("cp1252")
            .decode("cp1252"),
            "东风路",
        ),
        ("名称".encode().decode("gbk"), "名称"),
        ("名称".encode().decode("latin-1"), "名称"),
        ("León".encode().decode("cp1252"), "León"),
        ("锟斤拷路", None),
        ("东风\ufffd", None),
        ("????", None),
    ],
)
def test_garbled_text_is_told_with_what_it_meant(text: str, meant: str | None) -> None:
    frames = sound()
    frames["back_streets"].loc[0, "name"] = text
    finding = only(check(frames))
    assert (finding.code, finding.rows, finding.repairable) == (
        "mojibake",
        ("S1",),
        meant is not None,
    )
    assert (repr(meant) if meant else repr(text)) in finding.found


@pytest.mark.parametrize(
    "text",
    [
        "东风路",
        "𬭚㙍巷",
        "Calle León y Castillo",
        "Straße",
        "Ñuñoa",
        "éé",
        "?",
        "№ 5",
        "Ø",
        "联通",
        "",
        "新通扬运河",
    ],
)
def test_text_that_is_merely_unusual_is_left_alone(text: str) -> None:
    assert read_again(text) is None


def test_every_name_of_the_embedded_district_reads_as_it_stands() -> None:
    survey = open_survey()
    for name in ("villages", "towns", "back_streets"):
        for text in survey.frame(name)["name"].dropna():
            assert read_again(text) is None, text


# ---------------------------------------------------------------- networks


def test_an_end_that_stops_just_short_is_told() -> None:
    frames = sound()
    frames["back_streets"] = more(
        frames["back_streets"],
        rows(
            "back_streets",
            street("SHORT", (500, 100.4), (500, 400)),  # 0.4 m off S1
            street("MEETS", (600, 100), (600, 400)),  # on S1
            street("SHARED", (900, 100), (900, 400)),  # from an end of S1
            street("APART", (700, 101.5), (700, 400)),
        ),
    )
    report = check(frames)
    finding = only(report)
    assert (finding.code, finding.rows) == ("nearly-joined", ("SHORT",))
    assert "1 end that stops short of another line, by 0.40 to 0.40 m" in finding.found


def test_ends_are_held_against_every_line_however_long_or_scattered() -> None:
    chance = np.random.default_rng(2007)
    at, steps = chance.uniform(0, 2_000, (400, 2)), chance.normal(0, 60, (400, 3, 2))
    shapes = [shapely.LineString(path) for path in at[:, None] + steps.cumsum(axis=1)]
    shapes += [
        shapely.LineString([(-1e7, 0), (1e7, 900)]),
        shapely.MultiLineString([[(0, 0), (300, 20)], [(1_000, 1_000), (1_200, 1_000)]]),
        shapely.LinearRing([(50, 50), (60, 50), (60, 60)]),
    ]
    lines = np.array(shapes, dtype=object)
    ends, owners = network._lonely(gpd.GeoSeries(lines))
    assert len(ends) == 2 * 401 + 4
    pieces = zip(*network._candidates(ends, owners, shapely.bounds(lines)), strict=True)
    end, line = (np.concatenate(piece) for piece in pieces)
    apart = shapely.distance(shapely.points(ends[end]), lines[line])
    found = {pair for pair, gap in zip(zip(end, line, strict=True), apart, strict=True) if gap <= 1}
    every = shapely.distance(shapely.points(ends)[:, None], lines)
    every[np.arange(len(ends)), owners] = np.inf
    assert found == {tuple(pair) for pair in np.argwhere(every <= 1)}
    assert len(found) >= 20


@pytest.mark.parametrize("shared", [0, 3, 400])
def test_the_ends_of_a_network_that_no_other_end_shares(shared: int) -> None:
    chance = np.random.default_rng(2007)
    ends = chance.integers(-40, 40, (500, 2)) * 0.1
    ends[:5, 0] = [0.0, -0.0, 0.0, -0.0, 5.0]
    ends[500 - shared :] = ends[:shared]
    places = [tuple(place) for place in ends.tolist()]
    alone = [places.count(place) == 1 for place in places]
    assert network._unshared(ends).tolist() == alone


def test_lamps_far_from_any_street_are_told() -> None:
    frames = sound()
    lamp = {"working": True, "height_m": 8.0}
    frames["lamps"] = rows(
        "lamps",
        {"id": "L1", **lamp, "geometry": Point(500, 105)},
        {"id": "L2", **lamp, "geometry": Point(500, 199)},
        {"id": "L3", **lamp, "geometry": Point(500, 650)},
    )
    finding = only(check(frames))
    assert (finding.code, finding.rows) == ("far-from-lines", ("L3",))


# ---------------------------------------------------------------- the ground


def test_edges_that_cannot_close_are_an_error_a_corner() -> None:
    frames = sound()
    frames["boundary_edges"] = frames["boundary_edges"].iloc[:3]
    finding = only(check(frames))
    assert (finding.code, finding.severity, finding.found) == ("open-area", "error", "no west edge")


@pytest.mark.parametrize(
    ("crs", "severity", "found"),
    [
        ("EPSG:3857", "warning", "in EPSG:3857 lengths are off by up to 0.19"),
        ("EPSG:4548", "warning", "in EPSG:4548 lengths are off by up to 0.000"),
    ],
)
def test_a_system_in_which_metres_are_none_is_told(
    tmp_path: Path, crs: str, severity: str, found: str
) -> None:
    made.write_district(tmp_path, sound())
    text = (tmp_path / "district.toml").read_text(encoding="utf-8")
    (tmp_path / "district.toml").write_text(text.replace(made.CRS, crs), encoding="utf-8")
    finding = told(check_round(open_survey(tmp_path)), "metric-crs")
    assert finding.severity == severity
    assert found in finding.found
    assert "EPSG:4549" in finding.remedy


def test_a_table_nobody_declared_is_told_and_what_it_may_be() -> None:
    frames = sound()
    frames["back_street"] = frames.pop("back_streets")
    frames["notes"] = pd.DataFrame({"text": ["a"]})
    report = check(frames)
    assert [(item.layer, item.severity) for item in report.findings] == [
        ("back_street", "warning"),
        ("notes", "info"),
    ]
    assert report.findings[0].remedy == "rename it to back_streets"


# ---------------------------------------------------------------- the report as a whole


def test_errors_come_first_and_a_layer_can_be_asked_for() -> None:
    frames = sound()
    frames["boundary_edges"] = frames["boundary_edges"].iloc[:3]
    frames["back_streets"].loc[0, "geometry"] = None
    assert codes(check(frames)) == ["open-area", "no-geometry"]
    assert codes(check(frames, layers=["back_streets"])) == ["no-geometry"]


def test_row_order_changes_no_finding() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(box(0, 0, 1020, 1000))
    turned = {name: frame.iloc[::-1] for name, frame in frames.items()}
    one, two = check(frames), check(turned)
    assert codes(one) == codes(two)
    assert [set(item.rows) for item in one.findings] == [set(item.rows) for item in two.findings]


def test_progress_counts_to_its_end() -> None:
    steps: list[tuple[int, int]] = []
    check(sound(), progress=lambda done, total, name: steps.append((done, total)))
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] == len(steps) - 1


def test_every_code_has_a_name_in_both_languages() -> None:
    """Codes are written as literals: the sources say which there are."""
    sources = [*(ROOT / "geo" / "check").glob("*.py"), ROOT / "geo" / "placing" / "judging.py"]
    sources += [ROOT / "geo" / "validate.py", ROOT / "geo" / "rounds.py"]
    written = set()
    for path in sources:
        if path.name != "titles.py":
            written |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', path.read_text(encoding="utf-8")))
    known = {"mojibake", "overlap", "gap", "crack"}
    assert written - NO_CODES == set(CODES) - known
    assert all(title.zh and title.en for title in CODES.values())


def test_every_code_is_explained_in_the_documentation() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    assert {code for code in CODES if f"`{code}`" not in page} == set()


NO_CODES = {"latin-1", "utf-8"}
ROOT = Path(__file__).parents[1]


def test_refers_to_and_its_kin_are_checked_as_declarations(tmp_path: Path) -> None:
    from geo.errors import DeclarationError

    with pytest.raises(ValueError, match="only a date"):
        FieldSpec(type="text", not_after_round=True)
    text = 'name = "pits"\ntitle = { zh = "坑", en = "Pits" }\ngeometry = "Point"\n'
    (tmp_path / "pits.toml").write_text(
        text + '[fields.unit]\ntype = "text"\nrefers_to = ["hamlets"]\n', encoding="utf-8"
    )
    with pytest.raises(DeclarationError, match=r"pits.toml: fields.unit.refers_to = 'hamlets'"):
        load_catalog(tmp_path)
    (tmp_path / "pits.toml").write_text(
        text.replace('"Point"', '"Point"\nnetwork = true'), encoding="utf-8"
    )
    with pytest.raises(DeclarationError, match="network = true"):
        load_catalog(tmp_path)


# ---------------------------------------------------------------- shifted maps


def as_map_services_show(frame: Any, shift: Any) -> Any:
    """The same rows with the coordinates a Chinese map service would give them."""
    degrees = frame.to_crs("EPSG:4326")
    moved = shapely.transform(
        degrees.geometry.to_numpy(), lambda xy: np.column_stack(shift(xy[:, 0], xy[:, 1]))
    )
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs="EPSG:4326"))


SHIFTS = {"gcj02": ("GCJ-02", wgs84_to_gcj02), "bd09": ("BD-09", wgs84_to_bd09)}


@pytest.fixture(scope="module")
def embedded() -> dict[str, Any]:
    """The embedded district's newest round as stored; its layers keep to one another as real ones do."""
    survey = open_survey()
    return {
        name: survey.store.read(survey.round, name) for name in survey.store.tables(survey.round)
    }


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize(
    ("layer", "against"),
    [
        ("lamps", "back_streets"),  # points along lines
        ("facades", "roads"),  # lines along lines
        ("back_streets", "lamps"),  # lines along points
        ("towns", "villages"),  # borders on borders
        ("villages", "towns"),
        ("housing_areas", "back_streets"),
        ("weak_spots", "villages"),  # by the unit each names
    ],
)
def test_a_shifted_layer_is_told_by_what_it_keeps_close_to(
    embedded: dict[str, Any], layer: str, against: str, shift: str
) -> None:
    title, forward = SHIFTS[shift]
    frames = {**embedded, layer: as_map_services_show(embedded[layer], forward)}
    findings = [item for item in check(frames).findings if item.code == "datum-shift"]
    assert [item.layer for item in findings] == [layer]
    (finding,) = findings
    assert finding.found.endswith(f"this is {title}")
    assert f"against {against} (" in finding.found
    distance_m, bearing = (
        float(part) for part in re.findall(r"by (\d+) m, bearing (\d+)", finding.found)[0]
    )
    true_m, true_bearing = {"gcj02": (511, 119), "bd09": (1133, 69)}[shift]
    assert distance_m == pytest.approx(true_m, abs=20)
    assert bearing == pytest.approx(true_bearing, abs=3)
    assert f"--crs {shift}" in finding.remedy


def test_where_all_lies_where_it_should_no_shift_is_told(embedded: dict[str, Any]) -> None:
    assert "datum-shift" not in codes(check(embedded))
    # Nor where a layer is off by as much in a direction no shift has.
    moved = embedded["lamps"].set_geometry(embedded["lamps"].geometry.translate(0, 510))
    assert "datum-shift" not in codes(check({**embedded, "lamps": moved}))


# ---------------------------------------------------------------- coordinates in another system than is said


def turned(frame: Any) -> Any:
    """The same rows, their axes the wrong way round."""
    swapped = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    return frame.set_geometry(gpd.GeoSeries(swapped, index=frame.index, crs=frame.crs))


def said_to_be(frame: Any, crs: str | None) -> Any:
    """The same numbers under another name."""
    return frame.set_crs(crs, allow_override=True)


MISTAKEN = {
    "degrees, latitude first": (
        lambda frame: turned(frame.to_crs("EPSG:4490")),
        ("swapped-axes", "error", "latitude comes first"),
        "--accept-proposals",
    ),
    "metres, northing first": (
        turned,
        ("swapped-axes", "error", "northing comes first"),
        "--accept-proposals",
    ),
    "eastings of zone 40 said to be without its number": (
        lambda frame: said_to_be(frame.to_crs("EPSG:4528"), "EPSG:4549"),
        ("zone-prefix", "error", "begin with 40, the number of a zone"),
        "--crs EPSG:4528",
    ),
    "eastings without the number said to be with it": (
        lambda frame: said_to_be(frame, "EPSG:4528"),
        ("zone-prefix", "error", "begin with no number of a zone"),
        "--crs EPSG:4549",
    ),
    "the zone about 117 for the zone about 120": (
        lambda frame: said_to_be(frame, "EPSG:4548"),
        ("wrong-zone", "error", "a zone about 117° E"),
        "--crs EPSG:4549",
    ),
    "degrees said to be metres": (
        lambda frame: said_to_be(frame.to_crs("EPSG:4490"), "EPSG:4549"),
        ("degrees-in-metric-crs", "error", "holds degrees"),
        "--crs EPSG:4326",
    ),
    "metres said to be degrees": (
        lambda frame: said_to_be(frame, "EPSG:4490"),
        ("metres-in-degrees-crs", "error", "holds no degrees"),
        "--crs EPSG:4549",
    ),
    "Web Mercator said to be the district's own": (
        lambda frame: said_to_be(frame.to_crs("EPSG:3857"), "EPSG:4549"),
        ("wrong-crs", "error", "EPSG:3857"),
        "--crs EPSG:3857",
    ),
}


@pytest.mark.parametrize(("mistake", "expected", "remedy"), MISTAKEN.values(), ids=MISTAKEN)
def test_coordinates_of_another_system_are_told_with_the_right_one(
    mistake: Any, expected: tuple[str, str, str], remedy: str
) -> None:
    frames = sound()
    frames["back_streets"] = mistake(frames["back_streets"])
    findings = [item for item in check(frames).findings if item.code != "outside-crs"]
    assert [(item.code, item.severity, item.layer, item.rows) for item in findings] == [
        (*expected[:2], "back_streets", ())
    ]
    assert expected[2] in findings[0].found
    assert remedy in findings[0].remedy


def test_units_themselves_are_told_where_the_others_contradict_them() -> None:
    frames = sound()
    frames["villages"] = said_to_be(frames["villages"], "EPSG:4548")
    findings = check(frames).findings
    assert [(item.code, item.layer) for item in findings] == [("wrong-zone", "villages")]


@pytest.mark.parametrize(
    ("crs", "numbers", "taken_as"),
    [
        (None, "EPSG:4490", "EPSG:4326"),
        (None, "EPSG:4528", "EPSG:4528"),
        (None, made.CRS, made.CRS),
    ],
)
def test_a_system_left_unsaid_is_an_error_with_a_proposal(
    crs: None, numbers: str, taken_as: str
) -> None:
    frames = sound()
    frames["back_streets"] = said_to_be(frames["back_streets"].to_crs(numbers), crs)
    report = check(frames)
    assert codes(report) == ["missing-crs", "assume-crs"]
    assert f"taken as {taken_as}" in told(report, "assume-crs").found
    assert f"--crs {taken_as}" in told(report, "assume-crs").remedy


def test_a_few_rows_on_another_continent_are_told_once() -> None:
    frames = sound()
    frames["back_streets"] = more(
        frames["back_streets"], rows("back_streets", street("FAR", (900_000, 0), (900_500, 0)))
    )
    finding = only(check(frames))
    assert (finding.code, finding.severity, finding.rows) == (
        "outside-district",
        "warning",
        ("FAR",),
    )
    assert "far from the villages of this round" in finding.found


def test_a_few_rows_with_their_axes_swapped_are_told_apart() -> None:
    frames = sound()
    streets = frames["back_streets"].to_crs("EPSG:4490")
    frames["back_streets"] = gpd.GeoDataFrame(
        pd.concat([streets.iloc[:3], turned(streets.iloc[3:])]), crs="EPSG:4490"
    )
    report = check(frames)
    assert told(report, "swapped-axes").rows == ("S4",)


# ---------------------------------------------------------------- nothing makes a check fail


def spoilt(frame: Any, how: str) -> Any:
    """Rows as they should never be."""
    shapes = frame.geometry.to_numpy().copy()
    if how == "no rows":
        return frame.iloc[:0]
    if how == "no geometry column":
        return pd.DataFrame(frame.drop(columns="geometry"))
    if how == "no system":
        return said_to_be(frame, None)
    if how == "no columns":
        return frame[["geometry"]]
    odd = {
        "all null": [None] * len(shapes),
        "all empty": [Polygon(), LineString(), Point(), GeometryCollection()] * len(shapes),
        "all collections": [GeometryCollection([Point(1, 1), shape]) for shape in shapes],
        "all at one point": [Point(500_000, 3_600_000)] * len(shapes),
        "not finite": [LineString([(np.nan, 0), (np.inf, 1)])] * len(shapes),
        "huge": [LineString([(0, 0), (1e300, 1e300)])] * len(shapes),
        "high": [shapely.force_3d(shape, 5.0) for shape in shapes],
        "rings": [
            shapely.LinearRing(shape.envelope.boundary.coords) if shape.area else shape
            for shape in shapes
        ],
        "all bow-ties": [Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])] * len(shapes),
        "a spike": [Polygon([(0, 0), (9, 0), (9, 0), (0, 0)])] * len(shapes),
    }[how]
    return frame.set_geometry(gpd.GeoSeries(odd[: len(shapes)], index=frame.index, crs=frame.crs))


SPOILT = [
    "no rows", "no geometry column", "no system", "no columns", "all null", "all empty", "all collections",
    "all at one point", "not finite", "huge", "high", "rings", "all bow-ties", "a spike",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning:shapely")
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("layer", ["villages", "back_streets", "boundary_edges"])
def test_nothing_a_layer_holds_makes_a_check_fail(layer: str, how: str) -> None:
    frames = sound()
    frames["lamps"] = rows(
        "lamps", {"id": "L1", "working": True, "height_m": 8.0, "geometry": Point(500, 105)}
    )
    frames[layer] = spoilt(frames[layer], how)
    report = check(frames)
    if how not in ("high", "rings"):
        assert report.findings
    assert all(finding.found and finding.expected and finding.remedy for finding in report.findings)
    report.places()
    assert {finding.code for finding in report.findings} <= set(CODES)


def test_a_round_with_nothing_but_one_layer_can_be_checked() -> None:
    for layer in sound():
        check({layer: sound()[layer]}).places()
