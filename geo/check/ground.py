"""The ground everything stands on: the metric system, the edges of the area, tables nobody declared, rasters."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from ..carrying import left_behind
from ..crs import MetricError, cgcs2000_zone, local_metric_crs, metric_error
from ..edges import area_of
from ..errors import ScopeError
from ..importing.fewer import fewer_rows
from ..importing.units import units_left_out
from ..model import Finding, corner_zh
from ..said import NOTHING, Said
from ..scope import EDGES_LAYER
from .evidence import Check, Evidence, LayerRows, Observation

PROMISED = 1e-5
"""Metres are metres within this share (DESIGN, promise 4)."""
WIDE_CORNER_M = 500.0
"""A corner closed over more than this deserves a look."""


def metric_system(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Whether lengths and areas in the district's metric system are those on the ellipsoid."""
    if rows is not (evidence.finest or next(iter(evidence.every()), None)) or not rows.usable.any():
        return
    bounds = rows.total_bounds
    crs = evidence.metric_crs
    try:
        error = _metric_error(crs, *(float(bound) for bound in bounds))
    except ValueError as reason:
        yield rows.observe(
            "metric-crs",
            "error",
            [],
            found=Said(
                f"the district's metric system: {reason}", f"本区的量算坐标系不可用：{reason}"
            ),
            expected=Said("a projected system in metres", "以米为单位的投影坐标系"),
            remedy=_better_system(bounds, evidence),
        )
        return
    if max(error) > PROMISED or not np.isfinite(error).all():
        yield rows.observe(
            "metric-crs",
            "warning",
            [],
            found=Said(
                f"in {crs} lengths are off by up to {error.length:.2g} of themselves here, areas by {error.area:.2g}",
                f"本区采用 {crs} 时，长度相对误差达 {error.length:.2g}，面积达 {error.area:.2g}",
            ),
            expected=Said(f"at most {PROMISED:g}", f"不超过 {PROMISED:g}"),
            remedy=_better_system(bounds, evidence),
        )


@lru_cache(maxsize=16)
def _metric_error(crs: str, west: float, south: float, east: float, north: float) -> MetricError:
    """Asked again at every check of a district, and slow to find out."""
    return metric_error(crs, (west, south, east, north))


def _better_system(bounds: NDArray[np.float64], evidence: Evidence) -> Said:
    middle = evidence.degrees([shapely.box(*bounds).centroid])[0]
    local = local_metric_crs(round(middle.x, 1), round(middle.y, 1))
    try:
        zone = cgcs2000_zone(middle.x)
        official = Said(f"{zone}, or ", f"{zone} 或 ")
    except ValueError:
        official = NOTHING
    return Said(
        f"set metric_crs in district.toml to {official}{local!r}",
        f"将 district.toml 的 metric_crs 设为 {official.zh}{local!r}",
    )


def edges_close(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Whether the edges enclose an area, and over what distance its corners had to be closed."""
    if rows.name != EDGES_LAYER or not rows.placed:
        return
    # An edge that cannot be read has a finding of its own.
    frame = rows.frame[rows.usable]
    try:
        area = area_of(frame, evidence.survey.district.spec.scope, rows.name)
    except ScopeError as error:
        for fault in error.faults:
            finding = Finding(
                "open-area",
                "error",
                rows.name,
                fault.rows,
                fault.found,
                fault.expected,
                fault.remedy,
            )
            yield Observation(finding, rows.marks(rows.positions(fault.rows)))
        return
    for corner in area.corners:
        if corner.how in ("extended", "joined") and corner.gap_m > WIDE_CORNER_M:
            sides = "-".join(corner.sides)
            how_zh = "延长" if corner.how == "extended" else "直接连接"
            both = [part.line for part in area.parts if part.sides == corner.sides]
            yield rows.observe(
                "wide-corner",
                "info",
                [],
                found=Said(
                    f"the {sides} corner was {corner.how} over {corner.gap_m:,.0f} m",
                    f"{corner_zh(corner.sides)}转角系{how_zh} {corner.gap_m:,.0f} 米而闭合",
                ),
                expected=Said("edges that meet", "四至相接"),
                remedy=Said(
                    "draw the two edges further; decisions near that corner are marked near_edge",
                    "将两条边线画至相接；该转角附近的判定标为“临界”",
                ),
                shapes=both,
            )


def layers_left_behind(evidence: Evidence) -> Iterator[Observation]:
    """Units and edges that an earlier round has and this one lacks: without them nothing is counted by unit."""
    survey = evidence.survey
    catalog = survey.district.catalog
    for name, held in left_behind(survey.district, survey.store, survey.round).items():
        title = catalog.layer(name).title
        yield Observation(
            Finding(
                "layer-left-behind",
                "warning",
                name,
                (),
                Said(
                    f"round {survey.round} has none, round {held} has",
                    f"轮次 {survey.round} 没有{title.zh}，轮次 {held} 有",
                ),
                Said(
                    "units and edges in every round: without them no figure is of a unit, or of the area",
                    "每一轮次都有各级单元和四至：没有它们，就没有分单元和四至范围内的数字",
                ),
                Said(
                    f"if they are as they were, a draft takes them over: atlas carry --district DIR --round {survey.round}",
                    f"草稿如无变化，可沿用轮次 {held} 的数据：atlas carry --district DIR --round {survey.round}",
                ),
            )
        )


def units_before(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Units of the newest earlier round with the layer that this one lacks, at the place they had."""
    survey = evidence.survey
    if rows.layer not in survey.district.levels:
        return
    codes = rows.texts(str(rows.layer.key))
    left = units_left_out(rows.layer, survey.store, survey.round, codes)
    if left is None:
        return
    shapes: tuple[object, ...] = ()
    if getattr(left.rows, "crs", None) is not None:
        shapes = tuple(left.rows.geometry.dropna().to_crs(evidence.metric_crs))
    yield Observation(
        Finding(
            "units-left-out",
            "warning",
            rows.name,
            left.codes,
            left.found,
            left.expected,
            left.remedy,
        ),
        shapes,
    )


def rows_before(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Far fewer rows than in the newest earlier round with the layer, and the units where none is left."""
    survey = evidence.survey
    few = fewer_rows(
        survey.district,
        survey.store,
        survey.round,
        rows.layer,
        rows.frame,
        sizes=evidence.sizes,
    )
    if few is not None:
        yield rows.observe(
            "fewer-rows",
            "warning",
            [],
            found=few.found,
            expected=few.expected,
            remedy=few.remedy,
            shapes=few.shapes,
        )


def undeclared_tables(evidence: Evidence) -> Iterator[Observation]:
    """Tables of the round that no declaration knows: a layer of a wrong name is measured by nobody."""
    catalog = evidence.survey.district.catalog
    for table in evidence.survey.store.tables(evidence.survey.round):
        if table not in catalog.layers:
            like = get_close_matches(table.lower(), catalog.layers, n=1, cutoff=0.75)
            missing = [name for name in like if not evidence.survey.has(name)]
            yield Observation(
                Finding(
                    "undeclared-table",
                    "warning" if missing else "info",
                    table,
                    (),
                    Said("a table that no layer declares", "该表未在任何图层中声明")
                    + (
                        Said(f"; the round has no {missing[0]}", f"；本轮次缺 {missing[0]}")
                        if missing
                        else NOTHING
                    ),
                    Said("tables named as their layer", "表名与图层名一致"),
                    Said(f"rename it to {missing[0]}", f"改名为 {missing[0]}")
                    if missing
                    else Said(
                        f"declare it in layers/{table}.toml, or leave it",
                        f"在 layers/{table}.toml 中声明，或不予处理",
                    ),
                )
            )


CHECKS: tuple[Check, ...] = (metric_system, edges_close, units_before, rows_before)
