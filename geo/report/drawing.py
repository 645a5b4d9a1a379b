"""Geometry in metres → a drawing in millimetres of paper, as SVG that holds shapes and nothing else.

No text ever goes into it: words are set by whatever sets the page, so they stay words.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..views.description import Look
from .dots import picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

MM_A_PX = 0.17
"""How wide a pixel of the screen's looks is on paper."""
_FINE_MM = 0.04
_BEYOND_MM = 2.0
MOST_SHAPES = 20_000
"""Shapes of one look that are drawn as paths on a sheet; more are drawn as a picture, dot by dot."""


@dataclass(frozen=True)
class Window:
    """A rectangle of ground on a rectangle of paper, grid north up, true to scale."""

    west_m: float
    north_m: float
    width_mm: float
    height_mm: float
    scale: int
    """The denominator: a millimetre of paper is `scale` millimetres of ground."""

    @property
    def metres_a_mm(self) -> float:
        """Metres of ground under a millimetre of paper."""
        return self.scale / 1000

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        step = self.metres_a_mm
        return (
            self.west_m,
            self.north_m - self.height_mm * step,
            self.west_m + self.width_mm * step,
            self.north_m,
        )

    def on_paper(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres → millimetres from the upper left corner, down positive."""
        step = self.metres_a_mm
        return np.column_stack(((xy[:, 0] - self.west_m) / step, (self.north_m - xy[:, 1]) / step))


def window_round(
    bounds_m: tuple[float, float, float, float], width_mm: float, height_mm: float, scale: int
) -> Window:
    """The window of that scale with the bounds in its middle."""
    west, south, east, north = bounds_m
    step = scale / 1000
    return Window(
        (west + east) / 2 - width_mm * step / 2,
        (south + north) / 2 + height_mm * step / 2,
        width_mm,
        height_mm,
        scale,
    )


def round_scale(
    bounds_m: tuple[float, float, float, float], width_mm: float, height_mm: float
) -> int:
    """The largest round scale at which the bounds fit the paper.

    Examples
    --------
    >>> round_scale((0, 0, 1000, 500), 200, 150)
    5000
    """
    west, south, east, north = bounds_m
    needed = max((east - west) * 1000 / width_mm, (north - south) * 1000 / height_mm, 100.0)
    power = 10 ** math.floor(math.log10(needed))
    for step in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 10):
        if step * power >= needed - 1e-9:
            return int(step * power)
    raise AssertionError("a power of ten times ten is never too small")


def round_below(metres: float) -> int:
    """The largest of 1, 2, 5, 10, 20, … metres that is not more, for grids and scale bars.

    Examples
    --------
    >>> round_below(7_400), round_below(0.3)
    (5000, 1)
    """
    power = 10 ** math.floor(math.log10(metres))
    return int(max(1, max(step for step in (1, 2, 5) if step * power <= metres) * power))


@dataclass(frozen=True)
class Sign:
    """A line of the legend; without a drawing it is the heading of those that follow."""

    svg: str
    label: str
    amount: str


class Drawing:
    """Shapes on a window, in drawing order."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._parts: list[str] = []
        self.dotted = False
        """Whether some shapes are so many that they are drawn as dots."""

    def add(self, shapes: Iterable[object], look: Look) -> bool:
        """Draw shapes of one look: polygons, lines, or points as discs.

        Returns
        -------
        bool
            Whether any of them is on the paper: what is not needs no sign in a legend.
        """
        geometry = np.asarray(shapes if hasattr(shapes, "__array__") else [*shapes], dtype=object)
        geometry = geometry[~shapely.is_missing(geometry)]
        if not len(geometry):
            return False
        step = self.window.metres_a_mm
        west, south, east, north = self.window.bounds_m
        beyond = _BEYOND_MM * step
        boxes = shapely.bounds(geometry)
        near = (boxes[:, 0] <= east + beyond) & (boxes[:, 2] >= west - beyond)
        near &= (boxes[:, 1] <= north + beyond) & (boxes[:, 3] >= south - beyond)
        geometry = geometry[near]
        geometry = shapely.clip_by_rect(
            geometry, west - beyond, south - beyond, east + beyond, north + beyond
        )
        if len(geometry) > MOST_SHAPES:
            self._dots(geometry, look)
            return True
        geometry = shapely.simplify(geometry, _FINE_MM * step, preserve_topology=False)
        parts = shapely.get_parts(shapely.get_parts(geometry))
        parts = parts[~shapely.is_empty(parts)]
        kinds = shapely.get_dimensions(parts)
        if (kinds == 0).any():
            self._discs(parts[kinds == 0], look)
        lines = [self._path(line, closed=False) for line in parts[kinds == 1]]
        rings = [
            "".join(self._path(ring, closed=True) for ring in shapely.get_rings(polygon))
            for polygon in parts[kinds == 2]
        ]
        if lines:
            self._parts.append(f'<path d="{"".join(lines)}" {stroke(look)} fill="none"/>')
        if rings:
            self._parts.append(f'<path d="{"".join(rings)}" {stroke(look)} {fill(look)}/>')
        return self._reached(parts)

    def _reached(self, parts: NDArray[np.object_]) -> bool:
        west, south, east, north = self.window.bounds_m
        boxes = shapely.bounds(parts)
        across = (boxes[:, 0] <= east) & (boxes[:, 2] >= west)
        return bool((across & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)).any())

    def _dots(self, geometry: NDArray[np.object_], look: Look) -> None:
        width, height = self.window.width_mm, self.window.height_mm
        color = look.color if look.fill is None or look.fill == "#ffffff" else look.fill
        made = picture(geometry, self.window.on_paper, width, height, color)
        self.dotted = True
        self._parts.append(
            f'<image width="{width:g}" height="{height:g}" preserveAspectRatio="none"'
            f' href="data:image/png;base64,{base64.b64encode(made).decode()}"/>'
        )

    def line_mm(self, path: str, look: Look) -> None:
        """Draw a path that is given in millimetres of paper."""
        self._parts.append(f'<path d="{path}" {stroke(look)} fill="none"/>')

    def svg(self) -> str:
        """The drawing, the size of its window."""
        return svg(self._parts, self.window.width_mm, self.window.height_mm)

    def _path(self, line: BaseGeometry, *, closed: bool) -> str:
        xy = np.round(self.window.on_paper(shapely.get_coordinates(line)), 2)
        if closed:
            xy = xy[:-1]
        words = [f"{x:g} {y:g}" for x, y in xy.tolist()]
        return f"M{'L'.join(words)}{'Z' if closed else ''}"

    def _discs(self, points: NDArray[np.object_], look: Look) -> None:
        xy = np.round(self.window.on_paper(shapely.get_coordinates(points)), 2)
        radius = round((look.radius_px or 3.0) * MM_A_PX * 1.3, 2)
        discs = "".join(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>' for x, y in xy.tolist())
        self._parts.append(f"<g {stroke(look)} {fill(look)}>{discs}</g>")


def svg(parts: Iterable[str], width_mm: float, height_mm: float) -> str:
    """Shapes as an SVG image of that size in millimetres."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm:g}mm" height="{height_mm:g}mm" '
        f'viewBox="0 0 {width_mm:g} {height_mm:g}">{"".join(parts)}</svg>'
    )


def stroke(look: Look) -> str:
    """The attributes of a look's line."""
    said = (
        f'stroke="{look.color}" stroke-width="{look.width_px * MM_A_PX:.3g}" '
        'stroke-linejoin="round" stroke-linecap="butt"'
    )
    if look.opacity < 1:
        said += f' stroke-opacity="{look.opacity:g}"'
    if look.dash:
        lengths = " ".join(f"{float(part) * MM_A_PX:.3g}" for part in look.dash.split())
        said += f' stroke-dasharray="{lengths}"'
    return said


def fill(look: Look) -> str:
    """The attributes of a look's face."""
    if look.fill is None:
        return 'fill="none"'
    return f'fill="{look.fill}" fill-opacity="{look.fill_opacity:g}" fill-rule="evenodd"'


def swatch(look: Look, kind: str) -> str:
    """A look as a sign of a legend, 8 by 4 mm."""
    if kind == "point":
        radius = (look.radius_px or 3.0) * MM_A_PX * 1.3
        part = f'<circle cx="4" cy="2" r="{radius:.3g}" {stroke(look)} {fill(look)}/>'
    elif kind == "line":
        part = f'<path d="M0.4 2L7.6 2" {stroke(look)} fill="none"/>'
    else:
        part = f'<rect x="0.6" y="0.5" width="6.8" height="3" {stroke(look)} {fill(look)}/>'
    return svg([part], 8, 4)
