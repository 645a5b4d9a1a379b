"""Units and borders about which the two ways to take bearings could disagree, and the question whether they do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from engine_cases import SIZE, polygon
from hypothesis import assume
from hypothesis import strategies as st
from shapely import LineString, affinity

from geo.bearings import Bearings, Surveyor
from geo.edges import Area, EdgePart
from geo.engine.outlines import Outlines
from geo.model import SIDES, RuleName, ScopeRule
from geo.scope import decide_by

AT_MOST = 1e-9


@dataclass(frozen=True)
class ScopeCase:
    """Units, the area they are held against, and the rule."""

    units: Any
    area: Area
    rule: ScopeRule


@st.composite
def scope_cases(draw: st.DrawFn) -> ScopeCase:
    """Whole numbers, or turned and moved far from the origin; edges known exactly, or not."""
    shapes = draw(st.lists(polygon, min_size=1, max_size=4))
    whole = draw(polygon.filter(lambda shape: shape.geom_type == "Polygon" and not shape.interiors))
    turned, moved = draw(st.sampled_from([(0.0, 0.0), (12.3456, 0.0), (33.3, 437_123.4)]))

    def laid_out(shape: Any) -> Any:
        shape = affinity.rotate(shape, turned, origin=(0, 0))
        return affinity.translate(shape, moved, 7 * moved)

    laid = np.empty(len(shapes), object)
    laid[:] = [laid_out(shape) for shape in shapes]
    if draw(st.booleans()):
        laid = shapely.segmentize(laid, 0.2)
    ring = shapely.get_coordinates(shapely.segmentize(laid_out(whole), 1.5 + SIZE))
    cuts = sorted({0, len(ring) - 1, *draw(st.sets(st.integers(1, len(ring) - 2), max_size=3))})
    accuracies = draw(st.lists(st.sampled_from([0.0, 0.0, 0.3, 2.0]), min_size=4, max_size=4))
    parts = tuple(
        EdgePart((side,), LineString(ring[first : last + 1]), accuracy)
        for side, (first, last), accuracy in zip(SIDES, pairwise(cuts), accuracies, strict=False)
    )
    assume(shapely.is_valid(laid).all() and shapely.Polygon(ring).is_valid)
    area = Area(shapely.Polygon(ring), "EPSG:4549", parts, ())
    return ScopeCase(laid, area, ScopeRule(rule=draw(st.sampled_from(get_args(RuleName)))))


def scope_disagreement(case: ScopeCase) -> str | None:
    """What the two ways say differently; None where they agree."""
    surveyor = Surveyor(case.area, case.rule.rule == "representative_point")
    half = len(case.units) // 2
    by_kernels = Bearings.together(
        [
            surveyor.by_kernels(Outlines.from_shapely(case.units[:half])),
            surveyor.by_kernels(Outlines.from_wkb(pa.array(shapely.to_wkb(case.units[half:])))),
        ]
    )
    plain, quick = (
        decide_by(one, case.area, case.rule) for one in (surveyor.plain(case.units), by_kernels)
    )
    for name in ("decision", "near_edge", "sides"):
        if plain[name].tolist() != quick[name].tolist():
            return f"{name}: {plain[name].tolist()} and {quick[name].tolist()}"
    for name in ("share", "margin_m"):
        if (plain[name] - quick[name]).abs().max() > AT_MOST:
            return f"{name}: {plain[name].tolist()} and {quick[name].tolist()}"
    return _nearest(case, plain, quick)


def _nearest(case: ScopeCase, plain: pd.DataFrame, quick: pd.DataFrame) -> str | None:
    """Which part is nearest may differ only where both are as far."""
    if case.rule.rule == "representative_point":
        spots = shapely.point_on_surface(case.units)
    else:
        spots = shapely.boundary(case.units)
    line = {part.sides[0]: part.line for part in case.area.parts}
    for spot, one, other in zip(spots, plain["nearest_side"], quick["nearest_side"], strict=True):
        if abs(line[one].distance(spot) - line[other].distance(spot)) > AT_MOST:
            return f"nearest_side: {one} and {other}"
    return None
