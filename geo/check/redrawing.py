"""Outlines that cross themselves: which of them can be redrawn without deciding what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely

from ..said import Said, joined
from .evidence import Check, Evidence, LayerRows, Mask, Observation, Shapes

AREA_CHANGE = 0.01
"""An outline whose area a repair would change by more than this share is left for a person."""
MOST_VERTICES = 20_000
"""Redrawing takes time by the square of the crossings; beyond this it is left for a person."""


def declared_findings(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """What conforming to the declaration told, each finding at its place.

    Of broken outlines those that can safely be redrawn are told apart from those that cannot: where an
    outline crosses itself so that ways of redrawing it differ, a figure would depend on the way.
    """
    for finding in rows.conformed.findings:
        positions = rows.positions(finding.rows)
        if finding.code != "invalid-geometry":
            yield Observation(finding, rows.marks(positions))
            continue
        safe, _, notes = redrawable(rows, evidence)
        unsafe = np.setdiff1d(positions, safe)
        if len(safe):
            mild = replace(
                finding,
                rows=tuple(rows.names[safe].tolist()),
                found=joined([finding.found, notes[0]], "; ", "；"),
                remedy=Said("--repair redraws them", "可用 atlas check --repair 自动重画"),
                repairable=True,
            )
            yield Observation(mild, rows.marks(safe))
        if len(unsafe):
            grave = replace(
                finding,
                rows=tuple(rows.names[unsafe].tolist()),
                remedy=Said(
                    "redraw them by hand: their area depends on how it is done",
                    "人工重画：画法不同，面积不同",
                ),
                repairable=False,
            )
            yield Observation(grave, rows.marks(unsafe))


def redrawable(rows: LayerRows, evidence: Evidence) -> tuple[np.ndarray, Shapes, list[Said]]:
    """The outlines that redrawing by structure mends without changing their area to speak of.

    Returns
    -------
    positions, shapes, notes
        Which rows, their new geometry (in the stored CRS), and the method and change of area of each.
    """
    nothing: tuple[np.ndarray, Shapes, list[Said]] = (
        np.array([], np.intp),
        np.array([], object),
        [],
    )
    stored = rows.stored
    if (
        rows.layer.geometry != "Polygon"
        or not isinstance(stored, gpd.GeoDataFrame)
        or not rows.placed
    ):
        return nothing
    shapes = np.asarray(stored.geometry.to_numpy(), dtype=object)
    positions = np.flatnonzero(_broken(rows, shapes))
    positions = positions[shapely.get_num_coordinates(shapes[positions]) <= MOST_VERTICES]
    if not len(positions):
        return nothing
    mended = shapely.make_valid(shapes[positions], method="structure", keep_collapsed=False)
    before, after = (
        gpd.GeoSeries(part, crs=stored.crs).to_crs(evidence.metric_crs).area.to_numpy()
        for part in (shapes[positions], mended)
    )
    surface = np.isin(shapely.get_type_id(mended), (3, 6)) & ~shapely.is_empty(mended)
    safe = surface & (np.abs(after - before) <= AREA_CHANGE * after)
    notes = [
        Said(
            f"redrawn by structure, {old:,.1f} → {new:,.1f} m²",
            f"按结构重画，面积 {old:,.1f} → {new:,.1f} 平方米",
        )
        for old, new in zip(before[safe], after[safe], strict=True)
    ]
    return positions[safe], mended[safe], notes


def _broken(rows: LayerRows, shapes: Shapes) -> Mask:
    """The rows whose outline crosses itself, and is otherwise sound."""
    broken = np.zeros(len(shapes), dtype=bool)
    for finding in rows.conformed.findings:
        if finding.code == "invalid-geometry":
            broken[rows.positions(finding.rows)] = True
    with np.errstate(invalid="ignore"):
        broken &= ~shapely.is_valid(shapes)
    return broken & np.isin(shapely.get_type_id(shapes), (3, 6))


CHECKS: tuple[Check, ...] = (declared_findings,)
