"""Layers read batch by batch: the same figures, the same findings, the same refusals as in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon

from geo import large
from geo.catalog import load_catalog
from geo.coverage import coverage_of
from geo.engine.lines import Lines, Points
from geo.errors import DataError, StoreError
from geo.indicators import needed_fields
from geo.keys import fingerprints
from geo.model import FieldSpec
from geo.points import PointsInMemory, PointsOnDisk, stored_points
from geo.store.geoparquet import GeoParquetStore
from geo.store.geoparquet_file import scan_file
from geo.store.geoparquet_writing import write_file
from geo.streaming import Reading, doubled_keys, merged
from geo.survey import open_survey
from geo.validate import conform
from tests import made

LAYERS = load_catalog().layers
STREETS = LAYERS["back_streets"]
HARDENED = ["hardening.back_streets"]


def as_geoparquet(folder: Path) -> Path:
    """The district with its round as a folder of GeoParquet in the place of the GeoPackage."""
    survey = open_survey(folder)
    tables = {
        name: survey.store.read(survey.round, name) for name in survey.store.tables(survey.round)
    }
    (folder / "rounds" / f"{survey.round}.gpkg").unlink()
    GeoParquetStore(folder / "rounds").write(survey.round, tables)
    return folder


def district(folder: Path, stored: str, frames: made.Frames | None = None) -> Path:
    written = made.write_district(folder, frames or made.squares(LAYERS))
    made.squares_raster(written)
    return as_geoparquet(written) if stored == "geoparquet" else written


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The figures of the squares, measured in memory."""
    return coverage_of(open_survey(district(tmp_path_factory.mktemp("whole"), "geopackage")))


@pytest.fixture
def batches_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Nothing fits into memory, and a batch has so many rows."""

    def fix(rows: int) -> None:
        monkeypatch.setattr(large, "FRAME_BYTES", dict.fromkeys(large.FRAME_BYTES, 10**12))
        monkeypatch.setattr(large, "FEWEST_ROWS", rows)
        monkeypatch.setattr(large, "MOST_ROWS", rows)

    return fix


def assert_same(rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(rows) == len(expected)
    for column in expected:
        if expected[column].dtype == float:
            np.testing.assert_allclose(rows[column], expected[column], rtol=1e-9, atol=1e-9)
        else:
            assert rows[column].fillna("–").tolist() == expected[column].fillna("–").tolist()


@pytest.mark.parametrize(
    ("stored", "engine", "rows"),
    [
        ("geopackage", "reference", 5),
        ("geopackage", "fast", 1000),
        ("geoparquet", "reference", 1000),
        ("geoparquet", "fast", 3),
    ],
)
def test_figures_are_the_same_whatever_the_batch(
    tmp_path: Path, whole: pd.DataFrame, batches_of: Any, stored: str, engine: str, rows: int
) -> None:
    batches_of(rows)
    survey = open_survey(district(tmp_path, stored))
    assert_same(coverage_of(survey, engine=engine), whole)
    assert not {"back_streets", "lamps", "scenic_works"} & {*survey._frames}, (
        "none of them was held"
    )


def test_the_embedded_district_too(batches_of: Any) -> None:
    expected = coverage_of(open_survey())
    batches_of(700)
    assert_same(coverage_of(open_survey(), engine="fast"), expected)


def test_what_fits_is_held_and_what_does_not_is_read_in_parts(tmp_path: Path) -> None:
    survey = open_survey(district(tmp_path, "geopackage"))
    count = survey.store.sizes(survey.round)["back_streets"]
    enough = count * large.FRAME_BYTES["LineString"] * 4 / 1e6
    assert large.large_layers(survey, ["back_streets", "villages"], enough) == {}
    scans = large.large_layers(survey, ["back_streets", "villages"], 0.9 * enough)
    assert set(scans) == {"back_streets"}, "units are always held"
    survey.frame("back_streets")
    assert large.large_layers(survey, ["back_streets"], 0.9 * enough) == {}, "it is held by now"


def test_progress_tells_layer_and_rows(tmp_path: Path, batches_of: Any) -> None:
    batches_of(5)
    told: list[str] = []
    survey = open_survey(district(tmp_path, "geopackage"))
    count = survey.store.sizes(survey.round)["back_streets"]
    coverage_of(survey, HARDENED, progress=lambda _, __, said: told.append(said))
    assert f"back_streets: {count} of {count} rows" in told
    assert f"back_streets: 5 of {count} rows" not in told[-1:]


# -- validation ----------------------------------------------------------------------------------------


def streets(rows: list[dict[str, Any]]) -> made.Frames:
    return {**made.squares(LAYERS), "back_streets": made.layer_rows(STREETS, rows)}


def line(number: int, **fields: Any) -> dict[str, Any]:
    shape = LineString([(10, 10 + number), (60, 10 + number)])
    return {"id": f"S{number}", "hardened": True, "geometry": shape, **fields}


@pytest.mark.parametrize("engine", ["reference", "fast"])
@pytest.mark.parametrize("stored", ["geopackage", "geoparquet"])
def test_all_faults_of_a_layer_come_together_wherever_they_lie(
    tmp_path: Path, batches_of: Any, stored: str, engine: str
) -> None:
    frames = streets(
        [
            line(1),
            line(2, id="S1"),
            line(3, id=None),
            line(4, geometry=LineString([(0, 0), (np.inf, 1)])),
            line(5, geometry=Point(1, 1)),
            line(6),
        ]
    )
    batches_of(1)
    with pytest.raises(DataError) as caught:
        coverage_of(open_survey(district(tmp_path, stored, frames)), HARDENED, engine=engine)
    found = {(fault.layer, fault.found, fault.rows) for fault in caught.value.faults}
    assert found == {
        ("back_streets", "2 rows that share their id with another", ("S1",)),
        ("back_streets", "no id", (3,)),
        ("back_streets", "coordinates that are no numbers", ("S4",)),
        ("back_streets", "Point", ("S5",)),
    }


def test_faults_of_large_and_small_layers_come_together(tmp_path: Path, batches_of: Any) -> None:
    frames = streets([line(1), line(1)])
    frames["villages"] = pd.concat([frames["villages"], frames["villages"].iloc[:1]])
    frames["lamps"] = made.layer_rows(
        LAYERS["lamps"], [{"id": "L1", "geometry": Point(1, 1)}, {"geometry": Point(2, 2)}]
    )
    batches_of(1)
    with pytest.raises(DataError) as caught:
        coverage_of(open_survey(district(tmp_path, "geopackage", frames)), ["lighting.lamp_reach"])
    assert [fault.layer for fault in caught.value.faults] == ["villages", "back_streets", "lamps"]


def test_an_invalid_outline_in_any_batch_is_named(tmp_path: Path, batches_of: Any) -> None:
    frames = made.squares(LAYERS)
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    works = frames["scenic_works"].copy()
    works.loc[works.index[-1], "geometry"] = bow
    batches_of(1)
    with pytest.raises(DataError, match="Self-intersection"):
        coverage_of(
            open_survey(district(tmp_path, "geopackage", {**frames, "scenic_works": works})),
            [LAYERS["scenic_works"].indicators[0].id],
        )


def test_without_a_system_a_layer_is_refused(tmp_path: Path, batches_of: Any) -> None:
    frames = streets([line(1)])
    frames["back_streets"] = frames["back_streets"].set_crs(None, allow_override=True)
    batches_of(1)
    with pytest.raises(DataError, match="no coordinate system"):
        coverage_of(open_survey(district(tmp_path, "geopackage", frames)), HARDENED, engine="fast")


def test_warnings_of_batches_are_told_as_those_of_the_layer(
    tmp_path: Path, batches_of: Any
) -> None:
    frames = streets([line(number) for number in range(6)])
    frames["back_streets"]["hardened"] = ["yes", "perhaps", "no", "maybe", None, "perhaps"]
    frames["back_streets"].loc[[0, 5], "geometry"] = None
    survey = open_survey(district(tmp_path, "geopackage", frames))
    expected = {
        (item.code, item.rows) for item in conform(frames["back_streets"], STREETS).findings
    }
    batches_of(2)
    rows = coverage_of(survey, HARDENED, engine="fast")
    assert {(item.code, item.rows) for item in survey.findings} == expected
    (unreadable,) = (item for item in survey.findings if item.code == "unreadable-value")
    assert unreadable.found.startswith("hardened of 3 rows cannot be read")
    (total,) = rows[(rows["level"] == "district") & (rows["scope"] == "all")].itertuples()
    assert (total.covered, total.not_covered, total.unknown) == (0, 50, 150)


def test_of_many_rows_a_finding_names_some_and_counts_the_rest() -> None:
    frame = made.layer_rows(STREETS, [line(number, geometry=None) for number in range(700)])
    (finding,) = merged(item for _ in range(2) for item in conform(frame, STREETS).findings)
    assert len(finding.rows) == 1000
    assert finding.found == "no geometry (and 400 more rows)"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, batches_of: Any) -> None:
    batches_of(1)
    survey = open_survey(district(tmp_path, "geopackage"))
    file = tmp_path / "rounds" / f"{survey.round}.gpkg"

    def edited(_: int, __: int, said: str) -> None:
        if said.startswith("back_streets: 1 "):
            with file.open("ab") as stream:
                stream.write(b"\0")

    with pytest.raises(StoreError, match="was changed while it was read"):
        coverage_of(survey, HARDENED, progress=edited)


# -- shapes as arrays ----------------------------------------------------------------------------------


def shapes_read(folder: Path, frame: gpd.GeoDataFrame, layer: str = "back_streets") -> Any:
    file = folder / f"{layer}.parquet"
    write_file(file, frame)
    declared = LAYERS[layer]
    fields = {name for one in declared.indicators for name in needed_fields(one, declared)}
    reading = Reading.of(scan_file(file), declared, fields, made.CRS, arrays=True, batch_rows=100)
    (read,) = (read for part in reading.parts() for read in reading.batches(part))
    return None if read.batch is None else read.batch.shapes


def test_plain_lines_come_as_arrays_and_others_the_long_way(tmp_path: Path) -> None:
    plain = made.layer_rows(STREETS, [line(1), line(2)])
    high = plain.set_geometry(shapely.force_3d(plain.geometry.to_numpy(), 5.0), crs=made.CRS)
    degrees = plain.to_crs("EPSG:4490")
    for name, frame in {"plain": plain, "high": high, "degrees": degrees}.items():
        shapes = shapes_read(tmp_path, frame)
        assert isinstance(shapes, Lines), name
        assert shapely.length(shapes.to_shapely()) == pytest.approx([50, 50], abs=1e-5)
    short = LineString([(1, 1), (1, 1)])
    for name, shape in {"missing": None, "empty": LineString(), "short": short}.items():
        frame = made.layer_rows(STREETS, [line(1), line(2, geometry=shape)])
        assert isinstance(shapes_read(tmp_path, frame), np.ndarray), name


def test_a_geopackage_hands_over_what_must_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.streaming.PLAIN_ROWS", 1)  # many rows: read by the kernel
    folder = district(tmp_path, "geopackage")
    survey = open_survey(folder)
    scan = survey.scan("back_streets")
    assert scan is not None
    reading = Reading.of(scan, STREETS, (), made.CRS, arrays=True, batch_rows=1000)
    (read,) = (read for part in reading.parts() for read in reading.batches(part))
    assert read.batch is not None
    assert isinstance(read.batch.shapes, Lines)
    expected = shapely.get_coordinates(survey.frame("back_streets").geometry)
    assert read.batch.shapes.xy.tolist() == expected.tolist()


def test_points_come_as_arrays_unless_a_row_has_several(tmp_path: Path) -> None:
    lamps = LAYERS["lamps"]
    one = made.layer_rows(lamps, [{"id": "L1", "geometry": Point(1, 2)}])
    several = made.layer_rows(lamps, [{"id": "L1", "geometry": MultiPoint([(1, 2), (3, 4)])}])
    assert isinstance(shapes_read(tmp_path, one, "lamps"), Points)
    assert isinstance(shapes_read(tmp_path, several, "lamps"), np.ndarray)


@pytest.mark.parametrize("memory_bytes", [10**9, 0])
def test_the_points_near_a_place_are_those_whose_reach_meets_it(
    tmp_path: Path, memory_bytes: int
) -> None:
    survey = open_survey(district(tmp_path, "geoparquet"))
    _, indicator = survey.district.catalog.indicator("lighting.lamp_reach")
    scan = survey.scan("lamps")
    assert scan is not None
    near, findings, rows = stored_points(
        scan, LAYERS["lamps"], indicator, made.CRS,
        arrays=True, batch_rows=2, memory_bytes=memory_bytes,
    )  # fmt: skip
    assert (findings, rows) == ((), scan.rows)
    assert isinstance(near, PointsInMemory if memory_bytes else PointsOnDisk)
    frame = survey.frame("lamps")
    place = frame.geometry.iloc[0].buffer(30, cap_style="square")
    widened = place.buffer(21, join_style="mitre")  # at most 12 m high, so 21 m
    points, certain, possible = near.near(place.bounds)
    found = {tuple(xy) for xy in points.xy}
    assert found == {(one.x, one.y) for one in frame.geometry if one.intersects(widened)}
    assert 0 < len(found) == len(certain) == len(possible) < len(frame)
    assert len(near.near(None)[0]) == 0


@pytest.mark.parametrize("in_order", [True, False])
def test_points_near_a_place_are_found_among_many(in_order: bool) -> None:
    """They are looked for by blocks of neighbours; in a file without order every block is everywhere."""
    chance = np.random.default_rng(3)
    xy = chance.uniform(0, 1000, (10_000, 2))
    xy = xy[np.argsort(xy[:, 0])] if in_order else xy
    xy[::97] = np.nan  # a lamp that nobody has placed hides none of its neighbours
    number = np.arange(float(len(xy)))
    points, which, _ = PointsInMemory(Points(xy), number, number, 20.0).near((300, 300, 340, 700))
    x, y = xy.T
    expected = (x > 279.99) & (x < 360.01) & (y > 279.99) & (y < 720.01)
    assert which.tolist() == np.flatnonzero(expected).tolist()
    assert np.array_equal(points.xy, xy[expected])


# -- keys ----------------------------------------------------------------------------------------------


def test_keys_that_are_numbers_need_no_text_to_be_told_apart(tmp_path: Path) -> None:
    """However a batch is read, a key has one fingerprint, and one that two rows share is found."""
    layer = STREETS.model_copy(
        update={"fields": STREETS.fields | {"id": FieldSpec(type="integer", required=True)}}
    )
    rows = made.layer_rows(STREETS, [line(1), line(2), line(3)]).drop(columns="id")
    numbers = {"good": [-5, 7, 2**40], "doubled": [7, 8, 7], "missing": [7, None, 8]}
    for name, ids in numbers.items():
        file = tmp_path / f"{name}.parquet"
        write_file(file, rows.assign(id=pd.array(ids, "Int64")))
        reading = Reading.of(scan_file(file), layer, (), made.CRS, arrays=True, batch_rows=100)
        (read,) = (read for part in reading.parts() for read in reading.batches(part))
        assert read.keys is not None
        assert read.keys.tolist() == fingerprints(pd.Series(ids, dtype="Int64")).tolist()
        assert [one.code for one in read.findings] == ["missing-key"] * (name == "missing")
        (*found,) = doubled_keys(reading, [read.keys])
        assert [one.rows for one in found] == [(7,)] * (name == "doubled")


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=40))
def test_fingerprints_tell_keys_apart(texts: list[str | None]) -> None:
    encodable = [t if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    numbers = fingerprints(pd.Series(encodable, dtype="string")).tolist()
    for first, one in zip(encodable, numbers, strict=True):
        assert (one == 0) == (first is None)
        for second, other in zip(encodable, numbers, strict=True):
            assert (one == other) == (first == second)


def test_keys_that_only_look_alike_are_no_fault(
    tmp_path: Path, batches_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "geo.streaming.text_fingerprints", lambda texts: np.full(len(texts), 7, np.uint64)
    )
    monkeypatch.setattr("geo.streaming.fingerprints", lambda keys: np.full(len(keys), 7, np.uint64))
    batches_of(2)
    survey = open_survey(district(tmp_path, "geopackage"))
    assert len(coverage_of(survey, HARDENED, engine="fast"))
