"""The small map of a report's summary: the units by their decisions, and their names where they fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from .drawing import Drawing, Sign, round_below, window_round
from .ground import SMALL_EDGE, wish_at
from .labels import Label, place
from .model import pair

if TYPE_CHECKING:
    from .ground import Ground

LARGEST_MM = (64.0, 66.0)
SMALLEST_MM = 30.0
"""A side of a long narrow unit's map."""
_LONGEST_BAR_MM = 25.0
_NAME_PT = 5.5


@dataclass(frozen=True)
class Overview:
    """A small map ready to be set, in millimetres."""

    width_mm: float
    height_mm: float
    map_svg: str
    labels: tuple[Label, ...]
    legend: tuple[Sign, ...]
    bar_m: float
    """The ground length of the scale bar."""
    bar_mm: float
    alt: str
    """What the picture shows, for those who cannot see it."""


def overview_of(ground: Ground) -> Overview | None:
    """The report's unit as a small map; None where no unit of it has an outline.

    Parameters
    ----------
    ground : of the report's survey

    Returns
    -------
    Overview or None
    """
    material = ground.material
    unit, language = material.unit, material.language
    members = ground.members(unit)
    if not members:
        return None
    shapes = np.array([ground.unit_shapes[code] for code in members], dtype=object)
    west, south, east, north = (float(value) for value in shapely.total_bounds(shapes))
    pad = 0.03 * max(east - west, north - south, 50.0)
    across, up = east - west + 2 * pad, north - south + 2 * pad
    scale = math.ceil(max(across / LARGEST_MM[0], up / LARGEST_MM[1]) * 1000)
    width, height = (round(max(SMALLEST_MM, side * 1000 / scale), 2) for side in (across, up))
    drawing = Drawing(window_round((west, south, east, north), width, height, scale))
    legend = [
        *ground.units(drawing, members, decided=True),
        *ground.towns(drawing),
        *ground.outline(drawing, SMALL_EDGE),
    ]
    named = ground.town_shapes if unit.level == "district" else {}
    named = named or {code: ground.unit_shapes[code] for code in members}
    wishes = [
        wish_at(drawing.window, material.units[code].name, shape, _NAME_PT, "town")
        for code, shape in sorted(named.items(), key=lambda item: (-item[1].area, item[0]))
    ]
    labels, _, _ = place([wish for wish in wishes if not math.isnan(wish.x_mm)], width, height)
    bar_m = float(round_below(_LONGEST_BAR_MM * scale / 1000))
    said = [f"{sign.label} {sign.amount}".strip() for sign in legend]
    return Overview(
        width,
        height,
        drawing.svg(),
        labels,
        tuple(legend),
        bar_m,
        round(bar_m * 1000 / scale, 2),
        pair(
            language,
            f"{unit.name}各单元认定略图；图例：{'；'.join(said)}",
            f"Sketch map of the decisions in {unit.name}; legend: {'; '.join(said)}",
        ),
    )
