"""The contract every store of rounds keeps, and what a GeoPackage folder adds to it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from geo.errors import StoreError, UnknownNameError
from geo.model import ImportRecord
from geo.store import open_store
from geo.store.base import Store
from geo.store.geopackage import TEMPORARY, GeoPackageStore
from geo.store.lock import LOCK_FILE

ROUND = "2007-06-30"
STORES: dict[str, Callable[[Path], Store]] = {"geopackage": GeoPackageStore}
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
    suppress_health_check=[HealthCheck.function_scoped_fixture],
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


def test_the_second_of_two_writers_waits_and_then_says_so(folder: Path) -> None:
    store = GeoPackageStore(folder, lock_timeout_s=0.05)
    folder.mkdir()
    with FileLock(folder / LOCK_FILE), pytest.raises(StoreError, match="another program"):
        store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    store.write(ROUND, {"streets": streets(id=["a", "b", "c"])})
    assert store.rounds() == (ROUND,)


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
