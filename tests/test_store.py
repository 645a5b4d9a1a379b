"""The contract every store of rounds keeps, and what a GeoPackage folder adds to it."""

from __future__ import annotations

import functools
import getpass
import json
import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import LineString, MultiLineString, Point, Polygon

import geo.store.geopackage
import geo.store.geoparquet
from geo.catalog import load_catalog
from geo.errors import StoreError, UnknownNameError
from geo.model import ImportRecord, Layer
from geo.store import open_store, styles
from geo.store.base import Store
from geo.store.both import BothStore, Form
from geo.store.folder import TEMPORARY
from geo.store.geopackage import GeoPackageStore
from geo.store.geoparquet import GeoParquetStore
from geo.store.geoparquet_file import file_digest, read_file, scan_file
from geo.store.geoparquet_writing import write_file
from geo.store.lock import HOLDER_FILE, LOCK_FILE
from geo.store.publication import changes
from geo.store.styles import qml
from geo.views import palette

ROUND = "2007-06-30"
STORES: dict[str, Callable[[Path], Store]] = {
    "geopackage": GeoPackageStore,
    "geoparquet": GeoParquetStore,
    "both": BothStore,
}
"""Every store there is: a new one joins the contract by a line here."""


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path / "rounds")


def streets(**columns: Any) -> gpd.GeoDataFrame:
    lines = [LineString([(0, 0), (10, 0)]), LineString([(0, 5), (20, 5)]), None]
    return gpd.GeoDataFrame(columns, geometry=lines, crs="EPSG:4549")


def record(id_: int = 1, layer: str = "streets") -> ImportRecord:
    return ImportRecord(
        id_, layer, "街巷.shp", "ab" * 32, None, '{"fields": {}}', "EPSG:4549",
        "2007-07-01T08:00:00+00:00", "li", 3, 2,
    )  # fmt: skip


# -- the contract -------------------------------------------------------------------------------------


def test_a_store_without_rounds_has_none(store: Store) -> None:
    assert store.rounds() == ()


def test_rounds_come_oldest_first(store: Store) -> None:
    for date in ("2007-12-31", "2006-01-01", "2007-06-30"):
        store.write(date, {"streets": streets(id=["a", "b", "c"])})
    assert store.rounds() == ("2006-01-01", "2007-06-30", "2007-12-31")


def test_what_is_written_is_read(store: Store) -> None:
    written = streets(
        id=["001", "b", "c"],
        hardened=[True, False, None],
        width_m=[3.5, np.nan, 4.0],
        lanes=pd.array([1, None, 2**60], dtype="Int64"),
        built=pd.to_datetime(["2007-01-02", None, "2007-03-04"]),
    )
    store.write(ROUND, {"streets": written})
    read = store.read(ROUND, "streets")
    assert read.index.name == "fid"
    assert read.index.tolist() == [1, 2, 3]
    assert read.crs.to_epsg() == 4549
    assert read["id"].tolist() == ["001", "b", "c"]
    assert read["hardened"].dtype == "boolean"
    assert read["hardened"].tolist() == [True, False, pd.NA]
    assert read["lanes"].tolist() == [1, pd.NA, 2**60]
    assert read["width_m"].isna().tolist() == [False, True, False]
    assert read["built"].isna().tolist() == [False, True, False]
    assert read["built"].iloc[0] == pd.Timestamp("2007-01-02")
    assert read.geometry.iloc[0].equals(LineString([(0, 0), (10, 0)]))
    assert read.geometry.iloc[2] is None


def test_a_table_without_geometry_is_a_plain_frame(store: Store) -> None:
    store.write(ROUND, {"inspections": pd.DataFrame({"id": ["a"], "score": [95.5]})})
    read = store.read(ROUND, "inspections")
    assert not isinstance(read, gpd.GeoDataFrame)
    assert read["score"].tolist() == [95.5]


def test_a_layer_without_a_crs_stays_without(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"]).set_crs(None, allow_override=True)})
    assert store.read(ROUND, "streets").crs is None


def test_an_empty_layer_keeps_its_columns(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"]).iloc[:0]})
    read = store.read(ROUND, "streets")
    assert len(read) == 0
    assert "id" in read.columns


def test_single_and_multiple_parts_and_other_kinds_lie_in_one_layer(store: Store) -> None:
    mixed = gpd.GeoDataFrame(
        {"id": ["a", "b", "c"]},
        geometry=[
            LineString([(0, 0), (1, 0)]),
            MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]]),
            Point(0, 0),
        ],
        crs="EPSG:4549",
    )
    store.write(ROUND, {"edges": mixed})
    assert [shape.length for shape in store.read(ROUND, "edges").geometry] == [1, 2, 0]


def test_unknown_names_say_what_there_is(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    with pytest.raises(UnknownNameError, match="there are: 2007-06-30"):
        store.tables("2007-01-01")
    with pytest.raises(UnknownNameError, match="there are: streets"):
        store.read(ROUND, "lamps")


@pytest.mark.parametrize("name", ["2007-6-30", "20070630", "../2007-06-30", "newest", "2007-02-30"])
def test_a_round_is_named_by_a_date(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="YYYY-MM-DD"):
        store.write(name, {"streets": streets(id=["a", "b", "c"])})


def test_a_round_is_never_overwritten(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    before = store.digest(ROUND)
    with pytest.raises(StoreError, match="never overwritten"):
        store.write(ROUND, {"streets": streets(id=["x", "y", "z"])})
    assert store.digest(ROUND) == before


def test_a_digest_changes_with_the_data(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    store.write("2007-12-31", {"streets": streets(id=["a", "b", "d"])})
    assert store.digest(ROUND) == store.digest(ROUND)
    assert store.digest(ROUND) != store.digest("2007-12-31")
    assert len(store.digest(ROUND)) == 64


def test_import_records_are_kept_and_are_no_table(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    assert store.imports(ROUND) == (record(),)
    assert store.tables(ROUND) == ("streets",)


def test_a_round_made_without_imports_has_none(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert store.imports(ROUND) == ()


def test_a_layer_is_added_beside_the_others(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    lamps = gpd.GeoDataFrame({"id": ["l"]}, geometry=[Point(1, 1)], crs="EPSG:4549")
    store.add(ROUND, {"lamps": lamps}, [record(2, "lamps")], onto=store.digest(ROUND))
    assert store.tables(ROUND) == ("lamps", "streets")
    assert store.read(ROUND, "streets")["id"].tolist() == ["a", "b", "c"]
    assert [item.id for item in store.imports(ROUND)] == [1, 2]


def test_a_layer_that_is_there_is_not_added_again(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    with pytest.raises(StoreError, match="already"):
        store.add(ROUND, {"STREETS": streets(id=["x", "y", "z"])}, onto=store.digest(ROUND))
    assert store.read(ROUND, "streets")["id"].tolist() == ["a", "b", "c"]


def test_who_saw_an_older_state_does_not_write(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    seen = store.digest(ROUND)
    lamps = gpd.GeoDataFrame({"id": ["l"]}, geometry=[Point(1, 1)], crs="EPSG:4549")
    store.add(ROUND, {"lamps": lamps}, onto=seen)
    with pytest.raises(StoreError, match="someone else"):
        store.add(ROUND, {"facades": streets(id=["a", "b", "c"])}, onto=seen)
    assert store.tables(ROUND) == ("lamps", "streets")


def test_rows_are_counted_table_by_table(store: Store) -> None:
    lamps = pd.DataFrame({"id": ["l"]})
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"]), "lamps": lamps})
    assert dict(store.sizes(ROUND)) == {"lamps": 1, "streets": 3}


# -- reading in parts


def lined_up(count: int) -> gpd.GeoDataFrame:
    """Streets of 10 m, one every 100 m to the east, the last one nowhere; out of order along the way."""
    east = [100.0 * (7 * number % count) for number in range(count)]
    lines = [LineString([(x, 0), (x + 10, 0)]) for x in east[:-1]]
    names = [f"{x:g}" for x in east]
    return gpd.GeoDataFrame({"id": names}, geometry=[*lines, None], crs="EPSG:4549")


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_the_parts_of_a_table_are_the_table(
    store: Store, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("geo.store.geoparquet_writing.ROWS_IN_GROUP", 3)
    store.write(ROUND, {"streets": lined_up(10)})
    scan = store.scan(ROUND, "streets")
    assert scan is not None
    assert (scan.rows, scan.columns, scan.has_geometry) == (10, ("id",), True)
    assert CRS.from_user_input(scan.crs).to_epsg() == 4549
    parts = scan.parts(rows)
    assert sum(part.rows for part in parts) >= 10
    read = [batch for part in parts for batch in scan.read(part, ["id"], 2)]
    assert max(len(batch) for batch in read) <= 2
    frame = pd.concat([batch.frame(scan.crs) for batch in read]).sort_index()
    expected = store.read(ROUND, "streets")
    assert frame.index.tolist() == expected.index.tolist()
    assert frame["id"].tolist() == expected["id"].tolist()
    assert frame.geometry.to_wkb().tolist() == expected.geometry.to_wkb().tolist()


def test_the_rows_of_a_place_are_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.store.geoparquet_writing.ROWS_IN_GROUP", 2)
    store.write(ROUND, {"streets": lined_up(10)})
    scan = pickle.loads(pickle.dumps(store.scan(ROUND, "streets")))
    found = [
        name
        for batch in scan.within((205, -1, 410, 1), ["id"], 100)
        for name in batch.attributes["id"].to_pylist()
    ]
    assert sorted(found) == ["200", "400"], "300 is the one that lies nowhere"
    assert list(scan.within((5000, 0, 6000, 1), ["id"], 100)) == []


def test_a_table_of_no_rows_has_no_parts(store: Store) -> None:
    store.write(ROUND, {"streets": lined_up(3).iloc[:0]})
    scan = store.scan(ROUND, "streets")
    assert scan is not None
    assert (scan.rows, scan.parts(10)) == (0, ())


# -- the digest: of the data, and of nothing else


def test_each_table_has_a_digest_and_adding_one_leaves_the_others(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    alone = dict(store.digests(ROUND))
    store.add(ROUND, {"lamps": pd.DataFrame({"id": ["l"]})}, onto=store.digest(ROUND))
    assert set(store.digests(ROUND)) == {"streets", "lamps"}
    assert store.digests(ROUND)["streets"] == alone["streets"]


def test_the_order_of_columns_and_where_the_rows_came_from_are_no_data(store: Store) -> None:
    store.write(
        ROUND, {"streets": streets(id=["a", "b", "c"], lit=[True, False, None])}, [record()]
    )
    store.write("2007-12-31", {"streets": streets(lit=[True, False, None], id=["a", "b", "c"])})
    assert store.digest(ROUND) == store.digest("2007-12-31")


@pytest.mark.parametrize(
    "other",
    [
        {"id": ["a", "b", None], "lit": [True, False, None]},
        {"id": ["a", "b", ""], "lit": [True, False, None]},
        {"id": ["ab", "", "c"], "lit": [True, False, None]},
        {"id": ["b", "a", "c"], "lit": [True, False, None]},
        {"id": ["a", "b", "c"], "lit": [True, False, False]},
        {"id": ["a", "b", "c"], "lit": [None, True, False]},
        {"id": ["a", "b", "c"], "lit": ["True", "False", None]},
        {"id": ["a", "b", "c"], "lit": [1, 0, None]},
        {"id": ["a", "b", "c"], "lot": [True, False, None]},
        {"id": ["a", "b", "c"]},
    ],
)
def test_any_other_data_has_another_digest(store: Store, other: dict[str, list[Any]]) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"], lit=[True, False, None])})
    store.write("2007-12-31", {"streets": streets(**other)})
    assert store.digest(ROUND) != store.digest("2007-12-31")


def test_place_and_coordinate_system_are_data(store: Store) -> None:
    frame = streets(id=["a", "b", "c"])
    moved = frame.set_geometry(frame.translate(xoff=1e-7))
    digests = set()
    for date, one in enumerate((frame, moved, frame.set_crs(4547, allow_override=True)), start=1):
        store.write(f"2007-01-0{date}", {"streets": one})
        digests.add(store.digest(f"2007-01-0{date}"))
    assert len(digests) == 3


def test_the_name_of_a_table_is_data(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    store.write("2007-12-31", {"roads": streets(id=["a", "b", "c"])})
    assert store.digest(ROUND) != store.digest("2007-12-31")


# -- taking back an import


def lamp() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"id": ["l"]}, geometry=[Point(1, 1)], crs="EPSG:4549")


def test_undo_takes_the_last_import_back_and_then_the_one_before(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    first = (store.digest(ROUND), store.tables(ROUND), store.imports(ROUND))
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
    assert store.undo(ROUND, onto=store.digest(ROUND)) == (record(2, "lamps"),)
    assert (store.digest(ROUND), store.tables(ROUND), store.imports(ROUND)) == first
    assert store.undo(ROUND, onto=store.digest(ROUND)) == (record(),)
    assert store.rounds() == ()
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    assert store.digest(ROUND) == first[0]


def test_what_is_taken_back_can_be_imported_again(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    for _ in range(3):
        store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
        added = store.digest(ROUND)
        store.undo(ROUND, onto=added)
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
    assert store.digest(ROUND) == added
    assert store.read(ROUND, "lamps").geometry.iloc[0] == Point(1, 1)


def test_what_was_written_together_is_taken_back_together(store: Store) -> None:
    both = {"streets": streets(id=["a", "b", "c"]), "lamps": lamp()}
    store.write(ROUND, both, [record(), record(2)])
    assert [item.id for item in store.undo(ROUND, onto=store.digest(ROUND))] == [1, 2]
    assert store.rounds() == ()


def test_a_round_made_without_imports_has_none_to_take_back(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    with pytest.raises(StoreError, match="not made by imports"):
        store.undo(ROUND, onto=store.digest(ROUND))
    store.add(ROUND, {"lamps": lamp()}, [record(1, "lamps")], onto=store.digest(ROUND))
    store.undo(ROUND, onto=store.digest(ROUND))
    assert store.tables(ROUND) == ("streets",)


def test_undo_of_a_state_that_is_gone_is_refused(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    seen = store.digest(ROUND)
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=seen)
    with pytest.raises(StoreError, match="someone else"):
        store.undo(ROUND, onto=seen)
    assert store.tables(ROUND) == ("lamps", "streets")


# -- publishing

PUBLISHED = {"by": "li", "at": "2007-07-02T08:00:00+00:00"}


def test_what_is_published_is_refused_to_every_writer(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    seen = store.digest(ROUND)
    assert store.publication(ROUND) is None
    store.require_draft(ROUND)
    store.publish(ROUND, **PUBLISHED, onto=seen)
    for change in (
        lambda: store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=seen),
        lambda: store.undo(ROUND, onto=seen),
        lambda: store.publish(ROUND, **PUBLISHED, onto=seen),
        lambda: store.require_draft(ROUND),
    ):
        with pytest.raises(StoreError, match="published"):
            change()
    assert store.digest(ROUND) == seen


def test_a_publication_says_who_when_and_what(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    written = store.publish(ROUND, **PUBLISHED, onto=store.digest(ROUND))
    assert store.publication(ROUND) == written
    assert store.published_dates() == (ROUND,)
    assert (written.round, written.published_by, written.published_at) == (
        ROUND,
        *PUBLISHED.values(),
    )
    assert written.digest == store.digest(ROUND)
    assert written.tables == dict(store.digests(ROUND))
    assert list(changes(written, store.digests(ROUND), store.imports(ROUND))) == []


def test_only_what_was_seen_is_published(store: Store) -> None:
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    seen = store.digest(ROUND)
    store.add(ROUND, {"lamps": lamp()}, onto=seen)
    with pytest.raises(StoreError, match="someone else"):
        store.publish(ROUND, **PUBLISHED, onto=seen)
    assert store.publication(ROUND) is None


# -- names


@pytest.mark.parametrize(
    "name",
    [
        'a"b',
        "a'b",
        "a;b--",
        "a b",
        "名称",
        "fid",
        "geom",
        "select",
        "%s",
        "rowid",
        "{{7*191}}",
        "=1",
    ],
)
def test_hostile_names_are_only_names(store: Store, name: str) -> None:
    store.write(ROUND, {"streets": streets(**{name: ["x", None, "y"]})})
    assert store.read(ROUND, "streets")[name].tolist() == ["x", pd.NA, "y"]


@pytest.mark.parametrize("name", ["", "gpkg_contents", "rtree_x", "sqlite_master", "atlas_imports"])
def test_names_the_file_needs_for_itself_are_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be named"):
        store.write(ROUND, {name: streets(id=["a", "b", "c"])})
    assert store.rounds() == ()


def test_columns_that_differ_only_in_case_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="only in case"):
        store.write(ROUND, {"streets": streets(lit=["a", "b", "c"], LIT=["x", "y", "z"])})


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([True, False, None]),
            st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))),
            st.one_of(st.none(), st.floats(allow_nan=False)),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        ),
        min_size=1,
        max_size=8,
    )
)  # fmt: skip
def test_three_values_and_all_text_come_back(
    rows: list[tuple[Any, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    flags, texts, figures, counts = (list(column) for column in zip(*rows, strict=True))
    frame = pd.DataFrame(
        {
            "flag": pd.array(flags, dtype="boolean"),
            "text": pd.array(texts, dtype="string"),
            "figure": pd.array(figures, dtype="Float64"),
            "count": pd.array(counts, dtype="Int64"),
        }
    )
    for make in STORES.values():
        store = make(tmp_path_factory.mktemp("rounds"))
        store.write(ROUND, {"rows": frame})
        read = store.read(ROUND, "rows")
        for name, values in (
            ("flag", flags),
            ("text", texts),
            ("figure", figures),
            ("count", counts),
        ):
            back = [None if pd.isna(value) else value for value in read[name]]
            assert back == values, name


# -- GeoPackage files -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rounds"


def test_the_default_store_is_a_folder_of_geopackages(folder: Path) -> None:
    open_store(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert (folder / f"{ROUND}.gpkg").is_file()


def test_flags_are_stored_as_boolean_not_as_words(folder: Path) -> None:
    GeoPackageStore(folder).write(ROUND, {"streets": streets(lit=[True, False, None])})
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        kinds = {row[1]: row[2] for row in database.execute("PRAGMA table_info(streets)")}
        assert kinds["lit"] == "BOOLEAN"
        assert [row[0] for row in database.execute("SELECT lit FROM streets")] == [1, 0, None]


def test_a_round_made_by_geopandas_is_a_round(folder: Path) -> None:
    folder.mkdir()
    frame = streets(id=["a", "b", "c"], lit=pd.array([True, None, False], dtype="boolean"))
    frame.to_file(folder / f"{ROUND}.gpkg", layer="streets", driver="GPKG")
    store = GeoPackageStore(folder)
    assert store.tables(ROUND) == ("streets",)
    assert store.read(ROUND, "streets")["lit"].tolist() == [True, pd.NA, False]
    assert store.imports(ROUND) == ()


def test_styles_that_qgis_keeps_are_no_table(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    style = pd.DataFrame({"styleName": ["plain"]})
    pyogrio.write_dataframe(style, folder / f"{ROUND}.gpkg", layer="layer_styles", driver="GPKG")
    assert store.tables(ROUND) == ("streets",)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n", "view 'endless'"),
        ("CREATE TRIGGER spoil AFTER INSERT ON streets BEGIN DELETE FROM streets; END", "foreign trigger 'spoil'"),
        ("CREATE VIRTUAL TABLE notes USING fts5(text)", "virtual table 'notes'"),
        ("CREATE VIRTUAL TABLE rtree_like USING fts5(text)", "virtual table 'rtree_like'"),
        ("CREATE TABLE big (a, b AS (zeroblob(a)))", "computed columns in the table 'big'"),
    ],
)  # fmt: skip
def test_a_file_that_holds_code_is_refused(folder: Path, statement: str, found: str) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        database.execute(statement)
        database.commit()
    for use in (store.tables, store.imports, lambda name: store.read(name, "streets")):
        with pytest.raises(StoreError, match=found):
            use(ROUND)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"<OGRVRTDataSource/>", b"SQLite format 3\x00" + b"\xff" * 200]
)
def test_what_is_no_geopackage_is_refused(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / f"{ROUND}.gpkg").write_bytes(content)
    with pytest.raises(StoreError, match=ROUND):
        GeoPackageStore(folder).tables(ROUND)


def test_a_plain_sqlite_file_is_refused(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        database.execute("CREATE TABLE streets (id)")
    with pytest.raises(StoreError, match="without the tables of a GeoPackage"):
        GeoPackageStore(folder).tables(ROUND)


def test_a_round_being_edited_elsewhere_has_no_digest(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    (folder / f"{ROUND}.gpkg-wal").write_bytes(b"x")
    with pytest.raises(StoreError, match="another program"):
        store.digest(ROUND)


def test_only_dated_files_are_rounds(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    for name in ("draft.gpkg", "2007-06-30 (copy).gpkg", "2007-06-30.gpkg-journal", "notes.txt"):
        (folder / name).write_bytes(b"")
    assert store.rounds() == (ROUND,)


@pytest.mark.parametrize(
    "moment",
    [
        "geo.store.durable._settle",
        "geo.store.geopackage.keep_imports",
        "geo.store.geopackage.finish",
        "pyogrio.write_dataframe",
    ],
)
def test_a_write_that_fails_leaves_all_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    before = (folder / f"{ROUND}.gpkg").read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(moment, full)
    with pytest.raises(StoreError, match="No space left"):
        store.add(
            ROUND, {"lamps": streets(id=["x", "y", "z"])}, [record(2)], onto=store.digest(ROUND)
        )
    with pytest.raises(StoreError, match="No space left"):
        store.write("2007-12-31", {"streets": streets(id=["a", "b", "c"])}, [record()])
    monkeypatch.undo()
    assert (folder / f"{ROUND}.gpkg").read_bytes() == before
    assert store.rounds() == (ROUND,)
    assert {path.name for path in folder.iterdir()} <= {f"{ROUND}.gpkg", LOCK_FILE}


@pytest.mark.parametrize("moment", ["_check", "put_in_place"])
def test_a_writer_killed_amid_leaves_the_old_state_and_is_swept_up(
    folder: Path, moment: str
) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    before = (folder / f"{ROUND}.gpkg").read_bytes()
    killed = textwrap.dedent(f"""
        import os, sys
        import pandas as pd
        import geo.store.geopackage as store
        def die(*args): os._exit(9)
        store.{moment} = die
        one = store.GeoPackageStore({str(folder)!r})
        one.add({ROUND!r}, {{"lamps": pd.DataFrame({{"id": ["x"]}})}}, onto=one.digest({ROUND!r}))
    """)
    done = subprocess.run(
        [sys.executable, "-c", killed], check=False, env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.returncode == 9
    assert list(folder.glob(f"{TEMPORARY}*/*.gpkg")), "the killed writer got as far as a draft"
    assert (folder / f"{ROUND}.gpkg").read_bytes() == before
    assert store.tables(ROUND) == ("streets",)
    store.add(ROUND, {"lamps": pd.DataFrame({"id": ["x"]})}, onto=store.digest(ROUND))
    assert store.tables(ROUND) == ("lamps", "streets")
    assert {path.name for path in folder.iterdir()} == {f"{ROUND}.gpkg", LOCK_FILE}


def holding(folder: Path) -> subprocess.Popen[str]:
    """Another program that holds the folder's lock; it says a line once it does."""
    program = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from geo.store import open_store
        with open_store(Path({str(folder)!r})).turn():
            print("held", flush=True)
            sys.stdin.read()
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_of_two_writers_is_told_who_the_first_is(folder: Path) -> None:
    told: list[str] = []
    store = GeoPackageStore(folder, lock_timeout_s=0.05, waiting=told.append)
    first = holding(folder)
    with (
        first,
        pytest.raises(StoreError, match=rf"process {first.pid} on .+, since 20\d\d-") as error,
    ):
        store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert f"process {first.pid} on {socket.gethostname()}" in told[0]
    assert getpass.getuser() in str(error.value)
    assert store.rounds() == ()
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert store.rounds() == (ROUND,)


def test_the_second_of_two_writers_waits_for_the_first(folder: Path) -> None:
    def let_go(holder: str) -> None:
        assert first.stdin is not None
        first.stdin.close()

    store = GeoPackageStore(folder, waiting=let_go)
    first = holding(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    first.wait()
    assert store.rounds() == (ROUND,)


def test_a_writer_killed_in_its_turn_keeps_nobody_waiting(folder: Path) -> None:
    first = holding(folder)
    first.kill()
    first.communicate()
    assert (folder / HOLDER_FILE).exists(), "it had no time to take its note away"
    store = GeoPackageStore(folder, lock_timeout_s=0, waiting=pytest.fail)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert not (folder / HOLDER_FILE).exists()


def test_the_note_of_a_dead_process_is_not_believed(folder: Path) -> None:
    folder.mkdir()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note = {"pid": gone.pid, "host": socket.gethostname(), "user": "li", "since": "2007-06-30"}
    (folder / HOLDER_FILE).write_text(json.dumps(note), encoding="utf-8")
    store = GeoPackageStore(folder, lock_timeout_s=0)
    with (
        FileLock(folder / LOCK_FILE),
        pytest.raises(StoreError, match="another program is writing"),
    ):
        store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})


def test_who_has_the_turn_can_write_in_it(folder: Path) -> None:
    with GeoPackageStore(folder).turn():
        again = GeoPackageStore(folder, lock_timeout_s=0)
        again.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
        again.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=again.digest(ROUND))
    assert again.tables(ROUND) == ("lamps", "streets")


# -- other programs


def as_another_program(path: Path) -> sqlite3.Connection:
    """The file opened as QGIS opens it: able to keep a spatial index, for which SQLite calls on its host."""
    database = sqlite3.connect(path, isolation_level=None)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        database.create_function(name, 1, lambda shape: 0)
    return database


def edit(path: Path, statement: str) -> None:
    """As another program would, in the file itself."""
    with closing(as_another_program(path)) as database:
        database.execute(statement)


def test_a_file_merely_opened_to_write_keeps_its_digest(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    path, before = folder / f"{ROUND}.gpkg", store.digest(ROUND)
    bytes_before = path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        for mode in ("WAL", "DELETE"):
            database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("VACUUM")
    assert path.read_bytes() != bytes_before
    assert store.digest(ROUND) == before


def test_who_writes_the_file_makes_no_difference(folder: Path) -> None:
    """One row counts as one part or as many, booleans are declared, text has a width: the data is the same."""
    frame = streets(
        id=["a", "b", "c"], lit=pd.array([True, None, False], dtype="boolean"), n=[1, 2, 3]
    )
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": frame})
    frame["n"] = frame["n"].astype("int32")
    pyogrio.write_dataframe(
        frame[["n", "lit", "id", "geometry"]], folder / "2007-12-31.gpkg", layer="streets",
        driver="GPKG", layer_options={"FID": "ogc_fid", "GEOMETRY_NAME": "shape", "SPATIAL_INDEX": "NO"},
    )  # fmt: skip
    assert store.digest(ROUND) == store.digest("2007-12-31")


def test_where_a_batch_of_rows_ends_makes_no_difference(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GeoPackageStore(folder)
    texts = [f"街{row}" * (row % 5) if row % 3 else None for row in range(300)]
    store.write(ROUND, {"rows": pd.DataFrame({"id": texts, "x": np.arange(300) / 7})})
    whole = store.digest(ROUND)
    few = functools.partial(pyogrio.open_arrow, batch_size=7)
    monkeypatch.setattr(pyogrio, "open_arrow", few)
    (folder / f"{ROUND}.gpkg").touch()
    assert store.digest(ROUND) == whole


@pytest.mark.parametrize(
    "act",
    [
        lambda store, seen: store.add(ROUND, {"lamps": lamp()}, onto=seen),
        lambda store, seen: store.undo(ROUND, onto=seen),
        lambda store, seen: store.publish(ROUND, **PUBLISHED, onto=seen),
    ],
    ids=["add", "undo", "publish"],
)
@pytest.mark.parametrize("moment", ["before", "during"])
def test_an_edit_by_another_program_is_not_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, act: Any, moment: str
) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"]), "more": lamp()}, [record()])
    path, seen = folder / f"{ROUND}.gpkg", store.digest(ROUND)

    def edited() -> None:
        edit(path, "UPDATE more SET id = 'edited'")

    if moment == "before":
        edited()
    else:
        last = geo.store.geopackage._require_state
        monkeypatch.setattr(
            "geo.store.geopackage._require_state", lambda *state: (edited(), last(*state))
        )
    with pytest.raises(StoreError, match="someone else"):
        act(store, seen)
    assert store.read(ROUND, "more")["id"].tolist() == ["edited"]
    assert store.tables(ROUND) == ("more", "streets")
    assert store.publication(ROUND) is None


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_file_open_in_another_program_is_not_replaced(folder: Path, mode: str) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    seen = store.digest(ROUND)
    with closing(as_another_program(folder / f"{ROUND}.gpkg")) as other:
        other.execute(f"PRAGMA journal_mode = {mode}")
        other.execute("BEGIN IMMEDIATE" if mode == "DELETE" else "BEGIN")
        other.execute("UPDATE streets SET id = 'edited' WHERE id = 'a'")
        with pytest.raises(StoreError, match="another program"):
            store.add(ROUND, {"lamps": lamp()}, onto=seen)
        other.execute("ROLLBACK")
    store.add(ROUND, {"lamps": lamp()}, onto=seen)
    assert store.tables(ROUND) == ("lamps", "streets")


def test_what_a_crashed_program_left_open_is_cleared_away(folder: Path, tmp_path: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    seen = store.digest(ROUND)
    path = folder / f"{ROUND}.gpkg"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("SELECT count(*) FROM streets").fetchone()
        names = [one.name for one in folder.iterdir() if ROUND in one.name]
        crashed = {name: (folder / name).read_bytes() for name in names}
    for name, content in crashed.items():
        (folder / name).write_bytes(content)
    assert (folder / f"{ROUND}.gpkg-shm").exists()
    store.add(ROUND, {"lamps": lamp()}, onto=seen)
    assert store.tables(ROUND) == ("lamps", "streets")
    assert not (folder / f"{ROUND}.gpkg-shm").exists()


def test_undo_keeps_what_was_edited_elsewhere_and_refuses_what_it_would_lose(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
    path = folder / f"{ROUND}.gpkg"
    edit(path, "UPDATE streets SET id = 'edited' WHERE id = 'a'")
    store.undo(ROUND, onto=store.digest(ROUND))
    assert store.read(ROUND, "streets")["id"].tolist() == ["edited", "b", "c"]
    with pytest.raises(StoreError, match="streets was edited after it was imported"):
        store.undo(ROUND, onto=store.digest(ROUND))
    assert store.read(ROUND, "streets")["id"].tolist() == ["edited", "b", "c"]


def test_nothing_of_what_was_taken_back_is_left_in_the_file(folder: Path) -> None:
    store = open_store(folder, load_catalog().layers)
    secret = "赵钱孙李 00000000"
    store.write(ROUND, {"villages": streets(id=["a", "b", "c"])}, [record(1, "villages")])
    lamps = lamp().assign(owner=secret)
    store.add(ROUND, {"lamps": lamps}, [record(2, "lamps")], onto=store.digest(ROUND))
    path = folder / f"{ROUND}.gpkg"
    assert secret.encode() in path.read_bytes()
    store.undo(ROUND, onto=store.digest(ROUND))
    assert secret.encode() not in path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        script = "\n".join(
            str(row)
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
            if not name.startswith("rtree_")
            for row in [name, *database.execute(f'SELECT * FROM "{name}"').fetchall()]
        )
    assert "lamps" not in script
    assert "villages" in script


def test_a_published_file_that_is_changed_shows(folder: Path) -> None:
    store = GeoPackageStore(folder)
    both = {"streets": streets(id=["a", "b", "c"]), "lamps": lamp()}
    store.write(ROUND, both, [record()])
    publication = store.publish(ROUND, **PUBLISHED, onto=store.digest(ROUND))
    path = folder / f"{ROUND}.gpkg"
    assert not path.stat().st_mode & 0o222
    path.chmod(0o644)

    def changed() -> list[str]:
        return list(changes(publication, store.digests(ROUND), store.imports(ROUND)))

    edit(path, "UPDATE streets SET id = 'x' WHERE id = 'a'")
    assert changed() == ["streets was changed"]
    edit(path, "UPDATE streets SET id = 'a' WHERE id = 'x'")
    assert changed() == []
    edit(path, "UPDATE atlas_imports SET imported_by = 'wang'")
    assert changed() == ["the import records were changed"]
    pyogrio.write_dataframe(lamp(), path, layer="more", driver="GPKG")
    assert "more was added" in changed()


def test_a_published_round_that_was_deleted_is_not_made_again(folder: Path) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    store.publish(ROUND, **PUBLISHED, onto=store.digest(ROUND))
    (folder / f"{ROUND}.gpkg").unlink()
    with pytest.raises(StoreError, match="is published"):
        store.write(ROUND, {"streets": streets(id=["x", "y", "z"])})
    assert store.rounds() == ()
    assert store.published_dates() == (ROUND,)


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\x00", '{"tables": {}}'])
def test_a_record_that_cannot_be_read_still_says_that_there_was_one(
    folder: Path, content: str
) -> None:
    store = GeoPackageStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    (folder / f"{ROUND}.published.json").write_text(content)
    with pytest.raises(StoreError, match="cannot be read"):
        store.publication(ROUND)
    with pytest.raises(StoreError, match="is published"):
        store.add(ROUND, {"lamps": lamp()}, onto=store.digest(ROUND))


def test_a_round_that_came_meanwhile_is_not_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_first(draft: Path, *rest: object) -> None:
        (folder / f"{ROUND}.gpkg").write_bytes(b"somebody else's")

    monkeypatch.setattr("geo.store.geopackage.finish", come_first)
    with pytest.raises(StoreError, match="never overwritten"):
        GeoPackageStore(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert (folder / f"{ROUND}.gpkg").read_bytes() == b"somebody else's"


def test_the_same_import_gives_the_same_file(tmp_path: Path) -> None:
    contents = set()
    for name in ("one", "two"):
        store = open_store(tmp_path / name, load_catalog().layers)
        store.write(ROUND, {"villages": streets(id=["a", "b", "c"])}, [record(1, "villages")])
        store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
        contents.add((tmp_path / name / f"{ROUND}.gpkg").read_bytes())
    assert len(contents) == 1
    # GDAL writes once more where its clock moved on, so the count of writes must not show.
    (content,) = contents
    assert content[24:28] == content[92:96] == (1).to_bytes(4, "big")
    with closing(sqlite3.connect(tmp_path / "one" / f"{ROUND}.gpkg")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_write_leaves_nothing_beside_the_round(folder: Path) -> None:
    store = open_store(folder, load_catalog().layers)
    store.write(ROUND, {"villages": streets(id=["a", "b", "c"])}, [record(1, "villages")])
    assert {path.name for path in folder.iterdir()} == {f"{ROUND}.gpkg", LOCK_FILE}


# -- styles for QGIS


def styled(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    open_store(folder, load_catalog().layers).write(ROUND, tables, [record(1, next(iter(tables)))])
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        database.row_factory = sqlite3.Row
        return {
            row["f_table_name"]: dict(row) for row in database.execute("SELECT * FROM layer_styles")
        }


def test_declared_tables_get_a_default_style_that_qgis_finds(folder: Path) -> None:
    tables = {
        "back_streets": streets(id=["a", "b", "c"], hardened=[True, False, None]),
        "inspections": pd.DataFrame({"id": ["a"]}),
        "sketches": streets(id=["a", "b", "c"]),
    }
    styles = styled(folder, tables)
    assert set(styles) == {"back_streets", "inspections"}, "what is not declared has no style"
    row = styles["back_streets"]
    # QGIS asks for a schema that equals the empty text; a missing one does not.
    assert (row["f_table_catalog"], row["f_table_schema"]) == ("", "")
    assert (row["f_geometry_column"], row["useAsDefault"]) == ("geom", 1)
    assert styles["inspections"]["f_geometry_column"] == ""
    assert row["update_time"] == "2007-07-01T08:00:00.000Z", "the import's time, not the clock's"
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        contents = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
        times = {time for (time,) in database.execute("SELECT last_change FROM gpkg_contents")}
    assert contents["layer_styles"] == contents["atlas_imports"] == "attributes"
    assert times == {"2007-07-01T08:00:00.000Z"}


def test_a_style_that_somebody_chose_is_kept(folder: Path) -> None:
    store = open_store(folder, load_catalog().layers)
    store.write(ROUND, {"villages": streets(id=["a", "b", "c"])}, [record(1, "villages")])
    edit(
        folder / f"{ROUND}.gpkg",
        "INSERT INTO layer_styles (f_table_name, styleName) VALUES ('lamps', 'mine')",
    )
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=store.digest(ROUND))
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        names = database.execute("SELECT styleName FROM layer_styles WHERE f_table_name = 'lamps'")
        assert names.fetchall() == [("mine",)]


@pytest.mark.parametrize("name", sorted(load_catalog().layers))
def test_every_declared_layer_has_a_style_that_is_xml(name: str) -> None:
    layer = load_catalog().layers[name]
    text = qml(layer)
    root = ET.fromstring(text)
    assert text == qml(layer)
    geometry = {"Point": "0", "LineString": "1", "Polygon": "2"}.get(layer.geometry, "4")
    assert root.findtext("layerGeometryType") == geometry
    aliases = {one.get("field"): one.get("name") for one in root.iter("alias")}
    assert set(aliases) == {field for field, spec in layer.fields.items() if spec.title}
    renderer = root.find("renderer-v2")
    if geometry == "4":
        assert renderer is None
        return
    assert renderer is not None
    drawn = {symbol.get("name") for symbol in renderer.iter("symbol")}
    kinds = {symbol.get("type") for symbol in renderer.iter("symbol")}
    assert kinds == {{"0": "marker", "1": "line", "2": "fill"}[geometry]}
    spec = layer.fields.get(layer.style.color_by or "")
    if spec is None or spec.type not in ("bool", "category"):
        assert renderer.get("type") == "singleSymbol"
        return
    assert renderer.get("attr") == layer.style.color_by
    values = [one.get("value") for one in renderer.iter("category")]
    declared = ["true", "false"] if spec.type == "bool" else list(spec.values)
    assert values == [*declared, ""], "all that is not declared, and what is missing, is unknown"
    assert {one.get("symbol") for one in renderer.iter("category")} == drawn
    colors = [
        next(
            one.get("value")
            for one in symbol.iter("Option")
            if one.get("name") in ("color", "line_color")
        )
        for symbol in renderer.iter("symbol")
    ]
    assert len({str(color).rsplit(",", 1)[0] for color in colors}) == len(values)
    for drawn_layer in renderer.iter("layer"):
        said = {
            one.get("name"): one.get("value")
            for one in drawn_layer.iter("Option")
            if one.get("name")
        }
        assert said == {one.get("k"): one.get("v") for one in drawn_layer.iter("prop")}


def test_colours_are_those_of_the_maps() -> None:
    assert (styles.YES, styles.NO, styles.UNKNOWN) == (
        palette.COVERED,
        palette.NOT_COVERED,
        palette.UNKNOWN,
    )


def test_text_of_a_declaration_stays_text_in_a_style() -> None:
    spite = '"/><script>&{{7*191}}\x01\ufffe\ud800'
    layer = Layer.model_validate(
        {
            "name": "spite", "title": {"zh": "恶", "en": "spite"}, "geometry": "Point",
            "fields": {"kind": {"type": "category", "values": [spite], "title": {"zh": spite, "en": "x"}}},
            "style": {"color_by": "kind", "color": "red"},
        }
    )  # fmt: skip
    root = ET.fromstring(qml(layer).encode("utf-8"))
    assert (
        next(one.get("value") for one in root.iter("category"))
        == '"/><script>&{{7*191}}\ufffd\ufffd\ufffd'
    )
    assert root.find(".//script") is None


def test_the_embedded_rounds_are_read_only_where_the_folder_is(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write"):
        GeoPackageStore(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"])})


def test_polygons_keep_their_holes(folder: Path) -> None:
    ring = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    store = GeoPackageStore(folder)
    store.write(ROUND, {"villages": gpd.GeoDataFrame({"code": ["1"]}, geometry=[ring], crs=4549)})
    assert store.read(ROUND, "villages").geometry.area.tolist() == [15.0]


# -- folders of GeoParquet ------------------------------------------------------------------------------


def test_a_folder_written_by_geopandas_is_a_round(folder: Path) -> None:
    (folder / ROUND).mkdir(parents=True)
    frame = streets(id=["a", "b", "c"], lit=[True, False, None])
    frame.to_parquet(folder / ROUND / "streets.parquet")
    pd.DataFrame({"id": ["i"]}).to_parquet(folder / ROUND / "inspections.parquet")
    (folder / ROUND / "notes.txt").write_text("no table")
    store = open_store(folder)
    assert store.tables(ROUND) == ("inspections", "streets")
    read = store.read(ROUND, "streets")
    assert read.index.tolist() == [1, 2, 3]
    assert read["lit"].tolist() == [True, False, pd.NA]
    assert read.crs.to_epsg() == 4549
    scan = store.scan(ROUND, "streets")
    assert scan is not None
    assert sum(len(one) for one in scan.within((5, -1, 6, 1), ["id"], 10)) == 3, "all, unsorted"


def test_what_a_folder_is_written_as_geopandas_reads(folder: Path) -> None:
    GeoParquetStore(folder).write(ROUND, {"streets": lined_up(5)})
    read = gpd.read_parquet(folder / ROUND / "streets.parquet", bbox=(0, -1, 150, 1))
    assert sorted(read["id"]) == ["0", "100"]
    assert sorted(read["fid"]) == [1, 4]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1"])
def test_what_is_no_parquet_is_refused(folder: Path, content: bytes) -> None:
    (folder / ROUND).mkdir(parents=True)
    (folder / ROUND / "streets.parquet").write_bytes(content)
    with pytest.raises(StoreError, match=r"streets\.parquet cannot be read"):
        open_store(folder).sizes(ROUND)


def test_geometry_that_is_no_binary_is_refused_by_name(folder: Path) -> None:
    (folder / ROUND).mkdir(parents=True)
    frame = streets(id=["a", "b", "c"]).iloc[:2]
    frame.to_parquet(folder / ROUND / "streets.parquet", geometry_encoding="geoarrow")
    with pytest.raises(StoreError, match="holds geometry as LINESTRING"):
        open_store(folder).read(ROUND, "streets")


def test_a_round_that_is_there_twice_is_refused(folder: Path) -> None:
    GeoPackageStore(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    GeoParquetStore(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    with pytest.raises(StoreError, match="is there twice"):
        open_store(folder).rounds()


def test_new_rounds_are_what_the_district_says(folder: Path) -> None:
    store = open_store(folder, new_as="geoparquet")
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert (folder / ROUND / "streets.parquet").is_file()
    open_store(folder).write("2007-12-31", {"streets": streets(id=["a", "b", "c"])})
    assert (folder / "2007-12-31.gpkg").is_file()
    assert open_store(folder).rounds() == (ROUND, "2007-12-31")


@pytest.mark.parametrize("moment", ["add before", "add amid", "undo amid"])
def test_a_folder_whose_writer_was_killed_is_as_it_was_or_as_it_was_to_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    store = GeoParquetStore(folder)
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])}, [record()])
    first = store.digest(ROUND)
    if moment == "undo amid":
        store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=first)

    class Killed(BaseException):
        """Nothing of the program runs after it."""

    def killed(*_: object) -> None:
        raise Killed

    last = {"add before": "put_new", "add amid": "_put_book", "undo amid": "_sweep_round"}[moment]
    calls = iter([geo.store.geoparquet._put_book] if moment == "add amid" else [])

    def goes(*given: object) -> None:
        next(calls, killed)(*given)

    def change() -> object:
        if moment == "undo amid":
            return store.undo(ROUND, onto=store.digest(ROUND))
        return store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=first)

    monkeypatch.setattr(f"geo.store.geoparquet.{last}", goes)
    with pytest.raises(Killed):
        change()
    monkeypatch.undo()
    assert store.tables(ROUND) == ("streets",)
    assert store.digest(ROUND) == first
    assert store.imports(ROUND) == (record(),)
    store.add(ROUND, {"lamps": lamp()}, [record(2, "lamps")], onto=first)
    assert store.tables(ROUND) == ("lamps", "streets")
    assert {path.name for path in (folder / ROUND).iterdir()} == {
        "lamps.parquet", "streets.parquet", "atlas_imports.json",
    }  # fmt: skip


# -- the form of a round -------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "file"), [(2, f"{ROUND}.gpkg"), (3, f"{ROUND}/streets.parquet")])
def test_a_new_round_takes_the_form_that_suits_its_size(
    folder: Path, monkeypatch: pytest.MonkeyPatch, rows: int, file: str
) -> None:
    monkeypatch.setattr("geo.store.both.LARGE_ROWS", 2)
    open_store(folder).write(ROUND, {"streets": streets(id=["a", "b", "c"]).head(rows)})
    assert (folder / file).is_file()


def in_steps(folder: Path, form: Form) -> BothStore:
    """A round of a table of no import, of one import of two tables, and of one of one."""
    store = BothStore(folder, load_catalog().layers, new_as=form)
    store.write(ROUND, {"sketches": streets(note=["x", None, "z"])})
    more = {"back_streets": streets(id=["a", "b", "c"], lit=[True, None, False]), "lamps": lamp()}
    store.add(ROUND, more, [record(1, "back_streets")], onto=store.digest(ROUND))
    table = {"inspections": pd.DataFrame({"id": ["i"], "score": [1.5]})}
    store.add(ROUND, table, [record(2, "inspections")], onto=store.digest(ROUND))
    return store


FORMS: tuple[Form, Form] = ("geopackage", "geoparquet")


@pytest.mark.parametrize("form", FORMS)
def test_a_round_changes_its_form_and_back_and_stays_the_same(folder: Path, form: Form) -> None:
    store = in_steps(folder, form)
    (other,) = {*FORMS} - {form}
    digest, records = store.digest(ROUND), store.imports(ROUND)
    before = {name: store.read(ROUND, name) for name in store.tables(ROUND)}
    assert store.convert(ROUND, other, onto=digest)
    assert (store.form(ROUND), store.rounds(), store.imports(ROUND)) == (other, (ROUND,), records)
    assert store.tables(ROUND) == tuple(before)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(
            pd.DataFrame(store.read(ROUND, name)), pd.DataFrame(frame), check_dtype=False
        )
    assert not store.convert(ROUND, other, onto=store.digest(ROUND))
    store.convert(ROUND, form, onto=store.digest(ROUND))
    assert (store.form(ROUND), store.digest(ROUND)) == (form, digest)
    kept = {path.name.partition(".")[0] for path in folder.iterdir() if path.name[:1] != "."}
    assert kept == {ROUND}


def test_styles_that_somebody_saved_go_along_and_come_back(folder: Path) -> None:
    store = in_steps(folder, "geopackage")
    file = folder / f"{ROUND}.gpkg"
    mine = "<qgis>mine</qgis>"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "UPDATE layer_styles SET styleQML = ? WHERE f_table_name = 'back_streets'", (mine,)
        )
    store.convert(ROUND, "geoparquet", onto=store.digest(ROUND))
    assert (folder / ROUND / "back_streets.qml").read_text(encoding="utf-8") == mine
    (folder / ROUND / "sketches.qml").write_text("<qgis>drawn</qgis>", encoding="utf-8")
    store.convert(ROUND, "geopackage", onto=store.digest(ROUND))
    with closing(sqlite3.connect(file)) as database:
        found = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles"))
    assert (found["back_streets"], found["sketches"]) == (mine, "<qgis>drawn</qgis>")
    assert "categorizedSymbol" in found["lamps"]


@pytest.mark.parametrize(
    ("saved", "named"),
    [
        ("CREATE TABLE qgis_projects (name TEXT)", None),
        (
            "CREATE TABLE qgis_projects (name TEXT); INSERT INTO qgis_projects VALUES ('plan')",
            "the QGIS project 'plan'",
        ),
        (
            "INSERT INTO layer_styles (f_table_name, styleName, useAsDefault) VALUES ('lamps', 'b', 0)",
            "the style 'b' of lamps",
        ),
    ],
)
def test_what_only_a_geopackage_holds_is_not_lost(
    folder: Path, saved: str, named: str | None
) -> None:
    store = in_steps(folder, "geopackage")
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        database.executescript(saved)
    if named is None:
        assert store.convert(ROUND, "geoparquet", onto=store.digest(ROUND))
        return
    with pytest.raises(StoreError, match=named):
        store.convert(ROUND, "geoparquet", onto=store.digest(ROUND))
    assert store.form(ROUND) == "geopackage"


@pytest.mark.parametrize("form", FORMS)
def test_undo_goes_on_step_by_step_in_the_other_form(folder: Path, form: Form) -> None:
    store = in_steps(folder, form)
    (other,) = {*FORMS} - {form}
    store.convert(ROUND, other, onto=store.digest(ROUND))
    assert store.undo(ROUND, onto=store.digest(ROUND)) == (record(2, "inspections"),)
    assert store.undo(ROUND, onto=store.digest(ROUND)) == (record(1, "back_streets"),)
    assert store.tables(ROUND) == ("sketches",)


def test_what_was_edited_is_no_less_so_in_the_other_form(folder: Path) -> None:
    store = in_steps(folder, "geopackage")
    with closing(sqlite3.connect(folder / f"{ROUND}.gpkg")) as database:
        database.execute("UPDATE inspections SET score = 2")
        database.commit()
    for form in ("geoparquet", "geopackage"):
        store.convert(ROUND, form, onto=store.digest(ROUND))
    with pytest.raises(StoreError, match="inspections was edited after it was imported"):
        store.undo(ROUND, onto=store.digest(ROUND))


def test_a_published_round_keeps_its_form(folder: Path) -> None:
    store = in_steps(folder, "geopackage")
    store.publish(ROUND, by="li", at="2008-01-01T00:00:00+00:00", onto=store.digest(ROUND))
    with pytest.raises(StoreError, match="is published"):
        store.convert(ROUND, "geoparquet", onto=store.digest(ROUND))
    with pytest.raises(StoreError, match="changed by someone else"):
        in_steps(folder / "other", "geopackage").convert(ROUND, "geoparquet", onto="0" * 64)


@pytest.mark.parametrize(
    ("moment", "form"),
    [
        ("put_in_place", "geopackage"),
        ("take_over", "geoparquet"),
        ("remove_round", "geopackage"),
        ("remove_round", "geoparquet"),
        ("remove", "geopackage"),
    ],
)
def test_a_change_of_form_that_was_killed_leaves_one_form_or_the_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str, form: Form
) -> None:
    store = in_steps(folder, form)
    (other,) = {*FORMS} - {form}
    digest = store.digest(ROUND)

    class Killed(BaseException):
        """Nothing of the program runs after it."""

    def killed(*_: object) -> None:
        raise Killed

    owner = {"take_over": store._store(other), "remove_round": store._store(form)}.get(moment)
    with monkeypatch.context() as patch:
        if owner is None:
            patch.setattr(f"geo.store.both.{moment}", killed)
        else:
            patch.setattr(owner, moment, killed)
        with pytest.raises(Killed):
            store.convert(ROUND, other, onto=digest)
    again = open_store(folder)
    assert again.rounds() == (ROUND,)
    assert again.imports(ROUND) == (record(1, "back_streets"), record(2, "inspections"))
    with again.turn():
        pass
    assert isinstance(again, BothStore)
    assert again.form(ROUND) == (other if moment == "remove" else form)
    kept = {path.name.partition(".")[0] for path in folder.iterdir() if path.name[:1] != "."}
    assert kept == {ROUND}
    assert not [*folder.glob("*.converting")]


def test_qgis_finds_a_style_beside_each_table_of_geoparquet(folder: Path) -> None:
    store = in_steps(folder, "geoparquet")
    styles = sorted(path.name for path in (folder / ROUND).glob("*.qml"))
    assert styles == ["back_streets.qml", "inspections.qml", "lamps.qml"]
    own = folder / ROUND / "facades.qml"
    own.write_text("somebody's own", encoding="utf-8")
    store.add(
        ROUND, {"facades": streets(id=["a", "b", "c"])}, [record(3)], onto=store.digest(ROUND)
    )
    assert own.read_text(encoding="utf-8") == "somebody's own"
    store.undo(ROUND, onto=store.digest(ROUND))
    store.undo(ROUND, onto=store.digest(ROUND))
    assert not (folder / ROUND / "inspections.qml").exists()
    assert (folder / ROUND / "back_streets.qml").is_file()


@pytest.mark.parametrize("many", [True, False])
def test_the_digest_of_what_is_written_is_that_of_what_is_read(folder: Path, many: bool) -> None:
    chance = np.random.default_rng(7)
    count = 500 if many else 3
    at = chance.uniform(0, 10_000, (count, 2))
    frame = gpd.GeoDataFrame(
        {
            "id": pd.array([f"s{n}" for n in range(count)], dtype="string"),
            "lit": pd.array(([True, False, None] * count)[:count], dtype="boolean"),
            "width_m": np.where(np.arange(count) % 2, np.nan, 3.5),
            "lanes": pd.array(([1, None, 2**60] * count)[:count], dtype="Int64"),
            "zone": pd.Categorical((["urban", None, "fringe"] * count)[:count]),
            "built": pd.to_datetime(["2007-01-02"] * count).as_unit("ms"),
        },
        geometry=shapely.linestrings(np.stack([at, at + 30], axis=1)),
        crs="EPSG:4549",
    )
    frame.loc[1, "geometry"] = None
    path = folder / "a.parquet"
    folder.mkdir()
    told = write_file(path, frame, rows_in_group=50)
    assert told == file_digest(path)
    assert scan_file(path).rows == count
    read = read_file(path)
    assert read["id"].tolist() == frame["id"].tolist()
    assert shapely.equals(read.geometry.to_numpy(), frame.geometry.to_numpy()).sum() == count - 1
