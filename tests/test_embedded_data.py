"""The embedded district: made the same each time, shaped as declared, honest about what is made."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import rasterio.features
import shapely

from geo.bundled import embedded_district
from geo.district import open_district

DISTRICT = embedded_district()
ROUNDS = ("2007-06-30", "2007-12-31")
MADE = (
    *("towns", "villages", "back_streets", "lamps", "housing_areas", "scenic_works", "facades"),
    *("weak_spots", "work_units", "inspections", "waters", "roads"),
)
WRITTEN = ("rounds/2007-06-30.gpkg", "rounds/2007-12-31.gpkg", "rasters/ndvi.tif")


@cache
def table(round_: str, name: str) -> gpd.GeoDataFrame | pd.DataFrame:
    """A table as stored; bool columns as True, False or NA."""
    frame = pyogrio.read_dataframe(DISTRICT / "rounds" / f"{round_}.gpkg", layer=name)
    info = pyogrio.read_info(DISTRICT / "rounds" / f"{round_}.gpkg", layer=name)
    for field, kind in zip(info["fields"], info["dtypes"], strict=True):
        if kind == "bool":
            frame[field] = frame[field].astype("boolean")
    return frame


def metric(round_: str, name: str) -> gpd.GeoDataFrame:
    """A table in the district's metric CRS."""
    return table(round_, name).to_crs("EPSG:4549")


@cache
def facts() -> pd.DataFrame:
    return pd.read_csv(DISTRICT / "facts" / "divisions_321202.csv", dtype=str)


def test_the_script_makes_the_committed_bytes_again(tmp_path: Path) -> None:
    # another folder, another clock, another order of hashes
    settings = {"TZ": "Pacific/Chatham", "PYTHONHASHSEED": "4711"}
    subprocess.run(
        [sys.executable, str(DISTRICT / "make.py"), "--out", str(tmp_path / "elsewhere")],
        check=True,
        cwd=tmp_path,
        env={**os.environ, **settings},
        capture_output=True,
    )
    made = sorted(p.relative_to(tmp_path / "elsewhere").as_posix() for p in tmp_path.rglob("*.*"))
    assert made == sorted(WRITTEN)
    differing = [
        name
        for name in WRITTEN
        if (tmp_path / "elsewhere" / name).read_bytes() != (DISTRICT / name).read_bytes()
    ]
    assert differing == [], (
        f"made with shapely {shapely.__version__}, GDAL {pyogrio.__gdal_version_string__}: "
        "if a library changed, run data/hailing/make.py and commit what it writes"
    )


def test_the_data_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in DISTRICT.rglob("*") if path.is_file()) < 8e6
    assert (DISTRICT / "rasters" / "ndvi.tif").stat().st_size < 1.5e6


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_round_has_declared_tables_with_declared_fields_of_their_types(round_: str) -> None:
    declared = open_district(DISTRICT).catalog.layers
    path = DISTRICT / "rounds" / f"{round_}.gpkg"
    stored = dict(pyogrio.list_layers(path))
    assert set(stored) == {"boundary_edges", *MADE}
    columns = {"text": "object", "category": "object", "number": "float64", "bool": "bool"}
    columns |= {"date": "datetime64[D]"}
    for name, shape in stored.items():
        info = pyogrio.read_info(path, layer=name)
        assert set(info["fields"]) <= set(declared[name].fields)
        for field, kind in zip(info["fields"], info["dtypes"], strict=True):
            assert kind == columns[declared[name].fields[field].type], f"{name}.{field}"
        if name == "boundary_edges":  # lines, and a point for the sluice
            assert shape == "Unknown"
        else:
            assert shape == (
                None if declared[name].geometry == "Table" else declared[name].geometry
            )


@pytest.mark.parametrize("round_", ROUNDS)
def test_every_value_is_one_the_declaration_allows(round_: str) -> None:
    declared = open_district(DISTRICT).catalog.layers
    for name in ("boundary_edges", *MADE):
        frame = table(round_, name)
        for field, spec in declared[name].fields.items():
            if spec.seldom and field not in frame:
                continue
            values = frame[field].dropna()
            if spec.values:
                assert set(values) <= set(spec.values), f"{name}.{field}"
            if spec.required:
                assert frame[field].notna().all(), f"{name}.{field}"
            if spec.minimum is not None:
                assert (values >= spec.minimum).all(), f"{name}.{field}"
            if spec.maximum is not None:
                assert (values <= spec.maximum).all(), f"{name}.{field}"
        key = declared[name].key
        if key:
            assert frame[key].is_unique, name
        if isinstance(frame, gpd.GeoDataFrame):
            assert frame.is_valid.all(), name
            assert not frame.is_empty.any(), name
            assert not frame.has_z.any(), name


@pytest.mark.parametrize("round_", ROUNDS)
def test_the_villages_are_those_of_the_official_list(round_: str) -> None:
    listed = facts().sort_values("code").reset_index(drop=True)
    villages = table(round_, "villages").sort_values("code").reset_index(drop=True)
    assert len(villages) == 156
    for field in ("code", "name", "town_code", "kind"):
        assert villages[field].tolist() == listed[field].tolist()
    towns = table(round_, "towns")
    pairs = set(zip(listed["town_code"], listed["town_name"], strict=True))
    assert set(zip(towns["code"], towns["name"], strict=True)) == pairs
    assert len(towns) == 14


@pytest.mark.parametrize("round_", ROUNDS)
def test_the_units_share_their_borders_exactly(round_: str) -> None:
    villages, towns = table(round_, "villages"), table(round_, "towns")
    assert shapely.coverage_is_valid(villages.geometry.to_numpy())
    assert shapely.coverage_is_valid(towns.geometry.to_numpy())
    for code, members in villages.groupby("town_code"):
        town = towns.loc[towns["code"] == code].geometry.iloc[0]
        assert shapely.equals(shapely.coverage_union_all(members.geometry.to_numpy()), town)
    whole = shapely.coverage_union_all(villages.geometry.to_numpy())
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert villages.area.min() > 50_000
    # no sliver: 1 for a circle, 0.785 for a square, near 0 for a thread
    roundness = 4 * np.pi * villages.area / villages.length**2
    assert roundness.min() > 0.2


def test_both_rounds_have_the_same_units() -> None:
    for name in ("villages", "towns"):
        first, second = (table(round_, name) for round_ in ROUNDS)
        assert first["code"].tolist() == second["code"].tolist()
        assert shapely.equals_exact(first.geometry, second.geometry, 0).all()


def test_the_known_seats_lie_in_their_towns() -> None:
    towns = metric(ROUNDS[1], "towns").set_index("name")
    seats = gpd.read_file(DISTRICT / "facts" / "town_seats.geojson").to_crs("EPSG:4549")
    assert len(seats) == 9
    for name, seat in zip(seats["name"], seats.geometry, strict=True):
        assert towns.geometry[name].contains(seat), name


def test_the_edges_are_stored_as_they_were_given() -> None:
    path = DISTRICT / "facts" / "boundary_edges.geojson"
    given = json.loads(path.read_text(encoding="utf-8"))["features"]
    for round_ in ROUNDS:
        stored = table(round_, "boundary_edges")
        assert stored.crs == "EPSG:4326"
        for feature, (_, row) in zip(given, stored.iterrows(), strict=True):
            assert row.drop("geometry").to_dict() == feature["properties"]
            shape = shapely.geometry.shape(feature["geometry"])
            assert shapely.equals_exact(row.geometry, shape, 0)


def test_the_district_reaches_beyond_the_edges_on_every_side() -> None:
    edges = metric(ROUNDS[1], "boundary_edges")
    inside = edges[edges.geom_type == "LineString"].dissolve().convex_hull.iloc[0]
    low_x, low_y, high_x, high_y = metric(ROUNDS[1], "villages").total_bounds
    west, south, east, north = inside.bounds
    assert min(west - low_x, south - low_y, high_x - east, high_y - north) > 1500
    share = metric(ROUNDS[1], "villages").intersection(inside).area
    share = share / metric(ROUNDS[1], "villages").area
    assert (share > 0.99).sum() > 30
    assert (share < 0.01).sum() > 30
    assert share.between(0.1, 0.9).sum() > 10


@pytest.mark.parametrize("round_", ROUNDS)
def test_there_are_657_back_streets_of_believable_length(round_: str) -> None:
    streets = metric(round_, "back_streets")
    assert len(streets) == 657
    assert streets.length.between(59.9, 600.1).all()
    assert set(streets["zone"].dropna()) == {"urban", "urban_village", "fringe"}


def test_some_streets_cross_borders_and_some_run_exactly_along_them() -> None:
    streets, villages = metric(ROUNDS[1], "back_streets"), metric(ROUNDS[1], "villages")
    pairs = gpd.sjoin(streets, villages, predicate="crosses")
    assert (pairs.groupby("id").size() > 1).sum() > 50
    borders = shapely.union_all(villages.boundary.to_numpy())
    along = streets[streets.within(borders)]
    assert len(along) >= 10


def test_lamps_stand_beside_lanes() -> None:
    streets, lamps = metric(ROUNDS[1], "back_streets"), metric(ROUNDS[1], "lamps")
    near = gpd.sjoin_nearest(lamps, streets[["geometry"]], distance_col="off_m")
    assert near["off_m"].max() < 5.1
    assert near.groupby("id")["off_m"].first().median() > 3
    assert lamps["height_m"].dropna().between(4, 10).all()


def test_areas_do_not_overlap() -> None:
    for name in ("housing_areas", "scenic_works"):
        areas = metric(ROUNDS[1], name)
        pairs = gpd.sjoin(areas, areas, predicate="intersects")
        assert (pairs.index == pairs["index_right"]).all(), name
    villages = metric(ROUNDS[1], "villages")
    assert gpd.sjoin(metric(ROUNDS[1], "housing_areas"), villages, predicate="within")[
        "id"
    ].is_unique


@pytest.mark.parametrize("round_", ROUNDS)
def test_weak_spots_lie_in_the_unit_they_name(round_: str) -> None:
    spots = metric(round_, "weak_spots")
    found = gpd.sjoin(spots, metric(round_, "villages")[["code", "geometry"]], predicate="within")
    assert (found["unit_code"] == found["code"]).all()
    assert len(found) == len(spots) == 240
    policy = (DISTRICT / "policy.txt").read_text(encoding="utf-8")
    assert all(owner in policy for owner in spots["owner"].dropna().unique())


@pytest.mark.parametrize("round_", ROUNDS)
def test_what_is_made_says_so(round_: str) -> None:
    path = DISTRICT / "rounds" / f"{round_}.gpkg"
    for name in MADE:
        about = pyogrio.read_info(path, layer=name)["layer_metadata"]
        assert about["illustrative"] == "yes", name
        assert "示意数据 / illustrative data" in about["DESCRIPTION"], name
    edges = pyogrio.read_info(path, layer="boundary_edges")["layer_metadata"]
    assert edges["illustrative"] == "no"
    assert "估计" in edges["DESCRIPTION"]
    sources = (DISTRICT / "SOURCES.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in sources for name in MADE)


def test_the_raster_says_so_too_and_covers_the_district_but_for_clouds() -> None:
    with rasterio.open(DISTRICT / "rasters" / "ndvi.tif") as raster:
        assert "示意数据 / illustrative data" in raster.tags()["TIFFTAG_IMAGEDESCRIPTION"]
        assert raster.dtypes == ("float32",)
        assert raster.nodata is not None
        values = raster.read(1, masked=True)
        bounds = shapely.box(*raster.bounds)
        villages = metric(ROUNDS[1], "villages").to_crs(raster.crs)
        inside = ~rasterio.features.geometry_mask(villages.geometry, raster.shape, raster.transform)
    assert bounds.contains(shapely.box(*villages.total_bounds))
    assert values.min() >= -1
    assert values.max() <= 1
    clouded = np.ma.getmaskarray(values)[inside].mean()
    assert 0.005 < clouded < 0.05


def test_the_sources_page_gives_the_numbers_of_rows() -> None:
    sources = (DISTRICT / "SOURCES.md").read_text(encoding="utf-8").splitlines()
    for name in MADE:
        line = next(
            line for line in sources if line.startswith("|") and f"`{name}`" in line.split("|")[1]
        )
        for round_ in ROUNDS:
            assert f"{len(table(round_, name)):,}" in line.split("|")[2], name


def unknown_share(round_: str, name: str, field: str) -> float:
    return float(table(round_, name)[field].isna().mean())


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("back_streets", "zone"),
        ("back_streets", "width_m"),
        ("back_streets", "hardened"),
        ("back_streets", "lit"),
        ("back_streets", "cleaned"),
        *[("back_streets", f"six_no_{item}") for item in range(1, 7)],
        ("lamps", "height_m"),
        ("lamps", "working"),
        ("housing_areas", "green_m2"),
        ("facades", "renewed"),
        ("weak_spots", "status"),
        ("villages", "certified"),
        ("work_units", "certified"),
    ],
)
def test_attributes_are_missing_as_in_a_survey_and_fewer_later(name: str, field: str) -> None:
    june, december = (unknown_share(round_, name, field) for round_ in ROUNDS)
    assert 0.005 < december < june < 0.25


def test_the_rounds_share_their_ids() -> None:
    declared = open_district(DISTRICT).catalog.layers
    for name in MADE:
        key = declared[name].key
        if key is None:
            continue
        first, second = (table(round_, name).set_index(key) for round_ in ROUNDS)
        if name in ("lamps", "inspections"):  # lamps are put up, the ledger goes on
            assert set(first.index) < set(second.index)
        else:
            assert first.index.tolist() == second.index.tolist()
        if "geometry" in first:
            same = shapely.equals_exact(first.geometry, second.geometry.loc[first.index], 0)
            assert same.all(), name


def test_most_changes_are_for_the_better_and_a_few_for_the_worse() -> None:
    first, second = (table(round_, "back_streets").set_index("id") for round_ in ROUNDS)
    for field in ("hardened", "lit", "cleaned"):
        better = (second[field] & ~first[field]).sum()
        worse = (first[field] & ~second[field]).sum()
        assert better > 5 * worse
    worse = sum((first[f] & ~second[f]).sum() for f in ("hardened", "lit", "cleaned"))
    assert worse > 0
    spots = [table(round_, "weak_spots").set_index("id")["status"] for round_ in ROUNDS]
    assert ((spots[0] != "closed") & (spots[1] == "closed")).sum() > 50


def test_ledger_of_june_is_the_beginning_of_decembers() -> None:
    first, second = (table(round_, "inspections") for round_ in ROUNDS)
    pd.testing.assert_frame_equal(first, second.head(len(first)))
    assert first["held_on"].max() <= pd.Timestamp(ROUNDS[0])
    units = set(facts()["code"]) | set(facts()["town_code"])
    assert set(second["unit_code"]) <= units
    assert set(second["period"]) == {"week", "month", "quarter"}


def test_the_facts_are_well_formed() -> None:
    with (DISTRICT / "facts" / "divisions_321202.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["code"] for row in rows}) == len(rows) == 156
    assert all(row["code"].startswith(row["town_code"]) for row in rows)
