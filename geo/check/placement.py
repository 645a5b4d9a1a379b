"""Rows that lie far from the district, and what their coordinates would have to be for them to lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import GeoError
from ..model import Severity
from ..placing.alignment import NOTHING
from ..placing.home import Home, metric_shapes
from ..placing.judging import judge
from ..said import NOTHING as NOTHING_SAID
from ..said import Said, joined
from ..sources.lazy import bounds_of, lacking
from .evidence import Check, Evidence, LayerRows, Mask, Observation, amount

FAR_M = 2_000.0
"""Further than this from every unit a row is not in the district; nearer, its outlines may be what is short."""
APART_M = 20_000.0
"""Layers whose middles are further apart than this do not speak of one district."""
ASTRAY = 10.0
"""A unit this many times as far from the middle as is usual has slipped, and tells nothing of the rest."""
SLACK_M = 10_000.0
ROUND_THE_EARTH_M = 1e8
"""No metric system has a coordinate beyond; zone numbers before an easting stay below."""


@dataclass(frozen=True)
class Extent:
    """Where the rows of a layer are, its slips left out."""

    rows: LayerRows
    centres: NDArray[np.float64]
    astray: Mask
    """Rows with a place that is far from all the others'."""

    @cached_property
    def middle(self) -> NDArray[np.float64]:
        """In the midst of the rows."""
        return np.asarray(np.nanmedian(self.centres[self.rows.usable], axis=0))

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Around the rows that have not slipped."""
        kept = self.rows.usable & ~self.astray
        held = self.rows.bounds[kept]
        west, south = held[:, :2].min(axis=0)
        east, north = held[:, 2:].max(axis=0)
        return float(west), float(south), float(east), float(north)


def misplaced(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Rows far from every unit, with the system in which they would lie among them."""
    if not isinstance(rows.stored, gpd.GeoDataFrame) or rows.layer.geometry == "Table":
        return
    home = evidence.homes.get(rows.name)
    if home is None:
        return
    present = ~lacking(rows.stored.geometry)
    far = rows.aside if rows.placed else present
    if far is None or not far.any():
        return
    # Without a slip of the system the rows' own layer speaks for the few: judge them by themselves.
    judged = judge(rows.stored.geometry[far], home, lambda _: NOTHING)
    for proposal in judged.proposals:
        severity: Severity = "info" if proposal.code == "assume-crs" else "error"
        yield rows.observe(
            proposal.code,
            severity,
            [] if far.sum() == present.sum() else far,
            found=proposal.evidence.mapped(_of_the_layer),
            expected=Said("rows in the district", "位于本区"),
            remedy=_remedy(judged.placement.text if judged.placement else None),
            shapes=() if not rows.placed else rows.marks(np.flatnonzero(far)),
        )
    if not judged.proposals and rows.placed:
        away = _away_m(bounds_of(rows.frame.geometry)[far], home)
        most = f"{away.max() / 1000:,.0f}" if np.isfinite(away).all() else ""
        worst = Said(f", by up to {most} km", f"，最远 {most} 公里") if most else NOTHING_SAID
        yield rows.observe(
            "outside-district",
            "warning",
            far,
            found=Said(
                f"{amount(int(far.sum()), 'row')} far from {home.said}{worst}",
                f"{int(far.sum()):,} 行远离{home.said.zh}{worst.zh}",
            ),
            expected=Said(
                f"rows within {FAR_M / 1000:g} km of a unit",
                f"距某单元不超过 {FAR_M / 1000:g} 公里",
            ),
            remedy=Said("correct their place, or leave them out", "更正位置，或剔除这些行"),
        )


def _of_the_layer(text: str) -> str:
    """What is said of a file, said of a layer."""
    return text.replace("the file", "the layer").replace("文件", "图层")


def _remedy(text: str | None) -> Said:
    if text is None or "swapped" in text:
        return Said(
            "import the file again with --accept-proposals", "重新导入文件，并采纳导入程序的建议"
        )
    return Said(f"import the file again with --crs {text}", f"重新导入文件，坐标系指定为 {text}")


def set_aside(evidence: Evidence) -> None:
    """Settle where the district is, and take the rows that lie far from it out of what is compared.

    A street on another continent is one finding: that it is also absurdly long, far from every lamp and
    outside the unit it names is none.
    """
    every = list(evidence.every())
    extents = [_extent(rows) for rows in every if rows.placed and rows.usable.any()]
    for rows in every:
        evidence.homes[rows.name] = _home_for(rows, extents, evidence)
    for rows in every:
        home = evidence.homes[rows.name]
        if home is not None and rows.placed:
            far = _far(rows, home)
            if far.any():
                evidence.without(rows, far)


def _far(rows: LayerRows, home: Home) -> Mask:
    """The rows that have a place, and it is far from every unit."""
    geometry = rows.frame.geometry
    there = ~(lacking(geometry) | rows.not_finite)
    far = np.asarray(there & (_away_m(bounds_of(geometry), home) > FAR_M))
    # What runs past the border, or is there for orientation, belongs where most of it does.
    loose = rows.layer.unit is None and not rows.layer.indicators
    return far if not loose or far.sum() * 2 > there.sum() else np.zeros(len(far), dtype=bool)


def _away_m(bounds: NDArray[np.float64], home: Home) -> NDArray[np.float64]:
    """How far the nearest corner of each shape's extent lies from the district; infinite for no place.

    A line that is in the district but for one vertex is not far: it is too long.
    """
    with np.errstate(invalid="ignore"):
        west, south, east, north = home.bounds
        beside = np.maximum(np.maximum(west - bounds[:, 2], bounds[:, 0] - east), 0)
        beyond = np.maximum(np.maximum(south - bounds[:, 3], bounds[:, 1] - north), 0)
        away = np.hypot(beside, beyond)
        on_earth = (np.abs(bounds) <= ROUND_THE_EARTH_M).all(axis=1)
    return np.where(on_earth, away, np.inf)


def _home_for(rows: LayerRows, extents: list[Extent], evidence: Evidence) -> Home | None:
    """Where the district is by what speaks for it.

    The finest units speak first, unless most other layers contradict them; where nothing else in the
    round speaks, the units of another round do.
    """
    known = {extent.rows.name: extent for extent in extents}
    for level in evidence.levels:
        extent = known.get(level.name)
        if extent is None:
            continue
        others = [other for other in extents if other is not extent]
        agreeing = sum(_near(other, extent) for other in others)
        if agreeing * 2 >= len(others):
            if level is rows and not others:
                return _of_another_round(rows, evidence)
            said = Said(f"the {level.name} of this round", f"本轮次的{level.layer.called.zh}")
            return Home(evidence.metric_crs, extent.box, said, True)
    # The units are contradicted, or there are none: the largest group of layers that agree.
    best: list[Extent] = []
    for extent in extents if len(extents) > 1 else ():
        group = [other for other in extents if _near(other, extent)]
        best = group if len(group) > len(best) else best
    if len(best) >= 2:
        return _around(best, evidence)
    return _of_another_round(rows, evidence)


def _around(extents: list[Extent], evidence: Evidence) -> Home:
    boxes = np.array([extent.box for extent in extents])
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    layers = joined(extent.rows.layer.called for extent in extents)
    said = Said(f"the {layers} of this round", f"本轮次的{layers.zh}")
    return Home(
        evidence.metric_crs, (float(west), float(south), float(east), float(north)), said, True
    )


def _of_another_round(rows: LayerRows, evidence: Evidence) -> Home | None:
    survey = evidence.survey
    for round_ in reversed(survey.store.rounds()):
        if round_ == survey.round:
            continue
        for level in survey.district.levels:
            try:
                if level.name not in survey.store.tables(round_):
                    continue
                shapes = metric_shapes(survey.store, round_, level, evidence.metric_crs)
            except GeoError:
                continue  # evidence that cannot be had is no evidence
            if len(shapes):
                west, south, east, north = map(float, shapely.total_bounds(shapes))
                said = Said(
                    f"the {level.name} of round {round_}", f"{round_} 轮次的{level.called.zh}"
                )
                return Home(evidence.metric_crs, (west, south, east, north), said, True)
    return None


def _extent(rows: LayerRows) -> Extent:
    bounds = rows.bounds
    centres = np.column_stack([bounds[:, 0] + bounds[:, 2], bounds[:, 1] + bounds[:, 3]]) / 2
    away = np.hypot(*(centres - np.nanmedian(centres[rows.usable], axis=0)).T)
    usual = float(np.median(away[rows.usable]))
    with np.errstate(invalid="ignore"):
        astray = rows.usable & (away > ASTRAY * usual + SLACK_M)
    return Extent(rows, centres, astray)


def _near(one: Extent, other: Extent) -> bool:
    """Whether the middle of one lies in or near the box of the other."""
    west, south, east, north = other.box
    return bool(
        shapely.box(west, south, east, north).distance(shapely.Point(one.middle)) <= APART_M
    )


CHECKS: tuple[Check, ...] = (misplaced,)
