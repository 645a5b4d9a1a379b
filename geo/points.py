"""The points that serve lines, and how far each does: lamps, say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .conditions import NO, YES, state_of
from .model import Reach, ShareWithinDistance

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from .batches import Bounds
    from .engine.base import Floats, Geometries

    Served = tuple[Geometries, Floats, Floats]
    """Points with how far (m) each surely, and possibly, serves."""


class PointsNear(Protocol):
    """Where to ask for the points that may serve what lies within some bounds."""

    def near(self, bounds: Bounds | None) -> Served:
        """At least all the points whose reach meets the bounds."""
        ...


@dataclass(frozen=True)
class PointsInMemory:
    """All the points there are."""

    points: Geometries
    certain_m: Floats
    possible_m: Floats

    def near(self, bounds: Bounds | None) -> Served:
        """Every point: the engine finds those that are near."""
        return self.points, self.certain_m, self.possible_m


def all_points(frame: gpd.GeoDataFrame, indicator: ShareWithinDistance) -> PointsInMemory:
    """The points of a conformed layer, with their reach."""
    return PointsInMemory(frame.geometry.to_numpy(), *reaches(frame, indicator))


def reach_fields(indicator: ShareWithinDistance) -> tuple[str, ...]:
    """The fields of the layer of points that their reach is computed from."""
    height = [indicator.reach.field] if indicator.reach.field is not None else []
    return tuple(dict.fromkeys([*indicator.of_where, *height]))


def reaches(
    points: pd.DataFrame, indicator: ShareWithinDistance
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far (m) each point surely, and possibly, serves.

    A point that `of_where` excludes serves nothing; one whose state is unknown may serve as far as its
    reach; one of unknown height may serve as far as the declaration's `at_most_m`.

    Parameters
    ----------
    points : rows of the layer `indicator.of`

    Returns
    -------
    certain_m, possible_m : 0 for none

    Source: half of the largest spacing of semi-cut-off lamps, 3.5 heights, each way (CJJ 45).
    """
    reach: Reach = indicator.reach
    if reach.distance_m is not None:
        sure = far = np.full(len(points), reach.distance_m)
    else:
        assert reach.field is not None
        assert reach.times is not None
        height = points[reach.field].to_numpy(float, na_value=np.nan)
        sure = np.nan_to_num(height * reach.times, nan=0.0)
        far = sure.copy()
        far[np.isnan(height)] = reach.at_most_m
    serves = (
        state_of(points, indicator.of_where)
        if indicator.of_where
        else np.full(len(points), YES, np.int8)
    )
    return np.where(serves == YES, sure, 0.0), np.where(serves == NO, 0.0, far)
