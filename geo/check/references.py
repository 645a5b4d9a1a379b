"""Codes that point at other layers: whether there is such a thing, and whether the row lies in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely

from ..said import Said, joined
from .evidence import Check, Evidence, LayerRows, Observation, amount

ELSEWHERE_M = 10.0
"""How far a thing may lie outside the unit it names: borders are no better drawn than that."""
BELONGS = 0.5
"""The share of a surface that lies in the unit it belongs to."""


def unknown_codes(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Codes that no row of the layers they refer to has."""
    parents = _parent_layers(rows, evidence)
    for name in rows.layer.fields:
        referred = _referred(rows, name, evidence)
        if not referred:
            continue
        known = {key for other in referred for key in other.names}
        codes = rows.frame[name].astype("string")
        stray = (
            codes.notna() & ~codes.isin(known | {evidence.survey.district.spec.code})
        ).to_numpy(bool)
        if not stray.any():
            continue
        shown = ", ".join(codes[stray].unique()[:3])
        listed = joined((other.layer.called for other in referred), " or ", "或")
        # Figures of a coarser level cannot be added up where a unit's own parent does not exist.
        yield rows.observe(
            "unknown-unit",
            "error" if name in parents else "warning",
            stray,
            found=Said(
                f"{name} of {amount(int(stray.sum()), 'row')} names what {listed} has not, such as {shown}",
                f"{int(stray.sum()):,} 行的{rows.layer.field_called(name).zh}在{listed.zh}中查无，"
                f"如 {shown.replace(', ', '、')}",
            ),
            expected=Said(f"a code of {listed}", f"{listed.zh}中已有的代码"),
            remedy=Said(
                f"correct the code, or add the unit to {listed}",
                f"更正代码，或在{listed.zh}中补充该单元",
            ),
        )


def elsewhere(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Rows that lie outside the unit they name."""
    if rows.layer.geometry == "Table" or not rows.usable.any():
        return
    for name in rows.layer.fields:
        if name == rows.layer.key:
            continue
        for other in _referred(rows, name, evidence):
            if other.layer.geometry != "Polygon" or other is rows:
                continue
            outside, away_m = _outside(rows, name, other)
            if outside.any():
                yield rows.observe(
                    "not-in-named-unit",
                    "warning",
                    outside,
                    found=Said(
                        f"{amount(int(outside.sum()), 'row')} outside the {other.name} that {name} names,"
                        f" by up to {away_m[outside].max():,.0f} m",
                        f"{int(outside.sum()):,} 行不在{rows.layer.field_called(name).zh}所填的"
                        f"{other.layer.called.zh}内，最远相距 {away_m[outside].max():,.0f} 米",
                    ),
                    expected=Said(
                        f"a place in the {other.name} it names",
                        f"位于所填的{other.layer.called.zh}内",
                    ),
                    remedy=Said(
                        "correct the code or the place; figures go by the place",
                        "更正代码或位置；统计以位置为准",
                    ),
                )


def _outside(rows: LayerRows, name: str, other: LayerRows) -> tuple[np.ndarray, np.ndarray]:
    """Which rows lie outside the surface they name, and how far from it their far part is."""
    codes = rows.texts(name)
    target = pd.Index(other.names)
    if not target.is_unique:
        return np.zeros(len(codes), bool), np.zeros(len(codes))
    position = target.get_indexer(pd.Index(codes))
    both = np.flatnonzero((position >= 0) & rows.usable)
    both = both[other.usable[position[both]]]
    surfaces = other.shapes[position[both]]
    shapes = rows.shapes[both]
    away = np.zeros(len(codes))
    outside = np.zeros(len(codes), dtype=bool)
    if rows.layer.geometry == "Point":
        away[both] = shapely.distance(shapes, surfaces)
        outside[both] = away[both] > ELSEWHERE_M
        return outside, away
    # A line or surface is elsewhere where most of it is.
    measure = shapely.length if rows.layer.geometry == "LineString" else shapely.area
    whole = measure(shapes)
    covered = shapely.covers(surfaces, shapes)
    part = np.where(covered, whole, 0.0)
    part[~covered] = measure(shapely.intersection(shapes[~covered], surfaces[~covered]))
    outside[both] = part < BELONGS * whole
    away[both] = shapely.distance(shapely.point_on_surface(shapes), surfaces)
    return outside, away


def _referred(rows: LayerRows, name: str, evidence: Evidence) -> list[LayerRows]:
    """The layers a field refers to; none where a level is missing that could hold the code."""
    levels = evidence.survey.district.spec.levels
    names = list(rows.layer.fields[name].refers_to)
    names += [
        parent for parent in _parent_layers(rows, evidence).get(name, ()) if parent not in names
    ]
    found = []
    for other in names:
        present = evidence.rows(other)
        if present is None and other in levels:
            return []
        if present is not None:
            found.append(present)
    return found


def _parent_layers(rows: LayerRows, evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """The field that holds a unit's parent, and the layer next coarser."""
    levels = evidence.survey.district.spec.levels
    unit = rows.layer.unit
    if unit is None or unit.parent is None or rows.name not in levels:
        return {}
    coarser = levels[levels.index(rows.name) + 1 :][:1]
    return {unit.parent: coarser} if coarser else {}


CHECKS: tuple[Check, ...] = (unknown_codes, elsewhere)
