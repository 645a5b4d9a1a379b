"""Rasters beside the rounds: whether they can be measured, and whether they cover what is measured on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from ..errors import DataError
from ..model import Finding, Indicator, ShareOfPixels
from ..said import Said
from .evidence import Evidence, LayerRows, Observation, amount

SHORT = 0.001
"""The share of the units that may lie beyond a raster before it is said."""
FEW = 3
"""Features a raster is tried on."""


def raster_findings(evidence: Evidence, wanted: Sequence[str] | None) -> Iterator[Observation]:
    """What keeps a raster from being measured, and what lies beyond it."""
    catalog = evidence.survey.district.catalog
    for layer in catalog.layers.values():
        for indicator in layer.indicators:
            if not isinstance(indicator, ShareOfPixels):
                continue
            name = indicator.raster
            if (wanted is not None and name not in wanted) or not evidence.survey.has(name):
                continue
            rows = evidence.rows(layer.name)
            if rows is not None and rows.usable.any():
                yield from _on(rows, indicator, evidence)


def _on(rows: LayerRows, indicator: Indicator, evidence: Evidence) -> Iterator[Observation]:
    # Few districts have one, and its libraries take longer to load than most checks take.
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    from ..pixels import pixel_shares

    assert isinstance(indicator, ShareOfPixels)
    name = indicator.raster
    path = evidence.survey.raster(name)
    few = rows.shapes[rows.tree_rows[:FEW]]
    try:
        pixel_shares(few, evidence.metric_crs, path, indicator.at_least, indicator.band, name)
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(path, driver="GTiff") as source,
        ):
            extent = transform_bounds(source.crs, evidence.metric_crs, *source.bounds)
    except DataError as error:
        for fault in error.faults:
            code = "missing-crs" if fault.found == "no CRS" else "unusable-raster"
            yield Observation(
                Finding(code, "error", name, (), fault.found, fault.expected, fault.remedy)
            )
        return
    except RasterioError as error:
        yield Observation(
            Finding(
                "unusable-raster",
                "error",
                name,
                (),
                Said(str(error), f"文件无法读取（{error}）"),
                Said("a GeoTIFF", "GeoTIFF 栅格"),
                Said("replace the file", "更换文件"),
            )
        )
        return
    shapes = rows.shapes[rows.tree_rows]
    frame = shapely.box(*extent)
    beyond = ~np.asarray(shapely.covers(frame, shapes))
    missing = np.zeros(len(shapes))
    missing[beyond] = shapely.area(shapely.difference(shapes[beyond], frame))
    share = float(missing.sum() / shapely.area(shapes).sum())
    if share <= SHORT:
        return
    all_of_it = share >= 1 - SHORT
    positions = rows.tree_rows[missing > 0]
    yield Observation(
        Finding(
            "outside-district" if all_of_it else "raster-short",
            "warning" if all_of_it else "info",
            name,
            (),
            Said(
                f"{share:.1%} of the area of {rows.name} ({amount(len(positions), 'row')}) lies beyond the raster",
                f"{rows.layer.called.zh}面积的 {share:.1%}（{len(positions):,} 行）在栅格范围之外",
            ),
            Said(f"a raster that covers {rows.name}", f"栅格覆盖{rows.layer.called.zh}"),
            Said("check the raster's coordinate system", "核对栅格的坐标系")
            if all_of_it
            else Said(
                "add the missing sheets; until then that part is unknown",
                "补充缺少的图幅；补充前该部分情况不明",
            ),
        ),
        rows.marks(positions),
    )
