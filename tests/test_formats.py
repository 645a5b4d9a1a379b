"""Formats that hold features: each reads what it was made to hold, and names rows as the file does."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from fetch_samples import fetch
from rasterio.transform import from_origin
from samples import SAMPLES, needs_samples
from shapely.geometry import LineString, MultiPolygon, Point, box

from geo.errors import SourceError
from geo.sources.base import Request, Source, Staged
from geo.sources.formats.geotiff import copy_raster
from geo.sources.registry import read_source
from geo.sources.sandbox import kept_ready


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with kept_ready():
        yield


@pytest.fixture(scope="session")
def fetched() -> Path:
    """The test data of other projects' source distributions."""
    folder, why = fetch()
    if folder is None:
        pytest.skip(why)
    return folder


def read(path: Path, **wanted: Any) -> Source:
    return read_source(path, Request(**wanted))[0]


def refused(path: Path, **wanted: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(path, **wanted)
    return str(caught.value)


def streets() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"编号": ["001", "002"], "宽度": [3.5, None]},
        geometry=[LineString([(0, 0, 7), (10, 0, 7)]), LineString([(0, 5, 7), (20, 5, 7)])],
        crs="EPSG:4549",
    )


def is_streets(source: Source) -> None:
    assert source.frame["编号"].tolist() == ["001", "002"]
    assert source.frame["宽度"].isna().tolist() == [False, True]
    assert source.frame.length.tolist() == [10, 20]
    assert not source.frame.has_z.any()
    assert "heights of the points are not kept" in source.notes
    assert source.left_out == ()


# -- KML and KMZ --------------------------------------------------------------------------------------------

KML = """<?xml version="1.0" encoding="{encoding}"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>
<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>
<Folder><name>街巷</name>
<Placemark><name>甲巷</name><ExtendedData><Data name="硬化"><value>是</value></Data>
<SchemaData><SimpleData name="宽度">3.5</SimpleData></SchemaData></ExtendedData>
<LineString><coordinates>119.9,32.5,7 119.91, 32.5</coordinates></LineString></Placemark>
<Placemark><name>乙巷</name><LineString><coordinates>abc</coordinates></LineString></Placemark>
</Folder>
<Folder><name>村</name><Placemark><name>唐甸村</name><MultiGeometry>
<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 2,0 2,2 0,2 0,0</coordinates></LinearRing></outerBoundaryIs>
<innerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,1 0,0</coordinates></LinearRing></innerBoundaryIs></Polygon>
<Polygon><outerBoundaryIs><LinearRing><coordinates>5,5 6,5 6,6 5,6 5,5</coordinates></LinearRing></outerBoundaryIs></Polygon>
</MultiGeometry></Placemark>
<Placemark><name>一路</name><gx:Track><gx:coord>119 32 1</gx:coord><gx:coord>120 32 1</gx:coord></gx:Track></Placemark>
</Folder></Document></kml>
"""


def test_kml_keeps_chinese_columns_folders_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(KML.format(encoding="UTF-8"), encoding="utf-8")
    source = read(path)
    assert source.frame["name"].tolist() == ["甲巷", "唐甸村", "一路"]
    assert source.frame["folder"].tolist() == ["街巷", "村", "村"]
    assert source.frame[["硬化", "宽度"]].iloc[0].tolist() == ["是", "3.5"]
    assert source.rows.tolist() == [
        "Placemark 1 (line 5)", "Placemark 3 (line 10)", "Placemark 4 (line 15)",
    ]  # fmt: skip
    assert [(one.row, one.reason) for one in source.left_out] == [
        ("Placemark 2 (line 8)", "broken geometry: coordinates 'abc'")
    ]
    assert source.frame.geom_type.tolist() == ["LineString", "MultiPolygon", "LineString"]
    assert source.frame.geometry.iloc[1].area == 4
    assert source.frame.crs.to_epsg() == 4326
    assert source.rows_read == 4
    assert source.notes == ("1 links to other places were not followed",)


def test_a_folder_of_a_kml_is_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(KML.format(encoding="UTF-8"), encoding="utf-8")
    assert read(path, layer="村").frame["name"].tolist() == ["唐甸村", "一路"]
    assert "found the layers 村, 街巷; expected a layer '镇'" in refused(path, layer="镇")


@pytest.mark.parametrize(
    ("declared", "written"), [("GBK", "gbk"), ("UTF-8", "gb18030"), ("UTF-16", "utf-16")]
)
def test_kml_in_another_encoding(tmp_path: Path, declared: str, written: str) -> None:
    path = tmp_path / "a.kml"
    path.write_bytes(KML.format(encoding=declared).encode(written))
    source = read(path)
    assert source.frame["name"].iloc[0] == "甲巷"
    said = [note for note in source.notes if note.startswith("text read as")]
    assert bool(said) == (declared == "UTF-8")


def test_kmz_is_the_document_in_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("files/other.kml", "<kml/>")
        archive.writestr("doc.kml", KML.format(encoding="UTF-8"))
        archive.writestr("files/picture.png", b"\x89PNG")
    assert len(read(tmp_path / "a.kmz").frame) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<!DOCTYPE k [<!ENTITY a "b">]><kml><Placemark/></kml>', "an entity declaration"),
        (
            '<!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>',
            "an entity declaration",
        ),
        ("<kml>" + "<Folder>" * 200 + "</kml>", "nested more than 100 deep"),
        ("<kml><Placemark></kml>", "XML that is broken at line 1"),
    ],
)
def test_xml_that_means_harm_is_refused(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "a.kml").write_text(text)
    assert found in refused(tmp_path / "a.kml")


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"doc.kml": "<kml/>", "more.zip": "PK"}, "an archive inside the archive"),
        ({"doc.kml": "<kml/>", "../out.txt": "x"}, "leads out of the archive"),
        ({"doc.kml": "<kml>" + " " * (40 << 20) + "</kml>"}, "an archive that unpacks to 40 MiB"),
    ],
)
def test_an_archive_that_means_harm_is_refused(
    tmp_path: Path, members: dict[str, str], found: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    assert found in refused(tmp_path / "a.kmz")


# -- GPX ----------------------------------------------------------------------------------------------------

GPX = """<gpx xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="32.5" lon="119.9"><name>灯一</name><ele>7</ele></wpt>
<wpt lat="x" lon="119.9"><name>灯二</name></wpt>
<trk><name>巡查</name><trkseg><trkpt lat="32" lon="119"/><trkpt lat="32" lon="120"/></trkseg>
<trkseg><trkpt lat="33" lon="119"/></trkseg><trkseg><trkpt lat="33" lon="119"/><trkpt lat="33" lon="120"/></trkseg></trk>
</gpx>"""


def test_gpx_gives_the_kind_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.gpx"
    path.write_text(GPX, encoding="utf-8")
    points = read(path, geometry="Point")
    assert points.frame["name"].tolist() == ["灯一"]
    assert points.frame.geometry.iloc[0].equals(Point(119.9, 32.5))
    assert [(one.row, one.reason) for one in points.left_out] == [
        ("wpt 2 (line 3)", "broken geometry: lon '119.9', lat 'x' at line 3")
    ]
    tracks = read(path, geometry="LineString")
    assert (tracks.layer, tracks.rows.tolist()) == ("tracks", ["trk 1 (line 4)"])
    assert len(tracks.frame.geometry.iloc[0].geoms) == 2
    assert "waypoints, tracks" in refused(path)


# -- DXF ----------------------------------------------------------------------------------------------------


def entity(kind: str, handle: str, layer: str, *groups: tuple[int, object]) -> str:
    pairs = [(0, kind), (5, handle), (100, "AcDbEntity"), (8, layer), *groups]
    return "".join(f"{code:3d}\n{value}\n" for code, value in pairs)


def polyline(handle: str, layer: str, *places: tuple[float, float], closed: bool) -> str:
    vertices = [pair for x, y in places for pair in ((10, x), (20, y))]
    more = [(100, "AcDbPolyline"), (90, len(places)), (70, int(closed)), *vertices]
    return entity("LWPOLYLINE", handle, layer, *more)


def drawing(entities: str, version: str = "AC1015", blocks: str = "") -> str:
    head = f"  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\n  1\n{version}\n  9\n$DWGCODEPAGE\n  3\nANSI_936\n"
    middle = f"  0\nSECTION\n  2\nBLOCKS\n{blocks}  0\nENDSEC\n" if blocks else ""
    return (
        f"{head}  0\nENDSEC\n{middle}  0\nSECTION\n  2\nENTITIES\n{entities}  0\nENDSEC\n  0\nEOF\n"
    )


SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
DRAWN = (
    polyline("A1", "村界", *SQUARE, closed=True)
    + polyline("A2", "街巷", (0, 0), (5, 0), closed=False)
    + entity("TEXT", "A3", "注记", (100, "AcDbText"), (10, 1), (20, 1), (40, 2.5), (1, "唐甸村"))
)


@pytest.mark.parametrize(("version", "written"), [("AC1015", "gbk"), ("AC1021", "utf-8")])
def test_dxf_gives_the_layer_with_the_kind_that_is_wanted(
    tmp_path: Path, version: str, written: str
) -> None:
    path = tmp_path / "a.dxf"
    path.write_bytes(drawing(DRAWN, version).encode(written))
    villages = read(path, geometry="Polygon")
    assert (villages.layer, villages.rows.tolist()) == ("村界", ["entity A1"])
    assert villages.frame.area.tolist() == [100]
    assert villages.frame.crs is None
    assert read(path, layer="街巷").frame.length.tolist() == [5]
    assert read(path, geometry="Point").frame["Text"].tolist() == ["唐甸村"]
    assert "found the layers 村界, 街巷, 注记" in refused(path)


def test_an_arc_of_a_dxf_is_drawn_straight(tmp_path: Path) -> None:
    arc = entity("ARC", "A1", "0", (10, 0), (20, 0), (40, 1), (50, 0), (51, 180))
    (tmp_path / "a.dxf").write_text(drawing(arc))
    assert read(tmp_path / "a.dxf").frame.length.iloc[0] == pytest.approx(np.pi, rel=1e-3)


def block(name: str, inner: str) -> str:
    start = entity("BLOCK", "B", "0", (2, name), (70, 0), (10, 0), (20, 0))
    return start + inner + entity("ENDBLK", "E", "0")


def insert(name: str, *more: tuple[int, object]) -> str:
    return entity("INSERT", "C1", "路灯", (2, name), (10, 3), (20, 4), *more)


def test_a_block_is_the_point_where_it_is_inserted(tmp_path: Path) -> None:
    # Drawn out, these would be ten to the eighth lines.
    blocks = block("b0", polyline("D", "0", (0, 0), (1, 1), closed=False))
    blocks += "".join(block(f"b{n}", insert(f"b{n - 1}") * 10) for n in range(1, 9))
    (tmp_path / "a.dxf").write_text(drawing(insert("b8"), blocks=blocks))
    source = read(tmp_path / "a.dxf")
    assert source.frame.geometry.tolist() == [Point(3, 4)]
    assert source.frame["BlockName"].tolist() == ["b8"]


def test_a_block_repeated_without_end_is_refused(tmp_path: Path) -> None:
    blocks = block("b0", polyline("D", "0", (0, 0), (1, 1), closed=False))
    many = insert("b0", (70, 30_000), (71, 30_000))
    (tmp_path / "a.dxf").write_text(drawing(many, blocks=blocks))
    assert "blocks repeated more than 1000000 times" in refused(tmp_path / "a.dxf")


# -- FileGDB, FlatGeobuf, GeoParquet ------------------------------------------------------------------------


def zipped(folder: Path, target: Path, leave_out: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for file in folder.iterdir():
            if any(word in file.name for word in leave_out):
                continue
            archive.write(file, f"数据/{folder.name}/{file.name}")
    return target


def test_a_geodatabase_is_read_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "城管.gdb"
    streets().to_file(folder, driver="OpenFileGDB", layer="街巷")
    (folder / "_gdb.SHOST.1.2.sr.lock").write_bytes(b"")
    (folder / "elsewhere.gdbtable").symlink_to("/etc/hostname")
    source, provenance = read_source(folder)
    zipped_one = read(zipped(folder, tmp_path / "a.gdb.zip", leave_out=("lock", "elsewhere")))
    assert source.frame.equals(zipped_one.frame)
    assert (provenance.file, source.format, source.layer) == ("城管.gdb", "FileGDB", "街巷")
    again, same = read_source(folder)
    assert (again.rows_read, same.sha256) == (source.rows_read, provenance.sha256)
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="found a folder"):
        read_source(tmp_path / "plain")


@pytest.mark.parametrize("name", ["a.gdb.zip", "a.zip"])
def test_a_zipped_file_geodatabase(tmp_path: Path, name: str) -> None:
    streets().to_file(tmp_path / "a.gdb", driver="OpenFileGDB", layer="街巷")
    source = read(zipped(tmp_path / "a.gdb", tmp_path / name))
    is_streets(source)
    assert source.rows.tolist() == ["OBJECTID 1", "OBJECTID 2"]
    assert (source.layer, source.frame.crs.to_epsg()) == ("街巷", 4549)


def test_flatgeobuf(tmp_path: Path) -> None:
    streets().to_file(tmp_path / "a.fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO")
    source = read(tmp_path / "a.fgb")
    is_streets(source)
    assert source.rows.tolist() == ["feature 1", "feature 2"]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
def test_geoparquet(tmp_path: Path, encoding: str) -> None:
    streets().to_parquet(
        tmp_path / "a.parquet", geometry_encoding=encoding, write_covering_bbox=True
    )
    source = read(tmp_path / "a.parquet")
    is_streets(source)
    assert source.columns == ("编号", "宽度")
    assert source.rows.tolist() == ["row 1", "row 2"]
    assert source.frame.crs.to_epsg() == 4549


def test_a_broken_shape_of_a_geoparquet_costs_only_its_row(tmp_path: Path) -> None:
    frame = streets().to_wkb()
    frame.loc[1, "geometry"] = b"\x01\x02"
    frame.to_parquet(tmp_path / "a.parquet")
    source = read(tmp_path / "a.parquet")
    assert source.rows.tolist() == ["row 1"]
    assert [one.row for one in source.left_out] == ["row 2"]
    assert source.frame.crs is None


def test_plain_parquet_is_a_table(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"code": ["001", None], "n": pd.array([1, None], "Int64"), "l": [[1], None]}
    )
    table.to_parquet(tmp_path / "a.parquet")
    frame = read(tmp_path / "a.parquet").frame
    assert not isinstance(frame, gpd.GeoDataFrame)
    assert frame["code"].tolist() == ["001", pd.NA]
    assert frame["n"].tolist() == [1, pd.NA]
    assert frame["l"].tolist() == ["[1]", pd.NA]


# -- GeoTIFF ------------------------------------------------------------------------------------------------


def raster(path: Path, crs: str | None = "EPSG:4549", **profile: Any) -> np.ndarray:
    values = np.array([[0.1, 0.5], [-9999, 0.7]], dtype="float32")
    given = {
        "driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32", "crs": crs,
        "nodata": -9999.0, "transform": from_origin(500_000, 3_600_000, 10, 10),
    }  # fmt: skip
    with rasterio.open(path, "w", **(given | profile)) as made:
        made.write(values.astype(made.dtypes[0]), 1)
    return values


def staged(path: Path) -> Staged:
    return Staged(path, path.name, "")


def test_a_raster_as_a_row_is_its_outline(tmp_path: Path) -> None:
    raster(tmp_path / "a.tif")
    source = read(tmp_path / "a.tif", geometry="Raster")
    assert source.frame.geometry.iloc[0].equals(box(500_000, 3_599_980, 500_020, 3_600_000))
    assert source.frame[["columns", "rows", "bands", "type"]].iloc[0].tolist() == [
        2,
        2,
        1,
        "float32",
    ]
    assert source.frame.crs.to_epsg() == 4549
    assert "found a grid of values; expected rows of Point" in refused(
        tmp_path / "a.tif", geometry="Point"
    )


def test_a_raster_is_copied_with_its_values_its_gaps_and_its_scale(tmp_path: Path) -> None:
    values = raster(tmp_path / "a.tif", crs=None)
    with rasterio.open(tmp_path / "a.tif", "r+") as made:
        made.scales, made.offsets = (2.0,), (1.0,)
        made.write_mask(np.array([[255, 0], [255, 255]], dtype="uint8"))
    copy_raster(staged(tmp_path / "a.tif"), tmp_path / "b.tif", "EPSG:4549")
    with rasterio.open(tmp_path / "b.tif") as copy:
        assert np.array_equal(copy.read(1), values)
        assert copy.dataset_mask().tolist() == [[255, 0], [255, 255]]
        assert (copy.crs.to_epsg(), copy.nodata, copy.scales, copy.offsets) == (
            4549,
            -9999,
            (2.0,),
            (1.0,),
        )
        assert copy.transform == from_origin(500_000, 3_600_000, 10, 10)


@pytest.mark.parametrize(
    ("profile", "found"),
    [
        ({"crs": None}, "no coordinate system"),
        ({"transform": rasterio.Affine(10, 1, 0, 1, -10, 0)}, "a rotated or flipped grid"),
        ({"dtype": "complex64", "nodata": None}, "complex numbers"),
    ],
)
def test_a_raster_that_cannot_be_measured_is_not_copied(
    tmp_path: Path, profile: dict[str, Any], found: str
) -> None:
    raster(tmp_path / "a.tif", **profile)
    with pytest.raises(SourceError, match=found):
        copy_raster(staged(tmp_path / "a.tif"), tmp_path / "b.tif")
    assert not (tmp_path / "b.tif").exists()


def tiff(*tags: tuple[int, int, int], following: int = 0) -> bytes:
    """A TIFF of nothing but a directory of (tag, type, value)."""
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (tiff((256, 4, 300_000), (257, 4, 300_000)), "300000 × 300000 pixels of 1 bands"),
        (tiff((256, 3, 3), (257, 3, 2), (277, 3, 32_769)), "3 × 2 pixels of 32769 bands"),
        (tiff((256, 3, 3), (257, 3, 2), following=8), "a directory without an end"),
        (tiff((256, 3, 3), (257, 3, 2))[:20], "cut short"),
        (tiff(), "a picture without a size"),
    ],
)
def test_a_tiff_that_asks_for_too_much_is_refused_by_its_header(
    tmp_path: Path, content: bytes, found: str
) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    assert found in refused(tmp_path / "a.tif")


# -- real files ---------------------------------------------------------------------------------------------


@needs_samples
def test_the_sample_raster_is_what_it_is() -> None:
    source = read(SAMPLES / "landsat7_rgb.tif")
    assert source.frame[["columns", "rows", "bands"]].iloc[0].tolist() == [791, 718, 3]
    assert source.frame.crs.to_epsg() == 32618


def test_a_real_geodatabase_has_feature_classes_of_all_kinds(fetched: Path) -> None:
    path = fetched / "fiona-1.10.1" / "testopenfilegdb.gdb.zip"
    plain = read(path, layer="none").frame
    assert plain["str"].tolist()[:5] == ["foo_é"] * 5
    assert plain["binary"].iloc[0] == "00ff7f"
    measured = read(path, layer="multipolygonzm")
    assert isinstance(measured.frame.geometry.iloc[0], MultiPolygon)
    assert not measured.frame.has_z.any()
    nothing = read(path, layer="null_polygon")
    assert nothing.rows_read == len(nothing.frame)
    assert nothing.frame.geometry.isna().all()
    assert "found the layers none, point, multipoint," in refused(path)


def test_a_real_gpx_as_gdal_reads_it(fetched: Path) -> None:
    path = fetched / "fiona-1.10.1" / "test_gpx.gpx"
    ours = read(path).frame.geometry.iloc[0]
    theirs = gpd.read_file(path, layer="tracks").geometry.iloc[0]
    assert list(ours.coords) == list(theirs.geoms[0].coords)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("curve", "LineString"),
        ("curvepolygon", "Polygon"),
        ("multisurface", "MultiPolygon"),
        ("line_zm", "LineString"),
    ],
)
def test_real_curves_and_measures_become_plain(fetched: Path, name: str, kind: str) -> None:
    source = read(fetched / "pyogrio-0.13.0" / f"{name}.gpkg")
    assert source.frame.geom_type.tolist() == [kind]
    assert source.notes == (
        ("heights and measures of the points are not kept",)
        if name == "line_zm"
        else ("curves are drawn as short straight lines",)
    )


def test_real_curves_in_text_are_drawn_straight(fetched: Path) -> None:
    source = read(fetched / "fiona-1.10.1" / "curves_line.csv")
    assert (source.rows_read, source.left_out) == (9, ())
    # The file states each line's length.
    stated = source.frame["SHAPE_Length"].astype(float)
    assert np.allclose(source.frame.length, stated, rtol=5e-3)


def test_real_lists_and_structures_are_text(fetched: Path) -> None:
    frame = read(fetched / "pyogrio-0.13.0" / "list_nested_struct_file.parquet").frame
    assert frame["col_struct"].iloc[0] == '{"a": 1, "b": 2}'
    assert frame.geometry.iloc[0].equals(Point(1, 1))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("fiona-1.10.1/coutwildrnp.zip", 67),
        ("fiona-1.10.1/grenada.geojson", 1),
        ("fiona-1.10.1/gre.shp", 1),
        ("geopandas-1.2.0/null_geom.geojson", 2),
        ("pyogrio-0.13.0/naturalearth_lowres/naturalearth_lowres.shp", 177),
        ("pyshp-3.1.6/blockgroups.shp", 663),
        ("pyshp-3.1.6/blockgroups.zip", 663),
    ],
)
def test_real_files_are_read_to_their_last_row(fetched: Path, name: str, rows: int) -> None:
    source = read(fetched / name)
    assert (source.rows_read, source.left_out) == (rows, ())
