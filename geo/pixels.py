"""Shares of polygons by raster value, each pixel weighted by the part of it that a polygon overlaps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .errors import DataError, Fault

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

SEGMENT_M = 250.0
"""Outlines are given vertices this close before they are bent into another CRS."""
ROUNDING = 1e-6
"""What is missing to the whole by less than this is rounding, not unknown."""


def pixel_shares(
    polygons: NDArray[np.object_],
    crs: str,
    raster: Path,
    at_least: float,
    band: int = 1,
    layer: str = "raster",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each polygon, the share whose raster value is at least a threshold, and the share below it.

    Parameters
    ----------
    polygons : Polygon or MultiPolygon in `crs`, none empty
    crs : the polygons' metric CRS
    raster : a north-up raster in any CRS; its mask, nodata and NaN are *unknown*, and so is what lies
        beyond it; scale and offset are applied
    at_least : the threshold
    band : counted from 1
    layer : the name used in messages

    Returns
    -------
    passing, failing : shares 0–1 of each polygon's area; what is missing to 1 is unknown

    Raises
    ------
    DataError
        The file is not a raster, has no CRS or no such band, or is rotated.

    Source: exact overlap fractions as computed by exactextract (ISciences).
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(raster, driver="GTiff") as source,
        ):
            _check(source, band, layer)
            return _shares(polygons, crs, source, at_least, band)
    except RasterioError as error:
        raise DataError(
            Fault(layer, f"{raster.name}: {error}", "a GeoTIFF", "replace the file")
        ) from error


def _check(source: Any, band: int, layer: str) -> None:
    faults = []
    if source.crs is None:
        faults.append(
            Fault(layer, "no CRS", "a raster with a CRS", "assign the CRS it was made in")
        )
    if source.transform.b or source.transform.d or source.transform.e >= 0:
        faults.append(Fault(layer, "a rotated or flipped grid", "north-up rows", "warp the raster"))
    if band > source.count:
        faults.append(
            Fault(
                layer,
                f"{source.count} bands",
                f"a band {band}",
                "correct `band` in the declaration",
            )
        )
    if faults:
        raise DataError(faults)


def _passing(
    source: Any, window: Any, at_least: float, band: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pixels of a window reach the threshold, and which do not; neither is unknown."""
    values = source.read(band, window=window)
    known = source.read_masks(band, window=window) > 0
    if np.issubdtype(values.dtype, np.floating):
        known &= ~np.isnan(values)
    # Compared as stored where possible: a 32-bit 0.4 is meant to reach 0.4.
    scale, offset = source.scales[band - 1], source.offsets[band - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values.astype(np.float64) * scale + offset
        reached = values >= at_least - np.finfo(np.float32).eps
    else:
        reached = values >= at_least
    return known & reached, known & ~reached


def _shares(
    polygons: NDArray[np.object_], crs: str, source: Any, at_least: float, band: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import geopandas as gpd
    from rasterio.windows import Window, from_bounds

    nothing = np.zeros(len(polygons))
    outlines = gpd.GeoSeries(polygons, crs=crs)
    if not outlines.crs.equals(source.crs):
        outlines = outlines.segmentize(SEGMENT_M).to_crs(source.crs.to_wkt())
    extent = from_bounds(*outlines.total_bounds, source.transform)
    # One pixel of margin, whole pixels, within the raster.
    rows = slice(
        max(0, int(np.floor(extent.row_off)) - 1),
        min(source.height, int(np.ceil(extent.row_off + extent.height)) + 1),
    )
    columns = slice(
        max(0, int(np.floor(extent.col_off)) - 1),
        min(source.width, int(np.ceil(extent.col_off + extent.width)) + 1),
    )
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return nothing, nothing.copy()
    window = Window.from_slices(rows, columns)
    passing, failing = _passing(source, window, at_least, band)

    sums, total = _overlapped(outlines, passing, failing, source, window)
    shares = sums / total[:, None]
    # Overlap fractions are kept as 32-bit: a polygon wholly known may come to a little less or more.
    whole = shares.sum(axis=1)
    shares[whole > 1 - ROUNDING] /= whole[whole > 1 - ROUNDING, None]
    return shares[:, 0], shares[:, 1]


def _overlapped(
    outlines: gpd.GeoSeries,
    passing: NDArray[np.bool_],
    failing: NDArray[np.bool_],
    source: Any,
    window: Any,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each polygon, the area of passing and of failing pixels, and its own area, in the raster's grid."""
    import geopandas as gpd
    from exactextract import exact_extract
    from exactextract.feature import GeoPandasFeatureSource
    from exactextract.raster import NumPyRasterSource

    transform = source.window_transform(window)
    top, height, width = transform.f, -transform.e, transform.a
    rows, columns = passing.shape
    box = (transform.c, top - height * rows, transform.c + width * columns, top)
    wkt = source.crs.to_wkt()
    shapes = outlines.to_numpy()
    features = GeoPandasFeatureSource(gpd.GeoDataFrame(geometry=shapes, crs=wkt))
    if not source.crs.is_geographic:
        unknown = 2
        classes = np.where(passing, 1, np.where(failing, 0, unknown)).astype(np.uint8)
        grid = NumPyRasterSource(classes, *box, nodata=unknown, srs_wkt=wkt)
        found = exact_extract(grid, features, ["sum", "count"], output="pandas")
        reached, known = (found[name].fillna(0.0).to_numpy(float) for name in ("sum", "count"))
        pixel = width * height
        return np.stack([reached, known - reached], axis=1) * pixel, shapely.area(shapes)
    # A degree of longitude shrinks towards the poles: weigh each row by its band of the sphere.
    bands = np.sin(np.radians(top - height * np.arange(rows + 1)))
    weight = (bands[:-1] - bands[1:])[:, None] * np.radians(width)
    grids = [
        NumPyRasterSource(mask * weight, *box, name=name, srs_wkt=wkt)
        for name, mask in (("passing", passing), ("failing", failing))
    ]
    found = exact_extract(grids, features, ["sum"], output="pandas")
    sums = found[["passing_sum", "failing_sum"]].fillna(0.0).to_numpy(float)
    sphere = shapely.transform(
        shapes, lambda xy: np.column_stack([np.radians(xy[:, 0]), np.sin(np.radians(xy[:, 1]))])
    )
    return sums, shapely.area(sphere)
