"""Shares of polygons by raster value, each pixel weighted by the part of it that a polygon overlaps.

A raster is read window by window at its full resolution; overviews are never used. Each window is measured by
walking along the outlines: in arrays (`geo.engine.contours`), or, where there are many pixels, by kernels that do the
same (`geo.engine.kernels.contours`). The tests hold both against exactextract.

Each thread unpacks a window and measures it: GDAL's own threads would wait while pixels are copied and measured.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .engine.contours import edges_of, walked
from .engine.fast import available
from .engine.kernels.compiling import cores
from .errors import DataError, Fault
from .said import Said

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEGMENT_M = 250.0
"""Outlines are given vertices this close before they are bent into another CRS."""
ROUNDING = 1e-6
"""What is missing to the whole by less than this is rounding, not unknown."""
WINDOW_PIXELS = 1 << 21
"""So many pixels are read at a time: some 30 MB while they are worked on, a window in each thread."""
MOST_THREADS = 8
FAST_PIXELS = 1 << 23
"""From so many pixels within the polygons' extents on, loading the kernels takes less time than it saves."""
CACHE_MB = 64
"""What GDAL may keep of blocks; windows are read in order, so more would not be looked at again."""
SETTINGS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": CACHE_MB}
"""How GDAL reads, in every thread."""


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

    Source: exact overlap fractions as exactextract (ISciences) defines them; the areas between crossings of an
    outline as differences of running sums (Green's theorem, row by row).
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.Env(**SETTINGS), ExitStack() as opened:

            def open_again() -> Any:
                return opened.enter_context(rasterio.open(raster, driver="GTiff"))

            source = open_again()
            _check(source, band, layer)
            return _shares(polygons, crs, source, open_again, at_least, band)
    except RasterioError as error:
        raise DataError(
            Fault(
                layer,
                Said(f"{raster.name}: {error}", f"{raster.name} 无法读取（{error}）"),
                Said("a GeoTIFF", "GeoTIFF 栅格"),
                Said("replace the file", "更换文件"),
            )
        ) from error


def _check(source: Any, band: int, layer: str) -> None:
    faults = []
    if source.crs is None:
        faults.append(
            Fault(
                layer,
                Said("no CRS", "未注明坐标系"),
                Said("a raster with a CRS", "有坐标系的栅格"),
                Said("assign the CRS it was made in", "注明其制作时的坐标系"),
            )
        )
    if source.transform.b or source.transform.d or source.transform.e >= 0:
        faults.append(
            Fault(
                layer,
                Said("a rotated or flipped grid", "格网旋转或倒置"),
                Said("north-up rows", "各行自北向南"),
                Said("warp the raster", "对栅格重采样校正"),
            )
        )
    if band > source.count:
        faults.append(
            Fault(
                layer,
                Said(f"{source.count} bands", f"{source.count} 个波段"),
                Said(f"a band {band}", f"有第 {band} 波段"),
                Said("correct `band` in the declaration", "更正声明中的 `band`"),
            )
        )
    if faults:
        raise DataError(faults)


@dataclass(frozen=True)
class _Window:
    """A part of a raster: its rows and columns, and what is known of its pixels."""

    rows: slice
    columns: slice
    passing: NDArray[np.bool_]
    failing: NDArray[np.bool_]


@dataclass(frozen=True)
class _Grid:
    """Where a raster's pixels lie, and what one counts."""

    left: float
    top: float
    width: float
    height: float
    wkt: str
    geographic: bool

    @classmethod
    def of(cls, source: Any) -> _Grid:
        """The grid of an opened raster."""
        transform = source.transform
        return cls(
            transform.c,
            transform.f,
            transform.a,
            -transform.e,
            source.crs.to_wkt(),
            source.crs.is_geographic,
        )

    def weight(self, rows: slice) -> NDArray[np.float64]:
        """What a pixel of each row counts: its area in the grid's own terms, in degrees on the unit sphere."""
        if not self.geographic:
            return np.full(rows.stop - rows.start, self.width * self.height)
        # A degree of longitude shrinks towards the poles: weigh each row by its band of the sphere.
        edges = np.sin(np.radians(self.top - self.height * np.arange(rows.start, rows.stop + 1)))
        weight: NDArray[np.float64] = (edges[:-1] - edges[1:]) * np.radians(self.width)
        return weight

    def area(self, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
        """The area of polygons in the same terms."""
        if not self.geographic:
            return np.asarray(shapely.area(shapes))
        sphere = shapely.transform(
            shapes, lambda xy: np.column_stack([np.radians(xy[:, 0]), np.sin(np.radians(xy[:, 1]))])
        )
        return np.asarray(shapely.area(sphere))

    def pixels(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates in pixels from the raster's corner, y downwards."""
        return (xy - [self.left, self.top]) / [self.width, -self.height]


def _shares(
    polygons: NDArray[np.object_],
    crs: str,
    source: Any,
    open_again: Callable[[], Any],
    at_least: float,
    band: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import geopandas as gpd

    outlines = gpd.GeoSeries(polygons, crs=crs)
    if not outlines.crs.equals(source.crs):
        outlines = outlines.segmentize(SEGMENT_M).to_crs(source.crs.to_wkt())
    drawn = outlines.to_numpy()
    # Where the raster's projection does not reach, an outline has no place there, and what it holds is unknown.
    xy, row = shapely.get_coordinates(drawn, return_index=True)
    placed = np.bincount(row, minlength=len(drawn)) > 0
    placed[row[~np.isfinite(xy).all(axis=1)]] = False
    shares = np.zeros((len(drawn), 2))
    if placed.any():
        shares[placed] = _shares_of_placed(drawn[placed], source, open_again, at_least, band)
    return shares[:, 0], shares[:, 1]


def _shares_of_placed(
    shapes: NDArray[np.object_],
    source: Any,
    open_again: Callable[[], Any],
    at_least: float,
    band: int,
) -> NDArray[np.float64]:
    import rasterio

    grid = _Grid.of(source)
    bounds = shapely.bounds(shapes)
    # Columns and rows each polygon touches: left, top, right, bottom, with a pixel to spare.
    extents = np.column_stack([grid.pixels(bounds[:, [0, 3]]), grid.pixels(bounds[:, [2, 1]])])
    extents = np.column_stack([np.floor(extents[:, :2]) - 1, np.ceil(extents[:, 2:]) + 1])
    sums = np.zeros((len(shapes), 2))
    measure = _measure_of(shapes, extents, grid)
    block = source.block_shapes[band - 1]
    windows = list(_windows(extents, source.shape, block))
    # Each would unpack a block that is larger than a window.
    most = MOST_THREADS if math.prod(block) <= WINDOW_PIXELS else 1
    threads = max(1, min(cores(), most, len(windows)))
    # An opened raster is for one thread at a time.
    idle: SimpleQueue[Any] = SimpleQueue()
    for one in [source, *(open_again() for _ in range(threads - 1))]:
        idle.put(one)

    def measured(rows: slice, columns: slice, touched: NDArray[np.intp]) -> NDArray[np.float64]:
        reader = idle.get()
        try:
            with rasterio.Env(**SETTINGS):
                window = _Window(rows, columns, *_passing(reader, rows, columns, at_least, band))
        finally:
            idle.put(reader)
        return measure(window, touched)

    pending: deque[tuple[NDArray[np.intp], Future[NDArray[np.float64]]]] = deque()
    with ThreadPoolExecutor(threads) as workers:
        for rows, columns in windows:
            touched = np.flatnonzero(_meeting(extents, rows, columns))
            if len(touched):
                pending.append((touched, workers.submit(measured, rows, columns, touched)))
            # In the order of windows, so that sums are the same each time.
            while len(pending) > 2 * threads:
                done, found = pending.popleft()
                sums[done] += found.result()
        for done, found in pending:
            sums[done] += found.result()

    shares = sums / grid.area(shapes)[:, None]
    # A polygon wholly known may come to a little less or more.
    whole = shares.sum(axis=1)
    shares[whole > 1 - ROUNDING] /= whole[whole > 1 - ROUNDING, None]
    return shares


def _windows(
    extents: NDArray[np.float64], shape: tuple[int, int], block: tuple[int, int]
) -> Iterator[tuple[slice, slice]]:
    """What of a raster polygons touch, in windows of whole blocks, so that none is unpacked twice.

    Parameters
    ----------
    extents : left, top, right, bottom of each polygon, in pixels
    shape, block : rows and columns of the raster, and of its blocks
    """
    (height, width), (block_rows, block_columns) = shape, block
    left, top = np.maximum(extents[:, :2].min(axis=0), 0)
    right, bottom = np.minimum(extents[:, 2:].max(axis=0), [width, height])
    if left >= right or top >= bottom:
        return
    if (right - left) * (bottom - top) <= WINDOW_PIXELS:
        yield slice(int(top), int(bottom)), slice(int(left), int(right))
        return
    # A block may be larger than what is read at a time; it is then kept by GDAL while its rows are.
    block_rows = min(block_rows, max(1, WINDOW_PIXELS // block_columns))
    left, top = int(left), int(top) // block_rows * block_rows
    if block_columns < width:
        left = left // block_columns * block_columns
    across = max(1, WINDOW_PIXELS // (block_rows * block_columns)) * block_columns
    down = max(1, WINDOW_PIXELS // (min(across, int(right) - left) * block_rows)) * block_rows
    for row in range(top, int(bottom), down):
        for column in range(left, int(right), across):
            yield (
                slice(row, min(row + down, int(bottom))),
                slice(column, min(column + across, int(right))),
            )


def _meeting(extents: NDArray[np.float64], rows: slice, columns: slice) -> NDArray[np.bool_]:
    """Which polygons touch a window."""
    meeting: NDArray[np.bool_] = (
        (extents[:, 0] < columns.stop)
        & (extents[:, 2] > columns.start)
        & (extents[:, 1] < rows.stop)
        & (extents[:, 3] > rows.start)
    )
    return meeting


def _passing(
    source: Any, rows: slice, columns: slice, at_least: float, band: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pixels of a window reach the threshold, and which do not; neither is unknown."""
    from rasterio.windows import Window

    window = Window.from_slices(rows, columns)
    values = source.read(band, window=window)
    known = _known(source, window, values, band)
    # Compared as stored where possible: a 32-bit 0.4 is meant to reach 0.4.
    scale, offset = source.scales[band - 1], source.offsets[band - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values.astype(np.float64) * scale + offset
        reached = values >= at_least - np.finfo(np.float32).eps
    elif np.issubdtype(values.dtype, np.integer) and math.isfinite(at_least):
        reached = values >= math.ceil(at_least)  # a fraction would make floats of them all
    else:
        reached = values >= at_least
    if known is None:
        return reached, ~reached
    reached &= known
    return reached, known > reached


def _known(source: Any, window: Any, values: NDArray[Any], band: int) -> NDArray[np.bool_] | None:
    """Which pixels have a value; None for all."""
    from rasterio.enums import MaskFlags

    flags = source.mask_flag_enums[band - 1]
    floating = np.issubdtype(values.dtype, np.floating)
    nodata = source.nodatavals[band - 1]
    if flags == [MaskFlags.all_valid]:
        known = None
    elif flags == [MaskFlags.nodata] and not floating and float(nodata).is_integer():
        # Whole numbers are compared here: GDAL would go through the values once more.
        known = values != int(nodata)
    else:
        known = source.read_masks(band, window=window) > 0
    if floating:
        number = ~np.isnan(values)
        known = number if known is None else known & number
    return known


def _measure_of(
    shapes: NDArray[np.object_], extents: NDArray[np.float64], grid: _Grid
) -> Callable[[_Window, NDArray[np.intp]], NDArray[np.float64]]:
    """What measures a window: how much of the polygons touching it passes and fails."""
    edges, polygon = edges_of(shapes)
    start = np.searchsorted(polygon, np.arange(len(shapes) + 1)).astype(np.int64)
    ends = edges.reshape(-1, 2)  # the same memory
    ends -= [grid.left, grid.top]
    ends /= [grid.width, -grid.height]
    pixels = np.prod(extents[:, 2:] - extents[:, :2], axis=1).sum()
    if pixels >= FAST_PIXELS and available():
        return _by_kernels(edges, start, grid)

    def measure(window: _Window, touched: NDArray[np.intp]) -> NDArray[np.float64]:
        number = np.diff(start)[touched]
        mine = np.repeat(start[touched] - (np.cumsum(number) - number), number)
        corner = [window.columns.start, window.rows.start]
        return walked(
            edges[mine + np.arange(len(mine))] - corner * 2,
            np.repeat(np.arange(len(touched)), number),
            window.passing,
            window.failing,
            grid.weight(window.rows),
            len(touched),
        )

    return measure


def _by_kernels(
    edges: NDArray[np.float64], start: NDArray[np.int64], grid: _Grid
) -> Callable[[_Window, NDArray[np.intp]], NDArray[np.float64]]:
    from .engine.kernels.contours import add_up, walk

    room = threading.local()

    def measure(window: _Window, touched: NDArray[np.intp]) -> NDArray[np.float64]:
        rows, columns = window.passing.shape
        size = rows * (columns + 1) * 2
        if len(getattr(room, "held", ())) < size:  # all windows of a thread in the same memory
            room.held = np.empty(size, np.int32)
        sums = room.held[:size].reshape(rows, columns + 1, 2)
        add_up(window.passing, window.failing, sums, 0, rows)
        found = np.empty((len(touched), 2))
        walk(
            edges,
            start,
            touched,
            sums,
            grid.weight(window.rows),
            window.rows.start,
            window.columns.start,
            found,
            0,
            len(touched),
        )
        return np.maximum(found, 0.0)

    return measure
