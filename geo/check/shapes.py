"""Geometry that is drawn twice, of the wrong size, or of several kinds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..said import Said, joined
from ..sources.lazy import bounds_of, dimensions_of, lengths_of
from ..validate import PROVENANCE
from .evidence import Check, Evidence, LayerRows, Mask, Observation, amount, repeated

SHORTEST_M = 0.05
"""A line shorter than this is a slip of the hand."""
SMALLEST_M2 = 0.01
LONGER_THAN_USUAL = 200.0
"""A line this many times as long as the layer's middle one, and longer than a unit is wide, is a slip."""
ENOUGH = 30
"""Rows from which a usual size can be told."""


def copies(rows: LayerRows) -> Mask:
    """The rows that say again, in every stored column and in geometry, what an earlier row says."""
    stored = rows.stored
    again = np.zeros(len(stored), dtype=bool)
    shaped = isinstance(stored, gpd.GeoDataFrame) and stored._geometry_column_name in stored.columns
    if shaped:
        suspects = np.flatnonzero(_same_extent(stored.geometry))
    elif rows.layer.key is not None:
        suspects = np.flatnonzero(pd.Series(rows.names, dtype=object).duplicated(keep=False))
    else:
        # Without a key or a place two alike entries may well be two things.
        return again
    few = stored.iloc[suspects]
    attributes = pd.DataFrame(few.drop(columns=[*PROVENANCE], errors="ignore"))
    if isinstance(few, gpd.GeoDataFrame) and shaped:
        attributes = attributes.drop(columns=few.geometry.name)
        attributes = attributes.assign(_shape=shapely.to_wkb(few.geometry.to_numpy()))
    again[suspects] = attributes.duplicated(keep="first").to_numpy(dtype=bool)
    return again


def _same_extent(geometry: gpd.GeoSeries) -> Mask:
    """Rows that share their extent with another: only they can be the same."""
    with np.errstate(invalid="ignore"):
        # One number an extent: equal for equal ones, and that two differing ones agree harms nothing.
        mark = np.nan_to_num(bounds_of(geometry), posinf=0.0, neginf=0.0) @ np.array(
            [1.0, math.sqrt(2), math.e, math.pi]
        )
    return repeated(mark)


def duplicate_rows(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Rows that repeat another one wholly: counted twice, and safe to drop."""
    again = copies(rows)
    if again.any():
        yield rows.observe(
            "duplicate-row",
            "warning",
            again,
            found=Said(
                f"{amount(int(again.sum()), 'row')} that repeat another in every column and in geometry",
                f"{int(again.sum()):,} 行与他行的各列和图形完全相同",
            ),
            expected=Said("each thing once", "每项只记一次"),
            remedy=Said(
                "drop the copies (--repair does)", "删除重复行（可用 atlas check --repair）"
            ),
            repairable=True,
        )


def duplicate_geometry(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Rows of different content drawn at one and the same place; direction and start do not matter."""
    if not rows.usable.any():
        return
    positions = rows.tree_rows[_same_extent(rows.frame.geometry)[rows.tree_rows]]
    if not len(positions):
        return
    positions = positions[~copies(rows)[positions]]
    shapes = rows.chosen(positions)
    plain = pd.Series(shapely.to_wkb(shapely.normalize(shapes)))
    twice = plain.duplicated(keep=False).to_numpy(dtype=bool)
    if twice.any():
        places = plain[twice].nunique()
        yield rows.observe(
            "duplicate-geometry",
            "warning",
            positions[twice],
            found=Said(
                f"{amount(int(twice.sum()), 'row')} drawn at {amount(places, 'place')}: each counts on its own",
                f"{int(twice.sum()):,} 行重叠绘于 {places:,} 处：各自计数",
            ),
            expected=Said("a place of its own for each thing", "每项各有位置"),
            remedy=Said("keep one of each, or correct its place", "只留一项，或更正位置"),
        )


def absurd_size(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Lines and surfaces too small to be anything, or larger than the district could hold."""
    kind = rows.layer.geometry
    if kind not in ("LineString", "Polygon") or not rows.usable.any():
        return
    geometry = rows.frame.geometry
    of_kind = rows.usable & (dimensions_of(geometry) == (1 if kind == "LineString" else 2))
    if kind == "LineString":
        size, code, least = lengths_of(geometry), "absurd-length", SHORTEST_M
        unit = Said("m", "米")
        greatest = _longest_m(rows, evidence, size[of_kind])
    else:
        size, code, least = shapely.area(rows.shapes), "absurd-area", SMALLEST_M2
        unit = Said("m²", "平方米")
        greatest = _largest_m2(rows, evidence)
    # Lines of no length at all are what conforming reports.
    small = of_kind & (size > 0) & (size < least)
    large = of_kind & (size > greatest)
    for mask, bound in (
        (small, Said(f"at least {least:g} {unit}", f"不小于 {least:g} {unit.zh}")),
        (large, Said(f"at most {greatest:,.0f} {unit}", f"不大于 {greatest:,.0f} {unit.zh}")),
    ):
        if mask.any():
            worst = size[mask].min() if mask is small else size[mask].max()
            shown = f"{worst:.3g}" if mask is small else f"{worst:,.0f}"
            yield rows.observe(
                code,
                "warning",
                mask,
                found=Said(
                    f"{amount(int(mask.sum()), 'row')} of an absurd size, such as {shown} {unit}",
                    f"{int(mask.sum()):,} 行大小异常，如 {shown} {unit.zh}",
                ),
                expected=bound,
                remedy=Said(
                    "look for a vertex that slipped, and redraw them",
                    "检查有无错位的顶点，重新绘制",
                ),
            )


def _longest_m(rows: LayerRows, evidence: Evidence, lengths: np.ndarray) -> float:
    """What no line of the layer should pass: across the district, or far beyond the usual."""
    finest = evidence.finest
    if finest is None:
        return float("inf")
    across_m = _diagonal(shapely.total_bounds(finest.shapes[finest.usable]))
    if not rows.layer.indicators or len(lengths) < ENOUGH:
        return 3 * across_m
    unit_m = float(
        np.median([_diagonal(box) for box in shapely.bounds(finest.shapes[finest.usable])])
    )
    return min(across_m, max(LONGER_THAN_USUAL * float(np.median(lengths)), 3 * unit_m))


def _largest_m2(rows: LayerRows, evidence: Evidence) -> float:
    finest = evidence.finest
    if finest is None or any(rows is level for level in evidence.levels):
        return float("inf")
    return float(shapely.area(finest.shapes[finest.usable]).sum())


def _diagonal(bounds: np.ndarray) -> float:
    return float(np.hypot(bounds[2] - bounds[0], bounds[3] - bounds[1]))


def mixed_kinds(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """A layer that holds points, lines or surfaces side by side: how many there are of each."""
    if not isinstance(rows.stored, gpd.GeoDataFrame) or rows.layer.points_too:
        return
    dimensions = dimensions_of(rows.stored.geometry)
    present = np.unique(dimensions[dimensions >= 0])
    if len(present) < 2:
        return
    names = {0: Said("points", "点"), 1: Said("lines", "线"), 2: Said("surfaces", "面")}
    counts = [
        Said(amount(count, str(kind).removesuffix("s")), f"{kind.zh} {count:,} 个")
        for kind, count in (
            (names[int(number)], int((dimensions == number).sum())) for number in present
        )
    ]
    wanted = {"Point": 0, "LineString": 1, "Polygon": 2}[rows.layer.geometry]
    yield rows.observe(
        "mixed-geometry",
        "info",
        (dimensions >= 0) & (dimensions != wanted),
        found=Said("one layer of ", "同一图层有") + joined(counts),
        expected=Said(f"{names[wanted]} only", f"只有{names[wanted].zh}"),
        remedy=Said("import each kind into the layer it belongs to", "按几何类型分别导入相应图层"),
    )


CHECKS: tuple[Check, ...] = (duplicate_rows, duplicate_geometry, absurd_size, mixed_kinds)
