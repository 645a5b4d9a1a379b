"""Which units lie in the area: a decision for each, with what an official needs to defend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from .edges import Area, area_of
from .errors import DataError, Fault
from .model import SIDES, ScopeRule

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from .survey import Survey

EDGES_LAYER = "boundary_edges"
SLIVER = 1e-6
"""A share below this is two drawings of one border, not an overlap."""


@dataclass(frozen=True)
class Scope:
    """The area, the rule applied, and a row for each unit."""

    area: Area
    rule: ScopeRule
    rows: pd.DataFrame
    """See `decide` for the columns."""


def scope_of(survey: Survey, rule: ScopeRule | None = None) -> Scope:
    """The area of a round and the decision for every unit of every level.

    Parameters
    ----------
    survey : a round that holds `boundary_edges`
    rule : None means the district's own

    Returns
    -------
    Scope

    Raises
    ------
    UnknownNameError
        The round has no edges.
    ScopeError
        The edges do not enclose an area.
    DataError
        A layer cannot be used, or a unit has no outline.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> scope = scope_of(open_survey())
    >>> sorted(scope.rows["decision"].unique())
    ['in', 'out', 'partly']
    """
    rule = rule or survey.district.spec.scope
    area = area_of(survey.frame(EDGES_LAYER), rule)
    tables = []
    for layer in survey.district.levels:
        if survey.has(layer.name) and layer.unit is not None:
            frame = survey.frame(layer.name).sort_values(layer.unit.code, kind="stable")
            named = frame.rename(
                columns={layer.unit.code: "unit_code", layer.unit.name: "unit_name"}
            )
            tables.append(decide(named, area, rule, layer.name).assign(level=layer.unit.level))
    rows = pd.concat(tables, ignore_index=True) if tables else decide(_no_units(), area, rule)
    order = ["unit_code", "unit_name", "level"]
    return Scope(area, rule, rows[order + [name for name in rows if name not in order]])


def decide(
    units: gpd.GeoDataFrame, area: Area, rule: ScopeRule, layer: str = "units"
) -> pd.DataFrame:
    """The place of each unit in the area, by the rule.

    Parameters
    ----------
    units : Polygon, in the area's CRS, with `unit_code` and `unit_name`
    area : what the edges enclose
    rule : how a unit is decided
    layer : the name used in messages

    Returns
    -------
    DataFrame
        One row a unit, in the given order: unit_code, unit_name, decision, share (of the unit's area
        that lies in the area, 0–1), margin_m (metres from the unit's border, or from its point of
        decision, to the border of the area), near_edge (moving the edges by their own accuracy could
        change the decision), sides (the edges that could change it, or that cut a unit which is partly
        in; else empty), nearest_side.

    Raises
    ------
    DataError
        A unit has no outline; lists them.
    """
    outlines = units.geometry.to_numpy()
    missing = shapely.is_missing(outlines) | (shapely.area(outlines) == 0)
    if missing.any():
        raise DataError(
            Fault(
                layer,
                "units without an outline",
                "a polygon for each unit",
                "draw the outlines or remove the rows",
                tuple(units["unit_code"][missing]),
            )
        )
    border = area.polygon.exterior
    decision, share = _decisions(outlines, area.polygon, rule)
    low, high = _moved(area, range(len(area.parts)))
    near_edge = (_decisions(outlines, low, rule)[0] != decision) | (
        _decisions(outlines, high, rule)[0] != decision
    )
    spots = (
        shapely.point_on_surface(outlines)
        if rule.rule == "representative_point"
        else shapely.boundary(outlines)
    )
    distances = np.stack([shapely.distance(spots, part.line) for part in area.parts])
    return pd.DataFrame(
        {
            "unit_code": units["unit_code"].to_numpy(object),
            "unit_name": units["unit_name"].to_numpy(object),
            "decision": decision,
            "share": share,
            "margin_m": shapely.distance(spots, border),
            "near_edge": near_edge,
            "sides": _sides_at_issue(outlines, area, rule, decision, near_edge),
            "nearest_side": [area.parts[nearest].sides[0] for nearest in distances.argmin(axis=0)],
        }
    )


def _decisions(
    outlines: NDArray[np.object_], polygon: BaseGeometry, rule: ScopeRule
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    shapely.prepare(polygon)
    share = np.where(shapely.covers(polygon, outlines), 1.0, 0.0)
    cut = np.flatnonzero((share == 0) & shapely.intersects(polygon, outlines))
    inside = shapely.area(shapely.intersection(outlines[cut], polygon))
    share[cut] = np.clip(inside / shapely.area(outlines[cut]), 0.0, 1.0)
    decision = np.full(len(outlines), "out", object)
    if rule.rule == "representative_point":
        decision[shapely.intersects(polygon, shapely.point_on_surface(outlines))] = "in"
    elif rule.rule == "any_overlap":
        decision[share > SLIVER] = "in"
    else:
        decision[share > rule.out_at_most] = "partly"
        decision[share >= rule.in_at_least] = "in"
    return decision, share


def _moved(area: Area, parts: Sequence[int] | range) -> tuple[BaseGeometry, BaseGeometry]:
    """The area with the given stretches of its border moved in, and out, by their accuracy."""
    bands = [
        shapely.buffer(area.parts[part].line, area.parts[part].accuracy_m)
        for part in parts
        if area.parts[part].accuracy_m > 0
    ]
    if not bands:
        return area.polygon, area.polygon
    band = shapely.union_all(bands)
    return shapely.difference(area.polygon, band), shapely.union(area.polygon, band)


def _sides_at_issue(
    outlines: NDArray[np.object_],
    area: Area,
    rule: ScopeRule,
    decision: NDArray[np.object_],
    near_edge: NDArray[np.bool_],
) -> list[tuple[str, ...]]:
    found: list[set[str]] = [set() for _ in outlines]
    near = np.flatnonzero(near_edge)
    for side in SIDES:
        own = [number for number, part in enumerate(area.parts) if side in part.sides]
        for moved in _moved(area, own):
            changed = _decisions(outlines[near], moved, rule)[0] != decision[near]
            for unit in near[changed]:
                found[unit].add(side)
    # Where only several edges together could change it, each whose band reaches the unit is at issue.
    together = [unit for unit in near if not found[unit]]
    cut = np.flatnonzero((decision == "partly") & ~near_edge)
    for part in area.parts:
        for unit in together:
            if shapely.dwithin(part.line, outlines[unit], part.accuracy_m):
                found[unit].update(part.sides)
        for unit in cut:
            if shapely.intersects(part.line, outlines[unit]):
                found[unit].update(part.sides)
    return [tuple(side for side in SIDES if side in sides) for sides in found]


def _no_units() -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame({"unit_code": [], "unit_name": [], "level": []}, geometry=[])
