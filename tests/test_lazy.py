"""A column of geometry that is not drawn gives what the drawn one gives, and stays undrawn as long as it can."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from shapely import LineString, MultiLineString, Point
from test_undrawn import binary, columns

from geo.check.report import check_round
from geo.importing import import_file
from geo.sources import lazy
from geo.store import open_store
from geo.survey import open_survey

CRS = "EPSG:4549"


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "WORTH_WHILE", 1)


def series(shapes: list[Any]) -> gpd.GeoSeries:
    return gpd.GeoSeries(lazy.column_from_wkb(binary(shapes), CRS))


def undrawn(geometry: gpd.GeoSeries) -> bool:
    return isinstance(geometry.array, lazy.LazyGeometry) and geometry.array._shapes is None


LINES = [
    LineString([(0, 0), (3, 4)]),
    None,
    LineString([(1, 1), (1, 1), (2, 1)]),
    LineString([(5, 5), (5, 5)]),
]


@given(columns)
def test_what_is_told_undrawn_is_what_the_shapes_tell(shapes: list[Any]) -> None:
    column, drawn = series(shapes), np.array(shapes, dtype=object)
    assert column.crs == CRS
    np.testing.assert_array_equal(lazy.bounds_of(column), shapely.bounds(drawn))
    np.testing.assert_allclose(lazy.lengths_of(column), shapely.length(drawn), rtol=1e-12)
    np.testing.assert_array_equal(lazy.without_length(column), shapely.length(drawn) == 0)
    np.testing.assert_array_equal(lazy.kinds_of(column), shapely.get_type_id(drawn))
    np.testing.assert_array_equal(lazy.dimensions_of(column), shapely.get_dimensions(drawn))
    np.testing.assert_array_equal(lazy.lacking(column), shapely.is_missing(drawn))
    first, last, rows = lazy.ends_of(column)
    plain = lazy.ends_of(gpd.GeoSeries(drawn))
    for mine, theirs in zip((first, last, rows), plain, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert lazy.wkb_of(column).to_pylist() == binary(shapes).to_pylist()
    if any(shape is not None for shape in shapes):
        assert undrawn(column)
    assert shapely.equals(column.to_numpy(), drawn).sum() == (~shapely.is_missing(drawn)).sum()


def test_rows_are_chosen_and_put_together_undrawn() -> None:
    frame = gpd.GeoDataFrame({"id": [*"abcd"]}, geometry=series(LINES))
    some = frame[np.array([True, True, False, True])].reset_index(drop=True)
    turned = frame.iloc[[3, 2, 0]]
    other = frame.drop(columns="id").assign(lit=True).set_crs(CRS, allow_override=True)
    for one in (frame, some, turned, other, frame.copy(), frame.loc[2:]):
        assert undrawn(one.geometry)
    assert some.geometry.tolist() == [LINES[0], None, LINES[3]]
    assert turned.geometry.tolist() == [LINES[3], LINES[2], LINES[0]]
    assert undrawn(frame.geometry)
    assert frame.geometry.iloc[0] == LINES[0]
    assert undrawn(frame.geometry)


def test_whatever_else_is_asked_is_answered_by_the_shapes() -> None:
    frame = gpd.GeoDataFrame({"id": [*"abcd"]}, geometry=series(LINES))
    assert frame.length.iloc[0] == 5
    assert pd.concat([frame, frame]).geometry.isna().sum() == 2
    assert frame.to_crs("EPSG:4326").total_bounds[2] < 180
    kept = pickle.loads(pickle.dumps(frame))
    assert kept.geometry.tolist() == LINES
    changed = frame.copy()
    changed.loc[0, "geometry"] = Point(7, 7)
    assert (changed.geometry.iloc[0], frame.geometry.iloc[0]) == (Point(7, 7), LINES[0])
    assert lazy.bounds_of(changed.geometry)[0].tolist() == [7, 7, 7, 7]
    assert frame.reindex([0, 9]).geometry.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("shapes", "no_number"),
    [
        ([Point(0, 0), LineString([(0, 0), (1, 1)])], [False, False]),
        ([MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 6)]])], [False]),
        ([LineString([(0, 0), (1, float("inf"))])], [True]),
        ([LineString([(0, 0), (1, float("nan"))])], [True]),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_plain_or_no_number_is_drawn_at_once(
    shapes: list[Any], no_number: list[bool]
) -> None:
    column = series(shapes)
    assert not isinstance(column.array, lazy.LazyGeometry)
    assert lazy.without_numbers(column).tolist() == no_number


@pytest.mark.parametrize("form", ["geoparquet", "geopackage"])
def test_an_import_and_a_check_find_the_same_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    rng = np.random.default_rng(2007)
    count = 300
    at = rng.uniform(0, 4_000, (count, 2)) + np.array([500_000, 3_590_000])
    paths = at[:, None] + rng.normal(0, 40, (count, 4, 2)).cumsum(axis=1)
    shapes = [*shapely.linestrings(paths)]
    shapes[3] = shapes[2]
    shapes[5] = LineString([(500_100, 3_590_100)] * 2)
    shapes[7] = None
    shapes[8] = LineString([(900_000, 3_590_000), (900_100, 3_590_000)])
    rows = gpd.GeoDataFrame(
        {"id": [f"s{n}" for n in range(count)], "hardened": (["是", "否", None] * count)[:count]},
        geometry=shapes,
        crs=CRS,
    )
    rows.loc[10, "id"] = "s9"
    rows.to_file(tmp_path / "streets.gpkg", layer="streets")
    told = []
    for worth_while in (1, 10**9):
        monkeypatch.setattr(lazy, "WORTH_WHILE", worth_while)
        folder = tmp_path / str(worth_while)
        folder.mkdir()
        (folder / "district.toml").write_text(
            'name = { zh = "区", en = "D" }\ncode = "990002"\nmetric_crs = "EPSG:4549"\nlevels = ["villages"]\n',
            encoding="utf-8",
        )
        report = import_file(
            folder, tmp_path / "streets.gpkg", "back_streets", round="2007-12-31", new_as=form
        )
        found = check_round(open_survey(folder, "2007-12-31"))
        stored = open_store(folder / "rounds").read("2007-12-31", "back_streets")
        places = [
            shapely.to_wkb(np.array(item.shapes, dtype=object)).tolist()
            for item in found.observations
        ]
        told.append(
            (
                report.left_out,
                report.findings,
                found.findings,
                places,
                stored.geometry.to_wkb().tolist(),
            )
        )
    assert told[0] == told[1]
    codes = {finding.code for finding in told[0][2]}
    assert {"zero-length", "duplicate-geometry", "nearly-joined", "no-geometry"} <= codes


def test_no_row_is_no_harm() -> None:
    column = lazy.column_from_wkb(pa.chunked_array([], pa.binary()), CRS)
    assert lazy.bounds_of(gpd.GeoSeries(column)).shape == (0, 4)


def test_shapes_and_coordinates_cannot_part() -> None:
    column = series(LINES)
    with pytest.raises(ValueError, match="read-only"):
        column.to_numpy()[0] = Point(9, 9)
    column.iloc[0] = LineString(
        [(0, 0), (6, 8)]
    )  # as a whole it may be changed: then the coordinates go
    assert lazy.lengths_of(column)[0] == 10
    assert lazy.bounds_of(column)[0].tolist() == [0, 0, 6, 8]
