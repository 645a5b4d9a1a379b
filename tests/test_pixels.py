"""Shares by raster value: every pixel by the part of it that lies in the polygon, however it is measured."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from shapely import MultiPolygon, Polygon, affinity, box

from geo import pixels
from geo.pixels import pixel_shares

CRS = "EPSG:4549"
LEFT, TOP = 500_000.0, 3_600_000.0
PIXEL = 10.0
NODATA = -99


def write(
    path: Path, values: np.ndarray, crs: str = CRS, transform: object = None, **profile: object
) -> Path:
    """A GeoTIFF of a single band."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=transform or from_origin(LEFT, TOP, PIXEL, PIXEL),
        **profile,
    ) as target:
        target.write(values, 1)
    return path


@pytest.fixture(params=["arrays", "kernels"])
def measured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to measure, whatever the size."""
    monkeypatch.setattr(pixels, "FAST_PIXELS", 0 if request.param == "kernels" else 1 << 60)
    return str(request.param)


def at(*shapes: object) -> np.ndarray:
    """Shapes drawn in pixels from the raster's lower left corner of 20 rows, in metres."""
    array = np.empty(len(shapes), object)
    array[:] = [
        affinity.affine_transform(shape, [PIXEL, 0, 0, PIXEL, LEFT, TOP - 20 * PIXEL])
        for shape in shapes
    ]
    return array


def test_halves_and_holes_and_what_lies_beyond(tmp_path: Path, measured: str) -> None:
    values = np.zeros((20, 30), np.int16)
    values[:, 10:] = 5
    values[:10, 20:] = NODATA
    raster = write(tmp_path / "r.tif", values, nodata=NODATA)
    passing, failing = pixel_shares(
        at(
            box(5, 5, 15, 15),  # half and half
            box(9.5, 2.5, 11, 3.5),  # a third of it fails
            Polygon(box(0, 0, 20, 20).exterior, [box(0.5, 1, 9.5, 19).exterior.coords]),
            MultiPolygon([box(25, 5, 26, 15), box(28, 15, 32, 16)]),  # 5 of 14 known
            Polygon([(8, 4), (12, 4), (10, 8)]),
            box(40, 40, 41, 41),
        ),
        CRS,
        raster,
        3,
    )
    assert passing == pytest.approx([1 / 2, 2 / 3, 200 / 238, 5 / 14, 1 / 2, 0], abs=1e-6)
    assert failing == pytest.approx([1 / 2, 1 / 3, 38 / 238, 0, 1 / 2, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("window", "layout"),
    [
        (1 << 22, {}),
        (40, {"blockysize": 20}),  # a block is larger than a window
        (70, {"blockysize": 1}),
        (300, {"tiled": True, "blockxsize": 16, "blockysize": 16}),
    ],
)
def test_windows_add_up_to_the_raster(
    tmp_path: Path,
    measured: str,
    window: int,
    layout: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixels, "WINDOW_PIXELS", window)
    values = np.random.default_rng(3).integers(0, 10, (20, 30)).astype(np.int16)
    raster = write(tmp_path / "r.tif", values, **layout)
    shape = Polygon([(1.3, 2.2), (27.9, 0.4), (22.1, 18.7), (14.2, 9.1), (3.3, 19.8)])
    passing, failing = pixel_shares(at(shape, box(0, 0, 30, 20)), CRS, raster, 4)
    cells = [
        box(column, 19 - row, column + 1, 20 - row) for row, column in np.argwhere(values >= 4)
    ]
    expected = shapely.area(shapely.intersection(cells, shape)).sum() / shape.area
    assert passing == pytest.approx([expected, (values >= 4).mean()], abs=1e-6)
    assert passing + failing == pytest.approx([1, 1], abs=1e-12)


@pytest.mark.parametrize("block", [(512, 512), (256, 128), (1, 10_000), (150, 10_000)])
def test_windows_are_whole_blocks_and_no_larger_than_allowed(block: tuple[int, int]) -> None:
    shape = (7_000, 10_000)
    extents = np.array([[700.0, 300.0, 9_000.0, 7_000.0]])
    seen = np.zeros(shape, np.int8)
    for rows, columns in pixels._windows(extents, shape, block):
        assert rows.start % block[0] == 0
        assert rows.stop == shape[0] or rows.stop % block[0] == 0
        if block[1] < shape[1]:
            assert columns.start % block[1] == 0
        assert (rows.stop - rows.start) * (columns.stop - columns.start) <= pixels.WINDOW_PIXELS
        seen[rows, columns] += 1
    assert seen.max() == 1
    assert seen[300:7_000, 700:9_000].min() == 1
    assert not list(pixels._windows(np.array([[-9.0, -9.0, 0.0, 0.0]]), (10, 10), (10, 10)))


def test_a_block_larger_than_a_window_is_read_in_parts_that_fit() -> None:
    extents = np.array([[0.0, 0.0, 5_000.0, 7_000.0]])
    seen = np.zeros((7_000, 10_000), np.int8)
    for rows, columns in pixels._windows(extents, seen.shape, seen.shape):
        assert (rows.stop - rows.start) * (columns.stop - columns.start) <= pixels.WINDOW_PIXELS
        seen[rows, columns] += 1
    assert seen.max() == 1
    assert seen[:, :5_000].min() == 1


def test_overviews_are_never_used(tmp_path: Path, measured: str) -> None:
    values = np.zeros((1024, 1024), np.uint8)
    raster = write(tmp_path / "cog.tif", values, tiled=True, blockxsize=256, blockysize=256)
    with rasterio.open(raster, "r+") as target:
        target.write(np.full((1024, 1024), 9, np.uint8), 1)
        target.build_overviews([2, 4])
        target.write(values, 1)
    with rasterio.open(raster, overview_level=0) as coarse:
        assert coarse.read(1).min() == 9
    shape = box(LEFT, TOP - 10_240, LEFT + 10_240, TOP)
    passing, failing = pixel_shares(np.array([shape], object), CRS, raster, 5)
    assert (passing[0], failing[0]) == (0, 1)


def test_rows_in_degrees_are_weighed_by_the_sphere(tmp_path: Path, measured: str) -> None:
    values = np.array([[1], [0]], np.float32)  # 50° to 60° passes, 40° to 50° does not
    raster = write(tmp_path / "r.tif", values, "EPSG:4490", from_origin(110, 60, 10, 10))
    passing, failing = pixel_shares(
        np.array([box(112, 40, 118, 60)], object), "EPSG:4490", raster, 1
    )
    south, middle, north = np.sin(np.radians([40, 50, 60]))
    assert passing[0] == pytest.approx((north - middle) / (north - south), abs=1e-6)
    assert failing[0] == pytest.approx((middle - south) / (north - south), abs=1e-6)


spots = st.tuples(st.integers(-4, 64), st.integers(-4, 44)).map(lambda at: (at[0] / 2, at[1] / 2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(spots, min_size=3, max_size=8, unique=True).map(Polygon),
    st.sampled_from([0, 1 << 60]),
)
def test_walking_an_outline_is_exact(outline: Polygon, fast_pixels: int) -> None:
    """Half pixels, so that outlines run along and through pixels' corners all the time."""
    if not outline.is_valid or outline.area == 0:
        return
    values = np.random.default_rng(7).integers(0, 3, (20, 30))
    grid = pixels._Grid(LEFT, TOP, PIXEL, PIXEL, "", False)
    window = pixels._Window(slice(0, 20), slice(0, 30), values == 1, values == 2)
    (shape,) = at(outline)
    extents = np.array([[0.0, 0.0, 30.0, 20.0]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels, "FAST_PIXELS", fast_pixels)
        found = pixels._measure_of(at(outline), extents, grid)(window, np.array([0]))[0]
    for value, area in zip((1, 2), found, strict=True):
        cells = [
            box(column, 19 - row, column + 1, 20 - row)
            for row, column in np.argwhere(values == value)
        ]
        expected = shapely.area(shapely.intersection(cells, outline)).sum() * PIXEL**2
        assert area == pytest.approx(expected, abs=1e-9 * shape.area)


def test_exactextract_finds_the_same(tmp_path: Path, measured: str) -> None:
    """Another program's figures, of which overlaps are kept as 32-bit numbers."""
    from exactextract import exact_extract

    rng = np.random.default_rng(11)
    raster = write(tmp_path / "r.tif", rng.integers(0, 9, (20, 30)).astype(np.int16))
    shapes = at(
        *(
            shapely.convex_hull(shapely.multipoints(rng.uniform((-2, -2), (32, 22), (7, 2))))
            for _ in range(40)
        )
    )
    with rasterio.open(raster) as source:
        passing = write(tmp_path / "p.tif", (source.read(1) >= 4).astype(np.int16))
    rows = gpd.GeoDataFrame(geometry=shapes, crs=CRS)
    found = exact_extract(passing, rows, ["sum"], output="pandas")["sum"].to_numpy()
    ours, _ = pixel_shares(shapes, CRS, raster, 4)
    assert ours * shapely.area(shapes) == pytest.approx(found * PIXEL**2, rel=1e-5)


def test_what_lies_where_the_rasters_projection_does_not_reach_is_unknown(
    tmp_path: Path, measured: str
) -> None:
    # Half of the globe as seen from above 120° E, 0° N: Taizhou is on it, the other side of the earth is not.
    seen = "+proj=ortho +lat_0=0 +lon_0=120 +datum=WGS84"
    size_m = 6.4e6
    file = write(
        tmp_path / "globe.tif",
        np.ones((64, 64), np.float32),
        seen,
        from_origin(-size_m, size_m, size_m / 32, size_m / 32),
    )
    shapes = np.empty(3, object)
    shapes[:] = [box(119, 32, 120, 33), box(-61, 0, -60, 1), box(119, 32, 240, 33)]
    passing, failing = pixel_shares(shapes, "EPSG:4326", file, 0.5)
    assert passing.tolist() == [1.0, 0.0, 0.0]
    assert failing.tolist() == [0.0, 0.0, 0.0]
