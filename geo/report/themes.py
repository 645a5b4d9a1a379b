"""What a project's sheet draws: the features its figures are measured on, by covered, not covered, unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from ..stretches import stretches_of
from ..views import palette
from ..views.description import Look
from ..views.figure_layers import states_of
from ..views.format import Language, amount, capital, number, word
from ..views.stretch_layers import by_street_and_state, by_stretch
from .drawing import Drawing, Sign, swatch
from .material import is_split, measure_of

if TYPE_CHECKING:
    import geopandas as gpd

    from ..model import Indicator, Layer
    from .material import Material, Unit

STATES = ("covered", "partly_covered", "not_covered", "unknown")
_KINDS = {"Polygon": "area", "LineString": "line", "Point": "point"}


@dataclass(frozen=True)
class Group:
    """Features of one layer with one state each, or for each state its stretches, and the indicators it shows."""

    title: str
    kind: str
    measure: str
    frame: gpd.GeoDataFrame
    """Columns state and geometry, indexed by the row number of the layer; several rows for a feature in stretches."""
    pieces: pd.DataFrame
    """fid, unit_code and the three amounts, for the legend's figures."""
    in_stretches: bool = False


@dataclass(frozen=True)
class Theme:
    """The groups of a project that are drawn together: at most one of areas, one of lines, one of points."""

    project: str
    title: str
    groups: tuple[Group, ...]
    towns: dict[str, str | None]
    """Of each finest unit, the coarser one."""

    def has_in(self, unit: Unit) -> bool:
        """Whether there is anything to draw in a unit."""
        if unit.level == "district":
            return any(self._codes)
        return any(unit.code in codes for codes in self._codes)

    @cached_property
    def _codes(self) -> list[set[object]]:
        """The units in which each group has something: as it names them, and the coarser ones they lie in."""
        named = [set(group.pieces["unit_code"].unique()) for group in self.groups]
        return [codes | {self.towns.get(str(code)) for code in codes} for codes in named]

    def draw(self, drawing: Drawing, unit: Unit, language: Language) -> Iterator[Sign]:
        """Draw the theme, areas first; the legend counts what lies in the unit."""
        for group in self.groups:
            pieces = self._in(group.pieces, unit)
            here = group.frame.loc[group.frame.index.isin(pieces["fid"])]
            sums = pieces[["covered", "not_covered", "unknown"]].sum()
            if len(self.groups) > 1:
                yield Sign("", group.title, "")
            for state in STATES:
                chosen = here[here["state"] == state]
                if state == "partly_covered" and chosen.empty:
                    continue
                look = look_of(state, group.kind)
                drawing.add(chosen.geometry, look)
                words = [] if group.in_stretches else [number(len(chosen))]
                if group.measure != "count" and state in sums:
                    words.append(amount(float(sums[state]), group.measure, language))
                said = " · ".join(words)
                yield Sign(swatch(look, group.kind), capital(word(state, language)), said)

    def _in(self, pieces: pd.DataFrame, unit: Unit) -> pd.DataFrame:
        if unit.level == "district":
            return pieces
        codes = pieces["unit_code"]
        if unit.level == "town":
            return pieces[(codes == unit.code) | (codes.map(self.towns) == unit.code)]
        return pieces[codes == unit.code]


def themes_of(material: Material, project: str) -> Theme | None:
    """The theme of a project; None where the round holds nothing of it that can be drawn.

    Of each kind of geometry one group is drawn: what has a target before what has none, points only
    where they have a target or there is nothing else. Indicators that judge the same features by the
    same field are one group.
    """
    found: dict[tuple[str, str], list[tuple[Layer, Indicator]]] = {}
    for layer, indicator in material.indicators:
        drawn = layer.geometry in _KINDS and indicator.kind != "share_of_pixels"
        if indicator.project != project or not drawn or is_split(indicator):
            continue
        if layer.unit is not None and layer.unit.level != "village":
            continue
        if material.measured(layer, indicator):
            key = (layer.name, str(getattr(indicator, "covered", indicator.id)))
            found.setdefault(key, []).append((layer, indicator))

    def targeted(items: list[tuple[Layer, Indicator]]) -> bool:
        return any(material.survey.district.target(item) is not None for _, item in items)

    chosen: dict[str, list[tuple[Layer, Indicator]]] = {}
    for items in sorted(found.values(), key=lambda items: not targeted(items)):
        kind = _KINDS[items[0][0].geometry]
        if kind == "point" and not targeted(items) and (chosen or len(found) > 1):
            continue
        chosen.setdefault(kind, items)
    groups = tuple(
        _group(material, chosen[kind]) for kind in ("area", "line", "point") if kind in chosen
    )
    groups = tuple(group for group in groups if len(group.frame))
    if not groups:
        return None
    separator = "、" if material.language == "zh" else ", "
    towns = {code: unit.parent for code, unit in material.units.items() if unit.level == "village"}
    return Theme(project, separator.join(group.title for group in groups), groups, towns)


def _group(material: Material, items: list[tuple[Layer, Indicator]]) -> Group:
    layer = items[0][0]
    whole = [item for item in items if not item[1].where]
    shown = whole[:1] or items
    pieces = pd.concat([material.pieces(indicator) for _, indicator in shown], ignore_index=True)
    pieces = pieces[["fid", "unit_code", "covered", "not_covered", "unknown"]]
    first = shown[0][1]
    in_stretches = by_stretch(first, layer, material.survey)
    if in_stretches:
        frame = by_street_and_state(stretches_of(material.survey, first.id)).set_index("fid")
        frame = frame.loc[frame.index.isin(pieces["fid"]), ["state", "geometry"]]
    else:
        frame = material.survey.frame(layer.name)
        sums = pieces.groupby("fid")[["covered", "not_covered", "unknown"]].sum()
        frame = frame.loc[frame.index.isin(sums.index), ["geometry"]]
        frame = frame.assign(state=states_of(sums.loc[frame.index]))
    separator = "、" if material.language == "zh" else ", "
    title = separator.join(indicator.title.in_(material.language) for _, indicator in shown)
    kind, measure = _KINDS[layer.geometry], measure_of(first)
    return Group(title, kind, measure, frame, pieces, in_stretches)


def look_of(state: str, kind: str) -> Look:
    """How features of a state are drawn on paper, by kind of geometry."""
    look = palette.THREE_VALUES[state]
    if kind == "line":
        return replace(look, width_px=4.2)
    hollow = "#ffffff" if state == "unknown" else look.color
    if kind == "point":
        return Look(
            look.color if state == "unknown" else "#ffffff",
            width_px=1.6 if state == "unknown" else 0.8,
            fill=hollow,
            fill_opacity=1.0,
            radius_px=4.5,
        )
    return replace(look, width_px=1.2, fill=hollow, fill_opacity=0.55)
