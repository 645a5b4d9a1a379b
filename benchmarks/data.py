"""The data that is measured: made here from a fixed seed, the same on every machine.

A square of land parted into units with wiggly shared borders, streets in clusters and between them, three
lamps a street, an area with a long border, and a raster of greenery. All in EPSG:4549, coordinates rounded to
a centimetre. It lies in a folder that the program itself takes for a district, as GeoParquet and, up to a
million streets, as GeoPackage; the peers read the very same files.

`python -m benchmarks.data 100000` makes what a size needs, once.
"""

# ruff: noqa: PLC0415  (a run that only reads must not load what makes)
from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
SEED = 2007
CRS = "EPSG:4549"
WEST_M, SOUTH_M = 400_000.0, 3_300_000.0
ROUND = "2007-12-31"
BLOCK = 250_000
"""So many streets are made, written and found together."""
ROWS_IN_GROUP = 50_000
REACH_M = 25.0
NODATA = -32768
GREEN = 4000
"""From this value on (NDVI × 10,000) a pixel is green."""
PIXEL_M = 10.0


@dataclass(frozen=True)
class Size:
    """How many streets, on how many units, in a square of which side."""

    streets: int
    grid: tuple[int, int]
    side_m: float

    @property
    def units(self) -> int:
        """How many units."""
        return self.grid[0] * self.grid[1]

    @property
    def folder(self) -> Path:
        """Where its files lie: a district."""
        return CACHE / f"{self.streets}-streets"

    @property
    def raster(self) -> int:
        """Pixels along a side of the raster."""
        return int(self.side_m / PIXEL_M)

    def table(self, name: str) -> Path:
        """The GeoParquet file of a layer."""
        return self.folder / "rounds" / ROUND / f"{name}.parquet"

    def geopackage(self) -> Path:
        """All layers as a round in one GeoPackage."""
        return self.folder / "geopackage" / "rounds" / f"{ROUND}.gpkg"


SIZES = {
    size.streets: size
    for size in (
        Size(60, (2, 3), 2_000.0),  # for the test of all this
        Size(657, (10, 20), 20_000.0),
        Size(20_000, (20, 25), 45_000.0),
        Size(100_000, (40, 50), 90_000.0),
        Size(1_000_000, (100, 100), 200_000.0),
        Size(10_000_000, (100, 100), 200_000.0),
    )
}
VILLAGES = {
    grid[0] * grid[1]: Size(0, grid, side)
    for grid, side in (((2, 3), 2_000.0), ((40, 50), 90_000.0), ((100, 100), 200_000.0),
                       ((250, 400), 200_000.0))
}  # fmt: skip
"""How many units are decided on, for the work on scope."""
GEOPACKAGE_UP_TO = 1_000_000
RASTERS = (60, 657, 1_000_000)
"""The sizes that have a raster: of 200², 2,000² and 20,000² pixels."""
_DISTRICT = """
name = {{ zh = "量速区", en = "Speed" }}
code = "990003"
metric_crs = "{crs}"
levels = ["villages"]
"""
_VILLAGES = """
name = "villages"
title = { zh = "村", en = "Villages" }
geometry = "Polygon"
key = "code"
[fields.code]
type = "text"
required = true
[fields.name]
type = "text"
[unit]
level = "village"
"""
_STREETS = """
name = "back_streets"
title = {{ zh = "街巷", en = "Streets" }}
geometry = "LineString"
key = "id"
[fields.id]
type = "integer"
required = true
{fields}
{indicators}
[[indicator]]
id = "lighting.lamp_reach"
project = "lighting"
title = {{ zh = "路灯", en = "Within reach of a lamp" }}
definition = {{ zh = "路灯", en = "metres within {reach} m of a lamp ÷ metres" }}
kind = "share_within_distance"
of = "lamps"
reach = {{ distance_m = {reach} }}
"""
_FIELD = """
[fields.{name}]
type = "bool"
"""
_INDICATOR = """
[[indicator]]
id = "cleaning.{name}"
project = "cleaning"
title = {{ zh = "{name}", en = "{name}" }}
definition = {{ zh = "{name}", en = "metres that are {name} ÷ metres" }}
kind = "share_of_length"
covered = "{name}"
"""
_LAMPS = """
name = "lamps"
title = { zh = "路灯", en = "Lamps" }
geometry = "Point"
key = "id"
[fields.id]
type = "integer"
required = true
"""
ATTRIBUTES = ("hardened", "lit", "cleaned")


def make(size: Size, *, raster: bool = False) -> None:
    """Make what is not there yet of a size; what was half made is made again."""
    from benchmarks import making

    if size.streets:
        _once(size.table("villages"), lambda path: making.write_units(path, size))
        _once(size.table("back_streets"), lambda path: making.write_streets(path, size))
        _once(size.table("lamps"), lambda path: making.write_lamps(path, size))
        declare(size)
        if size.streets <= GEOPACKAGE_UP_TO:
            _once(size.geopackage(), lambda path: making.write_geopackage(path, size))
    if raster:
        _once(raster_file(size), lambda path: making.write_raster(path, size.raster))


def make_scope(villages: int) -> None:
    """Make the villages of that number and the area they are held against."""
    from benchmarks import making

    size = VILLAGES[villages]
    _once(villages_file(villages), lambda path: making.write_units(path, size))
    _once(area_file(villages), lambda path: making.write_area(path, size))


def villages_file(villages: int) -> Path:
    """The villages of the work on scope."""
    return CACHE / f"{villages}-villages" / "villages.parquet"


def area_file(villages: int) -> Path:
    """The area of the work on scope: one polygon."""
    return CACHE / f"{villages}-villages" / "area.parquet"


def raster_file(size: Size) -> Path:
    """The raster of a size; sizes of one extent share it."""
    return CACHE / f"green-{size.raster}.tif"


def declare(size: Size) -> None:
    """The district's declarations, beside each of its two stores."""
    streets = _STREETS.format(
        fields="".join(_FIELD.format(name=name) for name in ATTRIBUTES),
        indicators="".join(_INDICATOR.format(name=name) for name in ATTRIBUTES),
        reach=REACH_M,
    )
    for folder in (size.folder, size.folder / "geopackage"):
        (folder / "layers").mkdir(parents=True, exist_ok=True)
        (folder / "district.toml").write_text(_DISTRICT.format(crs=CRS), encoding="utf-8")
        for name, text in (("villages", _VILLAGES), ("back_streets", streets), ("lamps", _LAMPS)):
            (folder / "layers" / f"{name}.toml").write_text(text, encoding="utf-8")


def _once(path: Path, write: Callable[[Path], None]) -> None:
    if path.exists():
        return
    print(f"making {path.relative_to(CACHE)}", file=sys.stderr, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"half-made-{path.name}")
    draft.unlink(missing_ok=True)
    write(draft)
    shutil.move(draft, path)


if __name__ == "__main__":
    for text in sys.argv[1:]:
        make(SIZES[int(text)], raster=int(text) in RASTERS)
