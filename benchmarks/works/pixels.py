"""The green share of each unit: pixels over a threshold of those that are known, weighted by overlap."""

# ruff: noqa: PLC0415  (each contender loads what it needs and no more, since its memory is measured)
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import CRS, GREEN, NODATA, SIZES, make, raster_file
from benchmarks.works.common import Contender, Floats, Work, in_threads, read

BAND_ROWS = 1_024


def _files(streets: int) -> tuple[Path, Path]:
    size = SIZES[streets]
    return size.table("villages"), raster_file(size)


def windowed_read(streets: int) -> Floats:
    """The raster band by band, two threads to unpack it: what no contender can do without."""
    import rasterio
    from rasterio.windows import Window

    (units,) = read(_files(streets)[0])
    with rasterio.open(_files(streets)[1], num_threads=2) as source:
        for top in range(0, source.height, BAND_ROWS):
            rows = min(BAND_ROWS, source.height - top)
            source.read(1, window=Window(0, top, source.width, rows))
        return np.array([[float(len(units) + source.height)]])


def ours(streets: int) -> Floats:
    """What the indicator `share_of_pixels` takes."""
    from geo.pixels import pixel_shares

    units_file, raster = _files(streets)
    (units,) = read(units_file)
    passing, failing = pixel_shares(units.geometry.to_numpy(), CRS, raster, GREEN)
    return _share(passing, passing + failing)


def _share(green: Floats, known: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(green / known)[:, None]


def _classes(raster: Path) -> tuple[NDArray[np.uint8], Any]:
    """1 green, 0 not, 255 unknown, and where the pixels lie; band by band, so that it takes little."""
    import rasterio
    from rasterio.windows import Window

    with rasterio.open(raster, num_threads=2) as source:
        classes = np.empty((source.height, source.width), np.uint8)
        for top in range(0, source.height, BAND_ROWS):
            rows = min(BAND_ROWS, source.height - top)
            values = source.read(1, window=Window(0, top, source.width, rows))
            band = classes[top : top + rows]
            band[:] = values >= GREEN
            band[values == NODATA] = 255
        return classes, source.transform


def exactextract(streets: int) -> Floats:
    """The library that weighs pixels by overlap, units shared out among two threads."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    units_file, raster = _files(streets)
    (units,) = read(units_file)
    classes, place = _classes(raster)
    height, width = classes.shape
    box = (place.c, place.f + place.e * height, place.c + place.a * width, place.f)
    said = units.crs.to_wkt()

    def shares(chosen: NDArray[np.intp]) -> Floats:
        grid = NumPyRasterSource(classes, *box, nodata=255, srs_wkt=said)
        found = exact_extract(grid, units.iloc[chosen], ["mean"], output="pandas")
        return found["mean"].fillna(0.0).to_numpy(float)

    parts = np.array_split(np.arange(len(units)), min(len(units), 8))
    return np.concatenate(in_threads(shares, parts))[:, None]


def rasterstats(streets: int) -> Floats:
    """Pixels whose middle lies in the unit: not exact."""
    from rasterstats import zonal_stats

    units_file, raster = _files(streets)
    (units,) = read(units_file)
    classes, place = _classes(raster)
    found = zonal_stats(units, classes, affine=place, nodata=255, stats=["mean"])
    return np.array([[one["mean"] or 0.0] for one in found], float)


WORK = Work(
    name="pixels",
    title="Green share of units on a raster",
    sizes={
        "tiny": (60,),
        "small": (657,),
        "aims": (1_000_000,),
        "full": (657, 1_000_000),
        "huge": (),
    },
    make=lambda streets: make(SIZES[streets], raster=True),
    measures="share",
    # exactextract keeps the share of a pixel in 32 bits.
    tolerance=1e-6,
    row_slack=1e-5,
    size_words=lambda n: f"{SIZES[n].raster:,}² pixels, {SIZES[n].units:,} units",
    contenders=(
        Contender(
            "windowed read", windowed_read, ("geopandas", "rasterio"), only_reads=True,
            note="two threads",
        ),
        Contender("ours: pixels", ours, ("geopandas", "rasterio", "geo.pixels"), ours=True, compiled=True),
        Contender(
            "exactextract", exactextract, ("geopandas", "rasterio", "exactextract"),
            note="two threads",
        ),
        Contender(
            "rasterstats", rasterstats, ("geopandas", "rasterio", "rasterstats"), tolerance=1e-2,
            note="pixels by their middle; not exact",
        ),
    ),
)  # fmt: skip
