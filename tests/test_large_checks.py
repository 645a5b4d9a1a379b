"""A round that is checked piece by piece, with hardly a shape drawn, gives the findings of one that is drawn whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import MultiPoint, Point

from geo.batches import shapes_of
from geo.check import datum, evidence
from geo.check.report import CheckReport, check_round
from geo.coverage import coverage_of, rows_behind
from geo.crs import wgs84_to_gcj02
from geo.engine.lines import Lines, Points
from geo.sources import lazy
from geo.store import open_store
from geo.survey import Survey, open_survey

CRS, ROUND = "EPSG:4549", "2007-12-31"
DISTRICT = 'name = { zh = "区", en = "D" }\ncode = "990002"\nmetric_crs = "EPSG:4549"\nlevels = ["villages"]\n'
SIDE_M, ACROSS = 1_000.0, 4


def survey_of(folder: Path, *, shifted: bool = False, several: bool = False) -> Survey:
    """Sixteen villages with streets, some of which reach beyond, and lamps along them and far from all."""
    chance = np.random.default_rng(2007)
    corner = np.array([500_000.0, 3_590_000.0])
    cells = [(east, north) for east in range(ACROSS) for north in range(ACROSS)]
    boxes = [
        shapely.box(*(corner + np.array(cell) * SIDE_M), *(corner + (np.array(cell) + 1) * SIDE_M))
        for cell in cells
    ]
    villages = {"code": [f"v{n:02d}" for n in range(len(cells))], "kind": "village"}
    villages["name"] = villages["code"]
    starts = corner + chance.uniform(-100, ACROSS * SIDE_M + 100, (120, 2))
    paths = starts[:, None] + chance.normal(0, 60, (120, 4, 2)).cumsum(axis=1)
    lines = shapely.linestrings(paths)
    lamps = shapely.line_interpolate_point(np.repeat(lines, 4), np.tile([0.1, 0.4, 0.6, 0.9], 120),
                                           normalized=True)  # fmt: skip
    at = shapely.get_coordinates(lamps) + chance.normal(0, 3, (480, 2))
    at[:5] += 700.0
    places: Any = gpd.GeoSeries(shapely.points(at), crs=CRS)
    if shifted:
        degrees = places.to_crs("EPSG:4326")
        moved = np.column_stack(wgs84_to_gcj02(degrees.x, degrees.y))
        places = gpd.GeoSeries(shapely.points(moved), crs="EPSG:4326").to_crs(CRS)
    shapes = places.to_numpy().copy()
    if several:
        shapes[7] = MultiPoint([Point(xy) for xy in (at[7], at[7] + 5)])
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    streets = {"id": [f"s{n}" for n in range(120)], "hardened": ([True, False, None] * 40)}
    open_store(folder / "rounds", new_as="geoparquet").write(
        ROUND,
        {
            "villages": gpd.GeoDataFrame(villages, geometry=boxes, crs=CRS),
            "back_streets": gpd.GeoDataFrame(streets, geometry=lines, crs=CRS),
            "lamps": gpd.GeoDataFrame(
                {"id": [f"l{n}" for n in range(480)], "working": True}, geometry=shapes, crs=CRS
            ),
        },
    )
    return open_survey(folder, ROUND)


def told(report: CheckReport) -> list[Any]:
    return [
        (item.finding, shapely.to_wkb(np.array(item.shapes, dtype=object)).tolist())
        for item in report.observations
    ]


@pytest.mark.parametrize("shifted", [False, True])
def test_a_check_in_pieces_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shifted: bool
) -> None:
    survey = survey_of(tmp_path, shifted=shifted)
    whole = told(check_round(survey))
    monkeypatch.setattr(lazy, "WORTH_WHILE", 1)
    for module in (evidence, datum):
        monkeypatch.setattr(module, "PIECE", 7)
    assert told(check_round(survey)) == whole
    codes = {finding.code for finding, _ in whole}
    assert {"outside-units", "partly-outside-units", "far-from-lines"} <= codes
    assert ("datum-shift" in codes) == shifted


def test_lamps_of_several_points_are_checked_too(tmp_path: Path) -> None:
    found = check_round(survey_of(tmp_path, several=True)).findings
    far = next(item for item in found if item.code == "far-from-lines")
    assert far.rows
    assert "l7" not in far.rows


def test_figures_of_what_is_not_drawn_are_those_of_the_shapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey_of(tmp_path)
    drawn = coverage_of(open_survey(tmp_path, ROUND))
    rows = rows_behind(open_survey(tmp_path, ROUND), "hardening.back_streets", "v05")
    monkeypatch.setattr(lazy, "WORTH_WHILE", 1)
    survey = open_survey(tmp_path, ROUND)
    assert isinstance(shapes_of(survey.frame("back_streets").geometry), Lines)
    assert isinstance(shapes_of(survey.frame("lamps").geometry), Points)
    assert coverage_of(survey).equals(drawn)
    assert rows_behind(survey, "hardening.back_streets", "v05").equals(rows)
    assert len(rows)
    assert lazy.undrawn_in(survey.frame("back_streets").geometry) is not None
