"""Users' files: read by what their bytes are, a broken row costing only itself, nothing else opened."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from samples import SAMPLES, needs_samples
from shapely.geometry import LineString, Point, box

from geo.errors import SourceError
from geo.sources import formats as formats_package
from geo.sources.base import Request, Source
from geo.sources.registry import formats, read_source


def streets() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": ["东街", "西街"], "lit": [1, 0]},
        geometry=[LineString([(0, 0), (10, 0)]), LineString([(0, 5), (20, 5)])],
        crs="EPSG:4549",
    )


def read(path: Path, **wanted: Any) -> Source:
    return read_source(path, Request(**wanted))[0]


def collection(*features: dict[str, Any], **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


LINE = {"type": "LineString", "coordinates": [[120.0, 32.5], [120.1, 32.5]]}
RING_OF_TWO = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


# -- which format -------------------------------------------------------------------------------------------


def test_every_format_knows_its_own_file(tmp_path: Path) -> None:
    streets().to_file(tmp_path / "a.gpkg", driver="GPKG")
    streets().to_file(tmp_path / "a.shp", driver="ESRI Shapefile", encoding="UTF-8")
    (tmp_path / "a.geojson").write_text(collection(feature(LINE)))
    for name in ("a.gpkg", "a.shp", "a.geojson"):
        source, provenance = read_source(tmp_path / name)
        assert len(source.frame) == source.rows_read
        assert provenance.file == name
        assert len(provenance.sha256) == 64


def test_the_digest_is_of_the_bytes_and_of_all_parts(tmp_path: Path) -> None:
    streets().to_file(tmp_path / "a.shp", driver="ESRI Shapefile", encoding="UTF-8")
    before = read_source(tmp_path / "a.shp")[1].sha256
    assert read_source(tmp_path / "a.shp")[1].sha256 == before
    (tmp_path / "a.prj").unlink()
    assert read_source(tmp_path / "a.shp")[1].sha256 != before


@pytest.mark.parametrize(
    "path",
    [
        "http://127.0.0.1:9/a.geojson", "/vsicurl/http://127.0.0.1:9/a.geojson", "/vsizip/a.zip/a.shp",
        "zip://a.zip!a.shp", "CSV:/etc/passwd", "<OGRVRTDataSource/>", "a\x00.gpkg", "nowhere.gpkg",
        '{"type":"FeatureCollection","features":[]}', "", "a" * 5000 + ".gpkg",
    ],
)  # fmt: skip
def test_only_a_regular_file_here_is_opened(path: str) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_source(path)


def test_a_folder_and_a_device_are_said_to_be_such(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"found a folder; .* none in it is of a known format"):
        read_source(tmp_path)
    (tmp_path / "sub.csv").mkdir()
    (tmp_path / "notes.docx").touch()
    (tmp_path / "streets.shp").touch()
    with pytest.raises(SourceError, match=r"found a folder; .*name the file in it: streets\.shp$"):
        read_source(tmp_path)
    with pytest.raises(SourceError, match="found no regular file, but a device or a pipe"):
        read_source("/dev/null")


VRT = "<OGRVRTDataSource><OGRVRTLayer name='l'><SrcDataSource>SECRET</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.geojson", VRT, "bytes of another format"),
        ("a.gpkg", VRT, "bytes of another format"),
        ("a.shp", VRT, "bytes of another format"),
        ("a.osm.pbf", VRT, "bytes of another format"),
        ("a.zip", VRT, "bytes of another format"),
        ("a.geojson", '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read SECRET"}', "gdal_streamed_alg"),
        ("a.geojson", '{"type": "Topology", "objects": {}}', "Topology"),
        ("a.geojson", '{"type": "FeatureCollection", "features": 3}', "FeatureCollection"),
        ("a.geojson", '{"type": "FeatureCollection"', "not JSON"),
        ("a.geojson", "[" * 100_000, "bytes of another format"),
        ("a.geojson", '{"a":' * 100_000, "not JSON"),
        ("a.vrt", VRT, "suffix"),
        ("a.xml", "<WFS_Capabilities/>", "suffix"),
    ],
)  # fmt: skip
def test_a_file_that_points_elsewhere_or_is_something_else_is_refused(
    tmp_path: Path, name: str, content: str, found: str
) -> None:
    secret = tmp_path / "secret.geojson"
    secret.write_text(collection(feature(LINE, secret="canary")))
    (tmp_path / name).write_text(content.replace("SECRET", str(secret)))
    with pytest.raises(SourceError, match=found):
        read_source(tmp_path / name)


def test_a_wrong_suffix_is_said(tmp_path: Path) -> None:
    streets().to_file(tmp_path / "a.gpkg", driver="GPKG")
    (tmp_path / "a.gpkg").rename(tmp_path / "a.geojson")
    with pytest.raises(SourceError, match=r"found a GeoPackage file.*rename it to end in \.gpkg"):
        read_source(tmp_path / "a.geojson")


def test_a_name_with_a_mark_that_means_something_elsewhere_is_only_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.zip!b {{7*191}} 街.gpkg"
    streets().to_file(tmp_path / "a.gpkg", driver="GPKG")
    (tmp_path / "a.gpkg").rename(path)
    assert read(path).frame["name"].tolist() == ["东街", "西街"]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "good.geojson").write_text(collection(feature(LINE)))
    (tmp_path / "bad.geojson").write_text("{")
    read(tmp_path / "good.geojson")
    with pytest.raises(SourceError):
        read(tmp_path / "bad.geojson")
    assert list((tmp_path / "temporary").iterdir()) == []


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and who came to it."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        done = threading.Event()

        def wait() -> None:
            while not done.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                came.append(str(address))
                connection.close()

        waiting = threading.Thread(target=wait)
        waiting.start()
        try:
            yield server.getsockname()[1], came
        finally:
            done.set()
            waiting.join()


@pytest.mark.parametrize("kind", ["link", "url", "EPSG", 3])
def test_a_link_to_a_coordinate_system_is_not_followed(tmp_path: Path, kind: object) -> None:
    with listening() as (port, came):
        link = {"type": kind, "properties": {"href": f"http://127.0.0.1:{port}/", "type": "proj4"}}
        (tmp_path / "a.geojson").write_text(collection(feature(LINE), crs=link))
        with pytest.raises(SourceError, match="given by a link"):
            read(tmp_path / "a.geojson")
    assert came == []


# -- GeoJSON --------------------------------------------------------------------------------------------------


def test_geojson_is_wgs84_unless_it_names_another(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    for members, expected in (({}, 4326), ({"crs": named}, 4549), ({"crs": None}, None)):
        path.write_text(collection(feature(LINE), **members))
        crs = read(path).frame.crs
        assert (crs.to_epsg() if crs else None) == expected


def test_a_broken_feature_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    nonsense = {"type": "LineString", "coordinates": "here"}
    path.write_text(
        collection(
            feature(SQUARE, code="1"),
            feature(RING_OF_TWO, code="2"),
            {**feature(nonsense, code="3"), "id": "w3"},
            feature(None, code="4"),
            {"type": "Feature"},
        )
    )
    source = read(path)
    assert source.rows_read == 5
    assert source.rows.tolist() == ["feature 1", "feature 4", "feature 5"]
    assert [item.row for item in source.left_out] == ["feature 2", "feature 3 (id w3)"]
    assert all(item.reason.startswith("broken geometry: ") for item in source.left_out)
    assert source.frame["code"].tolist() == ["1", "4", None]
    assert source.frame.geometry.iloc[0].area == 1


def test_nan_in_json_costs_only_its_feature(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    bad = {"type": "LineString", "coordinates": [[float("nan"), 1], [2, 3]]}
    path.write_text(collection(feature(LINE), feature(bad)))
    (left,) = read(path).left_out
    assert (left.row, left.reason) == (
        "feature 2",
        "broken geometry: coordinates that are no numbers",
    )


def test_a_single_feature_and_a_bare_geometry_are_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    for document in (feature(LINE, name="x"), LINE):
        path.write_text(json.dumps(document))
        assert read(path).frame.geometry.iloc[0].length == pytest.approx(0.1)


def test_values_keep_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + collection(
            {
                "geometry": LINE,
                "properties": {"id": "001", "n": 2**60, "tags": {"a": [1]}, "geometry": "x"},
            }
        ).encode()
    )
    source = read(path)
    assert source.frame.loc[0, ["id", "n", "tags"]].tolist() == ["001", 2**60, '{"a": [1]}']
    assert source.columns == ("id", "n", "tags", "geometry")


def test_json_past_its_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.geojson").write_text(collection(feature(LINE)) + " " * (2 << 20))
    monkeypatch.setenv("ATLAS_LIMIT_TEXT_MIB", "1")
    with pytest.raises(SourceError, match="convert it to a GeoPackage"):
        read(tmp_path / "a.geojson")


# -- GeoPackage -----------------------------------------------------------------------------------------------


def test_one_of_several_layers_has_to_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    streets().to_file(path, layer="streets", driver="GPKG")
    streets().to_file(path, layer="lanes", driver="GPKG")
    with pytest.raises(SourceError, match=r"lanes, streets|streets, lanes"):
        read(path)
    with pytest.raises(SourceError, match="'roads'"):
        read(path, layer="roads")
    source = read(path, layer="lanes")
    assert source.layer == "lanes"
    assert source.rows.tolist() == ["fid 1", "fid 2"]
    assert source.frame.crs.to_epsg() == 4549


def test_a_table_and_missing_values_come_as_they_are(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": ["a", None],
            "ok": pd.array([True, None], dtype="boolean"),
            "n": pd.array([None, 7], dtype="Int64"),
        }
    )
    pyogrio.write_dataframe(table, tmp_path / "a.gpkg", layer="t", driver="GPKG")
    frame = read(tmp_path / "a.gpkg").frame
    assert frame["ok"].tolist() == [True, pd.NA]
    assert frame["n"].tolist() == [pd.NA, 7]


def test_a_geopackage_with_a_view_is_refused_before_gdal_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    streets().to_file(path, driver="GPKG")
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW v AS SELECT 1")
        database.commit()
    with pytest.raises(SourceError, match=r"a\.gpkg: found the view 'v'"):
        read(path)


def test_a_damaged_page_is_an_error_and_not_fewer_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    many = gpd.GeoDataFrame(
        {"name": ["x" * 50] * 2000}, geometry=[Point(1, 1)] * 2000, crs="EPSG:4549"
    )
    many.to_file(path, driver="GPKG")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match=r"a\.gpkg"):
        read(path)


def test_a_blob_that_is_no_geometry_costs_only_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    streets().to_file(path, layer="streets", driver="GPKG")
    header = b"GP\x00\x01" + struct.pack("<i", 4549)
    two_point_ring = struct.pack("<BIII", 1, 3, 1, 2) + struct.pack("<4d", 0, 0, 1, 1)
    with closing(sqlite3.connect(path)) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("UPDATE streets SET geom = ? WHERE fid = 1", (header + two_point_ring,))
        database.commit()
    source = read(path)
    assert source.rows.tolist() == ["fid 2"]
    assert [item.row for item in source.left_out] == ["fid 1"]


# -- Shapefile ------------------------------------------------------------------------------------------------


def shapefile(folder: Path, encoding: str, *, cpg: str | None = None, prj: bool = True) -> Path:
    path = folder / "街巷.shp"
    streets().to_file(path, driver="ESRI Shapefile", encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    # Byte 29 says the language; most Chinese tools leave it empty.
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0
    path.with_suffix(".dbf").write_bytes(bytes(table))
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg", "note"),
    [
        ("GBK", "GBK", "its .cpg says GBK"),
        ("GBK", "936", "its .cpg says 936"),
        ("GBK", None, "is not UTF-8, and is GBK"),
        ("UTF-8", None, "its text is UTF-8"),
        ("UTF-8", "UTF-8", "its .cpg says UTF-8"),
        ("GBK", "UTF-8", "not its .cpg says UTF-8"),  # a .cpg that lies
    ],
)
def test_text_is_decoded_by_what_it_says_and_by_what_it_can_be(
    tmp_path: Path, encoding: str, cpg: str | None, note: str
) -> None:
    source = read(shapefile(tmp_path, encoding, cpg=cpg))
    assert source.frame["name"].tolist() == ["东街", "西街"]
    assert note in source.notes[0]
    assert source.rows.tolist() == ["record 1", "record 2"]
    assert source.layer == "街巷"


def test_a_shapefile_without_prj_has_no_crs(tmp_path: Path) -> None:
    assert read(shapefile(tmp_path, "UTF-8", prj=False)).frame.crs is None
    assert read(shapefile(tmp_path, "UTF-8")).frame.crs is not None


@pytest.mark.parametrize("missing", [".dbf", ".shx"])
def test_a_shapefile_without_a_part_says_which(tmp_path: Path, missing: str) -> None:
    path = shapefile(tmp_path, "UTF-8")
    path.with_suffix(missing).unlink()
    with pytest.raises(SourceError, match=f"no \\{missing} beside it"):
        read(path)


@pytest.mark.parametrize("inside", ["", "数据/2007/"])
def test_a_zipped_shapefile_is_read_wherever_it_lies_in_its_zip(
    tmp_path: Path, inside: str
) -> None:
    path = shapefile(tmp_path, "GBK")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(tmp_path.glob("街巷.*")):
            archive.write(part, f"{inside}{part.name.upper()}")
    source = read(tmp_path / "a.zip")
    assert source.frame["name"].tolist() == ["东街", "西街"]
    assert source.layer == path.stem


def test_a_zip_of_two_shapefiles_asks_which(tmp_path: Path) -> None:
    shapefile(tmp_path, "UTF-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in sorted(tmp_path.glob("街巷.*")):
            archive.write(part, f"one{part.suffix}")
            archive.write(part, f"two{part.suffix}")
    with pytest.raises(SourceError, match="one, two"):
        read(tmp_path / "a.zip")
    assert len(read(tmp_path / "a.zip", layer="two").frame) == 2


def test_a_zip_that_swells_is_refused(tmp_path: Path) -> None:
    shapefile(tmp_path, "UTF-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(tmp_path.glob("街巷.*")):
            content = part.read_bytes()
            archive.writestr(
                part.name, content + b"\x00" * (250 << 20) if part.suffix == ".shx" else content
            )
    with pytest.raises(SourceError, match="unpacks to 250 MiB"):
        read(tmp_path / "a.zip")


@pytest.mark.parametrize("cut", [0, 10, 31, 33, 60])
def test_a_table_cut_short_is_an_error_and_no_crash(tmp_path: Path, cut: int) -> None:
    path = shapefile(tmp_path, "GBK")
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes()[:cut])
    with pytest.raises(SourceError):
        read(path)


@pytest.mark.parametrize(
    ("part", "found"), [(".shp", "cut short"), (".dbf", "cut short"), (".shx", "2 attribute rows")]
)
def test_a_part_that_lost_its_last_row_is_refused(tmp_path: Path, part: str, found: str) -> None:
    path = shapefile(tmp_path, "GBK").with_suffix(part)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(SourceError, match=found):
        read(path.with_suffix(".shp"))


def test_a_deleted_row_of_the_table_is_no_row(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "GBK")
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    start = struct.unpack("<H", table[8:10])[0]
    table[start] = ord("*")
    path.with_suffix(".dbf").write_bytes(bytes(table))
    assert read(path).frame["name"].tolist() == ["西街"]


@needs_samples
def test_the_gbk_sample_reads_as_chinese_without_a_crs() -> None:
    source, provenance = read_source(SAMPLES / "res2_4m.shp")
    assert provenance.file == "res2_4m.shp"
    assert source.rows_read == 331
    assert source.frame["NAME"].iloc[:3].tolist() == ["景德镇", "白银", "北京"]
    assert source.frame.crs is None
    assert source.notes == ("text read as GB18030: its text is not UTF-8, and is GBK",)


# -- OpenStreetMap ---------------------------------------------------------------------------------------------


@needs_samples
def test_an_osm_layer_is_read_to_the_end_and_its_broken_areas_are_named() -> None:
    path = SAMPLES / "las_palmas_2023.osm.pbf"
    with pytest.raises(Exception, match="LinearRing"):
        pyogrio.read_dataframe(path, layer="multipolygons")
    source = read(path, geometry="Polygon", columns=frozenset({"ine:municipio"}))
    assert source.rows_read == 30_994
    assert len(source.frame) == 30_988
    assert [item.row for item in source.left_out] == [
        "way 251380117", "way 251383707", "way 411370694", "way 411753784", "way 852139552", "way 1072352981",
    ]  # fmt: skip
    city = source.frame[source.frame["ine:municipio"] == "35016"]
    assert city["name"].tolist() == ["Las Palmas de Gran Canaria"]
    assert source.rows[city.index].tolist() == ["relation 340783"]


@needs_samples
def test_any_tag_of_osm_can_be_a_column_and_only_those_asked_for_are() -> None:
    source = read(
        SAMPLES / "las_palmas_2023.osm.pbf", geometry="LineString", columns=frozenset({"surface"})
    )
    assert source.layer == "lines"
    assert "surface" in source.frame.columns
    assert "lit" not in source.frame.columns
    assert {"surface", "lit", "source", "note"} <= set(source.columns)
    roads = source.frame[source.frame["highway"].notna()]
    assert len(roads) == 13_467
    assert roads["surface"].notna().mean() == pytest.approx(0.31, abs=0.005)


def test_a_broken_pbf_is_an_error_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "a.osm.pbf").write_bytes(
        b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c" + b"\xff" * 200
    )
    with pytest.raises(SourceError, match=r"a\.osm\.pbf"):
        read(tmp_path / "a.osm.pbf", geometry="LineString")


@needs_samples
def test_a_pbf_cut_short_is_an_error_and_not_an_empty_layer(tmp_path: Path) -> None:
    whole = (SAMPLES / "las_palmas_2023.osm.pbf").read_bytes()
    (tmp_path / "a.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="parsing of data"):
        read(tmp_path / "a.osm.pbf", geometry="LineString")


def test_a_new_format_is_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text(
        "from geo.sources.base import Format\n"
        "FORMAT = Format('Made up', ('.made',), lambda path: True, lambda staged, request: None)\n"
    )
    monkeypatch.setattr(formats_package, "__path__", [*formats_package.__path__, str(tmp_path)])
    formats.cache_clear()
    try:
        assert "Made up" in [one.name for one in formats()]
    finally:
        formats.cache_clear()
        monkeypatch.undo()
    names = [one.name for one in formats()]
    assert {"GeoJSON", "GeoPackage", "OSM PBF", "Shapefile"} <= set(names)
    assert "Made up" not in names


def test_points_and_boxes_survive_every_written_format(tmp_path: Path) -> None:
    for shape in (Point(1, 2), box(0, 0, 2, 2)):
        frame = gpd.GeoDataFrame({"name": ["东"]}, geometry=[shape], crs="EPSG:4326")
        for name, driver in (
            ("a.gpkg", "GPKG"),
            ("a.shp", "ESRI Shapefile"),
            ("a.geojson", "GeoJSON"),
        ):
            folder = tmp_path / f"{shape.geom_type}-{driver}"
            folder.mkdir()
            frame.to_file(folder / name, driver=driver)
            source = read(folder / name)
            assert source.frame.geometry.iloc[0].equals(shape)
            assert source.frame["name"].tolist() == ["东"]
