"""Which units lie in the area: a decision for each, with what an official needs to defend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from .bearings import Bearings, Surveyor
from .edges import Area, area_of
from .engine.kernels.compiling import each_in_thread
from .errors import DataError, Fault
from .model import SIDES, ScopeRule
from .said import Said

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray
    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

    from .survey import Survey

EDGES_LAYER = "boundary_edges"
SLIVER = 1e-6
"""A share below this is two drawings of one border, not an overlap."""
PIECE_VERTICES = 256
"""A long border is cut up into pieces of so many vertices before units are cut by it."""
UNITS_TOGETHER = 128
"""So many units are cut in one go by a thread."""
MOST_CUTS = 24
"""A piece that is still larger after so many halvings has its vertices in one place, and stays so."""
DECISIONS = ("out", "partly", "in")
_OUT, _PARTLY, _IN = range(3)


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
    if not tables:
        tables = [decide(_no_units(), area, rule).assign(level="")]
    rows = pd.concat(tables, ignore_index=True)
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
    of_points = rule.rule == "representative_point"
    bearings = Surveyor(area, of_points).bearings(units.geometry.to_numpy())
    if bearings.missing.any():
        raise DataError(
            Fault(
                layer,
                Said("units without an outline", "单元没有边界"),
                Said("a polygon for each unit", "每个单元有一个面"),
                Said("draw the outlines or remove the rows", "补绘边界，或删除这些行"),
                tuple(units["unit_code"][bearings.missing]),
            )
        )
    decided = decide_by(bearings, area, rule)
    decided.insert(0, "unit_code", units["unit_code"].to_numpy(object))
    decided.insert(1, "unit_name", units["unit_name"].to_numpy(object))
    return decided


def decide_by(bearings: Bearings, area: Area, rule: ScopeRule) -> pd.DataFrame:
    """The place in the area of units of which the bearings were taken, none of them missing.

    Parameters
    ----------
    bearings : of the units, from the border of this area
    area, rule : as in `decide`

    Returns
    -------
    DataFrame
        As in `decide`, without the codes and the names.
    """
    # Whether a unit is in, and whether moving the edges could change that, is a question only near the border.
    near, drawn = bearings.near, bearings.drawn
    bands = _bands(area)
    share = np.where(bearings.within, 1.0, 0.0)
    decision = _decided(share, bearings.within, rule)
    decision[near], share[near] = _decisions(drawn, area.polygon, rule)
    near_edge = np.zeros(len(decision), bool)
    for moved in _moved(area.polygon, _band(bands, range(len(area.parts)))):
        near_edge[near] |= _decisions(drawn, moved, rule)[0] != decision[near]
    sides = np.empty(len(decision), object)
    sides.fill(())
    at_issue = _sides_at_issue(drawn, area, bands, rule, decision[near], near_edge[near])
    for unit, its in zip(near.tolist(), at_issue, strict=True):
        sides[unit] = its
    return pd.DataFrame(
        {
            "decision": _words(DECISIONS, decision),
            "share": share,
            "margin_m": bearings.margin_m,
            "near_edge": near_edge,
            "sides": sides,
            "nearest_side": _words([part.sides[0] for part in area.parts], bearings.nearest),
        }
    )


def _words(words: Sequence[str], positions: NDArray[np.integer]) -> ExtensionArray:
    """A column of the words at these positions: pandas would look at each of many thousand strings anew."""
    return pd.Series(np.array(words, object)).array.take(positions)


def _decisions(
    outlines: NDArray[np.object_], polygon: BaseGeometry, rule: ScopeRule
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    shapely.prepare(polygon)
    share = np.where(shapely.covers(polygon, outlines), 1.0, 0.0)
    cut = np.flatnonzero((share == 0) & shapely.intersects(polygon, outlines))
    # Piece by piece: the whole border would be gone through for each unit.
    pieces = _cut_up(polygon, outlines[cut])
    unit, piece = shapely.STRtree(pieces).query(outlines[cut], predicate="intersects")
    held = _common_areas(outlines[cut], unit, pieces, piece)
    inside = np.bincount(unit, held, len(cut))
    share[cut] = np.clip(inside / shapely.area(outlines[cut]), 0.0, 1.0)
    spot_within = (
        shapely.intersects(polygon, shapely.point_on_surface(outlines))
        if rule.rule == "representative_point"
        else share > 0
    )
    return _decided(share, spot_within, rule), share


def _common_areas(
    outlines: NDArray[np.object_],
    unit: NDArray[np.intp],
    pieces: NDArray[np.object_],
    piece: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Area that each outline and piece that meet have in common, on every core; pairs come in the order of outlines."""
    # GEOS notes a hole's extent when it first needs it, shells' are known by now: threads must not share holes.
    alone = bool(shapely.get_num_interior_rings(pieces).any())
    firsts = np.arange(0, len(outlines), max(1, len(outlines)) if alone else UNITS_TOGETHER)
    edges = np.append(np.searchsorted(unit, firsts), len(unit))

    def some(number: int) -> NDArray[np.float64]:
        these = slice(edges[number], edges[number + 1])
        shared = shapely.intersection(outlines[unit[these]], pieces[piece[these]])
        return np.asarray(shapely.area(shared))

    return np.concatenate([np.empty(0), *each_in_thread(some, len(firsts))])


def _decided(
    share: NDArray[np.float64], spot_within: NDArray[np.bool_], rule: ScopeRule
) -> NDArray[np.int8]:
    """Positions in `DECISIONS`."""
    decision = np.full(len(share), _OUT, np.int8)
    if rule.rule == "representative_point":
        decision[spot_within] = _IN
    elif rule.rule == "any_overlap":
        decision[share > SLIVER] = _IN
    else:
        decision[share > rule.out_at_most] = _PARTLY
        decision[share >= rule.in_at_least] = _IN
    return decision


def _cut_up(polygon: BaseGeometry, near: NDArray[np.object_]) -> NDArray[np.object_]:
    """What of a polygon some outlines may meet, in pieces of few vertices."""
    tree = shapely.STRtree(near)
    pieces: list[BaseGeometry] = []
    rest = [(part, 0) for part in shapely.get_parts(polygon)]
    while rest:
        shape, cuts = rest.pop()
        if shape.geom_type != "Polygon" or shape.is_empty:
            continue
        if shapely.get_num_coordinates(shape) <= PIECE_VERTICES or cuts >= MOST_CUTS:
            pieces.append(shape)
        elif len(tree.query(shape)):
            rest += [(half, cuts + 1) for half in _halves(shape)]
    return np.array(pieces, dtype=object)


def _halves(shape: Polygon) -> NDArray[np.object_]:
    """The parts of a polygon on either side of the middle of its longer extent."""
    west, south, east, north = shape.bounds
    if east - west > north - south:
        middle = (west + east) / 2
        boxes = ((west, south, middle, north), (middle, south, east, north))
    else:
        middle = (south + north) / 2
        boxes = ((west, south, east, middle), (west, middle, east, north))
    # The quick clip may go wrong where the border touches the cut; then the slow one is right.
    halves = np.array([shapely.clip_by_rect(shape, *box) for box in boxes], dtype=object)
    lost = abs(shapely.area(halves).sum() - shape.area)
    if lost > 1e-12 * shape.area or not shapely.is_valid(halves).all():
        halves = shapely.intersection(shape, shapely.box(*np.transpose(boxes)))
    return np.asarray(shapely.get_parts(halves), dtype=object)


def _bands(area: Area) -> list[BaseGeometry | None]:
    """Of each part of the border, what lies within its accuracy; None where it is known exactly."""
    return [
        shapely.buffer(part.line, part.accuracy_m) if part.accuracy_m > 0 else None
        for part in area.parts
    ]


def _band(bands: Sequence[BaseGeometry | None], parts: Sequence[int]) -> BaseGeometry | None:
    """What lies within their accuracy of the given stretches of the border; None if all are exact."""
    wide = [bands[part] for part in parts if bands[part] is not None]
    return shapely.union_all(wide) if wide else None


def _moved(polygon: BaseGeometry, band: BaseGeometry | None) -> tuple[BaseGeometry, ...]:
    """The area with what lies in a band taken out, and taken in."""
    if band is None:
        return ()
    return shapely.difference(polygon, band), shapely.union(polygon, band)


def _sides_at_issue(
    outlines: NDArray[np.object_],
    area: Area,
    bands: Sequence[BaseGeometry | None],
    rule: ScopeRule,
    decision: NDArray[np.int8],
    near_edge: NDArray[np.bool_],
) -> list[tuple[str, ...]]:
    found: list[set[str]] = [set() for _ in outlines]
    near = np.flatnonzero(near_edge)
    for side in SIDES if len(near) else ():
        own = [number for number, part in enumerate(area.parts) if side in part.sides]
        band = _band(bands, own)
        # What has no part in the band has the same part in the area wherever the border lies in the band.
        shapely.prepare(band)
        reached = near[shapely.intersects(band, outlines[near])]
        for moved in _moved(area.polygon, band):
            changed = _decisions(outlines[reached], moved, rule)[0] != decision[reached]
            for unit in reached[changed]:
                found[unit].add(side)
    # Where only several edges together could change it, each whose band reaches the unit is at issue.
    together = np.array([unit for unit in near if not found[unit]], np.intp)
    cut = np.flatnonzero((decision == _PARTLY) & ~near_edge)
    for part in area.parts:
        shapely.prepare(part.line)
        reaching = shapely.dwithin(part.line, outlines[together], part.accuracy_m)
        cutting = shapely.intersects(part.line, outlines[cut])
        for unit in (*together[reaching], *cut[cutting]):
            found[unit].update(part.sides)
    return [tuple(side for side in SIDES if side in sides) for sides in found]


def _no_units() -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame({"unit_code": [], "unit_name": [], "level": []}, geometry=[])
