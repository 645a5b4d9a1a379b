"""What every map of a report lies on: units, waters and roads, borders, the area and its edges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..scope import EDGES_LAYER
from ..views import palette
from ..views.description import Look
from ..views.format import capital, number, word
from ..views.scope_layers import declared_look
from .drawing import Drawing, Sign, Window, swatch, window_round
from .labels import Wish
from .model import pair

if TYPE_CHECKING:
    from .material import Material, Unit

INSET_MM = 40.0
_OUTLINE = Look("#8a8f94", width_px=0.9, fill="#ffffff", fill_opacity=1.0)
_BEYOND = Look("#c3c7cb", width_px=0.7, fill="#f1f1ef", fill_opacity=1.0)
_FRAME_HERE = Look("#b5340a", width_px=2.5, fill="#b5340a", fill_opacity=0.12)
SMALL_EDGE = replace(palette.EDGE, width_px=1.6, dash=None)
"""The area's border on maps too small for the broad line of a sheet's."""
_INSET = Look("#8a8f94", width_px=1.0, fill="#e9edf0", fill_opacity=1.0)


class Ground:
    """The outlines of a survey's units, and what is drawn of a round under every theme."""

    def __init__(self, material: Material) -> None:
        self.material = material

    @cached_property
    def unit_shapes(self) -> dict[str, Any]:
        """The outline of each finest unit that has one, by its code."""
        layer = self.material.survey.district.levels[0]
        if layer.unit is None or not self.material.survey.has(layer.name):
            return {}
        frame = self.material.survey.frame(layer.name)
        codes = frame[layer.unit.code].astype(str)
        return {
            code: shape
            for code, shape in zip(codes, frame.geometry, strict=True)
            if shape is not None and not shape.is_empty
        }

    @cached_property
    def town_shapes(self) -> dict[str, Any]:
        """The outline of each coarser unit: what its finest units cover together."""
        members: dict[str, list[Any]] = {}
        for code, shape in self.unit_shapes.items():
            parent = self.material.units[code].parent
            if parent is not None and self.material.units[parent].level == "town":
                members.setdefault(parent, []).append(shape)
        return {
            code: shapely.union_all(shapely.make_valid(np.array(shapes, dtype=object)))
            for code, shapes in members.items()
        }

    def members(self, unit: Unit) -> list[str]:
        """The codes of the finest units in a unit that have an outline."""
        if unit.level == "district":
            return list(self.unit_shapes)
        return [
            code
            for code in self.unit_shapes
            if code == unit.code or self.material.units[code].parent == unit.code
        ]

    def draw(self, drawing: Drawing, members: Sequence[str], *, decided: bool) -> Iterator[Sign]:
        """Draw what lies under a theme: units, waters and roads, borders, the area; signs for each.

        Parameters
        ----------
        drawing : is drawn upon
        members : codes of the finest units that the map is of; the others are drawn faintly
        decided : whether the decisions, the edges and their accuracy are the theme
        """
        material, language = self.material, self.material.language
        yield from self.units(drawing, members, decided=decided)
        for layer in material.survey.district.catalog.layers.values():
            if layer.backdrop and material.survey.has(layer.name):
                look = declared_look(layer)
                if drawing.add(material.survey.frame(layer.name).geometry, look):
                    yield Sign(swatch(look, "line"), layer.title.in_(language), "")
        yield from self.towns(drawing)
        yield from self._area(drawing, decided=decided)

    def units(self, drawing: Drawing, members: Sequence[str], *, decided: bool) -> Iterator[Sign]:
        """Draw the finest units, by their decisions where there are any to be shown; signs for each."""
        chosen = set(members)
        drawing.add((s for c, s in self.unit_shapes.items() if c not in chosen), _BEYOND)
        if decided and self.material.scope is not None:
            yield from self._decisions(drawing, members)
        else:
            drawing.add([self.unit_shapes[code] for code in members], _OUTLINE)
            title = self.material.survey.district.levels[0].title.in_(self.material.language)
            yield Sign(swatch(_OUTLINE, "area"), title, number(len(members)))

    def towns(self, drawing: Drawing) -> Iterator[Sign]:
        """Draw the borders of the coarser units, with their sign."""
        if self.town_shapes:
            drawing.add(shapely.boundary(list(self.town_shapes.values())), palette.TOWN)
            towns = self.material.survey.district.levels[1].title.in_(self.material.language)
            yield Sign(swatch(palette.TOWN, "line"), towns, "")

    def outline(self, drawing: Drawing, look: Look = palette.BOUNDARY) -> Iterator[Sign]:
        """Draw the border of the area, with its sign, where the map reaches it."""
        scope, language = self.material.scope, self.material.language
        if scope is None:
            return
        if drawing.add([shapely.boundary(scope.area.polygon)], look):
            square_km = number(scope.area.polygon.area / 1e6, 1)
            label = pair(language, "城乡一体化范围", "The area")
            yield Sign(swatch(look, "line"), label, f"{square_km} km²")

    def _decisions(self, drawing: Drawing, members: Sequence[str]) -> Iterator[Sign]:
        assert self.material.scope is not None
        rows = self.material.scope.rows
        rows = rows[rows["unit_code"].isin(members) & (rows["level"] == "village")]
        for kind in ("in", "partly", "out"):
            codes = rows["unit_code"][rows["decision"] == kind]
            look = palette.DECISIONS[kind]
            if drawing.add((self.unit_shapes[code] for code in codes), look):
                said = capital(word(kind, self.material.language))
                yield Sign(swatch(look, "area"), said, number(len(codes)))
        near = rows["unit_code"][rows["near_edge"]]
        if len(near):
            look = palette.NEAR_EDGE
            drawing.add((self.unit_shapes[code] for code in near), look)
            said = capital(word("near_edge", self.material.language))
            yield Sign(swatch(look, "area"), said, number(len(near)))

    def _area(self, drawing: Drawing, *, decided: bool) -> Iterator[Sign]:
        scope, language = self.material.scope, self.material.language
        if scope is None:
            return
        if decided:
            bands = [
                shapely.buffer(p.line, p.accuracy_m) for p in scope.area.parts if p.accuracy_m > 0
            ]
            if bands and drawing.add([shapely.union_all(bands)], palette.ACCURACY):
                label = pair(language, "界线位置精度带", "Band of the edges' accuracy")
                yield Sign(swatch(palette.ACCURACY, "area"), label, "")
        yield from self.outline(drawing)
        if decided:
            edges = self.material.survey.frame(EDGES_LAYER).geometry
            if drawing.add(edges[shapely.get_dimensions(edges.to_numpy()) == 1], palette.EDGE):
                yield Sign(swatch(palette.EDGE, "line"), pair(language, "四至界线", "Edges"), "")

    def inset(self, window: Window) -> tuple[str, float, float]:
        """Where the sheet lies in the district."""
        bounds = shapely.total_bounds(np.array(list(self.unit_shapes.values()), dtype=object))
        west, south, east, north = (float(value) for value in bounds)
        longest = max(east - west, north - south)
        width, height = (
            max(12.0, INSET_MM * side / longest) for side in (east - west, north - south)
        )
        scale = math.ceil(longest * 1000 / (INSET_MM - 3))
        small = Drawing(window_round((west, south, east, north), width, height, scale))
        small.add(self.town_shapes.values() or self.unit_shapes.values(), _INSET)
        if self.material.scope is not None:
            small.add([shapely.boundary(self.material.scope.area.polygon)], SMALL_EDGE)
        frame = shapely.intersection(
            shapely.box(*window.bounds_m), shapely.box(*small.window.bounds_m)
        )
        if frame.area < 0.8 * shapely.box(*small.window.bounds_m).area:
            small.add([frame], _FRAME_HERE)
        return small.svg(), round(width, 2), round(height, 2)


def wish_at(window: Window, name: str, shape: Any, size_pt: float, kind: str) -> Wish:
    """A name that wants to stand within its shape; at NaN where the map does not reach that."""
    seen = shapely.intersection(shapely.make_valid(shape), shapely.box(*window.bounds_m))
    spot = shapely.point_on_surface(seen)
    if spot is None or spot.is_empty:
        return Wish(name, math.nan, math.nan, size_pt, kind)
    ((x, y),) = window.on_paper(shapely.get_coordinates(spot)).tolist()
    return Wish(name, round(x, 2), round(y, 2), size_pt, kind)
