"""Some rows of a layer, or all of them: what is known of each, and where it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely

from .engine.lines import Lines, Points
from .sources.lazy import undrawn_in

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Bounds = tuple[float, float, float, float]
"""West, south, east, north in metres."""
_T = TypeVar("_T")


@dataclass(eq=False)
class Batch:
    """Conformed rows of a layer in the metric CRS.

    What a batch is cut into is kept with it, since most of a layer's indicators cut it alike.
    """

    attributes: pd.DataFrame
    """Index `fid`; a column for each field that is needed, or for all."""
    shapes: Any
    """Geometries, or `Lines` or `Points` for an engine that takes them."""
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.attributes)

    @cached_property
    def bounds(self) -> Bounds | None:
        """What the shapes span; None where there is nothing to see."""
        if not len(self):
            return None
        if isinstance(self.shapes, Lines | Points):
            if not len(self.shapes.xy):
                return None
            # Column by column: along both at once takes twenty times as long.
            x, y = self.shapes.xy.T
            box = np.array([x.min(), y.min(), x.max(), y.max()])
        else:
            box = shapely.total_bounds(self.shapes)
        if not np.isfinite(box).all():
            return None
        west, south, east, north = box.tolist()
        return west, south, east, north

    def once(self, what: str, make: Callable[[Any], _T]) -> _T:
        """The shapes cut in one way, cut when first asked for."""
        if what not in self._kept:
            self._kept[what] = make(self.shapes)
        made: _T = self._kept[what]
        return made


def whole_layer(frame: gpd.GeoDataFrame | pd.DataFrame) -> Batch:
    """All rows of a layer as `Survey.frame` has them."""
    return Batch(frame, shapes_of(frame.geometry))


def shapes_of(geometry: gpd.GeoSeries) -> Any:
    """Lines and points as arrays where nothing has drawn them yet, else geometries: a million objects take long."""
    plain = undrawn_in(geometry)
    if plain is not None and plain.kind == 1 and (plain.counts == 1).all():
        return Points(plain.places)
    if plain is not None and plain.kind in (2, 5):
        rows = np.flatnonzero(plain.counts)
        starts = plain.starts[np.append(rows, len(plain.counts))]
        return Lines(plain.places, starts, rows, len(plain.counts))
    return geometry.to_numpy()
