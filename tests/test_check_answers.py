"""Silent wrong answers: for each defect the finding that names it, and the figure that is right all the same.

A square kilometre a village, a street of 800 m in each: whatever is done to them, what a figure must be can be
told by eye.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from test_check import (
    CATALOG,
    check,
    codes,
    more,
    only,
    rows,
    said_to_be,
    sound,
    street,
    told,
    turned,
)

from geo.check.report import check_round
from geo.coverage import coverage_of
from geo.errors import DataError
from geo.survey import open_survey

HARDENED = "hardening.back_streets"
WHOLE_M = 3200.0


def figures(frames: dict[str, Any], indicator: str = HARDENED, **wanted: str) -> Any:
    """The row of an indicator for the district, or for a unit."""
    table = coverage_of(made.survey_of(frames, CATALOG), [indicator])
    wanted = {"scope": "all", **(wanted or {"level": "district"})}
    for column, value in wanted.items():
        table = table[table[column] == value]
    (row,) = table.itertuples()
    return row


def refused(frames: dict[str, Any]) -> str:
    """What is said where a figure is refused."""
    with pytest.raises(DataError) as caught:
        figures(frames)
    return str(caught.value)


def test_a_sound_district_has_the_figure_one_sees() -> None:
    assert figures(sound()).total == pytest.approx(WHOLE_M)
    assert figures(sound()).rate == 1.0


def test_degrees_without_a_system_give_no_figure() -> None:
    frames = sound()
    frames["back_streets"] = said_to_be(frames["back_streets"].to_crs("EPSG:4490"), None)
    assert "missing-crs" in codes(check(frames))
    assert "no coordinate system" in refused(frames)


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4528", "EPSG:3857", "EPSG:4326", "EPSG:32650"])
def test_layers_in_different_systems_measure_alike(crs: str) -> None:
    frames = sound()
    frames["back_streets"] = frames["back_streets"].to_crs(crs)
    assert check(frames).findings == ()
    assert figures(frames).total == pytest.approx(WHOLE_M, abs=0.01)
    assert figures(frames, unit_code="V00").total == pytest.approx(WHOLE_M / 4, abs=0.01)


def test_web_mercator_lengths_are_measured_in_metres() -> None:
    frames = {name: frame.to_crs("EPSG:3857") for name, frame in sound().items()}
    assert frames["back_streets"].length.sum() > 1.15 * WHOLE_M
    assert check(frames).findings == ()
    assert figures(frames).total == pytest.approx(WHOLE_M, abs=0.01)


def test_swapped_axes_are_named_and_not_measured() -> None:
    frames = sound()
    frames["back_streets"] = turned(frames["back_streets"].to_crs("EPSG:4490"))
    assert told(check(frames), "swapped-axes").severity == "error"
    assert "cannot mean" in refused(frames)


def test_eastings_with_a_zone_number_read_as_such() -> None:
    frames = sound()
    right = frames["back_streets"].to_crs("EPSG:4528")
    assert right.total_bounds[0] > 40_000_000
    frames["back_streets"] = said_to_be(right, "EPSG:4549")
    assert only(check(frames)).code == "zone-prefix"
    frames["back_streets"] = right
    assert check(frames).findings == ()
    assert figures(frames).total == pytest.approx(WHOLE_M, abs=0.01)


def test_a_wrong_zone_is_named_before_it_stretches_anything() -> None:
    frames = sound()
    frames["back_streets"] = said_to_be(frames["back_streets"], "EPSG:4548")
    assert only(check(frames)).code == "wrong-zone"
    assert figures(frames, unit_code="V00").total == 0  # which is what the finding explains


@pytest.mark.parametrize(
    "outline",
    [
        Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)]),  # naive area 0
        MultiPolygon([box(0, 0, 600, 1000), box(400, 0, 1000, 1000)]),  # naive area 1,200,000
        Polygon(box(0, 0, 1000, 1000).exterior, [box(900, 900, 1100, 1100).exterior]),
    ],
)
def test_an_outline_without_one_area_is_named_and_not_measured(outline: Polygon) -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(outline)
    finding = told(check(frames), "invalid-geometry")
    assert (finding.severity, finding.rows) == ("error", ("V00",))
    assert "rows V00" in refused(frames)


@pytest.mark.parametrize(
    "shape",
    [
        Point(5, 5),
        box(0, 0, 100, 100),
        GeometryCollection([LineString([(0, 0), (9, 9)]), Point(0, 0)]),
    ],
)
def test_a_perimeter_is_never_summed_as_a_length(shape: Any) -> None:
    frames = sound()
    frames["back_streets"].loc[0, "geometry"] = made.placed(shape)
    assert told(check(frames), "wrong-geometry").rows == ("S1",)
    assert "S1" in refused(frames)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_vertex_that_is_no_number_is_named(bad: float) -> None:
    frames = sound()
    frames["back_streets"].loc[0, "geometry"] = LineString([(500_000, 3_600_000), (bad, 3_600_000)])
    report = check(frames)
    assert told(report, "non-finite-coordinates").rows == ("S1",)
    assert "outside-district" not in codes(report)
    assert "S1" in refused(frames)


def test_rows_without_geometry_are_listed_and_counted() -> None:
    frames = sound()
    frames["back_streets"].loc[0, "geometry"] = None
    assert only(check(frames)).code == "no-geometry"
    assert figures(frames).total == pytest.approx(WHOLE_M - 800)


def test_a_line_over_two_villages_is_cut_and_not_doubled() -> None:
    frames = sound()
    frames["back_streets"] = rows("back_streets", street("S1", (995, 500), (1005, 500)))
    assert check(frames).findings == ()
    assert figures(frames).total == pytest.approx(10)
    assert figures(frames, unit_code="V00").total == pytest.approx(5)
    assert figures(frames, unit_code="V01").total == pytest.approx(5)


def test_what_two_units_claim_counts_once() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(box(0, 0, 1500, 1000))
    assert "overlap" in codes(check(frames))
    assert figures(frames).total == pytest.approx(WHOLE_M)
    # V00 has the smaller code: it owns 400 of the 800 m of S2.
    assert figures(frames, unit_code="V00").total == pytest.approx(1200)
    assert figures(frames, unit_code="V01").total == pytest.approx(400)


def test_a_street_along_a_border_counts_once() -> None:
    frames = sound()
    frames["back_streets"] = rows("back_streets", street("S1", (1000, 100), (1000, 900)))
    assert check(frames).findings == ()
    assert figures(frames).total == pytest.approx(800)
    assert figures(frames, unit_code="V00").total == pytest.approx(800)


def test_what_lies_in_a_gap_is_told_and_kept() -> None:
    frames = sound()
    frames["villages"].loc[0, "geometry"] = made.placed(
        Polygon(box(0, 0, 1000, 1000).exterior, [box(200, 50, 400, 150).exterior])
    )
    report = check(frames)
    assert codes(report) == ["gap", "levels-apart", "partly-outside-units"][:1] + codes(report)[1:]
    assert "20,000.0 m²" in told(report, "gap").found
    assert "200.0 m in none" in told(report, "partly-outside-units").found
    assert figures(frames).total == pytest.approx(WHOLE_M)
    assert figures(frames, unit_code="V00").total == pytest.approx(600)


def test_copies_are_told_with_what_they_add() -> None:
    frames = sound()
    frames["back_streets"] = more(
        frames["back_streets"], rows("back_streets", street("S9", (100, 100), (900, 100)))
    )
    assert only(check(frames)).rows == ("S1", "S9")
    assert figures(frames).total == pytest.approx(WHOLE_M + 800)  # two keys are two streets


def test_a_key_of_two_rows_gives_no_figure() -> None:
    frames = sound()
    frames["back_streets"].loc[1, "id"] = "S1"
    assert told(check(frames), "duplicate-key").severity == "error"
    assert "S1" in refused(frames)


def test_nothing_over_nothing_is_no_data() -> None:
    frames = sound()
    frames["back_streets"] = frames["back_streets"].iloc[:0]
    finding = only(check(frames))
    assert (finding.code, finding.severity) == ("empty-layer", "info")
    row = figures(frames, "hardening.fringe_roads")
    assert (row.status, row.total) == ("no_data", 0)
    assert row.rate is None or np.isnan(row.rate)


@pytest.mark.parametrize(
    ("words", "rate", "listed"),
    [
        (["是", "有", "√", "已硬化"], 1.0, ()),
        (["否", "无", "×", "未硬化"], 0.0, ()),
        (["100%", "１", "yes", "TRUE"], 1.0, ()),
        (["是", "否", "部分", ""], 0.5, ("S3",)),
    ],
)
def test_words_for_yes_and_no_are_read_and_the_rest_listed(
    words: list[str], rate: float, listed: tuple[str, ...]
) -> None:
    frames = sound()
    frames["back_streets"]["hardened"] = words
    report = check(frames)
    assert [item.rows for item in report.findings] == ([listed] if listed else [])
    assert figures(frames).rate == pytest.approx(rate)


def test_a_key_with_noughts_in_front_stays_text() -> None:
    frames = sound()
    frames["towns"]["code"] = ["001", "1"]
    frames["villages"]["town_code"] = ["001", "001", "1", "1"]
    assert check(frames).findings == ()
    assert figures(frames, unit_code="001").total == pytest.approx(1600)
    assert figures(frames, unit_code="1").total == pytest.approx(1600)


def test_text_where_a_number_is_due_is_unknown_and_listed() -> None:
    frames = sound()
    frames["lamps"] = rows(
        "lamps",
        *[
            {"id": f"L{n}", "working": True, "height_m": 8.0, "geometry": Point(100 + 40 * n, 100)}
            for n in range(4)
        ],
    )
    frames["lamps"]["height_m"] = ["8", "8米高", "8.0", "高"]
    finding = told(check(frames), "unreadable-value")
    assert set(finding.rows) >= {"L3"}
    row = figures(frames, "lighting.lamp_reach")
    assert row.unknown > 0


def test_a_raster_without_a_system_is_an_error(tmp_path: Path) -> None:
    made.write_district(tmp_path, sound())
    values = np.full((30, 30), 0.6)
    path = tmp_path / "rasters" / "ndvi.tif"
    made.write_raster(path, values, west_m=-500, north_m=2500, pixel_m=100, crs="")
    finding = only(check_round(open_survey(tmp_path)))
    assert (finding.code, finding.severity, finding.layer) == ("missing-crs", "error", "ndvi")


@pytest.mark.parametrize(
    ("west_m", "code", "found"),
    [
        (-500, None, ""),
        (1000, "raster-short", "50.0% of the area of villages (2 rows)"),
        (90_000, "outside-district", "100.0% of the area of villages (4 rows)"),
    ],
)
def test_what_lies_beyond_a_raster_is_told(
    tmp_path: Path, west_m: float, code: str | None, found: str
) -> None:
    made.write_district(tmp_path, sound())
    values = np.full((30, 30), 0.6)
    made.write_raster(
        tmp_path / "rasters" / "ndvi.tif", values, west_m=west_m, north_m=2500, pixel_m=100
    )
    report = check_round(open_survey(tmp_path))
    assert codes(report) == ([code] if code else [])
    if code:
        assert report.findings[0].found.startswith(found)
