"""Where rows lie: in the system the file states, the one that is said, or the one that is accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..crs import Shift, Stated, brought_over, crossing, crs_called, state
from ..district import District
from ..errors import DataError, Fault, amount
from ..placing import Alignment, Home, Judgement, Placement, alignment, home_of, judge
from ..placing.placement import is_degrees, sample_places
from ..said import NOTHING, Said, joined
from ..sources.lazy import bounds_of, lacking
from ..store.base import Store
from .rows import Rows

Mask = np.ndarray[Any, np.dtype[np.bool_]]
JUDGED_BY = 5_000
"""Rows by which the place of all is judged."""


def place(
    rows: Rows,
    said: str | None,
    district: District,
    store: Store,
    *,
    accept: bool = False,
    named_shift: tuple[Shift, Said] | None = None,
) -> str:
    """Put rows where they are.

    Parameters
    ----------
    rows : with their geometry as it is in the file
    said : what the user says the coordinates are
    district, store : what is there already, which the rows are held against
    accept : the user takes what is proposed
    named_shift : a shift the file itself speaks of, and where

    Returns
    -------
    str
        The system, as an import record keeps it.

    Raises
    ------
    UnknownNameError
        There is no such coordinate system.
    DataError
        Nothing tells where the rows are, or what does was not accepted.
    """
    geometry = rows.geometry
    if geometry is None:
        return ""
    stated = None if said is None else state(said)
    if stated is not None:
        _overrule(rows, geometry, stated)
    home = home_of(district, store)
    some = _sample(geometry)

    def align(placed: gpd.GeoSeries) -> Alignment:
        metric = placed.to_crs(district.spec.metric_crs)
        fields = rows.frame.iloc[some].drop(columns="geometry")
        return alignment(gpd.GeoDataFrame(fields, geometry=metric), rows.layer, district, store)

    found = judge(
        geometry.iloc[some],
        home,
        align,
        said_crs=Placement(stated.crs, shift=stated.shift) if stated is not None else None,
        named_shift=named_shift,
        accept=accept,
    )
    if found.refused:
        raise DataError(_refusal(rows.layer.name, found))
    rows.proposals += found.proposals
    if found.placement is None:
        return ""
    for code, what, expected, remedy in found.doubts:
        rows.find(code, (), what, expected, remedy)
    geometry = _without_the_impossible(rows, geometry, found.placement, home)
    placed = found.placement.applied(geometry)
    if found.placement.shift is None:
        placed = _onto_a_modern_datum(rows, placed)
    rows.set_shapes(placed)
    _leave_out_of_this_world(rows, district.spec.metric_crs)
    placed = rows.frame.geometry
    if home is not None and not any(code == "outside-district" for code, *_ in found.doubts):
        _list_strays(rows, placed, home)
    return found.placement.text


def _overrule(rows: Rows, geometry: gpd.GeoSeries, stated: Stated) -> None:
    if stated.shift is None and geometry.crs is not None and geometry.crs != stated.crs:
        rows.find(
            "crs-overruled",
            (),
            Said(
                f"the file states {geometry.crs.name}, and was taken as {stated.text} as you said",
                f"文件注明 {crs_called(geometry.crs.name).zh}，按您的指定作 {stated.text} 处理",
            ),
            Said("one statement", "两者一致"),
            Said("leave --crs out if the file is right", "如文件无误，不要另行指定坐标系"),
        )
    if stated.shift is not None or stated.crs.is_geographic:
        _require_degrees(rows, geometry, stated.text)


def _require_degrees(rows: Rows, geometry: gpd.GeoSeries, text: str) -> None:
    if geometry.crs is not None and geometry.crs.is_projected:
        return
    if not is_degrees(sample_places(geometry.to_numpy())):
        west, south, east, north = geometry.total_bounds
        raise DataError(
            Fault(
                rows.layer.name,
                Said(
                    f"coordinates from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}",
                    f"坐标范围 {west:.6g}, {south:.6g} 至 {east:.6g}, {north:.6g}",
                ),
                Said(f"longitude and latitude, as {text} is", f"{text} 所用的经纬度"),
                Said(
                    "say the projected coordinate system with --crs EPSG:n",
                    "指定投影坐标系（命令行：--crs EPSG:n）",
                ),
            )
        )


def _without_the_impossible(
    rows: Rows, geometry: gpd.GeoSeries, placement: Placement, home: Home | None
) -> gpd.GeoSeries:
    """The rows whose coordinates can be degrees where degrees are due; a slip of a few costs the others nothing."""
    if not placement.crs.is_geographic:
        return geometry
    bounds = bounds_of(geometry)
    lon, lat = (1, 0) if placement.swapped else (0, 1)
    with np.errstate(invalid="ignore"):
        far = np.abs(bounds)
        bad: Mask = (np.maximum(far[:, lon], far[:, lon + 2]) > 180) | (
            np.maximum(far[:, lat], far[:, lat + 2]) > 90
        )
    if not bad.any():
        return geometry
    hint = _turned_back(bounds[bad], replace(placement, swapped=not placement.swapped), home)
    _list_bad(rows, bad, bounds, Said("no longitude and latitude", "不是经纬度"), hint)
    return geometry[~bad]


def _leave_out_of_this_world(rows: Rows, metric_crs: str) -> None:
    """Rows so far away that the district's metric system has no place for them: none could be measured."""
    geometry = rows.frame.geometry
    bounds = bounds_of(geometry)
    finite = np.asarray(np.isfinite(bounds).all(axis=1), dtype=bool)
    if geometry.crs is None or geometry.crs == metric_crs or not finite.any():
        return
    placement = Placement(geometry.crs)
    whole = np.concatenate([bounds[finite][:, :2].min(axis=0), bounds[finite][:, 2:].max(axis=0)])
    # The corners of all settle it nearly always, else those of each row; only what is left is looked at.
    if np.isfinite(placement.metric(whole[[[0, 1], [0, 3], [2, 1], [2, 3]]], metric_crs)).all():
        return
    corners = [placement.metric(bounds[:, pair], metric_crs) for pair in ([0, 1], [2, 3])]
    lost = np.asarray(finite & ~np.isfinite(np.hstack(corners)).all(axis=1), dtype=bool)
    if lost.any():
        back = gpd.GeoSeries(geometry.to_numpy()[lost], crs=geometry.crs).to_crs(metric_crs)
        moved = shapely.bounds(back.to_numpy())
        lost[np.flatnonzero(lost)] = ~np.isfinite(moved).all(axis=1)
    if lost.sum() == finite.sum():
        return  # not a slip of a row but of the system, which is told of all together
    why = Said(f"no place in {metric_crs}", f"在 {metric_crs} 中没有对应位置")
    _list_bad(rows, lost, bounds, why)


def _turned_back(bounds: np.ndarray[Any, Any], turned: Placement, home: Home | None) -> Said:
    """How many of these extents would lie in the district with their axes swapped, in words."""
    if home is None or not home.sure:
        return NOTHING
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    back = int((home.away_m(turned.metric(middles, home.crs)) <= home.within_m).sum())
    if not back:
        return NOTHING
    return Said(
        f"; {back} would lie in it with their axes swapped",
        f"；其中 {back:,} 行对调坐标轴后位于本区",
    )


def _list_bad(
    rows: Rows, bad: Mask, bounds: np.ndarray[Any, Any], why: Said, hint: Said = NOTHING
) -> None:
    if not bad.any():
        return
    where = [
        Said(
            f"coordinates {one[0]:.9g}, {one[1]:.9g} are {why}",
            f"坐标 {one[0]:.9g}, {one[1]:.9g} {why.zh}",
        )
        for one in bounds[bad]
    ]
    first = f"{bounds[bad][0][0]:.9g}, {bounds[bad][0][1]:.9g}"
    rows.find(
        "impossible-coordinates",
        rows.labels[bad].tolist(),
        Said(
            f"{amount(int(bad.sum()), 'row')} whose coordinates are {why}, such as"
            f" {first}{hint.replace('in it', 'in the district')}; left out",
            f"{int(bad.sum()):,} 行的坐标{why.zh}，如 {first}{hint.zh}；未采用",
        ),
        Said("coordinates of a place", "实有位置的坐标"),
        Said("correct them in the source", "在原始数据中更正"),
    )
    rows.leave_out(bad, where)


def _onto_a_modern_datum(rows: Rows, placed: gpd.GeoSeries) -> gpd.GeoSeries:
    way = crossing(placed)
    if way is None:
        return placed
    expected = Said("coordinates on CGCS2000", "CGCS2000 坐标")
    if way.operation is None:
        found = Said(
            f"{way.datum}: no way to CGCS2000 or WGS 84 is known here, so longitude and latitude were kept;"
            " places may be off by tens of metres, even more than a hundred",
            f"{crs_called(way.datum).zh}：此处没有转换到 CGCS2000 或 WGS 84 的参数，经纬度照原样保留；"
            "位置可能偏差数十米，甚至百米以上",
        )
        remedy = Said(
            "have the surveying office convert the file with its own parameters",
            "请测绘部门用其参数转换该文件",
        )
        rows.find("datum-accuracy", (), found, expected, remedy)
        return placed
    good = (
        Said(f"good to {way.accuracy_m:g} m", f"精度 {way.accuracy_m:g} 米")
        if way.accuracy_m is not None
        else Said("of unknown accuracy", "精度不明")
    )
    found = Said(
        f"{way.datum}: brought to WGS 84 by {way.operation}, {good}",
        f"{crs_called(way.datum).zh}：已按 {way.operation} 转换到 WGS 84，{good.zh}",
    )
    remedy = Said(
        "where that is not enough, have the surveying office convert the file with its own parameters",
        "精度不够时，请测绘部门用其参数转换该文件",
    )
    rows.find("datum-accuracy", (), found, expected, remedy)
    return brought_over(placed)


def _list_strays(rows: Rows, placed: gpd.GeoSeries, home: Home) -> None:
    """Rows that lie far from the district while most do not."""
    if not home.sure:
        return
    bounds = bounds_of(placed)
    middles = np.column_stack(
        [(bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2]
    )
    present = np.isfinite(middles).all(axis=1)
    metric = Placement(placed.crs).metric(middles[present], home.crs)
    astray = np.zeros(len(middles), dtype=bool)
    astray[present] = home.away_m(metric) > home.within_m
    if not astray.any():
        return
    hint = _turned_back(bounds[astray], Placement(placed.crs, swapped=True), home)
    rows.find(
        "outside-district",
        rows.labels[astray].tolist(),
        Said(
            f"{amount(int(astray.sum()), 'row')} more than {home.within_m / 1000:g} km from {home.said}{hint}",
            f"{int(astray.sum()):,} 行距{home.said.zh}超过 {home.within_m / 1000:g} 公里{hint.zh}",
        ),
        Said("rows in the district", "位于本区"),
        Said("correct their coordinates, or leave them out", "更正坐标，或剔除这些行"),
    )


def _sample(geometry: gpd.GeoSeries) -> np.ndarray[Any, Any]:
    """Rows spread evenly over those that have a place."""
    present = np.flatnonzero(~lacking(geometry))
    return present[:: max(1, len(present) // JUDGED_BY)]


def _refusal(layer: str, found: Judgement) -> Fault:
    advice = Said(
        "say which it is with --crs EPSG:n, gcj02 or bd09", "指定坐标系：EPSG:n、gcj02 或 bd09"
    )
    if found.placement is not None:
        reasons = joined((proposal.evidence for proposal in found.proposals), "; ", "；")
        text = found.placement.text
        said = "" if found.placement.swapped else f"--crs {text}, or "
        said_zh = "" if found.placement.swapped else f"将坐标系指定为 {text}，或"
        advice += Said(
            f"; {reasons}: {said}--accept-proposals", f"；{reasons.zh}：可{said_zh}采纳建议"
        )
    expected = Said(
        "a coordinate system that puts the rows into the district", "使各行落在本区的坐标系"
    )
    return Fault(layer, found.refused, expected, advice)
