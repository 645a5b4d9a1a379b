"""Maps and districts with more features than are sent whole."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.views.description import DrawnLayer, Entry, Look, MapDescription, Shapes
from geo.views.format import Language
from geo.views.map import WORDS

MANY = 12_000
"""Streets; a map of so many is tiles."""
_WEST, _SOUTH = 119.9, 32.4


def many_streets(
    spite: str = "", count: int = MANY, language: Language = "zh", across: int = 120
) -> MapDescription:
    """A map of streets in rows, each 60 m long and about 90 m from the next, over one field that holds them all.

    The street in column `x` of row `y` has the id `S{y * across + x}`; every third one is not covered.
    """
    place = np.arange(count)
    x = _WEST + (place % across) * 0.001
    y = _SOUTH + (place // across) * 0.001
    ends = np.stack([np.stack([x, y], 1), np.stack([x + 0.0006, y], 1)], axis=1)
    covered = place % 3 > 0
    looks = (
        Entry(
            "covered", f"已达到{spite}", Look("#08488a", 2.6), int(covered.sum()), f"1 米{spite}"
        ),
        Entry("not_covered", "未达到", Look("#e2580f", 2.6, dash="4 2"), int((~covered).sum())),
    )
    streets = DrawnLayer(
        "streets",
        f"街巷{spite}",
        looks,
        Shapes(
            np.asarray(shapely.linestrings(np.round(ends, 6)), dtype=object),
            [f"S{number}{spite}" for number in place],
            ["covered" if one else "not_covered" for one in covered],
            [f"街{number}{spite}" for number in place],
            [(f"{number} m", spite) for number in place],
        ),
        (f"宽度{spite}", "备注"),
        answers=True,
    )
    extent = (_WEST, _SOUTH, float(x.max()) + 0.0006, float(y.max()))
    field = DrawnLayer(
        "field",
        "田野",
        (Entry("all", "田野", Look("#5f7f9c", 0.7, fill="#a9cbe6", fill_opacity=0.75), 1),),
        Shapes(
            np.array([shapely.box(*extent)], dtype=object), ["F"], ["all"], [f"大田{spite}"], [()]
        ),
        named=True,
    )
    return MapDescription(
        f"名{spite}",
        "",
        language,
        extent,
        (field, streets),
        banner=f"示意{spite}",
        notes=(f"轮次{spite}",),
        words=WORDS[language],
    )


def multiplied(streets: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    """So many streets: copies of those given, each some metres from the one before, with ids of their own."""
    times = -(-count // len(streets))
    parts = []
    for number in range(times):
        part = streets.copy()
        part["geometry"] = part.translate(0.01 * number, 0.003 * number)
        part["id"] = [f"{key}-{number}" for key in part["id"]]
        parts.append(part)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True)[:count], crs=streets.crs)
