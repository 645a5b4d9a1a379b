"""One small good file of every format, each with the layer that its rows are for."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Point

CRS = "EPSG:4549"
EAST, NORTH = 500_000.0, 3_590_000.0
_ROWS = 12


@dataclass(frozen=True)
class Seed:
    """A good file."""

    format: str
    name: str
    layer: str
    write: Callable[[Path], None]
    """Writes it, with its companions, to the path given."""
    crs: str | None = None
    """To be said where the file does not say it."""


def streets(crs: str = CRS) -> gpd.GeoDataFrame:
    """A dozen streets with text, numbers, yes and no, and gaps."""
    frame = gpd.GeoDataFrame(
        {
            "id": [f"s{number}" for number in range(_ROWS)],
            "name": ["东街", "西街", None] * (_ROWS // 3),
            "width_m": [3.5, None, 4.0] * (_ROWS // 3),
            "hardened": ["是", "否", None] * (_ROWS // 3),
        },
        geometry=[
            LineString(
                [(EAST + 20 * step, NORTH + 10 * number + step % 2 * 3) for step in range(4)]
            )
            for number in range(_ROWS)
        ],
        crs=CRS,
    )
    return frame.to_crs(crs)


def lamps() -> gpd.GeoDataFrame:
    """A dozen lamps."""
    points = [Point(EAST + 15 * number, NORTH) for number in range(_ROWS)]
    frame = gpd.GeoDataFrame({"id": [f"l{n}" for n in range(_ROWS)]}, geometry=points, crs=CRS)
    return frame.to_crs("EPSG:4490")


def _by_driver(driver: str, **options: object) -> Callable[[Path], None]:
    return lambda path: streets().to_file(path, driver=driver, **options)


def _shapefile(path: Path) -> None:
    streets().to_file(path, driver="ESRI Shapefile", encoding="UTF-8")


def _packed(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _zipped_shapefile(path: Path) -> None:
    folder = path.parent / "parts"
    folder.mkdir()
    _shapefile(folder / "streets.shp")
    _packed(path, {part.name: part.read_bytes() for part in sorted(folder.iterdir())})
    _remove(folder)


def _geodatabase(path: Path) -> None:
    folder = path.parent / "streets.gdb"
    streets().to_file(folder, driver="OpenFileGDB")
    parts = {f"streets.gdb/{part.name}": part.read_bytes() for part in sorted(folder.iterdir())}
    _packed(path, parts)
    _remove(folder)


def _remove(folder: Path) -> None:
    for part in folder.iterdir():
        part.unlink()
    folder.rmdir()


def _geojson(path: Path) -> None:
    path.write_text(streets("EPSG:4326").to_json(drop_id=True), encoding="utf-8")


def _kml_text() -> str:
    placemarks = "".join(
        f"<Placemark><name>{row.name_ or ''}</name><ExtendedData>"
        f'<Data name="id"><value>{row.id}</value></Data></ExtendedData><LineString><coordinates>'
        + " ".join(f"{x},{y},0" for x, y in row.geometry.coords)
        + "</coordinates></LineString></Placemark>"
        for row in streets("EPSG:4326").rename(columns={"name": "name_"}).itertuples()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document><Folder><name>街巷</name>{placemarks}</Folder></Document></kml>"
    )


def _gpx(path: Path) -> None:
    tracks = "".join(
        f"<trk><name>{row.id}</name><trkseg>"
        + "".join(f'<trkpt lat="{y}" lon="{x}"/>' for x, y in row.geometry.coords)
        + "</trkseg></trk>"
        for row in streets("EPSG:4326").itertuples()
    )
    path.write_text(
        f'<?xml version="1.0"?>\n<gpx version="1.1" creator="phone">{tracks}</gpx>',
        encoding="utf-8",
    )


def _csv(path: Path) -> None:
    lines = [
        "编号,经度,纬度,高度",
        *(f"{r.id},{r.geometry.x},{r.geometry.y},8" for r in lamps().itertuples()),
    ]
    path.write_bytes("\r\n".join(lines).encode("gb18030"))


def _excel(path: Path) -> None:
    frame = lamps()
    table = pd.DataFrame({"编号": frame["id"], "经度": frame.geometry.x, "纬度": frame.geometry.y})
    table.to_excel(path, index=False, sheet_name="路灯")


def _dxf(path: Path) -> None:
    frame = gpd.GeoDataFrame({"Layer": ["ROADS"] * _ROWS}, geometry=streets().geometry)
    frame.to_file(path, driver="DXF")


def _tiff(path: Path) -> None:
    import rasterio
    from rasterio.transform import from_origin

    values = np.linspace(-1, 1, 64 * 48, dtype="float32").reshape(48, 64)
    with rasterio.open(
        path, "w", driver="GTiff", width=64, height=48, count=1, dtype="float32", crs=CRS,
        transform=from_origin(EAST, NORTH, 10, 10), nodata=-9.0, compress="deflate",
    ) as raster:  # fmt: skip
        raster.write(values, 1)


# -- OpenStreetMap's binary form, by the few of its rules that a dozen ways need --------------------------------


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _signed(value: int) -> bytes:
    return _varint(value * 2 if value >= 0 else -value * 2 - 1)


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _blob(kind: str, content: bytes) -> bytes:
    blob = _field(2, len(content)) + _field(3, zlib.compress(content))
    header = _field(1, kind.encode()) + _field(3, len(blob))
    return struct.pack(">I", len(header)) + header + blob


def osm_bytes() -> bytes:
    """A dozen ways with their nodes."""
    texts = [b"", b"highway", b"residential", b"name", "东街".encode(), b"surface", b"asphalt"]
    strings = b"".join(_field(1, text) for text in texts)
    nodes, ways = b"", b""
    number = 0
    for way, line in enumerate(streets("EPSG:4326").geometry, start=1):
        places = []
        for x, y in line.coords:
            number += 1
            places.append(number)
            at = (
                _varint(8 << 3)
                + _signed(round(y * 1e7))
                + _varint(9 << 3)
                + _signed(round(x * 1e7))
            )
            nodes += _field(1, _varint(1 << 3) + _signed(number) + at)
        steps = np.diff([0, *places]).tolist()
        ways += _field(
            3,
            _field(1, way)
            + _field(2, bytes([1, 3, 5]))
            + _field(3, bytes([2, 4, 6]))
            + _field(8, b"".join(_signed(step) for step in steps)),
        )
    header = _field(4, b"OsmSchema-V0.6")
    data = _field(1, strings) + _field(2, nodes) + _field(2, ways)
    return _blob("OSMHeader", header) + _blob("OSMData", data)


SEEDS = (
    Seed("GeoPackage", "streets.gpkg", "back_streets", _by_driver("GPKG")),
    Seed("Shapefile", "streets.shp", "back_streets", _shapefile),
    Seed("Shapefile", "zipped.zip", "back_streets", _zipped_shapefile),
    Seed("FileGDB", "base.gdb.zip", "back_streets", _geodatabase),
    Seed("FlatGeobuf", "streets.fgb", "back_streets", _by_driver("FlatGeobuf")),
    Seed("GeoParquet", "streets.parquet", "back_streets", lambda path: streets().to_parquet(path)),
    Seed("GeoJSON", "streets.geojson", "back_streets", _geojson),
    Seed("KML", "streets.kml", "back_streets", lambda path: _write_text(path, _kml_text())),
    Seed("KML", "streets.kmz", "back_streets", lambda path: _packed(path, {"doc.kml": _kml_text().encode()})),
    Seed("GPX", "walk.gpx", "back_streets", _gpx),
    Seed("DXF", "plan.dxf", "back_streets", _dxf, crs=CRS),
    Seed("CSV", "lamps.csv", "lamps", _csv, crs="EPSG:4490"),
    Seed("Excel", "lamps.xlsx", "lamps", _excel, crs="EPSG:4490"),
    Seed("OSM PBF", "extract.osm.pbf", "back_streets", lambda path: path.write_bytes(osm_bytes()) and None),
    Seed("GeoTIFF", "ndvi.tif", "ndvi", _tiff),
)  # fmt: skip


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def seed_bytes(seed: Seed, folder: Path) -> dict[str, bytes]:
    """The file's bytes and those of its companions, by suffix after the common stem."""
    folder.mkdir(parents=True)
    seed.write(folder / seed.name)
    stem = seed.name.split(".")[0]
    return {part.name[len(stem) :]: part.read_bytes() for part in sorted(folder.iterdir())}


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A zip archive with what is in it changed, and its checksums right again."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            packed = change(name, old.read(name))
            new.writestr(zipfile.ZipInfo(name), packed, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def feature_collection(*features: dict[str, object], **members: object) -> str:
    """GeoJSON text."""
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})
